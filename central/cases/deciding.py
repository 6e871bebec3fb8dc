"""What an officer does with a case: take it, approve it, ask for what is missing, refuse it.

Comes from the officer's page; goes to the pickup window or back to the window that took the papers in. Every decision
is the officer's own: only who has the case, or a supervisor, may decide it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from broker.errors import Refused, require
from central.assignment.assign import TaskTaken, give_case
from central.cases.pickup import make_ready
from central.cases.steps import CaseUnknown, Step, require_step
from central.ledger import facts
from central.ledger.work import CaseRecord, UnitOfWork
from central.promises.changing import calendar_in_force, hours_in_force
from central.promises.due import promise
from central.staff.roles import Role, member

REASON_MAX: Final = 500  # characters
REASONS_MAX: Final = 20  # in one notice
MATERIALS_MAX: Final = 40

log = logging.getLogger(__name__)


class NotYourCase(Refused):
    code = "not-your-case"
    notice = "这件办理不在您名下。请先领取，或请主管转办给您。"


class ReasonMissing(Refused):
    """A decision against the resident needs its reason; a notice names everything at once."""

    code = "reason-missing"
    notice = "请写明理由（每条不超过500字），一次告知居民全部问题。"


def take_task(case_id: str, *, staff_id: str, work: UnitOfWork) -> None:
    """Take a case from one's desk's list, or hand on a colleague's if one is a supervisor.

    Raises:
        CaseUnknown, CaseStepRefused, StaffRefused: no such case, decided already, or not an officer of that desk.
        TaskTaken: a colleague was faster.
    """
    case = find_case(case_id, work)
    require_step(Step.ASSIGN, case.state)
    officer = member(staff_id, work, Role.OFFICER, desk=case.desk)
    if case.officer == staff_id:
        return
    if case.officer and Role.SUPERVISOR not in officer.roles:
        raise TaskTaken("the case is with another officer")
    give_case(case, staff_id, reason="taken", actor=staff_id, work=work)


def approve(case_id: str, *, staff_id: str, now_ms: int, work: UnitOfWork, note: str = "") -> None:
    """Approve the case; its result is ready at once and its number is called.

    Raises:
        CaseUnknown, CaseStepRefused, NotYourCase, StaffRefused: nothing is changed.
        ReasonMissing: the note is over REASON_MAX.
    """
    case = _to_decide(case_id, Step.APPROVE, staff_id, work)
    require(len(note) <= REASON_MAX, f"a note has at most {REASON_MAX} characters", ReasonMissing)
    work.append(facts.CaseApproved(case_id=case_id, officer=staff_id, note=note), subject=case_id, actor=staff_id)
    log.info("case %s approved", case_id)
    make_ready(case, actor=staff_id, now_ms=now_ms, work=work)


def refuse(case_id: str, reason: str, *, staff_id: str, now_ms: int, work: UnitOfWork) -> None:
    """Refuse the case with its reason; the written notice is handed over as a result is.

    Raises:
        CaseUnknown, CaseStepRefused, NotYourCase, StaffRefused, ReasonMissing: nothing is changed.
    """
    case = _to_decide(case_id, Step.REFUSE, staff_id, work)
    work.append(
        facts.CaseRefused(case_id=case_id, officer=staff_id, reason=_reason(reason)), subject=case_id, actor=staff_id
    )
    log.info("case %s refused", case_id)
    make_ready(case, actor=staff_id, now_ms=now_ms, work=work)


def ask_correction(
    case_id: str, reasons: Sequence[str], *, staff_id: str, work: UnitOfWork, materials: Sequence[str] = ()
) -> None:
    """一次性告知: name everything that is missing in one notice. The promise stands still until it is there.

    Args:
        reasons: 1 to REASONS_MAX, in the order in which the resident reads them.
        materials: the papers of the checklist that are to be brought.

    Raises:
        CaseUnknown, CaseStepRefused, NotYourCase, StaffRefused, ReasonMissing: nothing is changed.
    """
    _to_decide(case_id, Step.ASK_CORRECTION, staff_id, work)
    require(1 <= len(reasons) <= REASONS_MAX, f"a notice has 1 to {REASONS_MAX} reasons", ReasonMissing)
    require(len(materials) <= MATERIALS_MAX, f"a notice names at most {MATERIALS_MAX} materials", ReasonMissing)
    asked = facts.CorrectionAsked(
        case_id=case_id,
        officer=staff_id,
        reason="\n".join(_reason(reason) for reason in reasons),
        materials=tuple(materials),
    )
    work.append(asked, subject=case_id, actor=staff_id)
    log.info("case %s: correction asked, %d reasons", case_id, len(reasons))


def take_correction(case_id: str, *, staff_id: str, now_ms: int, work: UnitOfWork, by_case: str = "") -> None:
    """What was asked for is there: the case goes on, and a promise runs anew from the working day after today.

    Raises:
        CaseUnknown, CaseStepRefused, StaffRefused: nothing is changed.
    """
    case = find_case(case_id, work)
    require_step(Step.TAKE_CORRECTION, case.state)
    member(staff_id, work, Role.OFFICER, desk=case.desk)
    due_on, provisional = case.due_on, case.due_provisional
    days = _promised_days(case, work)
    if days is not None:
        anew = promise(now_ms, days, hours_in_force(work), calendar_in_force(work))
        due_on, provisional = max(due_on, anew.due_on.isoformat()), anew.provisional
    made = facts.CorrectionMade(case_id=case_id, by_case=by_case, due_on=due_on, due_provisional=provisional)
    work.append(made, subject=case_id, actor=staff_id)
    if not case.officer:
        give_case(find_case(case_id, work), staff_id, reason="taken", actor=staff_id, work=work)
    log.info("case %s: correction made", case_id)


def find_case(case_id: str, work: UnitOfWork) -> CaseRecord:
    """Return the case.

    Raises:
        CaseUnknown: the book has no such case.
    """
    case = work.cases.find(case_id)
    if case is None:
        raise CaseUnknown("the book has no such case")
    return case


def _to_decide(case_id: str, step: Step, staff_id: str, work: UnitOfWork) -> CaseRecord:
    case = find_case(case_id, work)
    require_step(step, case.state)
    who = member(staff_id, work, Role.OFFICER, Role.SUPERVISOR)
    if case.officer != staff_id and Role.SUPERVISOR not in who.roles:
        raise NotYourCase("the case is with another officer")
    return case


def _reason(text: str) -> str:
    plain = text.strip()
    fits = 0 < len(plain) <= REASON_MAX and plain.replace("\n", "").isprintable()
    require(fits, f"a reason is 1 to {REASON_MAX} printable characters", ReasonMissing)
    return plain


def _promised_days(case: CaseRecord, work: UnitOfWork) -> int | None:
    item = work.catalogue.find(case.service_item)
    return item.promise_working_days if item is not None and case.due_on else None

"""出件: where a result waits, who is called for it, who asks for it, and that it is in the resident's hand.

Comes from deciding.py and from the windows (intake); goes to the announcer and the pickup window.
"""

from __future__ import annotations

import logging
from typing import Final

from broker.errors import Refused
from broker.events import HandedOver, PickupAsked
from broker.messages import CallPurpose, ReadyCase
from broker.wording import call_text
from central.cases.steps import CaseUnknown, Step, require_step
from central.catalogue.items import Kind
from central.ledger import facts
from central.ledger.states import CaseState
from central.ledger.work import CaseRecord, UnitOfWork
from central.promises.changing import hours_in_force
from central.queue.settings import settings_in_force
from central.queue.windows import acting, require_own_window

LIST_MAX: Final = 50  # broker.messages.PickupList

log = logging.getLogger(__name__)


class NumberOfAnotherDay(Refused):
    """Today's holder of that number is somebody else."""

    code = "number-of-another-day"
    notice = "这个号码是以前的，今天已发给别人，不能呼叫。请电话通知居民凭回执或身份证领取。"


class NoWindowForResult(Refused):
    code = "no-window-for-result"
    notice = "大厅没有设置出件窗口。请管理员先设置出件窗口，再办结这件办理。"


def make_ready(case: CaseRecord, *, actor: str, now_ms: int, work: UnitOfWork) -> None:
    """Let the decided case's result wait at its window, and call its number if it is today's.

    Done the same day: where the papers were taken in. Promised, or taken in at a station: at the pickup window.

    Raises:
        NoWindowForResult: the hall has no pickup window.
    """
    window = result_window(case, work)
    work.append(facts.ResultReady(case_id=case.case_id, window=window), subject=case.case_id, actor=actor)
    if case.ticket_day == hours_in_force(work).day(now_ms).isoformat():
        _call(case, window, actor=actor, now_ms=now_ms, work=work)


def result_window(case: CaseRecord, work: UnitOfWork) -> int:
    """Return the window where the result is handed out."""
    if case.kind == Kind.SAME_DAY and case.window is not None:
        return case.window
    hall = work.hall_record()
    if hall is None or hall.pickup_window is None:
        raise NoWindowForResult("the hall has no pickup window")
    return hall.pickup_window


def call_for_pickup(case_id: str, *, actor: str, now_ms: int, work: UnitOfWork) -> facts.TicketCalled:
    """Call the number of a result that waits (once more); return the call as entered.

    Raises:
        CaseUnknown, CaseStepRefused: there is no result that waits.
        NumberOfAnotherDay: the number belongs to somebody else today; nobody is called.
    """
    case = work.cases.find(case_id)
    if case is None:
        raise CaseUnknown("the book has no such case")
    require_step(Step.CALL_FOR_PICKUP, case.state)
    if case.ticket_day != hours_in_force(work).day(now_ms).isoformat():
        raise NumberOfAnotherDay("a number is called on its own day only")
    assert case.ready_window is not None, "what is ready waits at a window"
    return _call(case, case.ready_window, actor=actor, now_ms=now_ms, work=work)


def ask_pickup(event: PickupAsked, *, now_ms: int, work: UnitOfWork) -> tuple[ReadyCase, ...]:  # noqa: ARG001
    """Return what waits or is under way for whoever stands at the window; nothing is changed.

    A ticket shows its own cases, a receipt shows one: either may be in another's hand. Only the card shows all.

    Raises:
        WindowNotYours: the unit stands at another window.
    """
    require_own_window(event.window, work)
    if event.ticket:
        found = list(work.cases.of_ticket(event.day, event.ticket))
    elif event.case_number:
        case = work.cases.find_number(event.case_number)
        found = [] if case is None else [case]
    else:
        residents = work.vault.ids_of(event.id_number)
        found = [case for each in residents for case in work.cases.of_resident(each, limit=LIST_MAX)]
    # Ready first, so that a long history never crowds out what can be handed over.
    open_cases = [case for case in found if case.state is not CaseState.CLOSED]
    open_cases.sort(key=lambda case: (case.state is not CaseState.READY, case.opened_seq))
    return tuple(_as_listed(case) for case in open_cases[:LIST_MAX])


def hand_over(event: HandedOver, *, now_ms: int, work: UnitOfWork, actor: str = "") -> bool:  # noqa: ARG001
    """Close the case: its result is in the resident's hand. Return False when it is closed already.

    Args:
        actor: the staff number, when it is done on a page of central; otherwise the unit that sent the event.

    Raises:
        WindowNotYours: the unit stands at another window.
        CaseUnknown, CaseStepRefused: there is no result that waits.
    """
    require_own_window(event.window, work)
    case = work.cases.find_number(event.case_number)
    if case is None:
        raise CaseUnknown("the book has no such case")
    if case.state is CaseState.CLOSED:
        return False
    require_step(Step.HAND_OVER, case.state)
    handed = facts.HandedOver(case_id=case.case_id, window=event.window, proof=event.proof.value, unit=acting(work))
    work.append(handed, subject=case.case_id, actor=actor or acting(work))
    log.info("case %s handed over at window %d", case.case_id, event.window)
    return True


def _call(case: CaseRecord, window: int, *, actor: str, now_ms: int, work: UnitOfWork) -> facts.TicketCalled:
    hall = work.hall_record()
    place = "出件窗口" if hall is not None and window == hall.pickup_window else ""
    before = work.calls.newest_of(case.ticket_day, case.ticket, CallPurpose.PICKUP)
    again = before is not None and before.case_number == case.case_number
    called = facts.TicketCalled(
        call_id=work.new_id(),
        ticket=case.ticket,
        day=case.ticket_day,
        window=window,
        purpose=CallPurpose.PICKUP,
        text=call_text(case.ticket, window, CallPurpose.PICKUP, pickup_place=place),
        called_at_ms=now_ms,
        expires_at_ms=now_ms + settings_in_force(work).call_seconds * 1000,
        count=min(before.count + 1, 99) if again and before is not None else 1,
        case_number=case.case_number,
        service_item=case.service_item,
    )
    work.append(called, subject=case.case_id, actor=actor)
    log.info("case %s: number called for its result to window %d", case.case_id, window)
    return called


def _as_listed(case: CaseRecord) -> ReadyCase:
    return ReadyCase(
        case_number=case.case_number,
        service_item=case.service_item,
        ticket=case.ticket,
        ticket_day=case.ticket_day,
        state=case.state.value,
    )

"""Give a case to an officer: among those present at the item's desk the least loaded, ties by staff number.

Comes from cases (a new case) and presence.py (officers come and go); goes to the ledger, every step a fact. With
nobody present the case stays on the desk's list, which is a place like another and never forgotten: whoever signs in
next gets it. Waiting cases are given out in order of their promise, same-day ones first (ADR 0042).
"""

from __future__ import annotations

import logging

from broker.errors import Refused
from central.ledger.facts import CaseAssigned, CaseMoved
from central.ledger.work import CaseRecord, UnitOfWork

log = logging.getLogger(__name__)


class TaskTaken(Refused):
    code = "task-taken"
    notice = "同事已经领取了这件办理。请刷新任务列表，领取下一件。"


def assign_case(case_id: str, desk: str, *, work: UnitOfWork, actor: str = "central") -> str:
    """Give a new case to an officer of the desk; return their staff number, empty for the desk's list."""
    officer = _least_loaded(desk, work)
    work.append(CaseAssigned(case_id=case_id, desk=desk, officer=officer), subject=case_id, actor=actor)
    log.info("case %s assigned to %s", case_id, officer or "the desk's list")
    return officer


def give_case(case: CaseRecord, officer: str, *, reason: str, actor: str, work: UnitOfWork) -> None:
    """Move a case to an officer, or with an empty name back to the desk's list."""
    moved = CaseMoved(case_id=case.case_id, desk=case.desk, officer=officer, reason=reason)
    work.append(moved, subject=case.case_id, actor=actor)
    log.info("case %s moved to %s", case.case_id, officer or "the desk's list")


def move_to_least_loaded(case: CaseRecord, *, reason: str, actor: str, work: UnitOfWork) -> bool:
    """Move a case to whoever of its desk is present and least loaded; False when nobody is and it is listed already."""
    officer = _least_loaded(case.desk, work)
    if not officer and not case.officer:
        return False
    give_case(case, officer, reason=reason, actor=actor, work=work)
    return True


def _least_loaded(desk: str, work: UnitOfWork) -> str:
    found = work.staff.least_loaded(desk)
    return "" if found is None else found.staff_id

"""签到 and 签退: an officer who comes gets what waits, an officer who leaves keeps nothing that is to be decided.

Comes from the officer's page (sign-in, leave) and from roster.py (no longer on the staff).
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Final

from central.assignment.assign import move_to_least_loaded
from central.ledger.facts import OfficerPresence
from central.ledger.states import CaseState
from central.ledger.work import UnitOfWork
from central.staff.roles import Role, member

_BATCH: Final = 200
_HELD_MAX: Final = 100_000  # more than one officer ever holds

log = logging.getLogger(__name__)


def come(staff_id: str, *, work: UnitOfWork) -> int:
    """Note that an officer is present and give out what waits on their desks; return how many cases found an officer.

    Coming twice gives out what has gathered since, and is no second entry.

    Raises:
        StaffRefused: not an active officer.
    """
    officer = member(staff_id, work, Role.OFFICER)
    if not officer.present:
        work.append(OfficerPresence(staff_id=staff_id, present=True), subject=staff_id, actor=staff_id)
    given = sum(_give_out(desk, work) for desk in officer.desks)
    log.info("officer %s is present, %d cases given out", staff_id, given)
    return given


def leave(staff_id: str, *, work: UnitOfWork, actor: str = "") -> int:
    """Note that an officer has left and move their undecided cases on; return how many.

    To colleagues present at the desk, else to the desk's list. A case that waits for the resident's correction stays:
    nothing is to be done about it, and its officer knows it.
    """
    found = work.staff.find(staff_id)
    if found is None or not found.present:
        return 0
    work.append(OfficerPresence(staff_id=staff_id, present=False), subject=staff_id, actor=actor or staff_id)
    moved = move_on(staff_id, work=work)
    log.info("officer %s has left, %d cases moved on", staff_id, moved)
    return moved


def move_on(staff_id: str, *, work: UnitOfWork, keeps: Collection[str] = ()) -> int:
    """Move an officer's undecided cases to who is present, but for those of the desks kept; return how many.

    The officer is no longer present, or no longer of the desks that are not kept.
    """
    held = work.tasks.of_officer(staff_id, limit=_HELD_MAX)
    to_move = [case for case in held if case.state is CaseState.ASSIGNED and case.desk not in keeps]
    for case in to_move:
        move_to_least_loaded(case, reason="officer-left", actor="central", work=work)
    return len(to_move)


def _give_out(desk: str, work: UnitOfWork) -> int:
    given = 0
    while batch := work.tasks.of_desk(desk, limit=_BATCH):
        moved = [move_to_least_loaded(case, reason="officer-came", actor="central", work=work) for case in batch]
        given += sum(moved)
        if not all(moved):
            break
    return given

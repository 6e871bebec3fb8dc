"""What the pages do: one use case each, in one transaction, committed here and nowhere else in the pages.

Comes from the views, goes to `central.cases`, `central.assignment` and `central.staff`. Whatever a use case refuses
reaches the person as its notice (app.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from broker.errors import OneWindowError
from broker.events import HandedOver, HandoverProof
from broker.messages import Resident
from central.assignment import presence
from central.cases import deciding, looking
from central.cases import pickup as pickup_cases
from central.staff.passwords import is_password
from central.staff.roster import SignInRefused, enter_sign_in
from central.storage.reading_rows import TaskRow
from central.web.house import House
from central.web.shown import DAMAGED, Person, masked

log = logging.getLogger(__name__)


def sign_in(house: House, staff_id: str, password: str) -> bool:
    """Say whether this is who they say they are; if so, that they signed in is an entry.

    The slow check runs before the transaction, so that nobody at the door holds up the book.
    """
    with house.look() as work:
        kept = work.staff.password_hash(staff_id)
    if not is_password(kept, password):
        return False
    with house.work() as work:
        try:
            enter_sign_in(staff_id, is_right=True, work=work)
        except SignInRefused:
            return False
        work.commit()
    return True


def set_presence(house: House, staff_id: str, *, present: bool) -> None:
    with house.work() as work:
        if present:
            presence.come(staff_id, work=work)
        else:
            presence.leave(staff_id, work=work)
        work.commit()


def take_case(house: House, case_id: str, staff_id: str) -> None:
    with house.work() as work:
        deciding.take_task(case_id, staff_id=staff_id, work=work)
        work.commit()


def approve(house: House, case_id: str, staff_id: str, *, note: str) -> None:
    with house.work() as work:
        deciding.approve(case_id, staff_id=staff_id, now_ms=house.clock.now_ms(), work=work, note=note)
        work.commit()


def refuse(house: House, case_id: str, staff_id: str, *, reason: str) -> None:
    with house.work() as work:
        deciding.refuse(case_id, reason, staff_id=staff_id, now_ms=house.clock.now_ms(), work=work)
        work.commit()


def ask_correction(
    house: House, case_id: str, staff_id: str, *, reasons: Sequence[str], materials: Sequence[str]
) -> None:
    with house.work() as work:
        deciding.ask_correction(case_id, reasons, staff_id=staff_id, work=work, materials=materials)
        work.commit()


def resume(house: House, case_id: str, staff_id: str) -> None:
    with house.work() as work:
        deciding.take_correction(case_id, staff_id=staff_id, now_ms=house.clock.now_ms(), work=work)
        work.commit()


def hand_over(house: House, task: TaskRow, staff_id: str, *, proof: HandoverProof) -> None:
    now_ms = house.clock.now_ms()
    with house.work() as work:
        handed = HandedOver(
            event_id=work.new_id(),
            window=task.ready_window or house.settings.pickup_window,
            case_number=task.case_number,
            proof=proof,
            at_ms=now_ms,
        )
        pickup_cases.hand_over(handed, now_ms=now_ms, work=work, actor=staff_id)
        work.commit()


def call_again(house: House, case_id: str, staff_id: str) -> None:
    with house.work() as work:
        pickup_cases.call_for_pickup(case_id, actor=staff_id, now_ms=house.clock.now_ms(), work=work)
        work.commit()


def open_person(house: House, case_id: str, staff_id: str, *, reason: str) -> Resident:
    """Return who it is, after the opening stands in the book."""
    with house.work() as work:
        resident = looking.look_at_person(case_id, reason, staff_id=staff_id, work=work)
        work.commit()
    return resident


def people(house: House, residents: Iterable[str]) -> dict[str, Person]:
    """Return these residents as a list may show them. One whose record is damaged does not take the list away."""
    shown: dict[str, Person] = {}
    with house.look() as work:
        for each in set(residents):
            try:
                shown[each] = masked(work.vault.identity(each))
            except OneWindowError as damage:
                log.error("resident %s cannot be opened (%s): restore from the backup", each, damage.code)
                shown[each] = DAMAGED
    return shown


def page_picture(house: House, case_id: str, index: int) -> bytes | None:
    """Return a page's picture, or None when there is no such page or the resident is erased.

    Raises:
        Refused: the page's file is missing or is not what the book says.
    """
    with house.look() as work:
        if all(page.index != index for page in work.cases.pages(case_id)):
            return None
        return work.vault.page(case_id, index)

"""The places of a demonstration day, each a thread: the kiosk, the windows, the officers, the pickup window.

Each does what its people do, through the doors of `walk.py` and `officers.py`, until the day is over. What the hall
refuses is counted with the resident whom it cost the visit; a fault of ours ends the day.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from typing import Final

from broker.errors import OneWindowError
from provisioning.demonstration.day_hall import DayHall, Resident
from provisioning.demonstration.doors import Console
from provisioning.demonstration.walk import Ticket

WAITING_MAX: Final = 15  # the kiosk's people come no faster
WINDOW_PAUSE_SECONDS: Final = 0.5  # between two presses of 下一位 while nobody waits
_IDLE_SECONDS: Final = 0.2
_SLIP_SECONDS_MAX: Final = 15.0


def kiosk(hall: DayHall, people: Sequence[Resident]) -> None:
    """Residents come in, as long as not too many wait."""
    for resident in people:
        while hall.steps["tickets"] - hall.steps["called"] >= WAITING_MAX and not hall.over:
            time.sleep(_IDLE_SECONDS)
        try:
            ticket = hall.walk.take_ticket(resident.person, resident.group, priority=resident.priority)
        except OneWindowError as error:
            hall.failed("kiosk", error, resident)
            continue
        resident.ticket = ticket
        with hall.lock:
            hall.by_number[ticket.number] = resident
            hall.steps["tickets"] += 1
    hall.kiosk_closed.set()


def window(hall: DayHall, number: int, decisions: queue.SimpleQueue[Resident], seed: int) -> None:
    """One clerk: calls, serves, and hands out the same-day results of this window in between."""
    window = hall.walk.windows[number]
    while not hall.over:
        if _collect_one(hall, number, window):
            continue
        try:
            called = hall.walk.call_next(window)
        except OneWindowError as error:
            with hall.lock:
                hall.failures[f"window {number}: {error.code}"] += 1
            called = None
        if called is None:
            if not _serve_a_late_one(hall, window, decisions, seed):
                time.sleep(WINDOW_PAUSE_SECONDS)
            continue
        resident = _who_holds(hall, called)
        try:
            _called(hall, window, called, resident, decisions, seed)
        except OneWindowError as error:
            hall.failed(f"window {number}", error, resident)
            _clear(window)


def _who_holds(hall: DayHall, called: str) -> Resident | None:
    """Return who holds this number; None when it is nobody of today's run.

    A free window may call a number while its slip is still being printed: then there is somebody in a moment.
    """
    deadline = time.monotonic() + _SLIP_SECONDS_MAX
    while time.monotonic() < deadline:
        with hall.lock:
            if called in hall.by_number:
                return hall.by_number[called]
        time.sleep(_IDLE_SECONDS)
    return None


def _called(
    hall: DayHall,
    window: Console,
    called: str,
    resident: Resident | None,
    decisions: queue.SimpleQueue[Resident],
    seed: int,
) -> None:
    _let_late_ones_register(hall, window)
    if resident is None:  # left over from a run before
        window.do("pass_ticket")
        return
    if resident.late:
        resident.late = False
        window.do("recall_ticket")
        window.do("pass_ticket")
        with hall.lock:
            hall.late.append(resident)
            hall.steps["passed"] += 1
        return
    hall.count("called")
    assert resident.ticket is not None, f"{called} was issued"
    _serve(hall, window, resident, resident.ticket, seed)
    decisions.put(resident)


def _let_late_ones_register(hall: DayHall, window: Console) -> None:
    """Those who were passed show their number at a window that awaits another: they are put back into the queue."""
    with hall.lock:
        late, hall.late = hall.late, []
    for resident in late:
        assert resident.ticket is not None
        hall.walk.show_slip(window, resident.ticket)


def _serve_a_late_one(hall: DayHall, window: Console, decisions: queue.SimpleQueue[Resident], seed: int) -> bool:
    """Nobody waits: one who was passed shows the number at the free window and is served. Return whether one was."""
    with hall.lock:
        resident = hall.late.pop() if hall.late else None
    if resident is None:
        return False
    hall.count("called")
    try:
        assert resident.ticket is not None
        _serve(hall, window, resident, resident.ticket, seed)
        decisions.put(resident)
    except OneWindowError as error:
        hall.failed(window.name, error, resident)
        _clear(window)
    return True


def _serve(hall: DayHall, window: Console, resident: Resident, ticket: Ticket, seed: int) -> None:
    walk = hall.walk
    visit = walk.scan(window, ticket)
    checklist = walk.choose(window, visit, resident.item.code)
    walk.photograph_all(window, visit, checklist, person=resident.person, seed=seed + resident.person % 10_000)
    packet = walk.accept(window, visit)
    hall.count("accepted")
    walk.end(window, visit)
    resident.case_number = walk.receipt(window, packet)["case_number"]
    hall.count("entered")


def officer(hall: DayHall, decisions: queue.SimpleQueue[Resident]) -> None:
    while not hall.over:
        try:
            resident = decisions.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            continue
        try:
            _decide(hall, resident)
        except OneWindowError as error:
            hall.failed(f"desk {resident.item.department}", error, resident)


def _decide(hall: DayHall, resident: Resident) -> None:
    officer = hall.officers.of(resident.case_number, resident.item.department)
    with officer.lock:
        officer.look_at_papers(resident.case_number)
        if resident.decision == "refuse":
            officer.refuse(resident.case_number, "不符合受理条件（演示）")
            hall.count("decided")
            hall.count("refused")
            resident.left = True
            return
        if resident.decision == "correct":
            officer.ask_correction(resident.case_number, "照片与本人不符，请重新提交（演示）")
            officer.resume(resident.case_number)
        officer.approve(resident.case_number)
    hall.count("decided")
    call = hall.walk.where_called(resident.ticket)
    hall.to_collect[call].put(resident)


def pickup(hall: DayHall, number: int) -> None:
    window = hall.walk.pickups[number]
    while not hall.over:
        if not _collect_one(hall, number, window):
            time.sleep(_IDLE_SECONDS)


def _collect_one(hall: DayHall, number: int, window: Console) -> bool:
    """Hand over one result that waits at this window; return whether there was one."""
    try:
        resident = hall.to_collect[number].get_nowait()
    except queue.Empty:
        return False
    assert resident.ticket is not None
    try:
        hall.walk.hand_over(window, resident.ticket, resident.case_number)
        hall.count("handed over")
        resident.left = True
    except OneWindowError as error:
        hall.failed(f"window {number}, pickup", error, resident)
        _clear(window)
    return True


def _clear(window: Console) -> None:
    """After a step that failed: leave the window free for the next resident."""
    view = window.view()
    for command, there in (
        ("cancel_visit", view["front"]),
        ("pass_ticket", view["call"]),
        ("clear_pickup", view["pickup"]),
    ):
        if there:
            try:
                window.do(command)
            except OneWindowError:
                continue  # it went by itself meanwhile

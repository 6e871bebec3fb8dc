"""A mixed day at many times real speed: `make day RESIDENTS=60`.

One kiosk, five intake windows, a pickup window and the officers work side by side, each in a thread of its own, through
the same doors as people do: same-day and promised items, priority tickets, numbers that are called in vain and come
back, corrections and refusals. Ends when the last result is handed over.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from broker.errors import OneWindowError
from provisioning.catalogue import Item
from provisioning.demonstration.doors import Console
from provisioning.demonstration.officers import Officers
from provisioning.demonstration.walk import Ticket, Walk
from provisioning.hall_file import HallFile

Say = Callable[[str], None]

PRIORITY_SHARE: Final = 0.12
LATE_SHARE: Final = 0.08  # called in vain; they come back and show their number
CORRECTION_SHARE: Final = 0.06
REFUSAL_SHARE: Final = 0.04
WAITING_MAX: Final = 15  # the kiosk's people come no faster
OFFICER_THREADS: Final = 2
_PROGRESS_SECONDS: Final = 2.0
_IDLE_SECONDS: Final = 0.2
_SLIP_SECONDS_MAX: Final = 15.0
STANDSTILL_SECONDS_MAX: Final = 90.0
WINDOW_PAUSE_SECONDS: Final = 0.5  # between two presses of 下一位 while nobody waits
_STEPS: Final = ("tickets", "called", "passed", "accepted", "entered", "decided", "handed over", "refused", "failed")


@dataclass(slots=True)
class Resident:
    """One who comes today: who, for what, and what will happen on the way."""

    person: int
    item: Item
    group: str
    priority: bool
    late: bool
    decision: str  # "approve", "correct" or "refuse"
    ticket: Ticket | None = None
    case_number: str = ""
    left: bool = False  # went home, with or without what they came for


@dataclass(slots=True)
class _Hall:
    """What the threads of a day share."""

    walk: Walk
    officers: Officers
    say: Say
    expected: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    by_number: dict[str, Resident] = field(default_factory=dict)
    late: list[Resident] = field(default_factory=list)  # were passed, and are back in the hall
    steps: Counter[str] = field(default_factory=Counter)
    to_collect: dict[int, queue.SimpleQueue[Resident]] = field(default_factory=dict)  # by window
    failures: Counter[str] = field(default_factory=Counter)
    kiosk_closed: threading.Event = field(default_factory=threading.Event)
    given_up: threading.Event = field(default_factory=threading.Event)
    moved: tuple[int, float] = field(default_factory=lambda: (0, time.monotonic()))  # steps so far, and since when

    def count(self, step: str) -> None:
        with self.lock:
            self.steps[step] += 1

    def failed(self, where: str, error: OneWindowError, resident: Resident | None = None) -> None:
        """A resident leaves without what they came for: counted, and told at the end."""
        if resident is not None:
            resident.left = True
        with self.lock:
            self.steps["failed"] += 1
            self.failures[f"{where}: {error.code} ({error})"] += 1

    @property
    def over(self) -> bool:
        """Whether everybody who came has left."""
        done = self.steps["handed over"] + self.steps["refused"] + self.steps["failed"]
        return self.given_up.is_set() or (self.kiosk_closed.is_set() and done >= self.expected)


def day(hall: HallFile, items: Sequence[tuple[Item, str]], residents: int, *, say: Say, seed: int = 1) -> int:
    """Send so many residents through the hall; return how many left without what they came for.

    Args:
        items: what they come for, each with the ticket letter under which it is taken in.
    """
    chance = random.Random(seed)  # noqa: S311  # the same seed is the same mixture
    people = [_resident(chance, items) for _ in range(residents)]
    walk = Walk(hall)
    say(f"{residents} residents; signing in the officers of {len({item.department for item, _ in items})} desks …")
    shared = _Hall(walk, Officers(hall, {item.department for item, _ in items}), say, residents)
    shared.to_collect = {window: queue.SimpleQueue() for window in (*walk.windows, *walk.pickups)}
    decisions: queue.SimpleQueue[Resident] = queue.SimpleQueue()
    began = time.monotonic()
    threads = 1 + len(walk.windows) + OFFICER_THREADS + len(walk.pickups)
    with ThreadPoolExecutor(threads, thread_name_prefix="day") as pool:
        jobs = [pool.submit(_kiosk, shared, people)]
        jobs += [pool.submit(_window, shared, number, decisions, seed) for number in walk.windows]
        jobs += [pool.submit(_officer, shared, decisions) for _ in range(OFFICER_THREADS)]
        jobs += [pool.submit(_pickup, shared, number) for number in walk.pickups]
        while not all(job.done() for job in jobs):
            if any(job.done() and job.exception() for job in jobs):
                shared.given_up.set()  # a fault of ours: let the others end too, and show it
            say(_progress(shared, time.monotonic() - began))
            _notice_a_standstill(shared)
            time.sleep(_PROGRESS_SECONDS)
        for job in jobs:
            job.result()
    say(_progress(shared, time.monotonic() - began))
    _tell_who_is_left(shared, people)
    for what, count in shared.failures.most_common(8):
        say(f"  {count} × {what}")
    return residents - shared.steps["handed over"] - shared.steps["refused"]


def _notice_a_standstill(hall: _Hall) -> None:
    """When nothing has moved for long, somebody is stuck: end the day and say who."""
    moved = sum(hall.steps.values())
    now = time.monotonic()
    if moved != hall.moved[0]:
        hall.moved = (moved, now)
    elif now - hall.moved[1] > STANDSTILL_SECONDS_MAX:
        hall.given_up.set()


def _tell_who_is_left(hall: _Hall, people: Sequence[Resident]) -> None:
    for resident in people:
        if hall.given_up.is_set() and not resident.left:
            number = resident.ticket.number if resident.ticket is not None else "no ticket"
            hall.say(f"  {number}: still here; case {resident.case_number or 'none'}, {resident.item.code}")


def _resident(chance: random.Random, items: Sequence[tuple[Item, str]]) -> Resident:
    item, group = chance.choice(items)
    dice = chance.random()
    correct = dice < REFUSAL_SHARE + CORRECTION_SHARE
    return Resident(
        person=chance.randrange(1, 1_000_000),
        item=item,
        group=group,
        priority=chance.random() < PRIORITY_SHARE,
        late=chance.random() < LATE_SHARE,
        decision="refuse" if dice < REFUSAL_SHARE else "correct" if correct else "approve",
    )


def _kiosk(hall: _Hall, people: Sequence[Resident]) -> None:
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


def _window(hall: _Hall, number: int, decisions: queue.SimpleQueue[Resident], seed: int) -> None:
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
            time.sleep(WINDOW_PAUSE_SECONDS)
            continue
        resident = _who_holds(hall, called)
        try:
            _called(hall, window, called, resident, decisions, seed)
        except OneWindowError as error:
            hall.failed(f"window {number}", error, resident)
            _clear(window)


def _who_holds(hall: _Hall, called: str) -> Resident | None:
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
    hall: _Hall,
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


def _let_late_ones_register(hall: _Hall, window: Console) -> None:
    """Those who were passed show their number at a window that awaits another: they are put back into the queue."""
    with hall.lock:
        late, hall.late = hall.late, []
    for resident in late:
        assert resident.ticket is not None
        hall.walk.show_slip(window, resident.ticket)


def _serve(hall: _Hall, window: Console, resident: Resident, ticket: Ticket, seed: int) -> None:
    walk = hall.walk
    visit = walk.scan(window, ticket)
    checklist = walk.choose(window, visit, resident.item.code)
    walk.photograph_all(window, visit, checklist, person=resident.person, seed=seed + resident.person % 10_000)
    packet = walk.accept(window, visit)
    hall.count("accepted")
    walk.end(window, visit)
    resident.case_number = walk.receipt(window, packet)["case_number"]
    hall.count("entered")


def _officer(hall: _Hall, decisions: queue.SimpleQueue[Resident]) -> None:
    while not hall.over:
        try:
            resident = decisions.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            continue
        try:
            _decide(hall, resident)
        except OneWindowError as error:
            hall.failed(f"desk {resident.item.department}", error, resident)


def _decide(hall: _Hall, resident: Resident) -> None:
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


def _pickup(hall: _Hall, number: int) -> None:
    window = hall.walk.pickups[number]
    while not hall.over:
        if not _collect_one(hall, number, window):
            time.sleep(_IDLE_SECONDS)


def _collect_one(hall: _Hall, number: int, window: Console) -> bool:
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


def _progress(hall: _Hall, seconds: float) -> str:
    with hall.lock:
        shown = "  ".join(f"{step} {hall.steps[step]}" for step in _STEPS if hall.steps[step] or step != "failed")
    return f"{seconds:6.0f} s  of {hall.expected}: {shown}"

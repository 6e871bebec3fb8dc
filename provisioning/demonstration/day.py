"""A mixed day at many times real speed: `make day RESIDENTS=60`.

One kiosk, five intake windows, a pickup window and the officers work side by side, each in a thread of its own, through
the same doors as people do: same-day and promised items, priority tickets, numbers that are called in vain and come
back, corrections and refusals. Ends when the last result is handed over.
"""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from provisioning.catalogue import Item
from provisioning.demonstration import day_places
from provisioning.demonstration.day_hall import DayHall, Resident
from provisioning.demonstration.officers import Officers
from provisioning.demonstration.walk import Walk
from provisioning.hall_file import HallFile

Say = Callable[[str], None]

PRIORITY_SHARE: Final = 0.12
LATE_SHARE: Final = 0.08  # called in vain; they come back and show their number
CORRECTION_SHARE: Final = 0.06
REFUSAL_SHARE: Final = 0.04
OFFICER_THREADS: Final = 2
STANDSTILL_SECONDS_MAX: Final = 90.0
_PROGRESS_SECONDS: Final = 2.0
_STEPS: Final = ("tickets", "called", "passed", "accepted", "entered", "decided", "handed over", "refused", "failed")


def day(hall: HallFile, items: Sequence[tuple[Item, str]], residents: int, *, say: Say, seed: int = 1) -> int:
    """Send so many residents through the hall; return how many left without what they came for.

    Args:
        items: what they come for, each with the ticket letter under which it is taken in.
    """
    chance = random.Random(seed)  # noqa: S311  # the same seed is the same mixture
    people = [_resident(chance, items) for _ in range(residents)]
    walk = Walk(hall)
    say(f"{residents} residents; signing in the officers of {len({item.department for item, _ in items})} desks …")
    shared = DayHall(walk, Officers(hall, {item.department for item, _ in items}), residents)
    shared.to_collect = {window: queue.SimpleQueue() for window in (*walk.windows, *walk.pickups)}
    decisions: queue.SimpleQueue[Resident] = queue.SimpleQueue()
    began = time.monotonic()
    threads = 1 + len(walk.windows) + OFFICER_THREADS + len(walk.pickups)
    with ThreadPoolExecutor(threads, thread_name_prefix="day") as pool:
        jobs = [pool.submit(day_places.kiosk, shared, people)]
        jobs += [pool.submit(day_places.window, shared, number, decisions, seed) for number in walk.windows]
        jobs += [pool.submit(day_places.officer, shared, decisions) for _ in range(OFFICER_THREADS)]
        jobs += [pool.submit(day_places.pickup, shared, number) for number in walk.pickups]
        try:
            while not all(job.done() for job in jobs):
                if any(job.done() and job.exception() for job in jobs):
                    shared.given_up.set()  # a fault of ours: let the others end too, and show it
                say(_progress(shared, time.monotonic() - began))
                _notice_a_standstill(shared)
                time.sleep(_PROGRESS_SECONDS)
        finally:
            shared.given_up.set()  # Ctrl-C: the threads finish their step and end
        for job in jobs:
            job.result()
    say(_progress(shared, time.monotonic() - began))
    _tell_who_is_left(people, say)
    for what, count in shared.failures.most_common(8):
        say(f"  {count} × {what}")
    return residents - shared.steps["handed over"] - shared.steps["refused"]


def _notice_a_standstill(hall: DayHall) -> None:
    """When nothing has moved for long, somebody is stuck: end the day and say who."""
    moved = sum(hall.steps.values())
    now = time.monotonic()
    if moved != hall.moved[0]:
        hall.moved = (moved, now)
    elif now - hall.moved[1] > STANDSTILL_SECONDS_MAX:
        hall.given_up.set()


def _tell_who_is_left(people: Sequence[Resident], say: Say) -> None:
    for resident in people:
        if not resident.left:
            number = resident.ticket.number if resident.ticket is not None else "no ticket"
            say(f"  {number}: still here; case {resident.case_number or 'none'}, {resident.item.code}")


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


def _progress(hall: DayHall, seconds: float) -> str:
    with hall.lock:
        shown = "  ".join(f"{step} {hall.steps[step]}" for step in _STEPS if hall.steps[step] or step != "failed")
    return f"{seconds:6.0f} s  of {hall.expected}: {shown}"

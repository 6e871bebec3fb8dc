"""What the threads of a demonstration day share: who comes, where each stands, how far all are, and what failed."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from broker.errors import OneWindowError
from provisioning.catalogue import Item
from provisioning.demonstration.officers import Officers
from provisioning.demonstration.walk import Ticket, Walk


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
class DayHall:
    """What the threads of a day share."""

    walk: Walk
    officers: Officers
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

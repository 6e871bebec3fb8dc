"""What the desks of one core share: who the unit is, its ports, and how a person is answered.

Made in `bootstrap.py`; the desks (`counter.py`, `issue.py`, `pickup_desk.py`) and the core read it.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from broker.errors import OneWindowError
from broker.topics import UnitId
from edge.catalogue import Catalogue
from edge.commands import Result
from edge.devices import Devices
from edge.keys import DayKeys, UnitKeys
from edge.link import Link
from edge.outbox import Outbox
from edge.ports import Clock
from edge.settings import Group
from edge.view import Role

Answer = Future[Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    unit: UnitId
    hall: str
    hall_name: str
    role: Role
    window: int | None
    groups: tuple[Group, ...]
    number_base: int
    catalogue: Catalogue
    keys: UnitKeys
    day_keys: DayKeys
    clock: Clock
    link: Link
    outbox: Outbox
    devices: Devices

    def require_window(self) -> int:
        assert self.window is not None, "the role is one at a window"
        return self.window


def succeed(answer: Answer, result: Result) -> None:
    """Answer a person, unless they have gone."""
    if not answer.done():
        answer.set_result(result)


def fail(answer: Answer, error: OneWindowError) -> None:
    if not answer.done():
        answer.set_exception(error)

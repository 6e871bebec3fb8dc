"""The unit's clock: the system's, held above a floor and set right by central's word. The port `Clock` on real time.

A Pi has no clock of its own and may wake in 1970. The floor is the newest of: when the program was built, and the last
time that central's signed word named (kept on the card). Our own clock never raises it, or one start in 2040 would hold
us there. Order at the edge rests on boot and sequence, never on this (DESIGN.md 5, rule 6).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

HALL_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991
_APART_MS: Final = 2 * 60 * 1000  # further from central's time than this, our own clock is wrong


def hall_day(at_ms: int) -> str:
    """Return the day of a Unix time in the hall's time zone, YYYY-MM-DD."""
    return (datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(HALL_TIME)).date().isoformat()


class UnitClock:
    """Called from any thread."""

    def __init__(
        self,
        floor_ms: int,
        *,
        system_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        self._system_ms = system_ms
        self._monotonic_ms = monotonic_ms
        self._floor = (floor_ms, monotonic_ms())  # a time that had been reached, and when we learned it
        self._heard: tuple[int, int] | None = None

    def now_ms(self) -> int:
        system, known = self._system_ms(), self._gone_on(self._floor)
        if self._heard is not None and abs(system - self._gone_on(self._heard)) > _APART_MS:
            return self._gone_on(self._heard)
        return max(system, known)

    def monotonic_ms(self) -> int:
        return self._monotonic_ms()

    def hall_day(self) -> str:
        return hall_day(self.now_ms())

    def hear(self, central_ms: int) -> None:
        if self._heard is None or central_ms > self._gone_on(self._heard):
            # Never back: an old message, sent again, must not make a call that has expired young.
            self._heard = (central_ms, self._monotonic_ms())

    def central_ms(self) -> int | None:
        return None if self._heard is None else self._gone_on(self._heard)

    @property
    def is_held(self) -> bool:
        """Whether the system's clock is so wrong that ours goes by the floor or by central's word."""
        return abs(self.now_ms() - self._system_ms()) > _APART_MS

    def _gone_on(self, known: tuple[int, int]) -> int:
        return known[0] + self._monotonic_ms() - known[1]

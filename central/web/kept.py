"""Answers to slow questions, kept for a while: a page shows the newest there is and never waits for a long count.

What is counted quickly is counted anew at every look; what takes long, in a thread of its own and seldom. Goes to the
administrator's overview (a day's figures, the cases by state).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
PATIENCE_SECONDS: Final = 0.03  # a short count is done by then; otherwise the page shows the answer before
REST: Final = 20.0  # times as long as a count took is rested before the next: at most a twentieth of a core is spent
REST_SECONDS_MAX: Final = 60.0


class Kept(Generic[Answer]):
    """The newest answer about one day. May be asked from several threads; one count runs at a time."""

    def __init__(self, count: Callable[[str], Answer], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: tuple[str, Answer] | None = None
        self._rest_until = 0.0
        self._counting: threading.Thread | None = None

    def newest(self, day: str) -> Answer | None:
        """Return the answer for the day; None while it is counted for the first time."""
        with self._lock:
            rested = self._of(day) is None or self._monotonic() >= self._rest_until
            if rested and (self._counting is None or not self._counting.is_alive()):
                self._counting = threading.Thread(target=self._go, args=(day,), name="counting", daemon=True)
                self._counting.start()
            counting = self._counting if rested else None
        if counting is not None:
            counting.join(PATIENCE_SECONDS)
        return self._of(day)

    def _of(self, day: str) -> Answer | None:
        kept = self._kept
        return kept[1] if kept is not None and kept[0] == day else None

    def _go(self, day: str) -> None:
        began = self._monotonic()
        try:
            counted = self._count(day)
        except Exception:  # the outermost step of this thread; the page goes on showing what it had
            log.exception("a count failed; it is tried again at the next look")
            return
        now = self._monotonic()
        with self._lock:
            self._kept = (day, counted)
            self._rest_until = now + min(REST * (now - began), REST_SECONDS_MAX)

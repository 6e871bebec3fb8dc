"""The day's figures, kept for a while: a page shows the newest that are ready and never waits for a long count.

Comes from `Reading.day_figures`, counted anew in a thread of its own while somebody looks; goes to the overview.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from central.metrics.figures import HallFigures

log = logging.getLogger(__name__)

FRESH_MS: Final = 10_000
PATIENCE_SECONDS: Final = 0.04  # a short day is counted by then; otherwise the page says that it is being counted


class KeptFigures:
    """The newest figures of one day. May be asked from several threads; one count runs at a time."""

    def __init__(self, count: Callable[[str], HallFigures]) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._kept: HallFigures | None = None
        self._counted_at_ms = 0
        self._counting: threading.Thread | None = None

    def newest(self, day: str, *, now_ms: int) -> HallFigures | None:
        """Return the day's figures, at most some seconds old; None while they are counted for the first time."""
        with self._lock:
            fresh = self._of(day) is not None and 0 <= now_ms - self._counted_at_ms < FRESH_MS
            if not fresh and (self._counting is None or not self._counting.is_alive()):
                self._counting = threading.Thread(target=self._go, args=(day, now_ms), name="figures", daemon=True)
                self._counting.start()
            counting = None if fresh else self._counting
        if counting is not None:
            counting.join(PATIENCE_SECONDS)
        return self._of(day)

    def _of(self, day: str) -> HallFigures | None:
        kept = self._kept
        return kept if kept is not None and kept.day == day else None

    def _go(self, day: str, now_ms: int) -> None:
        try:
            counted = self._count(day)
        except Exception:  # the outermost step of this thread; the page goes on showing what it had
            log.exception("the day's figures could not be counted")
            return
        with self._lock:
            self._kept, self._counted_at_ms = counted, now_ms

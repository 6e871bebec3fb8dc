"""How often a door may be tried: pure, the time is handed in.

Counts failures by name and tries by address. Waiting grows with the failures and is forgotten after FORGET_MS, so that
nobody can lock a colleague out for long. Held in the one process that serves the pages; a restart forgets (ADR 0071).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

FREE_TRIES: Final = 5
WAIT_MS: Final = 2_000  # after the first try too many; doubled with each further
WAIT_MS_MAX: Final = 5 * 60_000
FORGET_MS: Final = 15 * 60_000
NAMES_MAX: Final = 10_000  # so many are remembered; the oldest make room


class Throttle:
    """Failures by key. Keys are names and addresses; nothing else of the try is kept."""

    def __init__(self, free_tries: int = FREE_TRIES) -> None:
        self._free = free_tries
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()  # key -> (count, last at)

    def wait_ms(self, key: str, *, now_ms: int) -> int:
        """Return how long this key must wait before the next try; 0: try now."""
        with self._lock:
            count, last = self._failures.get(key, (0, 0))
        if count < self._free or now_ms - last >= FORGET_MS:
            return 0
        due = last + min(WAIT_MS << min(count - self._free, 20), WAIT_MS_MAX)
        return max(0, due - now_ms)

    def failed(self, key: str, *, now_ms: int) -> None:
        with self._lock:
            count, last = self._failures.pop(key, (0, now_ms))
            self._failures[key] = (1 if now_ms - last >= FORGET_MS else count + 1, now_ms)
            while len(self._failures) > NAMES_MAX:
                self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)

"""Checks the book's chain in small pieces while the administrator's pages are looked at.

Goes on from where it stopped; what was checked once is not read again in this process. `onewindow-central verify` is
the whole proof, page files included; this says at a glance whether the chain still holds.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from central.ledger.entry import GENESIS, Entry, follows
from central.storage.reading import Reading

PIECE: Final = 200  # entries, some 5 ms
SECONDS_MAX: Final = 0.015  # of one look, so that a page stays quick with a long book behind it


@dataclass(frozen=True, slots=True)
class ChainState:
    checked: int  # entries from the first that follow one another
    trouble: str  # the first that does not, in words; empty while all is well


class ChainWatch:
    """The chain as far as it was checked. May be asked from several threads; one at a time goes on checking."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._lock = threading.Lock()
        self._state = ChainState(0, "")
        self._hash = GENESIS

    def state(self) -> ChainState:
        """Check a little further and return how far the chain holds."""
        if self._lock.acquire(blocking=False):
            try:
                self._go_on(time.monotonic() + SECONDS_MAX)
            finally:
                self._lock.release()
        return self._state

    def _go_on(self, deadline: float) -> None:
        while self._state.trouble == "" and time.monotonic() < deadline:
            rows = self._reading.chain(self._state.checked, limit=PIECE)
            for row in rows:
                entry = Entry(**row._mapping)
                trouble = follows(entry, seq=self._state.checked + 1, previous=self._hash)
                if trouble:
                    self._state = ChainState(self._state.checked, trouble)
                    return
                self._state = ChainState(entry.seq, "")
                self._hash = entry.hash
            if len(rows) < PIECE:
                return

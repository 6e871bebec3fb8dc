"""The card under the outbox: what it does when it is full, read-only or worn, so that full is not broken.

A reserve file is laid down while there is room and given up when there is none: then new papers are refused with a
plain sentence, and sending, receipts, events and clearing go on in the room that it leaves (RELIABILITY.md E3, E4).
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import Any, Final

from edge.errors import OutboxFull, StorageFailed, StorageReadOnly
from edge.ports import Storage

log = logging.getLogger(__name__)

_RESERVE: Final = "reserve"
_PROBE: Final = "probe"
SPARE_BYTES: Final = 64 * 1024  # for names, folders and the index, beside a packet's own bytes
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Card:
    """One folder of the card, with its reserve. Called from one thread."""

    def __init__(self, storage: Storage, reserve_bytes: int) -> None:
        self.storage = storage
        self._reserve_bytes = reserve_bytes
        self.full = False
        self.read_only = False

    def free_bytes(self) -> int:
        try:
            return self.storage.free_bytes()
        except OSError:
            return 0

    def require_room(self, total_bytes: int) -> None:
        """Return if so many bytes of new papers may be written.

        Raises:
            StorageReadOnly: the card takes nothing.
            OutboxFull: no room; the reserve has been given up, so that the rest goes on.
        """
        if self.full or self.read_only:
            self.look_after()
        if self.read_only:
            raise StorageReadOnly("the card is read-only")
        if self.full or self.free_bytes() < total_bytes + SPARE_BYTES:
            self.full = True
            self._give_up_reserve()
            raise OutboxFull(f"no room for a packet of {total_bytes} bytes")

    def attempt(self, what: str, work: Callable[[], Any]) -> bool:
        """Do something that need not succeed now; say whether it did. What it was for is still known in memory."""
        try:
            self.with_reserve(work)
        except OSError as error:
            self.note(error)
            log.error("%s failed (%s): check the card", what, error.strerror or type(error).__name__)
            return False
        return True

    def with_reserve(self, work: Callable[[], Any]) -> None:
        """Do something small; when the card is full, give up the reserve and do it once more.

        Raises:
            OSError: it was not done.
        """
        try:
            work()
        except OSError as error:
            self.note(error)
            if error.errno not in _FULL or not self._give_up_reserve():
                raise
            work()

    def note(self, error: OSError) -> None:
        """Take note of what a failure says about the card."""
        if error.errno in _FULL:
            self.full = True
        elif error.errno == errno.EROFS:
            self.read_only = True

    def trouble(self, error: OSError, what: str) -> StorageFailed:
        """Return the error of ours that fits the card's, for what was not kept."""
        self.note(error)
        if error.errno in _FULL:
            self._give_up_reserve()
            return OutboxFull(f"no room for {what}")
        if error.errno == errno.EROFS:
            return StorageReadOnly(f"the card is read-only: {what} not kept")
        return StorageFailed(f"the card did not take {what} ({error.strerror or type(error).__name__})")

    def look_after(self) -> None:
        """Look whether the card is well again, and lay the reserve down again. To be called every few seconds."""
        if self.read_only:
            self.read_only = not self._takes_a_byte()
        free = self.free_bytes()
        if self.storage.exists(_RESERVE):
            self.full = self.full and free < SPARE_BYTES * 4
        elif free > self._reserve_bytes + SPARE_BYTES * 4 and self._lay_reserve():
            self.full = False

    def _lay_reserve(self) -> bool:
        try:
            self.storage.allocate(_RESERVE, self._reserve_bytes)
        except OSError as error:
            self.note(error)
            return False
        return True

    def _give_up_reserve(self) -> bool:
        """Return whether there was a reserve to give up."""
        try:
            if not self.storage.exists(_RESERVE):
                return False
            self.storage.remove(_RESERVE)
        except OSError:
            return False
        log.error("the card is full: the reserve of %d bytes is given up, no new papers", self._reserve_bytes)
        return True

    def _takes_a_byte(self) -> bool:
        try:
            self.storage.write(_PROBE, b"1")
            self.storage.remove(_PROBE)
        except OSError as error:
            return error.errno in _FULL
        return True

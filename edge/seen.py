"""What a unit must remember over a start, besides papers: how often it has started, what time it has been, which calls
it has shown.

Small files in the unit's `seen/` folder, each replaced whole. One that is lost or damaged costs little: a call may be
shown a second time.
"""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from broker.messages import TIME_MS_MAX, Call
from edge.ports import Clock, Storage

log = logging.getLogger(__name__)

_BOOT: Final = "boot"
_CLOCK: Final = "clock"
_CALLS: Final = "calls"
_CALLS_REMEMBERED: Final = 256


class Seen:
    """Called from one thread. Nothing here raises: a card that takes nothing is the outbox's to tell."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def count_boot(self, at_least: int = 0) -> int:
        """Return this start's number: one more than all before it. `at_least`: the highest one met elsewhere."""
        boot = max(self._number(_BOOT), at_least) + 1
        if not self._save(_BOOT, str(boot).encode()):
            log.error("the boot counter could not be saved: check the card")
        return boot

    def last_time_ms(self) -> int:
        """Return a time that has certainly been reached; 0 when none is known."""
        known = self._number(_CLOCK)
        return known if known <= TIME_MS_MAX else 0

    def save_time(self, clock: Clock) -> None:
        """Note central's time, if it was heard: never our own, which may be years ahead."""
        heard = clock.central_ms()
        if heard is not None:
            self._save(_CLOCK, str(heard).encode())

    def calls(self) -> set[int]:
        """Return the counters of the last calls that were shown here."""
        try:
            return set(msgspec.json.decode(self._storage.read(_CALLS), type=list[int])[-_CALLS_REMEMBERED:])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return set()

    def save_calls(self, counters: set[int]) -> None:
        self._save(_CALLS, msgspec.json.encode(sorted(counters)))

    def _number(self, name: str) -> int:
        try:
            text = self._storage.read(name).decode("ascii", "replace").strip()
        except OSError:
            return 0
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0

    def _save(self, name: str, data: bytes) -> bool:
        try:
            self._storage.write(name + ".new", data)
            self._storage.rename(name + ".new", name)
            self._storage.sync_folder("")
        except OSError as error:
            log.warning("%s is not saved (%s)", name, error.strerror)
            return False
        return True


class CallsSeen:
    """Which calls have been shown: each once, none that is forged, far older than the newest, or over its time.

    Calls may overtake each other on the way, so one with an older counter is still shown; only what is older than the
    last 256 that were shown is taken for a replay. Counters rise by more than one at a time.
    """

    def __init__(self, seen: Seen, clock: Clock) -> None:
        self._seen = seen
        self._clock = clock
        self._counters = seen.calls()

    def is_new(self, call: Call) -> bool:
        if call.counter in self._counters:
            return False
        return len(self._counters) < _CALLS_REMEMBERED or call.counter > min(self._counters)

    def __contains__(self, counter: int) -> bool:
        return counter in self._counters

    def is_expired(self, call: Call) -> bool:
        """Say whether the call's time is over, by central's clock as we last heard it."""
        now = self._clock.central_ms()
        return now is not None and now > call.expires_at_ms

    def note(self, call: Call) -> None:
        self._counters.add(call.counter)
        if len(self._counters) > _CALLS_REMEMBERED:
            self._counters.remove(min(self._counters))
        self._seen.save_calls(self._counters)

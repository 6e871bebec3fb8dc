"""What the cores need of the world: time, randomness, a folder on the card, a way to the broker.

The real ones stand in `clock.py`, `disk.py` and `mqtt.py` and are put together in `bootstrap.py` alone; tests and the
simulator hand in their own. Every call through a port is a place at which the power may fail.
"""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now_ms(self) -> int:
        """Return Unix time in milliseconds by the unit's clock, never below its floor. It may jump, also backwards."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds since some moment; never goes back. For timers."""
        ...

    def hall_day(self) -> str:
        """Return today in the hall's time zone, YYYY-MM-DD."""
        ...

    def hear(self, central_ms: int) -> None:
        """Take note of central's time, from a message that it signed."""
        ...

    def central_ms(self) -> int | None:
        """Return central's time as last heard, gone on since; None when it has not been heard since the start."""
        ...


class Rng(Protocol):
    def bytes(self, count: int) -> bytes:
        """Return so many bytes that nobody can foresee."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """Return a number between the two, for jitter."""
        ...


class Storage(Protocol):
    """One folder of the card and what lies below it. Paths are relative, with "/" between.

    All calls raise OSError, FileNotFoundError among them; after one nothing is promised about the file that it was
    about, and everything about the others.
    """

    def read(self, path: str) -> bytes: ...

    def write(self, path: str, data: bytes) -> None:
        """Make or replace a file, and return when its bytes are on the card. Its name is there after `sync_folder`."""
        ...

    def append(self, path: str, data: bytes) -> None:
        """Add to a file, and return when the bytes are on the card. The file exists."""
        ...

    def cut(self, path: str, length_bytes: int) -> None:
        """Shorten a file, and return when that is on the card."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file or folder another name, at once and wholly; an existing file there is replaced."""
        ...

    def sync_folder(self, folder: str) -> None:
        """Return when the names in this folder are on the card. "" is the root."""
        ...

    def make_folder(self, folder: str) -> None:
        """Make a folder and those above it; no fault when it is there."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; an empty list when there is no such folder."""
        ...

    def exists(self, path: str) -> bool: ...

    def size(self, path: str) -> int: ...

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all in it; no fault when there is none."""
        ...

    def allocate(self, path: str, length_bytes: int) -> None:
        """Make a file that takes up so many bytes of the card."""
        ...

    def free_bytes(self) -> int: ...


class Transport(Protocol):
    """The way to the broker. It reports back through the core's events: LinkUp, LinkDown, Published, Arrived."""

    def publish(self, topic: str, payload: bytes, *, qos: int, handle: int) -> None:
        """Hand over for sending; never blocks, never raises. With QoS 1, `Published(handle)` may follow."""
        ...

    def reconnect(self, reason: str) -> None:
        """Give up the present connection, and find another: nothing comes back over it."""
        ...

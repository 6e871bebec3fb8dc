"""Hands free, on the camera's thread: previews -> `DeskWatched` for the core, and the live picture while it is on.

Fed by `workers.CameraThread`, which alone calls the camera. The core's side is `hands_free.py`; when to photograph is
decided by `capture/watch.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from edge.capture import CapturedPage, Step, Watched, Watcher
from edge.capture.scan import read_quickly
from edge.events import DeskWatched, Event
from edge.live import AMBER, GREEN, outlined_jpeg
from edge.ticket import PREFIX
from firmware.ports import Frame, Pixels

_SETTLED: Final = frozenset({Step.STILL, Step.TAKEN})


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float  # time.monotonic()
    frame: Frame
    watched: Watched


class DeskWatch:
    """Watches while it is on. `switch`, `is_on` and `picture` from any thread, the rest from the camera's."""

    def __init__(self, put: Callable[[Event], None]) -> None:
        self._put = put
        self._on = threading.Event()
        self._watcher: Watcher | None = None  # of the camera's thread; None: begin anew
        self._step: Step | None = None  # as told to the core last
        self._seen: _Seen | None = None

    @property
    def is_on(self) -> bool:
        return self._on.is_set()

    @property
    def is_bare(self) -> bool:
        """Whether nothing lay on the desk at the last look."""
        return self._step is Step.EMPTY

    def switch(self, on: bool) -> None:
        """Begin anew with the next look, or stop."""
        self._watcher = self._seen = None
        if on:
            self._on.set()
        else:
            self._on.clear()

    def look(self, frame: Frame) -> None:
        """Take one preview into account; tell the core when the step has changed or a sheet is to be photographed."""
        watcher = self._present()
        # The time of now: what a camera's clock says after it was unplugged is its own affair.
        watched = watcher.see(frame.pixels, time.monotonic_ns() // 1_000_000)
        if watched.take and _shows_a_ticket(frame.pixels):
            # Its code is the resident's identity: it opens a visit, and is filed nowhere.
            watcher.decline(Step.TICKET)
            watched = replace(watched, step=Step.TICKET, take=False)
        self._seen = _Seen(time.monotonic(), frame, watched)
        if watched.take or watched.step is not self._step:
            self._step = watched.step
            self._put(DeskWatched(watched.step, watched.take))

    def photographed(self, frame: Frame, captured: CapturedPage) -> None:
        """A photograph was made a page, asked for by whomever: its sheet is done with, or to be laid otherwise."""
        sheets = [corners for corners in (captured.corners, captured.second_corners) if corners is not None]
        if captured.usable:
            self._present().took(frame.pixels, sheets)
        else:
            self._present().refused(frame.pixels, sheets)

    def kept(self) -> None:
        """The page that was refused last is one after all."""
        self._present().kept()

    def forget(self) -> None:
        """Pages were given up or handed in: their sheets may come again."""
        if self._watcher is not None:
            self._watcher.forget()

    def failed(self) -> None:
        """The camera gave no photograph: ask for the same sheet again when it can."""
        if self._watcher is not None:
            self._watcher.again()

    def _present(self) -> Watcher:
        watcher = self._watcher
        if watcher is None:
            watcher = self._watcher = Watcher()
            self._step = None
        return watcher

    def picture(self, age_seconds: float) -> bytes:
        """Return the last look as JPEG with the outline, amber until the sheet is taken; b"" when it is older."""
        seen = self._seen
        if seen is None or time.monotonic() - seen.at > age_seconds:
            return b""
        colour = GREEN if seen.watched.step in _SETTLED else AMBER
        return outlined_jpeg(seen.frame, seen.watched.outline, colour)


def _shows_a_ticket(preview: Pixels) -> bool:
    return any(code.text.startswith(PREFIX) for code in read_quickly(preview))

"""A display that must be drawn again and again: one thread lets texts run and blink, and repairs what was disturbed.

Holds what the MAX7219 and the multi-character display have in common. What is theirs is a `Face`: where the dots go.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol

from firmware.led_matrix import TEXT_CHARACTERS_MAX
from firmware.ports import DisplayFailed

log = logging.getLogger(__name__)

_FRAME_SECONDS: Final = 0.04
_REPAIR_SECONDS: Final = 2.0  # a still picture is sent again, a display that is away is looked for


class Face(Protocol):
    """The open wire to a display. Every method may raise DisplayFailed: then the face is closed and opened anew."""

    def draw(self, text: str, *, blink: bool, seconds: float) -> None:
        """Show the text as it is `seconds` after it was first shown; does nothing if that is shown already."""
        ...

    def repair(self) -> None:
        """Send everything again that the display must know: its power may have dipped, its wire caught a spark."""
        ...

    def moves(self, text: str, *, blink: bool) -> bool: ...

    def close(self, *, broken: bool) -> None: ...


class RedrawnDisplay:
    """窗口屏 over a wire that gives no answer."""

    simulated = False

    def __init__(self, open_face: Callable[[], Face], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the display dark, or look for it every 2 s until it is there. `open_face` raises DisplayFailed."""
        self._open_face = open_face
        self._clock = clock
        self._lock = threading.Lock()
        self._face: Face | None = None
        self._text, self._blink, self._since = "", False, clock()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        with contextlib.suppress(DisplayFailed):
            self._drawn()
        self._thread = threading.Thread(target=self._run, name="call-display", daemon=True)
        self._thread.start()

    def check(self) -> None:
        with self._lock:
            self._drawn(repair=True)

    def show(self, text: str, *, blink: bool = False) -> None:
        if len(text) > TEXT_CHARACTERS_MAX or not text.isascii():
            raise DisplayFailed(f"a display shows up to {TEXT_CHARACTERS_MAX} ASCII characters")
        with self._lock:
            self._text, self._blink, self._since = text, blink, self._clock()
            self._drawn()
        self._wake.set()

    def close(self) -> None:
        """Darken the display and let it go."""
        with self._lock:
            self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=3.0)
        with self._lock:
            if self._face is not None:
                with contextlib.suppress(DisplayFailed):
                    self._face.draw("", blink=False, seconds=0.0)
                self._face.close(broken=False)
                self._face = None

    def __enter__(self) -> RedrawnDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drawn(self, *, repair: bool = False) -> Face:
        """Draw what is to be seen now, on a face opened anew if it was lost; the lock is held.

        Raises:
            DisplayFailed: the wire is not there. The text is kept and drawn when it is back.
        """
        if self._stopping.is_set():
            raise DisplayFailed("the display is closed")
        if self._face is None:
            self._face = self._open_face()
        try:
            if repair:
                self._face.repair()
            self._face.draw(self._text, blink=self._blink, seconds=self._clock() - self._since)
        except DisplayFailed:
            self._face.close(broken=True)
            self._face = None
            raise
        return self._face

    def _run(self) -> None:
        failed = False
        repaired_at = self._clock()
        while not self._stopping.is_set():
            with self._lock:
                moving = self._face is not None and self._face.moves(self._text, blink=self._blink)
            self._wake.wait(_FRAME_SECONDS if moving else _REPAIR_SECONDS)
            self._wake.clear()
            repair = self._clock() - repaired_at >= _REPAIR_SECONDS
            repaired_at = self._clock() if repair else repaired_at
            with self._lock:
                if self._stopping.is_set():
                    return
                try:
                    self._drawn(repair=repair)
                except DisplayFailed as error:
                    if not failed:
                        log.warning("the display is away and looked for: %s", error)
                    failed = True
                else:
                    failed = False

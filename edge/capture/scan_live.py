"""A stream of frames -> the codes that lie under the camera: the stream waits for the quick pass and for nothing else.

Previews come from the document camera's thread (`edge/workers.py`), which calls `read` on each. A frame that the quick
pass reads nothing in is left in a box with one place; a second thread takes the newest from there and looks slowly
(`scan_look.py`). What it has read is given with a later frame, and only if that one still shows it (ADR 0025). The
decoders and OpenCV let go of the interpreter's lock while they work, so the stream does not feel the second thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2

from edge.capture.scan import Code, in_order, quick_pass
from edge.capture.scan_decoders import Gray, Reading
from edge.capture.scan_look import SlowLook
from edge.capture.scan_still import still_there
from edge.capture.shrink import checked
from firmware.ports import Pixels

log = logging.getLogger(__name__)

_CLOSE_SECONDS_MAX: Final = 2.0  # a look takes up to a second on a Pi; one that never ends must not hold up the unit


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read in a frame, and the frame."""

    gray: Gray
    readings: list[Reading]


class LiveReader:
    """Reads one camera's stream, frame after frame. `read` belongs to one thread, all else to any.

    Args:
        on_read: called by the second thread when it has read something: the next `read` may give it.
    """

    def __init__(self, on_read: Callable[[], None] = lambda: None) -> None:
        self._on_read = on_read
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None  # made with the first frame that needs it
        # All below belongs to the condition.
        self._box: Gray | None = None
        self._looking = False
        self._seen: _Seen | None = None
        self._era = 0  # a look belongs to the era that it began in
        self._closed = False

    def read(self, frame: Pixels) -> list[Code]:
        """Return the codes that lie there, ours first: those of the quick pass, or else those read before and still
        to be seen where they were.

        Raises:
            PictureRefused: not a BGR frame. What was known stays.
        """
        gray = cv2.cvtColor(checked(frame), cv2.COLOR_BGR2GRAY)
        found = quick_pass(gray)
        if found:
            self._know(_Seen(gray, found))
            return in_order(found)
        with self._change:
            seen, era = self._seen, self._era
        if seen is not None and still_there(seen.readings, seen.gray, gray):
            return in_order(seen.readings)
        self._leave(gray, seen, era)
        return []

    def forget(self) -> None:
        """Drop all that was seen: what comes next is another stream. A look under way will have been in vain."""
        self._know(None)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until the second thread has nothing left to look at; say whether it has come to that."""
        with self._change:
            return self._change.wait_for(lambda: self._box is None and not self._looking, timeout_seconds)

    def close(self) -> None:
        """End the second thread. From now on `read` gives what the quick pass reads. Twice does no harm."""
        with self._change:
            self._closed = True
            thread = self._thread
        self._know(None)
        if thread is not None:
            thread.join(_CLOSE_SECONDS_MAX)

    def __enter__(self) -> LiveReader:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def _know(self, seen: _Seen | None) -> None:
        with self._change:
            self._era += 1
            self._seen = None if self._closed else seen
            self._box = None
            self._change.notify_all()

    def _leave(self, gray: Gray, gone: _Seen | None, era: int) -> None:
        """Leave a frame in the box; what is there of an older one is not looked at any more."""
        with self._change:
            if self._closed or self._era != era:
                return
            if gone is not None and self._seen is gone:
                self._seen = None
            self._box = gray
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="codes", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _run(self) -> None:
        slow, era = SlowLook(), 0
        while (taken := self._taken(era)) is not None:
            gray, now = taken
            try:
                if now != era:
                    era = now
                    slow.forget()
                if gray is not None:
                    self._look(slow, gray, era)
            except Exception:
                # The outermost loop of this thread: the stream goes on with what the quick pass reads.
                log.exception("codes: a slow look at a frame failed and was given up")

    def _taken(self, era: int) -> tuple[Gray | None, int] | None:
        """Wait for a frame in the box or a new era; return both, or None when all is over."""
        with self._change:
            self._looking = False
            self._change.notify_all()
            self._change.wait_for(lambda: self._closed or self._box is not None or self._era != era)
            if self._closed:
                return None
            gray, self._box = self._box, None
            self._looking = gray is not None
            return gray, self._era

    def _look(self, slow: SlowLook, gray: Gray, era: int) -> None:
        found = slow.look(gray)
        if not found:
            return
        with self._change:
            if self._closed or self._era != era:
                return  # the quick pass has read something since, or all is to be forgotten
            self._seen = _Seen(gray, found)
        self._on_read()

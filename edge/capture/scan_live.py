"""A stream of frames -> the codes that lie under the camera: the stream waits for the quick pass and for nothing else.

Previews come from the document camera's thread (`edge/workers.py`), which calls `read` on each. A frame that the quick
pass reads no code of ours in is left in a box with one place; a second thread takes the newest from there and looks
slowly (`scan_look.py`) at what is not yet known. What it has read is given with a later frame, and only if that one
still shows it (ADR 0025). The decoders and OpenCV let go of the interpreter's lock while they work, so the stream does
not feel the second thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2

from edge.capture.scan import Code, in_order, is_known, is_ours, quick_pass
from edge.capture.scan_decoders import Gray, Reading
from edge.capture.scan_look import SlowLook
from edge.capture.scan_still import still_there
from edge.capture.shrink import checked
from firmware.ports import Pixels

log = logging.getLogger(__name__)

_CLOSE_SECONDS_MAX: Final = 2.0  # a look takes up to a second on a Pi; one that never ends must not hold up the unit


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read, and the frame that it was read in."""

    gray: Gray
    reading: Reading


@dataclass(frozen=True, slots=True)
class _Left:
    """A frame for the second thread, and what is known to stand in it."""

    gray: Gray
    known: list[Reading]


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
        self._box: _Left | None = None
        self._looking = False
        self._seen: list[_Seen] = []
        self._era = 0  # a look belongs to the era that it began in
        self._closed = False

    def read(self, frame: Pixels) -> list[Code]:
        """Return the codes that lie there, ours first: those of the quick pass, and those read before and still to be
        seen where they were. A code of ours ends the search; any other does not.

        Raises:
            PictureRefused: not a BGR frame. What was known stays.
        """
        gray = cv2.cvtColor(checked(frame), cv2.COLOR_BGR2GRAY)
        found = quick_pass(gray)
        if any(is_ours(reading.text) for reading in found):
            self._know([_Seen(gray, reading) for reading in found])
            return in_order(found)
        with self._change:
            seen, era = self._seen, self._era
        before = [each for each in seen if not is_known(each.reading, found)]
        still = [each for each in before if still_there([each.reading], each.gray, gray)]
        readings = found + [each.reading for each in still]
        there = [_Seen(gray, reading) for reading in found] + still
        self._keep(there, seen, era)
        if not any(is_ours(reading.text) for reading in readings):
            self._leave(_Left(gray, readings), era)
        return in_order(readings)

    def forget(self) -> None:
        """Drop all that was seen: what comes next is another stream. A look under way will have been in vain."""
        self._know([])

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until the second thread has nothing left to look at; say whether it has come to that."""
        with self._change:
            return self._change.wait_for(lambda: self._box is None and not self._looking, timeout_seconds)

    def close(self) -> None:
        """End the second thread. From now on `read` gives what the quick pass reads. Twice does no harm."""
        with self._change:
            self._closed = True
            thread = self._thread
        self._know([])
        if thread is not None:
            thread.join(_CLOSE_SECONDS_MAX)

    def __enter__(self) -> LiveReader:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def _know(self, seen: list[_Seen]) -> None:
        with self._change:
            self._era += 1
            self._seen = [] if self._closed else seen
            self._box = None
            self._change.notify_all()

    def _keep(self, there: list[_Seen], before: list[_Seen], era: int) -> None:
        """Know what is still there and what has just been read, unless the second thread has read more meanwhile."""
        with self._change:
            if self._closed or self._era != era or self._seen is not before:
                return
            self._seen = there

    def _leave(self, left: _Left, era: int) -> None:
        """Leave a frame in the box; what is there of an older one is not looked at any more."""
        with self._change:
            if self._closed or self._era != era:
                return
            self._box = left
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="codes", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _run(self) -> None:
        slow, era = SlowLook(), 0
        while (taken := self._taken(era)) is not None:
            left, now = taken
            try:
                if now != era:
                    era = now
                    slow.forget()
                if left is not None:
                    self._look(slow, left, era)
            except Exception:
                # The outermost loop of this thread: the stream goes on with what the quick pass reads.
                log.exception("codes: a slow look at a frame failed and was given up")

    def _taken(self, era: int) -> tuple[_Left | None, int] | None:
        """Wait for a frame in the box or a new era; return both, or None when all is over."""
        with self._change:
            self._looking = False
            self._change.notify_all()
            self._change.wait_for(lambda: self._closed or self._box is not None or self._era != era)
            if self._closed:
                return None
            left, self._box = self._box, None
            self._looking = left is not None
            return left, self._era

    def _look(self, slow: SlowLook, left: _Left, era: int) -> None:
        found = slow.look(left.gray, left.known)
        if not found:
            return
        with self._change:
            if self._closed or self._era != era:
                return  # the quick pass has read one of ours since, or all is to be forgotten
            more = [_Seen(left.gray, reading) for reading in found]
            self._seen = more + [each for each in self._seen if not is_known(each.reading, found)]
        self._on_read()

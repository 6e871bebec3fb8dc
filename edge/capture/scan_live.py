"""A stream of frames -> the codes in them: quick on every frame, slow only where something code-like lies unread.

Previews come from the document camera's thread (`edge/workers.py`). A frame that shows nothing code-like costs the
quick pass and a small look; one that does and is not read gets the slow steps, ever more rarely while nothing moves,
and then the frames before it are laid over each other: noise falls with their number, and shifts of part of a pixel
show finer bars.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.scan import Code, in_order, quick_pass, read_gray, sharpened
from edge.capture.scan_decoders import Gray, Reading
from edge.capture.shrink import checked
from firmware.ports import Pixels

_FIRST_LOOK: Final = 2  # of the frames that show the same unread thing: what has just been laid down moves in the first
_LOOK_STEP: Final = 4  # a look in vain makes the wait for the next so many times as long: 2, 5, 17, 65, ...
_THUMB: Final = (40, 24)  # pixels: grain is gone in so small a picture
_MOVED_MIN: Final = 12.0  # grey levels that one pixel of it differs by when something has been moved
JOINED_MAX: Final = 5  # frames kept for laying over each other
_SHIFT_MAX: Final = 12.0  # pixels between two frames of what lies still under a standing camera
_ALIKE_MIN: Final = 0.15  # of phase correlation's answer, 0 to 1: below, something else lies there
_LOOK_SIDE: Final = 320  # pixels of the small picture that is asked whether anything code-like is there
_EDGE_MIN: Final = 16.0  # grey levels per pixel
_DENSE_MIN: Final = 0.4  # of the pixels around: one edge alone has 2 of 9
_SHARE_MIN: Final = 0.004  # of the frame


class LiveReader:
    """Reads one camera's stream, frame after frame."""

    def __init__(self) -> None:
        self._unread, self._next = 0, _FIRST_LOOK
        self._kept: list[Gray] = []
        self._thumb: npt.NDArray[np.float32] | None = None

    def read(self, frame: Pixels) -> list[Code]:
        """Return the codes that this frame, with those before it, lets us read; ours first.

        Raises:
            PictureRefused: not a BGR frame. The frames before it stay.
        """
        gray = cv2.cvtColor(checked(frame), cv2.COLOR_BGR2GRAY)
        found = quick_pass(gray)
        if not found and code_like(gray):
            found = self._slowly(gray)
        elif not found:
            self.forget()
        if found:
            self.forget()
        return in_order(found)

    def forget(self) -> None:
        """Drop the frames kept so far: what lies there has changed."""
        self._unread, self._next, self._kept, self._thumb = 0, _FIRST_LOOK, [], None

    def _slowly(self, gray: Gray) -> list[Reading]:
        if self._kept and self._kept[-1].shape != gray.shape:
            self.forget()
        self._kept = [*self._kept[-(JOINED_MAX - 1) :], gray]
        if self._moved(gray):
            self._unread, self._next = 0, _FIRST_LOOK
        self._unread += 1
        if self._unread < self._next:
            return []
        self._next = _LOOK_STEP * self._unread - 3
        found = read_gray(gray)
        if not found and len(self._kept) > 1:
            together = join(self._kept)
            if together is not None:
                found = [_halved(each) for each in quick_pass(together) or quick_pass(sharpened(together, 3.0, 2.0))]
        return found

    def _moved(self, gray: Gray) -> bool:
        """Say whether the frame shows something else than the one before it, or the same elsewhere."""
        before, self._thumb = self._thumb, cv2.resize(gray, _THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)
        return before is not None and float(np.abs(before - self._thumb).max()) > _MOVED_MIN


def code_like(gray: Gray) -> bool:
    """Say whether anything in the frame has edges as strong and as close as a code's: a cheap, generous look."""
    step = max(1, max(gray.shape) // _LOOK_SIDE)
    small = gray[::step, ::step]
    right, down = cv2.spatialGradient(np.ascontiguousarray(small))
    strength = cv2.magnitude(right.astype(np.float32), down.astype(np.float32)) / 4
    dense = cv2.blur((strength > _EDGE_MIN).astype(np.float32), (9, 9)) > _DENSE_MIN
    return bool(dense.mean() > _SHARE_MIN)


def join(frames: list[Gray]) -> Gray | None:
    """Return frames of one still scene laid over each other at twice the size; None when they show different things.

    The last frame's place counts: a point at x, y of it is at 2x + 0.5, 2y + 0.5 of the result.
    """
    last = frames[-1]
    height, width = last.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    calm = _calm(last)
    layers: list[npt.NDArray[np.float32]] = []
    for each in frames:
        (right, down), answer = (0.0, 0.0), 1.0
        if each is not last:
            (right, down), answer = cv2.phaseCorrelate(calm, _calm(each), window)
        if answer < _ALIKE_MIN or max(abs(right), abs(down)) > _SHIFT_MAX:
            continue
        back = np.array([[0.5, 0.0, right - 0.25], [0.0, 0.5, down - 0.25]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        size = (2 * width, 2 * height)
        layers.append(cv2.warpAffine(each.astype(np.float32), back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))
    if len(layers) < 2:
        return None
    joined: Gray = np.clip(np.mean(layers, axis=0), 0, 255).astype(np.uint8)
    return joined


def _calm(gray: Gray) -> npt.NDArray[np.float32]:
    """Return what shifts are measured on: grain differs from frame to frame and would drown them."""
    calm: npt.NDArray[np.float32] = cv2.GaussianBlur(gray, (0, 0), 2.0).astype(np.float32)
    return calm


def _halved(reading: Reading) -> Reading:
    return Reading(reading.symbology, reading.text, (reading.points - 0.5) / 2, reading.lines)

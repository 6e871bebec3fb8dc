"""Previews -> when to photograph: a sheet is laid down, lies still, is taken once; it is lifted, the next one comes.

Fed by whoever holds the camera, some five to ten previews a second; says `take` once a sheet. Pure: the time comes with
each preview. A sheet that is pushed about, or on which a hand comes and goes, is still the same sheet; one that was
lifted off the desk and laid down again is a new one, since the clerk will have had a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from edge.capture.find import find_sheet
from edge.capture.flatten import flatten
from edge.capture.light import Floats
from edge.capture.quad import Corners, Quad, as_corners, side_lengths
from edge.capture.shrink import checked, shrink
from firmware.ports import Pixels

STILL_MS: Final = 500  # a hand that lets go needs about 300
LIFTED_MS: Final = 250  # a hand may hide the sheet for a frame or two
GAP_MS_MAX: Final = 2_000  # previews further apart say nothing about stillness
_MOVED: Final = 10.0  # grey levels of the mean in a block of the glance; the noise of a preview has 1
_CORNERS_MOVED: Final = 0.008  # of the frame's longest side
_OTHER: Final = 0.022  # of the paper's light, in a block of the print: one sheet, laid anew, has 0.02 at most
_TAKEN_MAX: Final = 8
_GLANCE: Final = (40, 30)
_PRINT: Final = (96, 96)


class Step(StrEnum):
    EMPTY = "empty"  # 请放上材料
    MOVING = "moving"  # 请放稳
    STILL = "still"  # taken in a moment
    TAKEN = "taken"  # 已拍，请换下一张


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watcher makes of one preview."""

    step: Step
    take: bool  # photograph now; True once for each sheet
    outline: Corners | None  # in pixels of the preview


class Watcher:
    """Watches one desk. Not thread-safe."""

    def __init__(self) -> None:
        self._glance: Floats | None = None
        self._quad: Quad | None = None
        self._still_since_ms = 0
        self._last_ms: int | None = None
        self._sheet_seen_ms: int | None = None
        self._taken: list[Floats] = []  # since the desk was last bare: the sheet, with and without a hand on it

    def see(self, preview: Pixels, monotonic_ms: int) -> Watched:
        """Return what to do now that the desk looks like this.

        Args:
            preview: a small frame of the whole desk, always of the same size.
            monotonic_ms: when it was taken; never less than the one before.

        Raises:
            PictureRefused: not a BGR frame. The watcher stays as it was.
        """
        preview = checked(preview)
        sheet = find_sheet(preview, quick=True)
        quad = None if sheet is None or sheet.cut else sheet.quad
        if self._disturbed(preview, quad, monotonic_ms):
            self._still_since_ms = monotonic_ms
        self._last_ms, self._quad = monotonic_ms, quad
        if quad is None:
            return self._without_sheet(monotonic_ms)
        self._sheet_seen_ms = monotonic_ms
        outline = as_corners(quad)
        if monotonic_ms - self._still_since_ms < STILL_MS:
            return Watched(Step.TAKEN if self._taken else Step.MOVING, False, outline)
        print_ = _print_of(preview, quad)
        if any(_same(print_, taken) for taken in self._taken):
            return Watched(Step.TAKEN, False, outline)
        self._taken = [*self._taken, print_][-_TAKEN_MAX:]
        return Watched(Step.STILL, True, outline)

    def again(self) -> None:
        """Let the sheet that lies there be taken once more: the judge refused it, or the clerk asked."""
        self._taken = []
        if self._last_ms is not None:
            self._still_since_ms = self._last_ms

    def _without_sheet(self, now_ms: int) -> Watched:
        if self._sheet_seen_ms is not None and now_ms - self._sheet_seen_ms < LIFTED_MS:
            return Watched(Step.TAKEN if self._taken else Step.MOVING, False, None)
        # What hides the sheet moves. Only a desk that lies still and bare says that the sheet was lifted.
        if now_ms - self._still_since_ms >= LIFTED_MS:
            self._taken = []
        return Watched(Step.TAKEN if self._taken else Step.EMPTY, False, None)

    def _disturbed(self, preview: Pixels, quad: Quad | None, now_ms: int) -> bool:
        """Say whether something has moved since the preview before, and remember this one."""
        small, _ = shrink(preview, 320)
        glance = cv2.resize(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), _GLANCE, interpolation=cv2.INTER_AREA)
        glance = glance.astype(np.float32)
        before, self._glance = self._glance, glance
        if before is None or self._last_ms is None or now_ms - self._last_ms > GAP_MS_MAX:
            return True
        # A lamp that flickers changes everything alike; what moves changes a part.
        change = glance - before
        if float(np.abs(change - np.median(change)).max()) > _MOVED:
            return True
        if quad is None or self._quad is None:
            return (quad is None) != (self._quad is None)
        return bool(np.abs(quad - self._quad).max() > _CORNERS_MOVED * max(preview.shape))


def _print_of(preview: Pixels, quad: Quad) -> Floats:
    """Return what is printed on the sheet, coarsely, whatever the light: 0 for paper, towards 1 for ink."""
    gray = cv2.cvtColor(flatten(preview, quad, _PRINT[0] * 4, _PRINT[1] * 4), cv2.COLOR_BGR2GRAY)
    paper = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8)).astype(np.float32) + 1
    lack = cv2.GaussianBlur(1 - gray / paper, (0, 0), 4)
    lengths = side_lengths(quad)
    aspect = float((lengths[0] + lengths[2]) / (lengths[1] + lengths[3]))
    print_: Floats = cv2.resize(lack, _PRINT, interpolation=cv2.INTER_AREA)
    # The shape goes with it, so that a card is never taken for a sheet of the same greyness.
    return np.concatenate([print_, np.full((1, _PRINT[0]), aspect, np.float32)]).astype(np.float32)


def _same(one: Floats, two: Floats) -> bool:
    """Say whether two prints are of one sheet: alike everywhere, once shifted by what finding its corners may err."""
    if abs(float(one[-1, 0] / two[-1, 0]) - 1) > 0.08:
        return False
    first, second = one[:-1], two[1:-2, 1:-1]
    best = 1.0
    for down in range(3):
        for across in range(3):
            part = first[down : down + second.shape[0], across : across + second.shape[1]]
            best = min(best, float(cv2.blur(cv2.absdiff(part, second), (5, 5)).max()))
    return best < _OTHER

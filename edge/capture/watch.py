"""Previews -> when to photograph: a sheet is laid down, lies still, is taken once; it is lifted, the next one comes.

Fed by whoever holds the camera, some five to ten previews a second; says `take` once a sheet. Pure: the time comes with
each preview. A sheet that is pushed about, or on which a hand comes and goes, is still the same sheet; one that was
lifted off the desk and laid down again is a new one, since the clerk will have had a reason. A sheet that the judge
refused is taken again, but not before something has changed: the same picture would be refused again.
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
_LIT_ANEW: Final = 14.0  # grey levels of the whole desk: a lamp was switched on, or turned away
_OTHER: Final = 0.022  # of the paper's light, in a block of the print: one sheet, laid anew, has 0.02 at most
_SMALL: Final = 600.0  # preview pixels of the longest side
_TAKEN_MAX: Final = 8
_GLANCE: Final = (40, 30)
_PRINT: Final = (96, 96)


class Step(StrEnum):
    EMPTY = "empty"  # 请放上材料
    MOVING = "moving"  # 请放稳
    STILL = "still"  # taken in a moment
    TAKEN = "taken"  # 已拍，请换下一张
    CUT = "cut"  # 请移到画面中间
    REFUSED = "refused"  # what the judge said; taken again once something has changed


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
        self._done = False  # what lies there was taken, and nothing has moved since
        self._held: Quad | None = None  # the last sheet seen since something moved
        self._looked = False  # a slow look was had since something moved
        self._refused: Floats | None = None  # the desk as it was when the judge refused; None once it has changed

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
            self._held, self._looked = None, False
        self._last_ms, self._quad = monotonic_ms, quad
        if quad is None and sheet is None:
            quad = self._held if self._held is not None else self._slow_look(preview, monotonic_ms)
        if quad is None:
            return self._without_sheet(monotonic_ms, cut=sheet is not None)
        self._held, self._sheet_seen_ms = quad, monotonic_ms
        outline = as_corners(quad)
        if self._refused is not None:
            return Watched(Step.REFUSED, False, outline)
        if monotonic_ms - self._still_since_ms < STILL_MS:
            return Watched(Step.TAKEN if self._taken else Step.MOVING, False, outline)
        if self._done:
            return Watched(Step.TAKEN, False, outline)
        print_ = _print_of(preview, quad)
        if any(_same(print_, taken) for taken in self._taken):
            return Watched(Step.TAKEN, False, outline)
        self._taken = [*self._taken, print_][-_TAKEN_MAX:]
        self._done = True
        return Watched(Step.STILL, True, outline)

    def again(self) -> None:
        """Let the sheet that lies there be taken once more, as it lies: the clerk asked."""
        self._taken, self._refused, self._done = [], None, False
        if self._last_ms is not None:
            self._still_since_ms = self._last_ms

    def refused(self) -> None:
        """The judge refused the sheet that lies there: take it once more as soon as something has changed."""
        self._taken, self._refused, self._done = [], self._glance, False

    def took(self, preview: Pixels) -> None:
        """What lies there now was photographed, by whomever: it is not taken again.

        Raises:
            PictureRefused: not a BGR frame. The watcher stays as it was.
        """
        self._refused = None
        sheet = find_sheet(checked(preview), quick=True)
        self._done = self._glance is not None  # else nothing is known of what lay there
        if sheet is not None and not sheet.cut:
            self._taken = [*self._taken, _print_of(preview, sheet.quad)][-_TAKEN_MAX:]

    def _slow_look(self, preview: Pixels, now_ms: int) -> Quad | None:
        """Look thoroughly, once for each time that the desk lies still: a quick look misses white on white."""
        if self._looked or now_ms - self._still_since_ms < LIFTED_MS:
            return None
        self._looked = True
        sheet = find_sheet(preview)
        return None if sheet is None or sheet.cut else sheet.quad

    def _without_sheet(self, now_ms: int, *, cut: bool) -> Watched:
        if self._sheet_seen_ms is not None and now_ms - self._sheet_seen_ms < LIFTED_MS:
            return Watched(Step.TAKEN if self._taken else Step.MOVING, False, None)
        if cut:
            return Watched(Step.CUT, False, None)
        # What hides the sheet moves. Only a desk that lies still and bare says that the sheet was lifted.
        if now_ms - self._still_since_ms >= LIFTED_MS:
            self._taken, self._refused, self._done = [], None, False
        return Watched(Step.TAKEN if self._taken else Step.EMPTY, False, None)

    def _disturbed(self, preview: Pixels, quad: Quad | None, now_ms: int) -> bool:
        """Say whether something has moved since the preview before, and remember this one."""
        small, _ = shrink(preview, 320)
        glance = cv2.resize(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), _GLANCE, interpolation=cv2.INTER_AREA)
        glance = glance.astype(np.float32)
        before, self._glance = self._glance, glance
        if self._refused is not None and _changed(self._refused, glance):
            self._refused = None
        if before is None or self._last_ms is None or now_ms - self._last_ms > GAP_MS_MAX:
            return True
        if _moved(before, glance):
            self._done = False
            return True
        if quad is None or self._quad is None:
            return False
        return bool(np.abs(quad - self._quad).max() > _CORNERS_MOVED * max(preview.shape))


def _moved(before: Floats, after: Floats) -> bool:
    """Say whether something moved. A lamp that flickers changes everything alike; what moves changes a part."""
    change = after - before
    return float(np.abs(change - np.median(change)).max()) > _MOVED


def _changed(before: Floats, after: Floats) -> bool:
    """Say whether anything is other than it was, the light included."""
    return _moved(before, after) or abs(float(np.median(after - before))) > _LIT_ANEW


def _print_of(preview: Pixels, quad: Quad) -> Floats:
    """Return what is printed on the sheet, coarsely, whatever the light: 0 for paper, towards 1 for ink."""
    gray = cv2.cvtColor(flatten(preview, quad, _PRINT[0] * 4, _PRINT[1] * 4), cv2.COLOR_BGR2GRAY)
    paper = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8)).astype(np.float32) + 1
    lack = cv2.GaussianBlur(1 - gray / paper, (0, 0), 4)
    lengths = side_lengths(quad)
    # Corners err by a pixel or two, which is more of a card than of a sheet.
    lack *= min(1.0, float(lengths.max()) / _SMALL)
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

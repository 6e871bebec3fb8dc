"""A flat page -> its lines of print: where they stand, how tall their characters are, how deep their ink is.

Print of any size, dark on light or light on dark (a cover), lying or standing. What is no line of print, a photo, a
seal, a rule of a table, is left out. For `judge.py`, which measures blur on them, against the finest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.levels import level_quantile
from edge.capture.light import Floats
from firmware.ports import Pixels

_HALVED_ABOVE: Final = 1300  # page pixels of the longer side
_GAPS: Final = (3, 9, 15)  # by which what lies apart is joined to one line, in pixels of the reduced page
_TALLEST: Final = 60  # pixels of the reduced page
_LEAST: Final = 4
_LONG: Final = 2.6  # a line is so many times longer than tall
_SOLID: Final = 0.85  # more ink than this is a rule, not print
_SPARSE: Final = 0.12
_FULL: Final = 0.62  # of its box that a joined line fills; a table's frame does not
_INK: Final = 0.09  # contrast
_CHARACTERS: Final = 5  # so many of a size, or it is no print
_RUNS: Final = 1.6  # of ink, along a line: a single stroke has one
_OF_MOST: Final = 0.35
_PALE: Final = 0.55  # of the usual print's contrast
_WHOLE: Final = 255.0  # of a share that is counted in bytes
_AS_DARK: Final = 0.8  # of the page's middle grey level
_DARKEST_LIGHT: Final = 48  # grey levels below white: on ground lighter than that nobody prints in a lighter ink
_DARK: Final = 110  # grey levels: a page whose middle is below may be printed in light ink

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Lines:
    """What print was found."""

    boxes: npt.NDArray[np.int32]  # n × 4: left, top, width, height in page pixels
    heights: Floats  # n: of the characters, page pixels
    is_light: bool  # light print on a dark ground
    depth: Floats  # contrast of the ink, 0 to 1, on the thumbnail's grid: the most within each of its pixels

    @property
    def finest_px(self) -> float:
        """Return the height of the smallest characters, page pixels; 0 when there is no line of print."""
        return finest_height(self.boxes, self.heights)


def finest_height(boxes: npt.NDArray[np.int32], heights: Floats) -> float:
    """Return the least height that enough characters have, 0 when there is none. Infinite ones do not count."""
    order = np.argsort(heights)
    order = order[np.isfinite(heights[order])]
    if not len(order):
        return 0.0
    heights = heights[order]
    characters = (boxes[order, 2:].max(axis=1) / heights).cumsum()
    upto = characters[np.searchsorted(heights, 1.25 * heights, side="right") - 1]
    before = np.concatenate([[0.0], characters[:-1]])
    enough = np.flatnonzero(upto - before >= _CHARACTERS)
    return float(heights[enough[0]]) if len(enough) else float(heights[-1])


def find_lines(page: Pixels, thumb_height: int, thumb_width: int, noise: float) -> Lines:
    """Return the lines of print. `noise` is its σ in grey levels of the page."""
    factor = 2 if max(page.shape[:2]) > _HALVED_ABOVE else 1
    size = (page.shape[1] // factor, page.shape[0] // factor)
    # Cut to whole cells: by an exact 2 it takes a tenth of the time.
    whole = page[: size[1] * factor, : size[0] * factor]
    small = cv2.resize(whole, size, interpolation=cv2.INTER_AREA) if factor > 1 else page
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    found = _lines(_depth(gray, noise))
    is_light = False
    middle = level_quantile(gray[::8, ::8], 0.5)
    if len(found.boxes) < 3 or middle < _DARK:
        light = _lines(_depth(255 - gray, noise, _DARKEST_LIGHT))
        if len(light.boxes) and (light.weight > found.weight or _is_ground(gray, found, middle)):
            found, is_light = light, True
    most = cv2.dilate(found.depth, np.ones((3, 3), np.uint8))
    most = cv2.resize(most, (thumb_width, thumb_height), interpolation=cv2.INTER_NEAREST)
    # Ink is drawn a little narrower than characters are tall: by a pixel of what was looked at.
    heights = (found.heights + 1) * factor
    return Lines(found.boxes * factor, heights, is_light, np.asarray(most / np.float32(_WHOLE), np.float32))


def _is_ground(gray: Grey, found: _Found, middle: float) -> bool:
    """Say whether the ink of these dark lines is no darker than the page's `middle`: light print's ground, then."""
    ink = np.zeros(gray.shape, np.uint8)
    for left, top, width, height in found.boxes:
        ink[top : top + height, left : left + width] = 1
    ink &= cv2.compare(found.depth, round(_INK * _WHOLE), cv2.CMP_GT)
    return float(cv2.mean(gray, ink)[0]) > _AS_DARK * middle


def _depth(gray: Grey, noise: float, least: int = 8) -> Grey:
    """Return how much darker than the ground beside it each pixel is, as a share of that ground, in 1/255.

    Ground of less than `least` grey levels counts as so much: there a level or two would be deep.
    """
    calm = cv2.blur(gray, (2, 2)) if noise > 3 else gray
    ground = cv2.morphologyEx(calm, cv2.MORPH_CLOSE, np.ones((21, 21), np.uint8))
    lack = cv2.subtract(cv2.subtract(ground, calm), np.full(1, round(2.5 * noise), np.uint8))
    return np.asarray(cv2.divide(lack, cv2.max(ground, least), scale=_WHOLE), np.uint8)


@dataclass(frozen=True, slots=True)
class _Found:
    boxes: npt.NDArray[np.int32]
    heights: Floats
    depth: Grey  # in 1/255
    weight: float  # how much print it is


def _lines(depth: Grey) -> _Found:
    # Against the deepest ink beside it, or blurred and tiny characters would be one solid bar.
    most = cv2.dilate(depth, np.ones((11, 11), np.uint8))
    bound = cv2.max(cv2.convertScaleAbs(most, alpha=_OF_MOST), round(_INK * _WHOLE))
    mask = cv2.compare(depth, bound, cv2.CMP_GT) & 1
    parts = []
    for gap in _GAPS:
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
        boxes = _things(joined, max(_LEAST, gap))
        parts.append(boxes[boxes[:, 4] >= _FULL * boxes[:, 2] * boxes[:, 3]][:, :4])
    boxes = np.unique(np.concatenate(parts), axis=0)
    sums = _Sums(boxes, mask.shape)
    area = boxes[:, 2] * boxes[:, 3]
    inked, deep = sums.of(mask), sums.of(depth)
    lying = boxes[:, 2] >= boxes[:, 3]
    changes = np.where(lying, sums.of(mask[:, 1:] ^ mask[:, :-1], left=1), sums.of(mask[1:] ^ mask[:-1], top=1))
    runs = changes / 2 / np.maximum(1, np.minimum(boxes[:, 2], boxes[:, 3]))
    share = inked / np.maximum(1, area)
    print_ = np.flatnonzero((share < _SOLID) & (share > _SPARSE) & (runs >= _RUNS))
    print_ = print_[_outermost(boxes[print_])]
    # A form's rules, a card's pattern: paler than any print beside them, and no print.
    ink = deep[print_] / np.maximum(1, inked[print_])
    if len(print_):
        order = np.argsort(ink)
        reached = np.cumsum(area[print_][order])
        middle = min(int(np.searchsorted(reached, 0.6 * reached[-1])), len(order) - 1)
        print_ = print_[ink > _PALE * ink[order[middle]]]
    boxes = boxes[print_]
    heights = np.minimum(boxes[:, 2], boxes[:, 3]).astype(np.float32)
    return _Found(boxes, heights, depth, float(deep[print_].sum()))


def _things(mask: Grey, least: int) -> npt.NDArray[np.int32]:
    """Return what may be lines in the mask, n × 5: box and pixels. What stands within a frame is one as well.

    By outlines: to number every pixel of the mask takes three times as long.
    """
    outlines, family = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    things = []
    kin = family[0].tolist() if family is not None else []
    for index, (_, _, _, parent) in enumerate(kin):
        if parent >= 0:  # a hole
            continue
        box = cv2.boundingRect(outlines[index])
        short, long = min(box[2:]), max(box[2:])
        if least <= short <= _TALLEST and long >= _LONG * short:
            things.append((*box, _pixels(outlines, kin, index)))
    return np.array(things, np.int32).reshape(-1, 5)


def _pixels(outlines: Sequence[npt.NDArray[np.int32]], family: list[list[int]], index: int) -> float:
    """Return how many pixels a thing has, without those in its holes, by Pick's theorem on each outline."""
    count = cv2.contourArea(outlines[index]) + len(outlines[index]) / 2 + 1
    hole = family[index][2]
    while hole >= 0:
        count -= cv2.contourArea(outlines[hole]) - len(outlines[hole]) / 2 + 1
        hole = family[hole][0]
    return float(count)


def _outermost(boxes: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Say which boxes do not lie in a taller, longer line: strokes of its characters do.

    What is nearly as long as that is a line itself, of two that were joined.
    """
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    short, long = np.minimum(boxes[:, 2], boxes[:, 3]), np.maximum(boxes[:, 2], boxes[:, 3])
    reach = boxes[:, :2] + boxes[:, 2:]
    inside = ((middle[:, None] > boxes[None, :, :2]) & (middle[:, None] < reach[None])).all(axis=2)
    within = inside & (short[None] > 1.5 * short[:, None]) & (long[None] > 2.5 * long[:, None])
    return np.asarray(~within.any(axis=1))


class _Sums:
    """Sums within boxes, of one plane after the other, all in the same memory: getting it takes longer than adding."""

    def __init__(self, boxes: npt.NDArray[np.int32], shape: tuple[int, ...]) -> None:
        self._left, self._top = boxes[:, 0], boxes[:, 1]
        self._right, self._bottom = self._left + boxes[:, 2], self._top + boxes[:, 3]
        self._table = np.empty((shape[0] + 1, shape[1] + 1), np.int32)

    def of(self, plane: Grey, left: int = 0, top: int = 0) -> npt.NDArray[np.float64]:
        """Return the sum within each box of a plane that begins at `left` and `top`."""
        table = cv2.integral(plane, self._table[top:, left:])
        columns, ends = np.maximum(0, self._left - left), self._right - left
        rows, feet = np.maximum(0, self._top - top), self._bottom - top
        total = table[feet, ends] - table[rows, ends] - table[feet, columns] + table[rows, columns]
        return np.asarray(total, np.float64)

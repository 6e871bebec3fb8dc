"""A flat card -> which side of a resident's identity card it is, and how it must be turned. Unknown when not sure.

By what is printed where, as the card's public standard has it (GA 448; lengths here in mm from the upper left corner):
the portrait side has a likeness at the right, lines of print left of it, the number's line at the foot; the emblem side
a red emblem upper left, two lines of title right of it, two small lines at the foot. All of it must be there. Reads
nothing. Cards that borrow the layout, as residence permits do, look the same to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from edge.capture.light import Floats, Light, Mask
from firmware.ports import Pixels

_WIDE, _HIGH = 85.6, 54.0
_DOTS: Final = 3  # to a mm: the card's finest lines of print are 2 mm apart from the next
_INK: Final = 0.10  # darker than the ground beside it, as a share; guilloches have 0.08 at most
_NOISY: Final = 4.0  # and by so many of the ground's own σ
_SOLID: Final = 0.14  # darker than the card's ground over the breadth of a finger: hair, cloth
_WARM_MIN: Final = 0.08  # red above blue, as a share of white; tints of the ground have 0.06
_WARM: Final = 0.52  # of the emblem's strongest: gilt has more and skin less; a reflection takes from both
_FINGER_MM: Final = 5.0
_LINED: Final = 0.3  # of the print in a part's fullest row: what has more belongs to a line
_FULL: Final = 0.2  # print in the fullest row that is looked for; large characters have more
_LINE_MM: Final = 1.2  # a band lower than this is no line
_EMBLEM_MM2: Final = (110.0, 400.0)  # about 17 × 18 mm
_LIKENESS_MM2: Final = (30.0, 900.0)  # from hair alone, over pale skin and a white shirt, to a framed picture


class CardSide(StrEnum):
    """The sides of a resident's identity card (居民身份证)."""

    PORTRAIT = "portrait"  # 人像面
    EMBLEM = "emblem"  # 国徽面


@dataclass(frozen=True, slots=True)
class Sided:
    """A side, and the way up that it was known by."""

    side: CardSide
    quarters: int  # times 90° clockwise that the page must be turned to stand upright: 0 to 3


def find_card_side(page: Pixels, light: Light) -> Sided | None:
    """Return which side this card shows; None when it is none of the two, or not surely one.

    Args:
        page: the flat card in its own light, on any of its four ways up.
        light: of the same page, as `light.measure_light` says.
    """
    lying = page.shape[1] >= page.shape[0]
    planes = _planes(page, light, lying)
    for quarters in (0, 2) if lying else (1, 3):
        seen = _See(*(np.rot90(plane, -quarters) for plane in planes))
        if _is_portrait(seen):
            return Sided(CardSide.PORTRAIT, quarters)
        if _is_emblem(seen):
            return Sided(CardSide.EMBLEM, quarters)
    return None


def _planes(page: Pixels, light: Light, lying: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what the rule looks at, free of the light: thin and dark, broad and dark, the same where the light's own
    map took it for a shadow (0 or 1 each), warmth."""
    size = (round(_WIDE * _DOTS), round(_HIGH * _DOTS))
    size = size if lying else size[::-1]
    small = cv2.resize(page, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    level, smooth = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (light.level, light.smooth))
    small /= level[..., None] * light.colour
    gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    reach = round(_FINGER_MM * _DOTS) | 1
    ground = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    lack = 1 - gray / np.maximum(ground, 0.01)
    # Closing is a maximum, and in the dark the maximum is noise: what most of the card has is no ink.
    usual, low = np.percentile(lack[::2, ::2], (50, 16))
    ink = lack > max(_INK, usual + _NOISY * (usual - low))
    solid = ground < (1 - _SOLID) * float(np.median(ground))
    unlit = ground * (level / smooth)
    dim = unlit < (1 - _SOLID) * float(np.median(unlit))
    warmth = cv2.GaussianBlur(small[..., 2] - small[..., 0], (0, 0), _DOTS / 2)
    return ink.astype(np.float32), solid.astype(np.float32), dim.astype(np.float32), warmth


class _See:
    """The planes, turned upright and measured in mm."""

    def __init__(self, ink: Floats, solid: Floats, dim: Floats, warmth: Floats) -> None:
        self._ink, self._solid, self._dim, self._warmth = ink, solid, dim, warmth

    def ink(self, left: float, top: float, right: float, bottom: float) -> float:
        """Return the share of this part that is inked."""
        return float(_part(self._ink, left, top, right, bottom).mean())

    def along(self, left: float, top: float, right: float, bottom: float) -> float:
        """Return over which share of its length a line of print runs in this part, looked at every 3 mm."""
        columns: Mask = np.asarray(_part(self._ink, left, top, right, bottom).any(axis=0), np.bool_)
        step = 3 * _DOTS
        return float(columns[: len(columns) // step * step].reshape(-1, step).any(axis=1).mean())

    def lines(self, left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
        """Return the lines of print in this part: top and bottom of each."""
        rows: Floats = np.asarray(_part(self._ink, left, top, right, bottom).mean(axis=1), np.float32)
        lined = np.zeros(len(rows) + 2, np.int8)
        lined[1:-1] = rows > _LINED * min(_FULL, float(rows.max()))
        edges = np.flatnonzero(np.diff(lined))
        bands = (top + edges / _DOTS).reshape(-1, 2)
        return [(float(a), float(b)) for a, b in bands if b - a >= _LINE_MM]

    def solid(self, left: float, top: float, right: float, bottom: float) -> float:
        """Return the broad and dark area in this part, in mm²."""
        return float(_part(self._solid, left, top, right, bottom).sum()) / _DOTS**2

    def dim(self, left: float, top: float, right: float, bottom: float) -> float:
        """Return the same, with what may be a shadow."""
        return float(_part(self._dim, left, top, right, bottom).sum()) / _DOTS**2

    def is_emblem(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Say whether one round, red and gilt thing lies in the middle of this part, and does not reach beyond it."""
        part = _part(self._warmth, left, top, right, bottom)
        warm = self._warmth > max(_WARM_MIN, _WARM * float(np.percentile(part, 98)))
        _, names, found, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(warm).astype(np.uint8))
        across, down = (right - left) / 4, (bottom - top) / 4
        middle = _part(names, left + across, top + down, right - across, bottom - down)
        counts = np.bincount(middle.ravel(), minlength=len(found))[1:]
        if not counts.any():
            return False
        x, y, wide, high, dots = (int(value) for value in found[1 + int(counts.argmax())])
        inside = left * _DOTS <= x and top * _DOTS <= y and x + wide <= right * _DOTS and y + high <= bottom * _DOTS
        is_round = 0.7 * high < wide < 1.4 * high and dots > 0.6 * wide * high
        return inside and is_round and _EMBLEM_MM2[0] < dots / _DOTS**2 < _EMBLEM_MM2[1]


def _part(plane: Floats, left: float, top: float, right: float, bottom: float) -> Floats:
    rows = slice(round(top * _DOTS), round(bottom * _DOTS))
    return plane[rows, round(left * _DOTS) : round(right * _DOTS)]


def _is_portrait(seen: _See) -> bool:
    likeness = max(seen.solid(53, 5, 83, 41), seen.dim(53, 5, 83, 41))
    if not _LIKENESS_MM2[0] < likeness < _LIKENESS_MM2[1] or seen.solid(3, 3, 50, 41) > 0.4 * likeness:
        return False
    # The number: one line from the card's first third to near its right rim, bare ground above and below it.
    # A finger may hold one half of it.
    halves = seen.lines(31, 41.5, 52, 51.5), seen.lines(54, 41.5, 75, 51.5)
    if not any(len(half) == 1 and half[0][1] - half[0][0] < 5.5 for half in halves):
        return False
    if seen.solid(31, 42, 80, 51.5) > 15 or seen.along(31, 43, 75, 49.5) < 0.9 or not seen.ink(71, 43, 75, 49.5):
        return False
    # Name, sex, birth and one to three lines of address, the first of each with its word before it.
    return 3 <= len(seen.lines(4, 5, 13, 36)) <= 5 and 4 <= len(seen.lines(14.5, 5, 26, 42)) <= 7


def _is_emblem(seen: _See) -> bool:
    if not seen.is_emblem(2, 2, 27, 28) or seen.solid(30, 5, 80, 35) > 150:
        return False
    # The country's name and the card's: both long, the second larger; characters as wide as these leave no other line.
    # Below them the Great Wall begins, printed pale.
    title = seen.lines(32, 4, 78, 26.5)
    if not title or title[0][0] > 12 or title[-1][1] < 20:
        return False
    if min(seen.along(32, 8, 77, 14), seen.along(32, 17, 77, 24)) < 0.7:
        return False
    # Issuer and term: two small lines, each a word and what it says (a finger may lie below), and nothing left of them.
    words, values = seen.lines(17, 36.5, 31, 51), seen.lines(33, 36.5, 50, 51)
    return 2 <= len(words) <= 3 and 2 <= len(values) <= 3 and seen.ink(4, 38, 14, 51) < 0.05

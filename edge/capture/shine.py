"""A page's lines of print and its light -> whether a saturated shine stands where print must be. For `judge.py`.

Where the sensor is full, nothing is left that could be seen to fade (`glare.py`): print stops there as if it ended.
But what stands in a row at both sides of such a shine runs on beneath; a seal at its rim goes on as well, being round;
and a card is printed nearly all over. They count only where the shine rises steeply, as a strong lamp's does: at a weak
one's middle the paper is full as well, and its ink is not. Light print on a dark cover is full wherever the cover is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.light import THUMB, Floats, Light, Mask, smooth_light
from edge.capture.print_lines import Lines
from firmware.ports import Pixels

_FULL: Final = 249.0  # grey levels
_BRIGHTER: Final = 1.04  # than the sheet's smooth light
_LEAST: Final = 20  # of the thumbnail's pixels: so large is a shine
_STEEP: Final = 3.5  # times as far from the middle of the full part to its rim as from there to half the light added
_STEEP_ON_CARDS: Final = 4.5
_STEEP_AT_SEALS: Final = 6.5
_OF_CARD: Final = 0.02  # so much of a card hides something
_FAR: Final = 40  # of the thumbnail's pixels: how far out the shine's fall is followed
_GAMMA: Final = 2.2  # of the camera: light adds before it
_INK: Final = 0.2  # contrast of what is print and no fleck of the paper
_BEYOND: Final = 4  # of the thumbnail's pixels from where half the light is added: there ink is seen again
_ROWS: Final = 0.6  # of the characters' height that print must stand at both sides for: a rule of a table does not
_RED: Final = 0.2  # share of the paper's light by which a seal has more red than green
_SEAL: Final = 12  # of the thumbnail's pixels of it

Plane = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Shine:
    """One reflection in which the sensor is full."""

    full: Plane  # 1 where it is, on the thumbnail's grid
    away: Floats  # how far each pixel lies from there
    half: int  # that distance where half the light is added that can be
    steep: float


def hides_print(thumb: Pixels, gray: Floats, lines: Lines, light: Light, *, is_card: bool) -> bool:
    """Say whether a saturated shine hides print, by what stands around it.

    Args:
        thumb: the page's thumbnail.
        gray: the same in grey levels 0 to 255.
        lines: of the page.
        light: of the same thumbnail.
        is_card: it is an identity card, printed nearly all over.
    """
    if is_card:
        # A lamp's wide veil is as much of a card as its own light, and would pass for that.
        light = replace(light, smooth=smooth_light(light.level, ~light.foreign & (gray <= _FULL)))
    full = ((gray > _FULL) & (gray > _BRIGHTER * light.smooth)).astype(np.uint8)
    full = cv2.morphologyEx(full, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if not full.any():
        return False
    full = cv2.morphologyEx(full, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(full)
    areas = stats[:, cv2.CC_STAT_AREA]
    large = [index for index in range(1, count) if areas[index] >= _LEAST]
    if is_card and areas[large].sum() < _OF_CARD * full.size:
        return False
    added = _added(light)
    shines = [_measured(np.asarray(labels == index, np.uint8), added) for index in large]
    if is_card:
        return any(shine.steep >= _STEEP_ON_CARDS for shine in shines)
    own = ~cv2.dilate(light.foreign.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)  # no photo's
    # Where dark paper is as bright as can be, so is the light print on it; dark print may still show on light paper.
    steep = 0.0 if lines.is_light else _STEEP
    ink, red = own & (lines.depth > _INK), own & (_redness(thumb, light) > _RED)
    return any(
        (shine.steep >= steep and _between_print(shine, ink, lines))
        or (shine.steep >= _STEEP_AT_SEALS and _at_seal(shine, red))
        for shine in shines
    )


def _measured(full: Plane, added: Floats) -> _Shine:
    inner = float(cv2.distanceTransform(full, cv2.DIST_L2, 5).max())
    away = np.asarray(cv2.distanceTransform(1 - full, cv2.DIST_L2, 5), np.float32)
    for half in range(1, _FAR):
        ring = added[(away >= half) & (away < half + 1)]
        if len(ring) > 10 and float(np.median(ring)) < 0.5:
            break
    return _Shine(full, away, half, inner / half)


def _between_print(shine: _Shine, ink: Mask, lines: Lines) -> bool:
    """Say whether print stands at both sides of this shine, in as many rows together as a character is tall."""
    full, wide, tall = shine.full, *lines.boxes[:, 2:].T
    if wide[wide >= tall].sum() < tall[wide < tall].sum():
        full, ink = full.T, ink.T
    rows = np.flatnonzero(full.any(axis=1))
    first, behind = full[rows].argmax(axis=1), full.shape[1] - full[rows, ::-1].argmax(axis=1)
    so_far = np.pad(ink, ((0, 0), (1, 0))).cumsum(axis=1)
    reach = shine.half + _BEYOND
    before = so_far[rows, first] - so_far[rows, np.maximum(0, first - reach)]
    after = so_far[rows, np.minimum(full.shape[1], behind + reach)] - so_far[rows, behind]
    both = np.zeros(full.shape[0], bool)
    both[rows] = (before > 0) & (after > 0)
    least = max(1, round(_ROWS * lines.finest_px / THUMB))
    return len(both) >= least and bool(np.lib.stride_tricks.sliding_window_view(both, least).all(axis=1).any())


def _at_seal(shine: _Shine, red: Mask) -> bool:
    return int((red & (shine.away > 0) & (shine.away <= shine.half + 2)).sum()) >= _SEAL


def _redness(thumb: Pixels, light: Light) -> Floats:
    """Return by what share of the paper's light there is more red than green."""
    green, red = (thumb[..., band] / light.colour[band] for band in (1, 2))
    return np.asarray((red - green) / light.level, np.float32)


def _added(light: Light) -> Floats:
    """Return the light that reflections add to the paper's own, as a share of all that the sensor can still take."""
    paper, level = ((part / 255) ** _GAMMA for part in (light.smooth, light.level))
    return np.asarray(np.maximum(level - paper, 0) / np.maximum(1 - paper, 0.02), np.float32)

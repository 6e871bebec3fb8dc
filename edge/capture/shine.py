"""A page's lines of print and its light -> whether a saturated shine stands where print must be. For `judge.py`.

Where the sensor is full, nothing is left that could be seen to fade (`glare.py`): lines stop there as if they ended.
But a line that stops at one side of such a shine while another begins in the same row at its other side runs on
beneath; and a card is printed nearly all over. Both count only where the shine rises steeply, as a strong lamp's does:
at a weak one's middle the paper is full as well, and its ink is not.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.light import THUMB, Floats, Light
from edge.capture.print_lines import Lines

_FULL: Final = 249.0  # grey levels
_BRIGHTER: Final = 1.04  # than the sheet's smooth light
_LEAST: Final = 20  # of the thumbnail's pixels: so large is a shine
_STEEP: Final = 3.5  # times as far from the middle of the full part to its rim as from there to half the light added
_STEEP_ON_CARDS: Final = 4.5
_OF_CARD: Final = 0.02  # so much of a card hides something
_FAR: Final = 40  # of the thumbnail's pixels: how far out the shine's fall is followed
_GAMMA: Final = 2.2  # of the camera: light adds before it
_BACK: Final = 2  # of the thumbnail's pixels that a line may have been found too long by
_ACROSS: Final = 1.5  # heights of print that the shine must be wide for a character to be lost in it
_IN: Final = 0.8  # of them
_BAND: Final = 0.5  # of the line's height that must be in the shine

Plane = npt.NDArray[np.uint8]


def hides_print(gray: Floats, lines: Lines, light: Light, *, is_card: bool) -> bool:
    """Say whether a saturated shine hides print, by what stands around it.

    Args:
        gray: the page's thumbnail, grey levels 0 to 255.
        lines: of the page.
        light: of the same thumbnail.
        is_card: it is an identity card, printed nearly all over.
    """
    full = ((gray > _FULL) & (gray > _BRIGHTER * light.smooth)).astype(np.uint8)
    full = cv2.morphologyEx(full, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if not full.any():
        return False
    full = cv2.morphologyEx(full, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(full)
    areas = stats[:, cv2.CC_STAT_AREA]
    large = [index for index in range(1, count) if areas[index] >= _LEAST]
    shines = [np.asarray(labels == index, np.uint8) for index in large]
    if is_card:
        hiding, steep = (shines if areas[large].sum() >= _OF_CARD * full.size else []), _STEEP_ON_CARDS
    else:
        hiding, steep = [shine for shine in shines if _between_print(shine, lines)], _STEEP
    if not hiding:
        return False
    added = _added(light)
    return any(_steepness(shine, added) >= steep for shine in hiding)


def _between_print(shine: Plane, lines: Lines) -> bool:
    """Say whether in some row, or column, one line of print ends at this shine and another begins behind it."""
    ends: dict[tuple[bool, int], set[int]] = {}
    for (left, top, width, height), tall in zip(lines.boxes / THUMB, lines.heights / THUMB, strict=True):
        lying = bool(width >= height)
        plane, start, long, side, short = (
            (shine, left, width, top, height) if lying else (shine.T, top, height, left, width)
        )
        band = plane[max(0, int(side)) : int(side + short) + 1].mean(axis=0) > _BAND
        row = int((side + short / 2) // max(1, tall))
        for end, onward in ((start + long, 1), (start, -1)):
            if _stops_at(band, end, onward, tall):
                ends.setdefault((lying, row), set()).add(onward)
    return any(len(ways) == 2 for ways in ends.values())


def _stops_at(band: npt.NDArray[np.bool_], end: float, onward: int, tall: float) -> bool:
    """Say whether a line of print that ends there does so at a shine wider than its characters."""
    reach = range(-_BACK, int(np.ceil(tall)) + _BACK)
    first = next((at for step in reach if 0 <= (at := int(end + onward * step)) < len(band) and band[at]), None)
    if first is None:
        return False
    beyond = [at for step in range(int(np.ceil(_ACROSS * tall))) if 0 <= (at := first + onward * step) < len(band)]
    return bool(np.mean(band[beyond]) > _IN)


def _added(light: Light) -> Floats:
    """Return the light that reflections add to the paper's own, as a share of all that the sensor can still take."""
    paper, level = ((part / 255) ** _GAMMA for part in (light.smooth, light.level))
    return np.asarray(np.maximum(level - paper, 0) / np.maximum(1 - paper, 0.02), np.float32)


def _steepness(shine: Plane, added: Floats) -> float:
    """Return how steeply the shine rises: its full part's inner radius over the way to half of what can be added."""
    inner = float(cv2.distanceTransform(shine, cv2.DIST_L2, 5).max())
    away = cv2.distanceTransform(1 - shine, cv2.DIST_L2, 5)
    for step in range(1, _FAR):
        ring = added[(away >= step) & (away < step + 1)]
        if len(ring) > 10 and float(np.median(ring)) < 0.5:
            return inner / step
    return inner / _FAR

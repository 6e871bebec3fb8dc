"""A look at a line of print -> how far the sheet moved while it was photographed. For `sharpness.py`.

A stroke that moved by l has two edges along the way it moved, l apart and of opposite sign: the steepness along that
way, laid over itself l further on, cancels most. Pale strokes and strokes much wider than l tell it as well as any,
where the steepness of edges alone would need to know how dark the ink was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.capture.light import Floats

_TALL: Final = 32.0  # pixels: taller characters are looked at smaller
_FARTHEST: Final = 1.4  # heights
_AS_DEEP: Final = 0.45
_SURE: Final = -0.05  # of the correlation: less opposed than this is chance


@dataclass(frozen=True, slots=True)
class Movement:
    length: float  # pixels of the look; about a stroke's width when nothing moved
    across: float  # 0 to 1: how much of it goes across a lying line


def measure_movement(gray: Floats, height: float) -> Movement:
    """Return how far the characters of this height, in pixels of `gray`, moved."""
    factor = min(1.0, _TALL / height)
    if factor < 1:
        gray = np.asarray(cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)
    right, down = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    both = float((right * down).sum())
    # Along its way a moved sheet is less steep than along any other.
    angle = np.arctan2(2 * both, float((right * right).sum() - (down * down).sum())) / 2 + np.pi / 2
    steep = right * np.float32(np.cos(angle)) + down * np.float32(np.sin(angle))
    alike = _against_itself(steep, angle, round(_FARTHEST * height * factor))
    lowest = float(alike[1:].min())
    if lowest > _SURE:
        return Movement(0.0, 0.0)
    # The first that is about half as deep as the deepest: the level strokes of a character, and the lines of a page,
    # repeat it further on, and where the sheet moved up or down more strongly than it is itself.
    here = (alike[1:-1] <= np.minimum(alike[:-2], alike[2:])) & (alike[1:-1] <= _AS_DEEP * lowest)
    place = int(np.argmax(here)) + 1 if here.any() else int(np.argmin(alike[1:])) + 1
    return Movement(place / factor, abs(float(np.sin(angle))))


def _against_itself(steep: Floats, angle: float, farthest: int) -> Floats:
    """Return the correlation with itself at each pixel of distance along the angle, 1 at none."""
    size = [cv2.getOptimalDFTSize(side + farthest) for side in steep.shape]
    padded = np.zeros(size, np.float32)
    padded[: steep.shape[0], : steep.shape[1]] = steep
    spectrum = cv2.dft(padded)
    power = cv2.idft(cv2.mulSpectrums(spectrum, spectrum, 0, conjB=True))
    steps = np.arange(max(3, farthest + 1), dtype=np.float32)
    columns, rows = (np.mod(steps * way, side) for way, side in ((np.cos(angle), size[1]), (np.sin(angle), size[0])))
    taken = cv2.remap(
        power,
        columns[None].astype(np.float32),
        rows[None].astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )[0]
    return np.asarray(taken / max(1e-6, float(power[0, 0])), np.float32)

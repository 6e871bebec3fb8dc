"""Lines of print -> how far their strokes are spread, and how deep and how noisy they are. For `judge.py`.

Measured on the print itself, the finest first, however little of it there is: a photo or an empty half of the page has
no say. Spread is told in the characters' own height, since that is what decides whether they can be read: an
independent reader reads 97 of 100 characters at 0.10 of it and half of them at 0.14, whatever their size (ADR 0028).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.levels import level_quantiles
from edge.capture.light import Floats
from edge.capture.movement import measure_movement
from edge.capture.print_lines import Lines, finest_height
from firmware.ports import Pixels

_LINES: Final = 9  # looked at
_WIDE: Final = 6.0  # of a look, in heights of the line
_SIDE_MAX: Final = 260  # page pixels
_SMEARED: Final = 0.45
_SPREAD_CREDIBLE: Final = 1.0  # heights: what is spread farther is no print, a fleck or a pattern
_FEW: Final = 3  # looks: fewer lines of a size are as likely a card's pattern, which is soft
_SPREAD_OF_FEW: Final = 0.4
_SIZES: Final = 3  # of print, that are tried
_ONE_SIZE: Final = 1.5  # times as tall is of the same
_MOVED: Final = 1.5  # duller along one direction than across it
_UNEVEN: Final = 1.09  # a hand's lines are taller than its characters
_LARGE: Final = 46.0  # page pixels: print so tall is a hand's, a title's or a cover's
_JOINED: Final = 1.25  # times as tall as its characters is a line that is joined of such
_HALF: Final = (0.3, 0.7)
_STEEP: Final = 0.9
_COARSE: Final = (np.arange(12) * np.pi / 12).astype(np.float32)
_FINE: Final = np.deg2rad([-6, -4, -2, 2, 4, 6]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Sharpness:
    spread: float  # 0 to about 0.4: σ of the strokes, in heights of their characters; the duller direction
    blur_px: float  # the same in page pixels
    contrast: float  # 0 to 1: of the ink against the paper
    one_way: float  # 1 and more: how much duller it is along one direction than across it
    finest_px: float  # height of the characters that were looked at, page pixels


def measure_sharpness(page: Pixels, lines: Lines, noise: float) -> Sharpness:
    """Return how sharp the print is; all 0 when there is no line of print. `noise`: σ in grey levels."""
    heights = lines.heights
    for _ in range(_SIZES):
        finest = finest_height(lines.boxes, heights)
        if not finest:
            break
        looks = [_look(page, box, height, noise) for box, height in _chosen(lines.boxes, heights, finest)]
        looks = sorted(look for look in looks if look[2] > 0)
        most = _SPREAD_CREDIBLE if len(looks) >= _FEW else _SPREAD_OF_FEW
        looks = [look for look in looks if look[0] < most]
        if looks:
            # Blur is the whole sheet's, and what spoils one look (a shine's rim, strokes that repeat) makes it duller.
            return Sharpness(*looks[(len(looks) - 1) // 3], finest)
        heights = np.where(heights <= _ONE_SIZE * finest, np.inf, heights).astype(np.float32)  # flecks, a pattern
    return Sharpness(0.0, 0.0, 0.0, 1.0, 0.0)


def _chosen(boxes: npt.NDArray[np.int32], heights: Floats, finest: float) -> list[tuple[npt.NDArray[np.int32], float]]:
    """Return the finest lines, spread over the page."""
    fine = np.flatnonzero(heights <= _ONE_SIZE * finest)
    fine = fine[np.argsort(boxes[fine, 1], kind="stable")]
    some = fine[np.linspace(0, len(fine) - 1, min(_LINES, len(fine))).astype(int)] if len(fine) else fine
    return [(boxes[i], float(heights[i])) for i in some]


def _look(page: Pixels, box: npt.NDArray[np.int32], height: float, noise: float) -> tuple[float, float, float, float]:
    left, top, wide, high = (int(value) for value in box)
    rim, most = round(0.35 * height), min(_SIDE_MAX, round(_WIDE * height))
    if wide > most:
        left, wide = left + (wide - most) // 2, most
    if high > most:
        top, high = top + (high - most) // 2, most
    part = page[max(0, top - rim) : top + high + rim, max(0, left - rim) : left + wide + rim]
    levels = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    dark, below, paper, light = level_quantiles(levels, (0.03, 0.25, 0.75, 0.97))
    if light - paper > paper - dark:  # light print on a dark ground
        dark, paper = below, light
    depth = paper - dark
    gray = levels.astype(np.float32)
    if depth < 3 * noise + 2:
        return 0.0, 0.0, 0.0, 0.0
    # Differences over two pixels: over one, noise would pass for sharpness.
    inner = gray[1:-1, 1:-1]
    # Half way between ink and paper, where a camera's tone curve makes edges neither steeper nor flatter.
    half = (inner > dark + _HALF[0] * depth) & (inner < dark + _HALF[1] * depth)
    if half.sum() < 30:
        return 0.0, 0.0, 0.0, 0.0
    right = (gray[1:-1, 2:] - gray[1:-1, :-2])[half]
    down = (gray[2:, 1:-1] - gray[:-2, 1:-1])[half]
    coarse = _steepness(right, down, _COARSE)
    # Along a movement nothing is steep, but a few degrees off it the strokes beside it are.
    fine = _steepness(right, down, _COARSE[int(np.argmin(coarse))] + _FINE)
    dull, sharp = (_spread(depth, float(value), noise) for value in (min(coarse.min(), fine.min()), coarse.max()))
    # A movement over l is a σ of l / √12, and as steep as one of l / √2π.
    blur = float(np.sqrt(sharp**2 + max(0.0, dull**2 - sharp**2) * 2 * np.pi / 12))
    contrast = depth / max(1.0, float(paper))
    moved = float(np.sqrt(max(0.0, dull**2 - sharp**2) * 2 * np.pi))
    tall = max(0.6 * height, height - _SMEARED * moved)  # as it was before it was smeared
    spread = blur / tall
    if dull > _MOVED * sharp:
        # Gilt and thin strokes lose their ink before their edges: how far they moved says it better.
        way = measure_movement(gray, height)
        smeared = way.across if wide >= high else float(np.sqrt(1 - way.across**2))
        tall = max(0.45 * height, height - 0.7 * way.length * smeared)
        blur = max(blur, float(np.hypot(sharp, way.length / np.sqrt(12))))
        spread = max(spread, _UNEVEN * blur / tall)
    if height > _LARGE:
        spread *= _JOINED
    return spread, blur, contrast, dull / sharp


def _steepness(right: Floats, down: Floats, angles: Floats) -> Floats:
    """Return how steep the steepest edges are along each angle, in grey levels per pixel."""
    slopes = np.abs(np.cos(angles)[:, None] * right + np.sin(angles)[:, None] * down)
    place = round(_STEEP * (slopes.shape[1] - 1))
    # Evenly blurred print has fewer strokes across the diagonals.
    return np.asarray(np.partition(slopes, place, axis=1)[:, place] * (1 + 0.105 * np.sin(2 * angles) ** 2) / 2)


def _spread(depth: float, steepest: float, noise: float) -> float:
    """Return the σ of an edge, pixels: a step of depth d blurred by σ is d / (σ √2π) steep."""
    clean = max(0.1, float(np.sqrt(max(0.0, steepest**2 - 1.35 * noise**2))))
    return depth / clean / float(np.sqrt(2 * np.pi))

"""Tiles of a flat page -> its noise, and how blurred is what is drawn on it. For `judge.py`.

The noise is measured where the page is bare. The blur is asked for only where no line of print was found, of a drawing
or a seal: `sharpness.py` measures print better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.light import THUMB, Mask
from firmware.ports import Pixels

_TILE: Final = 96  # page pixels
_INKED: Final = 16
_BARE: Final = 6
_INKED_MIN: Final = 0.08  # of the tile: less is as good as bare

Grey = npt.NDArray[np.uint8]
"""n × side × side."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """The tiles that hold the most, and the noise of those that hold the least."""

    inked: Grey
    noise: float  # σ in grey levels, of the sensor alone
    grain: float  # the same with the paper's own

    def measure_blur(self) -> tuple[float, float]:
        """Return the blur (σ, page pixels) and the ink's contrast (0 to 1); 0 and 0 when nothing is drawn."""
        darkest, paper = _levels(self.inked, 0.01, 0.9)
        # Noise alone is 3.6 σ deep between these two quantiles.
        depth = np.sqrt(np.maximum((paper - darkest) ** 2 - (3.6 * self.grain) ** 2, 0))
        # A fold, a photo or a shadow's rim is dark but has no depth within a tile: not print.
        sharp = depth > max(0.5 * float(np.max(depth, initial=0.0)), 3 * self.grain)
        inked, paper, depth = self.inked[sharp], paper[sharp], depth[sharp]
        if not len(inked):
            return 0.0, 0.0
        # A step of depth d blurred by σ is d / (σ √2π) steep.
        spread = depth / _steepest(inked, self.noise) / np.sqrt(2 * np.pi)
        return float(np.median(spread)), float(np.median(depth / np.maximum(paper, 1)))


def choose_tiles(page: Pixels, ink: Mask) -> Tiles:
    """Return the page's tiles. `ink`: where there is any, on the thumbnail's grid."""
    step = _TILE // THUMB
    rows, columns = ink.shape[0] // step, ink.shape[1] // step
    density = ink[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3)).ravel()
    order = np.argsort(-density)
    inked = [_tile(page, int(i), columns) for i in order[:_INKED] if density[i] > _INKED_MIN]
    bare = [_tile(page, int(i), columns) for i in order[::-1][:_BARE]]
    noise = _noise(np.array(bare)) if bare else 0.0
    grain = min(float(np.quantile(np.std(bare, axis=(1, 2)), 0.3)), 3 * noise + 1) if bare else 0.0
    return Tiles(np.array(inked) if inked else np.empty((0, _TILE, _TILE), np.uint8), noise, grain)


def _tile(page: Pixels, index: int, columns: int) -> Pixels:
    top, left = index // columns * _TILE, index % columns * _TILE
    gray: Pixels = cv2.cvtColor(page[top : top + _TILE, left : left + _TILE], cv2.COLOR_BGR2GRAY)
    return gray


def _noise(bare: Grey) -> float:
    """Return the noise's σ in grey levels (Immerkær 1996): by a kernel that is blind to slopes."""
    tiles = bare.astype(np.int16)
    rows = tiles[:, :, :-2] - 2 * tiles[:, :, 1:-1] + tiles[:, :, 2:]
    both = rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:]
    # The mean, not the median: at half a grey level the median knows only 0 and 1. The calmest tiles are truly bare.
    return float(np.quantile(np.abs(both).mean(axis=(1, 2)), 0.3) / 0.798 / 6)


def _steepest(inked: Grey, noise: float) -> npt.NDArray[np.float64]:
    """Return each tile's steepest slope, in grey levels per pixel, along its dullest direction: what moved has one."""
    # Differences over two pixels, in four directions: over one, noise would pass for sharpness.
    pairs = (
        (inked[:, :, 2:], inked[:, :, :-2]),
        (inked[:, 2:], inked[:, :-2]),
        (inked[:, 2:, 2:], inked[:, :-2, :-2]),
        (inked[:, 2:, :-2], inked[:, :-2, 2:]),
    )
    # Evenly blurred print is 0.78 times as wide along the diagonals, having fewer strokes across them.
    reach = (2.0, 2.0, 2.56, 2.56)
    slopes = [_levels(cv2.absdiff(*pair), 0.995)[0] / far for pair, far in zip(pairs, reach, strict=True)]
    return np.asarray(np.sqrt(np.maximum(np.min(slopes, axis=0) ** 2 - 4 * noise**2, 1e-2)), np.float64)


def _levels(tiles: Grey, *shares: float) -> npt.NDArray[np.float64]:
    """Return each tile's quantiles, shares × n, by counting: a tenth of what sorting costs."""
    count, size = len(tiles), int(np.prod(tiles.shape[1:]))
    numbered = tiles.reshape(count, size).astype(np.int32) + np.arange(count, dtype=np.int32)[:, None] * 256
    reached = np.bincount(numbered.ravel(), minlength=count * 256).reshape(count, 256).cumsum(axis=1)
    return np.array([(reached <= share * (size - 1)).sum(axis=1) for share in shares], np.float64)

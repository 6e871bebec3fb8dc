"""Two frames and what was read in the first -> whether the second still shows it there.

Asked by `scan_live.py` before it gives a reading of an earlier frame with a later one: the sheet may have been lifted,
and another may lie in its place.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.scan_decoders import Gray, Points, Reading

_AROUND: Final = 12  # pixels beside a code's corners: a linear code's may all lie on one line
_CALM: Final = 1.5  # pixels of blur: grain is no difference
_TILE: Final = 24  # pixels compared at a time: the next ticket's number differs in a few bars only
_INKED: Final = 0.25  # of the strongest tile's variance: what has less is paper, and says nothing
# Correlation in the least alike tile. The same code in other grain, up to a third of its contrast, has 0.9 and more;
# the next number in the very same place 0.5 and less; moved by half a module 0.9, by one 0.4 to 0.8, by two none.
_ALIKE_MIN: Final = 0.65


def still_there(readings: list[Reading], then: Gray, now: Gray) -> bool:
    """Say whether all that was read in one frame is to be seen in another, in the same place and alike in each part.

    Light may have changed. What was moved by more than about a module is not there.
    """
    return then.shape == now.shape and all(_alike(reading, then, now) for reading in readings)


def _alike(reading: Reading, then: Gray, now: Gray) -> bool:
    if min(then.shape) < _TILE:
        return False
    box = _around(reading.points, then.shape)
    one, other = _calm(then[box]), _calm(now[box])
    a, b = _tiles(one), _tiles(other)
    aa, bb, ab = _tiles(one * one) - a * a, _tiles(other * other) - b * b, _tiles(one * other) - a * b
    inked = aa > _INKED * float(aa.max())
    return bool((ab[inked] > _ALIKE_MIN * np.sqrt(np.maximum(aa[inked] * bb[inked], 0))).all())


def _around(points: Points, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the part of the picture around the points, at least one tile of it."""
    box = []
    for values, size in ((points[:, 1], shape[0]), (points[:, 0], shape[1])):
        begin = min(max(0, int(values.min()) - _AROUND), size - _TILE)
        box.append(slice(begin, min(size, max(begin + _TILE, int(values.max()) + _AROUND + 1))))
    return box[0], box[1]


def _calm(gray: Gray) -> npt.NDArray[np.float32]:
    calm: npt.NDArray[np.float32] = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), _CALM)
    return calm


def _tiles(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the mean of every tile that fits in, a tile at each fourth pixel."""
    half = _TILE // 2
    means: npt.NDArray[np.float32] = cv2.blur(pixels, (_TILE, _TILE))[half : 1 - half : 4, half : 1 - half : 4]
    return means

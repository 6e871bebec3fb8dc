"""Make a frame small for looking: by a whole factor only, any other costs eight times as much (PERFORMANCE.md 2)."""

from __future__ import annotations

import cv2
import numpy as np

from broker.errors import PictureRefused, require
from firmware.ports import Pixels


def checked(frame: Pixels) -> Pixels:
    """Return the frame in one piece of memory.

    Raises:
        PictureRefused: it is not height × width × 3 of bytes with at least one pixel. Nothing was done.
    """
    require(
        isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3,
        "a frame is height x width x 3 of bytes, BGR",
        PictureRefused,
    )
    require(frame.size > 0, "a frame has at least one pixel", PictureRefused)
    return np.ascontiguousarray(frame)


def shrink(frame: Pixels, side_max: int) -> tuple[Pixels, int]:
    """Return the frame made smaller by a whole factor that brings its longest side to `side_max` or less.

    Returns:
        The small frame and the factor. Small pixel x covers frame pixels factor·x to factor·x + factor - 1; what
        does not fill a whole pixel at the right and lower rim is left out.
    """
    height, width = frame.shape[:2]
    factor = max(1, -(-max(height, width) // side_max))
    if factor > 3:
        factor += factor % 2  # 12 megapixels by 5 take three times as long as by 6, which is 2 and 3
    factor = min(factor, height, width)
    if factor == 1:
        return frame, 1
    rows, columns = height // factor * factor, width // factor * factor
    small: Pixels = frame[:rows, :columns]
    size = (columns // factor, rows // factor)
    if factor % 6 == 0:
        # Of each three rows the middle one: a third of the frame is read, which is what takes the time, and of each
        # pixel's 36 there are 12 left against noise and moiré.
        small = small[1::3]
    # Halving is vectorised in OpenCV and other factors much less: 4 as 2 and 2 takes less than half the time of 4.
    rest = factor
    while rest % 2 == 0:
        small = cv2.resize(small, (small.shape[1] // 2, small.shape[0] // 2), interpolation=cv2.INTER_AREA)
        rest //= 2
    if rest == 3:
        # The same to the last bit, in half the time: each third pixel of the means of 3, or of 3 × 3.
        thick = 1 if factor % 6 == 0 else 3
        small = cv2.resize(cv2.blur(small, (3, thick)), size, interpolation=cv2.INTER_NEAREST_EXACT)
    elif rest > 1:
        small = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    return small, factor


def to_frame(points: np.ndarray, factor: int) -> np.ndarray:
    """Return points of the small frame as points of the frame: from pixel centre to the covered block's centre."""
    return points * factor + (factor - 1) / 2

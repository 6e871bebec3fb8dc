"""Frames of one still scene -> one picture of it at twice the size: what a single frame is too noisy or coarse for.

Frames come from `scan_look.py`, which keeps the last few, and go back there as one. Noise falls with their number, and
shifts of part of a pixel show finer bars.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.scan_decoders import Gray, Reading

JOINED_MAX: Final = 5  # frames worth keeping for laying over each other
_SHIFT_MAX: Final = 12.0  # pixels between two frames of what lies still under a standing camera
_ALIKE_MIN: Final = 0.15  # of phase correlation's answer, 0 to 1: below, something else lies there


def join(frames: list[Gray]) -> Gray | None:
    """Return frames of one still scene laid over each other at twice the size; None when they show different things.

    The last frame's place counts: a point at x, y of it is at 2x + 0.5, 2y + 0.5 of the result.
    """
    last = frames[-1]
    height, width = last.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    calm = _calm(last)
    layers: list[npt.NDArray[np.float32]] = []
    for each in frames:
        (right, down), answer = (0.0, 0.0), 1.0
        if each is not last:
            (right, down), answer = cv2.phaseCorrelate(calm, _calm(each), window)
        if answer < _ALIKE_MIN or max(abs(right), abs(down)) > _SHIFT_MAX:
            continue
        back = np.array([[0.5, 0.0, right - 0.25], [0.0, 0.5, down - 0.25]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        size = (2 * width, 2 * height)
        layers.append(cv2.warpAffine(each.astype(np.float32), back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE))
    if len(layers) < 2:
        return None
    joined: Gray = np.clip(np.mean(layers, axis=0), 0, 255).astype(np.uint8)
    return joined


def in_frame(reading: Reading) -> Reading:
    """Return a reading of a joined picture as one of the last frame in it."""
    return Reading(reading.symbology, reading.text, (reading.points - 0.5) / 2, reading.lines)


def _calm(gray: Gray) -> npt.NDArray[np.float32]:
    """Return what shifts are measured on: grain differs from frame to frame and would drown them."""
    calm: npt.NDArray[np.float32] = cv2.GaussianBlur(gray, (0, 0), 2.0).astype(np.float32)
    return calm

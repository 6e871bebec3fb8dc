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

Floats = npt.NDArray[np.float32]

JOINED_MAX: Final = 5  # frames worth keeping for laying over each other
_SHIFT_MAX: Final = 12.0  # pixels between two frames of what lies still under a standing camera
_ALIKE_MIN: Final = 0.15  # of phase correlation's answer, 0 to 1: below, something else lies there
_SIDE_MIN: Final = 8  # pixels
_CUBIC: Final = -0.75  # OpenCV's own; linear costs the same here and a quarter of the readings


def join(frames: list[Gray]) -> Gray | None:
    """Return frames of one still scene laid over each other at twice the size; None when they show different things.

    The last frame's place counts: a point at x, y of it is at 2x + 0.5, 2y + 0.5 of the result.
    """
    last = frames[-1]
    height, width = last.shape
    if min(height, width) < _SIDE_MIN:
        return None
    calm = _calm(last)
    window = cv2.createHanningWindow((calm.shape[1], calm.shape[0]), cv2.CV_32F)
    layers = [(last, 0.0, 0.0)]
    for each in frames[:-1]:
        (right, down), answer = cv2.phaseCorrelate(calm, _calm(each), window)
        if answer >= _ALIKE_MIN and 2 * max(abs(right), abs(down)) <= _SHIFT_MAX:
            layers.append((each, 2 * right, 2 * down))
    if len(layers) < 2:
        return None
    joined = np.empty((2 * height, 2 * width), np.uint8)
    moved = [_moved(*layer) for layer in layers]
    # Every second pixel, across and down, lies at the same place between a frame's own: four small filters for one
    # large warp, in a third of its time.
    for row in (0, 1):
        for column in (0, 1):
            total = np.zeros((height, width), np.float32)
            for gray, right, down in moved:
                across, along = _taps(column / 2 - 0.25 + right), _taps(row / 2 - 0.25 + down)
                cv2.accumulate(cv2.sepFilter2D(gray, cv2.CV_32F, across, along, borderType=cv2.BORDER_REPLICATE), total)
            joined[row::2, column::2] = cv2.convertScaleAbs(np.maximum(total, 0), alpha=1 / len(layers))
    return joined


def in_frame(reading: Reading) -> Reading:
    """Return a reading of a joined picture as one of the last frame in it."""
    return Reading(reading.symbology, reading.text, (reading.points - 0.5) / 2, reading.lines)


def _calm(gray: Gray) -> Floats:
    """Return what shifts are measured on, at half the size: grain differs from frame to frame and would drown them."""
    half = cv2.resize(gray, (gray.shape[1] // 2, gray.shape[0] // 2), interpolation=cv2.INTER_AREA)
    calm: Floats = cv2.GaussianBlur(half, (0, 0), 1.0).astype(np.float32)
    return calm


def _moved(gray: Gray, right: float, down: float) -> tuple[Gray, float, float]:
    """Return the frame moved back by whole pixels, and what is left of its shift: half a pixel at most."""
    x, y = round(right), round(down)
    if not x and not y:
        return gray, right, down
    height, width = gray.shape
    wide = cv2.copyMakeBorder(gray, max(0, -y), max(0, y), max(0, -x), max(0, x), cv2.BORDER_REPLICATE)
    back: Gray = np.ascontiguousarray(wide[max(0, y) :, max(0, x) :][:height, :width])
    return back, right - x, down - y


def _taps(shift: float) -> Floats:
    """Return the weights of the five pixels around for a place `shift` pixels further, -1 to 1: a cubic's."""
    away = np.abs(np.arange(-2, 3) - shift)
    near = ((_CUBIC + 2) * away - (_CUBIC + 3)) * away**2 + 1
    far = (((away - 5) * away + 8) * away - 4) * _CUBIC
    taps: Floats = np.where(away < 1, near, np.where(away < 2, far, 0)).astype(np.float32)
    return taps

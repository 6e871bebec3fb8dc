"""A thinned frame -> where edges stand as close and strong as a code's, and whether a code or print it may be.

Asked by `scan_look.py` before a slow look, and by `scan.py` for what lies beside a code that was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.scan_decoders import LINEAR, Gray, Points, Reading

Mask = npt.NDArray[np.bool_]

_LOOK_SIDE: Final = 320  # pixels of the thinned picture that is asked what the frame shows
_EDGE_MIN: Final = 16.0  # grey levels per pixel
_AROUND: Final = 9  # pixels of the thinned picture that are looked at together
_DENSE_MIN: Final = 0.4  # of the pixels around: one edge alone has 2 of 9
# A code is about half ink, and its grey values lie evenly about their mean; print is a quarter ink at most, and they
# lean to the paper's side. Bold letters are even too, but nowhere as far as a code.
_SKEW_MAX: Final = 0.55
_EVEN_SIDE: Final = 8  # pixels of the thinned picture, of a square that is even throughout
_QUIET: Final = 0.12  # of a code's longest side: what is around it belongs to it
_BARS_LONGER: Final = 0.6  # of a linear code's length
_PLACES_MAX: Final = 2
_PLACE_MAX: Final = 0.25  # of the frame: more is grain or cloth, and costs as much as the whole frame
_PLACE_MARGIN: Final = 12  # pixels of the thinned picture: the square mask is inside the code, and it has a quiet zone

Box = tuple[slice, slice]


def thinned(gray: Gray) -> Gray:
    """Return every so many-th pixel: grey values and edges stay as strong as they are, which a mean would not leave."""
    step = _step(gray)
    return np.ascontiguousarray(gray[::step, ::step])


def _step(gray: Gray) -> int:
    return max(1, int(max(gray.shape)) // _LOOK_SIDE)


def dense_edges(thin: Gray) -> Mask:
    """Say where edges are as strong and as close as a code's, or as print's."""
    right, down = cv2.spatialGradient(thin)
    strength = cv2.magnitude(right.astype(np.float32), down.astype(np.float32)) / 4
    dense: Mask = cv2.blur((strength > _EDGE_MIN).astype(np.float32), (_AROUND, _AROUND)) > _DENSE_MIN
    return dense


def beside(gray: Gray, dense: Mask, known: Sequence[Reading]) -> Mask:
    """Return where edges are dense outside the codes that are known in a frame."""
    if not known or not dense.any():
        return dense
    codes = np.zeros(dense.shape, np.uint8)
    for reading in known:
        corners = np.round(_whole(reading) / _step(gray)).astype(np.int32)
        quiet = _AROUND + 2 * int(_QUIET * np.ptp(corners, axis=0).max())
        cv2.fillConvexPoly(codes, corners, 1)
        cv2.polylines(codes, [corners], True, 1, thickness=quiet)
    outside: Mask = dense & (codes == 0)
    return outside


def _whole(reading: Reading) -> Points:
    """Return a code's outline. Of a linear one only some lines were read: its bars may be longer."""
    if reading.symbology not in LINEAR:
        return reading.points
    (centre, (width, height), tilt) = cv2.minAreaRect(reading.points.astype(np.float32))
    longer = _BARS_LONGER * max(width, height)
    size = (width + longer, height) if width < height else (width, height + longer)
    return np.asarray(cv2.boxPoints((centre, size, tilt)), np.float64)


def code_like(thin: Gray, dense: Mask) -> bool:
    """Say whether black and white are even somewhere among the dense edges. Generous: cloth, noise, pictures pass."""
    return bool(_code_like(thin, dense).any())


def code_places(gray: Gray, thin: Gray, dense: Mask) -> list[Box]:
    """Return the parts of the frame where `code_like` holds, the largest first, each with what is around it."""
    around = np.ones((3 * _EVEN_SIDE, 3 * _EVEN_SIDE), np.uint8)
    together = cv2.dilate(_code_like(thin, dense), around)
    count, _, stats, _ = cv2.connectedComponentsWithStats(together)
    largest = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:_PLACES_MAX]
    step = _step(gray)
    boxes: list[Box] = []
    for left, top, width, height in stats[largest, :4].tolist() if count > 1 else []:
        if width * height > _PLACE_MAX * thin.size or min(width, height) <= _EVEN_SIDE:
            continue
        rows = slice(max(0, top - _PLACE_MARGIN) * step, (top + height + _PLACE_MARGIN) * step)
        columns = slice(max(0, left - _PLACE_MARGIN) * step, (left + width + _PLACE_MARGIN) * step)
        boxes.append((rows, columns))
    return boxes


def _code_like(thin: Gray, dense: Mask) -> npt.NDArray[np.uint8]:
    even = (dense & _even(thin)).astype(np.uint8)
    square = np.ones((_EVEN_SIDE, _EVEN_SIDE), np.uint8)
    like: npt.NDArray[np.uint8] = cv2.erode(even, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return like


def _even(gray: Gray) -> Mask:
    """Say around which pixels the grey values lean to neither side of their mean."""
    centred = gray.astype(np.float32) - 128  # third powers stay small
    squared = cv2.multiply(centred, centred)
    one, two, three = (
        cv2.blur(each, (_AROUND, _AROUND)) for each in (centred, squared, cv2.multiply(squared, centred))
    )
    spread = np.maximum(two - one * one, 1.0)
    skew = (three - one * (3 * two - 2 * one * one)) / (spread * np.sqrt(spread))
    # The few wide bars of a linear code that stands upright lean now here, now there: the middle of them counts.
    leaning = cv2.medianBlur(cv2.convertScaleAbs(skew, alpha=100), 5)
    even: Mask = leaning < 100 * _SKEW_MAX
    return even

"""A thinned frame -> where edges stand as close and strong as a code's, and whether a code or print it may be.

Asked by `scan_look.py` before a slow look, and by `scan.py` for what lies beside a code that was read.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.scan_decoders import Gray

Mask = npt.NDArray[np.bool_]

_LOOK_SIDE: Final = 320  # pixels of the thinned picture that is asked what the frame shows
_EDGE_MIN: Final = 16.0  # grey levels per pixel
_AROUND: Final = 9  # pixels of the thinned picture that are looked at together
_DENSE_MIN: Final = 0.4  # of the pixels around: one edge alone has 2 of 9
# A code is about half ink, and its grey values lie evenly about their mean; print is a quarter ink at most, and they
# lean to the paper's side. Bold letters are even too, but nowhere as far as a code.
_SKEW_MAX: Final = 0.55
_EVEN_SIDE: Final = 8  # pixels of the thinned picture, of a square that is even throughout


def thinned(gray: Gray) -> Gray:
    """Return every so many-th pixel: grey values and edges stay as strong as they are, which a mean would not leave."""
    step = max(1, max(gray.shape) // _LOOK_SIDE)
    return np.ascontiguousarray(gray[::step, ::step])


def dense_edges(thin: Gray) -> Mask:
    """Say where edges are as strong and as close as a code's, or as print's."""
    right, down = cv2.spatialGradient(thin)
    strength = cv2.magnitude(right.astype(np.float32), down.astype(np.float32)) / 4
    dense: Mask = cv2.blur((strength > _EDGE_MIN).astype(np.float32), (_AROUND, _AROUND)) > _DENSE_MIN
    return dense


def code_like(thin: Gray, dense: Mask) -> bool:
    """Say whether black and white are even somewhere among the dense edges. Generous: cloth, noise, pictures pass."""
    even = (dense & _even(thin)).astype(np.uint8)
    square = np.ones((_EVEN_SIDE, _EVEN_SIDE), np.uint8)
    return bool(cv2.erode(even, square, borderType=cv2.BORDER_CONSTANT, borderValue=0).any())


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

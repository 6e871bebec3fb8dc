"""The sheet in the frame -> an upright, flat page of true proportions."""

from __future__ import annotations

import cv2
import numpy as np

from edge.capture.quad import Quad, side_lengths, true_aspect
from firmware.ports import Pixels

A4 = (1654, 2339)  # 200 dpi: the floor at which 小五 print is read
A4_INCHES = (8.27, 11.69)
CARD = (1024, 646)  # 304 dpi
CARD_INCHES = (3.37, 2.125)
LONGEST = 2339  # pixels, of a sheet of another shape


def page_size(quad: Quad, frame_width: int, frame_height: int) -> tuple[int, int, float]:
    """Return the page's width and height in pixels and the sheet's longer side in inches (0 when its size is unknown)."""
    aspect = true_aspect(quad, frame_width, frame_height)
    long_aspect = max(aspect, 1 / aspect)
    lying = aspect > 1
    if abs(long_aspect / (297 / 210) - 1) < 0.05:
        return (A4[1], A4[0], A4_INCHES[1]) if lying else (*A4, A4_INCHES[1])
    if abs(long_aspect / (85.6 / 54) - 1) < 0.05:
        return (*CARD, CARD_INCHES[0]) if lying else (CARD[1], CARD[0], CARD_INCHES[0])
    longest = int(np.clip(side_lengths(quad).max(), 16, LONGEST))
    other = max(16, round(longest / long_aspect))
    return (longest, other, 0.0) if lying else (other, longest, 0.0)


def flatten(frame: Pixels, quad: Quad, width: int, height: int) -> Pixels:
    """Return the sheet within these corners as a page of width × height pixels."""
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    page: Pixels = cv2.warpPerspective(
        frame, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return page

"""A flat sheet: each pixel of the page comes from where OpenCV's own warp would take it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.flatten import flatten
from edge.capture.quad import Quad
from firmware.ports import Pixels
from tests.support.capture_speed import warped

STRAIGHT = np.array([[100.0, 80.0], [700.0, 90.0], [690.0, 540.0], [110.0, 530.0]])
TILTED = np.array([[160.0, 60.0], [660.0, 70.0], [770.0, 590.0], [40.0, 580.0]])  # by more than a camera over a desk is
BEYOND = np.array([[-60.0, -30.0], [820.0, 20.0], [860.0, 640.0], [-20.0, 610.0]])


def smooth_picture() -> Pixels:
    """Return random colours, 800 × 600, that change smoothly over 8 pixels: a place that is missed shows."""
    noise = np.random.default_rng(1).integers(0, 255, (75, 100, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (800, 600), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("quad", [STRAIGHT, TILTED, BEYOND], ids=["straight", "tilted", "beyond the frame"])
@pytest.mark.parametrize("size", [(1654, 2339), (1021, 641), (601, 601), (206, 292), (8, 8)])
def test_a_page_is_what_the_exact_warp_gives(quad: Quad, size: tuple[int, int]) -> None:
    frame = smooth_picture()

    page = flatten(frame, quad, *size)

    difference = cv2.absdiff(page, warped(frame, quad, *size))
    assert page.shape == (size[1], size[0], 3)
    assert difference.max() <= 4  # a 32nd of a pixel of a steep place
    assert difference.mean() < 0.4


def test_corners_that_no_sheet_has_give_some_page_and_no_error() -> None:
    crossed = np.array([[100.0, 100.0], [500.0, 400.0], [500.0, 100.0], [100.0, 400.0]])

    assert flatten(smooth_picture(), crossed, 200, 150).shape == (150, 200, 3)

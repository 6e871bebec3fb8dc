"""How far print moved is read off the two edges of each stroke, whatever its direction and its ink."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.light import Floats
from edge.capture.movement import measure_movement

HEIGHT = 30.0  # of the characters, pixels


def _line_of_print(ink: float = 40.0) -> Floats:
    """Draw characters of thin strokes that stand in no order that repeats."""
    random = np.random.default_rng(3)
    page = np.full((60, 260), 230, np.float32)
    for left in range(10, 240, 32):
        for _ in range(6):
            ends = random.integers(0, int(HEIGHT), 4)
            cv2.line(
                page,
                (left + int(ends[0]), 15 + int(ends[1])),
                (left + int(ends[2]), 15 + int(ends[3])),
                ink,
                2,
                cv2.LINE_AA,
            )
    return page


def _moved(page: Floats, length: float, degrees: float) -> Floats:
    """Return the page as seen while it moved by so many pixels."""
    steps = np.linspace(-length / 2, length / 2, 48)
    way = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    size = page.shape[1], page.shape[0]
    seen = [
        cv2.warpAffine(
            page, np.array([[1, 0, s * way[0]], [0, 1, s * way[1]]], np.float32), size, borderMode=cv2.BORDER_REPLICATE
        )
        for s in steps
    ]
    return np.asarray(np.mean(seen, axis=0), np.float32)


@pytest.mark.parametrize("length", [9.0, 15.0, 22.0])
@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_the_length_of_a_movement_is_found(length: float, degrees: float) -> None:
    found = measure_movement(_moved(_line_of_print(), length, degrees), HEIGHT)

    assert found.length == pytest.approx(length, abs=2.5)
    assert found.across == pytest.approx(abs(np.sin(np.deg2rad(degrees))), abs=0.2)


def test_pale_ink_moved_as_far_as_black_ink() -> None:
    pale = measure_movement(_moved(_line_of_print(ink=190.0), 15.0, 0), HEIGHT)

    assert pale.length == pytest.approx(15.0, abs=2.5)


def test_what_lay_still_is_as_long_as_a_stroke_is_wide() -> None:
    assert measure_movement(_line_of_print(), HEIGHT).length < 5


def test_tall_characters_are_measured_in_their_own_pixels() -> None:
    page = cv2.resize(_moved(_line_of_print(), 15.0, 0), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)

    assert measure_movement(page, 2 * HEIGHT).length == pytest.approx(30.0, abs=5)


def test_bare_paper_did_not_move() -> None:
    assert measure_movement(np.full((60, 260), 230, np.float32), HEIGHT).length == 0

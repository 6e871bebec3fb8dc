"""A side that is none: the sheet goes on beyond it, out of the frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.continued import continued
from edge.capture.find import find_sheet
from edge.capture.quad import Quad
from firmware.ports import Pixels
from tests.support.gate_generator import gate_capture

_WIDTH, _HEIGHT = 640, 480


def _desk_with(*rectangles: tuple[tuple[int, int, int, int], int]) -> Pixels:
    grain = np.random.default_rng(1).normal(90, 3, (_HEIGHT, _WIDTH, 3))
    desk = np.clip(grain, 0, 255).astype(np.uint8)
    for (left, top, right, bottom), level in rectangles:
        cv2.rectangle(desk, (left, top), (right, bottom), (level,) * 3, -1)
    return desk


def _quad(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


@pytest.mark.parametrize(
    ("sheet", "seen", "reaches"),
    [
        ((150, 100, 450, 479), (150, 100, 450, 330), (150, 100, 450, 480)),
        ((150, 0, 450, 330), (150, 150, 450, 330), (150, -1, 450, 330)),
        ((0, 100, 450, 330), (200, 100, 450, 330), (-1, 100, 450, 330)),
        ((150, 100, 639, 330), (150, 100, 400, 330), (150, 100, 640, 330)),
    ],
)
def test_a_sheet_goes_on_beyond_a_line_as_far_as_the_rim(
    sheet: tuple[int, int, int, int], seen: tuple[int, int, int, int], reaches: tuple[int, int, int, int]
) -> None:
    desk = _desk_with((sheet, 220))

    whole = continued(desk, _quad(*seen), 220.0)

    assert whole is not None
    assert np.abs(whole - _quad(*reaches)).max() <= 4
    outside = (whole < 0).any() or (whole[:, 0] > _WIDTH - 1).any() or (whole[:, 1] > _HEIGHT - 1).any()
    assert outside, "or the judge would not call it cut"


def test_a_sheet_that_ends_in_the_frame_ends_there() -> None:
    desk = _desk_with(((150, 100, 450, 330), 220))

    assert continued(desk, _quad(150, 100, 450, 330), 220.0) is None


def test_a_sheet_ends_before_another_one_that_is_wider() -> None:
    desk = _desk_with(((100, 330, 520, 479), 220), ((150, 100, 450, 330), 220))

    assert continued(desk, _quad(150, 100, 450, 330), 220.0) is None


def test_a_strip_too_narrow_to_judge_is_left_to_the_side() -> None:
    desk = _desk_with(((150, 100, 450, 479), 220))

    assert continued(desk, _quad(150, 100, 450, 470), 220.0) is None


@pytest.mark.parametrize(("kind", "seed"), [("card", 20), ("dense", 22)])
def test_a_line_or_a_photo_does_not_pass_for_the_side_that_is_cut(kind: str, seed: int) -> None:
    capture = gate_capture(kind, "cut", 0.15, seed)

    sheet = find_sheet(capture.pixels)

    assert sheet is not None
    assert sheet.cut
    height = capture.pixels.shape[0]
    assert (sheet.quad[:, 1].max() > height - 1) == (capture.corners[:, 1].max() > height - 1)


@pytest.mark.parametrize(("kind", "seed"), [("cover", 20), ("cover", 21), ("card", 24)])
def test_what_is_small_and_has_a_papers_shape_is_found(kind: str, seed: int) -> None:
    capture = gate_capture(kind, "small", 11.0, seed)

    sheet = find_sheet(capture.pixels)

    assert sheet is not None
    assert np.abs(sheet.quad.mean(axis=0) - capture.corners.mean(axis=0)).max() < 5


def test_what_is_small_and_has_another_shape_is_no_sheet() -> None:
    desk = _desk_with(((300, 200, 355, 255), 220))

    assert find_sheet(desk) is None

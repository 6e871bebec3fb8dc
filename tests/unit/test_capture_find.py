"""The finder: where the sheet lies, on seeded captures with exact corners, and nothing where nothing is."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.capture.find import find_sheet
from edge.capture.judge import cut_sides
from edge.capture.preview import preview_outline
from edge.capture.quad import skews, true_aspect, upright
from edge.capture.shrink import shrink, to_frame
from tests.support.capture_generator import FULL_RANGE, HARD, PLAIN, Desk, empty_desk, make_capture
from tests.support.capture_score import USABLE_IOU, captures, finders, overlap, score
from tests.support.capture_unseen import unseen, unseen_desk


def test_the_sheet_is_found_in_all_scenes_and_more_often_than_by_the_usual_recipes() -> None:
    pictures = captures([*list(FULL_RANGE)[::2], *HARD], [201], with_desk=False)

    scores = score(pictures, finders(with_desk=False))

    ours = scores.pop("ours")
    assert ours.usable() >= 0.93
    assert ours.usable() >= 1.25 * max(recipe.usable() for recipe in scores.values())
    assert np.median(ours.corner_errors) < 0.1  # % of the frame's diagonal


def test_the_same_frame_gives_the_same_corners() -> None:
    frame = make_capture(PLAIN, 5).pixels

    one, two = find_sheet(frame), find_sheet(frame.copy())

    assert one is not None
    assert two is not None
    assert np.array_equal(one.quad, two.quad)


@pytest.mark.parametrize("desk", ["dark", "wood", "light", "white"])
def test_an_empty_desk_holds_no_sheet(desk: Desk) -> None:
    assert find_sheet(empty_desk(desk, 3)) is None


@pytest.mark.parametrize("desk", ["leather", "rings", "stone", "checks", "mat", "tiles", "birch", "white"])
def test_an_empty_desk_of_another_make_holds_no_sheet(desk: str) -> None:
    assert find_sheet(unseen_desk(desk, 2)) is None


@pytest.mark.parametrize("name", ["cover", "ruled", "curl", "hand", "all at once", "any angle"])
def test_the_sheet_is_found_in_captures_that_it_was_not_made_for(name: str) -> None:
    capture = unseen(name, 401, (1280, 960))

    sheet = find_sheet(capture.pixels)

    assert sheet is not None
    assert overlap(sheet.quad, capture.corners) >= USABLE_IOU


def test_a_half_shaded_sheet_is_not_taken_for_its_lit_half() -> None:
    """Seed 7 once was: its lit half had four plain sides and, by chance, the proportions of A4."""
    capture = make_capture(FULL_RANGE["shadow"], 7, name="shadow")

    sheet = find_sheet(capture.pixels)

    assert sheet is not None
    assert overlap(sheet.quad, capture.corners) >= USABLE_IOU


def test_an_open_booklet_is_not_taken_for_its_right_page() -> None:
    """Seed 10 once was: another paper touched the left page and made its rim weaker."""
    capture = make_capture(FULL_RANGE["booklet"], 10, name="booklet")

    sheet = find_sheet(capture.pixels)

    assert sheet is not None
    assert overlap(sheet.quad, capture.corners) >= USABLE_IOU


def test_a_sheet_upon_another_is_not_taken_for_both() -> None:
    """Seed 11 once was: a side of one and three of the other, all of them good, and no right angle among them."""
    capture = make_capture(FULL_RANGE["below"], 11, width=2592, height=1944, name="below")

    sheet = find_sheet(capture.pixels)

    assert sheet is not None
    assert overlap(sheet.quad, capture.corners) >= USABLE_IOU


def test_a_tilted_rectangle_is_no_skewed_one() -> None:
    tilted = make_capture(replace(FULL_RANGE["tilted"], lens=(0.0, 0.0)), 3).corners
    slanting = np.array([[400.0, 300.0], [1000.0, 300.0], [1250.0, 1000.0], [650.0, 1000.0]])

    assert skews(tilted[None], 1600, 1200)[0] < 0.1
    assert skews(slanting[None], 1600, 1200)[0] > 0.2


def test_a_picture_of_the_empty_desk_does_no_harm_and_another_size_is_left_aside() -> None:
    capture = make_capture(HARD["white"], 4, name="white", with_desk=True)

    with_desk = find_sheet(capture.pixels, capture.empty_desk)
    with_wrong = find_sheet(capture.pixels, capture.empty_desk[:100])

    assert with_desk is not None
    assert with_wrong is not None
    assert overlap(with_desk.quad, capture.corners) >= USABLE_IOU


@pytest.mark.parametrize("seed", range(4))
def test_a_sheet_that_runs_out_of_the_frame_is_found_and_its_side_is_named(seed: int) -> None:
    capture = make_capture(replace(PLAIN, push=0.05), seed, name="push")
    x, y = capture.corners.T
    out = {"left": x.min() < 0, "right": x.max() > 1599, "top": y.min() < 0, "bottom": y.max() > 1199}

    sheet = find_sheet(capture.pixels)

    assert sheet is not None
    assert set(cut_sides(sheet.quad, 1600, 1200)) == {side for side, runs_out in out.items() if runs_out}


def test_the_outline_of_a_preview_lies_on_the_sheet() -> None:
    capture = make_capture(PLAIN, 8, width=1280, height=960)

    outline = preview_outline(capture.pixels)

    assert outline is not None
    assert overlap(np.array(outline), capture.corners) >= USABLE_IOU


def test_shrinking_takes_whole_factors_and_points_come_back_to_their_place() -> None:
    frame = np.zeros((2448, 3264, 3), np.uint8)
    cv2.rectangle(frame, (800, 400), (1599, 1199), (255, 255, 255), -1)

    small, factor = shrink(frame, 820)

    assert factor == 4
    assert small.shape == (612, 816, 3)
    rows, columns = np.nonzero(small[..., 0])
    middle = to_frame(np.array([[columns.mean(), rows.mean()]]), factor)
    assert np.allclose(middle, [[1199.5, 799.5]])


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_corners_begin_top_left_and_run_clockwise_however_they_were_given(turn: int) -> None:
    quad = np.array([[10.0, 12.0], [110.0, 8.0], [112.0, 208.0], [9.0, 205.0]])

    assert np.array_equal(upright(np.roll(quad, turn, axis=0)), quad)
    assert np.array_equal(upright(np.roll(quad, turn, axis=0)[::-1]), quad)


def test_a_tilted_sheet_has_its_true_proportions() -> None:
    for seed in range(4):
        capture = make_capture(replace(FULL_RANGE["tilted"], lens=(0.0, 0.0)), seed)

        aspect = true_aspect(upright(capture.corners), 1600, 1200)

        assert aspect == pytest.approx(210 / 297, rel=0.05)

"""A slightly curled sheet becomes a flat page, and a flat one is left alone to the last pixel."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest

from edge.capture import capture
from edge.capture.curl import Bend, read_bend
from edge.capture.find import SMALL_SIDE, find_sheet
from edge.capture.flatten import flatten
from edge.capture.quad import Quad
from edge.capture.rims import BOW_MIN, read_rims
from edge.capture.shrink import shrink
from firmware.ports import Pixels
from tests.support.capture_curl import GRID
from tests.support.capture_generator import CURLED, FULL_RANGE, PLAIN, Capture, make_capture
from tests.support.capture_unbent import compared, straightness

CORNERS = np.array([[100.0, 60.0], [500.0, 60.0], [500.0, 620.0], [100.0, 620.0]])


def bowed_sheet(
    *, right: float = 0.0, left: float = 0.0, desk: int = 60, hidden: tuple[float, float] = (0.0, 0.0)
) -> Pixels:
    """Return a white sheet within CORNERS whose sides bow outwards by so many pixels; its right side partly hidden."""
    down = (np.arange(560) + 0.5) / 560
    bow = (4 * down * (1 - down))[:, None]
    columns = np.arange(600)
    cover = np.clip(500 + right * bow - columns, 0, 1) * np.clip(columns + 1 - (100 - left * bow), 0, 1)
    frame = np.full((700, 600, 3), desk, np.uint8)
    frame[60:620] = np.rint(desk + (240 - desk) * cover)[..., None]
    top, bottom = (round(60 + 560 * share) for share in hidden)
    frame[top:bottom, 440:] = (120, 150, 200)
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), 0.7))


@functools.cache
def curled(name: str = "curl", seed: int = 3) -> Capture:
    return make_capture(CURLED[name], seed, name=name)


def bend_of(picture: Capture) -> Bend | None:
    small, factor = shrink(picture.pixels, SMALL_SIDE)
    sheet = find_sheet(picture.pixels, small=small)
    assert sheet is not None
    return read_bend(small, sheet.quad, factor)


@pytest.mark.parametrize(("name", "seed"), [("curl", 1), ("curl", 0), ("curl, hand", 0), ("curl, clutter", 3)])
def test_a_curled_sheets_lines_of_print_and_rims_become_straight(name: str, seed: int) -> None:
    pair = compared(curled(name, seed))

    assert pair is not None
    found, unbent = pair
    assert max(found.rows, found.columns) > 18  # page pixels: the height of 小五 is 25
    assert max(unbent.rows, unbent.columns) < 8
    assert unbent.rims < 4
    assert unbent.places < found.places


def test_no_desk_is_on_a_curled_sheets_page_and_its_corners_are_found() -> None:
    pair = compared(curled(seed=1))

    assert pair is not None
    found, unbent = pair
    assert found.desk > 0.008
    assert unbent.desk < 0.0005
    assert unbent.overlap > 0.995 > found.overlap


@pytest.mark.parametrize("name", ["plain", "finger", "clutter", "framed", "small", "below"])
def test_a_flat_sheet_has_no_bend(name: str) -> None:
    assert bend_of(make_capture(FULL_RANGE[name], 1, name=name)) is None


def test_corners_taken_from_another_sheet_below_bend_nothing() -> None:
    """Half a side on this sheet and half on that one once made a curve, and a worse page."""
    assert bend_of(make_capture(FULL_RANGE["below"], 5, width=1280, height=960, name="below")) is None


def test_a_flat_sheets_page_is_the_same_to_the_last_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = make_capture(PLAIN, 2).pixels
    page = capture(frame)
    monkeypatch.setattr("edge.capture.page.read_bend", lambda *_: None)

    assert capture(frame).plain_digest == page.plain_digest


def test_a_cards_round_corners_are_no_bow() -> None:
    """They once bowed a short side by as much as slight curl would."""
    assert bend_of(make_capture(FULL_RANGE["idcard"], 10, width=1920, height=1080, name="idcard")) is None


def test_a_page_has_the_unbent_sheets_corners() -> None:
    picture = curled(seed=1)

    page = capture(picture.pixels)

    bend = bend_of(picture)
    assert bend is not None
    assert page.corners is not None
    assert np.allclose(np.sort(np.array(page.corners), axis=0), np.sort(bend.quad, axis=0))


@pytest.mark.parametrize(("share", "bends"), [(0.75, False), (1.3, True)])
def test_a_side_that_bows_by_less_than_the_bound_is_straight(share: float, *, bends: bool) -> None:
    frame = bowed_sheet(right=share * BOW_MIN / 0.58 * 560)  # the middle three quarters bow by 0.58 of the whole

    assert (read_rims(frame, CORNERS) is not None) is bends


def test_a_bowed_side_is_read_where_it_runs() -> None:
    rims = read_rims(bowed_sheet(right=9, left=-4), CORNERS)

    assert rims is not None
    middles = rims.lines[:, rims.lines.shape[1] // 2]
    assert middles[1, 0] == pytest.approx(509 - 0.5, abs=0.5)
    assert middles[3, 0] == pytest.approx(104 - 0.5, abs=0.5)
    assert np.abs(rims.corners - (CORNERS - 0.5)).max() < 0.5


def test_misplaced_corners_of_a_bowed_sheet_are_found() -> None:
    """A straight line through a bowed side runs through one of its ends at most."""
    off: Quad = CORNERS + np.array([[0, 0], [10, 0], [-5, 0], [0, 0]])

    rims = read_rims(bowed_sheet(right=9), off)

    assert rims is not None
    assert np.abs(rims.corners - (CORNERS - 0.5)).max() < 0.5


def test_a_finger_at_the_bowed_side_does_not_bend_it() -> None:
    rims = read_rims(bowed_sheet(right=9, hidden=(0.35, 0.5)), CORNERS)

    assert rims is not None
    assert np.abs(rims.lines[1, 2:-2, 0].max() - 508.5) < 1


def test_a_hand_over_half_the_bowed_side_makes_nothing_sure() -> None:
    assert read_rims(bowed_sheet(right=9, hidden=(0.3, 0.85)), CORNERS) is None


def test_a_side_that_cannot_be_seen_makes_nothing_sure() -> None:
    frame = bowed_sheet(right=9)[:, 110:]

    assert read_rims(np.ascontiguousarray(frame), CORNERS - np.array([110.0, 0.0])) is None


def test_a_sheet_as_light_as_the_desk_has_no_bend() -> None:
    assert read_rims(bowed_sheet(right=9, desk=239), CORNERS) is None


def test_a_finger_alone_bends_nothing() -> None:
    assert read_rims(bowed_sheet(hidden=(0.4, 0.55)), CORNERS) is None


def test_the_thumbnail_is_unbent_like_the_page() -> None:
    picture = curled(seed=1)
    small, factor = shrink(picture.pixels, SMALL_SIDE)
    bend = bend_of(picture)
    assert bend is not None

    page = flatten(picture.pixels, bend.quad, 640, 904, bend=bend)
    thumb = flatten(small, bend.quad, 160, 226, bend=bend, factor=factor)

    again = cv2.resize(page, (160, 226), interpolation=cv2.INTER_AREA)
    inner = np.s_[2:-2, 2:-2]
    assert np.abs(thumb[inner].astype(int) - again[inner]).mean() < 6


def test_places_between_the_coarse_grids_are_where_the_bend_says() -> None:
    """A picture that holds its own coordinates, unbent, says where each pixel came from."""
    bend = bend_of(curled(seed=1))
    assert bend is not None
    rows, columns = np.mgrid[0:1200, 0:1600]
    frame = np.stack([columns % 256, columns // 256 * 30, rows * 0], axis=-1).astype(np.uint8)
    width, height = 301, 427  # no multiple of the grid

    page = flatten(frame, bend.quad, width, height, bend=bend)

    x, _ = bend.places((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    whole = page[..., 1].astype(float) / 30
    steady = np.abs(whole - np.round(whole)) < 0.01
    steady &= (page[..., 0] > 2) & (page[..., 0] < 253)
    came_from = page[..., 0] + 256 * np.round(whole)
    assert steady.mean() > 0.9
    assert np.abs(came_from - x)[steady].max() < 1  # both grey levels and fractions of a pixel are rounded
    assert (came_from - x)[steady].mean() == pytest.approx(0, abs=0.05)


def test_the_bends_corners_are_the_quads() -> None:
    bend = bend_of(curled(seed=3))
    assert bend is not None

    x, y = bend.places(np.array([0.0, 1.0]), np.array([0.0, 1.0]))

    seen = np.stack([x, y], axis=-1)
    assert np.allclose([seen[0, 0], seen[0, 1], seen[1, 1], seen[1, 0]], bend.quad, atol=0.02)


def test_the_score_of_the_truth_itself_is_perfect() -> None:
    picture = curled(seed=3)
    assert picture.bent is not None

    perfect = straightness(picture, picture.corners, picture.bent)

    assert picture.bent.shape == (GRID, GRID, 2)
    assert (perfect.rows, perfect.columns, perfect.places, perfect.desk, perfect.cut) == (0, 0, 0, 0, 0)
    assert perfect.overlap == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("seed", [52, 72, 144])
def test_a_side_on_the_pictures_rim_has_no_curve_and_does_not_stop_the_capture(seed: int) -> None:
    """On the rim there is noise and no edge: three stations agreed by chance, and nothing near the curve was left."""
    frame = np.full((648, 486, 3), 60, np.uint8)
    quad = np.array([[0.4, 22.0], [375.0, 31.0], [359.0, 628.0], [0.4, 620.0]])
    cv2.fillConvexPoly(frame, quad.astype(np.int32), (235, 235, 235))
    noisy = np.clip(frame + np.random.default_rng(seed).normal(0, 2, frame.shape), 0, 255).astype(np.uint8)

    assert read_rims(noisy, quad) is None

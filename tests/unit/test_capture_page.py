"""Frame to page: what comes out, in which bounds, and that no frame, however strange, does harm."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from broker.errors import PictureRefused
from broker.messages import PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_MAX, Page
from edge.capture import CapturedPage, Found, VerdictCode, capture, preview_outline, read_codes
from edge.capture.encode import encode
from firmware.ports import Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import draw_paper
from tests.support.capture_generator import FULL_RANGE, PAIR, PLAIN, make_capture
from tests.support.capture_score import USABLE_IOU, overlap

NEAR = replace(PLAIN, fill=(0.9, 0.93), turn_degrees=(-3, 3))  # a frame of 5 megapixels that a sheet of A4 fills


def opened(page: CapturedPage) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def test_a_form_becomes_an_upright_page_of_a4_at_200_dpi() -> None:
    frame = make_capture(NEAR, 3, width=2592, height=1944).pixels

    page = capture(frame)

    assert page.usable
    assert page.verdict.code is VerdictCode.GOOD
    assert (page.width, page.height) == (1654, 2339)
    assert opened(page).shape == (2339, 1654, 3)
    assert page.plain_digest == hashlib.sha256(page.jpeg).hexdigest()
    Page(
        material="申请表",
        digest="0" * 64,
        sealed_bytes=len(page.jpeg),
        plain_digest=page.plain_digest,
        width=page.width,
        height=page.height,
    )


def test_bare_paper_comes_out_white_although_a_shadow_lay_on_it_and_the_seal_stays_red() -> None:
    frame = make_capture(replace(NEAR, shadow=(0.4, 0.5)), 3, width=2592, height=1944).pixels

    picture = opened(capture(frame))

    margin = np.concatenate([picture[60:2280, 30:80].reshape(-1, 3), picture[60:2280, -80:-30].reshape(-1, 3)])
    assert np.percentile(margin.min(axis=1), 5) > 215
    blue, green, red = (picture[..., i].astype(int) for i in range(3))
    seal = (red > 150) & (green < 130) & (blue < 130)
    rows, columns = np.nonzero(seal)
    assert seal.sum() > 3000
    assert np.median(rows) > 1500
    assert np.median(columns) > 800


def test_a_card_becomes_a_page_of_300_dpi_with_white_behind_its_round_corners() -> None:
    frame = make_capture(FULL_RANGE["idcard"], 3, width=2592, height=1944, name="idcard").pixels

    page = capture(frame)

    assert (page.width, page.height) == (1024, 646)
    assert all(opened(page)[row, column].min() > 245 for row in (2, -3) for column in (2, -3))


def test_an_empty_desk_gives_the_whole_frame_and_says_so() -> None:
    page = capture(np.full((1200, 1600, 3), 90, np.uint8))

    assert page.corners is None
    assert page.verdict.code is VerdictCode.NOTHING_THERE
    assert not page.usable
    assert "没有找到纸张" in page.reason
    assert opened(page).shape == (1200, 1600, 3)


def test_a_page_never_shows_itself_in_a_log() -> None:
    page = capture(np.full((60, 80, 3), 90, np.uint8))

    assert repr(page) == "CapturedPage(80x60, nothing-there)"


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((1, 4000, 3), np.uint8),
        np.zeros((3, 2, 3), np.uint8),
        np.zeros((900, 1200, 3), np.uint8),
        np.full((900, 1200, 3), 255, np.uint8),
        np.random.default_rng(1).integers(0, 256, (900, 1200, 3), np.uint8),
        np.zeros((5000, 7900, 3), np.uint8),
    ],
    ids=["one pixel", "one row", "six pixels", "black", "white", "noise", "40 megapixels"],
)
def test_a_strange_frame_gives_a_page_within_the_bounds_and_a_verdict(frame: Pixels) -> None:
    page = capture(frame)

    assert not page.usable
    assert 0 < len(page.jpeg) <= PAGE_BYTES_MAX
    assert max(page.width, page.height) <= PAGE_SIDE_MAX
    assert page.width * page.height <= PAGE_PIXELS_MAX


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((90, 120), np.uint8),
        np.zeros((90, 120, 1), np.uint8),
        np.zeros((90, 120, 4), np.uint8),
        np.zeros((90, 120, 3), np.float32),
        np.zeros((0, 120, 3), np.uint8),
        np.zeros((90, 0, 3), np.uint8),
    ],
)
def test_what_is_no_frame_is_refused_everywhere(frame: Pixels) -> None:
    for way_in in (capture, preview_outline, read_codes):
        with pytest.raises(PictureRefused):
            way_in(frame)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", ["a4", "card"])
def test_print_stands_upright_however_the_sheet_lies(kind: str, quarters: int) -> None:
    scene = replace(PLAIN, kinds=(kind,), turn_degrees=(90.0 * quarters + 2, 90.0 * quarters + 2), fill=(0.55, 0.55))
    made = make_capture(scene, 4, width=2592, height=1944)

    page = capture(made.pixels)

    assert page.corners is not None
    assert np.abs(np.array(page.corners) - made.corners).max() < 20  # the same corner first: the paper's upper left
    assert (page.width < page.height) is (kind == "a4")


def test_a_blank_sheet_stays_as_it_lies() -> None:
    frame = np.full((1200, 1600, 3), 60, np.uint8)
    cv2.rectangle(frame, (400, 100), (1200, 1100), (240, 240, 240), -1)

    page = capture(frame)

    assert page.turned_degrees == 0
    assert page.corners is not None
    assert page.corners[0] == pytest.approx((400, 100), abs=3)


def test_two_cards_become_one_page_with_both() -> None:
    made = make_capture(PAIR, 3, name="pair", width=2592, height=1944)

    page = capture(made.pixels)

    assert page.found is Found.TWO_CARDS
    found = [np.array(corners) for corners in (page.corners, page.second_corners)]
    for true in (made.corners, *made.beside):
        assert max(overlap(quad, true) for quad in found) >= USABLE_IOU
    assert page.height > page.width
    assert opened(page).shape == (page.height, page.width, 3)


@pytest.mark.parametrize("first", ["household_register", "photo"])
def test_a_paper_beside_another_is_asked_for_one_by_one(first: str) -> None:
    """One of the two was filed and called good; the other was missed when the resident had gone."""
    desk = Desk(seed=2)
    desk.lay(draw_paper(first, seed=3))
    desk.lay(draw_paper("id_card", seed=4), add=True)

    assert capture(desk.frame("photograph")).verdict.code is VerdictCode.TWO_SHEETS


@pytest.mark.parametrize("kind", ["household_register", "photo", "medical_receipt", "id_card"])
def test_a_paper_alone_is_one_paper(kind: str) -> None:
    desk = Desk(seed=2)
    desk.lay(draw_paper(kind, seed=3))

    assert capture(desk.frame("photograph")).verdict.code is VerdictCode.GOOD


def test_one_card_is_one_card() -> None:
    page = capture(make_capture(FULL_RANGE["idcard"], 2, name="idcard").pixels)

    assert page.found is Found.CARD
    assert page.second_corners is None


def test_a_frame_that_is_a_view_of_another_gives_the_same_page() -> None:
    frame = make_capture(PLAIN, 2, width=1280, height=960).pixels
    wide = np.zeros((960, 2560, 3), np.uint8)
    wide[:, ::2] = frame

    assert capture(wide[:, ::2]).plain_digest == capture(frame).plain_digest


def test_a_page_full_of_noise_is_pressed_until_it_fits() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (3400, 3400, 3), np.uint8)

    jpeg, width, height = encode(noise)

    assert len(jpeg) <= PAGE_BYTES_MAX
    assert (width, height) in {(3400, 3400), (1700, 1700)}


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 90), st.integers(1, 90), st.just(3)),
        elements=st.sampled_from([0, 1, 40, 128, 200, 254, 255]),
        fill=st.sampled_from([0, 30, 255]),
    )
)
def test_no_small_frame_does_harm(frame: Pixels) -> None:
    page = capture(frame)

    assert len(page.jpeg) > 0
    assert page.verdict.notice
    preview_outline(frame)

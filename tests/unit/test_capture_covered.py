"""A finger counts where print runs under it, and desk must be seen beyond each corner."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.judge import COVERED_MAX, Seen, cut_sides, measure
from edge.capture.light import THUMB, measure_light
from firmware.ports import Pixels

WIDTH, HEIGHT = 1656, 2336  # page pixels of an A4 sheet
SKIN = (120, 150, 205)


def _page() -> Pixels:
    """Draw lines of print on white paper, with a hand's breadth left free at the bottom."""
    page = np.full((HEIGHT, WIDTH, 3), 225, np.uint8)
    random = np.random.default_rng(5)
    for top in range(200, 1700, 60):
        for left in range(60, WIDTH - 60, 36):
            for _ in range(5):
                ends = random.integers(0, 28, 4)
                cv2.line(
                    page,
                    (left + int(ends[0]), top + int(ends[1])),
                    (left + int(ends[2]), top + int(ends[3])),
                    (45, 45, 45),
                    3,
                    cv2.LINE_AA,
                )
    return page


def _covered(page: Pixels, light: float = 1.0, *, is_card: bool = False) -> float:
    page = np.clip(page * light, 0, 255).astype(np.uint8)
    thumb = cv2.resize(page, (WIDTH // THUMB, HEIGHT // THUMB), interpolation=cv2.INTER_AREA)
    quad = np.array([[300, 300], [1956, 300], [1956, 2636], [300, 2636]], np.float64)
    seen = Seen(page, thumb, measure_light(thumb), quad, 1.0, 2336.0, 200.0, 2448, 3264, is_card=is_card)
    return measure(seen).covered_share


def _with_finger(page: Pixels, tip: tuple[int, int], root: tuple[int, int], width: int = 150) -> Pixels:
    page = page.copy()
    cv2.line(page, root, tip, SKIN, width)
    return page


def test_no_hand_covers_nothing() -> None:
    assert _covered(_page()) == 0


def test_a_finger_over_print_covers_it() -> None:
    assert _covered(_with_finger(_page(), (300, 800), (-80, 800))) > COVERED_MAX


def test_a_finger_on_blank_paper_covers_nothing() -> None:
    page = _page()
    page[700:1500, 900:] = 225  # print above, below and beside it, and none that runs under it

    assert _covered(_with_finger(page, (1300, 1100), (1700, 1100))) == 0
    assert _covered(_with_finger(page, (800, 1100), (1700, 1100))) > COVERED_MAX


def test_on_a_card_a_finger_counts_wherever_it_goes_beyond_the_margin() -> None:
    page = np.full((HEIGHT, WIDTH, 3), 225, np.uint8)
    page[200:400, 200:900:6] = 60  # print far from the finger

    assert _covered(_with_finger(page, (1300, 1500), (1700, 1500)), is_card=True) > COVERED_MAX
    assert _covered(_with_finger(page, (1300, 1500), (1700, 1500))) == 0
    assert _covered(_with_finger(page, (1650, 1500), (1700, 1500), width=60), is_card=True) == 0


def test_a_photograph_of_a_face_within_the_page_is_no_finger() -> None:
    page = _page()
    cv2.circle(page, (800, 800), 160, SKIN, -1)

    assert _covered(page) == 0


def test_in_the_dark_a_tint_of_one_grey_level_is_no_skin() -> None:
    page = _page()
    page[:, :300] = (page[:, :300] * (0.78, 0.88, 1.0)).astype(np.uint8)  # a warm lamp at one side

    assert _covered(page, light=0.06) == 0


@pytest.mark.parametrize(
    ("corner", "sides"),
    [((7.0, 400.0), ()), ((6.0, 400.0), ("left",)), ((-9.0, 400.0), ("left",)), ((5.0, 5.0), ("left", "top"))],
)
def test_a_corner_is_seen_when_desk_lies_beyond_it(corner: tuple[float, float], sides: tuple[str, ...]) -> None:
    quad = np.array([corner, [1500, 420], [1500, 2000], [60, 2000]], np.float64)

    assert cut_sides(quad, 2448, 3264) == sides  # 0.002 of 3264 are 6.5 pixels


@pytest.mark.parametrize(("corner", "sides"), [((2440.0, 3256.0), ()), ((2441.5, 3257.5), ("right", "bottom"))])
def test_the_far_rims_count_alike(corner: tuple[float, float], sides: tuple[str, ...]) -> None:
    quad = np.array([[100, 100], [2000, 100], corner, [100, 3000]], np.float64)

    assert cut_sides(quad, 2448, 3264) == sides

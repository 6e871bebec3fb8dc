"""A shine at which the sensor is full hides what it covers: said by what stands around it, or the card beneath."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture import VerdictCode, capture
from edge.capture.light import THUMB, measure_light
from edge.capture.print_lines import find_lines
from edge.capture.shine import hides_print
from tests.support.gate_generator import gate_capture
from tests.support.gate_papers import KINDS
from tests.support.gate_score import FRAMES

_WIDTH, _HEIGHT = 1000, 1400


def _page(*blank: tuple[int, int]) -> np.ndarray:
    """Return grey paper with rows of print, which these stretches of columns have not."""
    page = np.full((_HEIGHT, _WIDTH, 3), 205, np.uint8)
    for top in range(120, _HEIGHT - 80, 60):
        for left in range(100, _WIDTH - 130, 34):
            if not any(start <= left < end for start, end in blank):
                cv2.rectangle(page, (left, top), (left + 22, top + 22), (40, 40, 40), 3)
    return page


def _lit(page: np.ndarray, column: int, row: int, *, steep: bool) -> np.ndarray:
    """Return the page with a lamp's reflection there, which adds light as a lamp does, before the camera's curve."""
    rows, columns = np.ogrid[0:_HEIGHT, 0:_WIDTH]
    away = np.hypot(columns - column, rows - row)
    peak, width = (30.0, 50.0) if steep else (0.55, 150.0)
    added = peak * np.exp(-((away / width) ** 2) / 2)
    light = (page.astype(np.float32) / 255) ** 2.2 + added[..., None]
    return np.asarray(255 * np.clip(light, 0, 1) ** (1 / 2.2), np.uint8)


def _hides(page: np.ndarray, *, is_card: bool = False) -> bool:
    thumb = cv2.resize(page, (_WIDTH // THUMB, _HEIGHT // THUMB), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY).astype(np.float32)
    lines = find_lines(page, thumb.shape[0], thumb.shape[1], 1.0)
    assert len(lines.boxes), "the page has print"
    return hides_print(gray, lines, measure_light(thumb), is_card=is_card)


def test_print_on_both_sides_of_a_saturated_shine_runs_on_beneath_it() -> None:
    assert _hides(_lit(_page(), 500, 700, steep=True))


def test_a_page_without_a_shine_hides_nothing() -> None:
    assert not _hides(_page())
    assert not _hides(_page(), is_card=True)


def test_a_shine_beside_the_print_hides_none_but_on_a_card() -> None:
    beside = _lit(_page((500, _WIDTH)), 780, 700, steep=True)

    assert not _hides(beside)
    assert _hides(beside, is_card=True)


def test_a_line_that_ends_at_a_shine_with_nothing_behind_it_ends_there() -> None:
    assert not _hides(_lit(_page((500, _WIDTH)), 640, 700, steep=True))


def test_a_weak_shine_would_leave_the_ink_between_two_columns_and_is_let_pass() -> None:
    page = _lit(_page((330, 670)), 500, 700, steep=False)
    assert int((page.min(axis=2) > 250).sum()) > 5000, "the paper is full in its middle"

    assert not _hides(page)
    assert not _hides(page, is_card=True)


def test_a_small_shine_on_a_card_is_no_trouble() -> None:
    page = _page((330, 670))
    cv2.circle(page, (500, 700), 56, (255, 255, 255), -1)

    assert not _hides(page, is_card=True)


@pytest.mark.parametrize(
    ("kind", "seed", "code"),
    [
        ("receipt", 33, VerdictCode.GLARE),
        ("handwritten", 32, VerdictCode.GLARE),
        ("card", 26, VerdictCode.GLARE),
        ("sparse", 27, VerdictCode.GOOD),  # the same lamp, on blank paper
    ],
)
def test_a_lamps_hard_reflection_is_refused_over_print_only(kind: str, seed: int, code: VerdictCode) -> None:
    width, height = FRAMES[(seed + KINDS.index(kind)) % 5 == 0]
    shot = gate_capture(kind, "glare", 2.5, seed, width=width, height=height)

    assert shot.readable is (code is VerdictCode.GOOD)
    assert capture(shot.pixels).verdict.code is code

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


_STEEP, _WEAK, _WIDE = (30.0, 50.0), (0.55, 150.0), (1.15, 110.0)  # peak in the light of white, width in pixels


def _lit(page: np.ndarray, column: int, row: int, lamp: tuple[float, float] = _STEEP) -> np.ndarray:
    """Return the page with a lamp's reflection there, which adds light as a lamp does, before the camera's curve."""
    rows, columns = np.ogrid[0:_HEIGHT, 0:_WIDTH]
    away = np.hypot(columns - column, rows - row)
    peak, width = lamp
    added = peak * np.exp(-((away / width) ** 2) / 2)
    light = (page.astype(np.float32) / 255) ** 2.2 + added[..., None]
    return np.asarray(255 * np.clip(light, 0, 1) ** (1 / 2.2), np.uint8)


def _hides(page: np.ndarray, *, is_card: bool = False) -> bool:
    height, width = page.shape[:2]
    thumb = cv2.resize(page, (width // THUMB, height // THUMB), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY).astype(np.float32)
    lines = find_lines(page, thumb.shape[0], thumb.shape[1], 1.0)
    assert len(lines.boxes), "the page has print"
    return hides_print(thumb, gray, lines, measure_light(thumb), is_card=is_card)


def test_print_on_both_sides_of_a_saturated_shine_runs_on_beneath_it() -> None:
    assert _hides(_lit(_page(), 500, 700))


def test_print_above_and_below_a_shine_ends_there_whichever_way_the_page_lies() -> None:
    between = _page()
    between[600:800] = 205
    beside = _lit(_page(), 500, 700)

    for quarters in range(4):
        assert not _hides(np.rot90(_lit(between, 500, 700, (30.0, 30.0)), quarters).copy())
        assert _hides(np.rot90(beside, quarters).copy())


def test_a_page_without_a_shine_hides_nothing() -> None:
    assert not _hides(_page())
    assert not _hides(_page(), is_card=True)


def test_a_shine_beside_the_print_hides_none_but_on_a_card() -> None:
    beside = _lit(_page((500, _WIDTH)), 780, 700)

    assert not _hides(beside)
    assert _hides(beside, is_card=True)


def test_a_line_that_ends_at_a_shine_with_nothing_behind_it_ends_there() -> None:
    assert not _hides(_lit(_page((500, _WIDTH)), 640, 700))


def test_a_weak_shine_would_leave_the_ink_between_two_columns_and_is_let_pass() -> None:
    page = _lit(_page((330, 670)), 500, 700, _WEAK)
    assert int((page.min(axis=2) > 250).sum()) > 5000, "the paper is full in its middle"

    assert not _hides(page)
    assert not _hides(page, is_card=True)


def _certificate(size: float = 2.0) -> np.ndarray:
    """Return a page with a heading and nothing else."""
    page = np.full((_HEIGHT, _WIDTH, 3), 205, np.uint8)
    cv2.putText(page, "certificate", (150, 150), cv2.FONT_HERSHEY_SIMPLEX, size, (40, 40, 40), round(2.5 * size))
    return page


def test_print_is_seen_on_both_sides_though_it_is_too_short_for_a_line() -> None:
    page = _certificate()
    for left in (315, 655):
        cv2.rectangle(page, (left, 680), (left + 30, 720), (40, 40, 40), 6)

    assert _hides(_lit(page, 500, 700))


@pytest.mark.parametrize(("size", "rule"), [(0.8, 8), (2.0, 2), (4.0, 22)])
def test_a_rule_that_runs_through_a_shine_is_no_print(size: float, rule: int) -> None:
    page = _certificate(size)
    cv2.line(page, (100, 705), (900, 705), (40, 40, 40), rule)

    assert not _hides(_lit(page, 500, 700))


def _sealed(column: int, row: int) -> np.ndarray:
    page = _certificate()
    cv2.circle(page, (column, row), 90, (50, 50, 200), 10)
    return page


def test_a_seal_that_goes_into_a_steep_shine_is_hidden_there() -> None:
    assert _hides(_lit(_sealed(650, 800), 500, 700))
    assert not _hides(_lit(_sealed(760, 1150), 500, 700)), "it stands apart"
    assert not _hides(_lit(_sealed(650, 800), 500, 700, _WEAK)), "its ink is seen through the shine"


def test_the_red_of_a_picture_at_a_shine_is_no_seal() -> None:
    page = _sealed(760, 1150)
    page[500:900, 620:900] = (60, 60, 190)

    assert not _hides(_lit(page, 500, 700))


def test_gilt_print_cannot_be_seen_in_any_shine_that_fills_the_sensor() -> None:
    page = _page()
    gilt, ground = np.array([[90, 160, 185], [30, 25, 90]], np.uint8)
    cover = np.where(page.min(axis=2, keepdims=True) < 100, gilt, ground)

    assert _hides(_lit(cover, 500, 700, _WIDE))
    assert not _hides(_lit(_page(), 500, 700, _WEAK)), "dark ink on white paper can"


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

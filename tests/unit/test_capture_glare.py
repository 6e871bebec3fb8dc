"""Print that a reflection has nearly taken is counted where it is seen to fade; what is pale anyway is not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.capture.glare import faded_px
from edge.capture.judge import GLARE_MAX
from edge.capture.light import THUMB, measure_light
from edge.capture.print_lines import find_lines

_WIDTH, _HEIGHT = 1000, 1400
_STRONG, _MILD = 1.0, 0.4  # of the light of white: at 0.83 a character is lost, at 0.48 it is pale


def _page(*, print_: bool = True) -> np.ndarray:
    page = np.full((_HEIGHT, _WIDTH, 3), 205, np.uint8)
    for top in range(120, _HEIGHT - 80, 60) if print_ else ():
        for left in range(100, _WIDTH - 130, 34):
            cv2.rectangle(page, (left, top), (left + 22, top + 22), (40, 40, 40), 3)
    return page


def _lit(page: np.ndarray, peak: float, column: int = 500, row: int = 700, *, veil: float = 0.0) -> np.ndarray:
    """Return the page with a lamp's reflection 120 pixels wide, which adds light before the camera's curve.

    Around it lies a veil 350 pixels wide, if it has one.
    """
    rows, columns = np.ogrid[0:_HEIGHT, 0:_WIDTH]
    away = (columns - column) ** 2 + (rows - row) ** 2
    added = peak * np.exp(-((away / 120**2) ** 1.5) / 2) + veil * np.exp(-away / 350**2 / 2)
    light = (page.astype(np.float32) / 255) ** 2.2 + added[..., None]
    return np.asarray(255 * np.clip(light, 0, 1) ** (1 / 2.2), np.uint8)


def _faded(page: np.ndarray, *, without_lines: bool = False) -> float:
    height, width = page.shape[:2]
    thumb = cv2.resize(page, (width // THUMB, height // THUMB), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(thumb, cv2.COLOR_BGR2GRAY).astype(np.float32)
    lines = find_lines(page, thumb.shape[0], thumb.shape[1], 1.0)
    if without_lines:
        lines = replace(lines, boxes=lines.boxes[:0], heights=lines.heights[:0])
    return faded_px(thumb, gray, lines, measure_light(thumb))


@pytest.mark.parametrize("without_lines", [False, True])
def test_print_that_fades_into_a_strong_shine_counts_whether_or_not_a_line_was_found(without_lines: bool) -> None:
    assert _faded(_lit(_page(), _STRONG), without_lines=without_lines) > 2 * GLARE_MAX


def test_print_that_fades_within_a_veil_counts_though_the_veil_looks_like_the_sheets_own_light() -> None:
    page = _lit(_page(), 0.7, veil=0.5)
    smooth = measure_light(cv2.resize(page, None, fx=1 / THUMB, fy=1 / THUMB, interpolation=cv2.INTER_AREA)).smooth
    assert smooth.max() > 250, "the veil is the sheet's smooth light"

    assert _faded(page) > 2 * GLARE_MAX


def test_a_page_in_too_much_light_is_full_all_over_and_its_watermark_is_pale_by_itself() -> None:
    page = _page()
    for text, row in (("SAMPLE", 400), ("COPY", 900)):
        cv2.putText(page, text, (120, row), cv2.FONT_HERSHEY_SIMPLEX, 6, (192, 192, 192), 12)
    light = (page.astype(np.float32) / 255) ** 2.2 * 1.6

    assert _faded(np.asarray(255 * np.clip(light, 0, 1) ** (1 / 2.2), np.uint8)) < GLARE_MAX / 4


def test_print_that_is_read_through_a_mild_shine_does_not_count() -> None:
    assert _faded(_lit(_page(), _MILD)) < GLARE_MAX / 4


def test_blank_paper_may_shine() -> None:
    page = _page()
    page[480:920, 280:720] = 205

    assert _faded(_lit(page, _STRONG)) < GLARE_MAX / 4


def test_the_pale_rules_of_writing_paper_are_no_faded_print() -> None:
    page = _page()
    page[480:920, 280:720] = 205
    for top in range(500, 920, 50):
        cv2.line(page, (280, top), (720, top), (175, 185, 180), 2)

    assert _faded(_lit(page, _STRONG)) < GLARE_MAX / 4


def test_a_seal_is_pale_in_a_mild_shine_and_still_read() -> None:
    page = _page()
    page[480:920, 280:720] = 205
    for radius in (60, 90, 120):
        cv2.circle(page, (500, 700), radius, (90, 90, 200), 8)

    assert _faded(_lit(page, _MILD)) < GLARE_MAX / 4


def test_a_photo_that_shines_is_no_faded_print() -> None:
    page = _page()
    rng = np.random.default_rng(3)
    patches = rng.uniform(40, 200, (6, 6, 3)).astype(np.float32)
    page[480:920, 280:720] = cv2.resize(patches, (440, 440), interpolation=cv2.INTER_CUBIC).clip(20, 205)

    assert _faded(_lit(page, _STRONG, column=360, row=840)) < GLARE_MAX / 4

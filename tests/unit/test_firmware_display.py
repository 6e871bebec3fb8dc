"""The dot font and the simulated LED matrix."""

from __future__ import annotations

import io
import string

import pytest
from PIL import Image

from firmware.led_font import ROWS, text_dots
from firmware.led_matrix import MATRIX_COLUMNS, SCROLL_COLUMNS_PER_SECOND
from firmware.simulators.call_display import SimulatedCallDisplay


def display_at(now: list[float]) -> SimulatedCallDisplay:
    return SimulatedCallDisplay(clock=lambda: now[0])


def test_every_character_of_a_call_has_its_own_dots() -> None:
    drawn = {character: text_dots(character).tobytes() for character in string.ascii_uppercase + string.digits}

    assert len(set(drawn.values())) == 36
    assert all(text_dots(character).shape[0] == ROWS for character in string.printable.strip())


def test_a_ticket_number_fits_the_matrix_without_running() -> None:
    now = [0.0]
    display = display_at(now)
    display.show("A6027")
    before = display.dots()

    now[0] = 9.0

    assert text_dots("A6027").shape[1] <= MATRIX_COLUMNS
    assert (display.dots() == before).all()


def test_what_does_not_fit_runs_and_comes_round() -> None:
    now = [0.0]
    display = display_at(now)
    display.show("A6027 > WINDOW 3")
    begin = display.dots()

    now[0] = 1.0
    later = display.dots()
    now[0] = (text_dots("A6027 > WINDOW 3").shape[1] + MATRIX_COLUMNS // 2) / SCROLL_COLUMNS_PER_SECOND + 1e-6

    assert (later != begin).any()
    assert (display.dots() == begin).all()


def test_a_blinking_text_is_dark_half_of_the_time_and_an_empty_one_always() -> None:
    now = [0.0]
    display = display_at(now)
    display.show("A6027", blink=True)
    assert display.dots().any()

    now[0] = 0.5
    assert not display.dots().any()
    display.show("")
    assert not display.dots().any()


def test_the_picture_is_a_png_that_changes_with_what_is_shown() -> None:
    display = SimulatedCallDisplay()
    dark = display.picture()
    display.show("A6027")

    with Image.open(io.BytesIO(display.picture())) as picture:
        assert picture.format == "PNG"
        assert picture.width > 3 * picture.height - 100
    assert display.picture() != dark


@pytest.mark.parametrize("fault", ["dead_row", "unplugged"])
def test_a_fault_shows_in_the_picture(fault: str) -> None:
    display = SimulatedCallDisplay()
    display.show("A6027")
    whole = display.dots()

    display.faults.set(fault, True)

    assert display.dots().sum() < whole.sum()

"""The wired call displays: the dots that arrive at the chips are those of the simulator's picture."""

from __future__ import annotations

import contextlib
import itertools
import string
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.am03127_frames import frame, page, question
from firmware.bench import DeviceSettings, DeviceSettingsRefused, open_bench
from firmware.drivers.call_display_max7219 import Settings as MatrixSettings
from firmware.drivers.call_display_max7219 import matrix_display
from firmware.drivers.call_display_multi_character import Settings as DigitsSettings
from firmware.drivers.call_display_multi_character import digits_display
from firmware.drivers.call_display_serial import SerialCallDisplay
from firmware.drivers.call_display_serial import Settings as SerialSettings
from firmware.ports import DeviceError, DisplayFailed
from firmware.seven_segment import FONT, SCROLL_CHARACTERS_PER_SECOND, digits_at
from firmware.simulators.call_display import SimulatedCallDisplay
from tests.support.driver_rigs_pins import LedBar, MatrixRecorder, MockHeader, digits_lit


def until(holds: Callable[[], bool], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        threading.Event().wait(0.01)
    return holds()


# MAX7219


@pytest.mark.parametrize("text", ["A6027", "SETUP", "E-12", "8888", "1", "", "A6027-3", "B7003 > WINDOW 3", "abc?~"])
def test_what_arrives_at_the_chips_is_the_simulators_picture(text: str) -> None:
    now = [100.0]
    recorder = MatrixRecorder()
    simulated = SimulatedCallDisplay(clock=lambda: now[0])
    with matrix_display(MatrixSettings(), recorder.open, clock=lambda: now[0]) as wired:
        for blink in (False, True):
            simulated.show(text, blink=blink)
            wired.show(text, blink=blink)
            for _ in range(5):
                wired.check()
                assert (recorder.dots() == simulated.dots()).all()
                now[0] += 0.37


def test_a_frame_is_eight_writes_and_the_same_frame_is_not_sent_again() -> None:
    recorder = MatrixRecorder()
    with matrix_display(MatrixSettings(), recorder.open) as display:
        before = recorder.writes
        display.show("A6027")
        first = recorder.writes
        display.show("A6027")

        assert first - before == 8
        assert recorder.writes == first


def test_a_long_text_runs_and_a_blinking_one_blinks_by_itself() -> None:
    recorder = MatrixRecorder()
    with matrix_display(MatrixSettings(), recorder.open) as display:
        display.show("A6027 > WINDOW 3")
        begin = recorder.dots()
        assert until(lambda: bool((recorder.dots() != begin).any()))

        display.show("A6027", blink=True)
        assert recorder.dots().any()
        assert until(lambda: not recorder.dots().any())
        assert until(lambda: bool(recorder.dots().any()))


def test_a_display_that_forgot_everything_shows_its_text_again() -> None:
    recorder = MatrixRecorder()
    with matrix_display(MatrixSettings(), recorder.open) as display:
        display.show("A6027")
        whole = recorder.dots()
        recorder.forget()
        assert not recorder.dots().any()

        display.check()
        assert (recorder.dots() == whole).all()
        recorder.forget()
        assert until(lambda: bool((recorder.dots() == whole).all()), 5.0)  # by itself


def test_a_text_shown_while_the_display_is_away_is_there_when_it_is_back() -> None:
    recorder = MatrixRecorder()
    with matrix_display(MatrixSettings(), recorder.open) as display:
        recorder.gone = True
        with pytest.raises(DisplayFailed):
            display.show("A6027")

        recorder.gone = False

        assert until(lambda: bool(recorder.dots().any()), 5.0)


def test_a_closed_display_is_dark_and_refuses() -> None:
    recorder = MatrixRecorder()
    display = matrix_display(MatrixSettings(), recorder.open)
    display.show("A6027")

    display.close()
    display.close()

    assert not recorder.dots().any()
    assert recorder.closed == 1
    with pytest.raises(DisplayFailed):
        display.show("A6027")


def test_upside_down_and_brightness_reach_the_chips() -> None:
    upright, turned = MatrixRecorder(), MatrixRecorder()
    with (
        matrix_display(MatrixSettings(), upright.open) as first,
        matrix_display(MatrixSettings(rotate=2, brightness=15), turned.open) as second,
    ):
        first.show("A6027")
        second.show("A6027")

        assert (turned.dots()[::-1, ::-1] == upright.dots()).all()
        assert [block[0x0A] for block in upright.registers] == [5] * 4
        assert [block[0x0A] for block in turned.registers] == [15] * 4


def test_eight_blocks_show_more_before_they_run() -> None:
    recorder = MatrixRecorder(blocks=8)
    with matrix_display(MatrixSettings(cascaded=8), recorder.open) as display:
        display.show("A6027-3")

        assert recorder.dots().shape == (8, 64)
        assert not recorder.dots()[:, 0].any()


@pytest.mark.parametrize(
    "options", [{"brightness": 16}, {"rotate": 1}, {"cascaded": 0}, {"block_orientation": 45}, {"x": 1}]
)
def test_settings_out_of_bounds_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, MatrixSettings)


# Seven segments


@pytest.mark.parametrize(
    ("text", "shown"), [("6027", "6027"), ("7", "   7"), ("", "    "), ("SETU", "SETU"), ("E-12", "E-12")]
)
def test_the_digits_light_the_segments_of_the_text(text: str, shown: str) -> None:
    header = MockHeader()
    with digits_display(DigitsSettings(), header.open) as display:
        display.show(text)

        expected = [{segment for segment, lit in zip("abcdefg", FONT[each], strict=True) if lit} for each in shown]
        assert digits_lit(header) == expected


def test_digits_and_letters_can_be_told_apart_but_for_s_and_5() -> None:
    known = string.digits + string.ascii_uppercase

    alike = {a + b for a, b in itertools.combinations(known, 2) if FONT[a] == FONT[b]}

    assert alike == {"5S"}
    assert FONT["a"] == FONT["A"]
    assert all(any(FONT[each]) for each in string.printable if not each.isspace())


def test_a_text_of_five_runs_over_four_digits_and_comes_round() -> None:
    def at(step: int) -> str:
        return digits_at("A6027", blink=False, seconds=(step + 0.01) / SCROLL_CHARACTERS_PER_SECOND, places=4)

    assert [at(step) for step in range(8)] == ["A602", "6027", "027 ", "27  ", "7  A", "  A6", " A60", "A602"]


def test_blinking_digits_are_dark_half_of_the_time() -> None:
    assert digits_at("6027", blink=True, seconds=0.49, places=4) == "6027"
    assert digits_at("6027", blink=True, seconds=0.5, places=4) == "    "


def test_digits_run_by_themselves_and_are_dark_when_closed() -> None:
    header = MockHeader()
    with digits_display(DigitsSettings(), header.open) as display:
        display.show("A6027")
        begin = digits_lit(header)
        assert until(lambda: digits_lit(header) != begin)
    assert not any(digits_lit(header))


def test_digits_whose_chip_went_away_while_lit_are_lit_again() -> None:
    header = MockHeader()
    with digits_display(DigitsSettings(), header.open) as display:
        display.show("6027")
        shown = digits_lit(header)
        header.take_away()
        with pytest.raises(DisplayFailed):
            display.check()
        header.bring_back()

        display.check()

        assert digits_lit(header) == shown


# LED bar


@pytest.fixture
def bar(tmp_path: Path) -> Iterator[LedBar]:
    led_bar = LedBar(tmp_path)
    yield led_bar
    led_bar.unplug()


def test_frames_are_those_of_the_makers_document() -> None:
    # Three frames that are public and were taken by boards.
    assert frame(1, "<BE>") == b"<ID01><BE>05<E>"
    assert frame(1, "<L1><PA><FE><MA><WC><FE>hello") == b"<ID01><L1><PA><FE><MA><WC><FE>hello16<E>"
    assert frame(1, "<L1><PA><FE><MA><WC><FE>message") == b"<ID01><L1><PA><FE><MA><WC><FE>message1F<E>"
    assert question(1) != frame(1, "<RPA>")


@pytest.mark.parametrize(
    ("text", "blink", "content"),
    [
        ("A6027", False, b"<L1><PA><FA><MA><WC><FA>A6027"),
        ("A6027", True, b"<L1><PA><FA><MB><WC><FA>A6027"),
        ("A6027 TO WINDOW3", False, b"<L1><PA><FE><MA><WC><FE>A6027 TO WINDOW3"),
        ("", False, b"<L1><PA><FA><MA><WC><FA> "),
        ("<RPB>", False, b"<L1><PA><FA><MA><WC><FA>(RPB)"),
    ],
)
def test_a_text_becomes_page_a(text: str, blink: bool, content: bytes) -> None:
    assert content in page(1, text, blink=blink, places=13)


def test_the_bar_takes_a_text_and_a_check_changes_nothing(bar: LedBar) -> None:
    with SerialCallDisplay(SerialSettings(port=str(bar.path))) as display:
        display.show("A6027")
        taken = list(bar.taken)
        display.check()
        display.check()

    assert taken == [b"<BA>", b"<RPA>", b"<L1><PA><FA><MA><WC><FA>A6027"]
    assert bar.taken == taken


def test_a_bar_that_does_not_answer_or_is_of_another_number_fails_aloud(bar: LedBar) -> None:
    with (
        SerialCallDisplay(SerialSettings(port=str(bar.path), board=2)) as display,
        pytest.raises(DisplayFailed, match="did not answer"),
    ):
        display.show("A6027")


@pytest.mark.parametrize("answer_seconds", [0.3, 0.6])
def test_a_slow_bar_costs_a_check_no_more_than_a_second_and_is_set_up_by_the_checks_that_follow(
    bar: LedBar, answer_seconds: float
) -> None:
    """Four frames had 0.8 s each: a bar that answered late cost a check over 2 s."""
    bar.answer_seconds = answer_seconds
    with SerialCallDisplay(SerialSettings(port=str(bar.path))) as display:
        for _ in range(4):
            begun = time.monotonic()
            with contextlib.suppress(DisplayFailed):
                display.check()
            assert time.monotonic() - begun < 1.1

        display.check()

    assert set(bar.taken) == {b"<BA>", b"<RPA>", b"<L1><PA><FA><MA><WC><FA> "}


def test_a_mute_bar_costs_a_call_no_more_than_two_seconds(bar: LedBar) -> None:
    bar.answer_seconds = 0.7
    with SerialCallDisplay(SerialSettings(port=str(bar.path))) as display:
        begun = time.monotonic()

        with contextlib.suppress(DisplayFailed):
            display.show("A6027")

        assert time.monotonic() - begun < 2.3


def test_a_bar_that_was_plugged_in_again_is_set_up_again(bar: LedBar) -> None:
    with SerialCallDisplay(SerialSettings(port=str(bar.path))) as display:
        display.show("A6027")
        bar.unplug()
        with pytest.raises(DisplayFailed):
            display.show("A6028")
        bar.taken.clear()
        bar.plug()

        display.show("A6028")

    assert bar.taken[:2] == [b"<BA>", b"<RPA>"]
    assert bar.taken[2].endswith(b"A6028")


def test_a_bar_that_was_silent_for_a_call_shows_it_after_the_next_check(bar: LedBar) -> None:
    with SerialCallDisplay(SerialSettings(port=str(bar.path))) as display:
        display.check()
        bar.mute = True
        with pytest.raises(DisplayFailed):
            display.show("A6027", blink=True)
        bar.mute = False
        bar.taken.clear()

        display.check()

    assert bar.taken[-1].endswith(b"<MB><WC><FA>A6027")


# From the settings


@pytest.mark.parametrize(
    "table",
    [
        {"panel": {"kind": "gpio", "chip": 255}},
        {"call_display": {"kind": "multi-character", "chip": 255}},
        {"call_display": {"kind": "max7219", "spi_port": 255}},
        {"call_display": {"kind": "serial", "port": "/dev/serial/by-id/none"}},
    ],
    ids=["panel", "multi-character", "max7219", "serial"],
)
def test_what_is_set_but_not_there_opens_and_fails_its_check(table: dict[str, object], tmp_path: Path) -> None:
    with open_bench(DeviceSettings.from_table(table, folder=tmp_path)) as bench:
        (device,) = bench.devices().values()
        with pytest.raises(DeviceError) as raised:
            device.check()
        assert raised.value.notice.endswith("。")
        assert device.simulated is False


def test_options_that_a_driver_does_not_know_are_refused(tmp_path: Path) -> None:
    table = {"call_display": {"kind": "max7219", "brigthness": 3}}

    with pytest.raises(DeviceSettingsRefused, match="call_display"):
        open_bench(DeviceSettings.from_table(table, folder=tmp_path))

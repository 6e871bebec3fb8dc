"""The wired panel on mock pins: contacts that chatter, lamps that blink, a chip that goes and comes back."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from firmware.drivers.panel import STUCK_SECONDS, ButtonStuck, GpioPanel, PanelMissing
from firmware.ports import Button, DeviceError, Lamp
from firmware.press_filter import QUIET_SECONDS, PressFilter
from tests.support.driver_rigs_pins import MockHeader

HELD = 2.0  # seconds


def presses_of(edges: list[tuple[float, bool]]) -> int:
    contact = PressFilter()
    return sum(contact.edge(closed, at) for at, closed in edges)


def until(holds: Callable[[], bool], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        threading.Event().wait(0.005)
    return holds()


@pytest.fixture
def header() -> MockHeader:
    return MockHeader()


@pytest.fixture
def panel(header: MockHeader) -> Iterator[GpioPanel]:
    with GpioPanel(header.open) as device:
        yield device


@pytest.mark.parametrize(
    ("edges", "presses"),
    [
        pytest.param([(0.0, True), (0.1, False)], 1, id="clean"),
        pytest.param([(0.0, True), (0.002, False)], 1, id="a tap shorter than the quiet time"),
        pytest.param(
            [(0.0, True), (0.001, False), (0.003, True), (0.004, False), (0.009, True)], 1, id="closing chatter"
        ),
        pytest.param(
            [(0.0, True), (HELD, False), (HELD + 0.001, True), (HELD + 0.004, False), (HELD + 0.049, True)],
            1,
            id="opening chatter after a hold",
        ),
        pytest.param([(0.0, True), (0.1, False), (0.1 + QUIET_SECONDS, True)], 2, id="again just after the quiet time"),
        pytest.param([(0.0, True), (0.1, False), (0.149, True)], 1, id="again just within it"),
        pytest.param([(0.0, True), (0.3, True)], 2, id="the edge between was lost"),
        pytest.param([(9.0, True), (9.1, False), (4.0, True)], 2, id="the clock was set back"),
        pytest.param([(0.0, False), (0.2, True)], 1, id="held when the panel was opened"),
        pytest.param([], 0, id="nobody"),
    ],
)
def test_a_press_is_neither_lost_nor_doubled(edges: list[tuple[float, bool]], presses: int) -> None:
    assert presses_of(edges) == presses


def test_chatter_of_a_wired_contact_reaches_the_callback_once(header: MockHeader, panel: GpioPanel) -> None:
    pressed: queue.Queue[Button] = queue.Queue()
    panel.on_press(pressed.put)
    factory = header.opened[0]

    for at, closed in ((10.0, True), (10.001, False), (10.004, True), (12.0, False), (12.002, True), (12.003, False)):
        factory.clock = at
        (header.close_contact if closed else header.open_contact)(Button.PASS)
    factory.clock = 13.0
    header.press(Button.NEXT)

    assert [pressed.get(timeout=2), pressed.get(timeout=2)] == [Button.PASS, Button.NEXT]
    assert pressed.empty()


def test_two_buttons_at_once_are_two_presses_one_after_the_other(header: MockHeader, panel: GpioPanel) -> None:
    inside, most = 0, 0
    pressed: list[Button] = []

    def slow(button: Button) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threading.Event().wait(0.05)
        pressed.append(button)
        inside -= 1

    panel.on_press(slow)
    header.close_contact(Button.WHISTLE)
    header.close_contact(Button.PHOTOGRAPH)

    assert until(lambda: len(pressed) == 2)
    assert pressed == [Button.WHISTLE, Button.PHOTOGRAPH]
    assert most == 1


def test_a_callback_that_fails_does_not_end_the_buttons(
    header: MockHeader, panel: GpioPanel, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()

    def fail_twice(button: Button) -> None:
        if button is Button.NEXT:
            raise DeviceError("the display is away")
        if button is Button.RECALL:
            raise ValueError("a mistake of ours")
        done.set()

    panel.on_press(fail_twice)
    with caplog.at_level(logging.CRITICAL, "firmware.drivers.panel"):
        for button in (Button.NEXT, Button.RECALL, Button.PASS):
            header.press(button)
        assert done.wait(2.0)


def test_a_press_within_a_callback_may_close_the_panel(header: MockHeader) -> None:
    closed = threading.Event()
    panel = GpioPanel(header.open)

    def close(_: Button) -> None:
        panel.close()
        closed.set()

    panel.on_press(close)
    header.press(Button.NEXT)

    assert closed.wait(4.0)
    panel.close()


def test_lamps_are_dark_at_first_and_do_as_told(header: MockHeader, panel: GpioPanel) -> None:
    assert not any(header.lit(lamp) for lamp in Lamp)

    panel.set_lamp(Lamp.READY, "on")
    panel.set_lamp(Lamp.FAULT, "on")
    panel.set_lamp(Lamp.FAULT, "off")

    assert [lamp for lamp in Lamp if header.lit(lamp)] == [Lamp.READY]


def test_a_blinking_lamp_is_lit_and_dark_in_turn_and_then_stays_as_told(header: MockHeader, panel: GpioPanel) -> None:
    panel.set_lamp(Lamp.WHISTLE, "blink")
    assert until(lambda: header.lit(Lamp.WHISTLE))
    assert until(lambda: not header.lit(Lamp.WHISTLE))

    panel.set_lamp(Lamp.WHISTLE, "on")

    assert header.lit(Lamp.WHISTLE)
    assert not until(lambda: not header.lit(Lamp.WHISTLE), seconds=0.7)


def test_two_blinking_lamps_blink_together(header: MockHeader, panel: GpioPanel) -> None:
    panel.set_lamp(Lamp.WHISTLE, "blink")
    assert until(lambda: header.lit(Lamp.WHISTLE))

    panel.set_lamp(Lamp.FAULT, "blink")

    assert header.lit(Lamp.FAULT)


def test_a_chip_that_comes_back_has_its_lamps_and_buttons_without_being_asked(
    header: MockHeader, panel: GpioPanel
) -> None:
    pressed: queue.Queue[Button] = queue.Queue()
    panel.on_press(pressed.put)
    panel.set_lamp(Lamp.READY, "on")
    header.take_away()
    with pytest.raises(PanelMissing):
        panel.set_lamp(Lamp.WAITING, "on")

    header.bring_back()

    assert until(lambda: len(header.opened) == 2 and header.lit(Lamp.WAITING), seconds=5.0)
    assert header.lit(Lamp.READY)
    header.press(Button.NEXT)
    assert pressed.get(timeout=2) is Button.NEXT


def test_a_panel_without_a_chip_opens_and_says_so(header: MockHeader) -> None:
    header.take_away()

    with GpioPanel(header.open) as panel, pytest.raises(PanelMissing) as raised:
        panel.check()

    assert raised.value.notice.endswith("。")


def test_a_line_that_another_holds_is_a_missing_panel_and_no_line_stays_claimed(header: MockHeader) -> None:
    factory = header.open()
    import gpiozero

    other = gpiozero.LED(26, pin_factory=factory)
    header_open = lambda: factory  # noqa: E731 - the very same pins

    with GpioPanel(header_open) as panel:
        with pytest.raises(PanelMissing):
            panel.check()
        other.close()
        panel.check()


def test_a_button_that_is_down_for_a_minute_is_stuck_until_it_is_let_go(header: MockHeader) -> None:
    now = [0.0]
    with GpioPanel(header.open, clock=lambda: now[0]) as panel:
        header.close_contact(Button.PASS)
        panel.check()
        now[0] = STUCK_SECONDS
        panel.check()
        now[0] = STUCK_SECONDS + 1
        with pytest.raises(ButtonStuck):
            panel.check()

        header.open_contact(Button.PASS)
        panel.check()


def test_a_closed_panel_refuses_and_its_lamps_are_dark(header: MockHeader) -> None:
    panel = GpioPanel(header.open)
    panel.set_lamp(Lamp.READY, "on")
    panel.close()
    panel.close()

    with pytest.raises(PanelMissing):
        panel.set_lamp(Lamp.READY, "on")
    assert not any(header.lit(lamp) for lamp in Lamp)

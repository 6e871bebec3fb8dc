"""The wiring table: no pin twice, no pin that makes trouble, and the handbook says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.drivers import call_display_max7219, call_display_multi_character, panel
from firmware.ports import Button, Lamp
from firmware.wiring import AVOIDED, DIGITS, HEADER, SEGMENTS, WIRES, Wire, pin, wired, wires_of

DISPLAYS = ("max7219", "multi-character")
HANDBOOK = Path(__file__).parents[2] / "firmware" / "WIRING.md"


@pytest.mark.parametrize("display", DISPLAYS)
def test_no_pin_is_used_twice_by_devices_that_may_be_wired_together(display: str) -> None:
    wires = wired({"panel": "gpio", "call_display": display})

    headers = [wire.header for wire in wires]

    assert len(set(headers)) == len(headers)


def test_no_pin_with_trouble_at_power_on_is_used() -> None:
    assert not {wire.bcm for wire in WIRES} & set(AVOIDED)


def test_all_that_the_drivers_ask_for_is_there() -> None:
    numbers = [
        *(pin("panel", "gpio", f"button-{button}") for button in Button),
        *(pin("panel", "gpio", f"lamp-{lamp}") for lamp in Lamp),
        *(pin("call_display", "multi-character", segment) for segment in SEGMENTS),
        *(pin("call_display", "multi-character", f"digit-{place}") for place in range(1, DIGITS + 1)),
    ]

    assert len(set(numbers)) == len(numbers)
    with pytest.raises(KeyError):
        pin("panel", "gpio", "whistle")


def test_the_matrix_is_on_the_pins_of_the_default_spi_device() -> None:
    assert [pin("call_display", "max7219", role) for role in ("mosi", "sclk", "ce0")] == [10, 11, 8]
    assert (call_display_max7219.Settings().spi_port, call_display_max7219.Settings().spi_device) == (0, 0)


def test_what_lights_or_switches_is_low_at_power_on() -> None:
    """GPIO 0 to 8 are pulled up at power-on, 9 to 27 down (BCM2835 ARM Peripherals, table 6-31)."""
    must_be_dark = [wire for wire in WIRES if wire.direction == "out" and wire.role.startswith(("lamp-", "digit-"))]

    assert len(must_be_dark) == len(Lamp) + DIGITS
    assert all(wire.bcm is not None and wire.bcm >= 9 for wire in must_be_dark)


def test_only_buttons_are_inputs_and_all_are_pulled_up() -> None:
    assert {wire.role for wire in WIRES if wire.direction == "in"} == {f"button-{button}" for button in Button}
    assert all((wire.pull == "up") == (wire.direction == "in") for wire in WIRES)


@pytest.mark.parametrize("plug", sorted({wire.plug for wire in WIRES}))
def test_wires_of_a_plug_differ_in_colour(plug: str) -> None:
    colours = [wire.colour for wire in WIRES if wire.plug == plug]

    assert len(set(colours)) == len(colours)


def test_red_is_five_volts_orange_three_and_black_ground_and_nothing_else_is() -> None:
    meant = {"5V": "红", "3V3": "橙", "GND": "黑"}

    for wire in WIRES:
        name = HEADER[wire.header - 1].name
        assert meant.get(name, wire.colour) == wire.colour
        assert (wire.colour in meant.values()) == (name in meant), wire


def test_the_header_is_the_raspberry_pis() -> None:
    assert [each.header for each in HEADER] == list(range(1, 41))
    assert sorted(each.bcm for each in HEADER if each.bcm is not None) == list(range(28))
    assert [each.header for each in HEADER if each.name == "GND"] == [6, 9, 14, 20, 25, 30, 34, 39]


def test_each_plug_has_its_own_ground() -> None:
    for device, kind in (("panel", "gpio"), ("call_display", "max7219"), ("call_display", "multi-character")):
        assert any(HEADER[wire.header - 1].name == "GND" for wire in wires_of(device, kind))
    assert panel.Settings().chip is None
    assert call_display_multi_character.Settings().chip is None


def _row(wire: Wire) -> tuple[str, ...]:
    ways = {"in": "输入", "out": "输出", "power": "电源"}
    pull = "内部上拉" if wire.pull == "up" else "—"
    return (
        str(wire.header),
        HEADER[wire.header - 1].name,
        wire.what,
        ways[wire.direction],
        pull,
        wire.colour,
        wire.plug,
    )


def test_the_handbook_has_the_same_table() -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        for line in HANDBOOK.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| *\d+ *\| *(GPIO|GND|5V|3V3)", line)
    ]

    assert rows == [_row(wire) for wire in WIRES]

"""Four seven-segment digits on the header, by gpiozero's LEDMultiCharDisplay. Pins are those of `firmware/wiring.py`.

gpiozero lights one digit after the other from a thread of its own, 5 ms each; we tell it which characters. Such a
display cannot be read: `check()` proves that the chip is there and that the lines are ours (ADR 0014).
"""

from __future__ import annotations

import contextlib
import functools
from typing import Annotated, Any

import msgspec

from firmware.drivers.pins import OpenPins, PinFactory, as_default, as_fault_of, close_pins, open_pins, pin_errors
from firmware.drivers.redrawn_display import RedrawnDisplay
from firmware.ports import DeviceMissing, DisplayFailed
from firmware.seven_segment import FONT, digits_at, moves
from firmware.wiring import DIGITS, SEGMENTS, pin

_HERE = ("call_display", "multi-character")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "multi-character"`. The defaults fit a common-cathode display with NPN transistors."""

    chip: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None  # of /dev/gpiochip<n>; None: this Pi's header
    segments_active_high: bool = True  # False: a common-anode display
    digits_active_high: bool = True  # False: the digits are switched by PNP transistors


def open_device(settings: Settings) -> RedrawnDisplay:
    return digits_display(settings, functools.partial(open_pins, settings.chip))


def digits_display(settings: Settings, open_pins: OpenPins) -> RedrawnDisplay:
    """Return the display over the pins of a gpiozero factory."""
    return RedrawnDisplay(lambda: _Digits(settings, open_pins))


class _Digits:
    """The claimed lines of the display."""

    def __init__(self, settings: Settings, open_pins: OpenPins) -> None:
        self._shown = ""
        try:
            self._factory: PinFactory = open_pins()
        except DeviceMissing as error:
            raise as_fault_of(DisplayFailed, error) from None
        try:
            self._device = _multi_character(settings, self._factory)
        except pin_errors() as error:
            close_pins(self._factory, (), broken=False)
            raise DisplayFailed(f"a line of the display cannot be had: {error}") from None

    def draw(self, text: str, *, blink: bool, seconds: float) -> None:
        characters = digits_at(text, blink=blink, seconds=seconds, places=DIGITS)
        if characters == self._shown:
            return
        try:
            self._device.value = tuple(characters)
        except pin_errors() as error:
            raise DisplayFailed(f"the GPIO chip does not answer: {error}") from None
        self._shown = characters

    def repair(self) -> None:
        """Read every line back: our own level, which is there as long as the chip is."""
        try:
            for segment in (*self._device.char, *self._device.plex):
                _ = segment.pin.state
        except pin_errors() as error:
            raise DisplayFailed(f"the GPIO chip does not answer: {error}") from None

    def moves(self, text: str, *, blink: bool) -> bool:
        return moves(text, blink=blink, places=DIGITS)

    def close(self, *, broken: bool) -> None:
        close_pins(self._factory, (self._device,), broken=broken)


def _multi_character(settings: Settings, factory: PinFactory) -> Any:
    import gpiozero

    class Digits(gpiozero.LEDMultiCharDisplay):  # type: ignore[misc]
        def _show_chars(self, transitions: Any) -> None:
            # The chip can go while digits are being lit: the thread ends, and the next repair() finds out and says so.
            with contextlib.suppress(*pin_errors()):
                super()._show_chars(transitions)

    character = gpiozero.LEDCharDisplay(
        *(pin(*_HERE, segment) for segment in SEGMENTS),
        font=dict(FONT),
        active_high=settings.segments_active_high,
        pin_factory=factory,
    )
    try:
        with as_default(factory):
            return Digits(
                character,
                *(pin(*_HERE, f"digit-{place}") for place in range(1, DIGITS + 1)),
                active_high=settings.digits_active_high,
                pin_factory=factory,
            )
    except pin_errors():
        with contextlib.suppress(*pin_errors()):
            character.close()
        raise

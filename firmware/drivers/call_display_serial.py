"""A serial LED bar with the AM03127 controller, on RS-232 or a USB adapter. It answers: `check()` proves that it lives.

Bars of other makers speak otherwise, each its own way (ADR 0015). Frames: `firmware/am03127_frames.py`. The bar runs
and blinks texts by itself: there is nothing to redraw.
"""

from __future__ import annotations

import termios
import threading
import time
from types import TracebackType
from typing import Annotated, Any, Final, Literal

import msgspec

from firmware.am03127_frames import BAUD, answer_in, brightness, page, question, run_page
from firmware.led_matrix import TEXT_CHARACTERS_MAX
from firmware.ports import DisplayFailed

_ANSWER_SECONDS: Final = 0.8  # a bar takes up to half a second to store a page


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "serial"`."""

    port: Annotated[str, msgspec.Meta(min_length=1)]  # /dev/serial/by-id/…
    board: Annotated[int, msgspec.Meta(ge=1, le=255)] = 1  # the number set on the bar
    places: Annotated[int, msgspec.Meta(ge=4, le=64)] = 13  # characters that stand side by side: 80 columns have 13
    brightness_percent: Literal[25, 50, 75, 100] = 100


def open_device(settings: Settings) -> SerialCallDisplay:
    return SerialCallDisplay(settings)


class SerialCallDisplay:
    """窗口条屏 that answers each frame."""

    simulated = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._port: Any = None
        self._text, self._blink = "", False
        self._set_up = False  # the bar has our brightness, page and text

    def check(self) -> None:
        """Ask the bar; one that was away gets its text again."""
        with self._lock:
            self._ask(question(self._settings.board))
            if not self._set_up:
                self._tell_all()

    def show(self, text: str, *, blink: bool = False) -> None:
        if len(text) > TEXT_CHARACTERS_MAX or not (text.isascii() and text.isprintable()):
            raise DisplayFailed(f"a display shows up to {TEXT_CHARACTERS_MAX} ASCII characters")
        with self._lock:
            self._text, self._blink = text, blink
            if self._set_up:
                self._tell_text()
            else:
                self._tell_all()

    def close(self) -> None:
        with self._lock:
            self._let_go()

    def __enter__(self) -> SerialCallDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell_all(self) -> None:
        level = {100: "A", 75: "B", 50: "C", 25: "D"}[self._settings.brightness_percent]
        self._tell(brightness(self._settings.board, level))
        self._tell(run_page(self._settings.board))
        self._tell_text()
        self._set_up = True

    def _tell_text(self) -> None:
        self._tell(page(self._settings.board, self._text, blink=self._blink, places=self._settings.places))

    def _tell(self, frame: bytes) -> None:
        if not self._ask(frame):
            raise DisplayFailed("the LED bar refused a frame: its XOR did not arrive whole")

    def _ask(self, frame: bytes) -> bool:
        """Send a frame and return whether the bar took it.

        Raises:
            DisplayFailed: no answer in time, or the port is gone; it is opened anew by the next call.
        """
        try:
            port = self._opened()
            port.reset_input_buffer()
            port.write(frame)
            received, until = b"", time.monotonic() + _ANSWER_SECONDS
            while (answer := answer_in(received)) is None and time.monotonic() < until:
                received += port.read(1)
        except (OSError, termios.error) as error:  # pyserial's errors derive from OSError, but it lets termios' through
            self._let_go()
            raise DisplayFailed(f"the LED bar's port fails: {error}") from None
        if answer is None:
            self._set_up = False
            raise DisplayFailed(f"the LED bar did not answer in {_ANSWER_SECONDS} s")
        return answer

    def _opened(self) -> Any:
        if self._port is None:
            import serial

            self._port = serial.Serial(self._settings.port, BAUD, timeout=0.05, write_timeout=0.5, exclusive=True)
        return self._port

    def _let_go(self) -> None:
        self._set_up = False
        if self._port is not None:
            port, self._port = self._port, None
            port.close()

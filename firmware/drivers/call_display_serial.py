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
from firmware.drivers.device_nodes import cause_of
from firmware.led_matrix import TEXT_CHARACTERS_MAX
from firmware.ports import DisplayFailed

_ANSWER_SECONDS: Final = 0.8  # a bar takes up to half a second to store a page
CHECK_SECONDS_MAX: Final = 0.9
SHOW_SECONDS_MAX: Final = 2.5  # three frames of a bar that has forgotten everything
_ALL: Final = ("brightness", "page", "text")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "serial"`."""

    port: Annotated[str, msgspec.Meta(min_length=1)]  # /dev/serial/by-id/…
    board: Annotated[int, msgspec.Meta(ge=1, le=255)] = 1  # the number set on the bar
    places: Annotated[int, msgspec.Meta(ge=4, le=64)] = 13  # characters that stand side by side: 80 columns have 13
    brightness_percent: Literal[25, 50, 75, 100] = 100


class BarForbidden(DisplayFailed):
    code = "display-forbidden"
    notice = "没有使用叫号屏串口的权限，请技术员安装 udev 规则，把程序的用户加入用户组 dialout，再重新插好。"


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
        self._untold: tuple[str, ...] = _ALL  # what the bar is still to be told, in this order

    def check(self) -> None:
        """Ask the bar; one that was away gets its text again, a slow one in as many checks as it needs."""
        until = time.monotonic() + CHECK_SECONDS_MAX
        with self._lock:
            if self._untold:
                self._tell_what_is_left(until)
            else:
                self._ask(question(self._settings.board), until)

    def show(self, text: str, *, blink: bool = False) -> None:
        if len(text) > TEXT_CHARACTERS_MAX or not (text.isascii() and text.isprintable()):
            raise DisplayFailed(f"a display shows up to {TEXT_CHARACTERS_MAX} ASCII characters")
        until = time.monotonic() + SHOW_SECONDS_MAX
        with self._lock:
            self._text, self._blink = text, blink
            self._untold = self._untold or ("text",)
            self._tell_what_is_left(until)
            if self._untold:
                raise DisplayFailed(f"the LED bar did not take the text within {SHOW_SECONDS_MAX:g} s")

    def close(self) -> None:
        with self._lock:
            self._let_go()

    def __enter__(self) -> SerialCallDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell_what_is_left(self, until: float) -> None:
        """Tell the bar what it does not know, as far as the time goes.

        Raises:
            DisplayFailed: it does not answer, or refuses a frame.
        """
        while self._untold:
            taken = self._ask(self._frame(self._untold[0]), until)
            if taken is None:
                return
            if not taken:
                raise DisplayFailed("the LED bar refused a frame: its XOR did not arrive whole")
            self._untold = self._untold[1:]

    def _frame(self, what: str) -> bytes:
        board = self._settings.board
        match what:
            case "brightness":
                return brightness(board, {100: "A", 75: "B", 50: "C", 25: "D"}[self._settings.brightness_percent])
            case "page":
                return run_page(board)
            case _:
                return page(board, self._text, blink=self._blink, places=self._settings.places)

    def _ask(self, frame: bytes, until: float) -> bool | None:
        """Send a frame and return whether the bar took it; None: the caller's time was up before the bar's own.

        Raises:
            DisplayFailed: no answer in time, or the port is gone; it is opened anew by the next call.
        """
        asked = time.monotonic()
        try:
            port = self._opened()
            port.reset_input_buffer()
            port.write(frame)
            received, patience = b"", min(asked + _ANSWER_SECONDS, until)
            while (answer := answer_in(received)) is None and time.monotonic() < patience:
                received += port.read(1)
        except (OSError, termios.error) as error:  # pyserial's errors derive from OSError, but it lets termios' through
            self._let_go()
            if isinstance(error, OSError) and cause_of(error) == "forbidden":
                raise BarForbidden("this user may not open the LED bar's port") from None
            raise DisplayFailed(f"the LED bar's port fails: {error}") from None
        if answer is None and until - asked >= _ANSWER_SECONDS:
            self._untold = _ALL  # it may have lost its power, and all that it was told with it
            raise DisplayFailed(f"the LED bar did not answer in {_ANSWER_SECONDS} s")
        return answer

    def _opened(self) -> Any:
        if self._port is None:
            import serial

            self._port = serial.Serial(self._settings.port, BAUD, timeout=0.05, write_timeout=0.5, exclusive=True)
        return self._port

    def _let_go(self) -> None:
        self._untold = _ALL
        if self._port is not None:
            port, self._port = self._port, None
            port.close()

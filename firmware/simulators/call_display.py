"""Drop-in for drivers/call_display_*.py: an 8×32 LED matrix drawn as a picture, marked 演示. Never a fallback."""

from __future__ import annotations

import functools
import io
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from firmware.led_font import Dots
from firmware.led_matrix import MATRIX_COLUMNS, MATRIX_ROWS, TEXT_CHARACTERS_MAX, matrix_dots
from firmware.ports import DisplayFailed
from firmware.simulators.faults import FaultSwitches
from firmware.simulators.fonts import font

FAULTS: Final[Mapping[str, str]] = {
    "unplugged": "叫号屏没有接好",
    "hung": "叫号屏没有应答（最长3秒）",
    "dead_row": "一行灯珠不亮",
}
HANG_SECONDS_MAX: Final = 3.0
_DOT: Final = 18  # pixels a dot
_BEZEL: Final = 22
_FOOT: Final = 34
_LIT: Final = (255, 58, 40)
_DARK: Final = (46, 14, 12)
_GROUND: Final = (12, 12, 14)


class SimulatedCallDisplay:
    """窗口屏 that can be looked at by `picture()`."""

    simulated = True

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.faults = FaultSwitches("call_display", FAULTS)
        self._clock = clock
        self._lock = threading.Lock()
        self._text = ""
        self._blink = False
        self._since = clock()

    def check(self) -> None:
        if self.faults.on("hung"):
            self.faults.hang("hung", 1.0)
        self._must_be_there()

    def show(self, text: str, *, blink: bool = False) -> None:
        if len(text) > TEXT_CHARACTERS_MAX or not text.isascii():
            raise DisplayFailed(f"a display shows up to {TEXT_CHARACTERS_MAX} ASCII characters")
        if self.faults.on("hung"):
            self.faults.hang("hung", HANG_SECONDS_MAX)
        self._must_be_there()
        with self._lock:
            self._text, self._blink, self._since = text, blink, self._clock()

    # What the console and the tests do.

    def text(self) -> str:
        """Return the text last shown."""
        with self._lock:
            return self._text

    def dots(self) -> Dots:
        """Return which of the 8×32 LEDs are lit at this moment."""
        with self._lock:
            text, blink, seconds = self._text, self._blink, self._clock() - self._since
        matrix = matrix_dots(text, blink=blink, seconds=seconds)
        if self.faults.on("dead_row"):
            matrix[3] = False
        if self.faults.on("unplugged"):
            matrix[:] = False
        return matrix

    def picture(self) -> bytes:
        """Return what the display shows at this moment, as PNG, marked 演示."""
        return _draw(self.dots().tobytes())

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> SimulatedCallDisplay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _must_be_there(self) -> None:
        if self.faults.on("unplugged") or self.faults.on("hung"):
            raise DisplayFailed("the LED display does not answer (simulated)")


@functools.lru_cache(maxsize=128)
def _draw(lit: bytes) -> bytes:
    dots = np.frombuffer(lit, np.bool_).reshape(MATRIX_ROWS, MATRIX_COLUMNS)
    width = MATRIX_COLUMNS * _DOT + 2 * _BEZEL
    height = MATRIX_ROWS * _DOT + _BEZEL + _FOOT
    picture = Image.new("RGB", (width, height), _GROUND)
    draw = ImageDraw.Draw(picture)
    glow = Image.new("RGB", (width, height))
    glow_draw = ImageDraw.Draw(glow)
    for row in range(MATRIX_ROWS):
        for column in range(MATRIX_COLUMNS):
            left, top = _BEZEL + column * _DOT, _BEZEL + row * _DOT
            box = (left + 2, top + 2, left + _DOT - 3, top + _DOT - 3)
            draw.ellipse(box, fill=_LIT if dots[row, column] else _DARK)
            if dots[row, column]:
                draw.ellipse((left + 5, top + 5, left + _DOT - 7, top + _DOT - 7), fill=(255, 128, 104))
                glow_draw.ellipse(box, fill=(150, 26, 16))
    light = np.asarray(glow.filter(ImageFilter.GaussianBlur(_DOT * 0.5)), np.uint16)
    picture = Image.fromarray(np.minimum(np.asarray(picture, np.uint16) + light, 255).astype(np.uint8))
    face = font(17)
    mark = "演示 · 模拟叫号屏"
    ImageDraw.Draw(picture).text(
        (width - _BEZEL - face.getlength(mark), height - _FOOT + 5), mark, font=face, fill=(196, 146, 52)
    )
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()

"""What an LED matrix of eight rows shows of a text at a moment: centred, running or blinking. Pure.

The wired MAX7219 and the simulated display both draw what this returns, so that the picture on a technician's screen
is, dot for dot, what hangs over the window.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.led_font import ROWS, Dots, text_dots

MATRIX_ROWS: Final = 8
MATRIX_COLUMNS: Final = 32
SCROLL_COLUMNS_PER_SECOND: Final = 12.0
BLINK_SECONDS: Final = 0.5  # lit as long as dark
TEXT_CHARACTERS_MAX: Final = 16


def matrix_dots(text: str, *, blink: bool, seconds: float, columns: int = MATRIX_COLUMNS) -> Dots:
    """Return which LEDs are lit: 8 rows × `columns`, `seconds` (0 or more) after the text was first shown."""
    matrix = np.zeros((MATRIX_ROWS, columns), np.bool_)
    if not (blink and int(seconds / BLINK_SECONDS) % 2):
        matrix[:ROWS] = _seen(text_dots(text), seconds, columns)
    return matrix


def moves(text: str, *, blink: bool, columns: int = MATRIX_COLUMNS) -> bool:
    """Return whether the picture changes with time."""
    return blink or text_dots(text).shape[1] > columns


def _seen(dots: Dots, seconds: float, columns: int) -> Dots:
    """Return the columns that are seen: what fits in the middle, the rest running from right to left."""
    shown = np.zeros((ROWS, columns), np.bool_)
    width = dots.shape[1]
    if width <= columns:
        left = (columns - width) // 2
        shown[:, left : left + width] = dots
        return shown
    loop = np.concatenate([dots, np.zeros((ROWS, columns // 2), np.bool_)], axis=1)
    begins = int(seconds * SCROLL_COLUMNS_PER_SECOND) % loop.shape[1]
    shown[:] = loop[:, (np.arange(columns) + begins) % loop.shape[1]]
    return shown

"""Frames of LED bars with the AM03127/AM03128 controller (Amplus): text to bytes, bytes to the answer. Pure.

After "AM004-03128/03127 LED Display Board Communication", version 2.2 (August 2005), which comes with the boards: 9600
8N1; `<ID01>`, the content, the XOR of the content's bytes as two hexadecimal digits, `<E>`. The board with that number
answers ACK, or NACK when the XOR is wrong. Goes to drivers/call_display_serial.py.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Final

BAUD: Final = 9600
_COMMANDS: Final = str.maketrans("<>", "()")  # in a text these would begin and end a command


def page(board: int, text: str, *, blink: bool, places: int) -> bytes:
    """Return the frame that puts an ASCII text on page A: at once if it fits the `places`, else running."""
    leading = "A" if len(text) <= places else "E"  # immediate; scroll left
    method = "B" if blink else "A"  # blinking; normal
    # W: how long the page stands before it comes anew, here 2 s. An empty page would not be taken: a space is.
    return frame(board, f"<L1><PA><F{leading}><M{method}><WC><F{leading}>{text.translate(_COMMANDS) or ' '}")


def run_page(board: int) -> bytes:
    """Return the frame that makes page A the one that is shown."""
    return frame(board, "<RPA>")


def brightness(board: int, level: str) -> bytes:
    """Return the frame for a brightness of 25, 50, 75 or 100 percent: D to A."""
    return frame(board, f"<B{level}>")


def question(board: int) -> bytes:
    """Return a frame that a board answers with NACK and that changes nothing: its XOR is wrong on purpose."""
    return frame(board, "<RPA>", spoil=0xFF)


def frame(board: int, content: str, *, spoil: int = 0) -> bytes:
    """Return one command for the board with the number 1 to 255 (0 would speak to all, and none would answer)."""
    assert 1 <= board <= 255, "a board has a number from 1 to 255"
    data = content.encode("ascii")
    return b"<ID%02X>%s%02X<E>" % (board, data, reduce(xor, data, 0) ^ spoil)


def answer_in(received: bytes) -> bool | None:
    """Return whether the board took a frame: ACK True, NACK False, None while neither has come."""
    if b"NACK" in received:
        return False
    return True if b"ACK" in received else None

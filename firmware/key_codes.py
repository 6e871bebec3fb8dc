"""Keys of a scanner gun in keyboard mode to bytes, by a table of our own: whatever the desktop's layout is.

Key codes come from `drivers/scanner_hid.py` (numbers of Linux's input-event-codes.h), bytes go to `scan_assembly.py`.
A gun types as on a US keyboard (DOMAIN.md 9). Caps Lock and Num Lock change nothing here. A key that is no character
spoils the scan: a text with a hole is worse than none. Pure.
"""

from __future__ import annotations

from typing import Final

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
_PLAIN: Final = {first + at: key for first, plain, _ in _ROWS for at, key in enumerate(plain)}
_SHIFTED: Final = {first + at: key for first, _, shifted in _ROWS for at, key in enumerate(shifted)}
_KEYPAD_DIGITS: Final = {82: 0, 79: 1, 80: 2, 81: 3, 75: 4, 76: 5, 77: 6, 71: 7, 72: 8, 73: 9}
_KEYPAD: Final = {code: str(digit) for code, digit in _KEYPAD_DIGITS.items()} | {
    55: "*", 74: "-", 78: "+", 83: ".", 98: "/", 96: "\r",
}  # fmt: skip
_OTHERS: Final = {28: "\r", 15: "\t"}
_SHIFTS: Final = frozenset((42, 54))
_CONTROLS: Final = frozenset((29, 97))
_ALTS: Final = frozenset((56, 100))
_LOCKS: Final = frozenset((58, 69, 70))  # Caps, Num, Scroll: guns toggle them around a scan
_MODIFIERS: Final = _SHIFTS | _CONTROLS | _ALTS
_ALT_DIGITS_MAX: Final = 5
TYPING_KEYS: Final = frozenset((*range(2, 12), 28))  # digits and Enter: whoever has none of them types no code


class KeyDecoder:
    """One gun's keys. Keeps which modifiers are down, and the figures of an ALT code."""

    def __init__(self) -> None:
        self._down: set[int] = set()
        self._alt_digits = ""

    def reset(self) -> None:
        """No key is down: after opening, and after events were lost."""
        self._down.clear()
        self._alt_digits = ""

    def press(self, code: int) -> bytes | None:
        """Return what a key that goes down types; None: something that is no character."""
        if code in _MODIFIERS:
            self._down.add(code)
            return b""
        if code in _LOCKS:
            return b""
        if self._down & _ALTS:
            return self._alt_digit(code)
        if self._down & _CONTROLS:
            return self._control(code)
        table = _SHIFTED if self._down & _SHIFTS else _PLAIN
        key = table.get(code) or _KEYPAD.get(code) or _OTHERS.get(code)
        return None if key is None else key.encode("ascii")

    def release(self, code: int) -> bytes | None:
        """Return what a key that goes up types: only the end of an ALT code types something."""
        self._down.discard(code)
        if code not in _ALTS or self._down & _ALTS or not self._alt_digits:
            return b""
        value, self._alt_digits = int(self._alt_digits), ""
        # Above ASCII the number means one thing or another by the desktop's code page: refused, never guessed.
        return bytes([value]) if 32 <= value < 127 or value in (9, 10, 13) else None

    def _alt_digit(self, code: int) -> bytes | None:
        if code not in _KEYPAD_DIGITS or len(self._alt_digits) >= _ALT_DIGITS_MAX:
            return None
        self._alt_digits += str(_KEYPAD_DIGITS[code])
        return b""

    def _control(self, code: int) -> bytes | None:
        # Some guns send control characters so: Ctrl-M and Ctrl-J for CR and LF, Ctrl-] for GS1's separator.
        key = _SHIFTED.get(code, "")
        plain = _PLAIN.get(code, "")
        letter = key if key.isalpha() else plain
        return bytes([ord(letter) & 0x1F]) if letter and letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]" else None

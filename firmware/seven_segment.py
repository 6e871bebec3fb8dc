"""What a display of seven-segment digits shows of a text at a moment. Pure; for call_display_multi_character.py.

Seven segments cannot draw every letter. Digits and A b C d E F G H J L n o P q r S t U Y are read at sight; I stands
on the left (1 on the right), o is small (0 is large), and K M V W X Z are stand-ins that one must have seen once. Only
S and 5 look the same: a hall with such a display names no queue S (WIRING.md says so).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SEGMENTS: Final = "abcdefg"
SCROLL_CHARACTERS_PER_SECOND: Final = 2.5  # the text jumps by a whole digit: faster is not read
BLINK_SECONDS: Final = 0.5  # lit as long as dark
_GAP: Final = 2  # dark digits between the end of a running text and its beginning

# Character -> the segments that are lit, by their usual letters: a on top, clockwise b to f, g in the middle.
_LIT: Final[Mapping[str, str]] = {
    "0": "abcdef", "1": "bc", "2": "abdeg", "3": "abcdg", "4": "bcfg",
    "5": "acdfg", "6": "acdefg", "7": "abc", "8": "abcdefg", "9": "abcdfg",
    "A": "abcefg", "B": "cdefg", "C": "adef", "D": "bcdeg", "E": "adefg", "F": "aefg", "G": "acdef",
    "H": "bcefg", "I": "ef", "J": "bcde", "K": "acefg", "L": "def", "M": "abcef", "N": "ceg", "O": "cdeg",
    "P": "abefg", "Q": "abcfg", "R": "eg", "S": "acdfg", "T": "defg", "U": "bcdef", "V": "cde", "W": "bdf",
    "X": "bceg", "Y": "bcdfg", "Z": "abde",
    " ": "", "-": "g", "_": "d", "=": "dg", "?": "abeg", "!": "b", "'": "f", "/": "be", ">": "cdg", "<": "deg",
    ".": "d", ",": "d", ":": "ad", "+": "fg",
}  # fmt: skip
_UNKNOWN: Final = "?"

# For gpiozero: every character of ASCII -> its segments as 0 or 1, in the order a to g.
FONT: Final[Mapping[str, tuple[int, ...]]] = {
    chr(code): tuple(int(segment in _LIT.get(chr(code).upper(), _LIT[_UNKNOWN])) for segment in SEGMENTS)
    for code in range(128)
}


def digits_at(text: str, *, blink: bool, seconds: float, places: int) -> str:
    """Return the characters on the digits, exactly `places`, `seconds` (0 or more) after the text was first shown.

    A short text stands on the right, as numbers do; one that does not fit runs from right to left.
    """
    if blink and int(seconds / BLINK_SECONDS) % 2:
        return " " * places
    if len(text) <= places:
        return text.rjust(places)
    loop = text + " " * _GAP
    begins = int(seconds * SCROLL_CHARACTERS_PER_SECOND) % len(loop)
    return (loop * 2)[begins : begins + places]


def moves(text: str, *, blink: bool, places: int) -> bool:
    """Return whether what is shown changes with time."""
    return blink or len(text) > places

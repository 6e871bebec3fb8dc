"""Which characters a person's name and what a clerk writes may hold: all that stand on cards, none that deceive.

Asked by `messages.py` at both ends of the wire, and by the edge before a visit rests on a text. Pure.
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Control characters; Cf among them turns the direction of a text round, so that a name reads as another. Surrogates are
# half characters. Of spaces only the plain one.
_REFUSED: Final = ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")
_IDEOGRAPHS: Final = range(0x20000, 0x3FFFE)  # planes 2 and 3, which Unicode keeps for ideographs and nothing else


def is_writing(text: str) -> bool:
    """Say whether a text holds only characters that can be written on paper; an empty one does.

    Not `isprintable`: that refuses the private use area, in which rare characters stand on real identity cards, and the
    ideographs that are younger than this Python (U+31350 is of 2022). Their bearers exist.
    """
    return all(_is_written(character) for character in text)


def _is_written(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cn":
        return ord(character) in _IDEOGRAPHS and ord(character) & 0xFFFE != 0xFFFE
    return character == " " or category not in _REFUSED

"""How a resident is shown to staff before the case is opened with a reason: 张*三, 110105********1234. Pure."""

from __future__ import annotations

from typing import Final

MASK: Final = "*"
_LATIN_MASK: Final = MASK * 3


def mask_name(name: str) -> str:
    """Return the name with what is inside hidden: 张*, 张*三, 欧**娜; of a name in letters only the first: J***.

    A name of one character is hidden whole. What is shown never allows to tell two residents of a list apart for sure.
    """
    if len(name) <= 1:
        return MASK
    if not any("\u3400" <= character <= "\u9fff" or character > "\uffff" for character in name):
        return name[0] + _LATIN_MASK
    if len(name) == 2:
        return name[0] + MASK
    return name[0] + MASK * (len(name) - 2) + name[-1]


def mask_number(number: str) -> str:
    """Return an id number of 18 with 6 and 4 characters shown; of a shorter one at most a quarter at either end."""
    if len(number) >= 15:
        return number[:6] + MASK * (len(number) - 10) + number[-4:]
    side = len(number) // 4
    return number[:side] + MASK * (len(number) - 2 * side) + number[len(number) - side :]

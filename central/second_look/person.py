"""The lines of a page and the ticket's person -> doubts about whose paper it is.

A reader errs by a stroke now and then, so a doubt needs more than one unlucky character: a number counts only when its
own check character fits (GB 11643), a name only where a label says that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from broker.messages import Resident
from central.second_look.doubts import Doubt
from central.second_look.page_reader import Line

_NUMBER: Final = re.compile(r"(?<!\d)(\d{17}[\dXx])(?![\dXx])")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643, DOMAIN.md 2
_CHECKS: Final = "10X98765432"
# Whose name it is: not the contact's, the guardian's or the clerk's.
_NAME_LABEL: Final = re.compile(r"^(?:申请人|持卡人|本人|患者|户主|承租人)?姓\s*名|^(?:申请人|持卡人|患者)")
_NAME: Final = re.compile(r"^[:：\s]*([\u3400-\u9fff·]{2,15})$")
_NAME_SCORE_MIN: Final = 0.93
_NO_NAME: Final = re.compile(r"性别|民族|出生|日期|签字|签名|盖章|号码|证件|电话|关系|单位|住址|地址|与|及")


def doubts_of_person(lines: Sequence[Line], resident: Resident) -> tuple[Doubt, ...]:
    """Return what does not agree with the ticket: nothing when the page bears the person's own number or name."""
    numbers = set(id_numbers(lines))
    own_number = resident.id_number.upper()
    if own_number in numbers:
        return ()
    names = {_plain(name) for name in holder_names(lines)}
    own_name = _plain(resident.name)
    doubts = []
    if numbers and own_name not in names:
        doubts.append(Doubt.OTHER_NUMBER)
    if names and not any(_near(name, own_name) for name in names):
        doubts.append(Doubt.OTHER_NAME)
    return tuple(doubts)


def id_numbers(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the citizen numbers on the page whose check character fits."""
    for line in lines:
        for number in _NUMBER.findall(line.text.replace(" ", "")):
            total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
            if _CHECKS[total % 11] == number[17].upper():
                yield number.upper()


def holder_names(lines: Sequence[Line]) -> Iterator[str]:
    """Yield what stands behind a label that says 姓名: in the same line, or in the nearest one to its right."""
    for line in lines:
        label = _NAME_LABEL.match(line.text.strip())
        if label is None:
            continue
        behind = line.text.strip()[label.end() :]
        if behind.strip(" :：") == "":
            right = _to_the_right(line, lines)
            behind, score = (right.text.strip(), right.score) if right else ("", 0.0)
        else:
            score = line.score
        name = _NAME.match(behind)
        if name and score >= _NAME_SCORE_MIN and not _NO_NAME.search(name[1]):
            yield name[1]


def _to_the_right(label: Line, lines: Sequence[Line]) -> Line | None:
    """Return the nearest line that begins behind the label, at its height, and not across the page."""
    height = label.bottom - label.top
    beside = [
        line
        for line in lines
        if line is not label
        and line.left >= label.right - 0.3 * height
        and min(line.bottom, label.bottom) - max(line.top, label.top) > 0.4 * height
        and line.left - label.right < 8 * height
    ]
    return min(beside, key=lambda line: line.left, default=None)


def _plain(name: str) -> str:
    return re.sub(r"[\s·•.．]", "", name)


def _near(one: str, two: str) -> bool:
    """Say whether two names differ by what a reader errs: one character of three or more, the surname alike."""
    if one == two:
        return True
    return len(one) == len(two) >= 3 and one[0] == two[0] and sum(a != b for a, b in zip(one, two, strict=True)) == 1

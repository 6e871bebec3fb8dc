"""The lines of a page and the ticket's person -> doubts about whose paper it is.

A reader errs by a stroke now and then, so a doubt needs more than one unlucky character: a number counts only when its
own check character fits (GB 11643), a name only where a label says that it is one. Where one of the two agrees with the
ticket the paper is most likely the person's: then the other is doubted only on a page of one person, whose label says
that it is that person's.
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
_NUMBER_LIKE: Final = re.compile(r"\d{15,}[Xx]?")
# Whose name it is: not the contact's, the guardian's or the clerk's, nor the householder's, who is on all pages of a
# household.
_NAME_LABEL: Final = re.compile(r"^(?:申请人|持卡人|本人|患者|承租人)?姓\s*名|^(?:申请人|持卡人|患者)")
_ANY_NAME_LABEL: Final = re.compile(r"姓\s*名")
_NUMBER_LABEL: Final = re.compile(
    r"^(?:申请人|持卡人|本人|患者)?(?:公民身份号码|(?:居民)?身份证号码?|(?:居民)?身份证件号码)"
)
_NAME: Final = re.compile(r"^[:：\s]*([\u3400-\u9fff·]{2,15})$")
_NAME_SCORE_MIN: Final = 0.93
_NO_NAME: Final = re.compile(
    r"性别|民族|出生|日期|签字|签名|盖章|号码|证件|电话|关系|单位|住址|地址|与|及"
    r"|承诺|声明|保证|意见|同意|确认|须知|情况|信息|填写|授权|委托"
)


def doubts_of_person(lines: Sequence[Line], resident: Resident) -> tuple[Doubt, ...]:
    """Return what does not agree with the ticket, on a page that bears neither the person's number nor name, or one of
    the two beside another's."""
    numbers = set(id_numbers(lines))
    names = {_plain(name) for name in holder_names(lines)}
    own_name, own_number = _plain(resident.name), resident.id_number.upper()
    if own_number in numbers:
        return (Doubt.OTHER_NAME,) if _bears_another_name(lines, numbers, names, own_name) else ()
    doubts = []
    if numbers and (own_name not in names or _bears_another_number(lines, numbers)):
        doubts.append(Doubt.OTHER_NUMBER)
    if names and not any(_near(name, own_name) for name in names):
        doubts.append(Doubt.OTHER_NAME)
    return tuple(doubts)


def _bears_another_name(lines: Sequence[Line], numbers: set[str], names: set[str], own_name: str) -> bool:
    """Say whether a page with the person's own number names one other person in the holder's place, and nobody else."""
    if len(numbers) > 1 or len(names) != 1 or not _names_one(lines):
        return False
    if own_name in _plain("".join(line.text for line in lines)):
        return False  # a guardian's, a proxy's, a mother's: named where no label of ours says it
    (name,) = names
    return not _one_slip(name, own_name)


def _bears_another_number(lines: Sequence[Line], numbers: set[str]) -> bool:
    """Say whether a page with the person's own name has one number, and a label that says it is the holder's."""
    if len(numbers) > 1 or not _names_one(lines) or not numbers & set(_holder_numbers(lines)):
        return False
    like = {found.upper() for line in lines for found in _NUMBER_LIKE.findall(line.text.replace(" ", ""))}
    return like <= numbers  # one that does not check may be the person's own, misread


def _names_one(lines: Sequence[Line]) -> bool:
    return sum(len(_ANY_NAME_LABEL.findall(line.text)) for line in lines) <= 1


def _holder_numbers(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the numbers that stand behind a label of the holder's: in the same line, or in the nearest to its right."""
    for line in lines:
        label = _NUMBER_LABEL.match(line.text.replace(" ", ""))
        if label is None:
            continue
        behind: Line | None = line
        if line.text.replace(" ", "")[label.end() :].strip(":：") == "":
            behind = _to_the_right(line, lines)
        yield from id_numbers([behind] if behind is not None else [])


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


def _one_slip(one: str, two: str) -> bool:
    """Say whether two names differ by one character, misread, left out or added: too little beside the own number."""
    if len(one) == len(two):
        return sum(a != b for a, b in zip(one, two, strict=True)) <= 1
    shorter, longer = sorted((one, two), key=len)
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))

"""The lines of a page and the material it is filed as -> whether it looks like another paper.

The signs of each paper stand in signs.tsv: which words in a material's name mean it, and which words on a page show
it. A paper that the table does not know is never doubted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from central.second_look.doubts import Doubt
from central.second_look.page_reader import Line

CHARACTERS_MIN: Final = 4  # a page with fewer bears no print
CARD_CHARACTERS_MAX: Final = 160
_WITHOUT_PRINT: Final = ("照片", "相片")
_HEADING_SHARE: Final = 0.35  # of the page's height: where a paper says what it is


@dataclass(frozen=True, slots=True)
class Signs:
    """How one paper is known."""

    paper: str
    material: re.Pattern[str]
    on_page: tuple[tuple[str, ...], ...]  # one of these, each with all of its parts
    characters_max: int  # a card bears no more; 0: no bound


@cache
def signs() -> tuple[Signs, ...]:
    """Return the table."""
    text = resources.files("central.second_look").joinpath("signs.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:] if line]
    return tuple(
        Signs(paper, re.compile(material), tuple(tuple(sign.split("&")) for sign in on_page.split(",")), int(most))
        for paper, material, on_page, most in rows
    )


def doubts_of_material(lines: Sequence[Line], material: str) -> tuple[Doubt, ...]:
    """Return OTHER_MATERIAL when the page shows another known paper's signs and none of its own."""
    text = "".join(line.text for line in lines)
    if any(word in material for word in _WITHOUT_PRINT):
        return ()
    if len(text) < CHARACTERS_MIN:
        return (Doubt.NO_PRINT,)
    expected = [each for each in signs() if each.material.search(material)]
    if not expected or any(_shows(each, text, len(text)) for each in expected):
        return ()
    # An application names the papers that belong to it: of a full page only the heading says what it is.
    told = text if len(text) <= CARD_CHARACTERS_MAX else _heading(lines)
    others = [each for each in signs() if each not in expected and _shows(each, told, len(text))]
    return (Doubt.OTHER_MATERIAL,) if others else ()


def _shows(paper: Signs, text: str, characters: int) -> bool:
    if paper.characters_max and characters > paper.characters_max:
        return False
    return any(all(part in text for part in sign) for sign in paper.on_page)


def _heading(lines: Sequence[Line]) -> str:
    """Return what stands at the top, and the largest line wherever it stands."""
    top, bottom = min(line.top for line in lines), max(line.bottom for line in lines)
    above = [line.text for line in lines if line.top <= top + _HEADING_SHARE * (bottom - top)]
    largest = max(lines, key=lambda line: line.bottom - line.top)
    return "\n".join([*above, largest.text])

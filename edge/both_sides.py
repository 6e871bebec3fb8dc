"""An identity card has two sides: which one a material still lacks, and where a side that was taken belongs.

Asked by `session.py` when a page comes in, by `shown.py` for the hints. Rests on the sides that the capture named; a
card that it could not name never asks for anything and never stands in the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from edge.capture import CardSide
from edge.pages import TakenPage

SIDE_WORDS: Final = {CardSide.PORTRAIT: "人像面", CardSide.EMBLEM: "国徽面"}
_CARD: Final = "身份证"
_SEVERAL: Final = ("双方", "夫妻", "成员")  # 夫妻双方身份证, 家庭成员身份证: cards of several people
_OTHERS: Final = {CardSide.PORTRAIT: CardSide.EMBLEM, CardSide.EMBLEM: CardSide.PORTRAIT}


class Filed(Protocol):
    """A page and the material that it is filed under."""

    @property
    def material(self) -> str: ...
    @property
    def taken(self) -> TakenPage: ...


def is_identity(material: str) -> bool:
    """Say whether identity cards may be filed under this material."""
    return _CARD in material


def side_lacking(pages: Iterable[Filed], material: str) -> CardSide | None:
    """Return the side of an identity card that this material lacks: its other side was taken. None: nothing is known
    to be lacking."""
    sides = [side for page in pages if page.material == material for side in page.taken.card_sides]
    if not is_identity(material) or None in sides:
        return None  # a card that could not be named may well be the other side
    for side, other in _OTHERS.items():
        lacks = sides.count(side) < sides.count(other) if _has_several(material) else side not in sides
        if lacks and other in sides:
            return side
    return None


def is_same_side(pages: Sequence[Filed], material: str, taken: TakenPage) -> bool:
    """Say whether this page shows the side of the card that was taken already, in place of the one that is lacking."""
    lacking = side_lacking(pages, material)
    return lacking is not None and not _has_several(material) and taken.card_sides == (_OTHERS[lacking],)


def material_of_side(pages: Sequence[Filed], checklist: Iterable[str], taken: TakenPage) -> str:
    """Return the material that a page of an identity card belongs to when nobody has said; "" when it shows none."""
    named = [side for side in taken.card_sides if side is not None]
    cards = [material for material in checklist if is_identity(material)]
    if not named or not cards:
        return ""
    for material in cards:
        if side_lacking(pages, material) is not None:
            return material  # one card after the other: the other side of this one comes first
    empty = (name for name in cards if not any(page.material == name and page.taken.card_sides for page in pages))
    several = (name for name in cards if _has_several(name))
    return next(empty, next(several, ""))


def place_of(pages: Sequence[Filed], material: str, taken: TakenPage) -> int:
    """Return the index at which a new page is put: the two sides of one card next to each other, portrait first."""
    lacking = side_lacking(pages, material)
    if lacking is None or taken.card_sides != (lacking,):
        return len(pages)
    other = max(
        index
        for index, page in enumerate(pages)
        if page.material == material and _OTHERS[lacking] in page.taken.card_sides
    )
    return other + 1 if lacking is CardSide.EMBLEM else other


def _has_several(material: str) -> bool:
    return any(word in material for word in _SEVERAL)

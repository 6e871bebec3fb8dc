"""The whole way of one frame: find, flatten, even, judge, encode. What `session.py` and the console call."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from edge.capture import verdict as verdicts
from edge.capture.card_side import CardSide, find_card_side
from edge.capture.curl import read_bend
from edge.capture.encode import encode
from edge.capture.find import SMALL_SIDE, Sheet, are_two_cards, find_beside, find_sheet, is_paper
from edge.capture.flatten import LONGEST, choose_format, even, flatten, thumb_size
from edge.capture.judge import Seen, cut_sides, judge, measure
from edge.capture.light import measure_light
from edge.capture.quad import Corners, Quad, as_corners, side_lengths
from edge.capture.shrink import checked, shrink
from edge.capture.sides import white_level
from edge.capture.turn import find_turn, turned
from edge.capture.verdict import Measures, Verdict
from firmware.ports import Pixels


class Found(StrEnum):
    """What lay under the camera, by shape and size."""

    NOTHING = "nothing"
    A4 = "a4"  # or an open booklet of two A5 leaves
    CARD = "card"
    TWO_CARDS = "two-cards"
    OTHER = "other"  # a receipt, a booklet, any other sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedPage:
    """One page as an officer will see it, and what the judge says of it.

    A page that is refused is there all the same: the clerk may look at it and, deliberately, take it. When no sheet was
    found the page is the whole frame and `corners` is None.
    """

    jpeg: bytes  # at most broker.messages.PAGE_BYTES_MAX
    width: int  # pixels
    height: int
    plain_digest: str  # SHA-256 of `jpeg`, as broker.messages.Page wants it
    corners: Corners | None  # in pixels of the frame; the first is the upright page's upper left
    second_corners: Corners | None = None  # of the second card, when there are two
    found: Found = Found.NOTHING
    card_sides: tuple[CardSide | None, ...] = ()  # of each card, from the top; None: no identity card's, or not surely
    turned_degrees: int = 0  # clockwise, by which the page was turned for its print to stand upright
    verdict: Verdict
    measures: Measures

    @property
    def usable(self) -> bool:
        """Whether the judge would take it."""
        return self.verdict.usable

    @property
    def reason(self) -> str:
        """Return the sentence for the clerk: what to do."""
        return self.verdict.notice

    def __repr__(self) -> str:
        return f"CapturedPage({self.width}x{self.height}, {self.verdict.code})"  # never the page itself


def capture(frame: Pixels, *, empty_desk: Pixels | None = None, dots_per_inch: float = 0.0) -> CapturedPage:
    """Return the sheet in this frame as an upright, flat, evenly lit, cropped and judged page.

    Two identity cards become one page, the upper or left one on top, as offices copy them; the two sides of one,
    portrait on top. The worse verdict counts. Any other two papers, or three cards, are asked to be laid one by one:
    what was not photographed would be missed when the resident has gone.

    Args:
        frame: the document camera's full frame, BGR; best at least 2480 pixels on its longest side.
        empty_desk: a frame of the same camera and size with nothing on the desk; helps where paper and desk are alike.
            One of another size is left aside.
        dots_per_inch: of the frame on the desk, when the camera is fixed and was measured; 0 when not known. Tells
            a sheet of A5 from one of A4.

    Raises:
        PictureRefused: the frame is not height × width × 3 of bytes.
    """
    frame = checked(frame)
    small, factor = shrink(frame, SMALL_SIDE)
    sheet = find_sheet(frame, empty_desk, small=small)
    if sheet is None:
        whole, _ = shrink(frame, LONGEST)
        return _captured(whole, Found.NOTHING, (), 0, verdicts.NOTHING_THERE, Measures())
    look = _Look(frame, small, factor, white_level(small), dots_per_inch)
    first = _flattened(look, sheet)
    # Beside a sheet of A4 there is hardly room for anything; any other kind is often laid there with its fellow.
    other = find_beside(frame, small, [sheet], quick=first.kind != "card") if first.kind != "a4" else None
    if other is None or not (first.kind == "card" and are_two_cards(sheet, other, frame.shape[1], frame.shape[0])):
        sides = (first.side,) if first.kind == "card" else ()
        alone = other is None or not is_paper(small, other, factor, look.white)
        verdict = first.verdict if alone else verdicts.TWO_SHEETS
        return _captured(first.page, Found(first.kind), (first.quad,), first.quarters, verdict, first.measures, sides)
    cards = sorted((first, _flattened(look, other)), key=lambda card: float(card.quad.sum()))
    if [card.side for card in cards] == [CardSide.EMBLEM, CardSide.PORTRAIT]:
        cards.reverse()
    worse = next((card for card in cards if not card.verdict.usable), cards[0])
    third = find_beside(frame, small, [sheet, other], quick=True)
    alone = third is None or not is_paper(small, third, factor, look.white)
    return _captured(
        _stacked([card.page for card in cards]),
        Found.TWO_CARDS,
        tuple(card.quad for card in cards),
        cards[0].quarters,
        worse.verdict if alone else verdicts.TWO_SHEETS,
        worse.measures,
        tuple(card.side for card in cards),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """One frame, as far as it was looked at."""

    frame: Pixels
    small: Pixels
    factor: int
    white: float
    dots_per_inch: float


@dataclass(frozen=True, slots=True)
class _Flat:
    """One sheet of it, flat and judged."""

    page: Pixels  # evenly lit, upright
    kind: str
    quad: Quad  # beginning with the corner that is upper left when upright
    quarters: int
    verdict: Verdict
    measures: Measures
    side: CardSide | None  # of a card


def _flattened(look: _Look, sheet: Sheet) -> _Flat:
    height, width = look.frame.shape[:2]
    # Where a sheet leaves the frame there is noise to read, and no rim.
    bend = None if sheet.cut else read_bend(look.small, sheet.quad, look.factor)
    quad = sheet.quad if bend is None else bend.quad
    shape = choose_format(quad, width, height, look.dots_per_inch)
    page = flatten(look.frame, quad, shape.width, shape.height, bend=bend)
    small_quad = (quad - (look.factor - 1) / 2) / look.factor
    thumb = flatten(look.small, small_quad, *thumb_size(shape), bend=bend, factor=look.factor)
    light = measure_light(thumb)
    is_card = shape.kind == "card"
    sided = find_card_side(page, light) if is_card else None
    # What stands where on an identity card says surer which way is up than its few characters do.
    quarters = sided.quarters if sided is not None else find_turn(page, light.level).quarters
    if quarters:
        page, thumb, quad = turned(page, quarters), turned(thumb, quarters), np.roll(quad, quarters, axis=0)
        light = measure_light(thumb)
    seen_long = float(side_lengths(quad).max())
    dots = seen_long / shape.inches if shape.inches else 0.0
    seen = Seen(
        page, thumb, light, quad, sheet.support, seen_long, dots, width, height, is_card=is_card, runs_on=sheet.runs_on
    )
    measures = measure(seen)
    verdict = judge(measures, cut_sides(quad, width, height))
    side = sided.side if sided is not None else None
    evened = even(page, light, shape.kind, look.white, into=page)
    return _Flat(evened, shape.kind, quad, quarters, verdict, measures, side)


def _stacked(pages: list[Pixels]) -> Pixels:
    """Return the cards below each other on one white page, with a finger's breadth between."""
    width = max(page.shape[1] for page in pages)
    gap = width // 16
    height = sum(page.shape[0] for page in pages) + gap * (len(pages) + 1)
    whole = np.full((height, width + 2 * gap, 3), 255, np.uint8)
    top = gap
    for page in pages:
        whole[top : top + page.shape[0], gap : gap + page.shape[1]] = page
        top += page.shape[0] + gap
    return whole


def _captured(
    page: Pixels,
    found: Found,
    quads: tuple[Quad, ...],
    quarters: int,
    verdict: Verdict,
    measures: Measures,
    sides: tuple[CardSide | None, ...] = (),
) -> CapturedPage:
    jpeg, width, height = encode(page)
    return CapturedPage(
        jpeg=jpeg,
        width=width,
        height=height,
        plain_digest=hashlib.sha256(jpeg).hexdigest(),
        corners=as_corners(quads[0]) if quads else None,
        second_corners=as_corners(quads[1]) if len(quads) > 1 else None,
        found=found,
        card_sides=sides,
        turned_degrees=quarters * 90,
        verdict=verdict,
        measures=measures,
    )

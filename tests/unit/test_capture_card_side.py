"""The sides of an identity card: told apart however the card lies, never confused, and claimed of no other card."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from edge.capture import CardSide, Found, capture
from edge.capture.card_side import find_card_side
from edge.capture.light import measure_light
from edge.capture.turn import turned
from firmware.simulators.papers import draw_paper
from tests.support.capture_generator import PAIR, make_capture
from tests.support.capture_papers import paper
from tests.support.card_faces import OTHER_CARDS
from tests.support.card_side_score import SCENES, SIDES, card_frame, count_sides

HELD_OUT = range(40, 60)  # `python -m tests.support.card_side_score 40 60` counts them all


@pytest.mark.parametrize("kind", SIDES)
def test_a_flat_side_is_known_on_each_way_up_with_its_turn(kind: str) -> None:
    for seed in range(40, 46):
        upright = paper(kind, seed).pixels
        for quarters in range(4):
            page = turned(upright, quarters)
            sided = find_card_side(page, measure_light(page))
            assert sided is not None
            assert (sided.side, sided.quarters) == (SIDES[kind], -quarters % 4)


@pytest.mark.parametrize("kind", [*OTHER_CARDS, "card"])
def test_other_cards_have_no_side(kind: str) -> None:
    for seed in range(40, 50):
        page = paper(kind, seed).pixels
        for way in (page, turned(page, 2)):
            assert find_card_side(way, measure_light(way)) is None


@pytest.mark.parametrize("kind", SIDES)
def test_a_photographed_side_is_known_when_the_gate_takes_it(kind: str) -> None:
    counts: Counter[str] = Counter()
    for index, scene in enumerate(SCENES):
        counts += count_sides(kind, scene, HELD_OUT[index : index + 2])

    assert counts["taken"] >= 9  # of 16; in two a lamp has washed the address out, fingers lie on two, two are tiny
    assert counts["wrong"] == 0
    assert counts["unknown"] <= 1


def test_the_page_of_a_card_upside_down_comes_out_upright_with_its_side() -> None:
    for kind, side in SIDES.items():
        page = capture(card_frame(kind, "shadow", 42))
        assert page.found is Found.CARD
        assert page.card_sides == (side,)
        assert page.width > page.height


def test_two_cards_at_once_have_a_side_each() -> None:
    page = capture(make_capture(replace(PAIR, kinds=("id-emblem",)), 3, width=2592, height=1944).pixels)

    assert page.found is Found.TWO_CARDS
    assert page.card_sides == (CardSide.EMBLEM, CardSide.EMBLEM)


@pytest.mark.parametrize("seed", [3, 4])
def test_both_sides_at_once_are_one_page_with_the_portrait_on_top(seed: int) -> None:
    scene = replace(PAIR, kinds=tuple(SIDES))

    page = capture(make_capture(scene, seed, width=2592, height=1944).pixels)

    assert page.found is Found.TWO_CARDS
    assert page.card_sides == (CardSide.PORTRAIT, CardSide.EMBLEM)


@pytest.mark.parametrize("kind", ["a4", "receipt"])
def test_what_is_no_card_has_no_sides(kind: str) -> None:
    frame = make_capture(replace(SCENES["plain"], kinds=(kind,), fill=(0.7, 0.8)), 4).pixels
    assert capture(frame).card_sides == ()


@pytest.mark.parametrize(("kind", "side"), [("id_card", CardSide.PORTRAIT), ("id_card_emblem", CardSide.EMBLEM)])
def test_the_demonstrations_identity_card_is_known(kind: str, side: CardSide) -> None:
    for seed in range(3):
        page = draw_paper(kind, seed=seed).pixels
        sided = find_card_side(page, measure_light(page))
        assert sided is not None
        assert sided.side is side

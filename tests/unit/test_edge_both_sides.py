"""An identity card's two sides in a visit: where they are filed, what is hinted, and that nothing is ever barred."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge import session
from edge.capture import CardSide
from edge.catalogue import Material, ServiceItem
from edge.pages import TakenPage
from edge.session import Visit, step
from tests.support.edge_fixture import RESIDENT, TODAY, a_page

P, E = CardSide.PORTRAIT, CardSide.EMBLEM
CARD, FORM, PHOTO = "居民身份证", "申请表", "一寸照片"


def a_visit(*materials: str) -> Visit:
    item = ServiceItem(
        code="JY018",
        name="就业困难人员认定",
        department="就业服务科",
        kind="promised",
        promise_working_days=5,
        materials=tuple(Material(name) for name in materials),
    )
    visit = Visit(visit_id="v", ticket="A6001", day=TODAY, resident=RESIDENT, opened_at_ms=1)
    return step(visit, session.ItemChosen(item))[0]


def a_card(*sides: CardSide | None) -> TakenPage:
    return replace(a_page(), card_sides=sides)


def take(visit: Visit, taken: TakenPage, material: str = "") -> Visit:
    visit, (effect,) = step(visit, session.PhotographAsked(material))
    assert isinstance(effect, session.Photograph)
    page_id = f"p{len(visit.pages)}"
    return step(visit, session.PageTaken(page_id, effect.material, taken))[0]


def filed(visit: Visit) -> list[tuple[str, tuple[CardSide | None, ...]]]:
    return [(page.material, page.taken.card_sides) for page in visit.pages]


@pytest.mark.parametrize("order", [(P, E), (E, P)])
def test_two_sides_are_one_material_portrait_first_whichever_came_first(order: tuple[CardSide, CardSide]) -> None:
    visit = take(a_visit(CARD, PHOTO), a_card(order[0]))
    assert (visit.half_taken, visit.turn_over) == ((CARD,), order[1])

    visit = take(visit, a_card(order[1]))

    assert filed(visit) == [(CARD, (P,)), (CARD, (E,))]
    assert (visit.half_taken, visit.turn_over, visit.missing) == ((), None, (PHOTO,))


def test_a_side_goes_to_the_card_although_another_paper_is_awaited() -> None:
    visit = take(a_visit(FORM, CARD), a_card(P))
    visit = take(visit, a_page())
    assert filed(visit) == [(CARD, (P,)), (FORM, ())]
    assert (visit.half_taken, visit.turn_over) == ((CARD,), None)  # the clerk went on; the hint stays

    visit = take(visit, a_card(E))

    assert filed(visit) == [(CARD, (P,)), (CARD, (E,)), (FORM, ())]


def test_the_same_side_twice_is_refused_and_can_be_kept_anyway() -> None:
    visit = take(a_visit(CARD, PHOTO), a_card(P))

    visit = take(visit, a_card(P))

    assert visit.refused is not None
    assert visit.refused.taken.sentence == "刚才拍的是同一面，请翻面再拍。"
    assert filed(visit) == [(CARD, (P,))]
    kept = step(visit, session.PageKeptAnyway())[0]
    assert filed(kept) == [(CARD, (P,)), (CARD, (P,))]
    assert kept.half_taken == (CARD,)
    turned = take(visit, a_card(E))
    assert (filed(turned), turned.refused) == ([(CARD, (P,)), (CARD, (E,))], None)


def test_both_sides_at_once_end_the_hint() -> None:
    visit = take(a_visit(CARD, PHOTO), a_card(P, E))

    assert (filed(visit), visit.half_taken) == ([(CARD, (P, E))], ())


def test_a_third_picture_of_a_whole_card_is_no_affair_of_this_rule() -> None:
    visit = take(take(take(a_visit(CARD), a_card(P)), a_card(E)), a_card(P))

    assert visit.refused is None
    assert len(visit.pages) == 3


@pytest.mark.parametrize("unknown", [a_card(None), a_card(None, None), a_page()])
def test_what_is_not_known_to_be_an_identity_card_asks_for_nothing_and_is_never_refused(unknown: TakenPage) -> None:
    visit = take(take(a_visit(CARD, PHOTO), unknown), unknown)

    assert [page.material for page in visit.pages] == [CARD, PHOTO]
    assert (visit.half_taken, visit.refused) == ((), None)


def test_a_card_that_was_not_known_may_have_been_the_other_side() -> None:
    visit = take(a_visit(CARD, PHOTO), a_card(P))
    visit = take(visit, a_card(None), CARD)
    assert visit.half_taken == ()

    visit = take(visit, a_card(P), CARD)

    assert visit.refused is None


def test_what_the_clerk_said_counts_more_than_what_was_seen() -> None:
    visit = take(a_visit(CARD, PHOTO), a_card(P), PHOTO)

    assert filed(visit) == [(PHOTO, (P,))]
    assert visit.half_taken == ()


def test_before_an_item_is_chosen_nothing_is_asked() -> None:
    visit = Visit(visit_id="v", ticket="A6001", day=TODAY, resident=RESIDENT, opened_at_ms=1)

    visit = take(take(visit, a_card(P)), a_card(P))

    assert (visit.refused, visit.half_taken, visit.turn_over) == (None, (), None)


def test_cards_of_several_people_are_counted_not_refused() -> None:
    both = "夫妻双方身份证"
    visit = take(take(a_visit(both), a_card(P)), a_card(P))
    assert (visit.refused, visit.half_taken) == (None, (both,))

    visit = take(take(visit, a_card(E)), a_card(E))

    assert visit.half_taken == ()
    assert {page.material for page in visit.pages} == {both}


def test_the_guardians_card_follows_the_residents_whole_one() -> None:
    guardian = "监护人身份证"
    visit = a_visit(CARD, guardian)

    for side in (P, E, P, E):
        visit = take(visit, a_card(side))

    assert filed(visit) == [(CARD, (P,)), (CARD, (E,)), (guardian, (P,)), (guardian, (E,))]
    assert visit.half_taken == ()


def test_a_card_with_one_side_is_no_bar_to_accepting() -> None:
    visit = take(a_visit(CARD), a_card(P))

    assert visit.can_accept
    assert visit.missing == ()
    assert step(visit, session.AcceptAsked())[1] == (session.KeepPacket(),)


def test_a_side_that_is_removed_or_filed_elsewhere_is_lacking_again() -> None:
    visit = take(take(a_visit(CARD, PHOTO), a_card(P)), a_card(E))

    removed = step(visit, session.PageRemoved(visit.pages[0].page_id))[0]
    renamed = step(visit, session.PageNamed(visit.pages[0].page_id, PHOTO))[0]

    assert removed.side_lacking(CARD) is P
    assert renamed.side_lacking(CARD) is P

"""A name is refused for what deceives in it, never for a character that is rare."""

from __future__ import annotations

import pytest

from broker.errors import MessageRefused
from broker.messages import Resident
from broker.writing import is_writing
from edge.commands import FillForm
from edge.console.orders import command_from_form
from edge.errors import IdentityRefused
from edge.identity import check_card, check_typed
from firmware.id_card_text import build_card_text, parse_card_text
from tests.support.edge_fixture import NUMBER, TODAY, a_card
from tests.support.messages_of_every_kind import a_packet

RARE = {
    "a private use character, as on cards of the first years": "张\ue5e5",
    "an ideograph of 2022": "张\U00031350",
    "an ideograph of 2023": "张\U0002ebf0",
    "an ideograph that is not yet given out": "张\U0003fffd",
    "a private use character of plane 15": "张\U000f0000",
    "a chosen variant of a character": "葛\U000e0100",
    "a minority name": "阿卜杜热西提·买买提",
    "an English name": "SMITH JOHN",
}
REFUSED = {
    "a control character": "张\x07",
    "a line break": "张\n三",
    "a line separator": "张\u2028三",
    "a paragraph separator": "张\u2029三",
    "a turn of direction": "张\u202e三",
    "an isolate": "张\u2066三",
    "a character of no width": "张\u200b三",
    "half a character": "张\ud840",
    "no character at all": "张\uffff",
    "no character at all, of plane 2": "张\U0002ffff",
    "a character nobody has given out": "张\u0378",
    "a space that is no plain one": "张\u00a0三",
}


@pytest.mark.parametrize("name", RARE.values(), ids=RARE)
def test_a_rare_name_is_a_name_on_the_wire_on_the_card_and_typed(name: str) -> None:
    card = parse_card_text(build_card_text(a_card(name=name)))

    assert Resident(name=name, id_number=NUMBER).name == name
    assert check_card(card, today=TODAY).resident.name == name
    assert check_typed(name, NUMBER, check_card(card, today=TODAY).resident.id_kind, today=TODAY).resident.name == name


@pytest.mark.parametrize("name", REFUSED.values(), ids=REFUSED)
def test_a_name_that_deceives_or_is_no_text_is_refused_without_being_told(name: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        Resident(name=name, id_number=NUMBER)

    assert "张" not in str(refused.value)
    assert not is_writing(name)


@pytest.mark.parametrize("name", ["张\u202e三", "张\x07", "张\ud840"])
def test_the_window_refuses_what_the_wire_would(name: str) -> None:
    with pytest.raises(IdentityRefused):
        check_card(a_card(name=name), today=TODAY)


def test_every_character_that_can_be_printed_can_be_written_too() -> None:
    assert all(is_writing(chr(code)) for code in range(0x110000) if chr(code).isprintable())


@pytest.mark.parametrize("name", RARE.values(), ids=RARE)
def test_a_rare_name_in_a_form_is_taken_by_console_visit_and_wire(name: str) -> None:
    form = {"代办人姓名": name}

    assert command_from_form("fill_form", {"field:代办人姓名": name}) == FillForm(fields=form)
    assert a_packet(form=form).form == form

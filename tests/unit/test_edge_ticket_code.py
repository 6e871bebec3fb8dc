"""The ticket's code: opens at any window of the hall on its day, and nowhere and never else."""

from __future__ import annotations

import base45
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.messages import IdKind, Priority, Resident
from broker.ticket_keys import ticket_key
from edge.errors import (
    IdentityRefused,
    TicketCodeUnknown,
    TicketKeyMissing,
    TicketOfAnotherDay,
    TicketRefused,
)
from edge.identity import CHECKSUM_WARNING, check_card, check_typed
from edge.ticket import TEXT_MAX, Ticket, is_ticket_code, open_ticket, seal_ticket
from firmware.ports import IdCard
from tests.support.edge_fixture import HALL, MASTER, NAME, NUMBER, RESIDENT, TODAY, a_card

KEYS = {TODAY: ticket_key(MASTER, hall=HALL, day=TODAY)}


def a_ticket(resident: Resident = RESIDENT, **changes: object) -> Ticket:
    fields: dict[str, object] = {
        "ticket": "A6027",
        "day": TODAY,
        "resident": resident,
        "issued_minute": 541,
        **changes,
    }
    return Ticket(**fields)  # type: ignore[arg-type]


def sealed(ticket: Ticket | None = None, *, kiosk: str = "shuangjing-kiosk", hall: str = HALL) -> str:
    return seal_ticket(ticket or a_ticket(), KEYS[TODAY], hall=hall, kiosk=kiosk)


def opened(text: str, *, today: str = TODAY, hall: str = HALL, keys: dict[str, bytes] = KEYS) -> Ticket:
    return open_ticket(text, keys, hall=hall, today=today)


@pytest.mark.parametrize(
    "resident",
    [
        RESIDENT,
        Resident(name="阿卜杜热西提·买买提", id_number="653101199001010015"),
        Resident(name="𠮷", id_number="34052419800101001X"),
        Resident(name="ANDERSON MARIA-LUISE VON DER HEIDE", id_number="AAA110088090102", id_kind=IdKind.FOREIGN),
        Resident(name="李四", id_number="810000199408230021", id_kind=IdKind.RESIDENCE),
        Resident(name="王", id_number="E12345678", id_kind=IdKind.OTHER),
        Resident(name="鿿" * 60, id_number="00000000000000000000", id_kind=IdKind.OTHER),
    ],
)
def test_what_was_sealed_comes_back(resident: Resident) -> None:
    ticket = a_ticket(resident, priority=Priority.PRIORITY)

    text = sealed(ticket)

    assert opened(text) == ticket
    assert len(text) <= TEXT_MAX


def test_a_name_of_two_makes_a_code_of_at_most_70_characters_that_any_gun_can_type() -> None:
    text = sealed(a_ticket(Resident(name="王芳", id_number=NUMBER)))

    assert len(text) <= 70
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert text == text.strip()


def test_every_single_flipped_bit_of_the_token_is_refused() -> None:
    token = base45.b45decode(sealed()[3:-1])

    for bit in range(len(token) * 8):
        flipped = bytearray(token)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TicketRefused):
            opened("OW1" + base45.b45encode(bytes(flipped)).decode() + "/")


def test_every_single_flipped_bit_of_the_text_is_refused() -> None:
    text = sealed()

    for bit in range(len(text) * 7):
        place = bit // 7
        flipped = text[:place] + chr(ord(text[place]) ^ 1 << bit % 7) + text[place + 1 :]
        with pytest.raises(TicketRefused):
            opened(flipped)


@pytest.mark.parametrize("cut", range(0, 66, 5))
def test_a_cut_code_is_refused(cut: int) -> None:
    with pytest.raises(TicketRefused):
        opened(sealed()[:cut] + "/")


def test_yesterdays_ticket_is_refused_with_a_word_of_its_day_even_if_its_key_is_still_there() -> None:
    with pytest.raises(TicketOfAnotherDay) as refused:
        opened(sealed(), today="2026-11-24")

    assert "不是今天的" in refused.value.notice


def test_todays_ticket_without_todays_key_says_that_the_key_is_missing() -> None:
    with pytest.raises(TicketKeyMissing):
        opened(sealed(), keys={})


def test_a_window_whose_clock_is_slow_opens_tomorrows_ticket() -> None:
    assert opened(sealed(), today="2026-11-22").ticket == "A6027"


def test_another_halls_ticket_is_refused() -> None:
    with pytest.raises(TicketRefused):
        opened(sealed(hall="elsewhere"))


@pytest.mark.parametrize("text", ["", "OW1", "OW1/", "6901234567892", "http://x", "OW1" + "A" * 1000 + "/", "ow1ab/"])
def test_what_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(TicketRefused):
        opened(text)


@given(st.text(max_size=600))
def test_any_text_is_opened_or_refused_by_name(text: str) -> None:
    for candidate in (text, f"OW1{text}/"):
        with pytest.raises(TicketRefused):
            opened(candidate)


def test_two_kiosks_with_the_same_number_make_different_codes() -> None:
    assert sealed(kiosk="shuangjing-kiosk") != sealed(kiosk="shuangjing-kiosk-2")


def test_the_refusal_of_an_unknown_code_is_its_own() -> None:
    with pytest.raises(TicketCodeUnknown):
        opened("https://example.com/")
    assert not is_ticket_code("https://example.com/")


# --- who it is for -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["34052419800101001X", "11010519491231002X", "34052419800101001x"])
def test_right_numbers_pass_typed_and_read_also_with_a_small_x(number: str) -> None:
    assert check_typed(NAME, number, IdKind.CITIZEN, today=TODAY).resident.id_number == number.upper()
    assert check_card(a_card(id_number=number), today=TODAY).warning == ""


def test_a_wrong_check_character_is_an_error_when_typed_and_a_warning_when_read() -> None:
    wrong = "340524198001010011"

    with pytest.raises(IdentityRefused):
        check_typed(NAME, wrong, IdKind.CITIZEN, today=TODAY)
    assert check_card(a_card(id_number=wrong), today=TODAY).warning == CHECKSUM_WARNING


@pytest.mark.parametrize(
    "number",
    [
        "04052419800101001X",  # a region does not begin with 0
        "34052419800231001X",  # no such day
        "34052420990101001X",  # not born yet
        "34052418000101001X",
        "3405241980010100",
        "3405241980010100１X",  # full-width
        "3405241980010100AX",
        "",
    ],
)
def test_impossible_numbers_are_refused_and_never_repeated(number: str) -> None:
    with pytest.raises(IdentityRefused) as refused:
        check_typed(NAME, number, IdKind.CITIZEN, today=TODAY)

    assert number == "" or number not in str(refused.value) + refused.value.notice


def test_a_county_that_is_gone_is_no_reason_to_refuse() -> None:
    assert check_typed(NAME, _with_check("11022119490101001"), IdKind.CITIZEN, today=TODAY)


@pytest.mark.parametrize("region", ["810000", "820000", "830000"])
def test_residence_cards_pass(region: str) -> None:
    card = IdCard(name=NAME, id_number=_with_check(region + "19940823002"), kind="residence")

    assert check_card(card, today=TODAY).resident.id_kind is IdKind.RESIDENCE


def test_foreign_cards_pass_old_and_new() -> None:
    for number in ("AAA110088090102", _with_check("91101519880901020"[:17])):
        card = IdCard(name="SMITH JOHN", id_number=number, kind="foreign")
        assert check_card(card, today=TODAY).resident.id_kind is IdKind.FOREIGN


def test_an_old_number_of_15_digits_is_taken_from_hand_only() -> None:
    assert check_typed(NAME, "110105491231002", IdKind.CITIZEN, today=TODAY)
    with pytest.raises(IdentityRefused):
        check_card(a_card(id_number="110105491231002"), today=TODAY)


def _with_check(first: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(d) * w for d, w in zip(first, weights, strict=True)) % 11]

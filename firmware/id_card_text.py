"""The 256 bytes of text on a card, to an `IdCard` and back: citizen, residence (J), foreign 2017 (I). Pure.

Each field stands at its byte offset in UTF-16LE, padded with spaces. The two bytes at 248 tell the kinds apart
(DOMAIN.md 1).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from firmware.id_card_frames import TEXT_BYTES, CardKindUnknown
from firmware.ports import CardUnreadable, IdCard

Field = tuple[int, int]  # offset and length in bytes

_FLAG: Final[Field] = (248, 2)
_CITIZEN: Final[dict[str, Field]] = {
    "name": (0, 30),
    "sex": (30, 2),
    "ethnic": (32, 4),
    "birth": (36, 16),
    "address": (52, 70),
    "id_number": (122, 36),
    "issuer": (158, 30),
    "valid_from": (188, 16),
    "valid_to": (204, 16),
}
# The residence card has no ethnic group; the pass number (220/18) and the issue count (238/4) are not needed here.
_RESIDENCE: Final[dict[str, Field]] = {name: field for name, field in _CITIZEN.items() if name != "ethnic"}
_FOREIGN: Final[dict[str, Field]] = {
    "english_name": (0, 120),
    "sex": (120, 2),
    "id_number": (122, 30),
    "nationality": (152, 6),
    "name": (158, 30),
    "valid_from": (188, 16),
    "valid_to": (204, 16),
    "birth": (220, 16),
    "issuer": (240, 8),
}
_SEXES: Final = {"1": "male", "2": "female"}
_LONG_TERM: Final = "长期"


def parse_card_text(text: bytes) -> IdCard:
    """Read a card's text. The photo is not part of it.

    Raises:
        CardKindUnknown: the kind's layout is not confirmed (the foreign card of 2023 among them): enter by hand.
        CardUnreadable: the text is no card's: a field holds what it cannot, or name or number are missing.
    """
    if len(text) != TEXT_BYTES:
        raise CardUnreadable("a card's text has 256 bytes")
    match _field(text, _FLAG):
        case "":
            return _citizen(text)
        case "J":
            return _card("residence", {name: _field(text, field) for name, field in _RESIDENCE.items()})
        case "I":
            values = {name: _field(text, field) for name, field in _FOREIGN.items()}
            # Many have no Chinese name on the card; then the English one is the name.
            values["name"] = values["name"] or values["english_name"]
            return _card("foreign", values)
    raise CardKindUnknown("the card's kind is none whose layout is confirmed")


def build_card_text(card: IdCard) -> bytes:
    """Return the text of a card, as the simulated reader sends it. The opposite of `parse_card_text`."""
    fields = {"citizen": _CITIZEN, "residence": _RESIDENCE, "foreign": _FOREIGN}[card.kind]
    flag = {"citizen": "", "residence": "J", "foreign": "I"}[card.kind]
    text = bytearray(" ".encode("utf-16-le") * (TEXT_BYTES // 2))
    sex = {"male": "1", "female": "2", "": "0"}[card.sex]
    values = {name: getattr(card, name, "") for name in fields} | {"sex": sex}
    if card.kind == "foreign" and card.name.isascii():
        values |= {"english_name": card.name, "name": ""}
    for name, field in [*fields.items(), ("flag", _FLAG)]:
        value = flag if name == "flag" else values[name]
        offset, length = field
        encoded = value.encode("utf-16-le")[:length]
        text[offset : offset + len(encoded)] = encoded
    return bytes(text)


def _citizen(text: bytes) -> IdCard:
    values = {name: _field(text, field) for name, field in _CITIZEN.items()}
    if values["id_number"].startswith("9"):
        # The foreign card of 2023: a citizen's number beginning with 9; its exact offsets are unconfirmed.
        raise CardKindUnknown("the foreign card of 2023 is entered by hand")
    return _card("citizen", values)


def _card(kind: str, values: dict[str, str]) -> IdCard:
    assert kind in ("citizen", "residence", "foreign")
    number, name = values["id_number"].upper(), values["name"]
    _hold(bool(name) and _is_text(name), "a card has a name, without control characters")
    _hold(1 <= len(number) <= 18 and number.isascii() and number.isalnum(), "a card's number is 1 to 18 of 0-9, A-Z")
    _hold(values["sex"] in ("", "0", "1", "2", "9"), "a card's sex is 0, 1, 2 or 9")
    for date in ("birth", "valid_from"):
        _hold(_is_date(values[date]), "a card's dates are YYYYMMDD")
    _hold(values["valid_to"] == _LONG_TERM or _is_date(values["valid_to"]), "a card ends on a date or 长期")
    ethnic, address, issuer = values.get("ethnic", ""), values.get("address", ""), values["issuer"]
    _hold(ethnic == "" or (len(ethnic) == 2 and ethnic.isascii() and ethnic.isdigit()), "an ethnic group has 2 digits")
    _hold(_is_text(address) and _is_text(issuer), "a card's text has no control characters")
    return IdCard(
        name=name,
        id_number=number,
        kind=kind,  # type: ignore[arg-type]  # asserted above
        sex=_SEXES.get(values["sex"], ""),  # type: ignore[arg-type]
        ethnic=ethnic,
        birth=values["birth"],
        address=address,
        issuer=issuer,
        valid_from=values["valid_from"],
        valid_to=values["valid_to"],
    )


def _field(text: bytes, field: Field) -> str:
    offset, length = field
    try:
        return text[offset : offset + length].decode("utf-16-le").strip(" \0")
    except UnicodeDecodeError:
        raise CardUnreadable("a card's text is UTF-16") from None  # the cause would hold a resident's bytes


def _is_date(value: str) -> bool:
    return value == "" or (len(value) == 8 and value.isascii() and value.isdigit())


def _is_text(value: str) -> bool:
    # Not `isprintable`: rare characters of names stand in the private use area on real cards, and their bearers exist.
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value)


def _hold(holds: bool, rule: str) -> None:
    if not holds:
        raise CardUnreadable(rule)

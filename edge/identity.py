"""Who the resident is, as read from a card or typed: checked, and made into the `Resident` of the wire.

The rules that keep real people from being refused are DOMAIN.md 2's: a region must only not begin with 0 (old codes
stay for life, so never today's list of counties), a small x is an X; and a checksum that does not fit is an error
when a person typed the number, but only a warning when the card itself says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from broker.errors import MessageRefused
from broker.messages import NAME_MAX, IdKind, Resident
from broker.writing import is_writing
from edge.errors import IdentityRefused
from firmware.ports import IdCard

_KINDS: Final = {"citizen": IdKind.CITIZEN, "residence": IdKind.RESIDENCE, "foreign": IdKind.FOREIGN}
_EIGHTEEN: Final = (IdKind.CITIZEN, IdKind.RESIDENCE)

CHECKSUM_WARNING: Final = "证件号码的校验位不符，请与证件核对。"


@dataclass(frozen=True, slots=True)
class Checked:
    """An identity that may be used, and what the clerk should look at; "" when nothing."""

    resident: Resident
    warning: str = ""

    def __repr__(self) -> str:
        return "Checked(…)"


def check_card(card: IdCard, *, today: str) -> Checked:
    """Return the identity that a card reader gave.

    Raises:
        IdentityRefused: nothing that could be a person's name and number.
    """
    return _check(card.name, card.id_number, _KINDS[card.kind], today=today, typed=False)


def check_typed(name: str, id_number: str, kind: IdKind, *, today: str) -> Checked:
    """Return the identity that a person typed.

    Raises:
        IdentityRefused: the number cannot be one of its kind, or its check character does not fit: look again.
    """
    return _check(name, id_number, kind, today=today, typed=True)


def _check(name: str, id_number: str, kind: IdKind, *, today: str, typed: bool) -> Checked:
    name = " ".join(name.split())
    number = "".join(id_number.split()).upper()
    if not name or len(name) > NAME_MAX or not is_writing(name):
        raise IdentityRefused("a name is 1 to 60 written characters", "请填写姓名，与证件一致。")
    warning = ""
    if kind in _EIGHTEEN and not (typed and len(number) == 15):
        warning = _check_eighteen(number, today)
        if warning and typed:
            raise IdentityRefused("the number's check character does not fit", "证件号码有误，请逐位核对后重新录入。")
    elif len(number) == 15 and kind in _EIGHTEEN:
        _check_fifteen(number)
    try:
        return Checked(Resident(name=name, id_number=number, id_kind=kind), warning)
    except MessageRefused:
        raise IdentityRefused(
            "a number is 1 to 20 of 0-9 and A-Z", "证件号码只能是20位以内的数字和字母，请核对。"
        ) from None


def _check_eighteen(number: str, today: str) -> str:
    """Refuse what cannot be a number of 18; return a warning when only the check character does not fit."""
    if len(number) != 18 or not (number[:17].isascii() and number[:17].isdigit() and number[17] in "0123456789X"):
        raise IdentityRefused(
            "a citizen's number is 17 digits and a check character", "身份证号码应为18位：17位数字加1位校验码，请核对。"
        )
    _check_region(number)
    try:
        birth = ric.get_birth_date(number)
    except ValidationError:
        raise IdentityRefused(
            "the number holds no real date of birth", "身份证号码中的出生日期有误，请核对。"
        ) from None
    if birth.isoformat() > today or birth.year < 1850:
        raise IdentityRefused("the date of birth cannot be", "身份证号码中的出生日期有误，请核对。")
    return "" if number[17] == ric.calc_check_digit(number) else CHECKSUM_WARNING


def _check_fifteen(number: str) -> None:
    """15 digits: before 1999, by hand only."""
    if not (number.isascii() and number.isdigit()):
        raise IdentityRefused("an old number is 15 digits", "旧身份证号码应为15位数字，请核对。")
    _check_region(number)


def _check_region(number: str) -> None:
    # 1–8 begin the regions, 81/82/83 the residence cards' among them; 9 the foreign residents' cards since 2023.
    if number[0] == "0":
        raise IdentityRefused("a region does not begin with 0", "身份证号码的前6位有误，请核对。")

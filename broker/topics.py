"""The topics of the house, made and read here and nowhere else.

    ow/1/<unit>/up/<family>      written by the unit, read by central
    ow/1/<unit>/down/<family>    written by central, read by the unit

`access.py` renders the broker's access list from the same functions. Levels are `[a-z0-9-]`, so that the same topics
work on brokers that translate `/` to `.` (RELIABILITY.md B.6).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple, NewType

from broker.errors import TopicRefused

UnitId = NewType("UnitId", str)

ROOT = "ow"
VERSION = "1"
UNIT_ID_PATTERN = r"[a-z0-9](?:[a-z0-9-]{1,30})[a-z0-9]"  # 3 to 32 characters
_UNIT_ID = re.compile(UNIT_ID_PATTERN)

CENTRAL = UnitId("central")
"""The ledger service's own name: its certificate's common name and its client id."""


class Up(StrEnum):
    """What a unit says. The families, not the kinds: the kind stands in the envelope's header."""

    CHUNK = "chunk"  # a piece of a sealed page
    PACKET = "packet"  # a sealed, signed manifest
    EVENT = "event"  # a button, a ticket issued, a call shown …: signed
    STATE = "state"  # alive, health, last will: unsigned, QoS 0


class Down(StrEnum):
    """What central says to a unit. All of it is signed."""

    RECEIPT = "receipt"  # entered | missing | refused
    CALL = "call"  # show and speak this number
    ORDER = "order"  # queue status, ticket keys, resend, settings …


class UpTopic(NamedTuple):
    unit: UnitId
    family: Up


class DownTopic(NamedTuple):
    unit: UnitId
    family: Down


def unit_id(text: str) -> UnitId:
    """Return `text` as a unit's id, which is also its certificate's common name and its client id.

    Raises:
        TopicRefused: not 3 to 32 characters of a-z, 0-9 and inner hyphens, or central's own name.
    """
    if not isinstance(text, str) or not _UNIT_ID.fullmatch(text):
        raise TopicRefused("a unit id is 3 to 32 of a-z, 0-9 and inner hyphens")
    if text == CENTRAL:
        raise TopicRefused("a unit cannot take central's name")
    return UnitId(text)


def board_of(hall: str) -> UnitId:
    """Return the id of a hall's board, which is a unit like any other."""
    return unit_id(f"{hall}-board")


def up(unit: UnitId, family: Up) -> str:
    return f"{ROOT}/{VERSION}/{unit_id(unit)}/up/{family.value}"


def down(unit: UnitId, family: Down) -> str:
    return f"{ROOT}/{VERSION}/{unit_id(unit)}/down/{family.value}"


def all_up() -> str:
    """Return the filter that central subscribes to."""
    return f"{ROOT}/{VERSION}/+/up/#"


def all_down(unit: UnitId) -> str:
    """Return the filter that a unit subscribes to."""
    return f"{ROOT}/{VERSION}/{unit_id(unit)}/down/#"


def read_up(topic: str) -> UpTopic:
    """Say which unit spoke and in which family.

    Raises:
        TopicRefused: no up topic of this version.
    """
    unit, direction, family = _levels(topic)
    if direction != "up" or family not in set(Up):
        raise TopicRefused("not an up topic of this house")
    return UpTopic(unit, Up(family))


def read_down(topic: str) -> DownTopic:
    """Say which unit is spoken to and in which family.

    Raises:
        TopicRefused: no down topic of this version.
    """
    unit, direction, family = _levels(topic)
    if direction != "down" or family not in set(Down):
        raise TopicRefused("not a down topic of this house")
    return DownTopic(unit, Down(family))


def _levels(topic: str) -> tuple[UnitId, str, str]:
    levels = topic.split("/", 5) if len(topic) <= 128 else []
    if len(levels) != 5 or levels[:2] != [ROOT, VERSION]:
        raise TopicRefused("not a topic of this house")
    return unit_id(levels[2]), levels[3], levels[4]

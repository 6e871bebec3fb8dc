"""The queue's rules as the hall has set them: data that the administrator edits, read at every use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from broker.errors import Refused, require
from central.ledger.work import UnitOfWork

SETTING: Final = "queue"


class QueueSettingsRefused(Refused):
    """A setting of the queue is out of range. The settings in force stay."""

    code = "queue-settings-refused"
    notice = "排队规则没有更改：有数值超出允许范围，请检查后重新填写。"


class GroupOrder(StrEnum):
    TURNS = "turns"  # the groups take turns: a rush on one does not hold up another
    ARRIVAL = "arrival"  # first come, first served over all groups


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """The hall's rules; the defaults are DOMAIN.md 6."""

    priority_ratio: int = 2  # so many ordinary numbers between two priority ones, when both wait; 1 to 20
    group_order: GroupOrder = GroupOrder.TURNS
    recalls_max: int = 2  # after the first call; then the number is to be passed; 0 to 9
    recall_gap_seconds: int = 0  # between two calls of one number; 0 to 600
    reentry_places: int = 3  # a passed number that shows up again waits behind so many; 1 to 50
    reentries_max: int = 1  # so often; after that a new number; 0 to 9
    call_seconds: int = 300  # a call not shown by then is not shown any more; 10 to 3600

    def __post_init__(self) -> None:
        for name, least, most in (
            ("priority_ratio", 1, 20),
            ("recalls_max", 0, 9),
            ("recall_gap_seconds", 0, 600),
            ("reentry_places", 1, 50),
            ("reentries_max", 0, 9),
            ("call_seconds", 10, 3600),
        ):
            require(least <= getattr(self, name) <= most, f"{name} is {least} to {most}", QueueSettingsRefused)


def settings_in_force(work: UnitOfWork) -> QueueSettings:
    """Return the hall's rules: the setting `queue`, fields that it does not name as in `QueueSettings`."""
    text = work.settings.find(SETTING)
    return QueueSettings() if text is None else msgspec.json.decode(text, type=QueueSettings)

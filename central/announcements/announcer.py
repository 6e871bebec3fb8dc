"""Every call is sent until the units that should show it have said so, or it expires. Read from the book's tail.

    book's tail -> TicketCalled -> the window's unit and the board -> CallShown -> done
                              again after 2, 4, 8 … seconds, and whenever the unit connects

At least once from here; shown once, since a unit shows no call that is not newer than what it has shown (`counter`).
So calls never overtake each other on their way to one unit: what is sent again goes with all that are younger.
Nothing is kept here that the book lacks: after a crash the open calls are read again. Pure: times are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from broker.messages import Call
from central.ledger.work import CallRecord

FIRST_REPEAT_MS: Final = 2_000
REPEAT_MS_MAX: Final = 15_000
OPEN_MAX: Final = 50  # calls waiting for one unit; a unit away for long is not shouted at for the whole morning


@dataclass(frozen=True, slots=True)
class ToSend:
    unit: str
    call: CallRecord


@dataclass(slots=True)
class _Line:
    """The calls that one unit has not shown yet, oldest first."""

    calls: list[CallRecord] = field(default_factory=list)
    due_ms: int = 0
    wait_ms: int = FIRST_REPEAT_MS


class Announcer:
    """Knows what each unit still has to show."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    def call(self, call: CallRecord, units: Iterable[str], *, now_ms: int) -> None:
        """Take on a new call for these units; it is due at once."""
        if call.expires_at_ms <= now_ms:
            return
        for unit in units:
            line = self._lines.setdefault(unit, _Line())
            if all(known.call_id != call.call_id for known in line.calls):
                line.calls.append(call)
                line.calls.sort(key=lambda each: each.counter)
                del line.calls[:-OPEN_MAX]
                line.due_ms, line.wait_ms = now_ms, FIRST_REPEAT_MS

    def shown(self, call_id: str, unit: str) -> None:
        """A unit has shown a call; with it go those that are older, which it would not show any more."""
        line = self._lines.get(unit)
        shown = next((call for call in line.calls if call.call_id == call_id), None) if line else None
        if line is None or shown is None:
            return
        line.calls = [call for call in line.calls if call.counter > shown.counter]

    def connected(self, unit: str, *, now_ms: int) -> None:
        """A unit is (back) here: what it has not shown is due at once."""
        line = self._lines.get(unit)
        if line is not None:
            line.due_ms, line.wait_ms = now_ms, FIRST_REPEAT_MS

    def due(self, now_ms: int) -> Sequence[ToSend]:
        """Return what is to be sent now, in order for each unit, and wait longer for the next time."""
        sending: list[ToSend] = []
        for unit, line in self._lines.items():
            line.calls = [call for call in line.calls if call.expires_at_ms > now_ms]
            if line.calls and line.due_ms <= now_ms:
                sending += [ToSend(unit, call) for call in line.calls]
                line.due_ms = now_ms + line.wait_ms
                line.wait_ms = min(2 * line.wait_ms, REPEAT_MS_MAX)
        return sending


def call_message(call: CallRecord) -> Call:
    """Return a call as it travels."""
    return Call(
        call_id=call.call_id,
        counter=call.counter,
        ticket=call.ticket,
        window=call.window,
        purpose=call.purpose,
        text=call.text,
        called_at_ms=call.called_at_ms,
        expires_at_ms=call.expires_at_ms,
        count=call.count,
        case_number=call.case_number,
        service_item=call.service_item,
        ticket_day=call.day,
    )

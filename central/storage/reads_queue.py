"""What a use case may read of tickets and calls. See `central.ledger.work`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, func, select

from broker.messages import CallPurpose, Priority
from central.ledger.states import TicketState
from central.ledger.work import CallRecord, TicketRecord
from central.storage import tables
from central.storage.statements import Runner, Statement

_t, _k, _x = tables.tickets, tables.calls, tables.calls_shown

# Columns stand in the order of the record's fields.
_ticket = select(
    _t.c.ticket,
    _t.c.day,
    _t.c.letter,
    _t.c.priority,
    _t.c.state,
    _t.c.place,
    _t.c.issued_at_ms,
    _t.c.window_number,
    _t.c.calls,
    _t.c.reentries,
    _t.c.first_called_at_ms,
    _t.c.called_at_ms,
    _t.c.opened_at_ms,
    _t.c.ended_at_ms,
    _t.c.queued,
    _t.c.issued_seq,
).where(_t.c.hall == bindparam("hall"))
_on_day = _ticket.where(_t.c.day == bindparam("day"))
_FIND: Final = Statement(_on_day.where(_t.c.ticket == bindparam("ticket")))
_waiting = _on_day.where(_t.c.state == TicketState.WAITING.value).order_by(_t.c.place).limit(bindparam("limit"))
_of_group = _t.c.letter == bindparam("letter")
_of_priority = _t.c.priority == bindparam("priority")
_WAITING: Final = Statement(_waiting)
_WAITING_GROUP: Final = Statement(_waiting.where(_of_group))
_WAITING_PRIORITY: Final = Statement(_waiting.where(_of_priority))
_WAITING_BOTH: Final = Statement(_waiting.where(_of_group, _of_priority))
_COUNTS: Final = Statement(
    select(_t.c.letter, _t.c.priority, func.count())
    .where(_t.c.hall == bindparam("hall"), _t.c.day == bindparam("day"), _t.c.state == TicketState.WAITING.value)
    .group_by(_t.c.letter, _t.c.priority)
)
_AT_WINDOW: Final = Statement(
    _on_day.where(
        _t.c.state.in_([TicketState.CALLED.value, TicketState.SERVING.value]),
        _t.c.window_number == bindparam("window"),
    )
    .order_by(_t.c.called_at_ms.desc(), _t.c.ticket)
    .limit(1)
)
_UNFINISHED: Final = Statement(
    _ticket.where(
        _t.c.state.in_(
            [
                state.value
                for state in (TicketState.WAITING, TicketState.CALLED, TicketState.SERVING, TicketState.PASSED)
            ]
        ),
        _t.c.day <= bindparam("until_day"),
    )
    .order_by(_t.c.day, _t.c.ticket)
    .limit(bindparam("limit"))
)

_call = select(
    _k.c.counter,
    _k.c.call_id,
    _k.c.ticket,
    _k.c.day,
    func.substr(_k.c.ticket, 1, 1),
    _k.c.window_number,
    _k.c.purpose,
    _k.c.text,
    _k.c.called_at_ms,
    _k.c.expires_at_ms,
    _k.c.count,
    _k.c.case_number,
    _k.c.service_item,
    _k.c.priority_turn,
).where(_k.c.hall == bindparam("hall"))
_CALL: Final = Statement(_call.where(_k.c.call_id == bindparam("call_id")))
_newest = _call.where(_k.c.day == bindparam("day")).order_by(_k.c.counter.desc()).limit(bindparam("limit"))
_NEWEST: Final = Statement(_newest)
_NEWEST_PURPOSE: Final = Statement(_newest.where(_k.c.purpose == bindparam("purpose")))
_NEWEST_OF: Final = Statement(_newest.where(_k.c.ticket == bindparam("ticket"), _k.c.purpose == bindparam("purpose")))
_OPEN: Final = Statement(
    _call.where(_k.c.expires_at_ms > bindparam("now_ms"), _k.c.counter > bindparam("after")).order_by(_k.c.counter)
)
_SHOWN_BY: Final = Statement(
    select(_x.c.unit).where(_x.c.hall == bindparam("hall"), _x.c.call_id == bindparam("call_id")).order_by(_x.c.unit)
)


def _ticket_record(row: tuple[Any, ...]) -> TicketRecord:
    values = list(row)
    values[3], values[4], values[14] = Priority(values[3]), TicketState(values[4]), bool(values[14])
    return TicketRecord(*values)


def _call_record(row: tuple[Any, ...]) -> CallRecord:
    values = list(row)
    values[6], values[13] = CallPurpose(values[6]), bool(values[13])
    return CallRecord(*values)


class TicketsRead:
    def __init__(self, run: Runner, hall: str) -> None:
        self._run, self._hall = run, hall

    def find(self, day: str, ticket: str) -> TicketRecord | None:
        row = self._run.one(_FIND, hall=self._hall, day=day, ticket=ticket)
        return None if row is None else _ticket_record(row)

    def first_waiting(
        self, day: str, *, group: str | None = None, priority: Priority | None = None
    ) -> TicketRecord | None:
        found = self.waiting(day, group=group, priority=priority, limit=1)
        return found[0] if found else None

    def waiting(
        self, day: str, *, group: str | None = None, priority: Priority | None = None, limit: int = 100
    ) -> Sequence[TicketRecord]:
        values: dict[str, object] = {"hall": self._hall, "day": day, "limit": limit}
        if group is not None:
            values["letter"] = group
        if priority is not None:
            values["priority"] = priority.value
        statement = {
            (False, False): _WAITING,
            (True, False): _WAITING_GROUP,
            (False, True): _WAITING_PRIORITY,
            (True, True): _WAITING_BOTH,
        }[group is not None, priority is not None]
        return [_ticket_record(row) for row in self._run.all(statement, **values)]

    def unfinished(self, *, until_day: str, limit: int = 500) -> Sequence[TicketRecord]:
        rows = self._run.all(_UNFINISHED, hall=self._hall, until_day=until_day, limit=limit)
        return [_ticket_record(row) for row in rows]

    def waiting_counts(self, day: str) -> Mapping[tuple[str, Priority], int]:
        rows = self._run.all(_COUNTS, hall=self._hall, day=day)
        return {(letter, Priority(priority)): count for letter, priority, count in rows}

    def at_window(self, day: str, window: int) -> TicketRecord | None:
        row = self._run.one(_AT_WINDOW, hall=self._hall, day=day, window=window)
        return None if row is None else _ticket_record(row)


class CallsRead:
    def __init__(self, run: Runner, hall: str) -> None:
        self._run, self._hall = run, hall

    def find(self, call_id: str) -> CallRecord | None:
        row = self._run.one(_CALL, hall=self._hall, call_id=call_id)
        return None if row is None else _call_record(row)

    def newest(self, day: str, *, purpose: CallPurpose | None = None, limit: int = 10) -> Sequence[CallRecord]:
        if purpose is None:
            rows = self._run.all(_NEWEST, hall=self._hall, day=day, limit=limit)
        else:
            rows = self._run.all(_NEWEST_PURPOSE, hall=self._hall, day=day, limit=limit, purpose=purpose.value)
        return [_call_record(row) for row in rows]

    def newest_of(self, day: str, ticket: str, purpose: CallPurpose) -> CallRecord | None:
        row = self._run.one(_NEWEST_OF, hall=self._hall, day=day, limit=1, ticket=ticket, purpose=purpose.value)
        return None if row is None else _call_record(row)

    def open(self, *, now_ms: int, after: int = 0) -> Sequence[CallRecord]:
        """Return the calls that have not expired and are newer than `after`, oldest first."""
        rows = self._run.all(_OPEN, hall=self._hall, now_ms=now_ms, after=after)
        return [_call_record(row) for row in rows]

    def shown_by(self, call_id: str) -> Sequence[str]:
        return [row[0] for row in self._run.all(_SHOWN_BY, hall=self._hall, call_id=call_id)]

"""What a use case may read of cases, their pages and the desks' tasks. See `central.ledger.work`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, select

from central.ledger.states import CASE_UNDER_WAY, CaseState
from central.ledger.work import CaseRecord, PageRecord
from central.storage import tables
from central.storage.statements import Runner, Statement

_c, _p, _n = tables.cases, tables.pages, tables.case_numbers

# Columns stand in the order of the record's fields.
_case = select(
    _c.c.case_id,
    _c.c.case_number,
    _c.c.service_item,
    _c.c.kind,
    _c.c.state,
    _c.c.desk,
    _c.c.officer,
    _c.c.resident_id,
    _c.c.ticket,
    _c.c.ticket_day,
    _c.c.unit,
    _c.c.window_number,
    _c.c.ready_window,
    _c.c.due_on,
    _c.c.due_provisional,
    _c.c.opened_at_ms,
    _c.c.decided_at_ms,
    _c.c.closed_at_ms,
    _c.c.reason,
    _c.c.opened_seq,
    _c.c.changed_seq,
).where(_c.c.hall == bindparam("hall"))
_limit: Any = bindparam("limit")
_FIND: Final = Statement(_case.where(_c.c.case_id == bindparam("case_id")))
_FIND_NUMBER: Final = Statement(_case.where(_c.c.case_number == bindparam("case_number")))
_OF_RESIDENT: Final = Statement(
    _case.where(_c.c.resident_id == bindparam("resident_id")).order_by(_c.c.opened_seq.desc()).limit(_limit)
)
_OF_TICKET: Final = Statement(
    _case.where(_c.c.ticket_day == bindparam("day"), _c.c.ticket == bindparam("ticket")).order_by(_c.c.opened_seq)
)
_OF_OFFICER: Final = Statement(
    _case.where(
        _c.c.officer == bindparam("officer"),
        _c.c.state.in_([CaseState.ASSIGNED.value, CaseState.CORRECTION.value]),
    )
    .order_by(_c.c.due_on, _c.c.opened_seq)
    .limit(_limit)
)
_OF_DESK: Final = Statement(
    _case.where(_c.c.desk == bindparam("desk"), _c.c.state == CaseState.OPEN.value)
    .order_by(_c.c.due_on, _c.c.opened_seq)
    .limit(_limit)
)
_ready = _case.where(_c.c.state == CaseState.READY.value).order_by(_c.c.changed_seq).limit(_limit)
_READY: Final = Statement(_ready)
_READY_AT: Final = Statement(_ready.where(_c.c.ready_window == bindparam("window")))
_PROMISES: Final = Statement(
    _case.where(
        _c.c.kind == "promised",
        _c.c.state.in_([state.value for state in CaseState if state in CASE_UNDER_WAY]),
        _c.c.case_id > bindparam("after_case"),
    )
    .order_by(_c.c.case_id)
    .limit(_limit)
)
_PAGES: Final = Statement(
    select(
        _p.c.case_id,
        _p.c.page_index,
        _p.c.material,
        _p.c.plain_digest,
        _p.c.stored_digest,
        _p.c.stored_bytes,
        _p.c.width,
        _p.c.height,
    )
    .where(_p.c.hall == bindparam("hall"), _p.c.case_id == bindparam("case_id"))
    .order_by(_p.c.page_index)
)
_LAST_NUMBER: Final = Statement(select(_n.c.last).where(_n.c.hall == bindparam("hall"), _n.c.day == bindparam("day")))


def _record(row: tuple[Any, ...]) -> CaseRecord:
    values = list(row)
    values[4], values[14] = CaseState(values[4]), bool(values[14])
    return CaseRecord(*values)


class CasesRead:
    def __init__(self, run: Runner, hall: str) -> None:
        self._run, self._hall = run, hall

    def find(self, case_id: str) -> CaseRecord | None:
        row = self._run.one(_FIND, hall=self._hall, case_id=case_id)
        return None if row is None else _record(row)

    def find_number(self, case_number: str) -> CaseRecord | None:
        row = self._run.one(_FIND_NUMBER, hall=self._hall, case_number=case_number)
        return None if row is None else _record(row)

    def of_resident(self, resident_id: str, *, limit: int = 50) -> Sequence[CaseRecord]:
        rows = self._run.all(_OF_RESIDENT, hall=self._hall, resident_id=resident_id, limit=limit)
        return [_record(row) for row in rows]

    def of_ticket(self, day: str, ticket: str) -> Sequence[CaseRecord]:
        return [_record(row) for row in self._run.all(_OF_TICKET, hall=self._hall, day=day, ticket=ticket)]

    def pages(self, case_id: str) -> Sequence[PageRecord]:
        return [PageRecord(*row) for row in self._run.all(_PAGES, hall=self._hall, case_id=case_id)]

    def next_number(self, day: str) -> str:
        compact = day.replace("-", "")
        row = self._run.one(_LAST_NUMBER, hall=self._hall, day=compact)
        return f"{compact}-{(row[0] if row else 0) + 1:05d}"

    def open_promises(self, *, after_case: str = "", limit: int = 500) -> Sequence[CaseRecord]:
        rows = self._run.all(_PROMISES, hall=self._hall, after_case=after_case, limit=limit)
        return [_record(row) for row in rows]


class TasksRead:
    def __init__(self, run: Runner, hall: str) -> None:
        self._run, self._hall = run, hall

    def of_officer(self, officer: str, *, limit: int = 100) -> Sequence[CaseRecord]:
        rows = self._run.all(_OF_OFFICER, hall=self._hall, officer=officer, limit=limit)
        return [_record(row) for row in rows]

    def of_desk(self, desk: str, *, limit: int = 100) -> Sequence[CaseRecord]:
        return [_record(row) for row in self._run.all(_OF_DESK, hall=self._hall, desk=desk, limit=limit)]

    def ready(self, *, window: int | None = None, limit: int = 100) -> Sequence[CaseRecord]:
        if window is None:
            rows = self._run.all(_READY, hall=self._hall, limit=limit)
        else:
            rows = self._run.all(_READY_AT, hall=self._hall, limit=limit, window=window)
        return [_record(row) for row in rows]

"""What the pages ask of the tables: read-only, indexed, bounded. Nothing here writes or holds a lock.

Comes from the projections of `tables.py`, goes to `central.web`. The states in a partial index's condition are
written out as text on purpose: SQLite uses such an index only when it can see them in the statement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, func, select, text

from central.metrics.figures import HallFigures
from central.metrics.reading import hall_figures
from central.storage.reading_rows import (
    CallRow,
    CaseCounts,
    EntryRow,
    GroupRow,
    ItemRow,
    PageRow,
    StaffRow,
    TaskRow,
    UnitRow,
    WindowRow,
)
from central.storage.tables import (
    calls,
    case_numbers,
    cases,
    entries,
    halls,
    heads,
    items,
    pages,
    sessions,
    staff,
    tickets,
    unit_states,
    units,
)

COUNTED_MAX: Final = 1000  # so far a list is counted for its heading; a longer one is "1000 and more"
_ON_OFFICER: Final = text("cases.state IN ('assigned', 'correction')")
_ON_DESK: Final = text("cases.state = 'open'")
_READY: Final = text("cases.state = 'ready'")
_WAITING: Final = text("tickets.state = 'waiting'")
_AT_WINDOW: Final = text("tickets.state IN ('called', 'serving')")


class Watch:
    """Notices cheaply that something was committed by somebody else. One thread uses it; `close` may be repeated."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def version(self) -> int:
        """Return a number that differs after another connection's commit.

        SQLite counts commits for us (some 10 µs); elsewhere the newest entry of all halls stands for it.
        """
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if self._engine.dialect.name == "sqlite":
            query: Any = text("PRAGMA data_version")
        else:
            query = select(func.coalesce(func.sum(heads.c.seq), 0))
        return int(self._connection.execute(query).scalar_one())

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Reading:
    """The questions that pages ask, of one hall."""

    def __init__(self, engine: Engine, hall: str) -> None:
        self._engine = engine
        self.hall = hall

    def watch(self) -> Watch:
        return Watch(self._engine)

    def forget_connections(self) -> None:
        """Let go of all connections without closing them: after a fork they are the other process's."""
        self._engine.dispose(close=False)

    def head(self) -> tuple[int, str]:
        """Return the newest entry's number and hash; (0, "") for an empty book."""
        with self._engine.connect() as connection:
            row = connection.execute(select(heads.c.seq, heads.c.hash).where(heads.c.hall == self.hall)).one_or_none()
        return (0, "") if row is None else (row.seq, row.hash)

    # The hall.

    def newest_calls(self, *, limit: int = 40) -> Sequence[CallRow]:
        """Return the hall's newest calls, newest first."""
        found = select(calls).where(calls.c.hall == self.hall).order_by(calls.c.counter.desc()).limit(limit)
        with self._engine.connect() as connection:
            rows = connection.execute(found).all()
        return [
            CallRow(
                row.counter,
                row.ticket,
                row.window_number,
                row.purpose,
                row.called_at_ms,
                row.expires_at_ms,
                row._mapping["count"],  # a row is a tuple, which has a count of its own
            )
            for row in rows
        ]

    def groups(self, day: str) -> Sequence[GroupRow]:
        """Return the hall's groups in the order of their letters, with how many wait today."""
        counted = (
            select(tickets.c.letter, tickets.c.priority, func.count().label("waiting"))
            .where(tickets.c.hall == self.hall, tickets.c.day == day, _WAITING)
            .group_by(tickets.c.letter, tickets.c.priority)
        )
        with self._engine.connect() as connection:
            named = connection.execute(select(halls.c.groups).where(halls.c.hall == self.hall)).scalar()
            rows = connection.execute(counted).all()
        names: dict[str, str] = json.loads(named) if named else {}
        waiting: dict[str, int] = {}
        priority: dict[str, int] = {}
        for row in rows:
            waiting[row.letter] = waiting.get(row.letter, 0) + row.waiting
            if row.priority != "none":
                priority[row.letter] = priority.get(row.letter, 0) + row.waiting
        return [
            GroupRow(letter, names.get(letter, ""), waiting.get(letter, 0), priority.get(letter, 0))
            for letter in sorted({*names, *waiting})
        ]

    def windows(self, day: str) -> Sequence[WindowRow]:
        """Return every window with the number that it has called or serves."""
        at_window = (
            select(tickets.c.window_number, tickets.c.ticket, tickets.c.state, tickets.c.called_at_ms)
            .where(tickets.c.hall == self.hall, tickets.c.day == day, _AT_WINDOW)
            .order_by(tickets.c.called_at_ms)
        )
        with self._engine.connect() as connection:
            painted = connection.execute(select(halls.c.windows).where(halls.c.hall == self.hall)).scalar()
            rows = connection.execute(at_window).all()
        current = {row.window_number: row for row in rows if row.window_number is not None}
        numbers = sorted({*(json.loads(painted) if painted else ()), *current})
        return [
            WindowRow(number, row.ticket, row.state, row.called_at_ms or 0)
            if (row := current.get(number)) is not None
            else WindowRow(number, "", "", 0)
            for number in numbers
        ]

    # Cases.

    def tasks_of_officer(self, officer: str, *, limit: int, offset: int = 0) -> Sequence[TaskRow]:
        """Return an officer's open cases, same-day first, then the earliest promise."""
        return self._tasks(cases.c.officer == officer, _ON_OFFICER, limit=limit, offset=offset)

    def tasks_of_desks(self, desks: Sequence[str], *, limit: int, offset: int = 0) -> Sequence[TaskRow]:
        """Return the cases of these desks that no officer has, same-day first, then the earliest promise.

        Each desk's list is read in its index's order and the lists are merged: sorting them all would cost a long book.
        """
        if len(desks) == 1:
            return self._tasks(cases.c.desk == desks[0], _ON_DESK, limit=limit, offset=offset)
        heads_of_lists: list[tuple[str, int, str]] = []
        with self._engine.connect() as connection:
            for desk in desks:
                query = (
                    select(cases.c.due_on, cases.c.opened_seq, cases.c.case_id)
                    .where(self._here(), cases.c.desk == desk, _ON_DESK)
                    .order_by(cases.c.due_on, cases.c.opened_seq)
                    .limit(offset + limit)
                )
                heads_of_lists += [(row.due_on, row.opened_seq, row.case_id) for row in connection.execute(query)]
        wanted = [case_id for _, _, case_id in sorted(heads_of_lists)[offset : offset + limit]]
        found = {task.case_id: task for task in self._cases(self._case_query().where(cases.c.case_id.in_(wanted)))}
        return [found[case_id] for case_id in wanted if case_id in found]

    def count_tasks(self, officer: str, desks: Sequence[str]) -> tuple[int, int]:
        """Return how many cases the officer has, and how many wait on these desks' lists: COUNTED_MAX at most."""
        mine = select(staff.c.open_tasks).where(staff.c.hall == self.hall, staff.c.staff_id == officer)
        with self._engine.connect() as connection:
            held = connection.execute(mine).scalar() or 0
            listed = 0
            for desk in desks:
                listed += self._count(connection, cases.c.desk == desk, _ON_DESK)
        return held, min(listed, COUNTED_MAX)

    def ready(self, *, limit: int, offset: int = 0) -> Sequence[TaskRow]:
        """Return results that wait to be handed over, the longest waiting first."""
        query = self._case_query().where(_READY).order_by(cases.c.changed_seq).limit(limit).offset(offset)
        return self._cases(query)

    def count_ready(self) -> int:
        """Return how many results wait, COUNTED_MAX at most."""
        with self._engine.connect() as connection:
            return self._count(connection, _READY)

    def case(self, case_number: str) -> TaskRow | None:
        found = self._cases(self._case_query().where(cases.c.case_number == case_number))
        return found[0] if found else None

    def cases_of_ticket(self, ticket: str, *, day: str | None = None, limit: int = 20) -> Sequence[TaskRow]:
        """Return a ticket's cases of one day, or of the newest days that had such a number."""
        query = self._case_query().where(cases.c.ticket == ticket)
        if day is not None:
            query = query.where(cases.c.ticket_day == day)
        else:  # a number comes back every day: the index leads with the day, so ask the newest 60 days of it
            days = (
                select(case_numbers.c.day)
                .where(case_numbers.c.hall == self.hall)
                .order_by(case_numbers.c.day.desc())
                .limit(60)
            )
            with self._engine.connect() as connection:
                recent = [_dashed(row.day) for row in connection.execute(days)]
            query = query.where(cases.c.ticket_day.in_(recent))
        return self._cases(query.order_by(cases.c.opened_seq.desc()).limit(limit))

    def cases_of_residents(self, residents: Sequence[str], *, limit: int = 20) -> Sequence[TaskRow]:
        """Return these residents' cases, newest first."""
        query = self._case_query().where(cases.c.resident_id.in_(list(residents)))
        return self._cases(query.order_by(cases.c.opened_seq.desc()).limit(limit))

    def pages(self, case_id: str) -> Sequence[PageRow]:
        query = (
            select(pages.c.page_index, pages.c.material, pages.c.width, pages.c.height)
            .where(pages.c.hall == self.hall, pages.c.case_id == case_id)
            .order_by(pages.c.page_index)
        )
        with self._engine.connect() as connection:
            return [PageRow(*row) for row in connection.execute(query)]

    def counts(self, today: str) -> CaseCounts:
        """Return how the cases stand. The total comes from the day's last numbers, which have no gaps."""
        total = select(func.coalesce(func.sum(case_numbers.c.last), 0)).where(case_numbers.c.hall == self.hall)
        promised = and_(self._here(), cases.c.due_on != "")
        by_state: dict[str, int] = {}
        overdue = due_today = 0
        with self._engine.connect() as connection:
            everything = int(connection.execute(total).scalar_one())
            for state, counted in _COUNTED.items():
                by_state[state] = connection.execute(
                    select(func.count()).select_from(cases).where(self._here(), text(counted))
                ).scalar_one()
            for condition in (_ON_OFFICER, _ON_DESK):
                late = select(
                    func.coalesce(func.sum(_one_if(cases.c.due_on < today)), 0).label("overdue"),
                    func.coalesce(func.sum(_one_if(cases.c.due_on == today)), 0).label("due_today"),
                ).where(promised, condition, cases.c.due_on <= today)
                row = connection.execute(late).one()
                overdue, due_today = overdue + int(row.overdue), due_today + int(row.due_today)
        by_state["closed"] = max(0, everything - sum(by_state.values()))
        return CaseCounts(everything, by_state, overdue, due_today, by_state["open"])

    def day_figures(self, day: str) -> HallFigures:
        """Return the day's figures; takes time with a long day (a million cases: seconds), so pages keep them."""
        with self._engine.connect() as connection:
            return hall_figures(connection, self.hall, day)

    # The book.

    def history(self, subjects: Sequence[str], *, limit: int = 200) -> Sequence[EntryRow]:
        """Return the entries about these subjects, oldest first."""
        query = (
            self._entry_query().where(entries.c.subject.in_(list(subjects))).order_by(entries.c.seq.desc()).limit(limit)
        )
        return list(reversed(self._entries(query)))

    def newest_entries(self, *, before: int | None = None, limit: int = 50) -> Sequence[EntryRow]:
        """Return the newest entries below the number `before`, newest first."""
        query = self._entry_query()
        if before is not None:
            query = query.where(entries.c.seq < before)
        return self._entries(query.order_by(entries.c.seq.desc()).limit(limit))

    def chain(self, after: int, *, limit: int) -> Sequence[Any]:
        """Return whole entries after a number, in order: for checking the chain."""
        query = select(entries).where(entries.c.hall == self.hall, entries.c.seq > after)
        with self._engine.connect() as connection:
            return connection.execute(query.order_by(entries.c.seq).limit(limit)).all()

    # The house.

    def units(self) -> Sequence[UnitRow]:
        query = (
            select(units, unit_states.c.alive, unit_states.c.heard_at_ms, unit_states.c.body)
            .outerjoin(unit_states, and_(unit_states.c.hall == units.c.hall, unit_states.c.unit == units.c.unit))
            .where(units.c.hall == self.hall)
            .order_by(units.c.window_number.is_(None), units.c.window_number, units.c.unit)
        )
        with self._engine.connect() as connection:
            return [_unit(row) for row in connection.execute(query)]

    def staff(self, *, now_ms: int) -> Sequence[StaffRow]:
        live = (
            select(sessions.c.staff_id, func.count().label("live"))
            .where(sessions.c.hall == self.hall, sessions.c.expires_at_ms > now_ms)
            .group_by(sessions.c.staff_id)
        )
        with self._engine.connect() as connection:
            signed_in = {row.staff_id: row.live for row in connection.execute(live)}
            rows = connection.execute(select(staff).where(staff.c.hall == self.hall).order_by(staff.c.staff_id)).all()
        return [
            StaffRow(
                row.staff_id,
                row.name,
                tuple(json.loads(row.roles)),
                tuple(json.loads(row.desks)),
                row.active,
                row.present,
                row.open_tasks,
                signed_in.get(row.staff_id, 0),
            )
            for row in rows
        ]

    def items(self) -> Sequence[ItemRow]:
        query = select(items).where(items.c.hall == self.hall).order_by(items.c.position)
        with self._engine.connect() as connection:
            return [_item(row) for row in connection.execute(query)]

    def item(self, code: str) -> ItemRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(items).where(items.c.hall == self.hall, items.c.code == code)).one_or_none()
        return None if row is None else _item(row)

    # How it is asked.

    def _here(self) -> ColumnElement[bool]:
        return cases.c.hall == self.hall

    def _count(self, connection: Connection, *where: Any) -> int:
        some = select(cases.c.case_id).where(self._here(), *where).limit(COUNTED_MAX).subquery()
        return int(connection.execute(select(func.count()).select_from(some)).scalar_one())

    def _case_query(self) -> Select[Any]:
        page_count = (
            select(func.count())
            .select_from(pages)
            .where(pages.c.hall == cases.c.hall, pages.c.case_id == cases.c.case_id)
            .scalar_subquery()
        )
        return (
            select(cases, func.coalesce(items.c.name, "").label("item_name"), page_count.label("page_count"))
            .outerjoin(items, and_(items.c.hall == cases.c.hall, items.c.code == cases.c.service_item))
            .where(self._here())
        )

    def _tasks(self, *where: Any, limit: int, offset: int) -> Sequence[TaskRow]:
        query = self._case_query().where(*where).order_by(cases.c.due_on, cases.c.opened_seq)
        return self._cases(query.limit(limit).offset(offset))

    def _cases(self, query: Select[Any]) -> Sequence[TaskRow]:
        with self._engine.connect() as connection:
            return [_task(row) for row in connection.execute(query)]

    def _entry_query(self) -> Select[Any]:
        columns = entries.c
        return select(
            columns.seq, columns.at_ms, columns.kind, columns.subject, columns.actor, columns.hash, columns.body
        ).where(columns.hall == self.hall)

    def _entries(self, query: Select[Any]) -> Sequence[EntryRow]:
        with self._engine.connect() as connection:
            return [EntryRow(*row) for row in connection.execute(query)]


_COUNTED: Final = {
    "open": "cases.state = 'open'",
    "assigned": "cases.state IN ('assigned', 'correction') AND cases.state = 'assigned'",
    "correction": "cases.state IN ('assigned', 'correction') AND cases.state = 'correction'",
    "approved": "cases.state IN ('approved', 'refused') AND cases.state = 'approved'",
    "refused": "cases.state IN ('approved', 'refused') AND cases.state = 'refused'",
    "ready": "cases.state = 'ready'",
}


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _dashed(day: str) -> str:
    return day if "-" in day else f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _task(row: Any) -> TaskRow:
    return TaskRow(
        case_number=row.case_number,
        case_id=row.case_id,
        service_item=row.service_item,
        item_name=row.item_name,
        kind=row.kind,
        state=row.state,
        desk=row.desk,
        officer=row.officer,
        resident_id=row.resident_id,
        ticket=row.ticket,
        ticket_day=row.ticket_day,
        window=row.window_number,
        ready_window=row.ready_window,
        due_on=row.due_on,
        due_provisional=row.due_provisional,
        opened_at_ms=row.opened_at_ms,
        decided_at_ms=row.decided_at_ms,
        closed_at_ms=row.closed_at_ms,
        reason=row.reason,
        pages=row.page_count,
    )


def _unit(row: Any) -> UnitRow:
    state: Mapping[str, Any] = json.loads(row.body) if row.body else {}
    return UnitRow(
        unit=row.unit,
        role=row.role,
        window=row.window_number,
        revoked=row.revoked,
        forked=row.forked,
        alive=bool(row.alive),
        heard_at_ms=row.heard_at_ms or 0,
        waiting_packets=int(state.get("waiting_packets", 0)),
        waiting_events=int(state.get("waiting_events", 0)),
        oldest_waiting_ms=int(state.get("oldest_waiting_ms", 0)),
        version=str(state.get("version", "")),
        simulated=bool(state.get("simulated", False)),
        health={str(device): str(word) for device, word in dict(state.get("health", {})).items()},
    )


def _item(row: Any) -> ItemRow:
    return ItemRow(
        row.code,
        row.name,
        row.department,
        row.kind,
        row.promise_working_days,
        tuple(json.loads(row.materials)),
        row.basis,
    )

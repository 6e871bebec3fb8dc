"""The pages' questions about cases: lists by promise, one case, how they stand. Read-only and bounded.

Comes from the projections of `tables.py`, goes to `central.web` as a part of `reading.Reading`. The states in a partial
index's condition are written out as text on purpose: SQLite uses such an index only when it sees them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, func, select, text

from central.metrics.figures import HallFigures
from central.metrics.reading import hall_figures
from central.storage.reading_rows import CaseCounts, PageRow, TaskRow
from central.storage.tables import case_numbers, cases, items, pages, second_looks, staff

COUNTED_MAX: Final = 1000  # so far a list is counted for its heading; a longer one is "1000 and more"
_ON_OFFICER: Final = text("cases.state IN ('assigned', 'correction')")
_ON_DESK: Final = text("cases.state = 'open'")
_READY: Final = text("cases.state = 'ready'")
_COUNTED: Final = {
    "open": "cases.state = 'open'",
    "assigned": "cases.state IN ('assigned', 'correction') AND cases.state = 'assigned'",
    "correction": "cases.state IN ('assigned', 'correction') AND cases.state = 'correction'",
    "approved": "cases.state IN ('approved', 'refused') AND cases.state = 'approved'",
    "refused": "cases.state IN ('approved', 'refused') AND cases.state = 'refused'",
    "ready": "cases.state = 'ready'",
}


class CasesReading:
    """Tasks, results and single cases of one hall."""

    _engine: Engine
    hall: str

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

    def doubts(self, case_id: str) -> Sequence[tuple[int, str]] | None:
        """Return what the second look points out, as page index and code; None while it has not looked."""
        query = select(second_looks.c.doubts).where(second_looks.c.hall == self.hall, second_looks.c.case_id == case_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return None if row is None else [(doubt["page"], doubt["code"]) for doubt in json.loads(row.doubts)]

    def case_without_look(self, *, among: int) -> str | None:
        """Return the newest case under way that has had no second look, among so many newest cases; or None."""
        newest = (
            select(cases.c.case_id, cases.c.opened_seq, cases.c.state)
            .where(self._here())
            .order_by(cases.c.opened_seq.desc())
            .limit(among)
            .subquery()
        )
        query = (
            select(newest.c.case_id)
            .outerjoin(
                second_looks,
                and_(second_looks.c.hall == self.hall, second_looks.c.case_id == newest.c.case_id),
            )
            .where(second_looks.c.case_id.is_(None), newest.c.state != "closed")
            .order_by(newest.c.opened_seq.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

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

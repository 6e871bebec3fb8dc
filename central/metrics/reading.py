"""Read one day's tickets and cases from the projections and count them. Read-only, by day and by index.

Comes from the tables of `central.storage`, goes through figures.py to the administrator's page and the command line.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, and_, func, select, text

from central.ledger.states import CaseState, TicketState
from central.metrics.figures import CaseTimes, HallFigures, TicketTimes, figures
from central.promises.due import OfficeHours
from central.storage.tables import cases, pages, tickets

# Written out, so that the partial indexes of promises are used.
_PROMISED: Final = text("cases.kind = 'promised'")
_UNDECIDED: Final = text("cases.kind = 'promised' AND cases.state IN ('open', 'assigned', 'correction', 'approved')")


def hall_figures(connection: Connection, hall: str, day: str, *, hours: OfficeHours | None = None) -> HallFigures:
    """Return the figures of one hall day, YYYY-MM-DD, as the book stands now."""
    hours = hours or OfficeHours()
    return figures(
        day,
        [_ticket(row) for row in connection.execute(_tickets(hall, day))],
        [_case(row) for row in connection.execute(_opened(hall, day))],
        [_case(row) for row in connection.execute(_due(hall, day))],
        overdue=connection.execute(_overdue(hall, day)).scalar_one(),
        hours=hours,
    )


def _tickets(hall: str, day: str) -> Any:
    columns = tickets.c
    return select(
        columns.letter,
        columns.state,
        columns.priority,
        columns.queued,
        columns.issued_at_ms,
        columns.first_called_at_ms,
        columns.opened_at_ms,
        columns.ended_at_ms,
        columns.reentries,
    ).where(columns.hall == hall, columns.day == day)


def _cases() -> Any:
    page_count = (
        select(func.count())
        .select_from(pages)
        .where(pages.c.hall == cases.c.hall, pages.c.case_id == cases.c.case_id)
        .scalar_subquery()
    )
    return select(
        cases.c.kind,
        cases.c.state,
        cases.c.reason,
        cases.c.opened_at_ms,
        cases.c.decided_at_ms,
        cases.c.closed_at_ms,
        cases.c.due_on,
        page_count.label("page_count"),
    )


def _opened(hall: str, day: str) -> Any:
    """The day stands at the front of a case's number, which has an index."""
    first = day.replace("-", "")
    return _cases().where(cases.c.hall == hall, cases.c.case_number.between(f"{first}-00000", f"{first}-99999999"))


def _due(hall: str, day: str) -> Any:
    return _cases().where(cases.c.hall == hall, _PROMISED, cases.c.due_on == day)


def _overdue(hall: str, day: str) -> Any:
    late = and_(cases.c.hall == hall, _UNDECIDED, cases.c.due_on != "", cases.c.due_on < day)
    return select(func.count()).select_from(cases).where(late)


def _ticket(row: Any) -> TicketTimes:
    return TicketTimes(
        group=row.letter,
        state=TicketState(row.state),
        priority=row.priority != "none",
        queued=bool(row.queued),
        issued_at_ms=row.issued_at_ms,
        first_called_at_ms=row.first_called_at_ms,
        opened_at_ms=row.opened_at_ms,
        ended_at_ms=row.ended_at_ms,
        reentries=row.reentries,
    )


def _case(row: Any) -> CaseTimes:
    state = CaseState(row.state)
    return CaseTimes(
        kind=row.kind,
        state=state,
        is_refused=row.decided_at_ms is not None and row.reason != "",
        opened_at_ms=row.opened_at_ms,
        decided_at_ms=row.decided_at_ms,
        closed_at_ms=row.closed_at_ms,
        due_on=row.due_on,
        page_count=row.page_count,
    )

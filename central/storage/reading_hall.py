"""The pages' questions about the hall itself: who is called and waits, how the units are, who works here.

Comes from the projections of `tables.py`, goes to `central.web` as a part of `reading.Reading`. The states in a partial
index's condition are written out as text on purpose: SQLite uses such an index only when it sees them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Engine, and_, func, select, text

from central.storage.reading_rows import CallRow, GroupRow, ItemRow, StaffRow, UnitRow, WindowRow
from central.storage.tables import calls, halls, items, sessions, staff, tickets, unit_states, units

_WAITING: Final = text("tickets.state = 'waiting'")
_AT_WINDOW: Final = text("tickets.state IN ('called', 'serving')")


class HallReading:
    """Calls, queue, windows, units, staff and items of one hall."""

    _engine: Engine
    hall: str

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

"""What the pages ask of the tables: read-only, indexed, bounded. Nothing here writes or holds a lock.

Comes from the projections of `tables.py`, goes to `central.web`. Here the book and its tail; the rest of `Reading`
stands in `reading_hall.py` and `reading_cases.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select, text

from central.storage.reading_cases import CasesReading
from central.storage.reading_hall import HallReading
from central.storage.reading_rows import EntryRow
from central.storage.tables import entries, heads


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


class Reading(HallReading, CasesReading):
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

    def _entry_query(self) -> Select[Any]:
        columns = entries.c
        return select(
            columns.seq, columns.at_ms, columns.kind, columns.subject, columns.actor, columns.hash, columns.body
        ).where(columns.hall == self.hall)

    def _entries(self, query: Select[Any]) -> Sequence[EntryRow]:
        with self._engine.connect() as connection:
            return [EntryRow(*row) for row in connection.execute(query)]

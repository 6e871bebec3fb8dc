"""Core statements, compiled once per dialect and run straight on the driver's cursor.

SQLAlchemy says what a statement is, on SQLite and PostgreSQL alike; running it through its whole execution path costs
two to three times what the database needs for it, which is most of the price of a packet (PERFORMANCE.md 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement


def _dialect(dialect: Any) -> Any:
    class Compiler(dialect.statement_compiler):  # type: ignore[misc]
        """Writes our own literals (a state's name) into the text and leaves what is handed in as a parameter.

        A partial index is used only when its condition can be seen in the statement.
        """

        def visit_bindparam(self, bindparam: Any, literal_binds: bool = False, **rest: Any) -> str:
            literal = literal_binds and not bindparam.required
            return str(super().visit_bindparam(bindparam, literal_binds=literal, **rest))

    dialect.statement_compiler = Compiler
    return dialect


_DIALECTS: Final[dict[str, Any]] = {
    "sqlite": _dialect(sqlite.dialect(paramstyle="named")),
    "postgresql": _dialect(postgresql.dialect(paramstyle="pyformat")),  # type: ignore[no-untyped-call]
}
_INSERTS: Final[dict[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Statement:
    """A statement with named parameters. Parameters of a WHERE beside a SET are called `of_<column>`."""

    __slots__ = ("_compiled", "_make")

    def __init__(self, make: ClauseElement | Callable[[str], ClauseElement]) -> None:
        self._make = make
        self._compiled: dict[str, str] = {}

    def sql(self, dialect: str) -> str:
        text = self._compiled.get(dialect)
        if text is None:
            element = self._make(dialect) if callable(self._make) else self._make
            compiled = element.compile(dialect=_DIALECTS[dialect], compile_kwargs={"literal_binds": True})
            text = self._compiled[dialect] = str(compiled)
        return text


def insert_into(table: Table, *, or_skip: bool = False, or_update: Iterable[str] | None = None) -> Statement:
    """Return an INSERT of all columns by name.

    Args:
        or_skip: a row with the same key stays as it is.
        or_update: a row with the same key gets these columns anew; `()` means all that are not in the key.
    """
    keys = [column.name for column in table.primary_key]
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.columns}
    changed = None if or_update is None else list(or_update) or [name for name in values if name not in keys]

    def make(dialect: str) -> ClauseElement:
        insert = _INSERTS[dialect](table).values(values)
        if or_skip:
            insert = insert.on_conflict_do_nothing(index_elements=keys)
        elif changed is not None:
            renewed = {name: insert.excluded[name] for name in changed}
            insert = insert.on_conflict_do_update(index_elements=keys, set_=renewed)
        made: ClauseElement = insert
        return made

    return Statement(make)


_IN_TRANSACTION: Final = 2  # libpq's PQTRANS_INTRANS
_IN_ERROR: Final = 3  # PQTRANS_INERROR: a savepoint can still be rolled back to


class Runner:
    """Runs statements on one connection's own cursor."""

    __slots__ = ("_cursor", "_driver", "dialect")

    def __init__(self, connection: Connection) -> None:
        self.dialect = connection.dialect.name
        self._driver: Any = connection.connection.driver_connection
        self._cursor: Any = connection.connection.cursor()

    def run(self, statement: Statement, **values: object) -> int:
        """Run a statement and return how many rows it changed."""
        self._cursor.execute(statement.sql(self.dialect), values)
        return int(self._cursor.rowcount)

    def many(self, statement: Statement, rows: list[Mapping[str, object]]) -> None:
        if rows:
            self._cursor.executemany(statement.sql(self.dialect), rows)

    def one(self, statement: Statement, **values: object) -> tuple[Any, ...] | None:
        self._cursor.execute(statement.sql(self.dialect), values)
        row: tuple[Any, ...] | None = self._cursor.fetchone()
        return row

    def all(self, statement: Statement, **values: object) -> list[tuple[Any, ...]]:
        self._cursor.execute(statement.sql(self.dialect), values)
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    @property
    def in_transaction(self) -> bool:
        """Say whether a transaction is open and can still be committed."""
        if self.dialect == "sqlite":
            return bool(self._driver.in_transaction)
        return int(self._driver.info.transaction_status) in (_IN_TRANSACTION, _IN_ERROR)

    def say(self, command: str) -> None:
        """Run a command of transaction control."""
        self._cursor.execute(command)

    def close(self) -> None:
        self._cursor.close()

"""Opens the database that the settings name: SQLite in one file, or PostgreSQL by URL.

SQLite runs in WAL mode with synchronous FULL: what is committed is on the disk. A writer takes the write lock when it
begins (BEGIN IMMEDIATE), a reader sees the book as it stood when it began and waits for nobody. Whoever holds `lead`
is the one ledger service of its hall.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

from broker.errors import OneWindowError

BUSY_MS: Final = 15_000  # a writer waits that long for another's short transaction
_CACHE_KIB: Final = 65_536


class AlreadyLed(OneWindowError, RuntimeError):
    """Another ledger service leads this hall. Nothing was opened for writing."""

    code = "already-led"
    notice = "本大厅的台账服务已在另一个进程中运行，不能再启动一个。请先停止原来的进程。"


class DatabaseUnfit(OneWindowError, RuntimeError):
    """The database's tables are not those of this version."""

    code = "database-unfit"
    notice = "数据库版本与程序不符。请先运行 onewindow-central init 或启动台账服务完成升级。"


class Database:
    """One database. Connections are made when asked for; `close` may be called twice."""

    def __init__(self, url: str, *, folder: Path | None = None) -> None:
        """Name the database; nothing is opened yet.

        Args:
            url: sqlite:///file (relative to `folder`), or postgresql+psycopg://…
        """
        self.url: URL = _absolute(make_url(url), folder)
        self.engine: Engine = create_engine(self.url, isolation_level="AUTOCOMMIT", pool_size=8, max_overflow=32)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path:
        """Return SQLite's file."""
        assert self.is_sqlite
        assert self.url.database is not None
        return Path(self.url.database)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the book and cannot change it."""
        with self.engine.connect() as connection:
            cursor: Any = connection.connection.cursor()
            if self.is_sqlite:
                cursor.execute("PRAGMA query_only = ON")
                cursor.execute("BEGIN")
            else:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield connection
            finally:
                cursor.execute("ROLLBACK")
                if self.is_sqlite:
                    cursor.execute("PRAGMA query_only = OFF")
                cursor.close()

    @contextmanager
    def lead(self, hall: str) -> Iterator[Connection]:
        """Give the connection of the one ledger service of this hall, for as long as the block runs.

        Raises:
            AlreadyLed: another process leads it.
        """
        if self.is_sqlite:
            with _locked(self.path.with_name(f"{self.path.name}.{hall}.lead")), self.engine.connect() as connection:
                yield connection
            return
        # The lock lives in the very session that writes: a leader that lost its session lost both.
        with self.engine.connect() as connection:
            cursor: Any = connection.connection.cursor()
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (_lock_number(hall),))
            if not cursor.fetchone()[0]:
                raise AlreadyLed(f"another ledger service leads hall {hall}")
            try:
                yield connection
            finally:
                if not connection.invalidated and not cursor.connection.closed:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", (_lock_number(hall),))

    def close(self) -> None:
        self.engine.dispose()


def _absolute(url: URL, folder: Path | None) -> URL:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    path = Path(url.database)
    return url if path.is_absolute() or folder is None else url.set(database=str(folder / path))


def _prepare_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # a destroyed key is overwritten, not only let go
    cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    cursor.close()


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    # The kernel lets go of the lock when the process dies, however it dies.
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyLed(f"another ledger service holds {path.name}") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield file


def _lock_number(hall: str) -> int:
    return int.from_bytes(hashlib.sha256(f"onewindow/lead/{hall}".encode()).digest()[:8], "big", signed=True)

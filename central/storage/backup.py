"""A copy of everything while the service runs, and the way back.

    backup/ledger.db       the database as one SQLite file, whatever the hall runs on, of one moment
    backup/pages/…         every page file that the copied book names
    backup/keys/           only when asked for: whoever has them and the rest can read every resident
    backup/manifest.json   written last: the head, the digest of ledger.db, how many pages

A backup without its manifest was not finished. Doing it again into the same folder copies only new pages.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, insert, select

from broker.errors import OneWindowError
from central.storage import tables
from central.storage.database import Database
from central.storage.migrate import check_version, migrate

MANIFEST: Final = "manifest.json"
LEDGER: Final = "ledger.db"
_BATCH: Final = 2000

log = logging.getLogger(__name__)


class BackupUnfit(OneWindowError, RuntimeError):
    """The backup is not whole, or may not be laid over what is there. Nothing was changed."""

    code = "backup-unfit"
    notice = "备份不完整，或者目标位置已有台账，没有恢复。请按提示检查后重试。"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a finished backup is."""

    made_at_ms: int
    heads: dict[str, tuple[int, str]]  # hall -> number and hash of its newest entry
    ledger_digest: str
    pages: int
    with_keys: bool


def back_up(
    database: Database, pages: Path, target: Path, *, now_ms: int, keys: Mapping[str, Path] | None = None
) -> Manifest:
    """Copy database and pages into `target` while others write; return what was copied.

    Args:
        keys: key files to copy as well; None copies none.

    Raises:
        OSError, BackupUnfit: the backup is not whole; its manifest is missing or still the older one's.
    """
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    (target / MANIFEST).unlink(missing_ok=True)
    fresh = target / f"{LEDGER}.new"
    fresh.unlink(missing_ok=True)
    if database.is_sqlite:
        _copy_sqlite(database.path, fresh)
    else:
        _copy_rows(database, fresh)
    copied = _copy_pages(fresh, pages, target / "pages")
    for name, path in (keys or {}).items():
        (target / "keys").mkdir(exist_ok=True, mode=0o700)
        _copy_file(path, target / "keys" / name)
    _sync(fresh)
    fresh.replace(target / LEDGER)
    manifest = Manifest(now_ms, _heads(target / LEDGER), _digest(target / LEDGER), copied, bool(keys))
    beside = target / f"{MANIFEST}.new"
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    _sync(beside)
    beside.replace(target / MANIFEST)
    _sync(target)
    return manifest


def restore(source: Path, database: Database, pages: Path) -> Manifest:
    """Lay a backup into an empty database and its pages folder; return what was laid.

    Raises:
        BackupUnfit: not finished, altered, a page is missing, or there is a book already.
    """
    manifest = read_manifest(source)
    if _digest(source / LEDGER) != manifest.ledger_digest:
        raise BackupUnfit(f"{source / LEDGER} is not the file that the manifest names")
    if database.is_sqlite:
        if database.path.exists():
            raise BackupUnfit(f"{database.path} exists: move it aside first")
        _copy_pages(source / LEDGER, source / "pages", pages)
        database.path.parent.mkdir(parents=True, exist_ok=True)
        _copy_file(source / LEDGER, database.path)
        check_version(database)
    else:
        migrate(database)
        with database.connect() as connection:
            if connection.execute(select(tables.heads.c.hall)).first() is not None:
                raise BackupUnfit("the database holds a book already: name an empty one")
        _copy_pages(source / LEDGER, source / "pages", pages)
        _lay_rows(source / LEDGER, database)
    return manifest


def read_manifest(source: Path) -> Manifest:
    try:
        return msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError):
        raise BackupUnfit(f"{source} is no finished backup: its {MANIFEST} is missing or damaged") from None


def _copy_sqlite(path: Path, target: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        # One file without a log beside it: it can be read from a medium that cannot be written.
        copy.execute("PRAGMA journal_mode = DELETE")


def _copy_rows(database: Database, target: Path) -> None:
    into = Database(f"sqlite:///{target}")
    migrate(into)
    with database.reading() as source, into.connect() as copy:
        _pour(source, copy)
        copy.exec_driver_sql("PRAGMA journal_mode = DELETE")
    into.close()


def _lay_rows(source: Path, database: Database) -> None:
    file = Database(f"sqlite:///{source}")
    with file.reading() as copy, database.connect() as target:
        _pour(copy, target)
    file.close()


def _pour(source: Connection, target: Connection) -> None:
    """Copy every row of every table, in one transaction."""
    target.exec_driver_sql("BEGIN")
    for table in (*tables.BOOK, *tables.PROJECTIONS, *tables.BESIDE):
        for batch in source.execute(select(table)).mappings().partitions(_BATCH):
            target.execute(insert(table), [dict(row) for row in batch])
    target.exec_driver_sql("COMMIT")


def _copy_pages(ledger: Path, source: Path, target: Path) -> int:
    """Copy the page files that this book names and the target lacks; return how many it names.

    Raises:
        BackupUnfit: one is missing or is not what its name says.
    """
    count = 0
    folders: set[Path] = set()
    with closing(sqlite3.connect(ledger)) as book:
        for (digest,) in book.execute("SELECT DISTINCT stored_digest FROM pages"):
            count += 1
            place = Path(digest[:2]) / digest
            if (target / place).exists():
                continue
            try:
                fits = _digest(source / place) == digest
            except OSError:
                fits = False
            if not fits:
                raise BackupUnfit(f"page file {digest} is missing or is not what its name says")
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            _copy_file(source / place, target / place)
            folders.add((target / place).parent)
    for folder in folders:
        _sync(folder)
    return count


def _heads(ledger: Path) -> dict[str, tuple[int, str]]:
    with closing(sqlite3.connect(ledger)) as book:
        return {hall: (seq, digest) for hall, seq, digest in book.execute("SELECT hall, seq, hash FROM heads")}


def _copy_file(source: Path, target: Path) -> None:
    beside = target.with_name(f"{target.name}.new")
    shutil.copyfile(source, beside)
    beside.chmod(0o600)
    _sync(beside)
    beside.replace(target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

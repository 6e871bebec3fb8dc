"""Builds every projection anew from the entries, and proves that the tables are what the entries say.

    verify   the chain, entry by entry; then the tables against a replay into memory
    replay   the tables in place, in one transaction

Needs nothing but the book. What stands beside it (residents, forms, passwords) is no projection and is left alone.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, StaticPool, bindparam, create_engine, delete, select

from central.ledger import facts
from central.ledger.entry import GENESIS, Entry, follows, read_origin
from central.storage import tables
from central.storage.book import read_head, read_tail, seen_row
from central.storage.projections import apply
from central.storage.statements import Runner, Statement, insert_into

BATCH: Final = 2000

_ADD_SEEN: Final = insert_into(tables.seen, or_skip=True)
_CLEAR: Final = {
    table.name: Statement(delete(table).where(table.c.hall == bindparam("hall"))) for table in tables.PROJECTIONS
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `fault` is empty when book and tables are whole; otherwise it names the first bad place."""

    entries: int
    head: str
    fault: str = ""
    seq: int = 0  # of the first bad entry; 0 when the chain is whole


def entries_of(run: Runner, hall: str) -> Iterator[Entry]:
    """Yield a hall's entries in order."""
    after = 0
    while batch := read_tail(run, hall, after=after, limit=BATCH):
        yield from batch
        after = batch[-1].seq


def verify_chain(run: Runner, hall: str) -> Verdict:
    """Check every entry against its own hash, its number and the one before it, and the last one against the head."""
    seq, previous = 0, GENESIS
    for entry in entries_of(run, hall):
        fault = follows(entry, seq=seq + 1, previous=previous)
        if fault:
            return Verdict(seq, previous, fault, seq + 1)
        seq, previous = entry.seq, entry.hash
    head = read_head(run, hall)
    if head != (seq, previous):
        return Verdict(seq, previous, f"entry {seq + 1} is missing: the head names entry {head[0]}", seq + 1)
    return Verdict(seq, previous)


def verify_tables(connection: Connection, hall: str) -> str:
    """Return where the tables first differ from a replay of the entries; empty when nowhere."""
    run = Runner(connection)
    with _in_memory() as memory, memory.connect() as fresh:
        replayed = Runner(fresh)
        replayed.say("BEGIN")
        apply_all(entries_of(run, hall), replayed)
        replayed.say("COMMIT")
        for table in tables.PROJECTIONS:
            fault = _difference(table, hall, run, replayed)
            if fault:
                return fault
    return ""


def replay_in_place(connection: Connection, hall: str) -> int:
    """Build the hall's tables anew where they stand; return how many entries were applied. All or nothing."""
    run = Runner(connection)
    run.say("BEGIN IMMEDIATE" if run.dialect == "sqlite" else "BEGIN")
    try:
        for statement in _CLEAR.values():
            run.run(statement, hall=hall)
        count = apply_all(entries_of(Runner(connection), hall), run)
        run.say("COMMIT")
    except BaseException:
        run.say("ROLLBACK")
        raise
    return count


def apply_all(entries: Iterator[Entry], run: Runner) -> int:
    """Apply entries to empty tables; return how many there were."""
    count = 0
    for entry in entries:
        apply(facts.decode(entry.kind, entry.body), entry, run)
        origin = read_origin(entry.origin)
        if origin is not None:
            run.run(_ADD_SEEN, **seen_row(entry, origin))
        count += 1
    return count


@contextmanager
def _in_memory() -> Iterator[Engine]:
    memory = create_engine("sqlite://", isolation_level="AUTOCOMMIT", poolclass=StaticPool)
    try:
        tables.METADATA.create_all(memory)
        yield memory
    finally:
        memory.dispose()


def _difference(table: Any, hall: str, run: Runner, replayed: Runner) -> str:
    ordered = Statement(select(table).where(table.c.hall == bindparam("hall")).order_by(*table.primary_key.columns))
    # PostgreSQL sorts text by locale, SQLite by bytes: sorted here, both are alike.
    keys = len(table.primary_key.columns)
    found, due = (sorted(map(_plain, each.all(ordered, hall=hall)), key=repr) for each in (run, replayed))
    for ours, theirs in itertools.zip_longest(found, due):
        if ours != theirs:
            row = theirs if ours is None else ours
            key = "/".join(map(str, row[1:keys])) or hall
            what = "is missing" if ours is None else "should not be there" if theirs is None else "differs"
            return f"table {table.name}, row {key}: {what}; the entries are the truth, run onewindow-central replay"
    return ""


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(int(value) if isinstance(value, bool) else value for value in row)

"""A book with very many cases in it, written straight into the tables: years of a hall in seconds.

Rows are copies of one real case's with their own ids and numbers, closed long ago; their entries carry no true hashes,
so such a book is for measuring only and `verify` would rightly refuse it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

_ID: Final = "printf('01890000-0000-7000-8000-%012x', n)"
_COUNT: Final = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)"
_MINE: Final[dict[str, dict[str, str]]] = {
    "cases": {
        "case_id": _ID,
        "case_number": "printf('2020%04d-%05d', n / 10000, n % 10000)",
        "state": "'closed'",
        "resident_id": "printf('%064x', n / 3)",
        "ticket": "printf('A%04d', n % 10000)",
        "ticket_day": "date('2020-01-01', '+' || (n / 500) || ' days')",
        "due_on": "CASE kind WHEN 'promised' THEN date('2020-01-20', '+' || (n / 500) || ' days') ELSE '' END",
        "opened_at_ms": "1577836800000 + n * 60000",
        "closed_at_ms": "1577836860000 + n * 60000",
        "opened_seq": ":seq + n",
        "changed_seq": ":seq + n",
    },
    "pages": {"case_id": _ID, "stored_digest": "printf('%064x', n)", "plain_digest": "printf('%064x', n + 7)"},
    "seen": {"message": _ID, "seq": ":seq + n", "sequence": "n", "boot": "1"},
    "entries": {
        "seq": ":seq + n",
        "subject": _ID,
        "at_ms": "1577836800000 + n * 60000",
        "previous": "printf('%064x', n)",
        "hash": "printf('%064x', n + 1)",
    },
}


def fill(database: Path, count: int) -> None:
    """Add `count` closed cases, each with an entry, a page and its message, to a book that has at least one case."""
    book = sqlite3.connect(database, isolation_level=None)
    seq, head = book.execute("SELECT seq, hash FROM heads").fetchone()
    # A measuring rod may be made carelessly; the measuring itself is durable.
    book.execute("PRAGMA journal_mode=OFF")
    book.execute("PRAGMA synchronous=OFF")
    book.execute("PRAGMA cache_size=-1000000")
    book.execute("BEGIN IMMEDIATE")
    of_case = {"cases": "1", "pages": "page_index = 0", "seen": "1", "entries": "kind LIKE 'case-opened%'"}
    for table, mine in _MINE.items():
        columns = [row[1] for row in book.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(mine.get(column, column) for column in columns)
        book.execute(
            f"{_COUNT} INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608  # names of our own
            f"SELECT {values} FROM (SELECT * FROM {table} WHERE {of_case[table]} LIMIT 1), numbers",
            {"count": count, "seq": seq},
        )
    book.execute("UPDATE heads SET seq = ?, hash = ?", (seq + count, head))
    book.execute("COMMIT")
    book.execute("PRAGMA journal_mode=WAL")
    book.close()

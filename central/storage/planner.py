"""Tells SQLite's planner what a big hall looks like, so that the plan of a query never depends on how full the book is.

Without statistics SQLite takes `hall = ?` for ten rows and reads a whole hall where an index stands ready: a ticket's
cases and its last call cost a walk through the book. ANALYZE would count what is there, in an empty database nothing,
in a full one for minutes; so the figures of a hall after some years are written down here. Run by `migrate`; other
connections see it when they open. PostgreSQL counts by itself.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

# table -> index -> how many rows it has, and then how many share the first column, the first two, …
BIG_HALL: Final[dict[str, dict[str, str]]] = {
    "entries": {
        "entries": "10000000 10000000 1",
        "entries_by_subject": "10000000 10000000 8 1",
    },
    "seen": {
        "seen": "5000000 5000000 1",
        "seen_by_sequence": "5000000 5000000 500000 5000 1",
    },
    "tickets": {
        "tickets": "1000000 1000000 1000 1",
        "tickets_waiting": "100 100 100 30 15 1",
        "tickets_at_window": "10 10 10 1",
        "tickets_unfinished": "200 200 100 1",
    },
    "calls": {
        "calls": "2000000 2000000 1",
        "calls_by_id": "2000000 2000000 1",
        "calls_by_ticket": "2000000 2000000 2000 2 1",
        "calls_by_day": "2000000 2000000 2000 1",
        "calls_by_expiry": "2000000 2000000 1",
    },
    "cases": {
        "cases": "1000000 1000000 1",
        "cases_by_number": "1000000 1000000 1",
        "cases_by_resident": "1000000 1000000 4 1",
        "cases_by_ticket": "1000000 1000000 1000 1",
        "cases_by_opening": "1000000 1000000 1",
        "cases_of_officer": "3000 3000 100 20 1",
        "cases_of_desk": "300 300 30 10 1",
        "cases_ready": "1000 1000 1",
        "cases_decided": "10 10 5",
        "cases_promised": "3000 3000 1",
        "cases_due": "400000 400000 400",
    },
    "pages": {"pages": "4000000 4000000 4 1"},
}


def tell_planner(connection: Connection) -> None:
    """Write the figures anew; call it within a transaction of its own. Does nothing but on SQLite."""
    if connection.dialect.name != "sqlite":
        return
    connection.execute(text("ANALYZE heads"))  # makes the planner's table, and counts one row
    for table, indexes in BIG_HALL.items():
        connection.execute(text("DELETE FROM sqlite_stat1 WHERE tbl = :table"), {"table": table})
        for index, rows in indexes.items():
            connection.execute(
                text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:table, :index, :rows)"),
                {"table": table, "index": index, "rows": rows},
            )
    connection.execute(text("ANALYZE sqlite_schema"))  # this connection sees it too

"""Prints `whole` and the ids of the cases, or fails: run beside central_writer on the same folder."""

from __future__ import annotations

import sys
from pathlib import Path

from sqlalchemy import select

from central.storage import tables
from central.storage.replay import verify_chain, verify_tables
from central.storage.statements import Runner
from tests.support.central_hall import HALL, WireHall


def main(folder: Path) -> None:
    hall = WireHall(folder)
    with hall.receiving():
        pass  # a start lays down again what a crash took of the pages
    with hall.store.database.connect() as connection:
        assert verify_chain(Runner(connection), HALL).fault == ""
        assert verify_tables(connection, HALL) == ""
        for digest in connection.execute(select(tables.pages.c.stored_digest)).scalars():
            hall.store.files.read(digest)
        print("whole", *connection.execute(select(tables.cases.c.case_id)).scalars())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

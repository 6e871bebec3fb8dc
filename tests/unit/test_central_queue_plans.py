"""Every question of a use case goes by an index, however full the book is: the plans themselves are looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.storage import book, reads_cases, reads_queue
from central.storage.database import Database
from central.storage.migrate import migrate
from central.storage.planner import BIG_HALL
from central.storage.statements import Statement
from central.storage.tables import METADATA

# By day, group and window: what a hall has in a day, not what it has ever had.
SORTED_AFTER = {"_WAITING", "_WAITING_GROUP", "_WAITING_PRIORITY", "_AT_WINDOW", "_OF_TICKET", "_UNFINISHED"}
QUESTIONS = [
    pytest.param(name, statement, id=f"{module.__name__.rpartition('.')[2]}{name}")
    for module in (reads_queue, reads_cases, book)
    for name, statement in vars(module).items()
    if isinstance(statement, Statement) and statement.sql("sqlite").startswith("SELECT")
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'ledger.db'}")
    migrate(made)
    yield made
    made.close()


@pytest.mark.parametrize(("name", "statement"), QUESTIONS)
def test_a_question_goes_by_an_index_and_not_through_the_hall(
    database: Database, name: str, statement: Statement
) -> None:
    sql = statement.sql("sqlite")
    given = dict.fromkeys(re.findall(r":([a-z_]+)", sql), 1)

    with database.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", given)
        plan = [row[3] for row in cursor.fetchall()]
        cursor.close()

    looks = [step for step in plan if step.startswith(("SCAN", "SEARCH"))]
    assert looks
    for step in looks:
        whole_hall = step.endswith("(hall=?)") and "heads" not in step and "cases_ready" not in step
        assert step.startswith("SEARCH"), step
        assert not whole_hall, step
    assert ("USE TEMP B-TREE FOR ORDER BY" in plan) <= (name in SORTED_AFTER), plan


def test_the_planner_is_told_of_every_index_of_the_large_tables() -> None:
    for table, told in BIG_HALL.items():
        indexes = {index.name for index in METADATA.tables[table].indexes}
        assert indexes <= set(told) and set(told) - indexes <= {table}, table


def test_making_the_tables_twice_tells_the_planner_once(tmp_path: Path) -> None:
    made = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(made)
    migrate(made)

    with made.connect() as connection:
        told = connection.exec_driver_sql("SELECT tbl, idx FROM sqlite_stat1 WHERE tbl <> 'heads'").all()
    made.close()
    assert len(told) == len(set(told)) == sum(map(len, BIG_HALL.values()))

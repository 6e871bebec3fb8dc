"""What pages ask of the tables costs what is open, not what has ever been: every question goes by an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from central.storage.reading import Reading
from central.storage.reading_cases import COUNTED_MAX
from tests.support.web_house import WebHouse, a_web_house

LONG_TABLES = ("cases", "entries", "tickets", "calls", "pages")
TODAY = "2026-11-23"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebHouse]:
    with a_web_house(tmp_path) as made:
        for number in range(3):
            web_number = made.receive("RS001", ticket=f"A600{number}", materials=("居民身份证",))
            assert web_number
        yield made


def asked(web: WebHouse, question: str, *arguments: Any, **named: Any) -> list[str]:
    """Return SQLite's plan lines of every statement that a question runs."""
    run: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *rest: Any) -> None:
        run.append((statement, parameters))

    event.listen(web.database.engine, "before_cursor_execute", note)
    try:
        getattr(web.house.reading, question)(*arguments, **named)
    finally:
        event.remove(web.database.engine, "before_cursor_execute", note)
    lines = []
    with web.database.engine.connect() as connection:
        for statement, parameters in run:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            lines += [str(row[3]) for row in plan]
    assert run
    return lines


@pytest.mark.parametrize(
    ("question", "arguments", "named"),
    [
        ("newest_calls", (), {}),
        ("groups", (TODAY,), {}),
        ("windows", (TODAY,), {}),
        ("tasks_of_officer", ("shebao1",), {"limit": 50}),
        ("tasks_of_desks", (["社会保障科"],), {"limit": 50}),
        ("tasks_of_desks", (["社会保障科", "就业服务科"],), {"limit": 50}),
        ("count_tasks", ("shebao1", ["社会保障科"]), {}),
        ("ready", (), {"limit": 50}),
        ("count_ready", (), {}),
        ("case", ("20261123-00001",), {}),
        ("cases_of_ticket", ("A6001",), {}),
        ("cases_of_residents", (["r1", "r2"],), {}),
        ("pages", ("a case",), {}),
        ("history", (["a case", "a resident"],), {}),
        ("newest_entries", (), {"before": 5}),
        ("chain", (5,), {"limit": 10}),
        ("head", (), {}),
    ],
)
def test_no_question_of_a_page_scans_a_long_table(
    web: WebHouse, question: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    lines = asked(web, question, *arguments, **named)

    scans = [line for line in lines if re.match(rf"SCAN ({'|'.join(LONG_TABLES)})\b", line)]
    assert scans == []


@pytest.mark.parametrize("question", ["tasks_of_officer", "ready"])
def test_the_lists_come_out_of_their_index_in_order(web: WebHouse, question: str) -> None:
    lines = asked(web, question, *(["shebao1"] if question == "tasks_of_officer" else []), limit=50)

    assert not any("TEMP B-TREE FOR ORDER BY" in line for line in lines)


def test_lists_of_several_desks_are_merged_in_order(web: WebHouse) -> None:
    with web.database.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET state = 'open', officer = ''"))
        connection.execute(text("UPDATE cases SET desk = '就业服务科' WHERE ticket = 'A6001'"))
    reading = web.house.reading

    whole = [task.ticket for task in reading.tasks_of_desks(["社会保障科", "就业服务科"], limit=50)]
    second = [task.ticket for task in reading.tasks_of_desks(["社会保障科", "就业服务科"], limit=1, offset=1)]

    assert whole == ["A6000", "A6001", "A6002"]
    assert second == ["A6001"]


def test_nobodys_desks_have_no_list(web: WebHouse) -> None:
    assert web.house.reading.tasks_of_desks([], limit=50) == []


def test_a_long_list_is_counted_so_far_and_no_further(web: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central.storage.reading_cases.COUNTED_MAX", 2)
    with web.database.engine.begin() as connection:
        connection.execute(text("UPDATE cases SET state = 'ready'"))

    assert web.house.reading.count_ready() == 2
    assert COUNTED_MAX == 1000


def test_another_hall_in_the_same_database_is_not_seen(web: WebHouse) -> None:
    other = Reading(web.database.engine, "another-hall")

    assert other.newest_entries() == []
    assert other.tasks_of_officer("shebao1", limit=50) == []
    assert other.case("20261123-00001") is None
    assert other.units() == []
    assert other.counts(TODAY).total == 0


def test_a_commit_by_somebody_else_is_noticed_and_silence_is_too(web: WebHouse) -> None:
    watch = web.house.reading.watch()
    before = watch.version()
    quiet = watch.version()

    web.announce("A6001", 1)

    assert quiet == before
    assert watch.version() != before
    watch.close()
    watch.close()

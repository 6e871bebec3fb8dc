"""The administrator changes the calendar: first seen, then entered, with every promise that moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from central.cases.opening import open_case
from central.catalogue.items import Catalogue
from central.catalogue.loading import item_in_force, load_catalogue
from central.catalogue.tsv import SAMPLE, read_catalogue
from central.ledger import facts
from central.promises.changing import (
    CalendarTable,
    calendar_in_force,
    preview_calendar,
    set_calendar,
    table_in_force,
)
from tests.support.rules_hall import HallInMemory, a_kept_page, a_packet, an_item, at

NOW = at("10:00")


@pytest.fixture
def hall() -> Iterator[HallInMemory]:
    made = HallInMemory()
    yield made
    made.close()


def opened(hall: HallInMemory, service_item: str = "RS002") -> str:
    packet = a_packet(hall, service_item=service_item)
    with hall.work(NOW, unit="w3") as work:
        return open_case(packet, resident_id="r1", pages=[a_kept_page()], form_digest="", now_ms=NOW, work=work).case_id


def due_on(hall: HallInMemory, case_id: str) -> str:
    with hall.work() as work:
        found = work.cases.find(case_id)
    assert found is not None
    return found.due_on


HOLIDAY = CalendarTable().with_day(date(2026, 11, 25), False)


def test_a_preview_shows_what_would_move_and_changes_nothing(hall: HallInMemory) -> None:
    case_id = opened(hall)
    before = len(hall.entries())

    changes = hall.do(preview_calendar, HOLIDAY, now_ms=NOW)

    assert [(each.case_id, each.old.due_on, each.new.due_on) for each in changes] == [
        (case_id, date(2026, 11, 26), date(2026, 11, 27))
    ]
    assert changes[0].is_later
    assert len(hall.entries()) == before


def test_a_change_moves_the_open_promises_and_enters_old_and_new(hall: HallInMemory) -> None:
    promised, same_day = opened(hall), opened(hall, "RS001")

    hall.do(set_calendar, HOLIDAY, actor="admin", now_ms=NOW)

    assert (due_on(hall, promised), due_on(hall, same_day)) == ("2026-11-27", "")
    moved = hall.facts(facts.PromiseRecomputed)
    assert [(fact.case_id, fact.old_due_on, fact.new_due_on) for fact in moved] == [
        (promised, "2026-11-26", "2026-11-27")
    ]


def test_promises_made_after_the_change_follow_it(hall: HallInMemory) -> None:
    hall.do(set_calendar, HOLIDAY, actor="admin", now_ms=NOW)

    assert due_on(hall, opened(hall)) == "2026-11-27"
    with hall.work() as work:
        assert table_in_force(work) == HOLIDAY
        assert not calendar_in_force(work).is_working(date(2026, 11, 25))


def test_a_change_that_is_taken_back_leaves_the_paper_as_it_is(hall: HallInMemory) -> None:
    case_id = opened(hall)
    hall.do(set_calendar, HOLIDAY, actor="admin", now_ms=NOW)

    changes = hall.do(set_calendar, CalendarTable(), actor="admin", now_ms=NOW)

    assert changes == ()
    assert due_on(hall, case_id) == "2026-11-27"


def test_more_promises_than_one_batch_are_all_moved(hall: HallInMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central.promises.changing._BATCH", 3)
    cases = [opened(hall) for _ in range(7)]

    changes = hall.do(set_calendar, HOLIDAY, actor="admin", now_ms=NOW)

    assert {change.case_id for change in changes} == set(cases)


def test_one_catalogue_is_entered_once_and_read_back_whole(hall: HallInMemory) -> None:
    sample = read_catalogue(SAMPLE)
    with hall.work() as work:
        assert load_catalogue(sample, actor="admin", work=work)
        assert not load_catalogue(sample, actor="admin", work=work)

    with hall.work() as work:
        for item in sample:
            assert item_in_force(item.code, work) == item


def test_a_new_edition_replaces_the_one_before(hall: HallInMemory) -> None:
    with hall.work() as work:
        load_catalogue(Catalogue([an_item("RS001", "司法所")]), actor="admin", work=work)

    with hall.work() as work:
        assert [item.code for item in work.catalogue.all()] == ["RS001"]
        assert item_in_force("RS001", work).desk == "司法所"

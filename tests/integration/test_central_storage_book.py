"""The book on SQLite and on PostgreSQL: the same rules on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from broker.messages import CallPurpose, Priority
from central.ledger import facts
from central.ledger.entry import Origin
from central.ledger.states import CaseState, TicketState
from central.storage import tables
from central.storage.book import read_tail
from central.storage.database import AlreadyLed
from central.storage.migrate import check_version, migrate
from central.storage.projections import APPLY
from central.storage.replay import replay_in_place, verify_chain, verify_tables
from central.storage.statements import Runner
from tests.support.central_hall import DAY, HALL, NOW_MS, WireHall
from tests.support.central_postgresql import postgresql_server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def hall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WireHall]:
    url = "sqlite:///ledger.db" if request.param == "sqlite" else postgresql_server().new_hall_database()
    made = WireHall(tmp_path, url)
    yield made
    made.store.database.close()


def issued(number: int, **changes: object) -> facts.TicketIssued:
    values: dict[str, object] = {"ticket": f"A{number:04}", "day": DAY, "issued_at_ms": NOW_MS, "unit": "hall-kiosk"}
    return facts.TicketIssued(**{**values, **changes})  # type: ignore[arg-type]


def a_case(number: int, **changes: object) -> facts.CaseOpened:
    values: dict[str, object] = {
        "case_id": f"case-{number}",
        "case_number": f"20261123-{number:05}",
        "service_item": "RS001",
        "kind": "promised",
        "desk": "社会保障科",
        "resident_id": "r" * 32,
        "ticket": "A6001",
        "ticket_day": DAY,
        "unit": "hall-w1",
        "window": 1,
        "pages": (
            facts.PageKept(
                material="证", plain_digest="a" * 64, stored_digest="b" * 64, stored_bytes=3, width=1, height=1
            ),
        ),
        "due_on": "2026-12-01",
    }
    return facts.CaseOpened(**{**values, **changes})  # type: ignore[arg-type]


def append(hall: WireHall, *appended: facts.Fact) -> None:
    with hall.store.book() as book:
        for fact in appended:
            book.append(fact, subject="subject", actor="actor")
        book.commit()


def test_every_fact_has_one_function_that_applies_it() -> None:
    assert set(APPLY) == set(facts.FACTS)


def test_numbers_have_no_gaps_whatever_was_undone(hall: WireHall) -> None:
    with hall.store.book() as book:
        before = book.head()[0]
        with pytest.raises(ValueError, match="no"), book.fence():
            book.append(issued(1), subject="s", actor="a")
            raise ValueError("no")
        with book.fence():
            book.append(issued(2), subject="s", actor="a")
        book.commit()
    with hall.store.book() as book:
        book.append(issued(3), subject="s", actor="a")  # left without commit
    append(hall, issued(4))

    with hall.store.database.connect() as connection:
        tail = read_tail(Runner(connection), HALL, after=before)
        waiting = [
            row.ticket for row in connection.execute(select(tables.tickets.c.ticket).order_by(tables.tickets.c.ticket))
        ]
    assert [entry.seq for entry in tail] == [before + 1, before + 2]
    assert waiting == ["A0002", "A0004"]


def test_what_a_fence_undoes_is_not_seen_afterwards(hall: WireHall) -> None:
    origin = Origin(hall.new_id(), "ab" * 32, "hall-w1", 1, 1)
    with hall.store.book() as book:
        with pytest.raises(ValueError, match="no"), book.fence(origin):
            book.append(issued(1), subject="s", actor="a")
            raise ValueError("no")

        assert book.seen(origin.message) is None
        assert book.tickets.find(DAY, "A0001") is None


def test_a_message_is_known_by_its_first_entry(hall: WireHall) -> None:
    origin = Origin(hall.new_id(), "ab" * 32, "hall-w1", 1, 7)
    with hall.store.book() as book:
        with book.fence(origin):
            first = book.append(issued(1), subject="s", actor="a")
            book.append(issued(2), subject="s", actor="a")
        assert book.seen(origin.message) == first
        book.commit()
    with hall.store.book() as book:
        assert book.seen(origin.message) == first


def test_two_books_are_opened_one_after_the_other(hall: WireHall) -> None:
    for number in range(5):
        append(hall, issued(number))

    with hall.store.database.connect() as connection:
        assert verify_chain(Runner(connection), HALL).fault == ""


def test_a_second_leader_is_refused(hall: WireHall) -> None:
    with hall.store.database.lead(HALL), pytest.raises(AlreadyLed), hall.store.database.lead(HALL):
        pass
    with hall.store.database.lead(HALL):
        pass  # free again


def test_another_hall_is_led_beside(hall: WireHall) -> None:
    with hall.store.database.lead(HALL), hall.store.database.lead("other-hall"):
        pass


def test_the_tables_are_those_of_this_version(hall: WireHall) -> None:
    check_version(hall.store.database)
    migrate(hall.store.database)


def test_a_look_cannot_change_anything(hall: WireHall) -> None:
    with hall.store.look() as book, pytest.raises(Exception, match="read"):
        book.append(issued(1), subject="s", actor="a")


def test_the_queue_is_read_by_place_group_and_priority(hall: WireHall) -> None:
    append(
        hall,
        issued(1),
        issued(2, priority=Priority.PRIORITY),
        issued(3, ticket="B0003"),
        issued(4, ticket="S0004", queued=False),
    )
    with hall.store.book() as book:
        place = book.tickets.find(DAY, "B0003").place  # type: ignore[union-attr]
        book.append(facts.TicketPassed(ticket="A0001", day=DAY, window=1), subject="s", actor="a")
        book.append(facts.TicketReentered(ticket="A0001", day=DAY, place=place + 1), subject="s", actor="a")

        assert [ticket.ticket for ticket in book.tickets.waiting(DAY)] == ["A0002", "B0003", "A0001"]
        assert book.tickets.first_waiting(DAY, group="A", priority=Priority.NONE).ticket == "A0001"  # type: ignore[union-attr]
        assert book.tickets.first_waiting(DAY, group="C") is None
        assert book.tickets.waiting_counts(DAY) == {
            ("A", Priority.NONE): 1,
            ("A", Priority.PRIORITY): 1,
            ("B", Priority.NONE): 1,
        }
        assert [ticket.ticket for ticket in book.tickets.unfinished(until_day=DAY)] == ["A0001", "A0002", "B0003"]


def test_a_ticket_told_of_after_its_visit_stays_as_the_window_left_it(hall: WireHall) -> None:
    append(hall, facts.VisitOpened(ticket="A0001", day=DAY, window=1), issued(1))

    with hall.store.look() as book:
        ticket = book.tickets.find(DAY, "A0001")
        assert ticket is not None
        assert ticket.state is TicketState.SERVING
        assert book.tickets.at_window(DAY, 1) == ticket


def test_calls_are_found_and_their_showing_is_kept_once(hall: WireHall) -> None:
    called = facts.TicketCalled(
        call_id=hall.new_id(),
        ticket="A0001",
        day=DAY,
        window=2,
        purpose=CallPurpose.INTAKE,
        text="请A0001号到2号窗口办理业务",
        called_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + 1000,
    )
    shown = facts.CallShown(call_id=called.call_id, unit="hall-w2")
    append(hall, issued(1), called, shown, shown)

    with hall.store.look() as book:
        call = book.calls.find(called.call_id)
        assert call is not None
        assert (call.ticket, call.window, call.purpose) == ("A0001", 2, CallPurpose.INTAKE)
        assert call.counter == book.head()[0] - 2
        assert book.calls.newest(DAY) == [call]
        assert book.calls.newest_of(DAY, "A0001", CallPurpose.PICKUP) is None
        assert book.calls.open(now_ms=NOW_MS) == [call]
        assert book.calls.open(now_ms=NOW_MS + 1000) == []
        assert book.calls.shown_by(called.call_id) == ["hall-w2"]
        assert book.tickets.find(DAY, "A0001").state is TicketState.CALLED  # type: ignore[union-attr]


def test_an_officers_load_follows_every_step_of_a_case(hall: WireHall) -> None:
    def load(staff_id: str) -> int:
        with hall.store.look() as book:
            return book.staff.find(staff_id).open_tasks  # type: ignore[union-attr]

    append(hall, a_case(1), facts.CaseAssigned(case_id="case-1", desk="社会保障科", officer="officer1"))
    assert load("officer1") == 1
    append(hall, facts.CaseMoved(case_id="case-1", desk="社会保障科", officer="officer2", reason="x"))
    assert (load("officer1"), load("officer2")) == (0, 1)
    append(hall, facts.CorrectionAsked(case_id="case-1", officer="officer2", reason="x"))
    assert load("officer2") == 1
    append(hall, facts.CorrectionMade(case_id="case-1", due_on="2026-12-09"))
    append(hall, facts.CaseApproved(case_id="case-1", officer="officer2"))
    assert load("officer2") == 0
    append(hall, facts.ResultReady(case_id="case-1", window=6))
    with hall.store.look() as book:
        assert [case.case_id for case in book.tasks.ready(window=6)] == ["case-1"]
        assert book.tasks.ready(window=5) == []
    append(hall, facts.HandedOver(case_id="case-1", window=6, proof="ticket"))
    with hall.store.look() as book:
        case = book.cases.find_number("20261123-00001")
        assert case is not None
        assert (case.state, case.due_on, case.ready_window) == (CaseState.CLOSED, "2026-12-09", 6)
        assert book.cases.next_number(DAY) == "20261123-00002"
        assert book.staff.least_loaded("社会保障科").staff_id == "officer1"  # type: ignore[union-attr]


def test_tasks_come_by_promise(hall: WireHall) -> None:
    append(
        hall,
        a_case(1, due_on="2026-12-03"),
        a_case(2, due_on="2026-12-01"),
        a_case(3, due_on="2026-12-02"),
        facts.CaseAssigned(case_id="case-1", desk="社会保障科", officer="officer1"),
        facts.CaseAssigned(case_id="case-2", desk="社会保障科", officer="officer1"),
        facts.CaseAssigned(case_id="case-3", desk="社会保障科", officer=""),
    )

    with hall.store.look() as book:
        assert [case.case_id for case in book.tasks.of_officer("officer1")] == ["case-2", "case-1"]
        assert [case.case_id for case in book.tasks.of_desk("社会保障科")] == ["case-3"]
        assert [case.case_id for case in book.cases.open_promises(after_case="case-1")] == ["case-2", "case-3"]
        assert [page.stored_digest for page in book.cases.pages("case-1")] == ["b" * 64]


def test_settings_and_catalogue_are_read_as_last_changed_in_the_same_transaction(hall: WireHall) -> None:
    with hall.store.book() as book:
        assert book.settings.find("hours") is None
        book.append(facts.SettingsChanged(name="hours", value="{}"), subject="hours", actor="admin")
        assert book.settings.find("hours") == "{}"
        assert book.catalogue.find("RS001") is not None
        book.append(facts.CatalogueLoaded(digest="1" * 64, items=()), subject="catalogue", actor="admin")
        assert book.catalogue.find("RS001") is None
        assert book.catalogue.digest() == "1" * 64


def test_a_replay_gives_the_same_tables(hall: WireHall) -> None:
    append(hall, issued(1), a_case(1), facts.CaseAssigned(case_id="case-1", desk="社会保障科", officer="officer1"))

    with hall.store.database.connect() as connection:
        assert verify_tables(connection, HALL) == ""
        replay_in_place(connection, HALL)
        assert verify_tables(connection, HALL) == ""


def test_a_table_that_was_edited_is_named_and_a_replay_mends_it(hall: WireHall) -> None:
    append(hall, a_case(1))
    with hall.store.database.connect() as connection:
        connection.execute(update(tables.cases).values(state="closed"))

        assert verify_tables(connection, HALL).startswith("table cases, row case-1: differs")
        replay_in_place(connection, HALL)
        assert verify_tables(connection, HALL) == ""


@pytest.mark.parametrize("harm", ["flip", "delete", "last", "reorder", "insert"])
def test_tampering_is_named_by_the_first_bad_entry(hall: WireHall, harm: str) -> None:
    append(hall, *(issued(number) for number in range(1, 6)))
    entries = tables.entries
    with hall.store.database.connect() as connection:
        last = verify_chain(Runner(connection), HALL).entries
        bad = last - 2
        if harm == "flip":
            body = connection.execute(select(entries.c.body).where(entries.c.seq == bad)).scalar_one()
            connection.execute(update(entries).where(entries.c.seq == bad).values(body=body.replace("A000", "A900")))
        elif harm == "delete":
            connection.execute(entries.delete().where(entries.c.seq == bad))
        elif harm == "last":
            connection.execute(entries.delete().where(entries.c.seq == last))
            bad = last
        elif harm == "reorder":
            for old, new in ((bad, 900), (bad + 1, bad), (900, bad + 1)):
                connection.execute(update(entries).where(entries.c.seq == old).values(seq=new))
        else:
            row = connection.execute(select(entries).where(entries.c.seq == last)).mappings().one()
            connection.execute(entries.insert().values({**row, "seq": last + 1}))
            bad = last + 1

        verdict = verify_chain(Runner(connection), HALL)

    assert verdict.seq == bad
    assert f"entry {bad}" in verdict.fault

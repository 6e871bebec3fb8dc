"""The hall's figures: counted by hand on small days, and read from a book that lived one."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from broker import events
from broker.messages import Priority
from central.assignment.presence import come
from central.cases import deciding
from central.cases.opening import open_case
from central.ledger.states import CaseState, TicketState
from central.metrics.commands import add_arguments, figures_text, print_figures
from central.metrics.figures import CaseTimes, HallFigures, Spread, TicketTimes, figures, spread
from central.metrics.reading import _due, _overdue, _tickets, hall_figures
from central.metrics.reading import _opened as _opened_that_day
from central.promises.due import OfficeHours
from central.queue.calling import call_next
from central.queue.tickets import end_visit, issue_ticket, pass_ticket, present_ticket
from central.staff.roles import Role
from central.staff.roster import put_staff
from tests.support.rules_hall import DAY, HALL, HallInMemory, a_kept_page, a_packet, at

HOURS = OfficeHours()


def a_ticket(state: TicketState = TicketState.FINISHED, **more: object) -> TicketTimes:
    given: dict[str, object] = {
        "group": "A",
        "priority": False,
        "queued": True,
        "issued_at_ms": at("09:00"),
        "first_called_at_ms": at("09:05"),
        "opened_at_ms": at("09:06"),
        "ended_at_ms": at("09:14"),
    }
    return TicketTimes(state=state, **(given | more))  # type: ignore[arg-type]


def a_case(kind: str = "same_day", state: CaseState = CaseState.READY, **more: object) -> CaseTimes:
    given: dict[str, object] = {"is_refused": False, "opened_at_ms": at("09:10"), "decided_at_ms": at("09:40")}
    return CaseTimes(kind=kind, state=state, **(given | more))  # type: ignore[arg-type]


def counted(
    tickets: list[TicketTimes] | None = None,
    opened: list[CaseTimes] | None = None,
    due: list[CaseTimes] | None = None,
    overdue: int = 0,
) -> HallFigures:
    return figures(DAY, tickets or [], opened or [], due or [], overdue=overdue, hours=HOURS)


def test_an_empty_day_divides_by_nothing() -> None:
    empty = counted()

    assert (empty.same_day_share, empty.promise_share, empty.waiting) == (None, None, Spread())
    assert any("无数据" in line for line in figures_text(empty))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], Spread()),
        ([5], Spread(count=1, mean_ms=5, p50_ms=5, p90_ms=5, max_ms=5)),
        ([4, 1, 3, 2], Spread(count=4, mean_ms=2, p50_ms=2, p90_ms=4, max_ms=4)),
        (list(range(1, 11)), Spread(count=10, mean_ms=5, p50_ms=5, p90_ms=9, max_ms=10)),
    ],
)
def test_quantiles_by_nearest_rank(times: list[int], expected: Spread) -> None:
    assert spread(times) == expected


def test_waiting_runs_from_the_issue_to_the_first_call_and_intake_from_opening_to_end() -> None:
    day = counted([a_ticket()])

    assert day.waiting.p50_ms == 5 * 60_000
    assert day.intake.p50_ms == 8 * 60_000
    assert day.intake_within_goal == 1


def test_ten_minutes_are_within_the_goal_and_a_moment_more_is_not() -> None:
    exact = a_ticket(ended_at_ms=at("09:16"))
    over = a_ticket(ended_at_ms=at("09:16") + 1)

    assert counted([exact, over]).intake_within_goal == 1


@pytest.mark.parametrize(
    "odd",
    [
        a_ticket(first_called_at_ms=None),
        a_ticket(issued_at_ms=at("09:30")),  # the kiosk's clock is ahead
        a_ticket(issued_at_ms=0),  # the kiosk woke in 1970
        a_ticket(queued=False),
    ],
)
def test_a_ticket_whose_times_say_nothing_is_left_out_of_the_waiting(odd: TicketTimes) -> None:
    assert counted([odd]).waiting.count == 0


def test_the_queue_is_counted_by_state() -> None:
    states = [*TicketState]
    day = counted([a_ticket(state) for state in states] + [a_ticket(priority=True, reentries=1, group="B")])

    queue = day.queue
    assert queue.issued == len(states) + 1
    assert (queue.served, queue.waiting, queue.at_window, queue.passed) == (2, 1, 2, 1)
    assert (queue.cancelled, queue.lapsed, queue.reentered, queue.priority) == (1, 1, 1, 1)
    assert queue.by_group == {"A": len(states), "B": 1}


def test_same_day_means_decided_on_the_very_day() -> None:
    day = counted(
        opened=[
            a_case(),
            a_case(decided_at_ms=at("09:00", "2026-11-24")),
            a_case(decided_at_ms=None, state=CaseState.ASSIGNED),
            a_case("promised"),
        ]
    )

    assert (day.same_day_cases, day.same_day_decided, day.promised_cases) == (3, 1, 1)
    assert day.same_day_share == pytest.approx(1 / 3)
    assert day.handling.p50_ms == 30 * 60_000


@pytest.mark.parametrize(("decided", "kept"), [("17:00", 1), ("17:00:01", 0)])
def test_a_promise_is_kept_until_the_close_of_its_day(decided: str, kept: int) -> None:
    day = counted(due=[a_case("promised", decided_at_ms=at(decided), due_on=DAY)], overdue=2)

    assert (day.promises_due, day.promises_kept, day.promises_overdue) == (1, kept, 2)


@pytest.fixture
def hall() -> Iterator[HallInMemory]:
    made = HallInMemory()
    with made.work() as work:
        put_staff("officer-1", "经办人", [Role.OFFICER], desks=["社会保障科"], actor="init", work=work)
        come("officer-1", work=work)
    yield made
    made.close()


def test_a_day_as_the_book_has_it(hall: HallInMemory) -> None:
    def event(kind: type, **more: object) -> object:
        return kind(event_id=hall.new_id(), at_ms=at("09:00"), **more)

    for ticket in ("A6001", "A6002"):
        issued = event(events.TicketIssued, ticket=ticket, day=DAY, priority=Priority.NONE)
        hall.hear("kiosk", issue_ticket, issued, now_ms=at("09:00"))
    hall.hear("w3", call_next, event(events.NextRequested, window=3), now_ms=at("09:05"))
    at_window = {"window": 3, "ticket": "A6001", "day": DAY}
    hall.hear("w3", present_ticket, event(events.TicketPresented, **at_window), now_ms=at("09:06"))
    case_id = _opened(hall, "RS001", at("09:10"))
    _opened(hall, "RS002", at("09:11"))
    hall.hear("w3", end_visit, event(events.VisitEnded, **at_window), now_ms=at("09:14"))
    hall.hear("w3", call_next, event(events.NextRequested, window=3), now_ms=at("09:15"))
    passed = event(events.TicketPassed, window=3, ticket="A6002", day=DAY)
    hall.hear("w3", pass_ticket, passed, now_ms=at("09:16"))
    hall.do(deciding.refuse, case_id, "理由", staff_id="officer-1", now_ms=at("09:40"))

    day = hall_figures(hall.connection, HALL, DAY)

    assert (day.queue.issued, day.queue.served, day.queue.passed) == (2, 1, 1)
    assert (day.waiting.count, day.waiting.p50_ms, day.intake.p50_ms) == (2, 5 * 60_000, 8 * 60_000)
    assert (day.cases, day.pages, day.same_day_decided, day.promised_cases) == (2, 2, 1, 1)
    assert (day.refused, day.ready, day.under_way) == (1, 1, 1)
    assert day.handling.p50_ms == 30 * 60_000


def test_a_promise_is_counted_on_its_due_day_and_overdue_after_it(hall: HallInMemory) -> None:
    _opened(hall, "RS002", at("10:00"))  # due on the 26th

    due = hall_figures(hall.connection, HALL, "2026-11-26")
    after = hall_figures(hall.connection, HALL, "2026-11-27")

    assert (due.promises_due, due.promises_kept, due.promises_overdue) == (1, 0, 0)
    assert (after.promises_due, after.promises_overdue) == (0, 1)


def test_figures_are_printed_for_people_and_for_programs(hall: HallInMemory) -> None:
    day = hall_figures(hall.connection, HALL, DAY)
    sheet: list[str] = []
    line: list[str] = []

    print_figures(day, as_json=False, say=sheet.append)
    print_figures(day, as_json=True, say=line.append)

    assert sheet[0] == f"{DAY} 大厅数据"
    assert json.loads(line[0])["queue"]["issued"] == 0
    assert len(line) == 1


@pytest.mark.parametrize("question", [_tickets, _opened_that_day, _due, _overdue])
def test_every_question_goes_by_an_index(hall: HallInMemory, question: Callable[[str, str], Any]) -> None:
    sql = str(question(HALL, DAY).compile(hall.connection, compile_kwargs={"literal_binds": True}))

    plan = [row[3] for row in hall.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]

    assert plan
    assert all("USING" in step and "(hall=? AND" in step for step in plan if step.startswith(("SCAN", "SEARCH"))), plan


def _opened(hall: HallInMemory, service_item: str, now_ms: int) -> str:
    packet = a_packet(hall, service_item=service_item)
    with hall.work(now_ms, unit="w3") as work:
        return open_case(
            packet, resident_id="r1", pages=[a_kept_page()], form_digest="", now_ms=now_ms, work=work
        ).case_id


def test_a_day_is_asked_for_by_its_date_or_left_out() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    assert parser.parse_args([]).day is None
    assert parser.parse_args(["--day", DAY]).day == DAY
    with pytest.raises(SystemExit):
        parser.parse_args(["--day", "yesterday"])

"""A number's way through the hall, step by step and in the wrong order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from broker import events
from broker.errors import Refused
from broker.messages import CallPurpose, Priority
from central.ledger import facts
from central.ledger.states import TicketState
from central.ledger.work import TicketRecord
from central.queue.calling import call_next, recall
from central.queue.refusals import (
    QueueEmpty,
    RecallsUsed,
    RecallTooSoon,
    ReentryUsed,
    TicketDayAhead,
    TicketIsCalled,
    TicketIsDone,
    TicketNotHere,
    TicketNumberUsed,
    TicketOfAnotherDay,
    TicketStillOpen,
    TicketUnknown,
    TicketWaitsAlready,
    WindowNotYours,
)
from central.queue.settings import GroupOrder, QueueSettings
from central.queue.tickets import close_day, end_visit, issue_ticket, pass_ticket, present_ticket
from tests.support.rules_hall import DAY, HallInMemory, at

NOW = at("09:30")


class Counter:
    """The hall as its kiosk and windows use it: one method a button."""

    def __init__(self) -> None:
        self.hall = HallInMemory()

    def issue(self, *tickets: str, priority: Priority = Priority.NONE, day: str = DAY, now_ms: int = NOW) -> None:
        for ticket in tickets:
            event = events.TicketIssued(
                event_id=self.hall.new_id(), ticket=ticket, day=day, at_ms=at("09:00"), priority=priority
            )
            self.hall.hear("kiosk", issue_ticket, event, now_ms=now_ms)

    def next(self, window: int, *, unit: str = "", now_ms: int = NOW) -> facts.TicketCalled:
        event = events.NextRequested(event_id=self.hall.new_id(), window=window, at_ms=0)
        return self.hall.hear(unit or f"w{window}", call_next, event, now_ms=now_ms)

    def recall(self, window: int, ticket: str, *, now_ms: int = NOW) -> facts.TicketCalled:
        return self.hall.hear(f"w{window}", recall, self._at(events.RecallRequested, window, ticket), now_ms=now_ms)

    def passes(self, window: int, ticket: str) -> bool:
        return self.hall.hear(f"w{window}", pass_ticket, self._at(events.TicketPassed, window, ticket), now_ms=NOW)

    def present(
        self, window: int | None, ticket: str, *, serve: bool = True, day: str = DAY, now_ms: int = NOW, unit: str = ""
    ) -> None:
        event = self._at(events.TicketPresented, window, ticket, serve=serve, day=day)
        self.hall.hear(unit or f"w{window}", present_ticket, event, now_ms=now_ms)

    def end(self, window: int, ticket: str) -> bool:
        return self.hall.hear(f"w{window}", end_visit, self._at(events.VisitEnded, window, ticket), now_ms=NOW)

    def ticket(self, number: str, day: str = DAY) -> TicketRecord:
        with self.hall.work() as work:
            found = work.tickets.find(day, number)
        assert found is not None
        return found

    def state(self, number: str) -> TicketState:
        return self.ticket(number).state

    def served_in_order(self, window: int, count: int) -> list[str]:
        numbers = []
        for _ in range(count):
            called = self.next(window)
            self.present(window, called.ticket)
            self.end(window, called.ticket)
            numbers.append(called.ticket)
        return numbers

    def set(self, settings: QueueSettings) -> None:
        with self.hall.work() as work:
            value = msgspec.json.encode(settings).decode()
            work.append(facts.SettingsChanged(name="queue", value=value), subject="queue", actor="admin")

    def _at(self, kind: type[Any], window: int | None, ticket: str, **more: Any) -> Any:
        return kind(
            **{"event_id": self.hall.new_id(), "window": window, "ticket": ticket, "day": DAY, "at_ms": 0, **more}
        )


@pytest.fixture
def counter() -> Iterator[Counter]:
    made = Counter()
    yield made
    made.hall.close()


def test_a_call_says_where_to_go_and_is_in_the_book(counter: Counter) -> None:
    counter.issue("A6001")

    called = counter.next(3)

    assert called.text == "请A6001号到3号窗口办理业务"
    assert (called.purpose, called.count, called.window) == (CallPurpose.INTAKE, 1, 3)
    assert called.expires_at_ms == NOW + 300_000
    assert counter.hall.facts(facts.TicketCalled) == [called]
    assert counter.hall.entries()[-1].actor == "w3"


def test_two_windows_that_ask_at_once_never_get_the_same_number(counter: Counter) -> None:
    counter.issue("A6001", "A6002")

    first, second = counter.next(1), counter.next(2)

    assert {first.ticket, second.ticket} == {"A6001", "A6002"}


def test_an_empty_queue_is_refused_and_nothing_is_entered(counter: Counter) -> None:
    before = len(counter.hall.entries())

    with pytest.raises(QueueEmpty):
        counter.next(1)

    assert len(counter.hall.entries()) == before


@pytest.mark.parametrize("served", [False, True])
def test_a_window_with_an_open_number_is_told_to_end_or_pass_it(counter: Counter, served: bool) -> None:
    counter.issue("A6001", "A6002")
    counter.next(1)
    if served:
        counter.present(1, "A6001")

    with pytest.raises(TicketStillOpen) as refusal:
        counter.next(1)

    assert "请先结束或过号当前号码" in refusal.value.notice
    assert counter.state("A6002") is TicketState.WAITING


@pytest.mark.parametrize("unit", ["w2", "kiosk", "w6", "nobody"])
def test_a_unit_calls_for_its_own_intake_window_only(counter: Counter, unit: str) -> None:
    counter.issue("A6001")

    with pytest.raises(WindowNotYours):
        counter.next(1 if unit != "w6" else 6, unit=unit)

    assert counter.state("A6001") is TicketState.WAITING


def test_the_groups_take_turns_however_many_come_to_one(counter: Counter) -> None:
    counter.issue("A6001", "A6002", "A6003", "A6004", "B6001", "C6001")

    assert counter.served_in_order(1, 6) == ["A6001", "B6001", "C6001", "A6002", "A6003", "A6004"]


def test_one_priority_number_to_two_ordinary(counter: Counter) -> None:
    counter.issue("A6001", "A6002", "A6003", "A6004")
    counter.issue("A6005", "A6006", "A6007", priority=Priority.PRIORITY)

    order = counter.served_in_order(1, 7)

    assert order == ["A6005", "A6001", "A6002", "A6006", "A6003", "A6004", "A6007"]


def test_a_recall_is_no_turn(counter: Counter) -> None:
    counter.issue("A6001", "A6002", "B6001")
    counter.next(1)
    counter.recall(1, "A6001")
    counter.recall(1, "A6001")

    assert counter.next(2).ticket == "B6001"


def test_two_recalls_and_then_the_number_is_to_be_passed(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)

    counts = [counter.recall(1, "A6001").count, counter.recall(1, "A6001").count]
    with pytest.raises(RecallsUsed) as refusal:
        counter.recall(1, "A6001")

    assert counts == [2, 3]
    assert "过号" in refusal.value.notice


def test_a_recall_keeps_its_distance_when_the_hall_wants_one(counter: Counter) -> None:
    counter.set(QueueSettings(recall_gap_seconds=30))
    counter.issue("A6001")
    counter.next(1)

    with pytest.raises(RecallTooSoon):
        counter.recall(1, "A6001", now_ms=NOW + 29_999)

    assert counter.recall(1, "A6001", now_ms=NOW + 30_000).count == 2


def test_only_the_window_that_calls_a_number_recalls_it(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)

    with pytest.raises(TicketNotHere):
        counter.recall(2, "A6001")
    counter.present(1, "A6001")
    with pytest.raises(TicketNotHere):
        counter.recall(1, "A6001")
    with pytest.raises(TicketNotHere):
        counter.recall(1, "A6999")


def test_a_passed_number_is_not_called_again_by_itself(counter: Counter) -> None:
    counter.issue("A6001", "A6002")
    counter.next(1)

    assert counter.passes(1, "A6001")

    assert counter.next(1).ticket == "A6002"
    assert counter.state("A6001") is TicketState.PASSED


def test_a_passed_number_shown_again_waits_three_places_behind_the_head(counter: Counter) -> None:
    counter.issue("A6001", "A6002", "A6003", "A6004", "A6005", "A6006")
    counter.next(1)
    counter.passes(1, "A6001")

    counter.present(2, "A6001", serve=False)

    assert counter.served_in_order(1, 6) == ["A6002", "A6003", "A6004", "A6001", "A6005", "A6006"]


def test_with_fewer_waiting_it_is_the_last_of_them_but_before_who_comes_after(counter: Counter) -> None:
    counter.issue("A6001", "A6002")
    counter.next(1)
    counter.passes(1, "A6001")

    counter.present(2, "A6001", serve=False)
    counter.issue("A6003")

    assert counter.served_in_order(1, 3) == ["A6002", "A6001", "A6003"]


def test_with_nobody_waiting_it_is_next(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)
    counter.passes(1, "A6001")

    counter.present(2, "A6001", serve=False)

    assert counter.next(1).ticket == "A6001"


def test_by_arrival_who_comes_back_does_not_overtake_the_other_groups(counter: Counter) -> None:
    counter.set(QueueSettings(group_order=GroupOrder.ARRIVAL))
    counter.issue("A6001", "B6001", "B6002")
    counter.next(1)
    counter.passes(1, "A6001")

    counter.present(2, "A6001", serve=False)

    assert counter.served_in_order(1, 3) == ["B6001", "B6002", "A6001"]


def test_several_who_come_back_stand_in_the_order_in_which_they_came_back(counter: Counter) -> None:
    counter.issue(*(f"A600{number}" for number in range(1, 9)))
    for _ in range(3):
        counter.passes(1, counter.next(1).ticket)

    for number in ("A6003", "A6001", "A6002"):
        counter.present(1, number, serve=False)

    assert counter.served_in_order(1, 8) == [
        "A6004",
        "A6005",
        "A6006",
        "A6003",
        "A6001",
        "A6002",
        "A6007",
        "A6008",
    ]


def test_a_priority_number_comes_back_into_its_own_lane(counter: Counter) -> None:
    counter.issue("A6001", priority=Priority.PRIORITY)
    counter.issue("A6002", "A6003")
    counter.next(1)
    counter.passes(1, "A6001")

    counter.present(1, "A6001", serve=False)

    assert counter.served_in_order(1, 3) == ["A6002", "A6003", "A6001"]


def test_a_number_comes_back_once_and_after_that_a_new_one_is_drawn(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)
    counter.passes(1, "A6001")
    counter.present(1, "A6001", serve=False)
    counter.next(1)
    counter.passes(1, "A6001")

    with pytest.raises(ReentryUsed) as refusal:
        counter.present(1, "A6001", serve=False)

    assert "请重新取号" in refusal.value.notice


def test_recalls_begin_anew_when_a_number_has_come_back(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)
    counter.recall(1, "A6001")
    counter.passes(1, "A6001")
    counter.present(1, "A6001", serve=False)

    assert counter.next(2).count == 1


def test_the_kiosk_lets_a_passed_number_in_again_too(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)
    counter.passes(1, "A6001")

    counter.present(None, "A6001", serve=False, unit="kiosk")

    assert counter.state("A6001") is TicketState.WAITING


def test_only_a_passed_number_may_come_back(counter: Counter) -> None:
    def refused(number: str, **more: Any) -> type[Refused]:
        with pytest.raises(Refused) as refusal:
            counter.present(2, number, serve=False, **more)
        assert refusal.value.notice.strip()
        return type(refusal.value)

    assert refused("A6001") is TicketUnknown
    counter.issue("A6001")
    assert refused("A6001") is TicketWaitsAlready
    counter.next(1)
    assert refused("A6001") is TicketIsCalled
    counter.present(1, "A6001")
    assert refused("A6001") is TicketIsCalled
    counter.end(1, "A6001")
    assert refused("A6001") is TicketIsDone
    assert refused("A6001", day="2026-11-20") is TicketOfAnotherDay


def test_a_window_serves_who_stands_there_even_if_the_number_was_called_elsewhere(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)

    counter.present(2, "A6001")

    assert counter.ticket("A6001").window == 2
    with pytest.raises(QueueEmpty):
        counter.next(1)  # and the first window is free again


def test_a_passed_number_is_served_at_once_if_the_clerk_wants_it(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)
    counter.passes(1, "A6001")

    counter.present(1, "A6001")

    assert counter.state("A6001") is TicketState.SERVING


def test_the_next_ticket_laid_down_ends_the_visit_before(counter: Counter) -> None:
    counter.issue("A6001", "A6002")
    counter.next(1)
    counter.present(1, "A6001")

    counter.present(1, "A6002")

    assert counter.state("A6001") is TicketState.FINISHED
    assert counter.state("A6002") is TicketState.SERVING


def test_the_next_ticket_laid_down_passes_a_call_that_nobody_answered(counter: Counter) -> None:
    counter.issue("A6001", "A6002")
    counter.next(1)

    counter.present(1, "A6002")

    assert counter.state("A6001") is TicketState.PASSED


def test_a_visit_that_was_opened_and_ended_offline_is_entered_without_its_issue(counter: Counter) -> None:
    counter.present(1, "A6001")
    counter.end(1, "A6001")

    counter.issue("A6001")  # the kiosk was offline and tells of it only now

    assert counter.state("A6001") is TicketState.FINISHED
    with pytest.raises(QueueEmpty):
        counter.next(1)


def test_presenting_twice_is_one_visit(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)

    counter.present(1, "A6001")
    counter.present(1, "A6001")

    assert len(counter.hall.facts(facts.VisitOpened)) == 1


def test_what_comes_late_says_nothing_new_and_is_no_error(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)
    counter.present(1, "A6001")
    counter.end(1, "A6001")
    before = len(counter.hall.entries())

    assert not counter.end(1, "A6001")
    assert not counter.passes(1, "A6001")
    assert not counter.passes(1, "A6999")

    assert len(counter.hall.entries()) == before


def test_a_window_does_not_end_the_visit_that_goes_on_at_another(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)
    counter.present(2, "A6001")

    assert not counter.end(1, "A6001")
    assert not counter.passes(1, "A6001")

    assert counter.state("A6001") is TicketState.SERVING


def test_one_number_is_issued_once_a_day(counter: Counter) -> None:
    counter.issue("A6001")

    with pytest.raises(TicketNumberUsed) as refusal:
        counter.issue("A6001")

    assert "重新取号" in refusal.value.notice


def test_a_number_of_yesterday_told_today_waits_for_nobody(counter: Counter) -> None:
    counter.issue("A6001", day="2026-11-20")

    assert counter.ticket("A6001", "2026-11-20").state is TicketState.UNQUEUED
    with pytest.raises(QueueEmpty):
        counter.next(1)


def test_a_kiosk_whose_day_has_not_come_is_told_so(counter: Counter) -> None:
    with pytest.raises(TicketDayAhead):
        counter.issue("A6001", day="2026-11-24")


def test_a_station_s_number_is_in_no_queue(counter: Counter) -> None:
    event = events.TicketIssued(
        event_id=counter.hall.new_id(), ticket="S1001", day=DAY, at_ms=at("09:00"), queued=False
    )

    counter.hall.hear("station-1", issue_ticket, event, now_ms=NOW)

    assert counter.state("S1001") is TicketState.UNQUEUED
    with pytest.raises(QueueEmpty):
        counter.next(1)


def test_a_number_of_a_group_that_the_hall_does_not_name_is_still_called(counter: Counter) -> None:
    counter.issue("Z6001")

    assert counter.next(1).ticket == "Z6001"


def test_numbers_drawn_before_closing_are_still_called_after_it(counter: Counter) -> None:
    counter.issue("A6001", now_ms=at("16:59"))

    assert counter.next(1, now_ms=at("17:20")).ticket == "A6001"


def test_yesterday_s_numbers_are_never_called_even_if_nobody_closed_the_day(counter: Counter) -> None:
    counter.issue("A6001")
    counter.next(1)  # still on the window's display over night

    with pytest.raises(QueueEmpty):
        counter.next(1, now_ms=at("09:00", "2026-11-24"))


def test_closing_the_day_lets_everything_left_lapse_and_nothing_else(counter: Counter) -> None:
    counter.issue("A6001", "A6002", "A6003", "A6004", "A6005")
    assert counter.served_in_order(1, 1) == ["A6001"]
    counter.passes(1, counter.next(1).ticket)
    counter.present(2, counter.next(2).ticket)
    counter.next(3)

    with counter.hall.work(at("00:01", "2026-11-24")) as work:
        assert close_day(DAY, work=work) == 4
    with counter.hall.work(at("00:02", "2026-11-24")) as work:
        assert close_day(DAY, work=work) == 0

    states = [counter.state(f"A600{number}") for number in range(1, 6)]
    assert states == [TicketState.FINISHED, *[TicketState.LAPSED] * 4]
    with pytest.raises(TicketOfAnotherDay):
        counter.present(1, "A6002", serve=False, now_ms=at("09:00", "2026-11-24"))


def test_closing_a_day_leaves_the_next_one_alone(counter: Counter) -> None:
    counter.issue("A6001", day="2026-11-24", now_ms=at("09:00", "2026-11-24"))

    with counter.hall.work(at("09:01", "2026-11-24")) as work:
        assert close_day(DAY, work=work) == 0

    assert counter.ticket("A6001", "2026-11-24").state is TicketState.WAITING


def test_a_refusal_in_the_middle_of_a_transaction_changes_nothing(counter: Counter) -> None:
    counter.issue("A6001")
    before = counter.hall.entries()

    with pytest.raises(WindowNotYours):
        counter.present(2, "A6001", unit="w1")

    assert counter.hall.entries() == before

"""A day of the queue, told by hypothesis: whatever is pressed in whatever order, nobody is lost, doubled or starved."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from broker import events
from broker.errors import Refused
from broker.messages import Priority
from central.ledger import facts
from central.ledger.states import TicketState
from central.queue.calling import call_next, recall
from central.queue.refusals import QueueEmpty, RecallsUsed, ReentryUsed
from central.queue.settings import QueueSettings
from central.queue.tickets import end_visit, issue_ticket, pass_ticket, present_ticket
from tests.support.rules_hall import DAY, HallInMemory, at

GROUPS = "ABC"
RULES = QueueSettings()
WINDOWS = st.integers(min_value=1, max_value=3)


@dataclass
class Waiting:
    """What the model knows of a number that waits, and how long it may still wait."""

    lane: tuple[str, bool]
    ahead: int  # numbers of its own queue that may be called before it
    turns: int = 0  # turns of its lane since it came


class DayInTheQueue(RuleBasedStateMachine):
    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.hall = HallInMemory()
        self.waiting: dict[str, Waiting] = {}
        self.open: dict[int, tuple[str, bool]] = {}  # window -> number, and whether its visit is open
        self.passed: dict[str, tuple[str, bool]] = {}
        self.done: set[str] = set()
        self.reentered: set[str] = set()
        self.lanes: dict[str, tuple[str, bool]] = {}
        self.recalls: dict[int, int] = {}

    def teardown(self) -> None:
        self.hall.close()

    def hear(self, unit: str, use_case: object, event: object) -> object:
        return self.hall.hear(unit, use_case, event, now_ms=at("10:00"))  # type: ignore[arg-type]

    @rule(target=numbers, group=st.sampled_from(GROUPS), priority=st.sampled_from(list(Priority)))
    def a_number_is_drawn(self, group: str, priority: Priority) -> str:
        lane = (group, priority is not Priority.NONE)
        number = f"{group}{6001 + sum(each[0] == group for each in self.lanes.values())}"
        event = events.TicketIssued(
            event_id=self.hall.new_id(), ticket=number, day=DAY, at_ms=at("09:00"), priority=priority
        )
        self.hear("kiosk", issue_ticket, event)
        self._comes(number, lane, behind=None)
        self.lanes[number] = lane
        return number

    @rule(window=WINDOWS)
    def next(self, window: int) -> None:
        event = events.NextRequested(event_id=self.hall.new_id(), window=window, at_ms=0)
        if window in self.open or not self.waiting:
            refused = self._refused(f"w{window}", call_next, event)
            assert refused is not None
            assert isinstance(refused, QueueEmpty) == (window not in self.open)
            return
        called = self.hear(f"w{window}", call_next, event)
        assert isinstance(called, facts.TicketCalled)
        assert called.ticket in self.waiting, "only who waits is called, and nobody twice"
        mine = self.waiting.pop(called.ticket)
        for other in self.waiting.values():
            other.turns += other.lane[1] == mine.lane[1]
        assert mine.turns < (mine.ahead + 1) * len(GROUPS), "called within its bound"
        self.open[window] = (called.ticket, False)
        self.recalls[window] = 0

    @rule(window=WINDOWS)
    def recall(self, window: int) -> None:
        if window not in self.open or self.open[window][1]:
            return
        number, _ = self.open[window]
        event = events.RecallRequested(event_id=self.hall.new_id(), window=window, ticket=number, day=DAY, at_ms=0)
        if self.recalls[window] == RULES.recalls_max:
            assert isinstance(self._refused(f"w{window}", recall, event), RecallsUsed)
            return
        called = self.hear(f"w{window}", recall, event)
        assert isinstance(called, facts.TicketCalled)
        self.recalls[window] += 1
        assert called.count == self.recalls[window] + 1

    @rule(window=WINDOWS)
    def passes(self, window: int) -> None:
        if window not in self.open:
            return
        number, _ = self.open.pop(window)
        event = events.TicketPassed(event_id=self.hall.new_id(), window=window, ticket=number, day=DAY, at_ms=0)
        assert self.hear(f"w{window}", pass_ticket, event)
        self.passed[number] = self.lanes[number]

    @rule(number=numbers, window=WINDOWS)
    def is_shown_again(self, number: str, window: int) -> None:
        event = events.TicketPresented(
            event_id=self.hall.new_id(), window=window, ticket=number, day=DAY, at_ms=0, serve=False
        )
        if number not in self.passed:
            assert self._refused(f"w{window}", present_ticket, event) is not None
            return
        if number in self.reentered:
            assert isinstance(self._refused(f"w{window}", present_ticket, event), ReentryUsed)
            return
        self.hear(f"w{window}", present_ticket, event)
        self.reentered.add(number)
        self._comes(number, self.passed.pop(number), behind=RULES.reentry_places)

    @rule(window=WINDOWS)
    def comes_to_the_window(self, window: int) -> None:
        if window in self.open:
            number, _ = self.open[window]
            self._serve(window, number)
            self.open[window] = (number, True)

    @rule(number=numbers, window=WINDOWS)
    def stands_at_a_window_uncalled(self, number: str, window: int) -> None:
        """A clerk reads whatever ticket lies there: the windows work even when the hall's order is not kept."""
        elsewhere = [each for each, (open_number, _) in self.open.items() if open_number == number]
        if elsewhere == [window]:
            return
        for other in elsewhere:
            del self.open[other]
        if window in self.open:
            before, is_served = self.open.pop(window)
            if is_served:
                self.done.add(before)
            else:
                self.passed[before] = self.lanes[before]
        self._serve(window, number)
        self.waiting.pop(number, None)
        self.passed.pop(number, None)
        self.done.discard(number)
        self.open[window] = (number, True)

    @rule(target=numbers, window=WINDOWS, number=consumes(numbers))
    def is_served(self, window: int, number: str) -> object:
        if window not in self.open or self.open[window][0] != number:
            return number
        del self.open[window]
        event = events.VisitEnded(event_id=self.hall.new_id(), window=window, ticket=number, day=DAY, at_ms=0)
        assert self.hear(f"w{window}", end_visit, event)
        self.done.add(number)
        return multiple(number)

    @invariant()
    def nobody_is_lost_and_everybody_is_where_the_hall_thinks(self) -> None:
        expected = dict.fromkeys(self.waiting, TicketState.WAITING)
        expected |= dict.fromkeys(self.passed, TicketState.PASSED)
        expected |= dict.fromkeys(self.done, TicketState.FINISHED)
        expected |= {
            number: TicketState.SERVING if is_served else TicketState.CALLED for number, is_served in self.open.values()
        }
        with self.hall.work() as work:
            states = {number: work.tickets.find(DAY, number) for number in self.lanes}
            at_windows = {window: work.tickets.at_window(DAY, window) for window in (1, 2, 3)}
            counted = sum(work.tickets.waiting_counts(DAY).values())
        assert {number: record.state for number, record in states.items() if record is not None} == expected
        assert counted == len(self.waiting)
        assert {window: record.ticket for window, record in at_windows.items() if record is not None} == {
            window: number for window, (number, _) in self.open.items()
        }

    @invariant()
    def the_book_has_no_gaps(self) -> None:
        numbers = [entry.seq for entry in self.hall.entries()]
        assert numbers == list(range(1, len(numbers) + 1))

    def _comes(self, number: str, lane: tuple[str, bool], behind: int | None) -> None:
        """Enter a number in the model; `behind` many go before one who comes back, all before one who is new.

        Who comes back stands before others, who may thus have one more before them.
        """
        before = [each for each in self.waiting.values() if each.lane == lane]
        ahead = len(before)
        if behind is not None:
            for each in before:
                each.ahead += 1
        self.waiting[number] = Waiting(lane, ahead)

    def _serve(self, window: int, number: str) -> None:
        event = events.TicketPresented(event_id=self.hall.new_id(), window=window, ticket=number, day=DAY, at_ms=0)
        self.hear(f"w{window}", present_ticket, event)

    def _refused(self, unit: str, use_case: object, event: object) -> Refused | None:
        before = len(self.hall.entries())
        try:
            self.hear(unit, use_case, event)
        except Refused as refusal:
            assert len(self.hall.entries()) == before, "a refusal changes nothing"
            assert refusal.notice
            return refusal
        return None


TestDayInTheQueue = DayInTheQueue.TestCase
TestDayInTheQueue.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

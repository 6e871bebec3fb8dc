"""What a day was like, in numbers. Pure: the day's tickets and cases come in, one `HallFigures` goes out.

Times are by central's clock, but for the moment of issue, which is the kiosk's. Goes to the administrator's page and to
`onewindow-central figures`. What a figure means, and what it leaves out, stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from central.ledger.states import CaseState, TicketState
from central.promises.due import OfficeHours

INTAKE_GOAL_MS: Final = 600_000  # DESIGN.md 1: intake done within 10 minutes
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTimes:
    """One ticket of the day, as far as figures need it."""

    group: str
    state: TicketState
    priority: bool
    queued: bool
    issued_at_ms: int
    first_called_at_ms: int | None = None
    opened_at_ms: int | None = None
    ended_at_ms: int | None = None
    reentries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTimes:
    """One case opened, due or closed on the day."""

    kind: str  # same_day | promised
    state: CaseState
    is_refused: bool
    opened_at_ms: int
    decided_at_ms: int | None = None
    closed_at_ms: int | None = None
    due_on: str = ""
    page_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a time is spread over people. All 0 when `count` is 0."""

    count: int = 0
    mean_ms: int = 0
    p50_ms: int = 0
    p90_ms: int = 0
    max_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """Counts of the day's numbers for the windows; a station's own are not among them."""

    issued: int = 0
    priority: int = 0
    waiting: int = 0
    at_window: int = 0
    served: int = 0  # visits that have ended at a window
    passed: int = 0  # passed and not back
    reentered: int = 0
    cancelled: int = 0
    lapsed: int = 0
    by_group: dict[str, int] = field(default_factory=dict)  # letter -> issued


@dataclass(frozen=True, slots=True, kw_only=True)
class HallFigures:
    """One day of the hall."""

    day: str
    queue: QueueFigures
    waiting: Spread  # from issue to the first call
    intake: Spread  # from the visit's opening to its end
    intake_within_goal: int  # visits within INTAKE_GOAL_MS
    cases: int  # opened that day
    pages: int
    same_day_cases: int
    same_day_decided: int  # of those, decided the very day
    promised_cases: int
    refused: int
    correction: int
    under_way: int
    ready: int  # waits to be handed over
    closed: int
    handling: Spread  # of the same-day cases decided: from opening to decision
    promises_due: int  # due that day, whenever opened
    promises_kept: int  # of those, decided by the close of that day
    promises_overdue: int  # due before, and not decided

    @property
    def same_day_share(self) -> float | None:
        """Of the day's same-day cases those decided the very day, 0 to 1; None when there were none."""
        return self.same_day_decided / self.same_day_cases if self.same_day_cases else None

    @property
    def promise_share(self) -> float | None:
        """Of the promises due those kept, 0 to 1; None when none was due."""
        return self.promises_kept / self.promises_due if self.promises_due else None


def figures(
    day: str,
    tickets: Sequence[TicketTimes],
    opened: Sequence[CaseTimes],
    due: Sequence[CaseTimes],
    *,
    overdue: int,
    hours: OfficeHours,
) -> HallFigures:
    """Count the day.

    Args:
        tickets: all of that ticket day.
        opened: the cases opened that day.
        due: the promised cases due that day.
        overdue: how many promises of earlier days are still undecided.
    """
    queued = [ticket for ticket in tickets if ticket.queued]
    visits = [
        took
        for ticket in queued
        if ticket.state is TicketState.FINISHED
        and (took := _between(ticket.opened_at_ms, ticket.ended_at_ms)) is not None
    ]
    same_day = [case for case in opened if case.kind == "same_day"]
    decided = [
        case.decided_at_ms - case.opened_at_ms
        for case in same_day
        if case.decided_at_ms is not None and hours.day(case.decided_at_ms).isoformat() == day
    ]
    closing_ms = hours.closing_ms(date.fromisoformat(day))
    return HallFigures(
        day=day,
        queue=_queue(queued),
        waiting=spread(
            waited
            for ticket in queued
            if (waited := _between(ticket.issued_at_ms, ticket.first_called_at_ms)) is not None and waited < _DAY_MS
        ),
        intake=spread(visits),
        intake_within_goal=sum(took <= INTAKE_GOAL_MS for took in visits),
        cases=len(opened),
        pages=sum(case.page_count for case in opened),
        same_day_cases=len(same_day),
        same_day_decided=len(decided),
        promised_cases=len(opened) - len(same_day),
        refused=sum(case.is_refused for case in opened),
        correction=_count(opened, CaseState.CORRECTION),
        under_way=_count(opened, CaseState.OPEN, CaseState.ASSIGNED, CaseState.APPROVED),
        ready=_count(opened, CaseState.READY),
        closed=_count(opened, CaseState.CLOSED),
        handling=spread(decided),
        promises_due=len(due),
        promises_kept=sum(case.decided_at_ms is not None and case.decided_at_ms <= closing_ms for case in due),
        promises_overdue=overdue,
    )


def spread(times_ms: Iterable[int]) -> Spread:
    """Return mean and quantiles (nearest rank) of durations in milliseconds."""
    ordered = sorted(times_ms)
    if not ordered:
        return Spread()
    return Spread(
        count=len(ordered),
        mean_ms=sum(ordered) // len(ordered),
        p50_ms=_rank(ordered, 50),
        p90_ms=_rank(ordered, 90),
        max_ms=ordered[-1],
    )


def _rank(ordered: Sequence[int], percent: int) -> int:
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _queue(queued: Sequence[TicketTimes]) -> QueueFigures:
    states = [ticket.state for ticket in queued]
    by_group: dict[str, int] = {}
    for ticket in queued:
        by_group[ticket.group] = by_group.get(ticket.group, 0) + 1
    return QueueFigures(
        issued=len(queued),
        priority=sum(ticket.priority for ticket in queued),
        waiting=states.count(TicketState.WAITING),
        at_window=states.count(TicketState.CALLED) + states.count(TicketState.SERVING),
        served=states.count(TicketState.FINISHED),
        passed=states.count(TicketState.PASSED),
        reentered=sum(ticket.reentries > 0 for ticket in queued),
        cancelled=states.count(TicketState.CANCELLED),
        lapsed=states.count(TicketState.LAPSED),
        by_group=dict(sorted(by_group.items())),
    )


def _count(cases: Sequence[CaseTimes], *states: CaseState) -> int:
    return sum(case.state in states for case in cases)


def _between(start_ms: int | None, end_ms: int | None) -> int | None:
    """Return the time between; None when one is missing or the kiosk's clock puts them the wrong way round."""
    if start_ms is None or end_ms is None or end_ms < start_ms:
        return None
    return end_ms - start_ms

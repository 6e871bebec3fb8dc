"""What happens in the hall besides papers: tickets issued, buttons pressed, calls shown, results handed over.

Travel edge -> central, signed; each is answered by a `Receipt` for its `event_id`. A LASTING event stays in the unit's
outbox until that receipt, as a packet does; a passing one (下一位) is of no use later and is given up after seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from broker.errors import require
from broker.ids import is_case_number, is_day, is_id, is_ticket
from broker.messages import TIME_MS_MAX, WINDOWS_MAX, Priority


class VisitOutcome(StrEnum):
    FINISHED = "finished"  # papers taken, or nothing more to do
    CANCELLED = "cancelled"  # the resident left or it cannot be done today


class HandoverProof(StrEnum):
    TICKET = "ticket"
    RECEIPT = "receipt"
    ID_CARD = "id_card"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketIssued:
    """取号: the kiosk has printed a number. The identity is not here: it is sealed in the ticket's own code."""

    KIND: ClassVar[str] = "ticket-issued/1"
    LASTING: ClassVar[bool] = True

    event_id: str
    ticket: str
    day: str  # hall day, YYYY-MM-DD
    at_ms: int
    priority: Priority = Priority.NONE
    queued: bool = True  # False: issued at a station, for no window's queue

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        _require_ticket(self.ticket, self.day)

    @property
    def group(self) -> str:
        return self.ticket[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextRequested:
    """下一位: this window is free. Central answers with a `Call`, or refuses with the reason (queue-empty)."""

    KIND: ClassVar[str] = "next-requested/1"
    LASTING: ClassVar[bool] = False

    event_id: str
    window: int
    at_ms: int

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        _require_window(self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallRequested:
    """重呼: call the same number again."""

    KIND: ClassVar[str] = "recall-requested/1"
    LASTING: ClassVar[bool] = False

    event_id: str
    window: int
    ticket: str
    day: str
    at_ms: int

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        _require_window(self.window)
        _require_ticket(self.ticket, self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPassed:
    """过号: called and not come."""

    KIND: ClassVar[str] = "ticket-passed/1"
    LASTING: ClassVar[bool] = True

    event_id: str
    window: int
    ticket: str
    day: str
    at_ms: int

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        _require_window(self.window)
        _require_ticket(self.ticket, self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPresented:
    """The ticket was read at a window. `serve`: the visit opens here; otherwise a passed number asks to re-enter."""

    KIND: ClassVar[str] = "ticket-presented/1"
    LASTING: ClassVar[bool] = True

    event_id: str
    window: int | None
    ticket: str
    day: str
    at_ms: int
    serve: bool = True

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        if self.window is not None:
            _require_window(self.window)
        _require_ticket(self.ticket, self.day)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded:
    """The front seat is done with this number."""

    KIND: ClassVar[str] = "visit-ended/1"
    LASTING: ClassVar[bool] = True

    event_id: str
    window: int | None
    ticket: str
    day: str
    at_ms: int
    outcome: VisitOutcome = VisitOutcome.FINISHED
    packets: int = 0  # accepted in this visit

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        if self.window is not None:
            _require_window(self.window)
        _require_ticket(self.ticket, self.day)
        require(0 <= self.packets <= 99, "a visit has 0 to 99 packets")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShown:
    """A unit has shown and spoken a call; central repeats a call that nobody has shown."""

    KIND: ClassVar[str] = "call-shown/1"
    LASTING: ClassVar[bool] = False

    event_id: str
    call_id: str
    at_ms: int

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        require(is_id(self.call_id), "a call's id is a UUIDv7")


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupAsked:
    """Someone stands at a window for a result. Sealed, since it may carry an id number. Answered by a `PickupList`."""

    KIND: ClassVar[str] = "pickup-asked/1"
    LASTING: ClassVar[bool] = False

    event_id: str
    window: int
    at_ms: int
    ticket: str = ""  # with its day; or
    day: str = ""
    case_number: str = ""  # from the printed receipt; or
    id_number: str = ""  # from the card

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        _require_window(self.window)
        require(
            sum(map(bool, (self.ticket, self.case_number, self.id_number))) == 1,
            "a pickup is asked for in exactly one way",
        )
        if self.ticket:
            _require_ticket(self.ticket, self.day)
        require(self.case_number == "" or is_case_number(self.case_number), "a case number is 6 to 32 of A-Z 0-9 -")
        require(len(self.id_number) <= 20, "an id number has at most 20 characters")

    def __repr__(self) -> str:
        return f"PickupAsked(event_id={self.event_id!r}, window={self.window})"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """出件: the result is in the resident's hand."""

    KIND: ClassVar[str] = "handed-over/1"
    LASTING: ClassVar[bool] = True

    event_id: str
    window: int
    case_number: str
    proof: HandoverProof
    at_ms: int

    def __post_init__(self) -> None:
        _require_event(self.event_id, self.at_ms)
        _require_window(self.window)
        require(is_case_number(self.case_number), "a case number is 6 to 32 of A-Z 0-9 -")


Event = (
    TicketIssued
    | NextRequested
    | RecallRequested
    | TicketPassed
    | TicketPresented
    | VisitEnded
    | CallShown
    | PickupAsked
    | HandedOver
)


def _require_event(event_id: str, at_ms: int) -> None:
    require(is_id(event_id), "an event's id is a UUIDv7")
    require(0 <= at_ms <= TIME_MS_MAX, "a time is milliseconds from 1970 to 2100")


def _require_window(window: int) -> None:
    require(1 <= window <= WINDOWS_MAX, f"a window is 1 to {WINDOWS_MAX}")


def _require_ticket(ticket: str, day: str) -> None:
    require(is_ticket(ticket), "a ticket is a capital letter and four digits")
    require(is_day(day), "a ticket's day is YYYY-MM-DD")

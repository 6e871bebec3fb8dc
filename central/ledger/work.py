"""The unit of work: what a use case may read and append, in one transaction, and nothing else.

A use case is a function `(message or command, now_ms, work) -> result`. It reads through the ports below and changes
the book only by `work.append(fact, …)`, which also applies the fact to the tables, so that what is read next is already
true. Who made the unit of work commits it; leaving without commit changes nothing. SQL stands in `central.storage`.
Everything is of one hall, `work.hall`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from broker.messages import CallPurpose, Priority, Resident
from central.ledger.entry import Entry, Origin
from central.ledger.facts import CatalogueItem, Fact
from central.ledger.states import CaseState, TicketState

PLACE_STEP: Final = 1 << 20  # a ticket's place is its entry's number times this: between two is room to re-enter


class Clock(Protocol):
    """Central's own time; only this counts for promises."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds."""
        ...


class Rng(Protocol):
    def token_bytes(self, count: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class TicketRecord:
    ticket: str
    day: str
    group: str  # the letter
    priority: Priority
    state: TicketState
    place: int  # among the waiting the lower is called first; issued_seq * PLACE_STEP unless re-entered
    issued_at_ms: int
    window: int | None  # where it is called or served
    calls: int  # calls in this turn, recalls included
    reentries: int
    first_called_at_ms: int | None
    called_at_ms: int | None  # the newest call
    opened_at_ms: int | None  # the visit
    ended_at_ms: int | None
    queued: bool
    issued_seq: int  # number of the entry


@dataclass(frozen=True, slots=True)
class CallRecord:
    counter: int  # number of the entry
    call_id: str
    ticket: str
    day: str
    group: str
    window: int
    purpose: CallPurpose
    text: str
    called_at_ms: int
    expires_at_ms: int
    count: int
    case_number: str
    service_item: str
    priority_turn: bool


@dataclass(frozen=True, slots=True)
class CaseRecord:
    case_id: str
    case_number: str
    service_item: str
    kind: str  # same_day | promised
    state: CaseState
    desk: str
    officer: str  # staff_id; empty when on the desk's list
    resident_id: str
    ticket: str
    ticket_day: str
    unit: str
    window: int | None  # that took it in
    ready_window: int | None  # where the result waits
    due_on: str  # YYYY-MM-DD, or empty
    due_provisional: bool
    opened_at_ms: int  # central's clock
    decided_at_ms: int | None
    closed_at_ms: int | None
    reason: str  # of a refusal or a correction
    opened_seq: int
    changed_seq: int


@dataclass(frozen=True, slots=True)
class PageRecord:
    case_id: str
    index: int
    material: str
    plain_digest: str
    stored_digest: str
    stored_bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StaffRecord:
    staff_id: str
    name: str
    roles: tuple[str, ...]
    desks: tuple[str, ...]
    active: bool
    present: bool
    open_tasks: int  # assigned or in correction


@dataclass(frozen=True, slots=True)
class UnitRecord:
    unit: str
    role: str
    window: int | None
    signing_key: str  # hex of the raw public key
    sealing_key: str
    revoked: bool
    forked: bool


@dataclass(frozen=True, slots=True)
class HallRecord:
    hall: str
    name: str
    groups: Mapping[str, str]
    windows: tuple[int, ...]
    pickup_window: int | None


class Tickets(Protocol):
    def find(self, day: str, ticket: str) -> TicketRecord | None: ...

    def first_waiting(
        self, day: str, *, group: str | None = None, priority: Priority | None = None
    ) -> TicketRecord | None:
        """Return the waiting ticket with the lowest place, of that group and priority if they are given."""
        ...

    def waiting(
        self, day: str, *, group: str | None = None, priority: Priority | None = None, limit: int = 100
    ) -> Sequence[TicketRecord]:
        """Return the waiting tickets by place, of that group and priority if they are given."""
        ...

    def unfinished(self, *, until_day: str, limit: int = 500) -> Sequence[TicketRecord]:
        """Return tickets of this day and earlier that wait, are called, served or passed: what a closing day ends."""
        ...

    def waiting_counts(self, day: str) -> Mapping[tuple[str, Priority], int]:
        """Return how many wait, by group and priority; combinations with none are absent."""
        ...

    def at_window(self, day: str, window: int) -> TicketRecord | None:
        """Return the ticket called to or served at this window: the newest call if there were several."""
        ...


class Calls(Protocol):
    def find(self, call_id: str) -> CallRecord | None: ...

    def newest(self, day: str, *, purpose: CallPurpose | None = None, limit: int = 10) -> Sequence[CallRecord]:
        """Return the newest calls of a ticket day, newest first."""
        ...

    def newest_of(self, day: str, ticket: str, purpose: CallPurpose) -> CallRecord | None: ...

    def shown_by(self, call_id: str) -> Sequence[str]:
        """Return the units that have shown it."""
        ...


class Cases(Protocol):
    def find(self, case_id: str) -> CaseRecord | None: ...

    def find_number(self, case_number: str) -> CaseRecord | None: ...

    def of_resident(self, resident_id: str, *, limit: int = 50) -> Sequence[CaseRecord]:
        """Return a resident's cases, newest first."""
        ...

    def of_ticket(self, day: str, ticket: str) -> Sequence[CaseRecord]: ...

    def pages(self, case_id: str) -> Sequence[PageRecord]: ...

    def next_number(self, day: str) -> str:
        """Return the next free case number of this day, as printed: 20261123-00042."""
        ...

    def open_promises(self, *, after_case: str = "", limit: int = 500) -> Sequence[CaseRecord]:
        """Return promised cases under way, by case_id, for recomputing."""
        ...


class Tasks(Protocol):
    """What waits on the desks: cases assigned or in correction, and those that no officer has yet."""

    def of_officer(self, officer: str, *, limit: int = 100) -> Sequence[CaseRecord]:
        """Return an officer's open cases, the earliest promise first."""
        ...

    def of_desk(self, desk: str, *, limit: int = 100) -> Sequence[CaseRecord]:
        """Return a desk's cases that no officer has, the earliest promise first."""
        ...

    def ready(self, *, window: int | None = None, limit: int = 100) -> Sequence[CaseRecord]:
        """Return results that wait to be handed over, oldest first."""
        ...


class Staff(Protocol):
    def find(self, staff_id: str) -> StaffRecord | None: ...

    def all(self) -> Sequence[StaffRecord]: ...

    def least_loaded(self, desk: str) -> StaffRecord | None:
        """Return the present, active officer of this desk with the fewest open tasks; ties by staff_id."""
        ...

    def password_hash(self, staff_id: str) -> str | None: ...

    def set_password_hash(self, staff_id: str, password_hash: str) -> None:
        """Keep an argon2 hash beside the book; append `PasswordChanged` as well."""
        ...


class Units(Protocol):
    def find(self, unit: str) -> UnitRecord | None: ...

    def all(self) -> Sequence[UnitRecord]: ...

    def of_window(self, window: int) -> Sequence[UnitRecord]: ...


class Catalogue(Protocol):
    def find(self, code: str) -> CatalogueItem | None: ...

    def all(self) -> Sequence[CatalogueItem]: ...

    def digest(self) -> str:
        """Return the digest of the catalogue that is loaded; empty when there is none."""
        ...


class Settings(Protocol):
    def find(self, name: str) -> str | None:
        """Return a setting's JSON text as last changed in the book, or None."""
        ...


class Packets(Protocol):
    """Which messages are in the book already."""

    def seen(self, message: str) -> Entry | None:
        """Return the first entry that came of this packet or event."""
        ...


class Vault(Protocol):
    """Who the residents are: outside the book, each under a key of their own."""

    def ids_of(self, id_number: str) -> tuple[str, ...]:
        """Return the resident ids that this number may have, one for each kind of card."""
        ...

    def identity(self, resident_id: str) -> Resident | None:
        """Return who it is, or None when erased or never known. Append `PersonOpened` when staff asked."""
        ...

    def form(self, case_id: str) -> Mapping[str, str] | None:
        """Return what the clerk filled in, or None when the resident is erased."""
        ...

    def page(self, case_id: str, index: int) -> bytes | None:
        """Return a page's picture (JPEG), or None when the resident is erased.

        Raises:
            PageDamaged: the file is missing or is not what the book says.
        """
        ...

    def destroy(self, resident_id: str) -> bool:
        """Destroy a resident's key; True if there was one. Append `ResidentErased` as well."""
        ...


class UnitOfWork(Protocol):
    """One transaction on one hall's book."""

    @property
    def hall(self) -> str: ...

    @property
    def origin(self) -> Origin | None:
        """Return the message from the wire that is being handled; its unit is the actor. None for staff's commands."""
        ...

    @property
    def tickets(self) -> Tickets: ...

    @property
    def calls(self) -> Calls: ...

    @property
    def cases(self) -> Cases: ...

    @property
    def tasks(self) -> Tasks: ...

    @property
    def staff(self) -> Staff: ...

    @property
    def units(self) -> Units: ...

    @property
    def catalogue(self) -> Catalogue: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def packets(self) -> Packets: ...

    @property
    def vault(self) -> Vault: ...

    def hall_record(self) -> HallRecord | None: ...

    def append(self, fact: Fact, *, subject: str, actor: str) -> Entry:
        """Add an entry with the next number and apply it to the tables. True for good only after commit."""
        ...

    def new_id(self) -> str:
        """Return a fresh UUIDv7."""
        ...

    def head(self) -> tuple[int, str]:
        """Return the newest entry's number and hash, this transaction's own included."""
        ...

"""Every change that the hall's book can hold, as a fact. Nothing of a resident stands in one, only `resident_id`.

A use case decides and appends facts through the unit of work; `central.storage.projections` has one function per fact
that changes the tables; replay applies the same functions again. A fact once released is never renamed, retyped or
dropped: new fields go last with a default, anything else is a new KIND.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

import msgspec

from broker.messages import CallPurpose, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class HallOpened:
    """The hall as data: its name, its groups and its windows. Appended at `init` and whenever they change."""

    KIND: ClassVar[str] = "hall-opened/1"
    name: str
    groups: dict[str, str]  # letter -> name
    windows: tuple[int, ...] = ()
    pickup_window: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEnrolled:
    """A unit may speak. The same unit id again replaces its keys (a new device at the same place)."""

    KIND: ClassVar[str] = "unit-enrolled/1"
    unit: str
    role: str  # intake | pickup | kiosk | station | board
    signing_key: str  # Ed25519 public key, 32 bytes in hex
    sealing_key: str = ""  # X25519 public key, 32 bytes in hex
    window: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRevoked:
    """From this entry on central takes nothing from the unit and sends nothing to it."""

    KIND: ClassVar[str] = "unit-revoked/1"
    unit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitForked:
    """Two messages of one unit carry the same boot and sequence: there are two of it. A person must look."""

    KIND: ClassVar[str] = "unit-forked/1"
    unit: str
    boot: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAdded:
    """A member of staff, or their new roles and desks. Passwords stand outside the book (`credentials`)."""

    KIND: ClassVar[str] = "staff-added/1"
    staff_id: str
    name: str
    roles: tuple[str, ...]  # clerk | officer | pickup | supervisor | admin
    desks: tuple[str, ...] = ()  # departments whose cases an officer takes
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged:
    """That it was, and for whom; never what."""

    KIND: ClassVar[str] = "password-changed/1"
    staff_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerPresence:
    """签到 / 签退: only officers who are present are given cases."""

    KIND: ClassVar[str] = "officer-presence/1"
    staff_id: str
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueItem:
    """One service item of the hall."""

    code: str
    name: str
    department: str  # which is also the desk that its cases go to
    kind: str  # same_day | promised
    promise_working_days: int | None
    materials: tuple[str, ...]
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueLoaded:
    """The catalogue as a whole; it replaces the one before."""

    KIND: ClassVar[str] = "catalogue-loaded/1"
    digest: str  # SHA-256 of the file
    items: tuple[CatalogueItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged:
    """One setting of the hall; `value` is JSON text."""

    KIND: ClassVar[str] = "settings-changed/1"
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketIssued:
    KIND: ClassVar[str] = "ticket-issued/1"
    ticket: str
    day: str
    issued_at_ms: int  # by the kiosk's clock
    unit: str
    priority: Priority = Priority.NONE
    queued: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCalled:
    """A number is called to a window. The entry's own number is the call's counter; the announcer sends from here."""

    KIND: ClassVar[str] = "ticket-called/1"
    call_id: str  # UUIDv7
    ticket: str
    day: str
    window: int
    purpose: CallPurpose
    text: str
    called_at_ms: int
    expires_at_ms: int
    count: int = 1
    case_number: str = ""
    service_item: str = ""
    priority_turn: bool = False  # taken from the priority queue: the interleave counts from here


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShown:
    KIND: ClassVar[str] = "call-shown/1"
    call_id: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPassed:
    KIND: ClassVar[str] = "ticket-passed/1"
    ticket: str
    day: str
    window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReentered:
    """A passed number waits again, at `place`: among the waiting, the lower place is called first."""

    KIND: ClassVar[str] = "ticket-reentered/1"
    ticket: str
    day: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOpened:
    KIND: ClassVar[str] = "visit-opened/1"
    ticket: str
    day: str
    window: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded:
    KIND: ClassVar[str] = "visit-ended/1"
    ticket: str
    day: str
    window: int | None
    outcome: str  # finished | cancelled | lapsed: the state that the ticket takes
    packets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKept:
    """One page of a case. Two digests: of the picture, and of the file as kept, sealed with the resident's key."""

    material: str
    plain_digest: str
    stored_digest: str  # also the file's name
    stored_bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """A packet is in the book: the first entry of its case. `case_id` is the packet's id."""

    KIND: ClassVar[str] = "case-opened/1"
    case_id: str
    case_number: str
    service_item: str
    kind: str  # same_day | promised
    desk: str
    resident_id: str
    ticket: str
    ticket_day: str
    unit: str
    window: int | None
    pages: tuple[PageKept, ...]
    due_on: str = ""  # YYYY-MM-DD, of a promised item
    due_provisional: bool = False
    accepted_at_ms: int = 0  # by the unit's clock, for people
    called_at_ms: int | None = None
    opened_at_ms: int | None = None
    accepted_by: str = ""
    simulated: bool = False
    form_digest: str = ""  # SHA-256 over the form as kept, sealed with the resident's key


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDoubted:
    """One thing about one page that a person should look at."""

    page: int  # index in the case, from 0
    code: str  # one of central.second_look.doubts


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLookTaken:
    """A case's pages were read by machine; without doubts when nothing was found. What was read is kept nowhere."""

    KIND: ClassVar[str] = "second-look-taken/1"
    case_id: str
    doubts: tuple[PageDoubted, ...] = ()
    pages_read: int = 0
    reader: str = ""  # program and version


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAssigned:
    KIND: ClassVar[str] = "case-assigned/1"
    case_id: str
    desk: str
    officer: str  # staff_id; empty: the desk's list, since nobody is present


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMoved:
    """From one officer (or the desk's list, empty) to another."""

    KIND: ClassVar[str] = "case-moved/1"
    case_id: str
    desk: str
    officer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseApproved:
    KIND: ClassVar[str] = "case-approved/1"
    case_id: str
    officer: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionAsked:
    KIND: ClassVar[str] = "correction-asked/1"
    case_id: str
    officer: str
    reason: str
    materials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionMade:
    """What was asked for is there: the officer goes on, and the promise runs again."""

    KIND: ClassVar[str] = "correction-made/1"
    case_id: str
    by_case: str = ""  # case_id of the packet that brought it
    due_on: str = ""
    due_provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRefused:
    KIND: ClassVar[str] = "case-refused/1"
    case_id: str
    officer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReady:
    """The result (or the written refusal) waits at `window`."""

    KIND: ClassVar[str] = "result-ready/1"
    case_id: str
    window: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    KIND: ClassVar[str] = "handed-over/1"
    case_id: str
    window: int
    proof: str  # ticket | receipt | id_card
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRecomputed:
    KIND: ClassVar[str] = "promise-recomputed/1"
    case_id: str
    old_due_on: str
    new_due_on: str
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOpened:
    """A member of staff has looked at who it is, and why."""

    KIND: ClassVar[str] = "person-opened/1"
    resident_id: str
    staff_id: str
    reason: str
    case_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentErased:
    """The resident's key is destroyed: name, number, form and pages cannot be read again by anybody."""

    KIND: ClassVar[str] = "resident-erased/1"
    resident_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRefusedNoted:
    """A lasting message was refused for good; its bytes lie in refused/ under `content_hash`."""

    KIND: ClassVar[str] = "message-refused/1"
    unit: str
    family: str  # packet | event
    message_kind: str
    code: str
    content_hash: str
    notice: str = ""  # as the clerk is told


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A member of staff signed in (or failed to, too often)."""

    KIND: ClassVar[str] = "signed-in/1"
    staff_id: str
    succeeded: bool = True
    details: dict[str, str] = field(default_factory=dict)


Fact = (
    HallOpened
    | UnitEnrolled
    | UnitRevoked
    | UnitForked
    | StaffAdded
    | PasswordChanged
    | OfficerPresence
    | CatalogueLoaded
    | SettingsChanged
    | TicketIssued
    | TicketCalled
    | CallShown
    | TicketPassed
    | TicketReentered
    | VisitOpened
    | VisitEnded
    | CaseOpened
    | SecondLookTaken
    | CaseAssigned
    | CaseMoved
    | CaseApproved
    | CorrectionAsked
    | CorrectionMade
    | CaseRefused
    | ResultReady
    | HandedOver
    | PromiseRecomputed
    | PersonOpened
    | ResidentErased
    | MessageRefusedNoted
    | SignedIn
)

FACTS: Final[dict[str, type[Fact]]] = {kind.KIND: kind for kind in Fact.__args__}

_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODERS: Final = {name: msgspec.json.Decoder(kind) for name, kind in FACTS.items()}


def encode(fact: Fact) -> str:
    """Return the fact's body: JSON, one spelling for one fact."""
    return _ENCODER.encode(fact).decode()


def decode(kind: str, body: str) -> Fact:
    """Return the fact that an entry holds.

    Raises:
        KeyError: a kind that this version does not know.
        msgspec.ValidationError: the body is no such fact; the entry was damaged.
    """
    fact: Fact = _DECODERS[kind].decode(body)
    return fact

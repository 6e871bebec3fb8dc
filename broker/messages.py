"""What may be said: the papers on their way in, and the answers on their way back. Events stand in `events.py`.

Frozen, numbered by KIND, bounded when built, whether by the sender or from the wire: a wrong message fails at the
window, not in the archive. Fields are only ever added, at the end, with a default; `codec.py` turns messages into
bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from broker.errors import require
from broker.ids import is_case_number, is_day, is_digest, is_id, is_item, is_ticket
from broker.writing import is_writing

WINDOWS_MAX: Final = 999
PAGES_MAX: Final = 40  # in one packet
PAGE_BYTES_MAX: Final = 4 * 1024 * 1024  # of one encoded page; A4 at 200 dpi is some 450 KB (PERFORMANCE.md 2)
SEALED_PAGE_BYTES_MAX: Final = PAGE_BYTES_MAX + 128
PAGE_SIDE_MAX: Final = 12_000  # pixels
PAGE_PIXELS_MAX: Final = 40_000_000  # RELIABILITY.md I1
CHUNK_BYTES_MAX: Final = 192 * 1024  # of page in one chunk: with its header below the payload's 256 KiB
CHUNKS_MAX: Final = -(-SEALED_PAGE_BYTES_MAX // CHUNK_BYTES_MAX)
MANIFEST_BYTES_MAX: Final = 64 * 1024
FORM_FIELDS_MAX: Final = 30
FORM_CHARACTERS_MAX: Final = 10_000  # of all values: 30 kB of hanzi, so that form and 40 pages fit one manifest
NAME_MAX: Final = 60  # characters; a foreign resident's English name may have that many
TIME_MS_MAX: Final = 4_102_444_800_000  # 2100-01-01


class IdKind(StrEnum):
    """What the resident showed."""

    CITIZEN = "citizen"  # 居民身份证
    RESIDENCE = "residence"  # 港澳台居民居住证
    FOREIGN = "foreign"  # 外国人永久居留身份证
    OTHER = "other"  # typed by hand from another document


class Priority(StrEnum):
    NONE = "none"
    PRIORITY = "priority"  # 优先: on sight of a document (DOMAIN.md 6)


class Outcome(StrEnum):
    """What became of what was sent."""

    ENTERED = "entered"  # it stands in the ledger: let the copy go
    MISSING = "missing"  # these pages did not arrive whole: send them again, then the manifest
    REFUSED = "refused"  # never send it again: a person must look


class CallPurpose(StrEnum):
    INTAKE = "intake"  # 办理业务
    PICKUP = "pickup"  # 领取办理结果


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Who it is about. Only ever inside something sealed."""

    name: str  # as on the card, 1 to NAME_MAX characters
    id_number: str  # 1 to 20 characters of 0-9 A-Z; for a citizen 18 with the check character
    id_kind: IdKind = IdKind.CITIZEN

    def __post_init__(self) -> None:
        require(
            0 < len(self.name) <= NAME_MAX and is_writing(self.name),
            f"a name is 1 to {NAME_MAX} written characters",
        )
        require(
            0 < len(self.id_number) <= 20
            and self.id_number.isascii()
            and self.id_number.isalnum()
            and self.id_number == self.id_number.upper(),
            "an id number is 1 to 20 of 0-9 and A-Z",
        )

    def __repr__(self) -> str:
        return "Resident(…)"  # nothing of a resident in a log, not even by accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as its manifest names it. Its place in the packet is its index."""

    material: str  # which paper of the item's checklist, as in the catalogue; 1 to 120 characters
    digest: str  # SHA-256 of the sealed page, as it travels
    sealed_bytes: int
    plain_digest: str  # SHA-256 of the encoded picture before sealing: what the ledger keeps
    width: int  # pixels
    height: int

    def __post_init__(self) -> None:
        require(
            0 < len(self.material) <= 120 and self.material.isprintable(), "a material is 1 to 120 printable characters"
        )
        require(is_digest(self.digest) and is_digest(self.plain_digest), "a digest is 64 hexadecimal digits")
        require(0 < self.sealed_bytes <= SEALED_PAGE_BYTES_MAX, f"a sealed page has 1 to {SEALED_PAGE_BYTES_MAX} bytes")
        require(
            0 < self.width <= PAGE_SIDE_MAX and 0 < self.height <= PAGE_SIDE_MAX,
            f"a page's side is 1 to {PAGE_SIDE_MAX} pixels",
        )
        require(self.width * self.height <= PAGE_PIXELS_MAX, f"a page has at most {PAGE_PIXELS_MAX} pixels")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakePacket:
    """One resident's papers for one item, as accepted at one window. Travels edge -> central, sealed and signed."""

    KIND: ClassVar[str] = "intake-packet/1"

    packet_id: str  # UUIDv7, made once at the unit; the key for "seen before"
    ticket: str  # A6027
    ticket_day: str  # the day it was issued, YYYY-MM-DD, hall time
    service_item: str  # code in the catalogue
    resident: Resident
    pages: tuple[Page, ...]  # 1 to PAGES_MAX, in order
    form: dict[str, str] = field(default_factory=dict, repr=False)  # what the clerk filled in; never in a log
    window: int | None = None  # the painted number; None at a station
    accepted_at_ms: int = 0  # by the unit's clock, for people
    called_at_ms: int | None = None
    opened_at_ms: int | None = None
    accepted_by: str = ""  # the seat or the clerk's staff number
    simulated: bool = False  # taken with a simulated device

    def __post_init__(self) -> None:
        require(is_id(self.packet_id), "a packet's id is a UUIDv7")
        require(is_ticket(self.ticket), "a ticket is a capital letter and four digits")
        require(is_day(self.ticket_day), "a ticket's day is YYYY-MM-DD")
        require(is_item(self.service_item), "a service item is two letters and three digits")
        require(1 <= len(self.pages) <= PAGES_MAX, f"a packet has 1 to {PAGES_MAX} pages")
        require(len({page.digest for page in self.pages}) == len(self.pages), "no page stands twice in a packet")
        require(len(self.form) <= FORM_FIELDS_MAX, f"a form has at most {FORM_FIELDS_MAX} fields")
        require(
            sum(map(len, self.form.values())) <= FORM_CHARACTERS_MAX,
            f"a form holds at most {FORM_CHARACTERS_MAX} characters in all",
        )
        for name, value in self.form.items():
            require(0 < len(name) <= 40 and name.isprintable(), "a form field's name is 1 to 40 printable characters")
            require(
                len(value) <= 500 and is_writing(value.replace("\n", "")),
                "a form field holds at most 500 written characters and line breaks",
            )
        require(self.window is None or 1 <= self.window <= WINDOWS_MAX, f"a window is 1 to {WINDOWS_MAX}")
        for time_ms in (self.accepted_at_ms, self.called_at_ms or 0, self.opened_at_ms or 0):
            _require_time(time_ms)
        require(
            len(self.accepted_by) <= 40 and self.accepted_by.isprintable(),
            "a clerk's number is at most 40 printable characters",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a sealed page. Not signed: the manifest's digest proves the whole page."""

    KIND: ClassVar[str] = "chunk/1"

    packet_id: str
    page: int  # 0-based index in the packet
    digest: str  # of the whole sealed page
    total_bytes: int  # of the whole sealed page
    index: int  # 0-based; every chunk but the last has CHUNK_BYTES_MAX bytes
    data: bytes

    def __post_init__(self) -> None:
        require(is_id(self.packet_id), "a packet's id is a UUIDv7")
        require(0 <= self.page < PAGES_MAX, f"a page's index is 0 to {PAGES_MAX - 1}")
        require(is_digest(self.digest), "a digest is 64 hexadecimal digits")
        require(0 < self.total_bytes <= SEALED_PAGE_BYTES_MAX, f"a sealed page has 1 to {SEALED_PAGE_BYTES_MAX} bytes")
        require(0 <= self.index < self.count, "a chunk's index is below their count")
        due = min(CHUNK_BYTES_MAX, self.total_bytes - self.index * CHUNK_BYTES_MAX)
        require(len(self.data) == due, "a chunk is full, but for the last")

    @property
    def count(self) -> int:
        return -(-self.total_bytes // CHUNK_BYTES_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a packet or an event. Travels central -> edge, signed, after central's commit."""

    KIND: ClassVar[str] = "receipt/1"

    subject: str  # packet_id or event_id
    content_hash: str  # of the envelope that it answers
    outcome: Outcome
    at_ms: int  # central's clock at the commit
    entry: int = 0  # the ledger's number of the entry; 0 when none was made
    entry_hash: str = ""  # of that entry: the unit notices a ledger that went back
    case_number: str = ""  # printed on the resident's receipt
    due_on: str = ""  # YYYY-MM-DD of a promised item
    due_provisional: bool = False  # the calendar of that year is not out: 预计
    missing: tuple[int, ...] = ()  # page indexes
    code: str = ""  # of the refusal
    notice: str = ""  # of the refusal, for the clerk

    def __post_init__(self) -> None:
        require(is_id(self.subject), "a receipt's subject is a UUIDv7")
        require(is_digest(self.content_hash), "a digest is 64 hexadecimal digits")
        require(self.entry >= 0, "an entry's number is 0 or more")
        require(self.entry_hash == "" or is_digest(self.entry_hash), "a digest is 64 hexadecimal digits")
        require(self.case_number == "" or is_case_number(self.case_number), "a case number is 6 to 32 of A-Z 0-9 -")
        require(self.due_on == "" or is_day(self.due_on), "a due day is YYYY-MM-DD")
        require((self.outcome is Outcome.MISSING) == bool(self.missing), "only what is missing names pages")
        require(
            len(self.missing) <= PAGES_MAX and all(0 <= page < PAGES_MAX for page in self.missing),
            "missing pages are page indexes",
        )
        require(len(self.code) <= 60 and len(self.notice) <= 300, "a code has 60 characters at most, a notice 300")
        _require_time(self.at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """请A6027号到3号窗口办理业务. Travels central -> the window's unit and the board, signed and counted."""

    KIND: ClassVar[str] = "call/1"

    call_id: str  # UUIDv7; a recall is a new call
    counter: int  # rises for ever within a hall: a unit shows none that is not newer than what it has shown
    ticket: str
    window: int  # where to go
    purpose: CallPurpose
    text: str  # as shown; how it is spoken: broker.wording
    called_at_ms: int  # central's clock
    expires_at_ms: int  # not shown or spoken after this, by central's clock as the unit last heard it
    count: int = 1  # 1 the first call, 2 the first recall …
    case_number: str = ""  # of a pickup
    service_item: str = ""
    ticket_day: str = ""

    def __post_init__(self) -> None:
        require(is_id(self.call_id), "a call's id is a UUIDv7")
        require(1 <= self.counter <= 2**53 - 1, "a call's counter is 1 or more")
        require(is_ticket(self.ticket), "a ticket is a capital letter and four digits")
        require(1 <= self.window <= WINDOWS_MAX, f"a window is 1 to {WINDOWS_MAX}")
        require(0 < len(self.text) <= 60 and self.text.isprintable(), "a call's text is 1 to 60 printable characters")
        require(1 <= self.count <= 99, "a call's count is 1 to 99")
        require(self.case_number == "" or is_case_number(self.case_number), "a case number is 6 to 32 of A-Z 0-9 -")
        require(self.service_item == "" or is_item(self.service_item), "a service item is two letters and three digits")
        require(self.ticket_day == "" or is_day(self.ticket_day), "a ticket's day is YYYY-MM-DD")
        _require_time(self.called_at_ms)
        _require_time(self.expires_at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """How many wait, and what this window is at. An order; sent when it changes and at a unit's start."""

    KIND: ClassVar[str] = "queue-status/1"

    order_id: str
    counter: int
    waiting: dict[str, int]  # by group letter
    waiting_priority: int = 0
    current_ticket: str = ""  # called to this window and not finished
    current_day: str = ""
    at_ms: int = 0

    def __post_init__(self) -> None:
        require(is_id(self.order_id), "an order's id is a UUIDv7")
        require(self.counter >= 0, "a counter is 0 or more")
        require(len(self.waiting) <= 26, "a hall has at most 26 groups")
        for group, count in self.waiting.items():
            require(len(group) == 1 and "A" <= group <= "Z", "a group is a capital letter")
            require(0 <= count <= 100_000, "a queue has 0 to 100000 tickets")
        require(
            self.current_ticket == "" or is_ticket(self.current_ticket), "a ticket is a capital letter and four digits"
        )
        _require_time(self.at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyCase:
    """A result that waits to be handed over. Holds nothing of the resident."""

    case_number: str
    service_item: str
    ticket: str
    ticket_day: str
    state: str = "ready"  # ready: hand it over; otherwise why not yet

    def __post_init__(self) -> None:
        require(is_case_number(self.case_number), "a case number is 6 to 32 of A-Z 0-9 -")
        require(is_item(self.service_item), "a service item is two letters and three digits")
        require(is_ticket(self.ticket), "a ticket is a capital letter and four digits")
        require(is_day(self.ticket_day), "a ticket's day is YYYY-MM-DD")
        require(0 < len(self.state) <= 30, "a state is 1 to 30 characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupList:
    """The answer to `events.PickupAsked`: this resident's cases, ready or under way. An order."""

    KIND: ClassVar[str] = "pickup-list/1"

    order_id: str
    asked: str  # event_id of the question
    cases: tuple[ReadyCase, ...]

    def __post_init__(self) -> None:
        require(is_id(self.order_id) and is_id(self.asked), "an order's id is a UUIDv7")
        require(len(self.cases) <= 50, "a pickup list has at most 50 cases")


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketKeys:
    """The keys of the days ahead with which ticket codes are sealed. An order, itself sealed to the unit."""

    KIND: ClassVar[str] = "ticket-keys/1"

    order_id: str
    keys: dict[str, str]  # day YYYY-MM-DD -> 32 bytes in hex

    def __post_init__(self) -> None:
        require(is_id(self.order_id), "an order's id is a UUIDv7")
        require(1 <= len(self.keys) <= 14, "ticket keys are for 1 to 14 days")
        for day, key in self.keys.items():
            require(is_day(day), "a day is YYYY-MM-DD")
            require(is_digest(key), "a ticket key is 64 hexadecimal digits")

    def __repr__(self) -> str:
        return f"TicketKeys(days={sorted(self.keys)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendAsked:
    """Central is (back) here: try again now what waits for a receipt. An order."""

    KIND: ClassVar[str] = "resend-asked/1"

    order_id: str
    head: int  # the ledger's newest entry; lower than a receipt's: the ledger went back
    at_ms: int

    def __post_init__(self) -> None:
        require(is_id(self.order_id), "an order's id is a UUIDv7")
        require(self.head >= 0, "an entry's number is 0 or more")
        _require_time(self.at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDoubt:
    """Something about one page that a person should look at. Holds nothing of the resident."""

    page: int  # index in the packet, from 0
    code: str  # other-number, other-name, other-material, no-print, unread; one that we do not know is still shown

    def __post_init__(self) -> None:
        require(0 <= self.page < PAGES_MAX, f"a page's index is 0 to {PAGES_MAX - 1}")
        require(0 < len(self.code) <= 40, "a doubt's code is 1 to 40 characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketDoubted:
    """The second look at an entered packet has found something: ask the resident while they are there. An order."""

    KIND: ClassVar[str] = "packet-doubted/1"

    order_id: str
    packet_id: str
    doubts: tuple[PageDoubt, ...]
    at_ms: int

    def __post_init__(self) -> None:
        require(is_id(self.order_id) and is_id(self.packet_id), "an id is a UUIDv7")
        require(1 <= len(self.doubts) <= 2 * PAGES_MAX, f"a packet has 1 to {2 * PAGES_MAX} doubts")
        _require_time(self.at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """How a unit is. QoS 0, unsigned: nothing is decided on it alone. Also the last will, with alive = False."""

    KIND: ClassVar[str] = "unit-state/1"

    alive: bool
    role: str = ""
    boot: int = 0
    clock_ms: int = 0
    waiting_packets: int = 0  # accepted and not yet receipted
    waiting_events: int = 0
    oldest_waiting_ms: int = 0  # the unit's own accepted_at of the oldest; 0 when none
    version: str = ""
    simulated: bool = False
    health: dict[str, str] = field(default_factory=dict)  # device -> "ok" or an error's code

    def __post_init__(self) -> None:
        require(len(self.role) <= 20 and len(self.version) <= 40, "a role has 20 characters at most, a version 40")
        for count in (self.boot, self.clock_ms, self.waiting_packets, self.waiting_events, self.oldest_waiting_ms):
            require(0 <= count <= 2**53 - 1, "a count is 0 to 2**53 - 1")
        require(len(self.health) <= 30, "a unit names at most 30 devices")
        for device, word in self.health.items():
            require(
                0 < len(device) <= 40 and len(word) <= 60,
                "a device's name has 1 to 40 characters, its state 60 at most",
            )


def _require_time(time_ms: int) -> None:
    require(0 <= time_ms <= TIME_MS_MAX, "a time is milliseconds from 1970 to 2100")

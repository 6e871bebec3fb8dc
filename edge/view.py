"""What a unit shows: one immutable snapshot with a version, made by `core.py` after every change.

Goes to the console's pages, to the panel's lamps and to tests. Of a resident it holds nothing but the masked name and
number of those who stand at this window: 张*三, 110105********1234. Times are Unix milliseconds by the unit's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    INTAKE = "intake"
    PICKUP = "pickup"
    KIOSK = "kiosk"
    STATION = "station"
    BOARD = "board"


class Delivery(StrEnum):
    WAITING = "待发送"  # on our disk, no receipt yet
    ENTERED = "已入账"  # in the ledger
    REFUSED = "被退回"  # central refused it: a person must look


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    online: bool
    since_ms: int  # since when it is so
    waiting_packets: int = 0  # accepted and not yet receipted
    waiting_events: int = 0
    oldest_waiting_ms: int = 0  # accepted_at of the oldest; 0 when none waits
    notice: str = ""  # in Chinese; "" when all is well


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageView:
    """How the card is. `full` and `read_only`: no new papers, but sending, calling and clearing go on."""

    full: bool = False
    read_only: bool = False
    free_bytes: int = 0
    quarantined: tuple[str, ...] = ()  # names of damaged packets, set aside
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    letter: str
    name: str
    waiting: int | None = None  # None: not known, central has not said


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    waiting: dict[str, int]  # by group letter
    waiting_priority: int
    current_ticket: str  # called to this window and not finished; "" when none
    at_ms: int

    @property
    def total(self) -> int:
        return sum(self.waiting.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call that was shown here. Newest first in `UnitView.calls`."""

    ticket: str
    window: int
    purpose: str  # "intake" or "pickup"
    text: str  # 请A6027号到3号窗口办理业务
    text_english: str
    count: int  # 1 the first call, 2 the first recall …
    called_at_ms: int
    spoken: bool = False  # shown and spoken to the end
    fetched: bool = False  # of a pickup: the result has been handed over here


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialView:
    """One line of the checklist."""

    name: str
    needed: bool  # False: 非必要
    page_count: int  # taken so far; 0: still missing
    hint: str = ""  # 请翻面，再拍国徽面: of an identity card only one side was taken

    @property
    def ticked(self) -> bool:
        return self.page_count > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    page: str  # id: for `Unit.page_jpeg` and the page commands
    material: str
    width: int  # pixels, as turned
    height: int
    accepted: bool  # by the gate; False: kept in spite of it
    verdict: str  # one sentence in Chinese
    simulated: bool = False
    side: str = ""  # 人像面, 国徽面 or both, of an identity card; "" when it is none or not surely


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitView:
    visit: str  # id, for commands
    seat: Literal["front", "rear"]
    ticket: str
    ticket_day: str
    masked_name: str  # 张*三
    masked_number: str  # 110105********1234
    opened_at_ms: int
    called_at_ms: int | None = None
    item_code: str = ""  # "" until chosen
    item_name: str = ""
    item_kind: str = ""  # "same_day" or "promised"
    item_days: int | None = None  # promised working days
    checklist: tuple[MaterialView, ...] = ()
    pages: tuple[PageView, ...] = ()
    refused_page: PageView | None = None  # the gate refused it: take it again, or keep it anyway
    form: dict[str, str] = field(default_factory=dict)
    packets: tuple[str, ...] = ()  # accepted in this visit so far
    taking: bool = False  # the camera is at work
    warning: str = ""  # for example: this ticket was not the one that was called
    can_accept: bool = False
    missing: tuple[
        str, ...
    ] = ()  # needed materials without a page: told in one go (一次性告知), not a bar to accepting
    half_taken: tuple[str, ...] = ()  # materials with one side of an identity card: no bar to accepting either
    turn_over: str = ""  # the last page taken was one side of a card: lay it with this side up now


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedView:
    """One packet accepted here today. Newest first in `UnitView.accepted`."""

    packet: str
    ticket: str
    item_code: str
    item_name: str
    page_count: int
    accepted_at_ms: int
    state: Delivery
    masked_name: str = ""  # gone after a restart: it is only in memory
    case_number: str = ""  # once entered
    due_on: str = ""  # YYYY-MM-DD of a promised item
    due_provisional: bool = False  # 预计
    notice: str = ""  # of a refusal
    visit: str = ""
    doubts: str = ""  # what central's second look points out; "" when nothing, or not yet


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyView:
    case_number: str
    item_code: str
    item_name: str
    ticket: str
    ticket_day: str
    state: str  # "ready": hand it over; otherwise why not yet
    handed_over: bool = False  # said here just now


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupView:
    asked_by: Literal["ticket", "receipt", "id_card"]
    asked_at_ms: int
    answered: bool  # False: central has not answered yet
    cases: tuple[ReadyView, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """The card on the reader, until a ticket is issued or it is forgotten."""

    masked_name: str
    masked_number: str
    read_at_ms: int
    warning: str = ""  # for example: the number's check digit does not fit


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedView:
    """The last ticket issued here."""

    ticket: str
    group_name: str
    people_ahead: int | None
    issued_at_ms: int
    priority: bool
    printed: bool
    notice: str = ""  # why it was not printed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    name: str  # "scanner", "document_camera", …
    label: str  # 扫描枪
    simulated: bool
    ok: bool
    code: str = "ok"  # an error's code
    notice: str = ""  # what is wrong and what to do


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """The last thing that the unit has to say to the person at it."""

    text: str
    level: Literal["info", "warning", "error"]
    at_ms: int
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsFreeView:
    """自动拍摄: each sheet that lies still is photographed by itself."""

    on: bool = False
    step: str = ""  # of edge.capture.Step, or "paused" while the camera gives no picture; "" when off
    notice: str = ""  # the step in Chinese
    beeps: int = 0  # so far; a page that was there sounds each new one
    beep: Literal["", "good", "bad"] = ""  # which the last one was


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitView:
    version: int  # rises with every change
    at_ms: int
    unit: str
    hall: str
    hall_name: str
    role: Role
    window: int | None
    simulated: bool  # a device is simulated: show 演示
    link: LinkView
    storage: StorageView = field(default_factory=StorageView)
    queue: QueueView | None = None
    groups: tuple[GroupView, ...] = ()  # of a kiosk or station
    call: CallView | None = None  # the call to this window whose resident is awaited
    calls: tuple[CallView, ...] = ()
    front: VisitView | None = None
    rear: tuple[VisitView, ...] = ()
    accepted: tuple[AcceptedView, ...] = ()
    refused: tuple[AcceptedView, ...] = ()
    pickup: PickupView | None = None
    card: CardView | None = None
    issued: IssuedView | None = None
    devices: tuple[DeviceView, ...] = ()
    notice: NoticeView | None = None
    version_text: str = ""  # of the program
    hands_free: HandsFreeView = field(default_factory=HandsFreeView)


def masked_name(name: str) -> str:
    """Return a name as a staff screen may show it: 张*三, 张*, 阿*提."""
    if len(name) <= 1:
        return "*"
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" * min(len(name) - 2, 4) + name[-1]


def masked_number(number: str) -> str:
    """Return an id number as a staff screen may show it: 110105********1234."""
    if len(number) < 12:
        return number[:1] + "*" * (len(number) - 1)
    return number[:6] + "*" * (len(number) - 10) + number[-4:]

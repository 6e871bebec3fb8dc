"""What a clerk or a resident can ask of a unit: one frozen dataclass for each thing that a person does.

Made by the console (a form posted, a key pressed) and by the panel's buttons; carried out one at a time by `core.py`.
A command that needs a visit names it by its id; an empty id means the visit at the front seat. What was typed or read
of a resident never shows in a `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from broker.events import HandoverProof, VisitOutcome
from broker.messages import IdKind, Priority


class Seat(StrEnum):
    """Which of a window's two seats speaks. A clerk who works alone does everything at the front."""

    FRONT = "front"  # 前台: calls, scans, takes papers
    REAR = "rear"  # 后台: sorts, fills in, sends


# --- the queue ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallNext:
    """下一位. Refused while a visit is open at the front, and with no answer from central within seconds."""


@dataclass(frozen=True, slots=True)
class RecallTicket:
    """重呼: call the ticket that was called last to this window once more."""


@dataclass(frozen=True, slots=True)
class PassTicket:
    """过号: the called resident did not come."""


# --- a visit ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScanText:
    """What a scanner gun typed, or what a person typed in its place: a ticket's code or a case number.

    At an intake window a ticket opens the visit; at the pickup window it asks for what is ready.
    """

    text: str
    seat: Seat = Seat.FRONT

    def __repr__(self) -> str:
        return f"ScanText({len(self.text)} characters)"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenByHand:
    """Open a visit without a readable code: the ticket's number, and the identity typed from the card."""

    ticket: str
    name: str
    id_number: str
    id_kind: IdKind = IdKind.CITIZEN

    def __repr__(self) -> str:
        return "OpenByHand(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseItem:
    """The service item of what is now being taken in. May be chosen anew until it is accepted; pages stay."""

    code: str
    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillForm:
    """Set form fields; an empty value removes a field. Fields not named stay as they are."""

    fields: dict[str, str] = field(default_factory=dict)
    visit: str = ""

    def __repr__(self) -> str:
        return f"FillForm({len(self.fields)} fields)"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandToRear:
    """The front seat is done; the rear seat goes on. The front is free for the next number."""

    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptVisit:
    """受理: seal item, form and pages into a packet. When this returns, the packet is on the disk."""

    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelVisit:
    """Give up the visit; its pages are forgotten. What was already accepted stays accepted."""

    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndVisit:
    """The front seat is done with this resident. Refused while pages lie there that were not accepted."""

    visit: str = ""
    outcome: VisitOutcome = VisitOutcome.FINISHED


# --- pages --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePage:
    """拍照: photograph what lies under the document camera. A page that an officer could not read is refused, and can
    be taken again, or kept with `TakePageAnyway`."""

    material: str = ""  # which paper of the checklist; "": the first that is still missing
    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHandsFree:
    """自动拍摄: photograph each sheet that lies still, until the visit at the front seat ends."""

    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePageAnyway:
    """Keep the page that the gate refused last, with its verdict on it."""

    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePage:
    page: str
    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePage:
    """Move a page to another place in the order; `to_index` counts from 0 and is cut to the last place."""

    page: str
    to_index: int
    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPage:
    """Turn a page clockwise by 1, 2 or 3 quarters."""

    page: str
    quarter_turns: int = 1
    visit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePage:
    """Say which paper of the checklist a page is."""

    page: str
    material: str
    visit: str = ""


# --- pickup -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPickup:
    """What is ready for this resident? Asked by case number or id number, typed; a scanned code comes as `ScanText`."""

    case_number: str = ""
    id_number: str = ""

    def __repr__(self) -> str:
        return "AskPickup(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """出件: the result is in the resident's hand. The case must stand on the pickup list, ready."""

    case_number: str
    proof: HandoverProof = HandoverProof.TICKET


@dataclass(frozen=True, slots=True)
class ClearPickup:
    """Put the pickup list away: the next resident steps up."""


# --- tickets ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueTicket:
    """取号. With no name and number given, the card on the reader says who it is.

    At a station the ticket belongs to no queue and the visit opens at once.
    """

    group: str = ""  # the ticket's letter; "" where there is only one, as at a station
    priority: Priority = Priority.NONE
    name: str = ""
    id_number: str = ""
    id_kind: IdKind = IdKind.CITIZEN

    def __repr__(self) -> str:
        return f"IssueTicket(group={self.group!r}, priority={self.priority.value!r})"


@dataclass(frozen=True, slots=True)
class ReprintSlip:
    """重打: print the last ticket's slip again, after paper was put in."""


@dataclass(frozen=True, slots=True)
class ForgetCard:
    """Forget the card that was read: the resident went away."""


# --- the unit -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RetryDevices:
    """Check every device now, and say how each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryDevice:
    """Have one device do what a technician can see or hear: show a test number, say one, photograph, print a slip."""

    device: str  # "call_display" … as in the unit's settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DismissRefused:
    """The clerk has seen to a packet that central refused: take it off the list. Its folder stays parked."""

    packet: str


Command = (
    CallNext
    | RecallTicket
    | PassTicket
    | ScanText
    | OpenByHand
    | ChooseItem
    | FillForm
    | HandToRear
    | AcceptVisit
    | CancelVisit
    | EndVisit
    | TakePage
    | SetHandsFree
    | TakePageAnyway
    | RemovePage
    | MovePage
    | TurnPage
    | NamePage
    | AskPickup
    | HandOver
    | ClearPickup
    | IssueTicket
    | ReprintSlip
    | ForgetCard
    | RetryDevices
    | TryDevice
    | DismissRefused
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a command that was not refused. Empty strings stand for "there is none"."""

    notice: str = ""  # for the person who asked, in Chinese
    visit: str = ""  # id of the visit it opened or worked on
    page: str = ""  # id of the page that was taken
    packet: str = ""  # id of the packet that was accepted
    ticket: str = ""  # number issued, called or opened

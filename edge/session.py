"""One visit, step by step: a pure state machine. An event comes in; a new state and effects go out.

Comes from the core, which carries the effects out: photographs, keeps the packet, tells central. Brittle on purpose: a
step out of order is refused loudly, with a code and a notice, and the visit stands as it stood. Knows no clock, no
device, no file, no network.

    opened at the FRONT ─► item, pages, form ─► accepted (the packet is kept; the visit goes on) ─► ended
                       └─► handed to the REAR ─► item, pages, form ─► accepted, and with that ended
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from broker.events import VisitOutcome
from broker.messages import FORM_FIELDS_MAX, PAGES_MAX, Resident
from broker.writing import is_writing
from edge.both_sides import is_same_side, material_of_side, place_of, side_lacking
from edge.capture import CardSide
from edge.capture.verdict import SAME_SIDE
from edge.catalogue import ServiceItem
from edge.errors import FormRefused, PageUnknown, StepRefused
from edge.pages import TakenPage

UNSORTED: Final = "未分类材料"  # what a page is called until somebody says which paper it is
_OTHER: Final = "其他材料"


class Stage(StrEnum):
    FRONT = "front"
    REAR = "rear"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPage:
    page_id: str
    material: str
    taken: TakenPage


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is known of one resident's visit, in memory only."""

    visit_id: str
    ticket: str
    day: str
    resident: Resident
    opened_at_ms: int
    called_at_ms: int | None = None
    warning: str = ""
    stage: Stage = Stage.FRONT
    item: ServiceItem | None = None
    pages: tuple[VisitPage, ...] = ()
    refused: VisitPage | None = None  # the gate refused it; it may be kept anyway
    form: Mapping[str, str] = field(default_factory=dict)
    packets: tuple[str, ...] = ()  # accepted so far
    photographing: bool = False
    asked_material: str = ""  # of the photograph that is being taken; "": nobody said
    last_material: str = ""  # of the page taken last

    def __repr__(self) -> str:
        return f"Visit({self.ticket!r}, {self.stage.value!r}, {len(self.pages)} pages)"

    @property
    def missing(self) -> tuple[str, ...]:
        """The needed materials of which no page was taken."""
        if self.item is None:
            return ()
        taken = {page.material for page in self.pages}
        return tuple(each.name for each in self.item.materials if each.needed and each.name not in taken)

    def side_lacking(self, material: str) -> CardSide | None:
        """Return the side of an identity card that this material lacks, when its other side was taken."""
        return side_lacking(self.pages, material)

    @property
    def half_taken(self) -> tuple[str, ...]:
        """The materials that hold one side of an identity card and lack the other."""
        listed = () if self.item is None else self.item.materials
        return tuple(each.name for each in listed if self.side_lacking(each.name) is not None)

    @property
    def turn_over(self) -> CardSide | None:
        """Return the side to take next, when the page taken last was the other one of the same card."""
        return self.side_lacking(self.last_material) if self.last_material in self.half_taken else None

    @property
    def can_accept(self) -> bool:
        return self.item is not None and bool(self.pages) and not self.photographing and self.stage is not Stage.ENDED

    def next_material(self) -> str:
        """Return which paper a page is when nobody says: the first that is missing, needed ones first."""
        if self.item is None:
            return UNSORTED
        taken = {page.material for page in self.pages}
        optional = (each.name for each in self.item.materials if each.name not in taken)
        return next(iter(self.missing), next(optional, _OTHER))


# --- what happens ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ItemChosen:
    item: ServiceItem


@dataclass(frozen=True, slots=True)
class FormFilled:
    fields: Mapping[str, str]  # an empty value takes the field away


@dataclass(frozen=True, slots=True)
class PhotographAsked:
    material: str = ""


@dataclass(frozen=True, slots=True)
class PageTaken:
    page_id: str
    material: str
    taken: TakenPage


@dataclass(frozen=True, slots=True)
class PhotographFailed:
    pass


@dataclass(frozen=True, slots=True)
class PageKeptAnyway:
    pass


@dataclass(frozen=True, slots=True)
class PageRemoved:
    page_id: str


@dataclass(frozen=True, slots=True)
class PageMoved:
    page_id: str
    to_index: int


@dataclass(frozen=True, slots=True)
class PageTurned:
    page_id: str
    taken: TakenPage


@dataclass(frozen=True, slots=True)
class PageNamed:
    page_id: str
    material: str


@dataclass(frozen=True, slots=True)
class HandedToRear:
    pass


@dataclass(frozen=True, slots=True)
class AcceptAsked:
    pass


@dataclass(frozen=True, slots=True)
class PacketAccepted:
    """The packet is on the card."""

    packet_id: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    pass


@dataclass(frozen=True, slots=True)
class Ended:
    outcome: VisitOutcome = VisitOutcome.FINISHED


SessionEvent = (
    ItemChosen
    | FormFilled
    | PhotographAsked
    | PageTaken
    | PhotographFailed
    | PageKeptAnyway
    | PageRemoved
    | PageMoved
    | PageTurned
    | PageNamed
    | HandedToRear
    | AcceptAsked
    | PacketAccepted
    | Cancelled
    | Ended
)


# --- what is to be done ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Photograph:
    material: str


@dataclass(frozen=True, slots=True)
class KeepPacket:
    """Seal what the visit holds and keep it; then say `PacketAccepted`."""


@dataclass(frozen=True, slots=True)
class TellVisitEnded:
    """The front seat is done with this number."""

    outcome: VisitOutcome
    packets: int


Effect = Photograph | KeepPacket | TellVisitEnded
Step = tuple[Visit, tuple[Effect, ...]]


def step(visit: Visit, event: SessionEvent) -> Step:
    """Return the visit after an event, and what is to be done about it.

    Raises:
        StepRefused: out of order; the visit stands as it stood.
        PageUnknown: no such page in this visit.
        FormRefused: the form would be out of bounds.
    """
    if visit.stage is Stage.ENDED:
        raise StepRefused("the visit has ended", "这次办理已经结束。", "visit-ended")
    return _STEPS[type(event)](visit, event)


def _item_chosen(visit: Visit, event: ItemChosen) -> Step:
    return replace(visit, item=event.item), ()


def _form_filled(visit: Visit, event: FormFilled) -> Step:
    form = {**visit.form, **event.fields}
    for name, value in form.items():
        if not (0 < len(name) <= 40 and name.isprintable()):
            raise FormRefused("a form field's name is 1 to 40 printable characters")
        if len(value) > 500 or not is_writing(value.replace("\n", "")):
            raise FormRefused("a form field holds at most 500 written characters")
    form = {name: value for name, value in form.items() if value.strip()}
    if len(form) > FORM_FIELDS_MAX:
        raise FormRefused(f"a form has at most {FORM_FIELDS_MAX} fields")
    return replace(visit, form=form), ()


def _photograph_asked(visit: Visit, event: PhotographAsked) -> Step:
    if visit.photographing:
        raise StepRefused("a photograph is being taken", "正在拍照，请稍候。", "photographing")
    if len(visit.pages) >= PAGES_MAX:
        raise StepRefused(f"a packet has at most {PAGES_MAX} pages", f"一份材料最多{PAGES_MAX}页。", "pages-max")
    material = _require_material(event.material) if event.material else visit.next_material()
    asked = replace(visit, photographing=True, refused=None, asked_material=event.material)
    return asked, (Photograph(material),)


def _page_taken(visit: Visit, event: PageTaken) -> Step:
    if not visit.photographing:
        raise StepRefused("no photograph was asked for", "没有要求拍照。", "not-photographing")
    checklist = () if visit.item is None else tuple(each.name for each in visit.item.materials)
    belongs = "" if visit.asked_material else material_of_side(visit.pages, checklist, event.taken)
    taken = event.taken
    material = belongs or event.material
    if taken.accepted and is_same_side(visit.pages, material, taken):
        taken = replace(taken, accepted=False, sentence=SAME_SIDE.notice)
    page = VisitPage(page_id=event.page_id, material=material, taken=taken)
    done = replace(visit, photographing=False, asked_material="")
    return (_filed(done, page) if taken.accepted else replace(done, refused=page)), ()


def _photograph_failed(visit: Visit, event: PhotographFailed) -> Step:
    del event
    return replace(visit, photographing=False, asked_material=""), ()


def _page_kept_anyway(visit: Visit, event: PageKeptAnyway) -> Step:
    del event
    if visit.refused is None:
        raise StepRefused("no page was refused", "没有待确认的页面，请先拍照。", "no-page-refused")
    return replace(_filed(visit, visit.refused), refused=None), ()


def _page_removed(visit: Visit, event: PageRemoved) -> Step:
    _find(visit, event.page_id)
    return replace(visit, pages=tuple(page for page in visit.pages if page.page_id != event.page_id)), ()


def _page_moved(visit: Visit, event: PageMoved) -> Step:
    page = _find(visit, event.page_id)
    others = [each for each in visit.pages if each is not page]
    others.insert(max(0, min(event.to_index, len(others))), page)
    return replace(visit, pages=tuple(others)), ()


def _page_turned(visit: Visit, event: PageTurned) -> Step:
    return _with_page(visit, replace(_find(visit, event.page_id), taken=event.taken)), ()


def _page_named(visit: Visit, event: PageNamed) -> Step:
    page = replace(_find(visit, event.page_id), material=_require_material(event.material))
    return _with_page(visit, page), ()


def _handed_to_rear(visit: Visit, event: HandedToRear) -> Step:
    del event
    _require_front(visit)
    _require_still(visit)
    if not visit.pages:
        raise StepRefused("no pages to hand over", "还没有拍摄材料，不能转交后台。", "no-pages")
    return replace(visit, stage=Stage.REAR), (TellVisitEnded(VisitOutcome.FINISHED, len(visit.packets)),)


def _accept_asked(visit: Visit, event: AcceptAsked) -> Step:
    del event
    _require_still(visit)
    if visit.item is None:
        raise StepRefused("no item chosen", "请先选择办理事项。", "no-item")
    if not visit.pages:
        raise StepRefused("no pages taken", "还没有拍摄材料，不能受理。", "no-pages")
    return visit, (KeepPacket(),)


def _packet_accepted(visit: Visit, event: PacketAccepted) -> Step:
    done = replace(visit, packets=(*visit.packets, event.packet_id), pages=(), refused=None, form={}, item=None)
    return (replace(done, stage=Stage.ENDED) if visit.stage is Stage.REAR else done), ()


def _cancelled(visit: Visit, event: Cancelled) -> Step:
    del event
    told = (TellVisitEnded(VisitOutcome.CANCELLED, len(visit.packets)),) if visit.stage is Stage.FRONT else ()
    return _emptied(visit), told


def _ended(visit: Visit, event: Ended) -> Step:
    _require_front(visit)
    _require_still(visit)
    if visit.pages:
        raise StepRefused(
            "pages lie there that were not accepted", "还有没受理的材料：请先受理，或转交后台，或取消。", "pages-open"
        )
    return _emptied(visit), (TellVisitEnded(event.outcome, len(visit.packets)),)


_STEPS: Final[dict[type, Callable[[Visit, Any], Step]]] = {
    ItemChosen: _item_chosen,
    FormFilled: _form_filled,
    PhotographAsked: _photograph_asked,
    PageTaken: _page_taken,
    PhotographFailed: _photograph_failed,
    PageKeptAnyway: _page_kept_anyway,
    PageRemoved: _page_removed,
    PageMoved: _page_moved,
    PageTurned: _page_turned,
    PageNamed: _page_named,
    HandedToRear: _handed_to_rear,
    AcceptAsked: _accept_asked,
    PacketAccepted: _packet_accepted,
    Cancelled: _cancelled,
    Ended: _ended,
}


def _emptied(visit: Visit) -> Visit:
    return replace(visit, stage=Stage.ENDED, pages=(), refused=None, form={}, photographing=False)


def _filed(visit: Visit, page: VisitPage) -> Visit:
    at = place_of(visit.pages, page.material, page.taken)
    return replace(visit, pages=(*visit.pages[:at], page, *visit.pages[at:]), last_material=page.material)


def _find(visit: Visit, page_id: str) -> VisitPage:
    for page in visit.pages:
        if page.page_id == page_id:
            return page
    raise PageUnknown("no such page in this visit")


def _with_page(visit: Visit, page: VisitPage) -> Visit:
    return replace(visit, pages=tuple(page if each.page_id == page.page_id else each for each in visit.pages))


def _require_front(visit: Visit) -> None:
    if visit.stage is not Stage.FRONT:
        raise StepRefused("the visit is not at the front seat", "这次办理不在前台。", "not-at-front")


def _require_still(visit: Visit) -> None:
    if visit.photographing:
        raise StepRefused("a photograph is being taken", "正在拍照，请稍候。", "photographing")


def _require_material(material: str) -> str:
    if not (0 < len(material) <= 120 and material.isprintable()):
        raise StepRefused("a material is 1 to 120 printable characters", "材料名称应为1到120个字。", "material-refused")
    return material

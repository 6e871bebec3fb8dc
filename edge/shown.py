"""How a unit's view is put together from what its desks know.

Read after every event by `core.py`; a new view is made only when something in it has changed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, Literal

from broker.errors import OneWindowError
from broker.messages import Call, CallPurpose, QueueStatus, UnitState
from broker.wording import call_text, call_text_english
from edge.both_sides import SIDE_WORDS
from edge.card import Card
from edge.clock import hall_day
from edge.counter import Called, Counter
from edge.devices import BOARD, LABELS
from edge.event_box import EventBox
from edge.hands_free import CAMERA, HandsFree
from edge.house import House
from edge.issue import IssueDesk
from edge.kept import KeptPacket, Place
from edge.pickup_desk import PickupDesk
from edge.session import Visit, VisitPage
from edge.view import (
    AcceptedView,
    CallView,
    Delivery,
    DeviceView,
    LinkView,
    MaterialView,
    NoticeView,
    PageView,
    QueueView,
    StorageView,
    UnitView,
    VisitView,
    masked_name,
    masked_number,
)
from firmware.ports import BoardWarning

_CALLS_MAX: Final = 30
_ACCEPTED_MAX: Final = 200
_STATES: Final = {
    Place.WAITING: Delivery.WAITING,
    Place.ENTERED: Delivery.ENTERED,
    Place.REFUSED: Delivery.REFUSED,
    Place.DAMAGED: Delivery.REFUSED,
}


class Showing:
    """What is only to be shown: notices, calls, the queue, how the devices are."""

    def __init__(self, version_text: str) -> None:
        self.version_text = version_text
        self.notice: NoticeView | None = None
        self.calls: deque[CallView] = deque(maxlen=_CALLS_MAX)  # newest first
        self.queue_view: QueueView | None = None
        self.faults: dict[str, OneWindowError | None] = {}
        self.doubts: dict[str, str] = {}  # packet id -> what the second look points out; gone after a restart
        self._queue_counter = -1

    @property
    def any_fault(self) -> bool:
        return any(error is not None and not isinstance(error, BoardWarning) for error in self.faults.values())

    def say(self, text: str, level: Literal["info", "warning", "error"], at_ms: int, code: str) -> None:
        self.notice = NoticeView(text=text, level=level, at_ms=at_ms, code=code)

    def device(self, name: str, error: OneWindowError | None) -> None:
        self.faults[name] = error

    def called(self, call: Call) -> None:
        self.calls.appendleft(call_view(call))

    def spoken(self, call: Call) -> None:
        for index, view in enumerate(self.calls):
            if (view.ticket, view.window, view.called_at_ms) == (call.ticket, call.window, call.called_at_ms):
                self.calls[index] = replace(view, spoken=True)

    def fetched(self, ticket: str) -> None:
        """All that this ticket was called here to collect has been handed over."""
        for index, view in enumerate(self.calls):
            if view.ticket == ticket and view.purpose == "pickup":
                self.calls[index] = replace(view, fetched=True)

    def queue(self, status: QueueStatus) -> bool:
        """Take the queue's status, unless it is older than what we have; say whether it was taken."""
        if status.counter <= self._queue_counter:
            return False
        self._queue_counter = status.counter
        self.queue_view = QueueView(
            waiting=dict(status.waiting),
            waiting_priority=status.waiting_priority,
            current_ticket=status.current_ticket,
            at_ms=status.at_ms,
        )
        return True


@dataclass(slots=True)
class Shown:
    """Makes the view."""

    house: House
    card: Card
    events: EventBox
    counter: Counter
    pickup: PickupDesk
    issue: IssueDesk | None
    showing: Showing
    hands_free: HandsFree
    _today: str = ""
    _accepted_by_id: dict[str, AcceptedView] = field(default_factory=dict)  # today's, oldest first
    _refused_by_id: dict[str, AcceptedView] = field(default_factory=dict)
    _accepted: tuple[AcceptedView, ...] = ()
    _refused: tuple[AcceptedView, ...] = ()
    _doubts_listed: set[str] = field(default_factory=set)
    _free_bytes: tuple[int, int] = field(default=(-1, 0))

    def view(self, before: UnitView | None) -> UnitView:
        """Return how things are: `before` itself when nothing has changed."""
        house, showing = self.house, self.showing
        self._list_packets()
        front = self.counter.front
        called = self.counter.called
        issue = self.issue
        view = UnitView(
            version=before.version if before is not None else 1,
            at_ms=before.at_ms if before is not None else house.clock.now_ms(),
            unit=house.unit,
            hall=house.hall,
            hall_name=house.hall_name,
            role=house.role,
            window=house.window,
            simulated=any(house.devices.present().values()),
            link=self._link(),
            storage=self._storage(),
            queue=showing.queue_view,
            groups=issue.group_views() if issue is not None else (),
            call=_called_view(called, house.window) if called is not None else None,
            calls=tuple(showing.calls),
            front=self._visit(front) if front is not None else None,
            rear=tuple(map(self._visit, self.counter.rear)),
            accepted=self._accepted,
            refused=self._refused,
            pickup=self.pickup.view,
            card=issue.card_view() if issue is not None else None,
            issued=issue.issued if issue is not None else None,
            devices=self._devices(),
            notice=self._notice(),
            version_text=showing.version_text,
            hands_free=self.hands_free.view(showing.faults.get(CAMERA)),
        )
        if view == before:
            return before
        return replace(view, version=view.version + 1, at_ms=house.clock.now_ms())

    def state(self, boot: int) -> UnitState:
        """Return what central is told of this unit."""
        house = self.house
        oldest = next(iter(house.outbox.waiting()), None)
        health = {name: "ok" if error is None else error.code for name, error in self.showing.faults.items()}
        if self.card.read_only or self.card.full:
            health["storage"] = "storage-read-only" if self.card.read_only else "outbox-full"
        return UnitState(
            alive=True,
            role=house.role.value,
            boot=boot,
            clock_ms=house.clock.now_ms(),
            waiting_packets=house.outbox.waiting_count,
            waiting_events=len(self.events),
            oldest_waiting_ms=oldest.accepted_at_ms if oldest is not None else 0,
            version=self.showing.version_text,
            simulated=any(house.devices.present().values()),
            health=health,
        )

    def _link(self) -> LinkView:
        link, outbox = self.house.link, self.house.outbox
        oldest = next(iter(outbox.waiting()), None)
        notice = ""
        if not link.online:
            notice = "与中心的连接中断：收件照常，材料会自动补发；暂时不能叫号。"
        elif link.is_central_silent():
            notice = "已连上网络，但中心没有回应；材料已保存，会自动补发。"
        return LinkView(
            online=link.online,
            since_ms=link.since_ms,
            waiting_packets=outbox.waiting_count,
            waiting_events=len(self.events),
            oldest_waiting_ms=oldest.accepted_at_ms if oldest is not None else 0,
            notice=notice,
        )

    def _storage(self) -> StorageView:
        now = self.house.clock.monotonic_ms()
        if self._free_bytes[0] < 0 or now - self._free_bytes[0] > 10_000:
            # In whole megabytes: a view for every block that is written would be no news to anybody.
            self._free_bytes = (now, self.card.free_bytes() >> 20 << 20)
        quarantined = (*self.house.outbox.quarantined, *self.events.quarantined)
        notice = ""
        if self.card.read_only:
            notice = "存储卡变为只读，不能受理新的材料；已受理的仍在发送。请联系技术员更换存储卡。"
        elif self.card.full:
            notice = "存储已满，暂时不能受理新的材料；已受理的仍在发送。请联系技术员。"
        elif quarantined:
            notice = f"有{len(quarantined)}份材料在存储卡上损坏，已单独存放。请联系技术员。"
        return StorageView(
            full=self.card.full,
            read_only=self.card.read_only,
            free_bytes=self._free_bytes[1],
            quarantined=quarantined,
            notice=notice,
        )

    def _visit(self, visit: Visit) -> VisitView:
        item = visit.item
        counts: dict[str, int] = {}
        for page in visit.pages:
            counts[page.material] = counts.get(page.material, 0) + 1
        checklist = () if item is None else item.materials
        return VisitView(
            visit=visit.visit_id,
            seat="front" if visit.stage.value == "front" else "rear",
            ticket=visit.ticket,
            ticket_day=visit.day,
            masked_name=masked_name(visit.resident.name),
            masked_number=masked_number(visit.resident.id_number),
            opened_at_ms=visit.opened_at_ms,
            called_at_ms=visit.called_at_ms,
            item_code=item.code if item is not None else "",
            item_name=item.name if item is not None else "",
            item_kind=item.kind if item is not None else "",
            item_days=item.promise_working_days if item is not None else None,
            checklist=tuple(
                MaterialView(
                    name=each.name,
                    needed=each.needed,
                    page_count=counts.get(each.name, 0),
                    hint=_side_hint(visit, each.name),
                )
                for each in checklist
            ),
            pages=tuple(map(_page_view, visit.pages)),
            refused_page=_page_view(visit.refused) if visit.refused is not None else None,
            form=dict(visit.form),
            packets=visit.packets,
            taking=visit.photographing,
            warning=visit.warning,
            can_accept=visit.can_accept,
            missing=visit.missing,
            half_taken=visit.half_taken,
            turn_over=SIDE_WORDS[visit.turn_over] if visit.turn_over is not None else "",
        )

    def _list_packets(self) -> None:
        """Bring the two lists up to what has changed in the outbox, which may hold thousands."""
        outbox, today = self.house.outbox, self.house.clock.hall_day()
        changed = [*outbox.take_changes(), *(self.showing.doubts.keys() - self._doubts_listed)]
        self._doubts_listed |= self.showing.doubts.keys()
        if today != self._today:
            self._today = today
            self._accepted_by_id.clear()
            self._refused_by_id.clear()
            changed = [kept.packet_id for kept in sorted(outbox.packets(), key=lambda kept: kept.order)]
        if not changed:
            return
        for packet_id in changed:
            self._list_packet(packet_id, outbox.find(packet_id))
        self._accepted = tuple(islice(reversed(self._accepted_by_id.values()), _ACCEPTED_MAX))
        self._refused = tuple(reversed(self._refused_by_id.values()))

    def _list_packet(self, packet_id: str, kept: KeptPacket | None) -> None:
        if kept is not None and hall_day(kept.accepted_at_ms) == self._today:
            self._accepted_by_id[packet_id] = self._packet(kept)
        else:
            self._accepted_by_id.pop(packet_id, None)
        if kept is not None and kept.place is Place.REFUSED and not kept.seen:
            self._refused_by_id[packet_id] = self._packet(kept)
        else:
            self._refused_by_id.pop(packet_id, None)

    def _packet(self, kept: KeptPacket) -> AcceptedView:
        item = self.house.catalogue.get(kept.service_item)
        name, visit = self.counter.masks.get(kept.packet_id, ("", ""))
        return AcceptedView(
            packet=kept.packet_id,
            ticket=kept.ticket,
            item_code=kept.service_item,
            item_name=item.name if item is not None else kept.service_item,
            page_count=kept.page_count,
            accepted_at_ms=kept.accepted_at_ms,
            state=_STATES[kept.place],
            masked_name=name,
            case_number=kept.case_number,
            due_on=kept.due_on,
            due_provisional=kept.due_provisional,
            notice=kept.notice,
            visit=visit,
            doubts=self.showing.doubts.get(kept.packet_id, ""),
        )

    def _devices(self) -> tuple[DeviceView, ...]:
        faults = self.showing.faults
        present = self.house.devices.present()
        found = [(name, error) for name, error in faults.items() if name.startswith(f"{BOARD}.") and error is not None]
        return (
            *(
                _device_view(name, simulated, faults.get(name))
                for name, simulated in present.items()
                if name != BOARD or not found  # in its place: one line for each thing that is wrong with it
            ),
            *(_device_view(name, present.get(BOARD, False), error) for name, error in sorted(found)),
        )

    def _notice(self) -> NoticeView | None:
        if self.showing.notice is None and self.issue is not None and self.issue.unprinted:
            numbers = "、".join(self.issue.unprinted[:5])
            text = f"{numbers}号已取但可能没有打印出来；如有居民没有拿到号票，请凭身份证到窗口办理。"
            return NoticeView(text=text, level="warning", at_ms=0, code="perhaps-unprinted")
        return self.showing.notice


def call_view(call: Call) -> CallView:
    return CallView(
        ticket=call.ticket,
        window=call.window,
        purpose=call.purpose.value,
        text=call.text,
        text_english=call_text_english(call.ticket, call.window, call.purpose),
        count=call.count,
        called_at_ms=call.called_at_ms,
    )


def _called_view(called: Called, window: int | None) -> CallView:
    if called.call is not None:
        return call_view(called.call)
    at = window or 1
    return CallView(
        ticket=called.ticket,
        window=at,
        purpose=CallPurpose.INTAKE.value,
        text=call_text(called.ticket, at, CallPurpose.INTAKE),
        text_english=call_text_english(called.ticket, at, CallPurpose.INTAKE),
        count=called.count,
        called_at_ms=called.called_at_ms,
    )


def _side_hint(visit: Visit, material: str) -> str:
    lacking = visit.side_lacking(material)
    return "" if lacking is None else f"请翻面，再拍{SIDE_WORDS[lacking]}"


def _page_view(page: VisitPage) -> PageView:
    return PageView(
        page=page.page_id,
        material=page.material,
        width=page.taken.width,
        height=page.taken.height,
        accepted=page.taken.accepted,
        verdict=page.taken.sentence,
        simulated=page.taken.simulated,
        side="、".join(SIDE_WORDS[side] for side in page.taken.card_sides if side is not None),
    )


def _device_view(name: str, simulated: bool, error: OneWindowError | None) -> DeviceView:
    return DeviceView(
        name=name,
        label=LABELS.get(name, name),
        simulated=simulated,
        ok=error is None,
        code="ok" if error is None else error.code,
        notice="" if error is None else error.notice,
    )

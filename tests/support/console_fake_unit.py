"""A unit of nothing but memory that keeps `edge.unit.Unit`'s promise towards the console: views, commands, pictures.

Small on purpose: it moves one visit from call to receipt as the core does, and refuses what comes out of order.
"""

from __future__ import annotations

import dataclasses
import io
import threading
from dataclasses import replace
from typing import Any

from PIL import Image, ImageDraw

from broker.messages import Priority
from edge import commands as ask
from edge.catalogue import Catalogue, Material, ServiceItem
from edge.console.orders import COMMANDS
from edge.devices import TRIALS
from edge.errors import ItemUnknown, NotOfThisRole, PageNotReadable, PageUnknown, StepRefused, VisitUnknown
from edge.view import (
    AcceptedView,
    CallView,
    CardView,
    Delivery,
    DeviceView,
    GroupView,
    HandsFreeView,
    IssuedView,
    LinkView,
    MaterialView,
    PageView,
    PickupView,
    QueueView,
    ReadyView,
    Role,
    UnitView,
    VisitView,
    masked_name,
    masked_number,
)

NOW_MS = 1_795_400_000_000  # 2026-11-23, 10:13 in the hall
ITEMS = (
    ServiceItem(
        code="RS001",
        name="社会保障卡申领",
        department="社会保障科",
        kind="same_day",
        promise_working_days=None,
        materials=(Material("居民身份证"), Material("一寸照片")),
    ),
    ServiceItem(
        code="RS005",
        name="社会保障卡挂失",
        department="社会保障科",
        kind="same_day",
        promise_working_days=None,
        materials=(Material("居民身份证"),),
    ),
    ServiceItem(
        code="MZ009",
        name="最低生活保障",
        department="社会救助科",
        kind="promised",
        promise_working_days=15,
        materials=(
            Material("申请书"),
            Material("身份证、户口本"),
            Material("残疾人证", needed=False),
            Material("收入证明"),
            Material("诊断证明", needed=False),
            Material("照片"),
        ),
    ),
)
NAMES = {kind: name for name, kind in COMMANDS.items()}
LABELS = {
    "scanner": "扫描枪",
    "document_camera": "高拍仪",
    "call_display": "窗口屏",
    "panel": "按钮板",
    "speaker": "语音",
    "id_card_reader": "身份证阅读器",
    "ticket_printer": "号票打印机",
}


def devices(*names: str, simulated: bool = True) -> tuple[DeviceView, ...]:
    return tuple(DeviceView(name=name, label=LABELS[name], simulated=simulated, ok=True) for name in names)


def a_view(role: Role = Role.INTAKE, **changes: Any) -> UnitView:
    at_window = ("scanner", "document_camera", "call_display", "panel", "speaker")
    names = {
        Role.INTAKE: at_window,
        Role.STATION: ("scanner", "document_camera", "id_card_reader", "ticket_printer"),
        Role.PICKUP: ("scanner", "id_card_reader", "call_display"),
        Role.KIOSK: ("id_card_reader", "ticket_printer"),
        Role.BOARD: ("speaker", "call_display"),
    }[role]
    plain = UnitView(
        version=1,
        at_ms=NOW_MS,
        unit="shuangjing-w3",
        hall="shuangjing",
        hall_name="双井街道便民服务中心（演示）",
        role=role,
        window=3 if role in (Role.INTAKE, Role.PICKUP) else None,
        simulated=True,
        link=LinkView(online=True, since_ms=NOW_MS - 3_600_000),
        queue=QueueView(waiting={"A": 4, "B": 1, "C": 2}, waiting_priority=1, current_ticket="", at_ms=NOW_MS),
        groups=(
            GroupView(letter="A", name="社保医保", waiting=4),
            GroupView(letter="B", name="就业创业", waiting=1),
            GroupView(letter="C", name="民政综合", waiting=2),
        ),
        devices=devices(*names),
        version_text="0.1.0",
    )
    return replace(plain, **changes)


def a_call(ticket: str = "A6027", **changes: Any) -> CallView:
    plain = CallView(
        ticket=ticket,
        window=3,
        purpose="intake",
        text=f"请{ticket}号到3号窗口办理业务",
        text_english=f"Ticket {ticket}, window 3",
        count=1,
        called_at_ms=NOW_MS - 30_000,
        spoken=True,
    )
    return replace(plain, **changes)


def a_page(number: int, material: str, **changes: Any) -> PageView:
    plain = PageView(
        page=f"page-{number}", material=material, width=1654, height=2339, accepted=True, verdict="清晰完整，可以使用。"
    )
    return replace(plain, **changes)


def a_visit(**changes: Any) -> VisitView:
    plain = VisitView(
        visit="visit-1",
        seat="front",
        ticket="A6027",
        ticket_day="2026-11-23",
        masked_name=masked_name("张大三"),
        masked_number=masked_number("11010519491231002X"),
        opened_at_ms=NOW_MS - 180_000,
    )
    return checked(replace(plain, **changes))


def with_item(visit: VisitView, code: str) -> VisitView:
    item = next((item for item in ITEMS if item.code == code), None)
    if item is None:
        raise ItemUnknown("no item with this code in the catalogue")
    checklist = tuple(MaterialView(name=m.name, needed=m.needed, page_count=0) for m in item.materials)
    return checked(
        replace(
            visit,
            item_code=code,
            item_name=item.name,
            item_kind=item.kind,
            item_days=item.promise_working_days,
            checklist=checklist,
        )
    )


def an_accepted(number: int, **changes: Any) -> AcceptedView:
    plain = AcceptedView(
        packet=f"packet-{number}",
        ticket=f"A60{number:02d}",
        item_code="RS001",
        item_name="社会保障卡申领",
        page_count=2,
        accepted_at_ms=NOW_MS - number * 600_000,
        state=Delivery.ENTERED,
        masked_name="李*",
        case_number=f"20261123-{number:05d}",
    )
    return replace(plain, **changes)


def checked(visit: VisitView) -> VisitView:
    counts = dict.fromkeys((m.name for m in visit.checklist), 0)
    for page in visit.pages:
        counts[page.material] = counts.get(page.material, 0) + 1
    checklist = tuple(replace(m, page_count=counts[m.name]) for m in visit.checklist)
    missing = tuple(m.name for m in checklist if m.needed and not m.ticked)
    return replace(visit, checklist=checklist, missing=missing, can_accept=bool(visit.item_code and visit.pages))


class FakeUnit:
    """Keeps `Unit`'s promise. `said` holds every command in order; `fails` makes the next one raise."""

    def __init__(self, view: UnitView | None = None) -> None:
        self.catalogue = Catalogue(ITEMS)
        self.said: list[ask.Command] = []
        self.fails: Exception | None = None
        self.blurred = False  # the gate refuses the next picture
        self.card: tuple[str, str] | None = None
        self._view = view or a_view()
        self._changed = threading.Condition()
        self._next = 6027
        self._made = 0

    def view(self) -> UnitView:
        with self._changed:
            return self._view

    def show(self, **changes: Any) -> None:
        with self._changed:
            self._view = replace(self._view, version=self._view.version + 1, **changes)
            self._changed.notify_all()

    def wait_for_change(self, version: int, timeout_seconds: float = 15.0) -> UnitView:
        with self._changed:
            self._changed.wait_for(lambda: self._view.version > version, timeout_seconds)
            return self._view

    def page_jpeg(self, page: str) -> bytes:
        if not page.startswith("page-"):
            raise PageUnknown("no such page here")
        return a_picture(f"{page}", (620, 877))

    def live_frame(self) -> bytes:
        return a_picture("live", (960, 720), outline=True)

    def slip_picture(self) -> bytes | None:
        issued = self.view().issued
        return a_picture(issued.ticket, (384, 620), kind="PNG") if issued else None

    def do(self, command: ask.Command, timeout_seconds: float = 20.0) -> ask.Result:
        self.said.append(command)
        if self.fails is not None:
            failure, self.fails = self.fails, None
            raise failure
        handler = getattr(self, "_" + NAMES[type(command)], None)
        if handler is None:
            raise NotOfThisRole(f"a fake unit does not know {type(command).__name__}")
        result: ask.Result = handler(command)
        return result

    def lay_card(self, name: str, number: str) -> None:
        self.card = (name, number)
        self.show(card=CardView(masked_name=masked_name(name), masked_number=masked_number(number), read_at_ms=NOW_MS))

    # --- what the core does, in short ------------------------------------------------------------------------

    def _call_next(self, command: ask.CallNext) -> ask.Result:
        if self.view().front is not None:
            raise StepRefused("a visit is open", "请先办完当前居民，再叫下一位。")
        ticket = f"A{self._next}"
        self._next += 1
        self.show(call=a_call(ticket))
        return ask.Result(ticket=ticket)

    def _recall_ticket(self, command: ask.RecallTicket) -> ask.Result:
        call = self.view().call
        assert call is not None
        self.show(call=replace(call, count=call.count + 1))
        return ask.Result(ticket=call.ticket)

    def _pass_ticket(self, command: ask.PassTicket) -> ask.Result:
        self.show(call=None)
        return ask.Result(notice="已过号。")

    def _scan_text(self, command: ask.ScanText) -> ask.Result:
        return self.open(command.text)

    def _open_by_hand(self, command: ask.OpenByHand) -> ask.Result:
        return self.open(command.ticket)

    def open(self, ticket: str) -> ask.Result:
        self.show(front=a_visit(ticket=ticket, opened_at_ms=NOW_MS), call=None)
        return ask.Result(visit="visit-1", ticket=ticket)

    def _choose_item(self, command: ask.ChooseItem) -> ask.Result:
        return self._change(command.visit, lambda visit: with_item(visit, command.code))

    def _fill_form(self, command: ask.FillForm) -> ask.Result:
        def fill(visit: VisitView) -> VisitView:
            return replace(visit, form={k: v for k, v in (visit.form | command.fields).items() if v})

        return self._change(command.visit, fill)

    def _take_page(self, command: ask.TakePage) -> ask.Result:
        if self.blurred:
            self.blurred = False
            missing = self._find(command.visit).missing
            bad = a_page(99, command.material or missing[0], accepted=False, verdict="画面模糊，请把材料放平。")
            self._change(command.visit, lambda visit: replace(visit, refused_page=bad))
            raise PageNotReadable("画面模糊，请把材料放平。")
        self._made += 1

        def add(visit: VisitView) -> VisitView:
            material = command.material or (visit.missing[0] if visit.missing else "其他材料")
            return replace(visit, pages=(*visit.pages, a_page(self._made, material)), refused_page=None)

        return self._change(command.visit, add)

    def _set_hands_free(self, command: ask.SetHandsFree) -> ask.Result:
        step = "empty" if command.on else ""
        self.show(hands_free=HandsFreeView(on=command.on, step=step, notice="请放上材料" if command.on else ""))
        return ask.Result()

    def _remove_page(self, command: ask.RemovePage) -> ask.Result:
        return self._change(
            command.visit, lambda visit: replace(visit, pages=tuple(p for p in visit.pages if p.page != command.page))
        )

    def _name_page(self, command: ask.NamePage) -> ask.Result:
        def rename(visit: VisitView) -> VisitView:
            pages = (replace(p, material=command.material) if p.page == command.page else p for p in visit.pages)
            return replace(visit, pages=tuple(pages))

        return self._change(command.visit, rename)

    def _move_page(self, command: ask.MovePage) -> ask.Result:
        def move(visit: VisitView) -> VisitView:
            moved = [p for p in visit.pages if p.page == command.page]
            others = [p for p in visit.pages if p.page != command.page]
            return replace(visit, pages=tuple(others[: command.to_index] + moved + others[command.to_index :]))

        return self._change(command.visit, move)

    def _turn_page(self, command: ask.TurnPage) -> ask.Result:
        return self._change(command.visit, lambda visit: visit)

    def _hand_to_rear(self, command: ask.HandToRear) -> ask.Result:
        visit = self.view().front
        assert visit is not None
        self.show(front=None, rear=(*self.view().rear, replace(visit, seat="rear")))
        return ask.Result(notice="已转后台。")

    def _accept_visit(self, command: ask.AcceptVisit) -> ask.Result:
        visit = self._find(command.visit)
        if not visit.can_accept:
            raise StepRefused("no item or no page", "请先选事项并拍下材料。")
        packet = an_accepted(
            len(self.view().accepted) + 1,
            ticket=visit.ticket,
            item_name=visit.item_name,
            state=Delivery.WAITING,
            case_number="",
            accepted_at_ms=NOW_MS,
            page_count=len(visit.pages),
        )
        link = replace(self.view().link, waiting_packets=self.view().link.waiting_packets + 1)
        after = a_visit(ticket=visit.ticket, packets=(*visit.packets, packet.packet))
        if visit.seat == "rear":
            rear = tuple(each for each in self.view().rear if each.visit != visit.visit)
            self.show(rear=rear, accepted=(packet, *self.view().accepted), link=link)
        else:
            self.show(front=after, accepted=(packet, *self.view().accepted), link=link)
        return ask.Result(notice="已受理。", packet=packet.packet)

    def receipt(self) -> None:
        """Central's receipt for the newest packet comes."""
        newest, *rest = self.view().accepted
        entered = replace(newest, state=Delivery.ENTERED, case_number="20261123-00042")
        self.show(accepted=(entered, *rest), link=replace(self.view().link, waiting_packets=0))

    def _end_visit(self, command: ask.EndVisit) -> ask.Result:
        self.show(front=None)
        return ask.Result(notice="已办完。")

    def _cancel_visit(self, command: ask.CancelVisit) -> ask.Result:
        self.show(front=None)
        return ask.Result(notice="已取消。")

    def _issue_ticket(self, command: ask.IssueTicket) -> ask.Result:
        ticket = f"{command.group or 'S'}{self._next}"
        self._next += 1
        issued = IssuedView(
            ticket=ticket,
            group_name="社保医保",
            people_ahead=4 if self.view().link.online else None,
            issued_at_ms=NOW_MS,
            priority=command.priority is not Priority.NONE,
            printed=True,
        )
        self.card = None
        self.show(card=None, issued=issued)
        return ask.Result(ticket=ticket)

    def _forget_card(self, command: ask.ForgetCard) -> ask.Result:
        self.show(card=None)
        return ask.Result()

    def _ask_pickup(self, command: ask.AskPickup) -> ask.Result:
        self.show(pickup=a_pickup())
        return ask.Result()

    def _hand_over(self, command: ask.HandOver) -> ask.Result:
        pickup = self.view().pickup
        assert pickup is not None
        cases = tuple(
            replace(c, handed_over=c.handed_over or c.case_number == command.case_number) for c in pickup.cases
        )
        self.show(pickup=replace(pickup, cases=cases))
        return ask.Result(notice="已出件。")

    def _clear_pickup(self, command: ask.ClearPickup) -> ask.Result:
        self.show(pickup=None)
        return ask.Result()

    def _retry_devices(self, command: ask.RetryDevices) -> ask.Result:
        return ask.Result(notice="已全部检查。")

    def _try_device(self, command: ask.TryDevice) -> ask.Result:
        return ask.Result(notice=TRIALS[command.device])

    def _find(self, visit: str) -> VisitView:
        view = self.view()
        for each in (view.front, *view.rear):
            if each is not None and (visit in ("", each.visit)):
                return each
        raise VisitUnknown("no such visit")

    def _change(self, visit: str, change: Any) -> ask.Result:
        old = self._find(visit)
        new = checked(change(old))
        if old.seat == "front":
            self.show(front=new)
        else:
            self.show(rear=tuple(new if each is old else each for each in self.view().rear))
        return ask.Result(visit=new.visit)


def a_pickup() -> PickupView:
    ready = ReadyView(
        case_number="20261120-00007",
        item_code="RS001",
        item_name="社会保障卡申领",
        ticket="A6011",
        ticket_day="2026-11-20",
        state="ready",
    )
    return PickupView(
        asked_by="ticket",
        asked_at_ms=NOW_MS,
        answered=True,
        cases=(
            ready,
            dataclasses.replace(ready, case_number="20261118-00031", item_code="JY020", item_name="就业创业证申领"),
            dataclasses.replace(
                ready, case_number="20261123-00002", item_code="MZ009", item_name="最低生活保障", state="assigned"
            ),
        ),
    )


def a_picture(text: str, size: tuple[int, int], *, kind: str = "JPEG", outline: bool = False) -> bytes:
    picture = Image.new("RGB", size, "#5b4a3a" if outline else "white")
    draw = ImageDraw.Draw(picture)
    if outline:
        draw.polygon([(280, 60), (700, 90), (680, 660), (250, 640)], fill="#f4f2ec", outline="#27c46b", width=6)
    for line in range(6):
        draw.line([(size[0] * 0.2, 120 + line * 60), (size[0] * 0.8, 120 + line * 60)], fill="#999", width=3)
    draw.text((20, 20), text, fill="black")
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()

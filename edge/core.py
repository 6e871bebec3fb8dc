"""The heart of a unit: one event after another, on one thread. Sans-I/O: the world is behind ports.

Events come from the console, the devices and the network (`events.py`); commands go to the desk whose business they
are; what central says is shared out; after each event there is a view of how things are (`shown.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from broker.errors import OneWindowError
from broker.events import CallShown
from broker.ids import is_case_number
from broker.messages import (
    Call,
    CallPurpose,
    Outcome,
    PacketDoubted,
    PickupList,
    QueueStatus,
    ResendAsked,
    TicketKeys,
    UnitState,
)
from edge import commands as ask
from edge.card import Card
from edge.catalogue import Catalogue
from edge.commands import Command, Result
from edge.counter import Counter
from edge.devices import TRIALS
from edge.doubts import doubts_told
from edge.errors import DeviceUnknown, NotOfThisRole, PacketUnknown, PageUnknown, TicketCodeUnknown
from edge.event_box import EventBox
from edge.events import (
    Arrived,
    Asked,
    CallAnnounced,
    CardLaid,
    DeskWatched,
    DeviceChecked,
    Event,
    LinkDown,
    LinkUp,
    Looked,
    PagePhotographed,
    Pressed,
    Published,
    Scanned,
    SlipPrinted,
    Ticked,
)
from edge.hands_free import HandsFree
from edge.house import Answer, House, succeed
from edge.issue import IssueDesk
from edge.led import Led, StandingCalls, led, number_of, trouble_of
from edge.link import EventAnswered, EventGivenUp, PacketAnswered, PacketSetAside
from edge.pickup_desk import CASE_PREFIX, PickupDesk
from edge.seen import CallsSeen, Seen
from edge.shown import Showing, Shown
from edge.ticket import Ticket, is_ticket_code, open_ticket
from edge.view import Role, UnitView
from firmware.ports import Button, Lamp, LampState

log = logging.getLogger(__name__)

_CHORES_MS: Final = 10_000
_SAVE_TIME_MS: Final = 600_000

_BUTTONS: Final[dict[Button, Command]] = {
    Button.NEXT: ask.CallNext(),
    Button.RECALL: ask.RecallTicket(),
    Button.PASS: ask.PassTicket(),
    Button.PHOTOGRAPH: ask.TakePage(),
}

Handler = Callable[[Any, Answer], None]


class Core:
    """Handles events. What it knows is in the desks; what must last is in the outbox and the `seen/` folder."""

    def __init__(
        self,
        house: House,
        *,
        card: Card,
        events: EventBox,
        seen: Seen,
        issue: IssueDesk | None,
        version_text: str,
    ) -> None:
        self._house = house
        self._card = card
        self._seen = seen
        self._calls_seen = CallsSeen(seen, house.clock)
        self._counter = Counter(house) if issue is None or issue.counter is None else issue.counter
        self._hands_free = HandsFree(house, self._counter)
        self._showing = Showing(version_text)
        self._pickup = PickupDesk(house, self._fetched)
        self._issue = issue
        self._pickup_calls: set[tuple[str, str]] = set()  # tickets called here today to fetch a result
        self._unshown: dict[int, bool] = {}  # counters of calls tried and not shown; True: the announcer is at it
        self._lamps: dict[Lamp, LampState] = {}
        self._standing = StandingCalls()
        self._led: Led | None = None  # as the display was told; None: it may still show what was before the start
        self._linked = seen.last_time_ms() > 0  # central was heard, ever
        self._day = house.clock.hall_day()
        self._chores_due_ms = 0
        self._save_due_ms = house.clock.monotonic_ms() + _SAVE_TIME_MS
        self._shown = Shown(house, card, events, self._counter, self._pickup, issue, self._showing, self._hands_free)
        self._handlers = self._commands_of(house.role)
        if issue is not None:
            issue.start()
        self._view = self._shown.view(None)

    @property
    def catalogue(self) -> Catalogue:
        return self._house.catalogue

    def view(self) -> UnitView:
        return self._view

    def state(self, boot: int) -> UnitState:
        """Return what central is told of this unit."""
        return self._shown.state(boot)

    def wait_seconds(self) -> float:
        due = [self._house.link.next_due_ms(), self._chores_due_ms]
        due += [each for each in (self._counter.next_due_ms(), self._pickup.next_due_ms()) if each is not None]
        return max(0.0, (min(due) - self._house.clock.monotonic_ms()) / 1000)

    def handle(self, event: Event) -> None:
        """Take one event. A command's refusal is its answer; anything else that is raised is a fault of ours."""
        match event:
            case Asked(command, answer):
                self._do(command, answer)
            case Looked(page, picture):
                self._look(page, picture)
            case Ticked():
                pass
            case Pressed(button):
                self._pressed(button)
            case Scanned():
                self._scanned(event)
            case CardLaid():
                self._card_laid(event)
            case PagePhotographed():
                self._counter.photographed(event)
            case DeskWatched():
                self._desk_watched(event)
            case SlipPrinted():
                if self._issue is not None:
                    self._issue.printed(event)
            case CallAnnounced():
                self._announced(event)
            case DeviceChecked(device, error):
                self._device_checked(device, error)
            case LinkUp():
                self._house.link.link_up()
            case LinkDown(reason):
                self._link_down(reason)
            case Published(handle):
                self._house.link.published(handle)
            case Arrived(topic, payload):
                self._house.link.arrived(topic, payload)
        self._after()

    # --- commands -----------------------------------------------------------------------------------------------

    def _commands_of(self, role: Role) -> dict[type, Handler]:
        handlers: dict[type, Handler] = {
            ask.RetryDevices: self._retry_devices,
            ask.TryDevice: self._try_device,
            ask.DismissRefused: self._dismiss_refused,
        }
        counter, pickup, issue = self._counter, self._pickup, self._issue
        if role is Role.INTAKE:
            handlers |= {
                ask.CallNext: counter.call_next,
                ask.RecallTicket: counter.recall,
                ask.PassTicket: counter.pass_ticket,
            }
        if role in (Role.INTAKE, Role.STATION):
            handlers |= {
                ask.OpenByHand: counter.open_by_hand,
                ask.ChooseItem: counter.choose_item,
                ask.FillForm: counter.fill_form,
                ask.HandToRear: counter.hand_to_rear,
                ask.AcceptVisit: counter.accept,
                ask.CancelVisit: counter.cancel,
                ask.EndVisit: counter.end,
                ask.TakePage: counter.take_page,
                ask.SetHandsFree: self._hands_free.switch,
                ask.TakePageAnyway: counter.take_page_anyway,
                ask.RemovePage: counter.remove_page,
                ask.MovePage: counter.move_page,
                ask.TurnPage: counter.turn_page,
                ask.NamePage: counter.name_page,
            }
        if role in (Role.INTAKE, Role.PICKUP):
            handlers |= {
                ask.AskPickup: pickup.ask,
                ask.HandOver: pickup.hand_over,
                ask.ClearPickup: pickup.clear,
            }
        if role in (Role.INTAKE, Role.PICKUP, Role.STATION):
            handlers[ask.ScanText] = self._scan
        if issue is not None:
            handlers |= {
                ask.IssueTicket: issue.issue,
                ask.ReprintSlip: issue.reprint,
                ask.ForgetCard: issue.forget_card,
            }
        return handlers

    def _do(self, command: Command, answer: Answer) -> None:
        handler = self._handlers.get(type(command))
        try:
            if handler is None:
                raise NotOfThisRole(f"{type(command).__name__} is not for a unit of role {self._house.role.value}")
            handler(command, answer)
        except OneWindowError as error:
            log.info("%s refused: %s (%s)", type(command).__name__, error.code, error)
            if not answer.done():
                answer.set_exception(error)

    def _by_hand(self, command: Command) -> None:
        """Carry out what a device asked for: there is no page that waits for the answer, so it becomes the notice."""
        answer: Answer = Future()
        answer.add_done_callback(self._say_answer)
        self._do(command, answer)

    def _say_answer(self, answer: Answer) -> None:
        error = answer.exception()
        if error is None:
            self._say(answer.result().notice, "info")
        elif isinstance(error, OneWindowError):
            self._say(error.notice, "warning", error.code)

    def _say(self, text: str, level: Any, code: str = "") -> None:
        if text:
            self._showing.say(text, level, self._house.clock.now_ms(), code)

    def _scan(self, command: ask.ScanText, answer: Answer) -> None:
        """A code was read: a ticket, or the case number on a printed receipt."""
        text, house = command.text.strip("\r\n\t"), self._house
        case_number = text.removeprefix(CASE_PREFIX)
        if is_ticket_code(text):
            ticket = self._opened(text)
            if house.role is Role.PICKUP or (ticket.ticket, ticket.day) in self._pickup_calls:
                self._pickup.ask_by_ticket(ticket.ticket, ticket.day, answer)
            else:
                self._counter.present(ticket.ticket, ticket.day, ticket.resident, answer)
        elif is_case_number(case_number) and "-" in case_number and house.role is not Role.STATION:
            # The hyphen tells a case number from the product codes that lie about on a desk.
            self._pickup.ask_by_case(case_number, answer)
        else:
            raise TicketCodeUnknown("neither a ticket code nor a case number")

    def _retry_devices(self, command: ask.RetryDevices, answer: Answer) -> None:
        del command
        self._house.devices.check()
        succeed(answer, Result(notice="正在检查设备。"))

    def _try_device(self, command: ask.TryDevice, answer: Answer) -> None:
        if command.device not in self._house.devices.present():
            raise DeviceUnknown("this unit has no device of that name")
        self._house.devices.try_device(command.device)
        succeed(answer, Result(notice=TRIALS[command.device]))

    def _dismiss_refused(self, command: ask.DismissRefused, answer: Answer) -> None:
        if not self._house.outbox.dismiss(command.packet):
            raise PacketUnknown("no refused packet of this id")
        succeed(answer, Result(packet=command.packet))

    def _look(self, page: str, picture: Future[bytes]) -> None:
        try:
            picture.set_result(self._counter.page(page))
        except PageUnknown as error:
            picture.set_exception(error)

    # --- devices ------------------------------------------------------------------------------------------------

    def _pressed(self, button: Button) -> None:
        command = _BUTTONS.get(button)
        if command is None:
            self._say("吹哨功能尚未启用。", "info")
        else:
            self._by_hand(command)

    def _scanned(self, event: Scanned) -> None:
        """Carry out a scan; a slip that only came to light again under the camera is nobody's wish."""
        text = event.scan.text
        if event.still_lies and is_ticket_code(text):
            try:
                ticket = self._opened(text)
            except OneWindowError:
                return  # it was refused when it was laid there, and said so
            if self._pickup.was_asked_for(ticket.ticket, ticket.day) or self._counter.has_here(
                ticket.ticket, ticket.day
            ):
                return
            if self._counter.has_let_go(ticket.ticket, ticket.day):
                self._say(f"{ticket.ticket}号票还在高拍仪下，请交还居民；要再次办理，请先拿开再放。", "info")
                return
        self._by_hand(ask.ScanText(text))

    def _opened(self, text: str) -> Ticket:
        house = self._house
        return open_ticket(text, house.day_keys.by_day, hall=house.hall, today=house.clock.hall_day())

    def _card_laid(self, event: CardLaid) -> None:
        try:
            if self._issue is not None:
                self._issue.card_laid(event.card)
            elif self._house.role is Role.PICKUP:
                self._by_hand(ask.AskPickup(id_number=event.card.id_number))
            elif self._house.role is Role.INTAKE:
                answer: Answer = Future()
                answer.add_done_callback(self._say_answer)
                self._counter.card_laid(event.card, answer)
        except OneWindowError as error:
            self._say(error.notice, "warning", error.code)

    def _device_checked(self, device: str, error: OneWindowError | None) -> None:
        if error is not None:
            log.warning("device %s: %s (%s)", device, error.code, error)
            if error.code == "card-unreadable":
                self._say(error.notice, "warning", error.code)
                return
        self._showing.device(device, error)
        self._house.link.state_changed()

    def _desk_watched(self, event: DeskWatched) -> None:
        try:
            self._hands_free.watched(event)
        except OneWindowError as error:
            self._say(error.notice, "warning", error.code)

    def _announced(self, event: CallAnnounced) -> None:
        call, house = event.call, self._house
        if event.spoken:
            self._showing.spoken(call)
            return
        if call.counter in self._calls_seen:
            return  # the voice's word on a call that is shown
        if event.shown:
            log.info("call %d: %s to window %d shown", call.counter, call.ticket, call.window)
            self._unshown.pop(call.counter, None)
            self._calls_seen.note(call)
            self._tell_shown(call)
        else:
            self._unshown[call.counter] = False
            log.warning("call %d: %s to window %d was not shown", call.counter, call.ticket, call.window)
        house.link.pump()

    def _fetched(self, ticket: str) -> None:
        self._showing.fetched(ticket)
        self._standing.fetched(ticket)

    def _tell_shown(self, call: Call) -> None:
        house = self._house
        house.link.tell(CallShown(event_id=house.link.new_id(), call_id=call.call_id, at_ms=house.clock.now_ms()))

    # --- central ------------------------------------------------------------------------------------------------

    def _link_down(self, reason: str) -> None:
        self._house.link.link_down(reason)
        if self._issue is not None:
            self._issue.link_down()

    def _hear(self) -> None:
        """Share out what the link has heard."""
        for news in self._house.link.news():
            match news:
                case Call():
                    self._call_came(news)
                case QueueStatus():
                    self._status_came(news)
                case PickupList():
                    self._pickup.list_came(news)
                case PacketDoubted():
                    self._doubted(news)
                case TicketKeys():
                    self._house.day_keys.take(news.keys)
                case ResendAsked():
                    pass
                case PacketAnswered(packet):
                    if packet.code:
                        self._say(packet.notice or "有材料被中心退回，请查看。", "error", packet.code)
                    self._house.link.state_changed()
                case PacketSetAside(error):
                    self._say(error.notice, "error", error.code)
                case EventAnswered(receipt):
                    self._counter.answered(receipt)
                    self._pickup.answered(receipt)
                    if receipt.outcome is Outcome.REFUSED:
                        self._say(receipt.notice, "warning", receipt.code)
                case EventGivenUp(event_id):
                    self._counter.given_up(event_id)
                    self._pickup.given_up(event_id)

    def _call_came(self, call: Call) -> None:
        house = self._house
        is_first = self._calls_seen.is_new(call) and call.counter not in self._unshown
        ours = call.window == house.window
        if ours and call.purpose is CallPurpose.INTAKE and house.role is Role.INTAKE:
            self._counter.call_came(call, is_new=is_first)
        if ours and call.purpose is CallPurpose.PICKUP:
            self._pickup_calls.add((call.ticket, call.ticket_day or house.clock.hall_day()))
        if call.counter in self._calls_seen:
            self._tell_shown(call)  # central repeats a call until somebody has shown it: say again that we have
        elif self._calls_seen.is_new(call) and not self._unshown.get(call.counter, False):  # an old one is a replay
            self._announce(call, is_first=is_first)

    def _announce(self, call: Call, *, is_first: bool) -> None:
        """Have a call shown, and spoken at the first try only: a display that stays dark must not make the voice say
        the same call all along."""
        if self._calls_seen.is_expired(call):
            log.info("call %d: over its time, not shown", call.counter)
            return
        self._unshown[call.counter] = True
        if is_first:
            self._showing.called(call)
            if call.purpose is CallPurpose.PICKUP or self._house.role is not Role.INTAKE:
                self._standing.came(call)  # what an intake window awaits is the counter's
        self._house.devices.announce(call, aloud=is_first)

    def _doubted(self, news: PacketDoubted) -> None:
        """Point the doubts out in the list, and aloud if the packet is one of this unit's."""
        kept = self._house.outbox.find(news.packet_id)
        if kept is None:
            return
        told = doubts_told(news.doubts)
        self._showing.doubts[news.packet_id] = told
        self._say(f"{kept.ticket} 的材料：{told}", "warning", "second-look")

    def _status_came(self, status: QueueStatus) -> None:
        if not self._showing.queue(status):
            return
        if self._house.role is Role.INTAKE:
            self._counter.status_came(status)
        if self._issue is not None:
            self._issue.status_came(status)

    # --- after each event ---------------------------------------------------------------------------------------

    def _after(self) -> None:
        self._house.link.tick()
        self._hear()
        self._counter.tick()
        self._pickup.tick()
        if self._issue is not None:
            self._issue.tick()
        now = self._house.clock.monotonic_ms()
        if now >= self._chores_due_ms:
            self._chores_due_ms = now + _CHORES_MS
            self._chores(now)
        self._house.devices.watch_for_ticket(self._counter.called is not None and self._counter.front is None)
        self._hands_free.settle()
        self._set_lamps()
        self._set_led()
        self._view = self._shown.view(self._view)

    def _chores(self, now: int) -> None:
        house = self._house
        self._card.look_after()
        today = house.clock.hall_day()
        if today != self._day:
            self._day = today
            self._pickup_calls.clear()
            self._unshown.clear()
            self._standing.clear()
            self._counter.new_day()
            if self._issue is not None:
                self._issue.new_day(today)
        house.day_keys.forget_before(today)
        gone = house.outbox.expire(house.clock.now_ms())
        if gone:
            log.info("%d receipted packets were kept long enough and are deleted", gone)
        if now >= self._save_due_ms:
            self._save_due_ms = now + _SAVE_TIME_MS
            self._seen.save_time(house.clock)

    def _set_led(self) -> None:
        house, faults = self._house, self._showing.faults
        if not self._linked and house.link.heard_ms is not None:
            self._linked = True
            self._seen.save_time(house.clock)  # a start without the network must not call it a new unit
        present = house.devices.present()
        front = self._counter.front
        wanted = led(
            called=self._called_number(),
            served=front.ticket if front is not None and front.day == self._day else "",
            linked=self._linked,
            trouble=trouble_of(
                house.role,
                present,
                [name for name, error in faults.items() if error is not None],
                full=self._card.full,
                read_only=self._card.read_only,
            ),
            demo=any(present.values()) and not present.get("call_display", True),
        )
        if wanted != self._led:
            self._led = wanted
            house.devices.show(wanted)

    def _called_number(self) -> str:
        """Return the youngest number that somebody is waited for with, as the display writes it."""
        window, called = self._house.window, self._counter.called
        standing = self._standing.newest(self._calls_seen.is_expired)
        if called is not None and called.day != self._day:
            called = None  # nobody comes for a number of yesterday
        if called is not None and (standing is None or standing.called_at_ms <= called.called_at_ms):
            return called.ticket
        return number_of(standing.ticket, standing.window, window) if standing is not None else ""

    def _set_lamps(self) -> None:
        house = self._house
        wanted: dict[Lamp, LampState] = {
            Lamp.READY: "on" if house.link.online and not house.link.is_central_silent() else "off",
            Lamp.WAITING: "on" if house.outbox.waiting_count else "off",
            Lamp.FAULT: "blink" if self._card.full or self._card.read_only or self._showing.any_fault else "off",
        }
        for lamp, state in wanted.items():
            if self._lamps.get(lamp) != state:
                self._lamps[lamp] = state
                house.devices.set_lamp(lamp, state)

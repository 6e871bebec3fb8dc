"""Who is at the window: the called ticket, the visit at the front seat, those at the rear. For windows and stations.

Commands come from the core; each visit's steps are `session.py`'s, and what they ask for is done here: photographs,
packets, events to central.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

from broker.events import NextRequested, RecallRequested, TicketPassed, TicketPresented, VisitEnded, VisitOutcome
from broker.ids import is_ticket
from broker.messages import Call, Outcome, QueueStatus, Receipt, Resident
from edge import session
from edge.commands import (
    AcceptVisit,
    CallNext,
    CancelVisit,
    ChooseItem,
    EndVisit,
    FillForm,
    HandToRear,
    MovePage,
    NamePage,
    OpenByHand,
    PassTicket,
    RecallTicket,
    RemovePage,
    Result,
    TakePage,
    TakePageAnyway,
    TurnPage,
)
from edge.errors import (
    LinkAway,
    NoAnswer,
    PageNotReadable,
    PageUnknown,
    RefusedByCentral,
    StepRefused,
    TicketCodeUnknown,
    VisitUnknown,
)
from edge.events import PagePhotographed
from edge.house import Answer, House, fail, succeed
from edge.identity import check_card, check_typed
from edge.packet import Papers, seal_packet
from edge.pages import TakenPage
from edge.session import Stage, Visit
from edge.turn import turn_page
from edge.view import masked_name
from firmware.ports import IdCard

log = logging.getLogger(__name__)

REAR_VISITS_MAX: Final = 12  # drafts live in memory; a rear seat further behind than this has to catch up
_CALL_PATIENCE_MS: Final = 3_000  # between central's word that there is a call, and the call


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """The ticket that was called to this window and is awaited."""

    ticket: str
    day: str
    called_at_ms: int
    count: int = 1
    call: Call | None = None


@dataclass(slots=True)
class _Waiting:
    """A clerk waits for central's answer to a button."""

    answer: Answer
    kind: type[CallNext] | type[RecallTicket]
    until_ms: int | None = None  # central has said yes; the call itself is on its way


@dataclass(frozen=True, slots=True)
class _Photo:
    visit_id: str
    material: str
    answer: Answer


@dataclass(slots=True)
class Counter:
    house: House
    called: Called | None = None
    visits: dict[str, Visit] = field(default_factory=dict)  # front and rear, in the order in which they were opened
    masks: dict[str, tuple[str, str]] = field(default_factory=dict)  # packet -> masked name, visit: for the list
    _waiting: dict[str, _Waiting] = field(default_factory=dict)  # by event id
    _photos: dict[int, _Photo] = field(default_factory=dict)
    _packet_ids: dict[str, str] = field(default_factory=dict)  # visit -> the id that its next packet has
    _let_go: tuple[str, str] | None = None  # ticket and day that this window passed or ended last
    _let_go_today: set[tuple[str, str]] = field(default_factory=set)
    _job: int = 0
    _newest_call: int = 0  # counter of the last call taken up since the start

    @property
    def front(self) -> Visit | None:
        return next((visit for visit in self.visits.values() if visit.stage is Stage.FRONT), None)

    @property
    def rear(self) -> list[Visit]:
        return [visit for visit in self.visits.values() if visit.stage is Stage.REAR]

    # --- the queue ----------------------------------------------------------------------------------------------

    def call_next(self, command: CallNext, answer: Answer) -> None:
        del command
        if not self.house.link.online:
            raise LinkAway("not connected: nobody can be called")
        if self.called is not None:
            raise StepRefused(
                "a called ticket is awaited",
                f"{self.called.ticket}号还没有到：请先重呼或过号。",
                "call-open",
            )
        self._free_the_front()
        self._ask(CallNext, answer)

    def recall(self, command: RecallTicket, answer: Answer) -> None:
        del command
        self._require_called()
        if not self.house.link.online:
            raise LinkAway("not connected: nobody can be called")
        self._ask(RecallTicket, answer)

    def pass_ticket(self, command: PassTicket, answer: Answer) -> None:
        del command
        called = self._require_called()
        house = self.house
        house.link.post(
            TicketPassed(
                event_id=house.link.new_id(),
                window=house.require_window(),
                ticket=called.ticket,
                day=called.day,
                at_ms=house.clock.now_ms(),
            )
        )
        self.called = None
        self._note_let_go(called.ticket, called.day)
        log.info("ticket %s passed", called.ticket)
        succeed(answer, Result(notice=f"{called.ticket}已过号。", ticket=called.ticket))

    def call_came(self, call: Call, *, is_new: bool) -> None:
        """A call to this window, for intake."""
        if not is_new and (self.called is not None or self.front is not None or call.counter <= self._newest_call):
            # Central repeats a call until it was shown; one that was answered or passed meanwhile is a ghost.
            return
        self._newest_call = call.counter
        self._let_go = None
        self.called = Called(
            ticket=call.ticket,
            day=call.ticket_day or self.house.clock.hall_day(),
            called_at_ms=call.called_at_ms,
            count=call.count,
            call=call,
        )
        for event_id, waiting in list(self._waiting.items()):
            del self._waiting[event_id]
            succeed(waiting.answer, Result(notice=call.text, ticket=call.ticket))

    def has_here(self, ticket: str, day: str) -> bool:
        """Say whether a visit of this ticket is open here, at the front seat or at the rear."""
        return any((visit.ticket, visit.day) == (ticket, day) for visit in self.visits.values())

    def has_let_go(self, ticket: str, day: str) -> bool:
        """Say whether this window has passed the ticket today or ended its visit, and does not await it again."""
        awaited = self.called is not None and (self.called.ticket, self.called.day) == (ticket, day)
        return not awaited and (ticket, day) in self._let_go_today

    def new_day(self) -> None:
        self._let_go_today.clear()

    def status_came(self, status: QueueStatus) -> None:
        """Central says which ticket this window is at: believed where we have no newer knowledge."""
        open_here = {visit.ticket for visit in self.visits.values()}
        if (status.current_ticket, status.current_day) == self._let_go:
            # Said before central heard that we passed it: taken up, it would be a ghost that bars the next call.
            return
        self._let_go = None
        if status.current_ticket and self.called is None and self.front is None:
            if status.current_ticket not in open_here:
                self.called = Called(
                    ticket=status.current_ticket,
                    day=status.current_day or self.house.clock.hall_day(),
                    called_at_ms=status.at_ms,
                )
        elif not status.current_ticket and self.called is not None and status.at_ms > self.called.called_at_ms:
            self.called = None

    def answered(self, receipt: Receipt) -> None:
        """Central's receipt for a button."""
        waiting = self._waiting.get(receipt.subject)
        if waiting is None:
            return
        if receipt.outcome is Outcome.ENTERED:
            waiting.until_ms = self.house.clock.monotonic_ms() + _CALL_PATIENCE_MS
        else:
            del self._waiting[receipt.subject]
            fail(waiting.answer, RefusedByCentral(receipt.code, receipt.notice))

    def given_up(self, event_id: str) -> None:
        waiting = self._waiting.pop(event_id, None)
        if waiting is not None:
            fail(waiting.answer, NoAnswer("no answer from central to a button"))

    def tick(self) -> None:
        now = self.house.clock.monotonic_ms()
        for event_id, waiting in list(self._waiting.items()):
            if waiting.until_ms is not None and waiting.until_ms <= now:
                del self._waiting[event_id]
                succeed(waiting.answer, Result(notice="已叫号。"))

    def next_due_ms(self) -> int | None:
        return min((each.until_ms for each in self._waiting.values() if each.until_ms is not None), default=None)

    # --- opening a visit ----------------------------------------------------------------------------------------

    def open_by_hand(self, command: OpenByHand, answer: Answer) -> None:
        ticket = command.ticket.strip().upper()
        if not is_ticket(ticket):
            raise TicketCodeUnknown("a ticket is a capital letter and four digits")
        today = self.house.clock.hall_day()
        checked = check_typed(command.name, command.id_number, command.id_kind, today=today)
        self.present(ticket, today, checked.resident, answer)

    def card_laid(self, card: IdCard, answer: Answer) -> None:
        """An ID card was laid on the window's reader: it opens the called ticket's visit, or is compared with the one
        that is open."""
        checked = check_card(card, today=self.house.clock.hall_day())
        visit, called = self.front, self.called
        if visit is not None:
            same = visit.resident.id_number == checked.resident.id_number
            succeed(answer, Result(notice="身份证与号票一致。" if same else "身份证与号票不是同一人，请核对！"))
        elif called is not None:
            self.present(called.ticket, called.day, checked.resident, answer)
        else:
            succeed(answer, Result(notice="请先叫号或扫描号票，再刷身份证。"))

    def present(self, ticket: str, day: str, resident: Resident, answer: Answer) -> None:
        """A ticket was shown at this window: open its visit, or let a passed number re-enter the queue."""
        for visit in self.visits.values():
            if (visit.ticket, visit.day) == (ticket, day) and visit.stage is Stage.FRONT:
                succeed(answer, Result(notice=f"{ticket}号已在办理中。", visit=visit.visit_id, ticket=ticket))
                return
        awaited = self.called
        if awaited is not None and awaited.ticket != ticket:
            self._tell_presented(ticket, day, serve=False)
            notice = f"本窗口正在等候{awaited.ticket}号；已为{ticket}号登记，请等候叫号。"
            succeed(answer, Result(notice=notice, ticket=ticket))
            return
        self._free_the_front()
        visit = self.open(ticket, day, resident)
        succeed(answer, Result(notice=visit.warning, visit=visit.visit_id, ticket=ticket))

    def open(self, ticket: str, day: str, resident: Resident) -> Visit:
        """Open a visit at the front seat, which is free."""
        house, called = self.house, self.called
        self._tell_presented(ticket, day, serve=True)
        visit = Visit(
            visit_id=house.link.new_id(),
            ticket=ticket,
            day=day,
            resident=resident,
            opened_at_ms=house.clock.now_ms(),
            called_at_ms=called.called_at_ms if called is not None else None,
            warning=self._warning(ticket, day),
        )
        self.called = None
        self.visits[visit.visit_id] = visit
        log.info("ticket %s: visit %s opened", ticket, visit.visit_id)
        return visit

    # --- a visit's steps ----------------------------------------------------------------------------------------

    def choose_item(self, command: ChooseItem, answer: Answer) -> None:
        item = self.house.catalogue.item(command.code)
        visit = self._step(self._find(command.visit), session.ItemChosen(item))
        succeed(answer, Result(visit=visit.visit_id))

    def fill_form(self, command: FillForm, answer: Answer) -> None:
        visit = self._step(self._find(command.visit), session.FormFilled(command.fields))
        succeed(answer, Result(visit=visit.visit_id))

    def take_page(self, command: TakePage, answer: Answer) -> None:
        if "document_camera" not in self.house.devices.present():
            raise StepRefused("this unit has no document camera", "本装置没有高拍仪。", "no-camera")
        visit, effects = session.step(self._find(command.visit), session.PhotographAsked(command.material))
        self._put(visit)
        for effect in effects:
            if isinstance(effect, session.Photograph):
                self._job += 1
                self._photos[self._job] = _Photo(visit.visit_id, effect.material, answer)
                self.house.devices.photograph(self._job)

    def photographed(self, event: PagePhotographed) -> None:
        """The camera is done with a job. A visit that was cancelled meanwhile wants nothing of it."""
        photo = self._photos.pop(event.job, None)
        if photo is None:
            return
        visit = self.visits.get(photo.visit_id)
        if visit is None:
            fail(photo.answer, VisitUnknown("the visit ended while its page was taken"))
        elif event.page is None:
            self._step(visit, session.PhotographFailed())
            fail(photo.answer, event.error or NoAnswer("no page"))
        else:
            self._page_came(visit, photo, event.page)

    def take_page_anyway(self, command: TakePageAnyway, answer: Answer) -> None:
        before = self._find(command.visit)
        visit = self._step(before, session.PageKeptAnyway())
        self.house.devices.sheet_kept()
        kept = before.refused.page_id if before.refused is not None else ""
        succeed(answer, Result(visit=visit.visit_id, page=kept))

    def remove_page(self, command: RemovePage, answer: Answer) -> None:
        visit = self._step(self._find(command.visit, command.page), session.PageRemoved(command.page))
        succeed(answer, Result(visit=visit.visit_id))

    def move_page(self, command: MovePage, answer: Answer) -> None:
        visit = self._find(command.visit, command.page)
        visit = self._step(visit, session.PageMoved(command.page, command.to_index))
        succeed(answer, Result(visit=visit.visit_id, page=command.page))

    def turn_page(self, command: TurnPage, answer: Answer) -> None:
        visit = self._find(command.visit, command.page)
        page = next((each for each in visit.pages if each.page_id == command.page), None)
        if page is None:
            raise PageUnknown("no such page in this visit")
        turned = turn_page(page.taken, command.quarter_turns)
        visit = self._step(visit, session.PageTurned(command.page, turned))
        succeed(answer, Result(visit=visit.visit_id, page=command.page))

    def name_page(self, command: NamePage, answer: Answer) -> None:
        visit = self._find(command.visit, command.page)
        visit = self._step(visit, session.PageNamed(command.page, command.material))
        succeed(answer, Result(visit=visit.visit_id, page=command.page))

    def hand_to_rear(self, command: HandToRear, answer: Answer) -> None:
        if len(self.rear) >= REAR_VISITS_MAX:
            raise StepRefused(
                f"at most {REAR_VISITS_MAX} visits at the rear", "后台待整理的材料太多，请先处理后台的。", "rear-full"
            )
        visit = self._step(self._find(command.visit), session.HandedToRear())
        succeed(answer, Result(notice=f"{visit.ticket}号材料已转交后台。", visit=visit.visit_id))

    def accept(self, command: AcceptVisit, answer: Answer) -> None:
        visit = self._find(command.visit)
        visit, _ = session.step(visit, session.AcceptAsked())
        house = self.house
        # The same id for a second try: should the first lie on the card after all, then it is this one.
        packet_id = self._packet_ids.setdefault(visit.visit_id, house.link.new_id())
        boot, seq = house.link.next_seq()
        sealed = seal_packet(_papers(visit, packet_id, house), keys=house.keys, unit=house.unit, boot=boot, seq=seq)
        kept = house.outbox.accept(sealed)
        del self._packet_ids[visit.visit_id]
        self.masks[packet_id] = (masked_name(visit.resident.name), visit.visit_id)
        self._step(visit, session.PacketAccepted(packet_id))
        log.info(
            "packet %s accepted: ticket %s, item %s, %d pages, %d bytes",
            packet_id,
            kept.ticket,
            kept.service_item,
            kept.page_count,
            kept.total_bytes,
        )
        house.link.state_changed()
        house.link.pump()
        succeed(answer, Result(notice=f"{visit.ticket}号材料已受理。", visit=visit.visit_id, packet=packet_id))

    def cancel(self, command: CancelVisit, answer: Answer) -> None:
        visit = self._step(self._find(command.visit), session.Cancelled())
        log.info("ticket %s: visit %s cancelled", visit.ticket, visit.visit_id)
        succeed(answer, Result(notice=f"{visit.ticket}号已取消办理。", visit=visit.visit_id))

    def end(self, command: EndVisit, answer: Answer) -> None:
        visit = self._step(self._find(command.visit), session.Ended(command.outcome))
        log.info("ticket %s: visit %s ended, %d packets", visit.ticket, visit.visit_id, len(visit.packets))
        succeed(answer, Result(notice=f"{visit.ticket}号办理结束。", visit=visit.visit_id))

    def page(self, page_id: str) -> bytes:
        """Return a page's JPEG.

        Raises:
            PageUnknown: no such page here now.
        """
        for visit in self.visits.values():
            for page in (*visit.pages, visit.refused):
                if page is not None and page.page_id == page_id:
                    return page.taken.jpeg
        raise PageUnknown("no such page at this window")

    # --- below this line: how -----------------------------------------------------------------------------------

    def _ask(self, kind: type[CallNext] | type[RecallTicket], answer: Answer) -> None:
        house, called = self.house, self.called
        event_id, now_ms, window = house.link.new_id(), house.clock.now_ms(), house.require_window()
        self._waiting[event_id] = _Waiting(answer, kind)
        if kind is CallNext or called is None:
            house.link.tell(NextRequested(event_id=event_id, window=window, at_ms=now_ms))
        else:
            house.link.tell(
                RecallRequested(event_id=event_id, window=window, ticket=called.ticket, day=called.day, at_ms=now_ms)
            )

    def _note_let_go(self, ticket: str, day: str) -> None:
        self._let_go = (ticket, day)
        self._let_go_today.add((ticket, day))

    def _require_called(self) -> Called:
        if self.called is None:
            raise StepRefused("no ticket is called", "现在没有等候的号。", "no-call")
        return self.called

    def _free_the_front(self) -> None:
        """See that the front seat is free: a visit whose papers are all accepted is ended on the way."""
        visit = self.front
        if visit is None:
            return
        if visit.pages or visit.photographing or not visit.packets:
            raise StepRefused(
                "a visit is open at the front",
                f"{visit.ticket}号还在办理：请先受理、转交后台、结束或取消。",
                "front-busy",
            )
        self._step(visit, session.Ended())

    def _warning(self, ticket: str, day: str) -> str:
        if self.has_here(ticket, day):
            return "这张号票的材料还在后台整理。"
        if self.house.window is not None and (self.called is None or self.called.ticket != ticket):
            return "这张号票没有叫到本窗口，请核对。"
        return ""

    def _tell_presented(self, ticket: str, day: str, *, serve: bool) -> None:
        house = self.house
        house.link.post(
            TicketPresented(
                event_id=house.link.new_id(),
                window=house.window,
                ticket=ticket,
                day=day,
                at_ms=house.clock.now_ms(),
                serve=serve,
            )
        )

    def _find(self, visit_id: str, page_id: str = "") -> Visit:
        """Return the visit with this id; with none given the one that has the page, or the one at the front."""
        if not visit_id and page_id:
            for visit in self.visits.values():
                if any(page.page_id == page_id for page in visit.pages):
                    return visit
            raise PageUnknown("no such page at this window")
        if not visit_id:
            front = self.front
            if front is None:
                raise StepRefused("no visit is open at the front", "现在没有正在办理的居民，请先扫描号票。", "no-visit")
            return front
        if visit_id not in self.visits:
            raise VisitUnknown("no such visit at this window")
        return self.visits[visit_id]

    def _step(self, visit: Visit, event: session.SessionEvent) -> Visit:
        """Take a step, and tell central what it asks to be told. What central must know is kept first."""
        after, effects = session.step(visit, event)
        for effect in effects:
            if isinstance(effect, session.TellVisitEnded):
                self._tell_ended(after, effect.outcome, effect.packets)
        self._put(after)
        return after

    def _put(self, visit: Visit) -> None:
        if visit.stage is Stage.ENDED:
            self.visits.pop(visit.visit_id, None)
            self._packet_ids.pop(visit.visit_id, None)
        else:
            self.visits[visit.visit_id] = visit

    def _tell_ended(self, visit: Visit, outcome: VisitOutcome, packets: int) -> None:
        house = self.house
        self._note_let_go(visit.ticket, visit.day)
        house.link.post(
            VisitEnded(
                event_id=house.link.new_id(),
                window=house.window,
                ticket=visit.ticket,
                day=visit.day,
                at_ms=house.clock.now_ms(),
                outcome=outcome,
                packets=min(packets, 99),
            )
        )

    def _page_came(self, visit: Visit, photo: _Photo, taken: TakenPage) -> None:
        page_id = self.house.link.new_id()
        visit = self._step(visit, session.PageTaken(page_id, photo.material, taken))
        if visit.refused is not None:
            fail(photo.answer, PageNotReadable(visit.refused.taken.sentence))
        else:
            succeed(photo.answer, Result(notice=taken.sentence, visit=visit.visit_id, page=page_id))


def _papers(visit: Visit, packet_id: str, house: House) -> Papers:
    assert visit.item is not None, "a visit without an item is not accepted"
    return Papers(
        packet_id=packet_id,
        ticket=visit.ticket,
        ticket_day=visit.day,
        service_item=visit.item.code,
        resident=visit.resident,
        pages=tuple((page.material, page.taken) for page in visit.pages),
        form=visit.form,
        window=house.window,
        accepted_at_ms=house.clock.now_ms(),
        called_at_ms=visit.called_at_ms,
        opened_at_ms=visit.opened_at_ms,
        accepted_by=visit.stage.value,
    )

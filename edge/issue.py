"""取号: the card is read, a number taken, its event kept, the slip printed. Used by the kiosk and the station.

The order is the promise: number and event are on the card before anything is printed, so that a power cut at any line
leaves no gap and no number twice; what may not have been printed is named at the next start. Works offline.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Final

from broker.events import TicketIssued
from broker.messages import Priority, QueueStatus, Resident
from edge.clock import HALL_TIME
from edge.commands import ForgetCard, IssueTicket, ReprintSlip, Result
from edge.counter import Counter
from edge.errors import GroupUnknown, NoCard, SlipMissing, StepRefused, StorageFailed
from edge.events import SlipPrinted
from edge.house import Answer, House, succeed
from edge.identity import Checked, check_card, check_typed
from edge.numbers import Numbers
from edge.settings import Group
from edge.slip import SlipFacts, ticket_slip
from edge.ticket import Ticket, seal_ticket
from edge.view import CardView, GroupView, IssuedView, Role, masked_name, masked_number
from firmware.ports import IdCard, Slip

log = logging.getLogger(__name__)

CARD_SECONDS: Final = 60  # a card's identity is forgotten after this: the resident has gone
_PRINTER: Final = "ticket_printer"


@dataclass(frozen=True, slots=True)
class _Card:
    checked: Checked
    read_at_ms: int
    until_ms: int  # monotonic


@dataclass(frozen=True, slots=True)
class _Printing:
    event_id: str
    ticket: str
    visit: str
    answer: Answer | None


@dataclass(slots=True)
class IssueDesk:
    house: House
    numbers: Numbers
    counter: Counter | None = None  # at a station: the visit opens at once
    card: _Card | None = None
    issued: IssuedView | None = None
    unprinted: list[str] = field(default_factory=list)  # numbers that a power cut may have left without a slip
    _waiting_known: dict[str, int] | None = None
    _unposted: list[tuple[str, bytes]] = field(default_factory=list)
    _printing: dict[int, _Printing] = field(default_factory=dict)
    _last: tuple[Slip, _Printing] | None = None
    _job: int = 0

    def start(self) -> None:
        """Take up what a power cut may have left between taking a number, telling central, and printing."""
        today = self.house.clock.hall_day()
        for number in self.numbers.taken():
            if not number.posted:
                self._post(number.event_id, number.event)
            if not number.printed and number.day == today:
                self.unprinted.append(number.ticket)
                log.warning("ticket %s was taken before the last stop and perhaps not printed", number.ticket)
        self._tidy(today)

    def card_laid(self, card: IdCard) -> None:
        """A card was read. What is on it stays in memory, for a minute.

        Raises:
            IdentityRefused: nothing on it that could be a person's.
        """
        house = self.house
        checked = check_card(card, today=house.clock.hall_day())
        self.card = _Card(checked, house.clock.now_ms(), house.clock.monotonic_ms() + CARD_SECONDS * 1000)

    def forget_card(self, command: ForgetCard, answer: Answer) -> None:
        del command
        self.card = None
        succeed(answer, Result())

    def issue(self, command: IssueTicket, answer: Answer) -> None:
        house = self.house
        group = self._group(command.group)
        checked = self._identity(command)
        if self.counter is not None and self.counter.front is not None:
            raise StepRefused("a visit is open", "请先结束当前这位居民的办理。", "front-busy")
        ahead = self.people_ahead(group.letter)
        ticket, event_id = self._take_number(group, command.priority)
        slip = self._slip(ticket, group, command.priority, checked.resident, ahead)
        self.card = None
        self.issued = IssuedView(
            ticket=ticket,
            group_name=group.name,
            people_ahead=ahead,
            issued_at_ms=house.clock.now_ms(),
            priority=command.priority is Priority.PRIORITY,
            printed=False,
        )
        visit = ""
        if self.counter is not None:
            visit = self.counter.open(ticket, house.clock.hall_day(), checked.resident).visit_id
        self._print(slip, _Printing(event_id, ticket, visit, answer))

    def reprint(self, command: ReprintSlip, answer: Answer) -> None:
        del command
        if self._last is None:
            raise SlipMissing("no slip to print again")
        slip, printing = self._last
        self._print(slip, _Printing(printing.event_id, printing.ticket, printing.visit, answer))

    def printed(self, event: SlipPrinted) -> None:
        """The printer is done, or is not. Either way the number is given out."""
        printing = self._printing.pop(event.job, None)
        if printing is not None:
            self._done(printing, "" if event.error is None else event.error.notice)

    def status_came(self, status: QueueStatus) -> None:
        self._waiting_known = dict(status.waiting)

    def link_down(self) -> None:
        self._waiting_known = None  # how many wait is not known any more

    def people_ahead(self, letter: str) -> int | None:
        """Return how many wait in this group, or None when central has not said."""
        return None if self._waiting_known is None else self._waiting_known.get(letter, 0)

    def tick(self) -> None:
        if self.card is not None and self.card.until_ms <= self.house.clock.monotonic_ms():
            self.card = None
        unposted, self._unposted = self._unposted, []
        for event_id, event in unposted:
            self._post(event_id, event)

    def new_day(self, today: str) -> None:
        self.unprinted.clear()
        self._tidy(today)

    def card_view(self) -> CardView | None:
        if self.card is None:
            return None
        resident = self.card.checked.resident
        return CardView(
            masked_name=masked_name(resident.name),
            masked_number=masked_number(resident.id_number),
            read_at_ms=self.card.read_at_ms,
            warning=self.card.checked.warning,
        )

    def group_views(self) -> tuple[GroupView, ...]:
        return tuple(
            GroupView(letter=group.letter, name=group.name, waiting=self.people_ahead(group.letter))
            for group in self.house.groups
        )

    # --- below this line: how -----------------------------------------------------------------------------------

    @property
    def _queued(self) -> bool:
        return self.house.role is Role.KIOSK

    def _group(self, letter: str) -> Group:
        groups = self.house.groups
        if not letter and len(groups) == 1:
            return groups[0]
        for group in groups:
            if group.letter == letter:
                return group
        raise GroupUnknown("no such group at this kiosk")

    def _identity(self, command: IssueTicket) -> Checked:
        if command.name or command.id_number:
            today = self.house.clock.hall_day()
            return check_typed(command.name, command.id_number, command.id_kind, today=today)
        if self.card is None:
            raise NoCard("no card was read and nothing typed")
        return self.card.checked

    def _take_number(self, group: Group, priority: Priority) -> tuple[str, str]:
        house = self.house
        day = house.clock.hall_day()
        ticket = self.numbers.next_ticket(day, group.letter)
        event = TicketIssued(
            event_id=house.link.new_id(),
            ticket=ticket,
            day=day,
            at_ms=house.clock.now_ms(),
            priority=priority,
            queued=self._queued,
        )
        payload = house.link.signed(event)
        try:
            self.numbers.take(ticket, day, event.event_id, payload)
        except OSError as error:
            raise StorageFailed(f"the card did not take a ticket's number ({error.strerror})") from error
        log.info("ticket %s issued", ticket)
        self._post(event.event_id, payload)
        if self._waiting_known is not None and self._queued:
            self._waiting_known[group.letter] = self._waiting_known.get(group.letter, 0) + 1
        return ticket, event.event_id

    def _post(self, event_id: str, event: bytes) -> None:
        """Have central told. The number's record holds the event: what the box does not take now is posted later."""
        try:
            self.house.link.post_signed(event)
            self.numbers.posted(event_id)
        except StorageFailed as error:
            log.warning("a ticket's event waits in the numbers' journal: %s", error)
            self._unposted.append((event_id, event))

    def _slip(
        self, ticket: str, group: Group, priority: Priority, resident: Resident, people_ahead: int | None
    ) -> Slip:
        house = self.house
        now_ms, day = house.clock.now_ms(), house.clock.hall_day()
        key = house.day_keys.by_day.get(day)
        code = ""
        if key is None:
            log.error("no ticket key of %s: tickets carry no code; check the connection to central", day)
        else:
            sealed = Ticket(
                ticket=ticket, day=day, resident=resident, issued_minute=_minute_of_day(now_ms), priority=priority
            )
            code = seal_ticket(sealed, key, hall=house.hall, kiosk=house.unit)
        return ticket_slip(
            SlipFacts(
                hall_name=house.hall_name,
                group_name=group.name,
                ticket=ticket,
                priority=priority,
                people_ahead=people_ahead,
                issued_at_ms=now_ms,
                code=code,
                simulated=any(house.devices.present().values()),
                queued=self._queued,
            )
        )

    def _print(self, slip: Slip, printing: _Printing) -> None:
        self._last = (slip, printing)
        if _PRINTER not in self.house.devices.present():
            self._done(printing, "")
            return
        self._job += 1
        self._printing[self._job] = printing
        self.house.devices.print_slip(self._job, slip)

    def _done(self, printing: _Printing, notice: str) -> None:
        if not notice:
            try:
                self.numbers.printed(printing.event_id)
            except OSError as error:
                log.warning("that %s was printed is not noted (%s)", printing.ticket, error.strerror)
        if self.issued is not None and self.issued.ticket == printing.ticket:
            self.issued = replace(self.issued, printed=not notice, notice=notice)
        if printing.answer is not None:
            said = notice or f"您的号码：{printing.ticket}"
            succeed(printing.answer, Result(notice=said, ticket=printing.ticket, visit=printing.visit))

    def _tidy(self, today: str) -> None:
        try:
            self.numbers.forget_before(today)
        except OSError as error:
            log.warning("old ticket numbers are not tidied away (%s)", error.strerror)


def _minute_of_day(now_ms: int) -> int:
    offset = HALL_TIME.utcoffset(None)
    return (now_ms // 60_000 + int(offset.total_seconds()) // 60) % 1440

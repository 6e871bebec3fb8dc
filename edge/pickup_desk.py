"""出件: what is ready for the one who stands here, and that it was handed over.

Asked by ticket, printed receipt or ID card; central answers with the list. Only what stands on that list as ready can
be handed over. Used at the pickup window, and at intake windows for same-day results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from broker.errors import MessageRefused
from broker.events import HandedOver, PickupAsked
from broker.ids import is_case_number
from broker.messages import Outcome, PickupList, ReadyCase, Receipt
from edge.commands import AskPickup, ClearPickup, HandOver, Result
from edge.errors import IdentityRefused, LinkAway, NoAnswer, RefusedByCentral, StepRefused, TicketCodeUnknown
from edge.house import Answer, House, fail, succeed
from edge.view import PickupView, ReadyView

READY: Final = "ready"
CASE_PREFIX: Final = "OWC"
_PATIENCE_MS: Final = 5_000
_NOTHING: Final = "没有查到可以领取的结果。"

AskedBy = Literal["ticket", "receipt", "id_card"]


@dataclass(frozen=True, slots=True)
class _Asked:
    event_id: str
    answer: Answer
    until_ms: int


@dataclass(slots=True)
class PickupDesk:
    house: House
    fetched: Callable[[str], None]  # told of a ticket when nothing more is ready for it here
    view: PickupView | None = None
    _asked: _Asked | None = None
    _ready: dict[str, ReadyCase] = field(default_factory=dict)
    _ticket: tuple[str, str] | None = None  # and its day: what was asked about last, also when its list is put away

    def ask(self, command: AskPickup, answer: Answer) -> None:
        if command.case_number:
            self.ask_by_case(command.case_number, answer)
        else:
            self.ask_by_id_number(command.id_number, answer)

    def ask_by_case(self, case_number: str, answer: Answer) -> None:
        case_number = case_number.strip().upper()
        if not is_case_number(case_number):
            raise TicketCodeUnknown("a case number is 6 to 32 of A-Z 0-9 -")
        self._ask("receipt", answer, case_number=case_number)

    def ask_by_id_number(self, id_number: str, answer: Answer) -> None:
        number = "".join(id_number.split()).upper()
        if not (0 < len(number) <= 20 and number.isascii() and number.isalnum()):
            raise IdentityRefused("a number is 1 to 20 of 0-9 and A-Z", "请填写证件号码。")
        self._ask("id_card", answer, id_number=number)

    def ask_by_ticket(self, ticket: str, day: str, answer: Answer) -> None:
        self._ask("ticket", answer, ticket=ticket, day=day)
        self._ticket = (ticket, day)

    def was_asked_for(self, ticket: str, day: str) -> bool:
        """Say whether the last list here is this ticket's, put away or not."""
        return self._ticket == (ticket, day)

    def hand_over(self, command: HandOver, answer: Answer) -> None:
        case = self._ready.get(command.case_number)
        if case is None or self.view is None:
            raise StepRefused("the case is not on the list", "这件不在当前的出件清单中，请重新查询。", "not-on-list")
        if case.state != READY:
            raise StepRefused("the case is not ready", "这件还没有办好，不能出件。", "not-ready")
        house = self.house
        house.link.post(
            HandedOver(
                event_id=house.link.new_id(),
                window=house.require_window(),
                case_number=case.case_number,
                proof=command.proof,
                at_ms=house.clock.now_ms(),
            )
        )
        del self._ready[command.case_number]
        if all(other.ticket != case.ticket for other in self._ready.values()):
            self.fetched(case.ticket)
        cases = tuple(
            replace(each, handed_over=True) if each.case_number == case.case_number else each
            for each in self.view.cases
        )
        self.view = replace(self.view, cases=cases)
        succeed(answer, Result(notice=f"{case.case_number}已出件。", ticket=case.ticket))

    def clear(self, command: ClearPickup, answer: Answer) -> None:
        del command
        self._forget(NoAnswer("the list was put away"))
        self.view = None
        succeed(answer, Result())

    def answered(self, receipt: Receipt) -> None:
        asked = self._asked
        if asked is not None and receipt.subject == asked.event_id and receipt.outcome is not Outcome.ENTERED:
            self._fail(RefusedByCentral(receipt.code, receipt.notice))

    def given_up(self, event_id: str) -> None:
        if self._asked is not None and self._asked.event_id == event_id:
            self._fail(NoAnswer("no answer from central to a pickup"))

    def list_came(self, came: PickupList) -> None:
        """Central's answer. One to a question that is no longer asked is passed over."""
        asked, view = self._asked, self.view
        if asked is None or view is None or came.asked != asked.event_id:
            return
        self._asked = None
        self._ready = {case.case_number: case for case in came.cases}
        cases = tuple(map(self._shown, came.cases))
        ready = sum(case.state == READY for case in came.cases)
        notice = f"可领取{ready}件。" if came.cases else _NOTHING
        self.view = replace(view, answered=True, cases=cases, notice=notice)
        succeed(asked.answer, Result(notice=notice))

    def tick(self) -> None:
        if self._asked is not None and self._asked.until_ms <= self.house.clock.monotonic_ms():
            self._fail(NoAnswer("no list from central in time"))

    def next_due_ms(self) -> int | None:
        return None if self._asked is None else self._asked.until_ms

    def _ask(self, asked_by: AskedBy, answer: Answer, **how: str) -> None:
        house = self.house
        if not house.link.online:
            raise LinkAway("not connected: results cannot be asked for")
        self._forget(NoAnswer("another question was asked"))
        event_id = house.link.new_id()
        try:
            event = PickupAsked(event_id=event_id, window=house.require_window(), at_ms=house.clock.now_ms(), **how)
        except MessageRefused as refusal:
            raise IdentityRefused(str(refusal)) from None
        self._asked = _Asked(event_id, answer, house.clock.monotonic_ms() + _PATIENCE_MS)
        self._ready, self._ticket = {}, None
        self.view = PickupView(asked_by=asked_by, asked_at_ms=house.clock.now_ms(), answered=False)
        house.link.tell(event, sealed=True)

    def _shown(self, case: ReadyCase) -> ReadyView:
        item = self.house.catalogue.get(case.service_item)
        return ReadyView(
            case_number=case.case_number,
            item_code=case.service_item,
            item_name=item.name if item is not None else case.service_item,
            ticket=case.ticket,
            ticket_day=case.ticket_day,
            state=case.state,
        )

    def _fail(self, error: RefusedByCentral | NoAnswer) -> None:
        self._ticket = None
        if self.view is not None:
            self.view = replace(self.view, answered=True, notice=error.notice)
        self._forget(error)

    def _forget(self, error: RefusedByCentral | NoAnswer) -> None:
        if self._asked is not None:
            asked, self._asked = self._asked, None
            fail(asked.answer, error)

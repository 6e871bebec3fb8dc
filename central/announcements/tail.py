"""Reads the book's tail and says what follows from it: calls, the queue's state, a greeting for who has just come.

Comes from the book (our own commits and the web process's, looked at every 50 ms), goes to link as messages. Keeps a
cursor in memory only: a fresh start reads the open calls from their table and goes on from the head.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, cast

from broker import topics
from broker.messages import PacketDoubted, PageDoubt, Priority, QueueStatus, ResendAsked, TicketKeys
from broker.ticket_keys import days_ahead, ticket_key
from central.announcements.announcer import Announcer, call_message
from central.fleet.roster import Roster, RosterUnit
from central.ledger import facts
from central.ledger.entry import Entry
from central.ledger.work import CallRecord, UnitOfWork
from central.outgoing import Outbound, Outgoing
from central.promises.changing import hours_in_force
from central.storage.book import Reads, read_tail
from central.storage.statements import Runner

TAIL_MAX: Final = 1000
DOUBTS_MS_MAX: Final = 10 * 60_000  # after ten minutes, the aim for an intake, the resident has gone
_QUEUE_FACTS: Final = frozenset(
    kind.KIND
    for kind in (
        facts.TicketIssued,
        facts.TicketCalled,
        facts.TicketPassed,
        facts.TicketReentered,
        facts.VisitOpened,
        facts.VisitEnded,
    )
)
_ROSTER_FACTS: Final = frozenset({facts.UnitEnrolled.KIND, facts.UnitRevoked.KIND, facts.UnitForked.KIND})
_TOLD_OF_QUEUE: Final = frozenset({"intake", "pickup", "kiosk"})

log = logging.getLogger(__name__)

Told = tuple[tuple[tuple[str, int], ...], int, str, str]


class Tail:
    """Follows one hall's book. All methods are called by the one ledger worker."""

    def __init__(self, hall: str, *, roster: Roster, outbound: Outbound, ticket_master: bytes) -> None:
        self._hall = hall
        self._roster, self._outbound, self._ticket_master = roster, outbound, ticket_master
        self._announcer = Announcer()
        self._cursor = 0
        self._told: dict[str, Told] = {}

    @property
    def cursor(self) -> int:
        return self._cursor

    def begin(self, run: Runner, *, now_ms: int) -> None:
        """Take up where the book stands: the units, and the calls that are still open."""
        reads = Reads(run, self._hall)
        self._roster.refresh(reads.units.all())
        self._cursor = reads.head()[0]
        for call in reads.calls.open(now_ms=now_ms):
            self._call(call, reads, now_ms)

    def follow(self, run: Runner, *, now_ms: int) -> list[Outgoing]:
        """Return what is to be said now: of new entries, and again what nobody has shown."""
        queue_changed = False
        reads = Reads(run, self._hall)
        doubted: list[Outgoing] = []
        while self._cursor < reads.head()[0]:
            for entry in read_tail(run, self._hall, after=self._cursor, limit=TAIL_MAX):
                self._cursor = entry.seq
                queue_changed |= entry.kind in _QUEUE_FACTS
                self._see(entry, reads, now_ms)
                if entry.kind == facts.SecondLookTaken.KIND:
                    doubted += self._tell_doubts(entry, reads, now_ms)
        outgoing = doubted + [
            self._outbound.call(sending.unit, call_message(sending.call), now_ms=now_ms)
            for sending in self._announcer.due(now_ms)
        ]
        return outgoing + (self._tell_queue(reads, now_ms) if queue_changed else [])

    def greet(self, unit: str, run: Runner, *, now_ms: int) -> list[Outgoing]:
        """Return what a unit needs that has just come: the days' keys, the queue, its open calls, and our question."""
        known = next((each for each in self._roster.units() if each.record.unit == unit), None)
        if known is None:
            return []
        reads = Reads(run, self._hall)
        self._told.pop(unit, None)
        self._announcer.connected(unit, now_ms=now_ms)
        greeting = [*self._keys(known, reads, now_ms), *self._tell_queue(reads, now_ms, only=unit)]
        log.info("unit %s has come", unit)
        return [*greeting, self._ask_again(unit, reads, now_ms)]

    def greet_all(self, run: Runner, *, now_ms: int) -> list[Outgoing]:
        """Return the greetings of all units: central itself is back."""
        return [
            message for known in self._roster.units() for message in self.greet(known.record.unit, run, now_ms=now_ms)
        ]

    def _see(self, entry: Entry, reads: Reads, now_ms: int) -> None:
        if entry.kind in _ROSTER_FACTS:
            self._roster.refresh(reads.units.all())
        elif entry.kind == facts.TicketCalled.KIND:
            fact = facts.decode(entry.kind, entry.body)
            assert isinstance(fact, facts.TicketCalled)
            call = reads.calls.find(fact.call_id)
            if call is not None:
                self._call(call, reads, now_ms)
        elif entry.kind == facts.CallShown.KIND:
            shown = facts.decode(entry.kind, entry.body)
            assert isinstance(shown, facts.CallShown)
            self._announcer.shown(shown.call_id, shown.unit)

    def _tell_doubts(self, entry: Entry, reads: Reads, now_ms: int) -> list[Outgoing]:
        """Return what the window is told that took the papers in, while the resident may still be there."""
        fact = facts.decode(entry.kind, entry.body)
        assert isinstance(fact, facts.SecondLookTaken)
        case = reads.cases.find(fact.case_id)
        if not fact.doubts or case is None or now_ms - case.opened_at_ms > DOUBTS_MS_MAX:
            return []
        told = PacketDoubted(
            order_id=self._outbound.new_id(now_ms),
            packet_id=fact.case_id,
            doubts=tuple(PageDoubt(page=each.page, code=each.code) for each in fact.doubts),
            at_ms=now_ms,
        )
        return [self._outbound.order(case.unit, told, now_ms=now_ms)]

    def _call(self, call: CallRecord, reads: Reads, now_ms: int) -> None:
        shown = set(reads.calls.shown_by(call.call_id))
        self._announcer.call(call, [unit for unit in self._showing(call.window) if unit not in shown], now_ms=now_ms)

    def _showing(self, window: int) -> list[str]:
        """Return the units that show a call to this window: those at it, and the hall's boards."""
        return [
            known.record.unit
            for known in self._roster.units()
            if known.record.window == window
            or known.record.role == "board"
            or known.record.unit == topics.board_of(self._hall)
        ]

    def _tell_queue(self, reads: Reads, now_ms: int, *, only: str | None = None) -> list[Outgoing]:
        """Return the queue's state for the units that have not been told just this."""
        day = _today(reads, now_ms).isoformat()
        waiting = reads.tickets.waiting_counts(day)
        by_group = _by_group(waiting)
        in_priority = sum(count for (_, priority), count in waiting.items() if priority is not Priority.NONE)
        outgoing = []
        for known in self._roster.units():
            unit, window = known.record.unit, known.record.window
            if known.record.role not in _TOLD_OF_QUEUE or (only is not None and unit != only):
                continue
            current = None if window is None else reads.tickets.at_window(day, window)
            ticket, ticket_day = (current.ticket, current.day) if current else ("", "")
            told: Told = (tuple(sorted(by_group.items())), in_priority, ticket, ticket_day)
            if self._told.get(unit) == told:
                continue
            self._told[unit] = told
            status = QueueStatus(
                order_id=self._outbound.new_id(now_ms),
                counter=self._cursor,
                waiting=by_group,
                waiting_priority=in_priority,
                current_ticket=ticket,
                current_day=ticket_day,
                at_ms=now_ms,
            )
            outgoing.append(self._outbound.order(unit, status, now_ms=now_ms))
        return outgoing

    def _keys(self, known: RosterUnit, reads: Reads, now_ms: int) -> Sequence[Outgoing]:
        if known.sealing is None:
            return []
        days = days_ahead(_today(reads, now_ms))
        keys = {day: ticket_key(self._ticket_master, hall=self._hall, day=day).hex() for day in days}
        message = TicketKeys(order_id=self._outbound.new_id(now_ms), keys=keys)
        return [self._outbound.ticket_keys(known.record.unit, message, known.sealing, now_ms=now_ms)]

    def _ask_again(self, unit: str, reads: Reads, now_ms: int) -> Outgoing:
        asked = ResendAsked(order_id=self._outbound.new_id(now_ms), head=reads.head()[0], at_ms=now_ms)
        return self._outbound.order(unit, asked, now_ms=now_ms)


def _today(reads: Reads, now_ms: int) -> date:
    # The hours are a setting; nothing else of a unit of work is asked for.
    return hours_in_force(cast(UnitOfWork, reads)).day(now_ms)


def _by_group(waiting: Mapping[tuple[str, Priority], int]) -> dict[str, int]:
    by_group: dict[str, int] = {}
    for (group, _), count in sorted(waiting.items()):
        by_group[group] = by_group.get(group, 0) + count
    return by_group

"""下一位 and 重呼: a window asks, a call stands in the book. Its entry's number is the call's counter.

Comes from the window's button (intake), goes to the announcer, which sends every `TicketCalled` from the ledger's tail.
Two windows that ask at once are two transactions, one after the other: the second sees the first one's ticket called.
"""

from __future__ import annotations

import logging
from typing import Final

from broker.events import NextRequested, RecallRequested
from broker.messages import CallPurpose, Priority
from broker.wording import call_text
from central.ledger.facts import TicketCalled
from central.ledger.states import TicketState
from central.ledger.work import TicketRecord, UnitOfWork
from central.promises.changing import hours_in_force
from central.queue.policy import Head, Turn, choose, turns_needed
from central.queue.refusals import (
    QueueEmpty,
    RecallsUsed,
    RecallTooSoon,
    TicketNotHere,
    TicketStillOpen,
)
from central.queue.settings import QueueSettings, settings_in_force
from central.queue.windows import acting, require_own_window, ticket_subject

INTAKE_ROLE: Final = "intake"

log = logging.getLogger(__name__)


def call_next(event: NextRequested, *, now_ms: int, work: UnitOfWork) -> TicketCalled:
    """Call the number whose turn it is to the window that asks; return the call as entered.

    Raises:
        WindowNotYours: the unit is not that intake window's.
        TicketStillOpen: the window has not finished or passed the number before.
        QueueEmpty: nobody waits.
    """
    require_own_window(event.window, work, role=INTAKE_ROLE)
    day = hours_in_force(work).day(now_ms).isoformat()
    if work.tickets.at_window(day, event.window) is not None:
        raise TicketStillOpen(f"window {event.window} has a number called or open")
    settings = settings_in_force(work)
    head = choose(_heads(day, work), _turns(day, settings, work), settings)
    if head is None:
        raise QueueEmpty("no number waits")
    ticket = work.tickets.find(day, head.ticket)
    assert ticket is not None, "a head is a ticket of the book"
    return _call(ticket, event.window, head.priority, now_ms, settings, work)


def recall(event: RecallRequested, *, now_ms: int, work: UnitOfWork) -> TicketCalled:
    """Call the window's number once more; return the call as entered, its count raised.

    Raises:
        WindowNotYours: the unit is not that intake window's.
        TicketNotHere: this window has not called that number, or its visit is open already.
        RecallsUsed: it was recalled `recalls_max` times; it is to be passed.
        RecallTooSoon: the last call is younger than `recall_gap_seconds`.
    """
    require_own_window(event.window, work, role=INTAKE_ROLE)
    ticket = work.tickets.find(event.day, event.ticket)
    if ticket is None or ticket.state is not TicketState.CALLED or ticket.window != event.window:
        raise TicketNotHere(f"window {event.window} is not calling that number")
    settings = settings_in_force(work)
    if ticket.calls > settings.recalls_max:
        raise RecallsUsed(f"a number is recalled at most {settings.recalls_max} times")
    if now_ms - (ticket.called_at_ms or 0) < settings.recall_gap_seconds * 1000:
        raise RecallTooSoon(f"calls of one number are {settings.recall_gap_seconds} s apart")
    return _call(ticket, event.window, False, now_ms, settings, work)


def _call(
    ticket: TicketRecord, window: int, priority_turn: bool, now_ms: int, settings: QueueSettings, work: UnitOfWork
) -> TicketCalled:
    called = TicketCalled(
        call_id=work.new_id(),
        ticket=ticket.ticket,
        day=ticket.day,
        window=window,
        purpose=CallPurpose.INTAKE,
        text=call_text(ticket.ticket, window, CallPurpose.INTAKE),
        called_at_ms=now_ms,
        expires_at_ms=now_ms + settings.call_seconds * 1000,
        count=ticket.calls + 1,
        priority_turn=priority_turn,
    )
    work.append(called, subject=ticket_subject(ticket.day, ticket.ticket), actor=acting(work))
    log.info("ticket %s of %s called to window %d, call %d", called.ticket, called.day, window, called.count)
    return called


def _heads(day: str, work: UnitOfWork) -> list[Head]:
    """Return the first of each queue: one indexed look for each group and lane."""
    hall = work.hall_record()
    letters = sorted(hall.groups) if hall is not None else []
    queues = ((letter, priority) for letter in letters for priority in Priority)
    found = [work.tickets.first_waiting(day, group=letter, priority=priority) for letter, priority in queues]
    heads = [ticket for ticket in found if ticket is not None]
    if not heads:  # a number of a group that the hall has just given up is still called
        stray = work.tickets.first_waiting(day)
        heads = [] if stray is None else [stray]
    return [Head(ticket.ticket, ticket.group, ticket.priority is not Priority.NONE, ticket.place) for ticket in heads]


def _turns(day: str, settings: QueueSettings, work: UnitOfWork) -> list[Turn]:
    hall = work.hall_record()
    needed = turns_needed(len(hall.groups) if hall is not None else 0, settings)
    calls = work.calls.newest(day, purpose=CallPurpose.INTAKE, limit=needed * (1 + settings.recalls_max))
    return [Turn(call.group, call.priority_turn) for call in calls if call.count == 1]

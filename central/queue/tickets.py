"""A number's way: issued, passed, shown again, served, ended, and what the closing of the day does to the rest.

Comes from kiosk and windows (intake). What a window tells has happened at the counter already, with or without us, and
perhaps hours ago: it is entered if it still says anything new, and is no error if it does not. All that take an event
take the time as well, needed or not, so that intake has one way to call them.
"""

from __future__ import annotations

import logging
from typing import Final

from broker import events
from central.ledger import facts
from central.ledger.states import TicketState
from central.ledger.work import PLACE_STEP, TicketRecord, UnitOfWork
from central.promises.changing import hours_in_force
from central.queue.refusals import (
    ReentryUsed,
    TicketDayAhead,
    TicketIsCalled,
    TicketIsDone,
    TicketNumberUsed,
    TicketOfAnotherDay,
    TicketUnknown,
    TicketWaitsAlready,
)
from central.queue.settings import settings_in_force
from central.queue.windows import acting, require_own_window, ticket_subject

_AT_WINDOW: Final = frozenset({TicketState.CALLED, TicketState.SERVING})
_OVER: Final = frozenset({TicketState.FINISHED, TicketState.CANCELLED, TicketState.LAPSED})

log = logging.getLogger(__name__)


def issue_ticket(event: events.TicketIssued, *, now_ms: int, work: UnitOfWork) -> None:
    """Put a number into its queue, behind all that wait in it.

    A number of a day gone by (the kiosk was offline over night) is entered and waits for nobody.

    Raises:
        TicketDayAhead: its day has not come yet.
        TicketNumberUsed: another ticket has this number today.
    """
    today = hours_in_force(work).day(now_ms).isoformat()
    if event.day > today:
        raise TicketDayAhead("a ticket's day is today")
    known = work.tickets.find(event.day, event.ticket)
    if known is not None and not _is_known_by_its_visit_alone(known):
        raise TicketNumberUsed("a number is issued once a day")
    issued = facts.TicketIssued(
        ticket=event.ticket,
        day=event.day,
        issued_at_ms=event.at_ms,
        unit=acting(work),
        priority=event.priority,
        queued=event.queued and event.day == today,
    )
    _append(issued, event.day, event.ticket, work)


def pass_ticket(event: events.TicketPassed, *, now_ms: int, work: UnitOfWork) -> bool:  # noqa: ARG001
    """Pass a number that nobody answered (or who has left); return False when it is not at this window any more."""
    require_own_window(event.window, work)
    ticket = work.tickets.find(event.day, event.ticket)
    if ticket is None or ticket.state not in _AT_WINDOW or ticket.window != event.window:
        return False
    _append(facts.TicketPassed(ticket=event.ticket, day=event.day, window=event.window), event.day, event.ticket, work)
    return True


def present_ticket(event: events.TicketPresented, *, now_ms: int, work: UnitOfWork) -> None:
    """Open the visit at the window that read the ticket, or let a passed number wait again.

    Raises:
        WindowNotYours: the unit stands at another window.
        Refused: (re-entering only, see `reenter`) the number cannot wait again; the notice says why.
    """
    require_own_window(event.window, work)
    if event.serve:
        open_visit(event, work=work)
    else:
        reenter(event.day, event.ticket, now_ms=now_ms, work=work)


def open_visit(event: events.TicketPresented, *, work: UnitOfWork) -> None:
    """Open the visit here, wherever the number was called or whether central knew it: the resident stands there.

    A number still open at the same window is closed first: a visit is ended, a call that nobody answered is passed.
    """
    ticket = work.tickets.find(event.day, event.ticket)
    if ticket is not None and ticket.state is TicketState.SERVING and ticket.window == event.window:
        return
    if event.window is not None:
        before = work.tickets.at_window(event.day, event.window)
        if before is not None and before.ticket != event.ticket:
            _leave(before, event.window, work)
    opened = facts.VisitOpened(ticket=event.ticket, day=event.day, window=event.window)
    _append(opened, event.day, event.ticket, work)


def end_visit(event: events.VisitEnded, *, now_ms: int, work: UnitOfWork) -> bool:  # noqa: ARG001
    """End the visit; return False when it is over already or goes on at another window."""
    require_own_window(event.window, work)
    ticket = work.tickets.find(event.day, event.ticket)
    if ticket is not None and ticket.state in _OVER:
        return False
    if ticket is not None and ticket.state in _AT_WINDOW and ticket.window != event.window:
        return False
    ended = facts.VisitEnded(
        ticket=event.ticket, day=event.day, window=event.window, outcome=event.outcome.value, packets=event.packets
    )
    _append(ended, event.day, event.ticket, work)
    return True


def reenter(day: str, ticket_number: str, *, now_ms: int, work: UnitOfWork) -> None:
    """Let a passed number wait again, `reentry_places` behind the head of its own queue, and behind who did so before.

    With fewer waiting it is the last of them. Any window, and the kiosk, may be shown the ticket.

    Raises:
        TicketOfAnotherDay, TicketUnknown, TicketWaitsAlready, TicketIsCalled, TicketIsDone: it is not passed.
        ReentryUsed: it has been let in again `reentries_max` times.
    """
    if day != hours_in_force(work).day(now_ms).isoformat():
        raise TicketOfAnotherDay("a number is good for its own day")
    ticket = work.tickets.find(day, ticket_number)
    settings = settings_in_force(work)
    _require_passed(ticket)
    assert ticket is not None
    if ticket.reentries >= settings.reentries_max:
        raise ReentryUsed(f"a passed number re-enters at most {settings.reentries_max} times")
    before = work.tickets.waiting(day, group=ticket.group, priority=ticket.priority, limit=settings.reentry_places)
    place = _place_behind(before[-1] if before else None, work)
    _append(facts.TicketReentered(ticket=ticket_number, day=day, place=place), day, ticket_number, work)


def close_day(until_day: str, *, work: UnitOfWork) -> int:
    """Let every number of this day and earlier lapse that still waits, is called, passed or open; return how many.

    The rule: numbers drawn before closing time are still called after it. What is left when the hall's day is over
    (central's timer, just after midnight) or when the supervisor closes the day lapses; a new day begins with new
    numbers. Doing it twice changes nothing.
    """
    lapsed = 0
    while batch := work.tickets.unfinished(until_day=until_day):
        for ticket in batch:
            ended = facts.VisitEnded(
                ticket=ticket.ticket, day=ticket.day, window=ticket.window, outcome=TicketState.LAPSED.value
            )
            _append(ended, ticket.day, ticket.ticket, work)
        lapsed += len(batch)
    if lapsed:
        log.info("day closed: %d numbers up to %s lapsed", lapsed, until_day)
    return lapsed


def _leave(ticket: TicketRecord, window: int, work: UnitOfWork) -> None:
    """Close what this window had open, since the next resident stands there already."""
    fact: facts.Fact
    if ticket.state is TicketState.SERVING:
        fact = facts.VisitEnded(ticket=ticket.ticket, day=ticket.day, window=window, outcome=TicketState.FINISHED.value)
    else:
        fact = facts.TicketPassed(ticket=ticket.ticket, day=ticket.day, window=window)
    _append(fact, ticket.day, ticket.ticket, work)


def _require_passed(ticket: TicketRecord | None) -> None:
    if ticket is None:
        raise TicketUnknown("the book has no such number of that day")
    if ticket.state is TicketState.WAITING:
        raise TicketWaitsAlready("the number waits already")
    if ticket.state in _AT_WINDOW:
        raise TicketIsCalled("the number is called or served")
    if ticket.state is not TicketState.PASSED:
        raise TicketIsDone("the number is done with")


def _place_behind(anchor: TicketRecord | None, work: UnitOfWork) -> int:
    """Return a place between the anchor's and that of the next number issued after it.

    Places of issue are PLACE_STEP apart. What lies between belongs to those who re-enter behind that number: they
    stand in the order in which they came back, since the ledger has grown in between.
    """
    head = work.head()[0]
    if anchor is None:
        return (head + 1) * PLACE_STEP
    issued = anchor.place // PLACE_STEP
    return issued * PLACE_STEP + min(head + 1 - issued, PLACE_STEP - 1)


def _is_known_by_its_visit_alone(ticket: TicketRecord) -> bool:
    """A window that worked while the kiosk was offline told of the visit first: the row begins with it."""
    return ticket.issued_at_ms in (ticket.opened_at_ms, ticket.ended_at_ms)


def _append(fact: facts.Fact, day: str, ticket: str, work: UnitOfWork) -> None:
    work.append(fact, subject=ticket_subject(day, ticket), actor=acting(work))

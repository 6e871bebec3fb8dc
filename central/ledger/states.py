"""The states that the tables keep: of a ticket in its queue, and of a case on its way.

Set only by `central.storage.projections` when a fact is applied; which step may follow which is the rule of
`central.queue` and `central.cases`.
"""

from __future__ import annotations

from enum import StrEnum


class TicketState(StrEnum):
    WAITING = "waiting"  # in the queue
    CALLED = "called"  # to a window, not come yet
    SERVING = "serving"  # its visit is open at a window
    PASSED = "passed"  # called and not come; may re-enter
    FINISHED = "finished"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"  # its day was closed before it was served
    UNQUEUED = "unqueued"  # issued at a station, for no window's queue


class CaseState(StrEnum):
    OPEN = "open"  # entered, with no officer yet
    ASSIGNED = "assigned"  # on an officer's desk
    CORRECTION = "correction"  # the resident has been asked for more; the promise stands still
    APPROVED = "approved"  # the result is being made
    READY = "ready"  # the result waits at a window
    REFUSED = "refused"  # with a reason; the notice waits to be handed over
    CLOSED = "closed"  # handed over


CASE_UNDER_WAY = frozenset({CaseState.OPEN, CaseState.ASSIGNED, CaseState.CORRECTION, CaseState.APPROVED})
TICKET_AT_WINDOW = frozenset({TicketState.CALLED, TicketState.SERVING})

"""Who may speak for a window, and under which names tickets and actors stand in the book."""

from __future__ import annotations

from central.ledger.work import UnitOfWork
from central.queue.refusals import WindowNotYours


def require_own_window(window: int | None, work: UnitOfWork, *, role: str | None = None) -> None:
    """Let a unit speak for its own window only: stops one window's unit from calling or passing for another.

    Raises:
        WindowNotYours: the message's unit stands at another window, or has another role than `role`.
    """
    if work.origin is None:  # a command of our own, not a message
        return
    unit = work.units.find(work.origin.unit)
    if unit is None or unit.window != window or (role is not None and unit.role != role):
        raise WindowNotYours("a unit speaks for its own window only")


def acting(work: UnitOfWork) -> str:
    """Return whose doing it is: the unit that sent the message, or central's own."""
    return "central" if work.origin is None else work.origin.unit


def ticket_subject(day: str, ticket: str) -> str:
    """Return the name under which a ticket stands in the book; numbers come back every day."""
    return f"{day}/{ticket}"

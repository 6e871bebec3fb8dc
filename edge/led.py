"""How the unit is -> what its LED display shows: a number, SETUP, a short code, DEMO, or nothing. Pure.

Asked by `core.py` after every event; the answer goes to `announcer.py`, which shows it when no call is being announced.
A number always wins: the resident who looks up must find it. Then comes what a technician must see from across the
hall. Five characters at the most, all of which four digits of seven segments can draw.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from broker.messages import Call
from edge.view import Role

SETUP: Final = "SETUP"  # central has never been heard here
DEMO: Final = "DEMO"  # the display is a true one, another device is simulated (演示)
STORAGE_FULL: Final = "ERR1"
STORAGE_READ_ONLY: Final = "ERR2"
NOTHING_SEES: Final = "ERR3"

_EYES: Final = ("scanner", "document_camera")
_TAKES_PAPERS: Final = (Role.INTAKE, Role.STATION)


@dataclass(frozen=True, slots=True)
class Led:
    """What stands on the display."""

    text: str = ""
    blink: bool = False


def led(*, called: str = "", served: str = "", linked: bool = True, trouble: str = "", demo: bool = False) -> Led:
    """Return what the display shows.

    Args:
        called: the number that is called and awaited, as `number_of` writes it.
        served: the number whose visit is open at the front seat.
        linked: central was heard, now or before an earlier start.
        trouble: why the unit cannot serve, by `trouble_of`.
        demo: a simulated device is at work behind a true display.
    """
    if called:
        return Led(called, blink=True)
    if served:
        return Led(served)
    if not linked:
        return Led(SETUP)
    return Led(trouble or (DEMO if demo else ""))


def number_of(ticket: str, window: int, own_window: int | None) -> str:
    """Return a called ticket as the display shows it: with the window, where that is not the display's own."""
    return ticket if window == own_window else f"{ticket}-{window}"


def trouble_of(role: Role, present: Collection[str], failing: Collection[str], *, full: bool, read_only: bool) -> str:
    """Return the code for what keeps a unit from taking papers in; "" when it can, or need not."""
    if role not in _TAKES_PAPERS:
        return ""
    if read_only:
        return STORAGE_READ_ONLY
    if full:
        return STORAGE_FULL
    eyes = [name for name in _EYES if name in present]
    return NOTHING_SEES if eyes and all(name in failing for name in eyes) else ""


class StandingCalls:
    """Calls that nobody at this unit awaits: they stand until all is handed over, or until their time is up."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, int], Call] = {}  # by ticket and window

    def came(self, call: Call) -> None:
        self._calls[call.ticket, call.window] = call

    def fetched(self, ticket: str) -> None:
        """All that this ticket was called to collect has been handed over."""
        self._calls = {key: call for key, call in self._calls.items() if call.ticket != ticket}

    def clear(self) -> None:
        """A new day has begun."""
        self._calls.clear()

    def newest(self, is_expired: Callable[[Call], bool]) -> Call | None:
        """Return the youngest call that stands."""
        self._calls = {key: call for key, call in self._calls.items() if not is_expired(call)}
        return max(self._calls.values(), key=lambda call: call.called_at_ms, default=None)

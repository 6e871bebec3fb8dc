"""The key of a day, with which that day's ticket codes are sealed: derived from the hall's master key.

Central hands the days ahead to its units (`messages.TicketKeys`) and the technician's kit lays them into a new unit;
both derive them here, so that a kiosk that has never seen central seals what every window can open. A unit holds days,
never the master; yesterday's key is deleted, and yesterday's paper is unreadable (RELIABILITY.md C).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.errors import require
from broker.ids import is_day

TICKET_KEY_BYTES: Final = 32
DAYS_AHEAD: Final = 6  # with today: a week, so that a unit works through a long weekend without central

_CONTEXT: Final = "onewindow/1/ticket-key/"


def ticket_key(master: bytes, *, hall: str, day: str) -> bytes:
    """Return the 32 bytes with which `hall` seals the tickets of `day` (YYYY-MM-DD, hall time).

    Raises:
        MessageRefused: the master is not 32 bytes, or the day is none.
    """
    require(len(master) == TICKET_KEY_BYTES, f"a ticket master key has {TICKET_KEY_BYTES} bytes")
    require(is_day(day), "a day is YYYY-MM-DD")
    info = f"{_CONTEXT}{hall}/{day}".encode()
    return HKDF(algorithm=SHA256(), length=TICKET_KEY_BYTES, salt=None, info=info).derive(master)


def days_ahead(today: date) -> tuple[str, ...]:
    """Return today and the days ahead for which a unit holds keys, as YYYY-MM-DD, today first."""
    return tuple((today + timedelta(days=ahead)).isoformat() for ahead in range(DAYS_AHEAD + 1))

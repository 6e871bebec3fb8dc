"""The ticket's code: the resident's identity, sealed at the kiosk with the day's key, opened at any window offline.

    "OW1" | base45( nonce (12 bytes) | AES-GCM-SIV( identity ) ) | "/"
    nonce = day (2) | group letter (1) | number (2) | minute of the day (2) | kiosk (4) | flags (1)

The nonce carries what is printed on the slip anyway, so the code is no larger than plain JSON would be: 66 characters
for a name of two, a QR of version 4 (RELIABILITY.md C). AES-GCM-SIV, because a kiosk that lost its counter may make the
same nonce twice. The slash at the end keeps a last character that is a space from being trimmed by a scanner gun.

Pure: key, time and identity come in. An opaque reference in place of the identity, for halls whose kiosk is always
connected, is a later setting and will carry the prefix "OW2".
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import base45
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from broker.errors import MessageRefused
from broker.ids import is_ticket
from broker.messages import NAME_MAX, IdKind, Priority, Resident
from edge.errors import TicketCodeUnknown, TicketKeyMissing, TicketOfAnotherDay, TicketRefused

PREFIX: Final = "OW1"
TEXT_MAX: Final = 480  # characters; the longest name makes some 440

_END: Final = "/"
_NONCE: Final = struct.Struct(">HcHH4sB")
_FIRST_DAY: Final = date(2020, 1, 1)
_TAG_BYTES: Final = 16
_CONTEXT: Final = b"onewindow/1/ticket\0"
_PRIORITY_FLAG: Final = 1
_KINDS: Final = (IdKind.CITIZEN, IdKind.RESIDENCE, IdKind.FOREIGN, IdKind.OTHER)
_PACKED: Final = 0x80  # the number is 17 digits and a check character, in 8 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket as issued, or as read back."""

    ticket: str  # A6027
    day: str  # YYYY-MM-DD
    resident: Resident
    issued_minute: int  # of the hall's day, 0 to 1439
    priority: Priority = Priority.NONE

    def __repr__(self) -> str:
        return f"Ticket({self.ticket!r}, {self.day!r})"


def seal_ticket(ticket: Ticket, key: bytes, *, hall: str, kiosk: str) -> str:
    """Return the text of a ticket's code.

    Args:
        key: the 32 bytes of the ticket's day.
        kiosk: the unit id, so that two kiosks never make the same nonce.
    """
    assert is_ticket(ticket.ticket), "a ticket is a capital letter and four digits"
    nonce = _NONCE.pack(
        (date.fromisoformat(ticket.day) - _FIRST_DAY).days,
        ticket.ticket[0].encode(),
        int(ticket.ticket[1:]),
        ticket.issued_minute,
        hashlib.sha256(kiosk.encode()).digest()[:4],
        _PRIORITY_FLAG if ticket.priority is Priority.PRIORITY else 0,
    )
    sealed = AESGCMSIV(key).encrypt(nonce, _pack(ticket.resident), _CONTEXT + hall.encode())
    return f"{PREFIX}{base45.b45encode(nonce + sealed).decode()}{_END}"


def open_ticket(text: str, keys: dict[str, bytes], *, hall: str, today: str) -> Ticket:
    """Return what a ticket's code holds.

    Args:
        keys: the keys that this unit holds, by day.
        today: the hall's day by this unit's clock. A ticket of a later day opens if its key is there: then it is our
            clock that is slow.

    Raises:
        TicketCodeUnknown: no ticket code of ours.
        TicketOfAnotherDay: of a day gone by; its key is deleted, nobody can read it any more.
        TicketKeyMissing: of today, but this unit has not been given the key.
        TicketRefused: altered, cut, or of another hall.
    """
    if not is_ticket_code(text):
        raise TicketCodeUnknown("not a ticket code of this house")
    try:
        token = base45.b45decode(text[len(PREFIX) : -len(_END)])
    except ValueError:
        raise TicketRefused("not the base45 that a ticket holds") from None
    if len(token) < _NONCE.size + _TAG_BYTES + 2 or base45.b45encode(token).decode() != text[len(PREFIX) : -len(_END)]:
        raise TicketRefused("a ticket code is cut short")
    nonce, sealed = token[: _NONCE.size], token[_NONCE.size :]
    days, letter, number, minute, _, flags = _NONCE.unpack(nonce)
    day = (_FIRST_DAY + timedelta(days=days)).isoformat()
    if day < today:
        raise TicketOfAnotherDay("a ticket of a day gone by")
    if day not in keys:
        raise (TicketKeyMissing if day == today else TicketOfAnotherDay)("no key of the ticket's day")
    try:
        plain = AESGCMSIV(keys[day]).decrypt(nonce, sealed, _CONTEXT + hall.encode())
        return Ticket(
            ticket=f"{letter.decode('ascii')}{number:04d}",
            day=day,
            resident=_unpack(plain),
            issued_minute=minute,
            priority=Priority.PRIORITY if flags & _PRIORITY_FLAG else Priority.NONE,
        )
    except (InvalidTag, MessageRefused, ValueError, IndexError):
        raise TicketRefused("the ticket's sealed part does not open") from None


def is_ticket_code(text: str) -> bool:
    """Say whether this claims to be a ticket's code. A claim only."""
    return text.startswith(PREFIX) and text.endswith(_END) and len(text) <= TEXT_MAX


def _pack(resident: Resident) -> bytes:
    kind = _KINDS.index(resident.id_kind)
    number = resident.id_number
    assert len(resident.name) <= NAME_MAX, "a resident is within the bounds of the wire"
    if len(number) == 18 and number[:17].isdigit() and number[17] in "0123456789X":
        check = 10 if number[17] == "X" else int(number[17])
        packed = (int(number[:17]) << 4 | check).to_bytes(8, "big")
        return bytes([kind | _PACKED]) + packed + resident.name.encode("gb18030")
    return bytes([kind, len(number)]) + number.encode("ascii") + resident.name.encode("gb18030")


def _unpack(plain: bytes) -> Resident:
    kind = _KINDS[plain[0] & 0x0F]
    if plain[0] & _PACKED:
        value = int.from_bytes(plain[1:9], "big")
        number = f"{value >> 4:017d}{'0123456789X'[value & 0x0F]}"
        name = plain[9:]
    else:
        end = 2 + plain[1]
        number, name = plain[2:end].decode("ascii"), plain[end:]
    return Resident(name=name.decode("gb18030"), id_number=number, id_kind=kind)

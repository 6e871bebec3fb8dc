"""Names for things that are made once and meant for ever: packets, events, cases, tickets.

Pure: time and randomness are handed in, so that the same seed makes the same ids.
"""

from __future__ import annotations

import re

_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TICKET = re.compile(r"[A-Z][0-9]{4}")
_DAY = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_ITEM = re.compile(r"[A-Z]{2}[0-9]{3}")
_CASE = re.compile(r"[A-Z0-9-]{6,32}")


def new_id(now_ms: int, random_bytes: bytes) -> str:
    """Return a UUIDv7 (RFC 9562, 5.7): sorted by the time it was made, and unique without asking anybody.

    Args:
        now_ms: Unix time in milliseconds, 0 to 2**48 - 1, by whatever clock there is; only uniqueness rests on it.
        random_bytes: 10 bytes from the system's randomness.
    """
    assert 0 <= now_ms < 1 << 48
    assert len(random_bytes) == 10
    random = int.from_bytes(random_bytes, "big")
    value = now_ms << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | (random & (1 << 62) - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: object) -> bool:
    return isinstance(text, str) and _UUID7.fullmatch(text) is not None


def is_digest(text: object) -> bool:
    """Say whether this is a SHA-256 in lower-case hexadecimal."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def is_ticket(text: object) -> bool:
    """Say whether this is a ticket's number as printed: one capital letter and four digits, A6027."""
    return isinstance(text, str) and _TICKET.fullmatch(text) is not None


def is_day(text: object) -> bool:
    """Say whether this is a calendar day as YYYY-MM-DD, 2000 to 2099."""
    return isinstance(text, str) and _DAY.fullmatch(text) is not None


def is_item(text: object) -> bool:
    """Say whether this is a service item's code in the catalogue: RS001."""
    return isinstance(text, str) and _ITEM.fullmatch(text) is not None


def is_case_number(text: object) -> bool:
    """Say whether this has the form of a case's number as printed on the receipt: 20261123-00042."""
    return isinstance(text, str) and _CASE.fullmatch(text) is not None

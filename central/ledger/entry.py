"""One line of the hall's book, and the chain that ties it to the line before.

The hash is SHA-256 over the hall, the number, the time, the kind, the subject, the actor, the origin, the body and the
hash before, each with its length in front, so that no two different entries hash the same bytes. Pure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

GENESIS: Final = "0" * 64
_CONTEXT: Final = b"onewindow/1/entry\0"


@dataclass(frozen=True, slots=True)
class Origin:
    """The message from the wire that an entry came from: central's key for "seen before"."""

    message: str  # packet_id or event_id
    content_hash: str
    unit: str
    boot: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in the book. `seq` counts from 1 within its hall, without gaps."""

    hall: str
    seq: int
    at_ms: int  # central's clock
    kind: str
    subject: str  # what it is about: a case, a ticket, a unit …
    actor: str  # who did it: a unit, a staff number, or "central"
    origin: str  # JSON of `Origin`, or empty
    body: str  # JSON of the fact
    previous: str
    hash: str


def origin_text(origin: Origin | None) -> str:
    return "" if origin is None else msgspec.json.encode(origin).decode()


def read_origin(text: str) -> Origin | None:
    return None if text == "" else msgspec.json.decode(text, type=Origin)


def entry_hash(
    hall: str, seq: int, at_ms: int, kind: str, subject: str, actor: str, origin: str, body: str, previous: str
) -> str:
    """Return the hash of an entry, lower-case hex."""
    parts = [part.encode() for part in (hall, str(seq), str(at_ms), kind, subject, actor, origin, body, previous)]
    lengths = ",".join(str(len(part)) for part in parts).encode()
    return hashlib.sha256(b"\0".join([_CONTEXT + lengths, *parts])).hexdigest()


def follows(entry: Entry, *, seq: int, previous: str) -> str:
    """Return what is wrong with an entry that should have this number and follow that hash; empty when nothing."""
    if entry.seq != seq:
        return f"entry {seq} is missing: {entry.seq} stands in its place"
    if entry.previous != previous:
        return f"entry {seq} does not follow the one before it"
    computed = entry_hash(
        entry.hall,
        entry.seq,
        entry.at_ms,
        entry.kind,
        entry.subject,
        entry.actor,
        entry.origin,
        entry.body,
        entry.previous,
    )
    return "" if computed == entry.hash else f"entry {seq} was altered: its hash does not fit its content"

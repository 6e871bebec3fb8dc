"""Hold every lasting event on the card until central has receipted it: one small file each, a signed envelope.

    events/<boot>-<seq>-<event>

Comes from the core, goes to link.py. An event uses the card's reserve: the hall goes on when the card is full.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from broker import envelope
from broker.errors import Refused
from edge.card import Card

log = logging.getLogger(__name__)

_EVENTS: Final = "events"
_MAKING: Final = "making"
_DAMAGED: Final = "damaged"


@dataclass(frozen=True, slots=True)
class KeptEvent:
    event_id: str
    kind: str
    payload: bytes  # the signed envelope, as it travels
    content_hash: str
    boot: int
    seq: int
    name: str  # of its file

    def __repr__(self) -> str:
        return f"KeptEvent({self.kind!r}, {self.event_id!r})"


class EventBox:
    """The events of one unit that wait for their receipts. Called from one thread."""

    def __init__(self, card: Card, own_key: Ed25519PublicKey) -> None:
        self._card = card
        self._storage = card.storage
        self._own_key = own_key
        self._events: dict[str, KeptEvent] = {}
        self.quarantined: list[str] = []
        for name in self._storage.names(_EVENTS):
            self._take_up(name)

    def keep(self, payload: bytes) -> KeptEvent:
        """Keep a lasting event, as the signed envelope that travels. On the card when this returns.

        Keeping the same event again changes nothing.

        Raises:
            StorageFailed: the card did not take it. Nothing was kept.
        """
        event = _event(payload, "")
        known = self._events.get(event.event_id)
        if known is not None:
            return known
        event = replace(event, name=f"{event.boot:08d}-{event.seq:08d}-{event.event_id}")
        try:
            self._card.with_reserve(lambda: self._write(event))
        except OSError as error:
            raise self._card.trouble(error, "an event") from error
        self._events[event.event_id] = event
        return event

    def waiting(self) -> Iterable[KeptEvent]:
        """Return the events without a receipt, oldest first."""
        return self._events.values()

    def find(self, event_id: str) -> KeptEvent | None:
        return self._events.get(event_id)

    def __len__(self) -> int:
        return len(self._events)

    def receipted(self, event_id: str, content_hash: str) -> KeptEvent | None:
        """Let an event go. None: no such event waits here. Never fails: a file that stays is sent again after a start,
        and receipted again."""
        event = self._events.get(event_id)
        if event is None or event.content_hash != content_hash:
            return None
        del self._events[event_id]
        self._card.attempt(f"deleting event {event_id}", lambda: self._storage.remove(f"{_EVENTS}/{event.name}"))
        return event

    def _write(self, event: KeptEvent) -> None:
        self._storage.write(f"{_MAKING}/{event.name}", event.payload)
        self._storage.rename(f"{_MAKING}/{event.name}", f"{_EVENTS}/{event.name}")
        self._storage.sync_folder(_EVENTS)

    def _take_up(self, name: str) -> None:
        path = f"{_EVENTS}/{name}"
        try:
            event = _event(self._storage.read(path), name)
            envelope.read(event.payload).verify(self._own_key)
        except OSError as error:
            log.error("event %s cannot be read (%s): check the card", name, error.strerror)
        except Refused:
            log.error("event %s is damaged and was set aside in damaged/: a technician must look at it", name)
            self.quarantined.append(name)
            self._card.attempt("setting an event aside", lambda: self._storage.rename(path, f"{_DAMAGED}/{name}"))
        else:
            self._events[event.event_id] = event


def _event(payload: bytes, name: str) -> KeptEvent:
    read = envelope.read(payload)
    header = read.header
    return KeptEvent(header.subject, header.kind, payload, read.content_hash, header.boot, header.seq, name)

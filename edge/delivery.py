"""Packets on their way: which piece of which packet goes next, and when one is sent again. Sans-I/O.

Comes from outbox.py, goes to link.py, which publishes what `next_message` gives. Oldest first, a few packets in flight;
pages go in chunks, so that events and calls never wait behind more than a few pieces. First all chunks, then the
manifest; from the broker's acknowledgement of the manifest on, a timer of our own runs until central's receipt: on its
end the manifest alone goes again, and central names the pages that it misses.

A packet that central does not answer, though it answers others, steps aside and lets the younger ones pass; it is tried
on, every minute.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from broker import codec
from broker.messages import CHUNK_BYTES_MAX, Chunk, Outcome, Receipt
from broker.topics import Up
from edge.errors import PacketDamaged, StorageFailed
from edge.outbox import Outbox
from edge.ports import Clock, Rng

log = logging.getLogger(__name__)

PACKETS_IN_FLIGHT_MAX: Final = (
    4  # at 4 the rate is 97 % of what 20 reach, with a quarter of the delay (PERFORMANCE.md 3)
)
FIRST_RETRY_MS: Final = 2_000
RETRY_MS_MAX: Final = 15_000
ASIDE_RETRY_MS: Final = 60_000
_ASIDE_ATTEMPTS: Final = 3
_FAILED_READ_MS: Final = 15_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for the broker."""

    family: Up
    payload: bytes
    packet_id: str
    is_manifest: bool


@dataclass(slots=True)
class _Sending:
    packet_id: str
    chunks: deque[tuple[int, int]] = field(default_factory=deque)  # page, chunk: still to go before the manifest
    names: list[str] = field(default_factory=list)  # of the page files
    manifest_to_go: bool = True
    attempts: int = 0  # manifests sent
    missed: int = 0  # times that central missed pages
    due_ms: int | None = None  # when the receipt's time is over; None: not running
    first_ms: int = 0
    aside: bool = False


class Delivery:
    """What is being delivered. Forgets all at `reset`; the outbox remembers."""

    def __init__(self, outbox: Outbox, clock: Clock, rng: Rng) -> None:
        self._outbox = outbox
        self._clock = clock
        self._rng = rng
        self._sending: dict[str, _Sending] = {}
        self._page: tuple[str, str, str, bytes] | None = None  # packet, name, digest, bytes: the page being cut up
        self._heard_ms = -1  # when central last said anything
        self.on_fault: list[PacketDamaged] = []

    def reset(self) -> None:
        """The connection is gone: all that waits is to be sent again on the next."""
        self._sending.clear()
        self._page = None

    def heard(self) -> None:
        """Central has said something: it is there."""
        self._heard_ms = self._clock.monotonic_ms()

    def resend(self) -> None:
        """Central is (back) here: try all at once."""
        now = self._clock.monotonic_ms()
        for sending in self._sending.values():
            sending.aside = False
            sending.attempts = sending.missed = 0
            sending.first_ms = now
            if sending.due_ms is not None:
                sending.due_ms = now

    def unanswered_attempts(self) -> int:
        """Return how often the packet with the most tries was tried in vain."""
        return max((sending.attempts for sending in self._sending.values()), default=0)

    def next_message(self) -> Outgoing | None:
        """Return the next piece to publish, or None when nothing is due now."""
        self._fill()
        for sending in list(self._sending.values()):
            try:
                message = self._next_of(sending)
            except PacketDamaged as damaged:
                self.on_fault.append(damaged)
                self._drop(sending.packet_id)
            except StorageFailed as error:
                log.warning("packet %s cannot be read now: %s", sending.packet_id, error)
                sending.manifest_to_go, sending.due_ms = False, self._clock.monotonic_ms() + _FAILED_READ_MS
            else:
                if message is not None:
                    return message
        return None

    def manifest_acknowledged(self, packet_id: str) -> None:
        """The broker has the manifest: from now on the receipt is awaited."""
        sending = self._sending.get(packet_id)
        if sending is not None and not sending.manifest_to_go:
            sending.due_ms = self._clock.monotonic_ms() + self._patience_ms(sending)

    def answered(self, receipt: Receipt) -> None:
        """A receipt came for a packet: it is done with, or names what is missing."""
        sending = self._sending.get(receipt.subject)
        if receipt.outcome is not Outcome.MISSING:
            self._drop(receipt.subject)
            return
        if sending is None or not self._is_of_ours(receipt):
            return
        kept = self._outbox.find(receipt.subject)
        if kept is not None and any(page >= kept.page_count for page in receipt.missing):
            self._outbox.set_aside(receipt.subject, "central misses a page that is not on the card")
            self.on_fault.append(PacketDamaged(f"packet {receipt.subject}: a page is gone from the card"))
            self._drop(receipt.subject)
            return
        sending.chunks = deque((page, 0) for page in receipt.missing)
        sending.missed += 1
        if sending.missed == 1:
            sending.manifest_to_go, sending.due_ms = True, None
        else:
            # A central that loses pages again and again (its disk is full?) is not helped by haste.
            wait = min(RETRY_MS_MAX, FIRST_RETRY_MS * 2 ** min(sending.missed - 2, 4))
            sending.manifest_to_go, sending.due_ms = False, self._clock.monotonic_ms() + wait

    def next_due_ms(self) -> int | None:
        """Return when (monotonic) the next timer ends, or None when none runs."""
        return min((each.due_ms for each in self._sending.values() if each.due_ms is not None), default=None)

    def _fill(self) -> None:
        """Take up further packets, oldest first, as far as there is room; send again what has no receipt in time."""
        now = self._clock.monotonic_ms()
        for sending in self._sending.values():
            if sending.due_ms is not None and sending.due_ms <= now:
                sending.manifest_to_go, sending.due_ms = True, None
                answers_others = self._heard_ms > sending.first_ms
                if sending.attempts >= _ASIDE_ATTEMPTS and answers_others and not sending.aside:
                    sending.aside = True
                    log.warning("packet %s has no receipt after %d tries: others go first", *_of(sending))
        room = PACKETS_IN_FLIGHT_MAX - sum(not sending.aside for sending in self._sending.values())
        if room <= 0:
            return
        fresh = (kept for kept in self._outbox.waiting() if kept.packet_id not in self._sending)
        for kept in list(islice(fresh, room)):
            chunks = deque((page, 0) for page in range(kept.page_count))
            self._sending[kept.packet_id] = _Sending(kept.packet_id, chunks, first_ms=now)

    def _next_of(self, sending: _Sending) -> Outgoing | None:
        if not sending.manifest_to_go:
            return None
        if sending.chunks:
            return Outgoing(Up.CHUNK, self._next_chunk(sending), sending.packet_id, False)
        payload = self._outbox.manifest(sending.packet_id)
        sending.manifest_to_go = False
        sending.attempts += 1
        return Outgoing(Up.PACKET, payload, sending.packet_id, True)

    def _next_chunk(self, sending: _Sending) -> bytes:
        page, index = sending.chunks[0]
        if not sending.names:
            sending.names = self._outbox.page_names(sending.packet_id)
        digest, data = self._read_page(sending.packet_id, sending.names[page])
        start = index * CHUNK_BYTES_MAX
        chunk = Chunk(
            packet_id=sending.packet_id,
            page=page,
            digest=digest,
            total_bytes=len(data),
            index=index,
            data=data[start : start + CHUNK_BYTES_MAX],
        )
        sending.chunks.popleft()
        if index + 1 < chunk.count:
            sending.chunks.appendleft((page, index + 1))
        else:
            self._page = None
        return codec.encode_chunk(chunk)

    def _read_page(self, packet_id: str, name: str) -> tuple[str, bytes]:
        if self._page is None or self._page[:2] != (packet_id, name):
            self._page = (packet_id, name, *self._outbox.page(packet_id, name))
        return self._page[2], self._page[3]

    def _patience_ms(self, sending: _Sending) -> int:
        if sending.aside:
            wait = float(ASIDE_RETRY_MS)
        else:
            wait = min(RETRY_MS_MAX, FIRST_RETRY_MS * 2.0 ** (sending.attempts - 1)) if sending.attempts < 10 else 15e3
        return int(wait * self._rng.uniform(0.75, 1.0))

    def _is_of_ours(self, receipt: Receipt) -> bool:
        kept = self._outbox.find(receipt.subject)
        return kept is not None and kept.content_hash == receipt.content_hash

    def _drop(self, packet_id: str) -> None:
        self._sending.pop(packet_id, None)
        if self._page is not None and self._page[0] == packet_id:
            self._page = None


def _of(sending: _Sending) -> tuple[str, int]:
    return sending.packet_id, sending.attempts

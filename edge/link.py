"""What a unit says to central and hears from it: outbox -> broker; receipts, calls and orders <- broker. Sans-I/O.

Events are on the way before pages; lasting ones are sent again until their receipt, passing ones for a few seconds.
Nothing from the broker is believed that central has not signed, and the broker's own acknowledgement is flow control.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from broker import codec, envelope
from broker.envelope import Header, key_id
from broker.errors import EnvelopeRefused, Refused, require
from broker.events import Event
from broker.ids import new_id
from broker.messages import (
    Call,
    Outcome,
    PacketDoubted,
    PickupList,
    QueueStatus,
    Receipt,
    ResendAsked,
    TicketKeys,
    UnitState,
)
from broker.topics import CENTRAL, Down, UnitId, Up, read_down, up
from edge.delivery import FIRST_RETRY_MS, RETRY_MS_MAX, Delivery
from edge.errors import PacketDamaged
from edge.event_box import EventBox, KeptEvent
from edge.kept import KeptPacket
from edge.keys import UnitKeys
from edge.outbox import Outbox
from edge.ports import Clock, Rng, Transport

log = logging.getLogger(__name__)

STATE_EVERY_MS: Final = 10_000
_STATE_GAP_MS: Final = 500  # changes closer together are told together
_BYTES_ON_THE_WAY_MAX: Final = (
    512 * 1024
)  # of packets, not yet acknowledged by the broker: what an event may wait behind
_EVENTS_ON_THE_WAY_MAX: Final = 64
_PASSING_RETRY_MS: Final = 1_200
_PASSING_MS_MAX: Final = 5_000
_SILENCE_MS: Final = 20_000

# Which kinds may come over which family, and nothing else.
_KINDS: Final[dict[Down, tuple[str, ...]]] = {
    Down.RECEIPT: (Receipt.KIND,),
    Down.CALL: (Call.KIND,),
    Down.ORDER: (QueueStatus.KIND, PickupList.KIND, TicketKeys.KIND, ResendAsked.KIND, PacketDoubted.KIND),
}


@dataclass(frozen=True, slots=True)
class PacketAnswered:
    """A packet was entered, or refused."""

    packet: KeptPacket


@dataclass(frozen=True, slots=True)
class EventAnswered:
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class EventGivenUp:
    """A passing event has had no answer in time."""

    event_id: str


@dataclass(frozen=True, slots=True)
class PacketSetAside:
    error: PacketDamaged


News = (
    PacketAnswered
    | EventAnswered
    | EventGivenUp
    | PacketSetAside
    | Call
    | QueueStatus
    | PickupList
    | PacketDoubted
    | TicketKeys
    | ResendAsked
)


@dataclass(slots=True)
class _OnTheWay:
    """A message that the broker has not acknowledged yet."""

    size_bytes: int = 0  # of a packet's piece
    manifest_of: str = ""
    event_id: str = ""


@dataclass(slots=True)
class _EventSending:
    attempts: int = 0
    due_ms: int | None = None  # when it is sent again; None: waits for the broker's acknowledgement


@dataclass(slots=True)
class _Passing:
    payload: bytes
    content_hash: str
    until_ms: int
    due_ms: int


class Link:
    """One unit's side of the conversation. Called from the core's thread."""

    def __init__(
        self,
        *,
        unit: UnitId,
        keys: UnitKeys,
        outbox: Outbox,
        events: EventBox,
        clock: Clock,
        rng: Rng,
        transport: Transport,
        boot: int,
        state: Callable[[], UnitState],
    ) -> None:
        self._unit = unit
        self._keys = keys
        self._outbox = outbox
        self._events = events
        self._clock = clock
        self._rng = rng
        self._transport = transport
        self._boot = boot
        self._seq = 0
        self._state = state
        self._delivery = Delivery(outbox, clock, rng)
        self._handle = 0
        self._on_the_way: dict[int, _OnTheWay] = {}
        self._event_sending: dict[str, _EventSending] = {}
        self._event_timers: list[tuple[int, str]] = []
        self._passing: dict[str, _Passing] = {}
        self._state_due_ms = 0
        self._news: list[News] = []
        self.online = False
        self.since_ms = clock.now_ms()
        self._down_reason = ""  # said once, however often it is tried
        self.heard_ms: int | None = None  # monotonic, when central last said anything

    # --- what the core says -----------------------------------------------------------------------------------

    def new_id(self) -> str:
        return new_id(self._clock.now_ms(), self._rng.bytes(10))

    def next_seq(self) -> tuple[int, int]:
        """Return boot and sequence for the next thing that is signed: the order at the edge."""
        self._seq += 1
        return self._boot, self._seq

    def signed(self, event: Event, *, sealed: bool = False) -> bytes:
        """Return an event as it travels."""
        boot, seq = self.next_seq()
        header = Header(
            kind=event.KIND,
            sender=self._unit,
            subject=event.event_id,
            signing_key=key_id(self._keys.signing.public_key()),
            sealing_key=key_id(self._keys.central_sealing) if sealed else "",
            boot=boot,
            seq=seq,
            sent_at_ms=self._clock.now_ms(),
        )
        body = codec.encode(event)
        if sealed:
            return envelope.seal(header, body, self._keys.central_sealing, self._keys.signing)
        return envelope.sign(header, body, self._keys.signing)

    def post(self, event: Event) -> None:
        """Keep a lasting event and send it until it is receipted.

        Raises:
            StorageFailed: the card did not take it; nothing was kept or sent.
        """
        assert event.LASTING, "a passing event is told, not posted"
        self._events.keep(self.signed(event))
        self.pump()

    def post_signed(self, payload: bytes) -> None:
        """Keep a lasting event that has been signed already; errors as `post`. The same again changes nothing."""
        self._events.keep(payload)
        self.pump()

    def tell(self, event: Event, *, sealed: bool = False) -> None:
        """Send a passing event now; `EventAnswered` or `EventGivenUp` follows within seconds."""
        payload = self.signed(event, sealed=sealed)
        now = self._clock.monotonic_ms()
        read = envelope.read(payload)
        self._passing[event.event_id] = _Passing(
            payload, read.content_hash, now + _PASSING_MS_MAX, now + _PASSING_RETRY_MS
        )
        if self.online:
            self._publish(Up.EVENT, payload, _OnTheWay())

    def state_changed(self) -> None:
        """Tell central soon how the unit is."""
        self._state_due_ms = min(self._state_due_ms, self._clock.monotonic_ms() + _STATE_GAP_MS)

    def is_central_silent(self) -> bool:
        """Whether the broker is there and takes our papers, but central does not answer."""
        quiet = self.heard_ms is None or self._clock.monotonic_ms() - self.heard_ms > _SILENCE_MS
        return self.online and quiet and self._delivery.unanswered_attempts() >= 3

    # --- what the transport says --------------------------------------------------------------------------------

    def link_up(self) -> None:
        self._forget_connection()
        self.online, self.since_ms, self._down_reason = True, self._clock.now_ms(), ""
        log.info("connected; %d packets and %d events wait", self._outbox.waiting_count, len(self._events))
        self._state_due_ms = 0
        for passing in self._passing.values():
            passing.due_ms = 0
        self.pump()

    def link_down(self, reason: str) -> None:
        if self.online or reason != self._down_reason:
            log.warning("not connected: %s", reason)
        if self.online:
            self.online, self.since_ms = False, self._clock.now_ms()
        self._down_reason = reason
        self._forget_connection()

    def published(self, handle: int) -> None:
        """The broker has acknowledged a message: there is room for the next, and a receipt may be expected."""
        done = self._on_the_way.pop(handle, None)
        if done is None:
            return
        if done.manifest_of:
            self._delivery.manifest_acknowledged(done.manifest_of)
        sending = self._event_sending.get(done.event_id)
        if sending is not None:
            wait = min(RETRY_MS_MAX, FIRST_RETRY_MS * 2 ** min(sending.attempts - 1, 4))
            sending.due_ms = self._clock.monotonic_ms() + int(wait * self._rng.uniform(0.75, 1.0))
            heapq.heappush(self._event_timers, (sending.due_ms, done.event_id))
        self.pump()

    def arrived(self, topic: str, payload: bytes) -> None:
        """Take a message from the broker. One that is not central's, or not for us, is refused and changes nothing."""
        try:
            self._take(topic, payload)
        except Refused as refusal:
            log.warning("a message of %d bytes was refused: %s", len(payload), refusal)
            return
        self.pump()

    def tick(self) -> None:
        """Time has passed: send again what is due, give up what is late."""
        now = self._clock.monotonic_ms()
        for event_id, passing in list(self._passing.items()):
            if passing.until_ms <= now:
                del self._passing[event_id]
                self._news.append(EventGivenUp(event_id))
            elif self.online and passing.due_ms <= now:
                passing.due_ms = now + _PASSING_RETRY_MS
                self._publish(Up.EVENT, passing.payload, _OnTheWay())
        self.pump()

    def news(self) -> list[News]:
        """Return what has been heard since the last call, in order."""
        news, self._news = self._news, []
        return news

    def next_due_ms(self) -> int:
        """Return when (monotonic) the link next wants a `tick`."""
        due = [self._clock.monotonic_ms() + STATE_EVERY_MS]
        due += [min(passing.until_ms, passing.due_ms) for passing in self._passing.values()]
        if self.online:
            due.append(self._state_due_ms)
            due += [each for each in (self._delivery.next_due_ms(),) if each is not None]
            due += [timer[0] for timer in self._event_timers[:1]]
        return min(due)

    # --- sending ------------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Publish all that is due and has room: state, events, then packets."""
        if not self.online:
            return
        self._pump_state()
        self._pump_events()
        while sum(each.size_bytes for each in self._on_the_way.values()) < _BYTES_ON_THE_WAY_MAX:
            message = self._delivery.next_message()
            if message is None:
                break
            log.debug("packet %s: %s of %d bytes", message.packet_id, message.family.value, len(message.payload))
            manifest_of = message.packet_id if message.is_manifest else ""
            self._publish(message.family, message.payload, _OnTheWay(len(message.payload), manifest_of))
        self._news += [PacketSetAside(fault) for fault in self._delivery.on_fault]
        self._delivery.on_fault.clear()

    def _pump_state(self) -> None:
        now = self._clock.monotonic_ms()
        if now >= self._state_due_ms:
            self._state_due_ms = now + STATE_EVERY_MS
            self._transport.publish(up(self._unit, Up.STATE), codec.encode(self._state()), qos=0, handle=0)

    def _pump_events(self) -> None:
        now = self._clock.monotonic_ms()
        while self._event_timers and self._event_timers[0][0] <= now:
            due_ms, event_id = heapq.heappop(self._event_timers)
            sending, event = self._event_sending.get(event_id), self._events.find(event_id)
            if sending is not None and event is not None and sending.due_ms == due_ms:
                self._send_event(event, sending)
        if len(self._event_sending) >= min(len(self._events), _EVENTS_ON_THE_WAY_MAX):
            return
        for event in self._events.waiting():
            if event.event_id not in self._event_sending:
                sending = self._event_sending[event.event_id] = _EventSending()
                self._send_event(event, sending)
                if len(self._event_sending) >= _EVENTS_ON_THE_WAY_MAX:
                    return

    def _send_event(self, event: KeptEvent, sending: _EventSending) -> None:
        sending.attempts += 1
        sending.due_ms = None
        self._publish(Up.EVENT, event.payload, _OnTheWay(event_id=event.event_id))

    def _publish(self, family: Up, payload: bytes, on_the_way: _OnTheWay) -> None:
        self._handle += 1
        self._on_the_way[self._handle] = on_the_way
        self._transport.publish(up(self._unit, family), payload, qos=1, handle=self._handle)

    def _forget_connection(self) -> None:
        self._on_the_way.clear()
        self._event_sending.clear()
        self._event_timers.clear()
        self._delivery.reset()

    # --- hearing ------------------------------------------------------------------------------------------------

    def _take(self, topic: str, payload: bytes) -> None:
        to, family = read_down(topic)
        require(to == self._unit, "a message for another unit", EnvelopeRefused)
        read = envelope.read(payload)
        require(read.header.sender == CENTRAL, "a message that is not central's", EnvelopeRefused)
        read.verify(self._keys.central_receipt)
        require(read.header.kind in _KINDS[family], "a kind that does not come this way", EnvelopeRefused)
        body = read.body if read.suite == envelope.PLAIN else read.open(self._keys.sealing)
        message = codec.decode_kind(body, read.header.kind)
        self.heard_ms = self._clock.monotonic_ms()
        self._clock.hear(read.header.sent_at_ms)
        self._delivery.heard()
        if isinstance(message, Receipt):
            self._take_receipt(message)
        elif isinstance(message, ResendAsked):
            self._take_resend(message)
        elif isinstance(message, TicketKeys):
            require(read.suite != envelope.PLAIN, "ticket keys come sealed", EnvelopeRefused)
            self._news.append(message)
        elif isinstance(message, Call | QueueStatus | PickupList | PacketDoubted):
            self._news.append(message)

    def _take_receipt(self, receipt: Receipt) -> None:
        passing = self._passing.get(receipt.subject)
        if passing is not None and passing.content_hash == receipt.content_hash:
            del self._passing[receipt.subject]
            self._news.append(EventAnswered(receipt))
            return
        event = self._events.receipted(receipt.subject, receipt.content_hash)
        if event is not None:
            self._event_sending.pop(receipt.subject, None)
            if receipt.outcome is Outcome.REFUSED:
                log.warning("central refused %s %s: %s", event.kind, event.event_id, receipt.code)
            self._news.append(EventAnswered(receipt))
            return
        packet = self._outbox.receipted(receipt)
        if packet is not None:
            log.info("packet %s %s: entry %d", packet.packet_id, receipt.outcome.value, receipt.entry)
            self._news.append(PacketAnswered(packet))
            self._delivery.answered(receipt)
        elif receipt.outcome is Outcome.MISSING:
            self._delivery.answered(receipt)
        else:
            log.debug("a receipt for something that does not wait here")

    def _take_resend(self, asked: ResendAsked) -> None:
        self._outbox.offer_again(asked.head)
        self._delivery.resend()
        now = self._clock.monotonic_ms()
        for event_id, sending in self._event_sending.items():
            if sending.due_ms is not None:
                sending.due_ms = now
                heapq.heappush(self._event_timers, (now, event_id))
        self._news.append(asked)

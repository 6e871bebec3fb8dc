"""What central says: messages signed with its receipt key, on the topic of the unit that they are for.

Comes from receiving, the announcer and the fleet; goes to link as topic and bytes. Ticket keys are sealed to the unit.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from broker import codec, envelope, topics
from broker.ids import new_id
from broker.messages import Call, PacketDoubted, PickupList, QueueStatus, Receipt, ResendAsked, TicketKeys
from broker.topics import CENTRAL, Down, UnitId
from central.ledger.work import Rng


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out."""

    topic: str
    payload: bytes


class Outbound:
    """Signs what central says."""

    def __init__(self, receipt_key: Ed25519PrivateKey, rng: Rng) -> None:
        self._key = receipt_key
        self._key_id = envelope.key_id(receipt_key.public_key())
        self._rng = rng

    def receipt(self, unit: str, receipt: Receipt) -> Outgoing:
        return self._say(unit, Down.RECEIPT, receipt, receipt.subject, receipt.at_ms)

    def call(self, unit: str, call: Call, *, now_ms: int) -> Outgoing:
        return self._say(unit, Down.CALL, call, call.call_id, now_ms)

    def order(
        self, unit: str, order: QueueStatus | PickupList | ResendAsked | PacketDoubted, *, now_ms: int
    ) -> Outgoing:
        return self._say(unit, Down.ORDER, order, order.order_id, now_ms)

    def ticket_keys(self, unit: str, keys: TicketKeys, to: X25519PublicKey, *, now_ms: int) -> Outgoing:
        header = self._header(TicketKeys.KIND, keys.order_id, now_ms, sealing_key=envelope.key_id(to))
        payload = envelope.seal(header, codec.encode(keys), to, self._key)
        return Outgoing(topics.down(UnitId(unit), Down.ORDER), payload)

    def new_id(self, now_ms: int) -> str:
        return new_id(now_ms, self._rng.token_bytes(10))

    def _say(self, unit: str, family: Down, message: codec.Message, subject: str, now_ms: int) -> Outgoing:
        payload = envelope.sign(self._header(message.KIND, subject, now_ms), codec.encode(message), self._key)
        return Outgoing(topics.down(UnitId(unit), family), payload)

    def _header(self, kind: str, subject: str, now_ms: int, *, sealing_key: str = "") -> envelope.Header:
        return envelope.Header(
            kind=kind,
            sender=CENTRAL,
            subject=subject,
            signing_key=self._key_id,
            sealing_key=sealing_key,
            sent_at_ms=now_ms,
        )

"""One-page packets as a window would send them, made beforehand so that only the receiving is measured."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from broker import codec, envelope
from broker.ids import new_id
from broker.messages import CHUNK_BYTES_MAX, Chunk, IntakePacket, Page, Resident

PAGE_WIDTH, PAGE_HEIGHT = 1654, 2339


@dataclass(frozen=True, slots=True)
class ReadyPacket:
    """All that a unit publishes for one packet: the chunks of its page, then the manifest."""

    packet_id: str
    content_hash: str
    sealed_page: bytes
    chunks: tuple[bytes, ...]
    manifest: bytes


def ready_packet(  # noqa: PLR0913
    jpeg: bytes,
    *,
    unit: str,
    signing: Ed25519PrivateKey,
    central: X25519PublicKey,
    number: int,
    boot: int,
    day: str,
    now_ms: int,
    service_item: str = "RS001",
) -> ReadyPacket:
    """Return packet `number` (1 to 8999) of an invented resident, sealed and signed."""
    packet_id = new_id(now_ms, os.urandom(10))
    sealed = envelope.seal_page(jpeg, central, packet_id=packet_id, index=0)
    digest = hashlib.sha256(sealed).hexdigest()
    packet = IntakePacket(
        packet_id=packet_id,
        ticket=f"S{1000 + number % 9000:04}",
        ticket_day=day,
        service_item=service_item,
        resident=Resident(name=f"样本{number}", id_number=f"9{number:017}"),
        pages=(
            Page(
                material="居民身份证",
                digest=digest,
                sealed_bytes=len(sealed),
                plain_digest=hashlib.sha256(jpeg).hexdigest(),
                width=PAGE_WIDTH,
                height=PAGE_HEIGHT,
            ),
        ),
        window=1,
        accepted_at_ms=now_ms,
        simulated=True,
    )
    header = envelope.Header(
        kind=IntakePacket.KIND,
        sender=unit,
        subject=packet_id,
        signing_key=envelope.key_id(signing.public_key()),
        sealing_key=envelope.key_id(central),
        boot=boot,
        seq=number,
        sent_at_ms=now_ms,
    )
    manifest = envelope.seal(header, codec.encode(packet), central, signing)
    chunks = tuple(
        codec.encode_chunk(
            Chunk(
                packet_id=packet_id,
                page=0,
                digest=digest,
                total_bytes=len(sealed),
                index=index,
                data=sealed[index * CHUNK_BYTES_MAX : (index + 1) * CHUNK_BYTES_MAX],
            )
        )
        for index in range(-(-len(sealed) // CHUNK_BYTES_MAX))
    )
    return ReadyPacket(packet_id, envelope.read(manifest).content_hash, sealed, chunks, manifest)

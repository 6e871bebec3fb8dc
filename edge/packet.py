"""Pages and form -> a sealed packet: what leaves this unit's memory, and nothing else of the resident's does.

Comes from a visit that was accepted, goes to `outbox.py`. Every page and the manifest are sealed to central's key; the
manifest is signed by the unit and carries each sealed page's digest. After this, the unit itself can open none of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from broker import codec, envelope
from broker.envelope import Header, key_id
from broker.errors import MessageRefused, Refused
from broker.messages import IntakePacket, Page, Resident
from edge.errors import FormRefused
from edge.keys import UnitKeys
from edge.pages import TakenPage


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What was taken in, still in clear and in memory only."""

    packet_id: str
    ticket: str
    ticket_day: str
    service_item: str
    resident: Resident
    pages: tuple[tuple[str, TakenPage], ...]  # material, page
    form: Mapping[str, str]
    window: int | None
    accepted_at_ms: int
    called_at_ms: int | None
    opened_at_ms: int | None
    accepted_by: str = ""

    def __repr__(self) -> str:
        return f"Papers({self.packet_id!r}, {len(self.pages)} pages)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPacket:
    """What the outbox keeps and the link sends."""

    packet_id: str
    manifest: bytes  # an envelope: sealed to central, signed by the unit
    pages: tuple[tuple[str, bytes], ...]  # SHA-256 of the sealed page, the sealed page
    # What the list on the console shows. It lies on the card in clear, so nothing of the resident stands here.
    ticket: str
    service_item: str
    accepted_at_ms: int
    boot: int
    seq: int

    @property
    def total_bytes(self) -> int:
        return len(self.manifest) + sum(len(page) for _, page in self.pages)


def seal_packet(papers: Papers, *, keys: UnitKeys, unit: str, boot: int, seq: int) -> SealedPacket:
    """Seal what was taken in.

    Raises:
        FormRefused: the form or the pages are not within the bounds of the wire. Nothing is sealed; change it and
            accept again. The text names the rule.
    """
    pages, sealed_pages = [], []
    for index, (material, taken) in enumerate(papers.pages):
        sealed = envelope.seal_page(taken.jpeg, keys.central_sealing, packet_id=papers.packet_id, index=index)
        digest = hashlib.sha256(sealed).hexdigest()
        sealed_pages.append((digest, sealed))
        pages.append(_page(material, taken, digest, len(sealed)))
    try:
        message = IntakePacket(
            packet_id=papers.packet_id,
            ticket=papers.ticket,
            ticket_day=papers.ticket_day,
            service_item=papers.service_item,
            resident=papers.resident,
            pages=tuple(pages),
            form=dict(papers.form),
            window=papers.window,
            accepted_at_ms=papers.accepted_at_ms,
            called_at_ms=papers.called_at_ms,
            opened_at_ms=papers.opened_at_ms,
            accepted_by=papers.accepted_by,
            simulated=any(taken.simulated for _, taken in papers.pages),
        )
        manifest = envelope.seal(
            Header(
                kind=IntakePacket.KIND,
                sender=unit,
                subject=papers.packet_id,
                signing_key=key_id(keys.signing.public_key()),
                sealing_key=key_id(keys.central_sealing),
                boot=boot,
                seq=seq,
                sent_at_ms=papers.accepted_at_ms,
            ),
            codec.encode(message),
            keys.central_sealing,
            keys.signing,
        )
    except Refused as refusal:
        raise FormRefused(str(refusal)) from None
    return SealedPacket(
        packet_id=papers.packet_id,
        manifest=manifest,
        pages=tuple(sealed_pages),
        ticket=papers.ticket,
        service_item=papers.service_item,
        accepted_at_ms=papers.accepted_at_ms,
        boot=boot,
        seq=seq,
    )


def _page(material: str, taken: TakenPage, digest: str, sealed_bytes: int) -> Page:
    try:
        return Page(
            material=material,
            digest=digest,
            sealed_bytes=sealed_bytes,
            plain_digest=hashlib.sha256(taken.jpeg).hexdigest(),
            width=taken.width,
            height=taken.height,
        )
    except MessageRefused as refusal:
        raise FormRefused(str(refusal)) from None

"""A packet becomes a case: opened and checked outside the transaction, entered inside it.

    prepare_packet   envelope -> manifest -> whole pages -> checked pictures -> page files under the resident's key
    enter_packet     one transaction: resident, form, and the case with its promise and its officer

Comes from receiving, one message at a time; what it refuses names the rule, never the value.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from broker import codec, envelope
from broker.envelope import Envelope
from broker.errors import MessageRefused, OneWindowError, PictureRefused, Refused, require
from broker.messages import IntakePacket, Page, Resident
from central.cases.opening import open_case
from central.ledger.facts import PageKept
from central.ledger.work import UnitOfWork
from central.picture import jpeg_size
from central.residents.keys import seal_page
from central.residents.vault import ResidentKey, StoredVault

log = logging.getLogger(__name__)


class PacketAltered(Refused):
    """This packet's id is in the book with other content."""

    code = "packet-altered"
    notice = "中心已有同一编号而内容不同的材料包，这一份没有受理。请立即联系管理员核查该装置。"


class PageRefused(Refused):
    """A page is not the one that its manifest names, or does not open."""

    code = "page-refused"
    notice = "材料包中有一页与清单不符，没有受理。请重新拍摄并提交，并通知管理员。"


class PagesMissing(Exception):
    """Not all pages are here yet: ask for these."""

    def __init__(self, missing: tuple[int, ...]) -> None:
        super().__init__(f"{len(missing)} pages are missing")
        self.missing = missing


class ResidentChanged(OneWindowError, RuntimeError):
    """The resident was erased (or admitted) by somebody else meanwhile. Nothing was entered; the packet comes again."""

    code = "resident-changed"


class Stage(Protocol):
    def take(self, unit: str, digest: str, total_bytes: int) -> bytes | None: ...

    def drop(self, unit: str, digest: str) -> None: ...


class PageStore(Protocol):
    def write(self, sealed: bytes) -> str: ...


@dataclass(frozen=True, slots=True)
class PreparedPacket:
    """A packet whose pages lie, sealed anew, beside their places on the disk."""

    packet: IntakePacket
    key: ResidentKey
    pages: tuple[PageKept, ...]


def read_packet(read: Envelope, central_key: X25519PrivateKey) -> IntakePacket:
    """Open a manifest whose signature was verified.

    Raises:
        SealRefused, MessageRefused: not sealed to us, not a packet, or another packet than its header says.
    """
    require(read.header.kind == IntakePacket.KIND, "a packet's kind is the intake packet's", MessageRefused)
    packet = codec.decode(read.open(central_key), IntakePacket)
    require(packet.packet_id == read.header.subject, "a packet's id is its header's subject", MessageRefused)
    return packet


def prepare_packet(
    packet: IntakePacket, unit: str, *, stage: Stage, key: ResidentKey, store: PageStore, central_key: X25519PrivateKey
) -> PreparedPacket:
    """Check every page and lay it, sealed with the resident's key, beside its place.

    Raises:
        PagesMissing: some did not arrive whole. Nothing was written.
        PageRefused, PictureRefused: a page is not what the manifest says, or no picture that we take.
        OSError: the disk is full.
    """
    opened = [_open(packet, index, unit, stage, central_key) for index in range(len(packet.pages))]
    missing = tuple(index for index, picture in enumerate(opened) if picture is None)
    if missing:
        raise PagesMissing(missing)
    pictures = (picture for picture in opened if picture is not None)
    kept = tuple(_keep(page, picture, key, store) for page, picture in zip(packet.pages, pictures, strict=True))
    return PreparedPacket(packet, key, kept)


def enter_packet(prepared: PreparedPacket, *, now_ms: int, work: UnitOfWork, vault: StoredVault) -> None:
    """Enter a packet that is not in the book yet, as a case. Its page files are settled already.

    Raises:
        ResidentChanged: the resident's key is another by now.
    """
    packet, key = prepared.packet, prepared.key
    if not vault.admit(packet.resident, key):
        raise ResidentChanged("the resident's key changed while the packet was prepared")
    opened = open_case(
        packet,
        resident_id=key.resident_id,
        pages=prepared.pages,
        form_digest=vault.keep_form(packet.packet_id, packet.form, key),
        now_ms=now_ms,
        work=work,
    )
    log.info(
        "packet %s entered as case %s: item %s, %d pages, unit %s",
        packet.packet_id,
        opened.case_number,
        opened.service_item,
        len(opened.pages),
        opened.unit,
    )


def _open(packet: IntakePacket, index: int, unit: str, stage: Stage, central_key: X25519PrivateKey) -> bytes | None:
    """Return a page's picture, or None when it is not here whole and undamaged.

    That it opens in its place and is the picture that the signed manifest names proves more than the digest of the
    sealed page does; that one only tells damage on the way (sent again) from a wrong page (refused).
    """
    page = packet.pages[index]
    travelled = stage.take(unit, page.digest, page.sealed_bytes)
    if travelled is None:
        return None
    try:
        picture = envelope.open_page(travelled, central_key, packet_id=packet.packet_id, index=index)
        require(hashlib.sha256(picture).hexdigest() == page.plain_digest, "not the picture that is named", PageRefused)
    except Refused as error:
        if hashlib.sha256(travelled).hexdigest() != page.digest:
            stage.drop(unit, page.digest)
            return None
        raise PageRefused(f"page {index}: {error}") from None
    return picture


def _keep(page: Page, picture: bytes, key: ResidentKey, store: PageStore) -> PageKept:
    size = jpeg_size(picture)
    if size != (page.width, page.height):
        raise PictureRefused("a picture has the size that its manifest names")
    sealed = seal_page(key.key, picture, page.plain_digest)
    return PageKept(
        material=page.material,
        plain_digest=page.plain_digest,
        stored_digest=store.write(sealed),
        stored_bytes=len(sealed),
        width=size.width,
        height=size.height,
    )


class ResidentKeys:
    """The keys of the residents whose packets are being prepared together: one each, even when they are new."""

    def __init__(self, vault: StoredVault) -> None:
        self._vault = vault
        self._keys: dict[str, ResidentKey] = {}

    def of(self, resident: Resident) -> ResidentKey:
        found = self._vault.key_for(resident)
        return self._keys.setdefault(found.resident_id, found)

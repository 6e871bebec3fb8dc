"""A hall's store and its receiving without a broker: tests hand in bytes as the wire would and read the answers."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection

from broker import codec, envelope
from broker.codec import Message
from broker.ids import new_id
from broker.messages import CHUNK_BYTES_MAX, Chunk, IntakePacket, Page, Receipt, Resident
from broker.topics import Down, Up, read_down
from central.bootstrap import HANDLERS, Store, SystemRng
from central.fleet.roster import Roster
from central.ledger.facts import CatalogueItem, CatalogueLoaded, HallOpened, OfficerPresence, StaffAdded, UnitEnrolled
from central.outgoing import Outbound, Outgoing
from central.receiving import Arrived, Hall, Receiving
from central.refused import RefusedShelf
from central.residents.keys import VaultKeys
from central.residents.pages import PageFiles, PageWriter
from central.residents.vault import StoredVault
from central.staging import ChunkStage
from central.storage.database import Database
from central.storage.migrate import migrate
from central.storage.statements import Runner

HALL = "hall"
DAY = "2026-11-23"
NOW_MS = 1_795_400_000_000  # 2026-11-23, 09:33 in Beijing
RESIDENT = Resident(name="样本甲", id_number="11010519491231002X")


class SetClock:
    """A clock that a test sets."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.ms = now_ms

    def now_ms(self) -> int:
        return self.ms


def jpeg(seed: int = 0, *, width: int = 1654, height: int = 2339, body_bytes: int = 2000) -> bytes:
    """Return bytes with the header of a JPEG of that size; what is between is not a picture, central never looks."""
    frame = bytes((8,)) + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes((1, 1, 0x11, 0))
    scan = bytes((1, 1, 0, 0, 63, 0))
    body = hashlib.shake_128(str(seed).encode()).digest(body_bytes).replace(b"\xff", b"\x00")
    return (
        b"\xff\xd8"
        + b"\xff\xc0"
        + (len(frame) + 2).to_bytes(2, "big")
        + frame
        + b"\xff\xda"
        + (len(scan) + 2).to_bytes(2, "big")
        + scan
        + body
        + b"\xff\xd9"
    )


@dataclass(frozen=True)
class Sent:
    """A packet as its unit publishes it."""

    packet: IntakePacket
    chunks: tuple[bytes, ...]
    manifest: bytes
    pictures: tuple[bytes, ...]


class WireHall:
    """One hall: a database, folders, keys, two units, and the receiving that reads them."""

    def __init__(self, folder: Path, url: str = "sqlite:///ledger.db") -> None:
        self.folder = folder
        self.clock = SetClock()
        # The same in every process, so that one may write what another checks.
        self.sealing = X25519PrivateKey.from_private_bytes(_secret("sealing"))
        self.receipt_key = Ed25519PrivateKey.from_private_bytes(_secret("receipt"))
        self.signing = {
            unit: Ed25519PrivateKey.from_private_bytes(_secret(unit)) for unit in ("hall-w1", "hall-w2", "hall-kiosk")
        }
        self.numbers = itertools.count(1)
        keys = VaultKeys(vault_key=b"v" * 32, lookup_key=b"l" * 32)
        files, rng = PageFiles(folder / "pages"), SystemRng()

        def make_vault(run: Runner, hall: str, now_ms: int) -> StoredVault:
            return StoredVault(run, hall, now_ms, keys=keys, files=files, rng=rng)

        database = Database(url, folder=folder)
        self.store = Store(HALL, database, files, make_vault, self.clock, rng)  # type: ignore[arg-type]
        migrate(database)
        self._enrol()

    def _enrol(self) -> None:
        with self.store.book() as book:
            if book.hall_record() is not None:
                return
            book.append(
                HallOpened(name="测试大厅", groups={"A": "社保医保", "B": "就业"}, windows=(1, 2), pickup_window=6),
                subject=HALL,
                actor="central",
            )
            for unit, key in self.signing.items():
                book.append(
                    UnitEnrolled(
                        unit=unit,
                        role="kiosk" if unit.endswith("kiosk") else "intake",
                        signing_key=key.public_key().public_bytes_raw().hex(),
                        window=int(unit[-1]) if unit[-1].isdigit() else None,
                    ),
                    subject=unit,
                    actor="central",
                )
            items = (
                CatalogueItem(
                    code="RS001",
                    name="社会保障卡申领",
                    department="社会保障科",
                    kind="same_day",
                    promise_working_days=None,
                    materials=("居民身份证",),
                    basis="name=composed | kind=composed | days=n/a | materials=composed",
                ),
            )
            book.append(CatalogueLoaded(digest="0" * 64, items=items), subject="catalogue", actor="central")
            for staff_id in ("officer1", "officer2"):
                added = StaffAdded(staff_id=staff_id, name="经办人", roles=("officer",), desks=("社会保障科",))
                book.append(added, subject=staff_id, actor="central")
                book.append(OfficerPresence(staff_id=staff_id, present=True), subject=staff_id, actor=staff_id)
            book.commit()

    @contextmanager
    def receiving(self, connection: Connection | None = None) -> Iterator[Receiving]:
        with self.store.database.lead(HALL) as leading, closing(PageWriter(self.store.files)) as pages:
            self.pages = pages
            with self.store.look() as book:
                roster = Roster(book.units.all())
            yield Receiving(
                Hall(
                    hall=HALL,
                    clock=self.clock,
                    rng=self.store.rng,
                    sealing_key=self.sealing,
                    roster=roster,
                    stage=ChunkStage(self.folder / "staged"),
                    shelf=RefusedShelf(self.folder / "refused"),
                    pages=pages,
                    outbound=Outbound(self.receipt_key, self.store.rng),
                    make_vault=self.store.make_vault,
                    handlers=HANDLERS,
                ),
                leading,
            )

    def header(self, unit: str, kind: str, subject: str, *, sealed: bool, seq: int | None = None) -> envelope.Header:
        return envelope.Header(
            kind=kind,
            sender=unit,
            subject=subject,
            signing_key=envelope.key_id(self.signing[unit].public_key()),
            sealing_key=envelope.key_id(self.sealing.public_key()) if sealed else "",
            boot=1,
            seq=next(self.numbers) if seq is None else seq,
        )

    def new_id(self) -> str:
        return new_id(NOW_MS, os.urandom(10))

    def event(self, message: Message, unit: str = "hall-w1", *, seq: int | None = None) -> Arrived:
        subject: str = message.event_id  # type: ignore[union-attr]
        header = self.header(unit, message.KIND, subject, sealed=False, seq=seq)
        return Arrived(unit, Up.EVENT, envelope.sign(header, codec.encode(message), self.signing[unit]))

    def packet(
        self,
        *,
        unit: str = "hall-w1",
        packet_id: str | None = None,
        pictures: Sequence[bytes] = (),
        resident: Resident = RESIDENT,
        seq: int | None = None,
        **changes: object,
    ) -> Sent:
        """Return a packet ready to be sent; `changes` are fields of it."""
        packet_id = packet_id or self.new_id()
        pictures = tuple(pictures) or (jpeg(next(self.numbers)),)
        sealed = [
            envelope.seal_page(picture, self.sealing.public_key(), packet_id=packet_id, index=index)
            for index, picture in enumerate(pictures)
        ]
        pages = tuple(
            Page(
                material="居民身份证",
                digest=hashlib.sha256(page).hexdigest(),
                sealed_bytes=len(page),
                plain_digest=hashlib.sha256(picture).hexdigest(),
                width=1654,
                height=2339,
            )
            for page, picture in zip(sealed, pictures, strict=True)
        )
        fields: dict[str, object] = {
            "packet_id": packet_id,
            "ticket": "A6001",
            "ticket_day": DAY,
            "service_item": "RS001",
            "resident": resident,
            "pages": pages,
            "form": {"联系电话": "13800000000"},
            "window": 1,
            "accepted_at_ms": NOW_MS,
        }
        packet = IntakePacket(**{**fields, **changes})  # type: ignore[arg-type]
        header = self.header(unit, packet.KIND, packet.packet_id, sealed=True, seq=seq)
        manifest = envelope.seal(header, codec.encode(packet), self.sealing.public_key(), self.signing[unit])
        chunks = tuple(chunk for index, page in enumerate(sealed) for chunk in chunks_of(packet_id, index, page))
        return Sent(packet, chunks, manifest, tuple(pictures))


def _secret(name: str) -> bytes:
    return hashlib.sha256(f"test key of {name}".encode()).digest()


def chunks_of(packet_id: str, index: int, page: bytes) -> tuple[bytes, ...]:
    digest = hashlib.sha256(page).hexdigest()
    return tuple(
        codec.encode_chunk(
            Chunk(
                packet_id=packet_id,
                page=index,
                digest=digest,
                total_bytes=len(page),
                index=number,
                data=page[number * CHUNK_BYTES_MAX : (number + 1) * CHUNK_BYTES_MAX],
            )
        )
        for number in range(-(-len(page) // CHUNK_BYTES_MAX))
    )


def arrivals(sent: Sent, unit: str = "hall-w1", *, chunks: bool = True) -> list[Arrived]:
    pages = [Arrived(unit, Up.CHUNK, chunk) for chunk in sent.chunks] if chunks else []
    return [*pages, Arrived(unit, Up.PACKET, sent.manifest)]


def receipts(outgoing: Sequence[Outgoing]) -> list[Receipt]:
    """Return the receipts among what central says."""
    return [
        codec.decode(envelope.read(message.payload).body, Receipt)
        for message in outgoing
        if read_down(message.topic).family is Down.RECEIPT
    ]

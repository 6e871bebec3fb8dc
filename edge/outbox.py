"""Hold every sealed packet on the card until central has receipted it.

Comes from packet.py, goes to link.py. Survives a power cut at any line: a packet is in the outbox, or it was never
reported as accepted. The folders are the truth:

    making/<packet>/     being written; thrown away at the next start
    waiting/<packet>/    accepted, no receipt yet:   manifest, 00-<digest>.page, 01-…, about.json
    entered/<packet>/    receipted; kept some days, in case central must be restored from yesterday's backup
    refused/<packet>/    refused by central: a person must look
    damaged/<packet>/    does not hold what its manifest says: set aside, whole
    index.tinydb         the list of all packets; made anew from the folders when it is damaged

A packet moves from folder to folder by one rename. Manifest and pages prove themselves: the manifest by our own
signature, a page by the digest in its name.
"""

from __future__ import annotations

import errno
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from broker import envelope
from broker.errors import Refused
from broker.ids import is_digest, is_id
from broker.messages import Outcome, Receipt
from edge.card import Card
from edge.errors import PacketDamaged
from edge.index import JournalDatabase, open_index
from edge.kept import (
    KeptPacket,
    Place,
    from_row,
    kept_from,
    kept_from_folder,
    to_row,
    with_receipt,
    write_about,
    write_receipt,
)
from edge.packet import SealedPacket

log = logging.getLogger(__name__)

INDEX: Final = "index.tinydb"
_TABLE: Final = "packets"
_MAKING: Final = "making"
_MANIFEST: Final = "manifest"
_PAGE: Final = ".page"
_DAY_MS: Final = 24 * 60 * 60 * 1000


class Outbox:
    """The packets of one unit. Called from one thread."""

    def __init__(self, card: Card, *, own_key: Ed25519PublicKey, keep_receipted_days: int = 14) -> None:
        """Open the outbox and put right what a power cut has left.

        Raises:
            OSError: the card cannot even be read.
        """
        self._card = card
        self._storage = card.storage
        self._own_key = own_key
        self._keep_ms = keep_receipted_days * _DAY_MS
        self._packets: dict[str, KeptPacket] = {}
        self._rows: dict[str, int] = {}  # packet id -> the row's id in the index
        self._waiting: dict[str, KeptPacket] | None = None  # oldest first; None: to be sorted anew
        self._index: JournalDatabase | None = None
        self._changed: dict[str, None] = {}  # packets since `take_changes`
        self.quarantined: list[str] = []
        card.attempt("preparing the outbox", self._prepare)
        self._open_index()
        self._reconcile()
        card.look_after()

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None

    def accept(self, sealed: SealedPacket) -> KeptPacket:
        """Keep a packet. When this returns it is on the card, and only then may anybody say 已受理.

        Raises:
            OutboxFull: no room. Nothing was kept.
            StorageReadOnly, StorageFailed: the card did not take it. Nothing was kept.
        """
        self._card.require_room(sealed.total_bytes)
        kept = kept_from(sealed, envelope.read(sealed.manifest).content_hash)
        try:
            self._write(sealed, kept, f"{_MAKING}/{kept.packet_id}")
        except OSError as error:
            self._take_back(kept)
            raise self._card.trouble(error, "a packet") from error
        # From here it is accepted: the folder is the truth, and the index can be made anew.
        self._remember(kept)
        return kept

    def waiting(self) -> Iterable[KeptPacket]:
        """Return the packets without a receipt, oldest first."""
        return self._in_order().values()

    @property
    def waiting_count(self) -> int:
        return len(self._in_order())

    def packets(self) -> Iterable[KeptPacket]:
        """Return all packets that the outbox knows, in no order."""
        return self._packets.values()

    def find(self, packet_id: str) -> KeptPacket | None:
        return self._packets.get(packet_id)

    def take_changes(self) -> list[str]:
        """Return the packets that came, went or changed since the last call: a list of thousands is not made anew."""
        changed, self._changed = list(self._changed), {}
        return changed

    def manifest(self, packet_id: str) -> bytes:
        """Return a packet's manifest as it travels.

        Raises:
            PacketDamaged: it is not what was accepted. The packet has been set aside.
            StorageFailed: the card did not give it now.
        """
        data = self._read(packet_id, _MANIFEST)
        if self._proven(data, packet_id) is None:
            raise self._set_aside(packet_id, "the manifest does not carry our signature")
        return data

    def page_names(self, packet_id: str) -> list[str]:
        """Return the names of a packet's page files, in page order.

        Raises:
            PacketDamaged: one of them is gone. The packet has been set aside.
            StorageFailed: the card did not say now.
        """
        kept = self._packets[packet_id]
        try:
            names = [name for name in self._storage.names(kept.folder) if name.endswith(_PAGE)]
        except OSError as error:
            raise self._card.trouble(error, "reading a packet") from error
        if [name[:3] for name in names] != [f"{index:02d}-" for index in range(kept.page_count)]:
            raise self._set_aside(packet_id, "a page of it is gone")
        return names

    def page(self, packet_id: str, name: str) -> tuple[str, bytes]:
        """Return a sealed page's digest and bytes; errors as `manifest`."""
        data = self._read(packet_id, name)
        digest = _digest_in(name)
        if hashlib.sha256(data).hexdigest() != digest:
            raise self._set_aside(packet_id, f"page {name[:2]} is not what was sealed")
        return digest, data

    def receipted(self, receipt: Receipt) -> KeptPacket | None:
        """Let a packet go on central's receipt, or park it on its refusal. None: no such packet waits here.

        Never fails: what the card does not take now is known until a restart, and asked again after it.
        """
        kept = self._packets.get(receipt.subject)
        if kept is None or kept.content_hash != receipt.content_hash or receipt.outcome is Outcome.MISSING:
            return None
        place = Place.ENTERED if receipt.outcome is Outcome.ENTERED else Place.REFUSED
        if kept.place is not Place.WAITING:
            return kept if kept.place is place else None
        done = replace(
            kept,
            receipted_at_ms=receipt.at_ms,
            entry=receipt.entry,
            case_number=receipt.case_number,
            due_on=receipt.due_on,
            due_provisional=receipt.due_provisional,
            code=receipt.code,
            notice=receipt.notice,
        )
        # For the list on the console only: without it the packet is still receipted, by its folder's place.
        self._card.attempt("noting a receipt", lambda: write_receipt(self._storage, kept.folder, done))
        return self._move(done, place)

    def dismiss(self, packet_id: str) -> bool:
        """A person has seen to a refused packet: no longer on the list; it stays parked. Return whether it was one."""
        kept = self._packets.get(packet_id)
        if kept is None or kept.place is not Place.REFUSED:
            return False
        self._remember(replace(kept, seen=True))
        return True

    def offer_again(self, head: int) -> int:
        """The ledger's newest entry is `head`: what was entered after it is lost there, and waits again.

        Return how many.
        """
        lost = [kept for kept in self._packets.values() if kept.place is Place.ENTERED and kept.entry > head]
        for kept in lost:
            log.warning("packet %s: entry %d is beyond the ledger's head, offered again", kept.packet_id, kept.entry)
            self._move(replace(kept, entry=0, case_number="", due_on=""), Place.WAITING)
        return len(lost)

    def expire(self, now_ms: int) -> int:
        """Delete what was receipted longer ago than it is kept. Return how many."""
        old = [
            kept
            for kept in self._packets.values()
            if kept.place is Place.ENTERED and kept.receipted_at_ms + self._keep_ms < now_ms
        ]
        return sum(map(self._delete, old))

    # --- opening ------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        for folder in (_MAKING, *Place, "events"):
            self._storage.make_folder(folder)
        self._storage.sync_folder("")
        for half in self._storage.names(_MAKING):
            self._storage.remove(f"{_MAKING}/{half}")

    def _open_index(self) -> None:
        try:
            self._index = open_index(self._storage, INDEX)
        except OSError as error:
            self._card.note(error)
            log.error("the outbox index cannot be opened (%s): working from the folders", error.strerror)
            return
        for document in self._index.rows(_TABLE).all():
            kept = from_row(document)
            if kept is not None:
                self._packets[kept.packet_id] = kept
                self._rows[kept.packet_id] = document.doc_id
        if self._index.file.damaged_lines:
            log.warning("the outbox index has %d damaged lines: made anew", self._index.file.damaged_lines)
            self._card.attempt("writing the index anew", self._index.file.rewrite)

    def _reconcile(self) -> None:
        """Make the index say what the folders say."""
        found = {name: place for place in reversed(Place) for name in self._storage.names(place) if is_id(name)}
        self.quarantined += self._storage.names(Place.DAMAGED)
        for packet_id in [each for each in self._packets if each not in found]:
            self._forget(packet_id)
        for packet_id, place in found.items():
            known = self._packets.get(packet_id)
            if known is None:
                self._take_up(packet_id, place)
            elif known.place is not place:
                self._remember(with_receipt(self._storage, replace(known, place=place)))

    def _take_up(self, packet_id: str, place: Place) -> None:
        """Put a folder that the index does not know into it."""
        if place is Place.DAMAGED:
            return
        folder = f"{place}/{packet_id}"
        try:
            manifest = self._proven(self._storage.read(f"{folder}/{_MANIFEST}"), packet_id)
            pages = [name for name in self._storage.names(folder) if name.endswith(_PAGE)]
            total_bytes = sum(self._storage.size(f"{folder}/{name}") for name in (_MANIFEST, *pages))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EIO):
                log.error("packet %s cannot be read (%s): check the card", packet_id, error.strerror)
                return
            manifest, pages, total_bytes = None, [], 0
        if manifest is None or not pages or not all(is_digest(_digest_in(name)) for name in pages):
            self._quarantine(packet_id, place, "its folder does not hold what it should")
            return
        self._remember(kept_from_folder(self._storage, place, packet_id, manifest, len(pages), total_bytes))

    # --- reading ------------------------------------------------------------------------------------------------

    def _proven(self, manifest: bytes, packet_id: str) -> envelope.Envelope | None:
        """Return the manifest as read, or None when it is not what we once signed for this packet."""
        try:
            read = envelope.read(manifest)
            read.verify(self._own_key)
        except Refused:
            return None
        known = self._packets.get(packet_id)
        if read.header.subject != packet_id or (known is not None and known.content_hash != read.content_hash):
            return None
        return read

    def _read(self, packet_id: str, name: str) -> bytes:
        try:
            return self._storage.read(f"{self._packets[packet_id].folder}/{name}")
        except FileNotFoundError:
            raise self._set_aside(packet_id, "a file of it is gone") from None
        except OSError as error:
            if error.errno == errno.EIO:
                raise self._set_aside(packet_id, "the card cannot read it any more") from error
            raise self._card.trouble(error, "reading a packet") from error

    def set_aside(self, packet_id: str, why: str) -> None:
        """Put a packet out of the way, whole, for a person to look at. The others go on."""
        self._set_aside(packet_id, why)

    def _set_aside(self, packet_id: str, why: str) -> PacketDamaged:
        kept = self._packets[packet_id]
        self._quarantine(packet_id, kept.place, why)
        self._remember(replace(kept, place=Place.DAMAGED))
        return PacketDamaged(f"packet {packet_id}: {why}")

    def _quarantine(self, packet_id: str, place: Place, why: str) -> None:
        log.error("packet %s is set aside in damaged/: %s; a technician must look at it", packet_id, why)
        self.quarantined.append(packet_id)
        self._rename(packet_id, place, Place.DAMAGED)

    # --- writing ------------------------------------------------------------------------------------------------

    def _write(self, sealed: SealedPacket, kept: KeptPacket, making: str) -> None:
        assert kept.packet_id not in self._packets, "a packet is accepted once"
        for left_over in (making, kept.folder):  # of a try that failed and could not be taken back
            self._storage.remove(left_over)
        self._storage.make_folder(making)
        for index, (digest, page) in enumerate(sealed.pages):
            self._storage.write(f"{making}/{index:02d}-{digest}{_PAGE}", page)
        write_about(self._storage, making, kept)
        self._storage.write(f"{making}/{_MANIFEST}", sealed.manifest)
        self._storage.sync_folder(making)
        self._storage.rename(making, kept.folder)
        self._storage.sync_folder(Place.WAITING)

    def _take_back(self, kept: KeptPacket) -> None:
        """A packet was not accepted: leave nothing that could be sent."""
        making = f"{_MAKING}/{kept.packet_id}"
        try:
            if self._storage.exists(kept.folder):
                self._storage.rename(kept.folder, making)  # at once, where removing could stop half-way
            self._storage.remove(making)
        except OSError as error:
            log.error("packet %s could not be taken back (%s): check the card", kept.packet_id, error.strerror)

    def _move(self, kept: KeptPacket, place: Place) -> KeptPacket:
        self._rename(kept.packet_id, kept.place, place)
        moved = replace(kept, place=place)
        self._remember(moved)
        return moved

    def _rename(self, packet_id: str, old: Place, new: Place) -> None:
        def rename() -> None:
            self._storage.rename(f"{old}/{packet_id}", f"{new}/{packet_id}")
            self._storage.sync_folder(new)
            self._storage.sync_folder(old)

        self._card.attempt(f"moving packet {packet_id} to {new}/", rename)

    def _delete(self, kept: KeptPacket) -> bool:
        deleted = self._card.attempt(f"deleting packet {kept.packet_id}", lambda: self._storage.remove(kept.folder))
        if deleted:
            self._forget(kept.packet_id)
        return deleted

    def _remember(self, kept: KeptPacket) -> None:
        """Take a packet's state into memory, and into the index if the card takes it."""
        self._changed[kept.packet_id] = None
        self._packets[kept.packet_id] = kept
        self._sort_in(kept)
        if self._index is None:
            return
        rows, row_id = self._index.rows(_TABLE), self._rows.get(kept.packet_id)

        def keep() -> None:
            if row_id is None:
                self._rows[kept.packet_id] = rows.insert(to_row(kept))
            else:
                rows.update(to_row(kept), doc_ids=[row_id])

        self._card.attempt("indexing a packet", keep)

    def _forget(self, packet_id: str) -> None:
        self._changed[packet_id] = None
        self._packets.pop(packet_id, None)
        if self._waiting is not None:
            self._waiting.pop(packet_id, None)
        row_id, index = self._rows.pop(packet_id, None), self._index
        if index is not None and row_id is not None:
            self._card.attempt("forgetting a packet", lambda: index.rows(_TABLE).remove(doc_ids=[row_id]))

    def _in_order(self) -> dict[str, KeptPacket]:
        if self._waiting is None:
            waiting = [kept for kept in self._packets.values() if kept.place is Place.WAITING]
            self._waiting = {kept.packet_id: kept for kept in sorted(waiting, key=lambda kept: kept.order)}
        return self._waiting

    def _sort_in(self, kept: KeptPacket) -> None:
        if self._waiting is None:
            return
        if kept.place is not Place.WAITING:
            self._waiting.pop(kept.packet_id, None)
        elif not self._waiting or next(reversed(self._waiting.values())).order < kept.order:
            self._waiting[kept.packet_id] = kept  # as nearly always: the newest
        else:
            self._waiting = None


def _digest_in(name: str) -> str:
    return name[3 : -len(_PAGE)]

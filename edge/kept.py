"""A packet as the outbox knows it, and how that is written down: a row of the index, a note in the packet's folder.

Nothing here is the resident's: it lies on the card in clear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import msgspec

from broker.envelope import Envelope
from edge.packet import SealedPacket
from edge.ports import Storage

_ABOUT: Final = "about.json"
_RECEIPT: Final = "receipt.json"


class Place(StrEnum):
    """Where a packet is. The folder's name."""

    WAITING = "waiting"
    ENTERED = "entered"
    REFUSED = "refused"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPacket:
    packet_id: str
    place: Place
    boot: int
    seq: int
    ticket: str
    service_item: str
    page_count: int
    total_bytes: int
    content_hash: str  # of the manifest: what the receipt must confirm
    accepted_at_ms: int
    receipted_at_ms: int = 0  # central's time
    entry: int = 0
    case_number: str = ""
    due_on: str = ""
    due_provisional: bool = False
    code: str = ""  # of a refusal
    notice: str = ""
    seen: bool = False  # a person has seen to the refusal

    @property
    def order(self) -> tuple[int, int, str]:
        """Oldest first: by boot and sequence, never by wall time."""
        return (self.boot, self.seq, self.packet_id)

    @property
    def folder(self) -> str:
        return f"{self.place}/{self.packet_id}"


def kept_from(sealed: SealedPacket, content_hash: str) -> KeptPacket:
    return KeptPacket(
        packet_id=sealed.packet_id,
        place=Place.WAITING,
        boot=sealed.boot,
        seq=sealed.seq,
        ticket=sealed.ticket,
        service_item=sealed.service_item,
        page_count=len(sealed.pages),
        total_bytes=sealed.total_bytes,
        content_hash=content_hash,
        accepted_at_ms=sealed.accepted_at_ms,
    )


def kept_from_folder(
    storage: Storage, place: Place, packet_id: str, manifest: Envelope, page_count: int, total_bytes: int
) -> KeptPacket:
    """Return what a folder itself says of its packet: all but ticket, item and the number of its pages stands in
    the signed manifest."""
    about = read_json(storage, f"{place}/{packet_id}/{_ABOUT}")
    return with_receipt(
        storage,
        KeptPacket(
            packet_id=packet_id,
            place=place,
            boot=manifest.header.boot,
            seq=manifest.header.seq,
            ticket=str(about.get("ticket", "")),
            service_item=str(about.get("service_item", "")),
            page_count=pages if isinstance(pages := about.get("pages"), int) else page_count,
            total_bytes=total_bytes,
            content_hash=manifest.content_hash,
            accepted_at_ms=manifest.header.sent_at_ms,
        ),
    )


def with_receipt(storage: Storage, kept: KeptPacket) -> KeptPacket:
    """Return a packet with what its receipt said, as far as it was noted in its folder."""
    if kept.place not in (Place.ENTERED, Place.REFUSED):
        return kept
    noted = from_row(read_json(storage, f"{kept.folder}/{_RECEIPT}"))
    if noted is not None and noted.packet_id == kept.packet_id:
        return replace(noted, place=kept.place)
    return replace(kept, receipted_at_ms=kept.receipted_at_ms or kept.accepted_at_ms)


def write_about(storage: Storage, folder: str, kept: KeptPacket) -> None:
    about = {"ticket": kept.ticket, "service_item": kept.service_item, "pages": kept.page_count}
    storage.write(f"{folder}/{_ABOUT}", msgspec.json.encode(about))


def write_receipt(storage: Storage, folder: str, kept: KeptPacket) -> None:
    storage.write(f"{folder}/{_RECEIPT}", msgspec.json.encode(to_row(kept)))


def to_row(kept: KeptPacket) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(kept)
    return row


def from_row(row: dict[str, Any]) -> KeptPacket | None:
    """Return the packet of a row, or None when the row is not one of this program's."""
    try:
        return msgspec.convert(dict(row), KeptPacket)
    except msgspec.ValidationError:
        return None


def read_json(storage: Storage, path: str) -> dict[str, Any]:
    """Return what a note holds, or nothing when it is gone or damaged."""
    try:
        return msgspec.json.decode(storage.read(path), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}

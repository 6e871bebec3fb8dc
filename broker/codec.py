"""Messages to bytes and back: JSON for all, and a raw tail for the chunk, whose data is no text.

Measured before parsed, parsed inside one `except`, then built by the dataclass that knows its bounds. Unknown fields
are passed over (a newer sender), a missing field with a default takes it (an older one). Golden bytes of every kind
stand in tests/contract/wire/ and are accepted for ever.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from broker import events, messages
from broker.envelope import PAYLOAD_BYTES_MAX
from broker.errors import MessageRefused, require
from broker.messages import MANIFEST_BYTES_MAX, Chunk

Message = (
    messages.IntakePacket
    | messages.Receipt
    | messages.Call
    | messages.QueueStatus
    | messages.PickupList
    | messages.TicketKeys
    | messages.ResendAsked
    | messages.PacketDoubted
    | messages.UnitState
    | events.Event
)

KINDS: Final[dict[str, type[Message]]] = {
    kind.KIND: kind
    for kind in (
        messages.IntakePacket,
        messages.Receipt,
        messages.Call,
        messages.QueueStatus,
        messages.PickupList,
        messages.TicketKeys,
        messages.ResendAsked,
        messages.PacketDoubted,
        messages.UnitState,
        events.TicketIssued,
        events.NextRequested,
        events.RecallRequested,
        events.TicketPassed,
        events.TicketPresented,
        events.VisitEnded,
        events.CallShown,
        events.PickupAsked,
        events.HandedOver,
    )
}

_CHUNK: Final = struct.Struct(">3sBH")
_CHUNK_MAGIC: Final = b"OWC"
_CHUNK_VERSION: Final = 1
_CHUNK_HEADER_BYTES_MAX: Final = 512

M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    """Return a message's body. A message that was built is within its bounds."""
    return msgspec.json.encode(message)


def decode(data: bytes, kind: type[M]) -> M:
    """Return the message of this kind that these bytes hold.

    Raises:
        MessageRefused: too long, not JSON of this shape, or out of bounds. The text names the rule, never the value.
    """
    require(len(data) <= MANIFEST_BYTES_MAX, f"a message's body has at most {MANIFEST_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, MessageRefused):
            raise error.__cause__ from None
        # msgspec's own text can quote the value; only where it went wrong is ours to say.
        _, _, where = str(error).rpartition(" - at ")
        raise MessageRefused(f"{kind.KIND} has a field of the wrong shape at {_path(where)}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise MessageRefused(f"{kind.KIND} is not the JSON that it should be") from None


def decode_kind(data: bytes, kind: str) -> Message:
    """Return the message that these bytes hold, whose kind its envelope's header named.

    Raises:
        MessageRefused: as `decode`, or a kind that we do not know.
    """
    require(kind in KINDS, "a kind of message that we do not know")
    return decode(data, KINDS[kind])


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChunkHeader:
    packet_id: str
    page: int
    digest: str
    total_bytes: int
    index: int


def encode_chunk(chunk: Chunk) -> bytes:
    header = msgspec.json.encode(
        _ChunkHeader(
            packet_id=chunk.packet_id,
            page=chunk.page,
            digest=chunk.digest,
            total_bytes=chunk.total_bytes,
            index=chunk.index,
        )
    )
    return _CHUNK.pack(_CHUNK_MAGIC, _CHUNK_VERSION, len(header)) + header + chunk.data


def decode_chunk(payload: bytes) -> Chunk:
    """Return the chunk that these bytes hold.

    Raises:
        MessageRefused: too long, no chunk, or out of bounds.
    """
    require(len(payload) <= PAYLOAD_BYTES_MAX, f"a chunk has at most {PAYLOAD_BYTES_MAX} bytes")
    require(len(payload) >= _CHUNK.size, "a chunk is cut short")
    magic, version, header_bytes = _CHUNK.unpack_from(payload)
    require(magic == _CHUNK_MAGIC and version == _CHUNK_VERSION, "not a chunk of version 1")
    require(header_bytes <= _CHUNK_HEADER_BYTES_MAX, f"a chunk's header has at most {_CHUNK_HEADER_BYTES_MAX} bytes")
    start = _CHUNK.size + header_bytes
    require(start <= len(payload), "a chunk is cut short")
    try:
        header = msgspec.json.decode(payload[_CHUNK.size : start], type=_ChunkHeader)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise MessageRefused("a chunk's header is not the JSON that it should be") from None
    return Chunk(
        packet_id=header.packet_id,
        page=header.page,
        digest=header.digest,
        total_bytes=header.total_bytes,
        index=header.index,
        data=payload[start:],
    )


def _path(where: str) -> str:
    path = where.strip("`")
    # A path names fields of ours or "[...]" for a key of the sender's; anything else stays unsaid.
    return path if path.replace(".", "").replace("$", "").replace("_", "").replace("[...]", "").isalnum() else "its top"

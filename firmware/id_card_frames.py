"""The ID card reader's frames and the text of a card: bytes to meaning and back. DOMAIN.md 1; pure.

Used by `id_card_protocol.py` (the program's end of the wire) and by the simulated reader (the device's end). A frame is
AA AA AA 96 69, a length of two bytes that counts all after itself, the body, and the XOR of all from the length on.
The photo and the fingerprints are skipped by length and never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Final

from broker.errors import Refused
from firmware.ports import CardUnreadable

PREAMBLE: Final = bytes.fromhex("AAAAAA9669")
BODY_BYTES_MAX: Final = 4096  # the longest true reply, with two fingerprints, has 2316
TEXT_BYTES: Final = 256
PHOTO_BYTES: Final = 1024

OK: Final = 0x90
FOUND: Final = 0x9F
NOT_FOUND: Final = 0x80  # the only status of a find that means an empty reader
NO_SUCH_CONTENT: Final = 0x91
STATUS_WORDS: Final = {
    0x90: "ok", 0x9F: "card found", 0x91: "no such content", 0x01: "port", 0x02: "timeout", 0x03: "transfer",
    0x05: "module port", 0x09: "file", 0x10: "checksum", 0x11: "length", 0x21: "command", 0x23: "privilege",
    0x24: "unknown", 0x31: "mutual authentication", 0x32: "mutual authentication", 0x33: "verify", 0x37: "fingerprint",
    0x3F: "length", 0x40: "card type", 0x41: "read", 0x47: "random", 0x60: "self-test", 0x66: "unauthorised",
    0x80: "no card found", 0x81: "select",
}  # fmt: skip


class FrameRefused(Refused):
    """What the reader sent is no frame: wrong checksum, or longer than any true one. It is skipped."""

    code = "card-frame-refused"
    notice = "身份证阅读器传来的数据有误，请重新放卡。"


class CardKindUnknown(CardUnreadable):
    """A card that reads well but is of a kind whose layout is not confirmed, for example the foreign card of 2023."""

    code = "card-kind-unknown"
    notice = "这种证件暂不能自动读取，请手工录入。"


@dataclass(frozen=True, slots=True)
class Command:
    """What the program asks of the reader."""

    command: int
    parameter: int


STATUS: Final = Command(0x11, 0xFF)
RESET: Final = Command(0x10, 0xFF)
MODULE_ID: Final = Command(0x12, 0xFF)
FIND: Final = Command(0x20, 0x01)
SELECT: Final = Command(0x20, 0x02)
READ: Final = Command(0x30, 0x01)
READ_WITH_FINGERPRINT: Final = Command(0x30, 0x10)
READ_NEWEST_ADDRESS: Final = Command(0x30, 0x03)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the reader answers. `data` is a resident's: never logged."""

    status: int  # SW3
    data: bytes = b""

    @property
    def status_words(self) -> str:
        return STATUS_WORDS.get(self.status, f"status {self.status:02X}")

    def __repr__(self) -> str:
        return f"Reply({self.status_words}, {len(self.data)} bytes)"


def build_frame(body: bytes) -> bytes:
    """Return the frame of a body (without its checksum)."""
    counted = (len(body) + 1).to_bytes(2) + body
    return PREAMBLE + counted + bytes([reduce(xor, counted)])


def build_command(command: Command) -> bytes:
    return build_frame(bytes([command.command, command.parameter]))


def build_reply(reply: Reply) -> bytes:
    return build_frame(bytes([0, 0, reply.status]) + reply.data)


class FrameStream:
    """Cuts a stream of bytes into bodies. Noise before a preamble is skipped; nothing is kept beyond one frame."""

    def __init__(self, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        self._body_bytes_max = body_bytes_max
        self._held = bytearray()

    def feed(self, data: bytes) -> None:
        self._held += data

    def reset(self) -> None:
        self._held.clear()

    def next_body(self) -> bytes | None:
        """Return the next whole body, its checksum proved and taken off; None until one is whole.

        Raises:
            FrameRefused: a frame breaks a rule. It is skipped: what follows it can be read.
        """
        start = self._held.find(PREAMBLE)
        if start < 0:
            del self._held[: max(0, len(self._held) - len(PREAMBLE) + 1)]  # a preamble may have begun at the end
            return None
        del self._held[:start]
        if len(self._held) < len(PREAMBLE) + 2:
            return None
        length = int.from_bytes(self._held[5:7])
        if not 2 <= length <= self._body_bytes_max:
            del self._held[: len(PREAMBLE)]
            raise FrameRefused(f"a card frame has 2 to {self._body_bytes_max} bytes after its length")
        if len(self._held) < 7 + length:
            return None
        counted, checksum = bytes(self._held[5 : 6 + length]), self._held[6 + length]
        if reduce(xor, counted) != checksum:
            # Only the preamble goes: if the length was what was spoiled, the next frame stands inside this one.
            del self._held[: len(PREAMBLE)]
            raise FrameRefused("a card frame's checksum is the XOR of its bytes")
        del self._held[: 7 + length]
        return counted[2:]


def parse_reply(body: bytes) -> Reply:
    """Read a reader's body.

    Raises:
        FrameRefused: shorter than a status.
    """
    if len(body) < 3:
        raise FrameRefused("a reader's reply has a status of three bytes")
    return Reply(body[2], body[3:])


def parse_command(body: bytes) -> Command | None:
    """Read a program's body, as the reader does; None when it is none."""
    return Command(body[0], body[1]) if len(body) == 2 else None


def card_data(text: bytes) -> bytes:
    """Return the data of a successful read as the reader sends it: lengths, the text, a photo of zeros."""
    assert len(text) == TEXT_BYTES
    return TEXT_BYTES.to_bytes(2) + PHOTO_BYTES.to_bytes(2) + text + bytes(PHOTO_BYTES)


def text_of_card_data(data: bytes) -> bytes:
    """Return the 256 bytes of text in the data of a read, with fingerprints or without.

    Raises:
        FrameRefused: the lengths inside do not add up to the data.
    """
    for lengths in (2, 3):  # text and photo; with fingerprints a third
        head = 2 * lengths
        if len(data) < head:
            break
        parts = [int.from_bytes(data[at : at + 2]) for at in range(0, head, 2)]
        if parts[0] == TEXT_BYTES and head + sum(parts) == len(data):
            return data[head : head + TEXT_BYTES]
    raise FrameRefused("a card's parts add up to what was sent, the text has 256 bytes")

"""Drop-in for drivers/id_card_reader.py: a reader that speaks the true frames over a pipe of bytes. Never a fallback.

Cards come in by `lay` and `lift`. The program's end runs the same conversation as over a serial line; this file is the
device's end, with a real reader's habit: after a reading the card must leave before it is found again.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Final

import numpy as np

from firmware.id_card_frames import (
    BODY_BYTES_MAX,
    FIND,
    FOUND,
    MODULE_ID,
    NO_SUCH_CONTENT,
    NOT_FOUND,
    OK,
    PREAMBLE,
    READ,
    READ_NEWEST_ADDRESS,
    RESET,
    SELECT,
    STATUS,
    Command,
    FrameStream,
    Reply,
    build_reply,
    card_data,
    parse_command,
)
from firmware.id_card_protocol import IdCardConversation
from firmware.id_card_text import build_card_text
from firmware.ports import CardReaderFailed, IdCard
from firmware.simulators.faults import FaultSwitches

FAULTS: Final[Mapping[str, str]] = {
    "unplugged": "阅读器拔掉了",
    "silent": "阅读器没有应答",
    "half": "应答只传来一半",
    "garbage": "传来乱码",
    "wrong_checksum": "校验和不对",
    "overlong": "长度字段过大",
    "unreadable": "卡片读不出（状态41）",
    "not_selected": "选卡失败（状态81）",
    "unknown_kind": "不认识的证件种类",
    "self_test": "阅读器自检不通过（状态60）",
}
_NOT_SELECTED, _NOT_READ, _UNKNOWN_COMMAND, _SELF_TEST = 0x81, 0x41, 0x24, 0x60


class SimulatedIdCardReader:
    """身份证阅读器 with a card on it, or none."""

    simulated = True

    def __init__(self) -> None:
        self.faults = FaultSwitches("id_card_reader", FAULTS)
        self._device = ReaderDevice(self.faults)
        self._conversation = IdCardConversation(self._device)

    def check(self) -> None:
        self._conversation.check()

    def read(self, timeout_seconds: float = 0.5) -> IdCard | None:
        return self._conversation.read(timeout_seconds)

    # What the console and the tests do.

    def lay(self, card: IdCard) -> None:
        """Lay a card on the reader, in place of one that lies there."""
        self._device.lay(card)

    def lift(self) -> None:
        """Take the card away."""
        self._device.lift()

    def close(self) -> None:
        self._device.close()

    def __enter__(self) -> SimulatedIdCardReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ReaderDevice:
    """The device's end of the line: a `ByteStream` that answers what is written to it."""

    def __init__(self, faults: FaultSwitches) -> None:
        self._faults = faults
        self._changed = threading.Condition()
        self._commands = FrameStream(body_bytes_max=64)
        self._replies = bytearray()
        self._card: IdCard | None = None
        self._selected = False
        self._read = False  # the card that lies there was read: it is not found again until it was lifted
        self._rng = np.random.default_rng(1)
        self._closed = False

    def lay(self, card: IdCard) -> None:
        with self._changed:
            self._card, self._selected, self._read = card, False, False
            self._changed.notify_all()

    def lift(self) -> None:
        with self._changed:
            self._card, self._selected, self._read = None, False, False
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def write(self, data: bytes) -> None:
        with self._changed:
            self._must_be_there()
            self._commands.feed(data)
            while (body := self._commands.next_body()) is not None:
                reply = self._answer(parse_command(body))
                self._replies += self._as_sent(build_reply(reply))
            self._changed.notify_all()

    def read(self, bytes_max: int, timeout_seconds: float) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._replies or self._closed, timeout=timeout_seconds)
            self._must_be_there()
            data = bytes(self._replies[:bytes_max])
            del self._replies[:bytes_max]
            return data

    def _must_be_there(self) -> None:
        if self._closed or self._faults.on("unplugged"):
            raise CardReaderFailed("the ID card reader is unplugged (simulated)")

    def _answer(self, command: Command | None) -> Reply:
        if self._faults.on("self_test"):
            return Reply(_SELF_TEST)
        if command == FIND:
            return Reply(FOUND, bytes(4)) if self._card is not None and not self._read else Reply(NOT_FOUND)
        if command == SELECT:
            self._selected = self._card is not None and not self._faults.on("not_selected")
            # The eight bytes may be non-zero on real readers: whoever compares the whole reply fails here.
            return Reply(OK, b"\x00\x00\x00\x00\x08\x00\x00\x01") if self._selected else Reply(_NOT_SELECTED)
        if command == READ:
            return self._answer_read()
        if command == READ_NEWEST_ADDRESS:
            return Reply(NO_SUCH_CONTENT)
        if command in (STATUS, RESET):
            return Reply(OK)
        if command == MODULE_ID:
            return Reply(OK, b"SIMULATED-READER")
        return Reply(_UNKNOWN_COMMAND)

    def _answer_read(self) -> Reply:
        if self._card is None or not self._selected or self._faults.on("unreadable"):
            return Reply(_NOT_READ)
        self._read = True
        text = bytearray(build_card_text(self._card))
        if self._faults.on("unknown_kind"):
            text[248:250] = "Z".encode("utf-16-le")
        return Reply(OK, card_data(bytes(text)))

    def _as_sent(self, frame: bytes) -> bytes:
        """Return what comes over the wire, spoiled by the fault that is switched on."""
        if self._faults.on("silent"):
            return b""
        if self._faults.on("half"):
            return frame[: len(frame) // 2]
        if self._faults.on("garbage"):
            return self._rng.bytes(len(frame))
        if self._faults.on("wrong_checksum"):
            return frame[:-1] + bytes([frame[-1] ^ 0xFF])
        if self._faults.on("overlong"):
            return PREAMBLE + (BODY_BYTES_MAX + 1).to_bytes(2) + frame[7:]
        return frame

"""身份证阅读器 on a serial line (or USB-serial), 115200 8N1, by pyserial; the conversation is `id_card_protocol.py`'s.

A reader that was unplugged is opened anew when it is back, and what lies on it then counts as newly laid. A call costs
at most 3 s beyond its timeout, with a reader that hangs in the middle of a card too.
"""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Annotated

import msgspec

from firmware.drivers.device_nodes import cause_of
from firmware.drivers.serial_line import SerialLine
from firmware.id_card_protocol import IdCardConversation
from firmware.ports import CardReaderFailed, IdCard


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands beside `kind = "serial"` in `[devices.id_card_reader]`."""

    port: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]  # best under /dev/serial/by-id/
    baud: Annotated[int, msgspec.Meta(ge=1200, le=921_600)] = 115_200  # DOMAIN.md 1


class CardReaderMissing(CardReaderFailed):
    code = "card-reader-missing"
    notice = "找不到身份证阅读器，请检查是否插好；也可以手工录入。"


class CardReaderTaken(CardReaderFailed):
    code = "card-reader-taken"
    notice = "身份证阅读器被另一个程序占用，请关闭那个程序后重试；也可以手工录入。"


class CardReaderForbidden(CardReaderFailed):
    code = "card-reader-forbidden"
    notice = "没有使用身份证阅读器的权限，请技术员安装 udev 规则；也可以手工录入。"


class SerialIdCardReader:
    """身份证阅读器."""

    simulated = False

    def __init__(self, settings: Settings) -> None:
        self._line = SerialLine(settings.port, settings.baud)
        self._conversation = IdCardConversation(self._line)
        self._closed = False

    def check(self) -> None:
        self._open()
        self._conversation.check()

    def read(self, timeout_seconds: float = 0.5) -> IdCard | None:
        self._open()
        return self._conversation.read(timeout_seconds)

    def close(self) -> None:
        self._closed = True
        self._line.close()

    def __enter__(self) -> SerialIdCardReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open_if_there(self) -> None:
        """Open at once where it can be; if not, the first call says so."""
        with suppress(CardReaderFailed):
            self._open()

    def _open(self) -> None:
        if self._closed:
            raise CardReaderMissing("the ID card reader was closed")
        try:
            opened = self._line.open()
        except OSError as error:
            raise _refusal(error) from error
        if opened:
            # It was away: which card lies there, and whether it was lifted meanwhile, nobody knows.
            self._conversation = IdCardConversation(self._line)


def open_device(settings: Settings) -> SerialIdCardReader:
    """Return the reader, also when it is not plugged in at the moment."""
    reader = SerialIdCardReader(settings)
    reader.open_if_there()
    return reader


def _refusal(error: OSError) -> CardReaderFailed:
    match cause_of(error):
        case "taken":
            return CardReaderTaken("another program holds the ID card reader's line")
        case "forbidden":
            return CardReaderForbidden("this user may not open the ID card reader's line")
        case _:
            return CardReaderMissing("the ID card reader is not plugged in")

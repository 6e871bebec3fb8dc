"""What the house needs of its devices: the promises that drivers and simulators keep alike.

`bench.py` opens what a unit's settings name; everybody above sees only these ports. A device that is missing, unplugged
or silent raises a `DeviceError` within the stated time and may be called again: the port stays, the device comes back.
Every device says whether it is `simulated`; a simulator is chosen in the settings and never fallen back to.

All devices are context managers; `close()` may be called twice. Methods are called from one thread per device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from broker.errors import OneWindowError

Pixels = npt.NDArray[np.uint8]
"""A picture: height × width × 3, BGR, as OpenCV has it."""


class DeviceError(OneWindowError, OSError):
    """A device does not do what it should. It stays open; call again."""

    code = "device-failed"
    notice = "设备出现故障，请检查接线和电源后重试。"


class DeviceMissing(DeviceError):
    """The device that the settings name is not there, or was unplugged."""

    code = "device-missing"
    notice = "找不到设备，请检查是否插好。"


class CameraNotReady(DeviceError, TimeoutError):
    """The document camera gave no frame in time."""

    code = "camera-not-ready"
    notice = "高拍仪没有响应，请检查电源和连接线后重试。"


class CameraMissing(DeviceMissing, CameraNotReady):
    """The document camera was unplugged, or never there: whoever copes with no frame copes with this."""

    code = "camera-missing"
    notice = "找不到高拍仪，请检查是否插好。"


class ScannerMissing(DeviceMissing):
    code = "scanner-missing"
    notice = "扫描枪没有连接，请插好后重试；也可以把号票放在高拍仪下识别。"


class CardReaderFailed(DeviceError):
    code = "card-reader-failed"
    notice = "身份证阅读器没有响应，请检查连接；也可以手工录入。"


class CardUnreadable(DeviceError):
    code = "card-unreadable"
    notice = "没有读出身份证，请拿起卡片，重新平放在读卡区。"


class PrinterFailed(DeviceError):
    code = "printer-failed"
    notice = "打印机没有响应，请检查电源和连接线。"


class PaperOut(PrinterFailed):
    code = "paper-out"
    notice = "打印机缺纸，请装入新纸卷后按“重打”。"


class CoverOpen(PrinterFailed):
    code = "cover-open"
    notice = "打印机盖没有合上，请合上后按“重打”。"


class DisplayFailed(DeviceError):
    code = "display-failed"
    notice = "叫号屏没有响应，请检查接线；叫号以大厅屏和语音为准。"


class SpeakerFailed(DeviceError):
    code = "speaker-failed"
    notice = "语音没有播出，请检查音箱；叫号以屏幕为准。"


class BoardTrouble(DeviceError):
    """Something is wrong with the unit's own board, or it does not tell. `board_trouble` makes one of a finding."""

    code = "board-unreadable"
    notice = "读不到装置自身的状态，请重启装置；仍不行请联系技术员。"


class BoardWarning(BoardTrouble):
    """Not yet wrong: someone should look this week. No lamp for the clerk."""

    code = "board-warning"


class Device(Protocol):
    """What all devices have."""

    @property
    def simulated(self) -> bool: ...

    def check(self) -> None:
        """Return if the device is there and answers; costs at most 1 s.

        Raises:
            DeviceError: it is not; the subclass says which device and its notice what to do.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Scan:
    """One reading of a scanner gun or of the camera used as one. Never logged: it may hold a sealed identity."""

    text: str  # at most 512 characters, as the code holds it; not yet trusted
    symbology: str  # "qr", "code128" …; "" when the device does not say
    monotonic_ms: int  # when its last character came

    def __repr__(self) -> str:
        return f"Scan({self.symbology!r}, {len(self.text)} characters)"


class Scanner(Device, Protocol):
    """扫描枪."""

    def read(self, timeout_seconds: float = 0.5) -> Scan | None:
        """Return the next whole scan, or None when none came in time.

        Half a scan is dropped after 100 ms of silence (DOMAIN.md 9), with whatever of it comes within 1 s after; a scan
        of over 512 characters is cut off and dropped whole.

        Raises:
            ScannerUnended: two scans in a row had no end. Call again: the first whole one is returned. `check` too.
            ScannerMissing: unplugged or never there. Call again: it is opened anew when it is back.
        """
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture as the camera saw it: the desk with whatever lies on it."""

    pixels: Pixels  # BGR; longest side at least 2480 px for `photograph`, at most 1280 px for `preview`
    monotonic_ms: int
    simulated: bool = False


class DocumentCamera(Device, Protocol):
    """高拍仪: looks straight down at a desk on which one sheet of at most A4 lies."""

    def photograph(self, timeout_seconds: float = 3.0) -> Frame:
        """Return one full frame. 2480 px over 297 mm is 212 dpi; 200 is the floor at which 小五 print is read.

        Raises:
            CameraNotReady: no frame within the timeout. The camera stays open; call again.
        """
        ...

    def preview(self, timeout_seconds: float = 1.0) -> Frame:
        """Return a small frame for the console's live picture and for watching the desk: 640 to 1280 px wide.

        Raises:
            CameraNotReady: no frame within the timeout. The camera stays open; call again.
        """
        ...


class CallDisplay(Device, Protocol):
    """窗口屏: an LED matrix of 8×32 or a multi-digit display above the window."""

    def show(self, text: str, *, blink: bool = False) -> None:
        """Show up to 16 characters of ASCII; what does not fit scrolls. An empty text clears.

        A simulated display marks every picture with 演示.

        Raises:
            DisplayFailed: nothing is promised about what is shown.
        """
        ...


class Button(StrEnum):
    NEXT = "next"  # 下一位
    RECALL = "recall"  # 重呼
    PASS = "pass"  # 过号  # noqa: S105
    WHISTLE = "whistle"  # 吹哨
    PHOTOGRAPH = "photograph"  # 拍照


class Lamp(StrEnum):
    READY = "ready"
    WAITING = "waiting"  # papers wait for central
    FAULT = "fault"
    WHISTLE = "whistle"  # an officer is coming


LampState = Literal["off", "on", "blink"]


class Panel(Device, Protocol):
    """The clerk's buttons and lamps."""

    def on_press(self, callback: Callable[[Button], None]) -> None:
        """Call back once for each press, debounced (50 ms), from a thread of the device's. One callback at a time."""
        ...

    def set_lamp(self, lamp: Lamp, state: LampState) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Something to be said. `pinyin` is for the voice `cmn-latn-pinyin`, digits already apart (broker.wording)."""

    pinyin: str
    chime: bool = True
    repeat: int = 2  # times in all, 1 to 3
    volume_percent: int = 100  # 0 to 100


class Speaker(Device, Protocol):
    """Voice and chime."""

    def say(self, speech: Speech) -> None:
        """Say it all and return when it has been said.

        Raises:
            SpeakerFailed: it was not, or not wholly, heard.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IdCard:
    """What stands on a card. The photo is not read: it needs a closed decoder (DOMAIN.md 1)."""

    name: str
    id_number: str
    kind: Literal["citizen", "residence", "foreign"]
    sex: Literal["", "male", "female"] = ""
    ethnic: str = ""  # two digits of GB/T 3304
    birth: str = ""  # YYYYMMDD
    address: str = ""
    issuer: str = ""
    valid_from: str = ""  # YYYYMMDD
    valid_to: str = ""  # YYYYMMDD or 长期

    def __repr__(self) -> str:
        return "IdCard(…)"  # nothing of a resident in a log, not even by accident


class IdCardReader(Device, Protocol):
    """身份证阅读器."""

    def read(self, timeout_seconds: float = 0.5) -> IdCard | None:
        """Return a card newly laid on the reader, or None when none was laid in time. A card that stays is given once.

        Raises:
            CardUnreadable: a card lies there and cannot be read. Ask for it to be laid again.
            CardReaderFailed: the reader does not answer. Call again.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipLine:
    """One line of a slip."""

    text: str = ""
    size: Literal["small", "normal", "large", "huge"] = "normal"
    align: Literal["left", "center"] = "left"
    bold: bool = False
    qr: str = ""  # a QR code in place of text
    code128: str = ""  # a linear code in place of text


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A ticket (号票) or a receipt (回执) as it is printed, on a roll of 58 or 80 mm."""

    lines: tuple[SlipLine, ...]
    copies: int = 1


class TicketPrinter(Device, Protocol):
    def print_slip(self, slip: Slip) -> None:
        """Print and cut one slip; return when the printer has taken it all.

        Raises:
            PaperOut: nothing, or not all, was printed. After new paper call again with the same slip.
            CoverOpen: likewise.
            PrinterFailed: likewise; the printer does not answer.
        """
        ...


class BoardPart(StrEnum):
    """What of the board a finding is about."""

    TEMPERATURE = "temperature"
    POWER = "power"
    CARD = "card"
    SPACE = "space"
    MEMORY = "memory"
    CLOCK = "clock"
    LOAD = "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFinding:
    """One thing that is not as it should be."""

    part: BoardPart
    code: str  # for machines and central's table of remedies
    notice: str  # Chinese: what is wrong and what to do
    severity: Literal["bad", "warning"]  # bad: now; warning: this week


def board_trouble(finding: BoardFinding) -> BoardTrouble:
    """Return a finding as the error that everybody above knows how to show."""
    trouble = (BoardTrouble if finding.severity == "bad" else BoardWarning)(f"the board's {finding.part.value}")
    trouble.code, trouble.notice = finding.code, finding.notice  # of this one error
    return trouble


class BoardHealth(Device, Protocol):
    """装置本身: temperature, power, card, space, memory, clock, load."""

    def findings(self) -> tuple[BoardFinding, ...]:
        """Return everything that is not as it should be, at most one a part; costs at most 1 s. Empty: all is well.

        `check()` raises the gravest of them.

        Raises:
            BoardTrouble: the board does not tell.
        """
        ...

"""What the two kinds of wired scanner guns share: bytes or keys with their times ─► whole scans, and words for faults.

`scanner_serial.py` and `scanner_hid.py` feed the assembly; `Scanner.read` is here. A scan that has begun is waited for,
so that no half of it lies between two calls.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from firmware.drivers.device_nodes import cause_of
from firmware.ports import Scan, ScannerMissing
from firmware.scan_assembly import SILENCE_MS, Encoding, ScanAssembly, Suffix

SCAN_SECONDS_MAX: Final = 1.0  # that a scan which has begun may cost beyond the caller's timeout


class ScannerTaken(ScannerMissing):
    """Another program has the gun."""

    code = "scanner-taken"
    notice = "扫描枪被另一个程序占用，请关闭那个程序，或拔下扫描枪重新插好。"


class ScannerForbidden(ScannerMissing):
    """The unit's user may not read the gun: the udev rule is missing."""

    code = "scanner-forbidden"
    notice = "没有读取扫描枪的权限，请技术员安装 udev 规则后重新插好扫描枪。"


def scanner_refusal(error: OSError) -> ScannerMissing:
    """Return the plain error for a gun that cannot be opened or read."""
    match cause_of(error):
        case "taken":
            return ScannerTaken("another program holds the scanner gun")
        case "forbidden":
            return ScannerForbidden("this user may not read the scanner gun")
        case _:
            return ScannerMissing("the scanner gun is not plugged in")


class ScannerGun(ABC):
    """扫描枪, wired."""

    simulated = False

    def __init__(self, suffix: Suffix, encoding: Encoding) -> None:
        self._assembly = ScanAssembly(suffix, encoding)
        self._closed = False

    def check(self) -> None:
        self._be_open()
        self._assembly.must_end()

    def read(self, timeout_seconds: float = 0.5) -> Scan | None:
        self._be_open()
        deadline = time.monotonic() + timeout_seconds
        looked = False
        while True:
            text = self._assembly.next_scan()
            if text is not None:
                return Scan(text, "", now_ms())
            wait_seconds = deadline - time.monotonic()
            if self._assembly.under_way:
                if wait_seconds <= -SCAN_SECONDS_MAX:
                    break
                wait_seconds = (SILENCE_MS + 5) / 1000  # a little longer, so that silence is seen to be over
            elif looked and wait_seconds <= 0:
                break
            self._take_in(max(0.0, wait_seconds))
            looked = True
        self._assembly.must_end()  # said only when nothing whole came: the gun may have been set right meanwhile
        return None

    def open_if_there(self) -> None:
        """Open at once where it can be, for what is scanned from now on counts; if not, the first read says so."""
        with suppress(ScannerMissing):
            self._be_open()

    def close(self) -> None:
        self._closed = True
        self._shut()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _be_open(self) -> None:
        if self._closed:
            raise ScannerMissing("the scanner gun was closed")
        try:
            if self._open():
                self._assembly.reset()
        except ScannerMissing:
            self._assembly.reset()
            raise  # said already, and better
        except OSError as error:
            self._assembly.reset()
            raise scanner_refusal(error) from error

    def _take_in(self, wait_seconds: float) -> None:
        try:
            if not self._take(wait_seconds):
                self._assembly.pass_time(now_ms())
        except OSError as error:
            self._shut()
            self._assembly.reset()  # the rest of a half scan will never come
            raise scanner_refusal(error) from error

    @abstractmethod
    def _open(self) -> bool:
        """Open the gun if it is not open; return whether it was opened anew. Raises OSError."""

    @abstractmethod
    def _take(self, wait_seconds: float) -> bool:
        """Feed the assembly with what comes within the time; return whether anything came. Raises OSError."""

    @abstractmethod
    def _shut(self) -> None:
        """Close the device, if it is open."""


def now_ms() -> int:
    return time.monotonic_ns() // 1_000_000

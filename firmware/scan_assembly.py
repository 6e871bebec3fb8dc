"""Put the characters of a scanner gun together to whole scans, whatever else comes with them.

Bytes come from a gun (serial, key codes, simulated), scans go to `Scanner.read`. Pure: the time comes with the bytes.
DOMAIN.md 9: a gun ends a scan with CR, LF or both (some are set to TAB); half a scan followed by silence is dropped,
and its tail with it, should that come late.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

from firmware.ports import DeviceError

Suffix = Literal["enter", "tab"]
Encoding = Literal["utf-8", "gb18030"]

SCAN_CHARACTERS_MAX: Final = 512
SCAN_BYTES_MAX: Final = 4 * SCAN_CHARACTERS_MAX  # in UTF-8
SILENCE_MS: Final = 100  # after which a half scan is dropped
NEW_SCAN_MS: Final = 1000  # after a half scan nobody pulls the trigger anew in less: what comes sooner is its tail
UNENDED_MAX: Final = 2  # half scans with no whole one between: once is a spark, twice is how the gun is set
SCANS_WAITING_MAX: Final = 16  # more than anyone scans before looking up; the oldest go first
_ENDS: Final[dict[Suffix, bytes]] = {"enter": b"\r\n", "tab": b"\t\r\n"}


class ScannerUnended(DeviceError):
    """The gun's scans have no end: all of them are dropped as halves. Goes with the first whole one."""

    code = "scanner-unended"
    notice = "扫到了内容但没有结束符，请按接线手册第6节把扫描枪的后缀设为回车，字符间延时设为0，再扫一次。"


class ScanAssembly:
    """One gun's stream of bytes, cut into scans.

    The encoding is as the gun is set, never guessed: almost any bytes are some text in GB18030 (ADR 0016).
    """

    def __init__(self, suffix: Suffix = "enter", encoding: Encoding = "utf-8") -> None:
        self._ends = _ENDS[suffix]
        self._encoding = encoding
        self._half = bytearray()
        self._spoiled = False  # the scan under way is too long or not whole: all of it up to its end goes
        self._tail = False  # what comes is the rest of a half scan that was dropped: it goes too, up to its end
        self._last_ms: int | None = None
        self._whole: deque[str] = deque(maxlen=SCANS_WAITING_MAX)
        self._unended = 0  # half scans since the last whole one
        self.dropped = 0  # half, overlong or unreadable scans so far; a half scan and its tail are one

    @property
    def under_way(self) -> bool:
        """Whether a scan has begun and not ended."""
        return bool(self._half) or self._spoiled

    def feed(self, data: bytes, now_ms: int) -> None:
        """Take what came at `now_ms` (monotonic)."""
        self.pass_time(now_ms)
        if data and self._last_ms is not None and now_ms - self._last_ms >= NEW_SCAN_MS:
            self._tail = False
        for byte in data:
            if byte in self._ends:
                self._end()
            elif len(self._half) < SCAN_BYTES_MAX:
                self._half.append(byte)
            else:
                self._spoiled = True
        if data:
            self._last_ms = now_ms

    def spoil(self, now_ms: int) -> None:
        """Part of the scan under way was lost, or is no character: drop it whole, up to its end."""
        self.pass_time(now_ms)
        self._spoiled = True
        self._last_ms = now_ms

    def pass_time(self, now_ms: int) -> None:
        """Drop a half scan whose rest did not come within 100 ms, and its rest too if that comes within a second."""
        silent = self._last_ms is not None and now_ms - self._last_ms > SILENCE_MS
        if silent and self.under_way:
            if not self._tail:
                self.dropped += 1
                self._unended += 1
            self._begin()
            self._tail = True

    def must_end(self) -> None:
        """Raise ScannerUnended when the gun's scans come without an end."""
        if self._unended >= UNENDED_MAX:
            raise ScannerUnended(f"{self._unended} scans in a row had no end; the gun's suffix is not set")

    def next_scan(self) -> str | None:
        """Return the oldest whole scan that was not yet taken."""
        return self._whole.popleft() if self._whole else None

    def reset(self) -> None:
        """Forget what is under way, for example because the gun was unplugged."""
        self._begin()
        self._tail = False
        self._unended = 0
        self._whole.clear()

    def _end(self) -> None:
        if self._tail:
            self._begin()
            self._tail = False
            return
        if not self.under_way:
            return  # CR LF, or a scan of nothing
        try:
            text = self._half.decode(self._encoding)
        except UnicodeDecodeError:
            text = ""
        if text and len(text) <= SCAN_CHARACTERS_MAX and not self._spoiled:
            self._whole.append(text)
            self._unended = 0
        else:
            self.dropped += 1
        self._begin()

    def _begin(self) -> None:
        self._half.clear()
        self._spoiled = False

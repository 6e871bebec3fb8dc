"""Put the characters of a scanner gun together to whole scans, whatever else comes with them.

Bytes come from a gun (serial, key codes, simulated), scans go to `Scanner.read`. Pure: the time comes with the bytes.
DOMAIN.md 9: a gun ends a scan with CR, LF or both (some are set to TAB); half a scan followed by silence is dropped.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

Suffix = Literal["enter", "tab"]
Encoding = Literal["utf-8", "gb18030"]

SCAN_CHARACTERS_MAX: Final = 512
SCAN_BYTES_MAX: Final = 4 * SCAN_CHARACTERS_MAX  # in UTF-8
SILENCE_MS: Final = 100  # after which a half scan is dropped
SCANS_WAITING_MAX: Final = 16  # more than anyone scans before looking up; the oldest go first
_ENDS: Final[dict[Suffix, bytes]] = {"enter": b"\r\n", "tab": b"\t\r\n"}


class ScanAssembly:
    """One gun's stream of bytes, cut into scans.

    The encoding is as the gun is set, never guessed: almost any bytes are some text in GB18030 (ADR 0016).
    """

    def __init__(self, suffix: Suffix = "enter", encoding: Encoding = "utf-8") -> None:
        self._ends = _ENDS[suffix]
        self._encoding = encoding
        self._half = bytearray()
        self._spoiled = False  # the scan under way is too long or not whole: all of it up to its end goes
        self._last_ms: int | None = None
        self._whole: deque[str] = deque(maxlen=SCANS_WAITING_MAX)
        self.dropped = 0  # half, overlong or unreadable scans so far, for the health page

    @property
    def under_way(self) -> bool:
        """Whether a scan has begun and not ended."""
        return bool(self._half) or self._spoiled

    def feed(self, data: bytes, now_ms: int) -> None:
        """Take what came at `now_ms` (monotonic)."""
        self.pass_time(now_ms)
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
        """Drop a half scan whose rest did not come within 100 ms."""
        silent = self._last_ms is not None and now_ms - self._last_ms > SILENCE_MS
        if silent and self.under_way:
            self.dropped += 1
            self._begin()

    def next_scan(self) -> str | None:
        """Return the oldest whole scan that was not yet taken."""
        return self._whole.popleft() if self._whole else None

    def reset(self) -> None:
        """Forget what is under way, for example because the gun was unplugged."""
        self._begin()
        self._whole.clear()

    def _end(self) -> None:
        if not self.under_way:
            return  # CR LF, or a scan of nothing
        try:
            text = self._half.decode(self._encoding)
        except UnicodeDecodeError:
            text = ""
        if text and len(text) <= SCAN_CHARACTERS_MAX and not self._spoiled:
            self._whole.append(text)
        else:
            self.dropped += 1
        self._begin()

    def _begin(self) -> None:
        self._half.clear()
        self._spoiled = False

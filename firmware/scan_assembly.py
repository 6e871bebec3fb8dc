"""Put the characters of a scanner gun together to whole scans, whatever else comes with them.

Bytes come from a gun (serial, key codes, simulated), scans go to `Scanner.read`. Pure: the time comes with the bytes.
DOMAIN.md 9: a gun ends a scan with CR (or LF, or both); half a scan followed by silence is dropped.
"""

from __future__ import annotations

from collections import deque
from typing import Final

SCAN_CHARACTERS_MAX: Final = 512
SCAN_BYTES_MAX: Final = 4 * SCAN_CHARACTERS_MAX  # in UTF-8
SILENCE_MS: Final = 100  # after which a half scan is dropped
SCANS_WAITING_MAX: Final = 16  # more than anyone scans before looking up; the oldest go first
_ENDS: Final = (0x0D, 0x0A)


class ScanAssembly:
    """One gun's stream of bytes, cut into scans."""

    def __init__(self) -> None:
        self._half = bytearray()
        self._drowned = False  # the scan under way is too long: all of it up to its end goes
        self._last_ms: int | None = None
        self._whole: deque[str] = deque(maxlen=SCANS_WAITING_MAX)
        self.dropped = 0  # half, overlong or unreadable scans so far, for the health page

    def feed(self, data: bytes, now_ms: int) -> None:
        """Take what came at `now_ms` (monotonic)."""
        self.pass_time(now_ms)
        for byte in data:
            if byte in _ENDS:
                self._end()
            elif len(self._half) < SCAN_BYTES_MAX:
                self._half.append(byte)
            else:
                self._drowned = True
        if data:
            self._last_ms = now_ms

    def pass_time(self, now_ms: int) -> None:
        """Drop a half scan whose rest did not come within 100 ms."""
        silent = self._last_ms is not None and now_ms - self._last_ms > SILENCE_MS
        if silent and (self._half or self._drowned):
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
        if not self._half:
            return  # CR LF, or a scan of nothing
        try:
            text = self._half.decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        if text and len(text) <= SCAN_CHARACTERS_MAX and not self._drowned:
            self._whole.append(text)
        else:
            self.dropped += 1
        self._begin()

    def _begin(self) -> None:
        self._half.clear()
        self._drowned = False

"""Whether a JPEG from a camera came whole: USB cameras cut frames off, and decoders fill the rest with grey. Pure.

Walks the markers of ITU-T T.81 (annex B): one start, tables, scans whose data hold only stuffed bytes and restart
markers in turn, and the end of image. What a driver pads behind the end is left alone.
"""

from __future__ import annotations

import re
from typing import Final

_START: Final = b"\xff\xd8"
_EOI: Final = 0xD9
_SOS: Final = 0xDA
# In a scan FF 00 is data and FF FF a fill byte; any other FF xx is a marker.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff]")


def is_whole(data: bytes) -> bool:
    """Return whether a JPEG begins, goes on and ends as it should; False for anything else, never an error."""
    if data[:2] != _START:
        return False
    at, scans = 2, 0
    while at + 4 <= len(data) + 2:
        if at + 1 >= len(data) or data[at] != 0xFF:
            return False
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _EOI:
            return scans > 0
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if length < 2 or marker in (0x00, 0xD8):
            return False
        at += 2 + length
        if marker == _SOS:
            scans += 1
            found = _end_of_scan(data, at)
            if found is None:
                return False
            at = found
    return False


def _end_of_scan(data: bytes, at: int) -> int | None:
    """Return where the marker after a scan's data stands; None when there is none, or a restart was lost."""
    restart = 0
    for match in _MARKER.finditer(data, at):
        marker = data[match.start() + 1]
        if 0xD0 <= marker <= 0xD7:
            if marker - 0xD0 != restart:
                return None  # a piece of the frame is missing
            restart = (restart + 1) % 8
            continue
        return match.start()
    return None

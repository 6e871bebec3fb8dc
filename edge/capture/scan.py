"""Frame -> the codes in it: ticket QR and Code 128, by pyzbar.

Only symbologies in use are read: a wrong reading comes from a short checksum, so none that we do not print is asked for
(PERFORMANCE.md 1). Our own codes begin with a prefix; what they say is checked where it is opened, never here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
from pyzbar import pyzbar

from edge.capture.quad import Corners
from edge.capture.shrink import checked
from firmware.ports import Pixels

TEXT_MAX: Final = 512  # characters, as for a scanner gun (firmware.ports.Scan)
PREFIX: Final = "OW"  # begins every code that the house prints
_SYMBOLS: Final = (pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128)
_NAMES: Final = {"QRCODE": "qr", "CODE128": "code128"}


@dataclass(frozen=True, slots=True)
class Code:
    """One code as read. Never logged: it may hold a sealed identity."""

    symbology: str  # "qr" or "code128"
    text: str  # 1 to TEXT_MAX characters; not yet trusted
    corners: Corners  # where it stands, in pixels of the frame

    @property
    def is_ours(self) -> bool:
        """Whether it claims to be printed by the house. A claim only."""
        return self.text.startswith(PREFIX)

    def __repr__(self) -> str:
        return f"Code({self.symbology!r}, {len(self.text)} characters)"


def read_codes(frame: Pixels) -> list[Code]:
    """Return the codes in the frame, ours first, then from top to bottom; an empty list when there is none.

    Raises:
        PictureRefused: not a BGR frame.
    """
    frame = checked(frame)
    gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    codes = _decode(gray, 1)
    return sorted(codes, key=lambda code: (not code.is_ours, code.corners[0][1], code.corners[0][0]))


def _decode(gray: Pixels, factor: int) -> list[Code]:
    found: dict[tuple[str, str], Code] = {}
    for symbol in pyzbar.decode(gray, symbols=list(_SYMBOLS)):
        try:
            text = symbol.data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if not 0 < len(text) <= TEXT_MAX:
            continue
        box = symbol.rect
        left, top = float(box.left * factor), float(box.top * factor)
        right, bottom = left + box.width * factor, top + box.height * factor
        name = _NAMES[symbol.type]
        found.setdefault((name, text), Code(name, text, ((left, top), (right, top), (right, bottom), (left, bottom))))
    return list(found.values())

"""The two decoders, zxing-cpp and pyzbar, behind one shape: grey pixels -> readings with their corners.

Called by the steps of `scan.py`; nothing is decided here except what a reading is called. Two decoders, because each
reads what the other does not (PERFORMANCE.md 1). Only symbologies in use are asked for: the short checksums of others
are where wrong readings come from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp
from pyzbar import pyzbar

Gray = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

LINEAR: Final = ("code128", "ean13")
SYMBOLOGIES: Final = ("qr", "code128", "pdf417", "datamatrix", "ean13")
WEAKLY_CHECKED: Final = frozenset(LINEAR)
"""One check digit stands between these and a wrong reading; the others have Reed-Solomon words."""

_PYZBAR_NAMES: Final = {"QRCODE": "qr", "CODE128": "code128", "EAN13": "ean13"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one decoder says of one place. Never logged: the text may hold a sealed identity."""

    symbology: str
    text: str  # "" when a code was found there and could not be read
    points: Points  # 4 x 2, in pixels of the picture given; the code's own top-left first where the decoder knows it
    lines: int = 0  # pyzbar: how many scan lines agreed; 0 elsewhere

    @property
    def key(self) -> tuple[str, str]:
        return self.symbology, self.text

    def __repr__(self) -> str:
        return f"Reading({self.symbology!r}, {len(self.text)} characters)"


@cache
def _formats(symbologies: tuple[str, ...]) -> tuple[Any, dict[Any, str]]:
    """Return the decoder's set of formats, and our name for each format it may answer with."""
    one = zxingcpp.BarcodeFormat
    known = {"qr": one.QRCode, "code128": one.Code128, "pdf417": one.PDF417, "datamatrix": one.DataMatrix}
    known["ean13"] = one.EAN13
    names = {known[name]: name for name in known}
    # UPC-A is EAN-13 with a leading zero; newer versions call QR's second model, and the full PDF417, by own names.
    for alias, name in (("UPCA", "ean13"), ("QRCodeModel2", "qr"), ("QRCodeModel1", "qr"), ("ISBN", "ean13")):
        if hasattr(one, alias):
            names[getattr(one, alias)] = name
    asked = [known[name] for name in symbologies] + ([one.UPCA] if "ean13" in symbologies else [])
    if hasattr(zxingcpp, "BarcodeFormats"):  # since 3.0; before that formats are flags
        return zxingcpp.BarcodeFormats(asked), names
    flags: Any = asked[0]
    for each in asked[1:]:
        flags = flags | each
    return flags, names


def zxing(
    gray: Gray,
    symbologies: tuple[str, ...] = SYMBOLOGIES,
    *,
    rotated: bool = False,
    shrunk: bool = False,
    inverted: bool = False,
    whole_histogram: bool = False,
    unread: bool = False,
) -> list[Reading]:
    """Return what zxing-cpp reads.

    Args:
        rotated: also look for linear codes that stand upright.
        shrunk: also look at smaller copies of the picture.
        inverted: also look for light codes on dark.
        whole_histogram: one threshold for the picture in place of local ones.
        unread: also return codes that were found and not decoded, with an empty text.
    """
    asked, names = _formats(symbologies)
    found = zxingcpp.read_barcodes(
        gray,
        formats=asked,
        try_rotate=rotated,
        try_downscale=shrunk,
        try_invert=inverted,
        text_mode=zxingcpp.TextMode.Plain,
        binarizer=zxingcpp.Binarizer.GlobalHistogram if whole_histogram else zxingcpp.Binarizer.LocalAverage,
        return_errors=unread,
    )
    readings = []
    for code in found:
        name = names.get(code.format)
        if name is None or not (code.valid or unread):
            continue
        text = code.text if code.valid else ""
        if code.valid and not text:
            continue
        if name == "ean13" and len(text) == 12:
            text = "0" + text
        place = code.position
        corners = [place.top_left, place.top_right, place.bottom_right, place.bottom_left]
        readings.append(Reading(name, text, np.array([(each.x, each.y) for each in corners], np.float64)))
    return readings


def zbar(gray: Gray) -> list[Reading]:
    """Return what pyzbar reads. It knows no PDF417 and no DataMatrix."""
    symbols = [pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128, pyzbar.ZBarSymbol.EAN13]
    readings = []
    try:
        found = pyzbar.decode(gray, symbols=symbols)
    except ValueError:
        # pyzbar 0.1.9 has no word for an orientation that libzbar does not know, and gives up the whole picture.
        return []
    for symbol in found:
        try:
            text = symbol.data.decode("utf-8")
        except UnicodeDecodeError:
            text = symbol.data.decode("latin-1")
        if not text:
            continue
        outline = np.array([(point.x, point.y) for point in symbol.polygon], np.float32).reshape(-1, 2)
        if len(outline) != 4:
            outline = cv2.boxPoints(cv2.minAreaRect(outline)) if len(outline) else np.zeros((4, 2), np.float32)
        name = _PYZBAR_NAMES[symbol.type]
        readings.append(Reading(name, text, _clockwise(outline.astype(np.float64)), int(symbol.quality)))
    return readings


def _clockwise(points: Points) -> Points:
    """Return four points clockwise as seen, the top-left one first."""
    around = points - points.mean(axis=0)
    ordered = points[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)

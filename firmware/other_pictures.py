"""Size of a WebP, BMP, GIF or TIFF from its header alone: what the commands take besides JPEG and PNG.

Asked by `decoding.py` for photographs that a person names; nothing that comes over the wire gets here.
"""

from __future__ import annotations

import struct
from typing import Final, Literal

from broker.errors import PictureRefused, require

OtherFormat = Literal["webp", "bmp", "gif", "tiff"]

_TIFF_ENTRIES_MAX: Final = 4096
_TIFF_WIDTH: Final = 256
_TIFF_HEIGHT: Final = 257
_TIFF_KINDS: Final = {3: "H", 4: "I"}  # what a size is written as: 16 or 32 bits


def measure_other(data: bytes) -> tuple[OtherFormat, int, int] | None:
    """Return format, width and height in pixels as stored; None when it begins as none of the four.

    Raises:
        PictureRefused: it begins as one of them, and its header is cut or says nothing that makes sense.
    """
    try:
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return ("webp", *_webp_size(data))
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return ("gif", *struct.unpack_from("<HH", data, 6))
        if data[:4] in (b"II*\0", b"MM\0*"):
            return ("tiff", *_tiff_size(data))
        if data[:2] == b"BM":
            return ("bmp", *_bmp_size(data))
    except struct.error:
        raise PictureRefused("a picture's header is whole") from None
    return None


def _webp_size(data: bytes) -> tuple[int, int]:
    (length,) = struct.unpack_from("<I", data, 4)
    require(length + 8 <= len(data), "a WebP is whole", PictureRefused)
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    require(kind == b"VP8 ", "a WebP begins with its picture", PictureRefused)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _bmp_size(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        return width, height
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # one that stands upright in the file says so by a minus


def _tiff_size(data: bytes) -> tuple[int, int]:
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (entries,) = struct.unpack_from(order + "H", data, at)
    require(entries <= _TIFF_ENTRIES_MAX, f"a TIFF has at most {_TIFF_ENTRIES_MAX} entries", PictureRefused)
    size = {_TIFF_WIDTH: 0, _TIFF_HEIGHT: 0}
    for n in range(entries):
        tag, kind = struct.unpack_from(order + "HH", data, at + 2 + 12 * n)
        if tag in size:
            require(kind in _TIFF_KINDS, "a TIFF's size is a whole number", PictureRefused)
            (size[tag],) = struct.unpack_from(order + _TIFF_KINDS[kind], data, at + 2 + 12 * n + 8)
    return size[_TIFF_WIDTH], size[_TIFF_HEIGHT]

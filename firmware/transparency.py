"""A picture that is transparent somewhere -> its pixels as it looks on white paper, upright.

Called in the child of `decoding.py`. The decoder's own colours leave transparency away, and what is see-through is most
often stored as black: a paper cut out of its background would lie on black, or be black throughout.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np

from firmware.ports import Pixels

Decoded = np.ndarray[Any, np.dtype[Any]]  # height x width (x 4), of 8 or 16 bits

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GREY, _GREY_ALPHA, _COLOUR_ALPHA = 0, 4, 6  # a PNG's colour types
_ROWS: Final = 256  # laid on white at a time: the steps between take little memory
_ORIENTATION: Final = 0x0112
_EXTRA_SAMPLES: Final = 338
_PHOTOMETRIC: Final = 262
_CMYK: Final = 5
_ENTRIES_MAX: Final = 4096
# What EXIF's orientations 2 to 8 ask for.
_TURNS: Final[dict[int, Callable[[Pixels], Pixels]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: pixels.transpose(1, 0, 2)[:, ::-1],
    7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    8: lambda pixels: pixels.transpose(1, 0, 2)[::-1],
}


def transparent_on_white(data: bytes) -> Pixels | None:
    """Return the BGR pixels of a picture that is transparent somewhere; None when it is not, or does not decode."""
    if not _may_be_transparent(data):
        return None
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype not in (np.uint8, np.uint16):
        return None
    if decoded.ndim == 2 and data.startswith(_PNG):
        return _turned(_keyed_on_white(decoded, data), _orientation(data))
    if decoded.ndim != 3 or decoded.shape[2] != 4 or decoded[..., 3].min() == np.iinfo(decoded.dtype).max:
        return None
    is_tiff = data[:2] in (b"II", b"MM")
    # The TIFF decoder has turned its picture already, and has multiplied colours of 8 bits by their alpha.
    pixels = _on_white(decoded, multiplied=is_tiff and decoded.dtype == np.uint8)
    return pixels if is_tiff else _turned(pixels, _orientation(data))


def _may_be_transparent(data: bytes) -> bool:
    """Say whether the header promises transparency: decoding twice to find none would take twice the time."""
    if data.startswith(_PNG):
        before_pixels = data[: data.find(b"IDAT")]
        return data[25] in (_GREY_ALPHA, _COLOUR_ALPHA) or b"tRNS" in before_pixels
    if data[:4] == b"RIFF":
        return data[12:16] == b"VP8L" or (data[12:16] == b"VP8X" and bool(data[20] & 0x10))
    if data[:4] in (b"II*\0", b"MM\0*"):
        tags = _tags(data)
        return _EXTRA_SAMPLES in tags and tags.get(_PHOTOMETRIC) != _CMYK
    return data[:4] == b"GIF8"


def _on_white(decoded: Decoded, *, multiplied: bool) -> Pixels:
    to_eight_bits = np.iinfo(np.uint8).max / np.iinfo(decoded.dtype).max
    pixels = np.empty((*decoded.shape[:2], 3), np.uint8)
    for row in range(0, decoded.shape[0], _ROWS):
        some = cv2.convertScaleAbs(decoded[row : row + _ROWS], alpha=to_eight_bits)
        alpha = cv2.cvtColor(some[..., 3], cv2.COLOR_GRAY2BGR)
        colours = cv2.cvtColor(some, cv2.COLOR_BGRA2BGR)
        if not multiplied:
            colours = cv2.multiply(colours, alpha, scale=1 / 255)
        cv2.add(colours, 255 - alpha, dst=pixels[row : row + _ROWS])
    return pixels


def _keyed_on_white(decoded: Decoded, data: bytes) -> Pixels:
    """Return a grey PNG of which one grey value is transparent: the decoder leaves that one as it is."""
    at, depth = data.find(b"tRNS"), data[24]
    key = int.from_bytes(data[at + 4 : at + 6])
    if depth < 8:
        key = key * 255 // ((1 << depth) - 1)
    grey = decoded if decoded.dtype == np.uint8 else (decoded >> 8).astype(np.uint8)
    shown = np.where(decoded == key, np.uint8(255), grey)
    return np.repeat(shown[..., None], 3, axis=2)


def _turned(pixels: Pixels, orientation: int) -> Pixels:
    turn = _TURNS.get(orientation)
    return pixels if turn is None else turn(pixels)


def _orientation(data: bytes) -> int:
    """Return what a PNG's or a WebP's EXIF says; 1, upright, when there is none."""
    at = data.find(b"eXIf" if data.startswith(_PNG) else b"EXIF")
    if at < 0:
        return 1
    exif = data[at + 4 if data.startswith(_PNG) else at + 8 :]
    return _tags(exif.removeprefix(b"Exif\0\0")).get(_ORIENTATION, 1)


def _tags(tiff: bytes) -> dict[int, int]:
    """Return the first directory's tags with their values as far as these are one short number; {} when it is cut."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return {}
    tags = {}
    try:
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, at)
        for n in range(min(entries, _ENTRIES_MAX)):
            tag, value = struct.unpack_from(order + "H6xH", tiff, at + 2 + 12 * n)
            tags[tag] = value
    except struct.error:
        return {}
    return tags

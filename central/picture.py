"""Looks at a picture's header before anybody decodes it: a JPEG of a size that we take, and all of it there.

Pure, and small on purpose: it reads marker lengths and one frame header. Decoding happens in browsers and, in a child
that the kernel bounds, at the edge and in the second look (ADR 0010); the ledger and the pages' process never decode
(RELIABILITY.md I1).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from broker.errors import PictureRefused, require
from broker.messages import PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_MAX

_START: Final = b"\xff\xd8"
_END: Final = b"\xff\xd9"
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; the others are never photographs
_OTHER_FRAMES: Final = frozenset({0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_SCAN: Final = 0xDA
_SEGMENTS_MAX: Final = 200


class Size(NamedTuple):
    """In pixels."""

    width: int
    height: int


def jpeg_size(data: bytes) -> Size:
    """Return the size of a picture that we take.

    Raises:
        PictureRefused: not a whole JPEG in grey or colour within the bounds of `broker.messages`.
    """
    require(len(data) <= PAGE_BYTES_MAX, f"a page has at most {PAGE_BYTES_MAX} bytes", PictureRefused)
    require(data.startswith(_START) and data.endswith(_END), "a page is one whole JPEG", PictureRefused)
    size = _frame_size(data)
    require(
        0 < size.width <= PAGE_SIDE_MAX and 0 < size.height <= PAGE_SIDE_MAX,
        f"a page's side is 1 to {PAGE_SIDE_MAX} pixels",
        PictureRefused,
    )
    require(size.width * size.height <= PAGE_PIXELS_MAX, f"a page has at most {PAGE_PIXELS_MAX} pixels", PictureRefused)
    return size


def _frame_size(data: bytes) -> Size:
    size: Size | None = None
    at = len(_START)
    for _ in range(_SEGMENTS_MAX):
        require(at + 4 <= len(data) and data[at] == 0xFF, "a JPEG's segments follow each other", PictureRefused)
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        require(length >= 2 and at + 2 + length <= len(data), "a JPEG's segment is cut short", PictureRefused)
        require(marker not in _OTHER_FRAMES, "a JPEG is baseline or progressive", PictureRefused)
        if marker in _FRAMES:
            require(size is None, "a JPEG has one frame", PictureRefused)
            size = _frame(data[at + 4 : at + 2 + length])
        elif marker == _SCAN:
            require(size is not None, "a JPEG's frame comes before its scan", PictureRefused)
            assert size is not None
            return size
        at += 2 + length
    raise PictureRefused(f"a JPEG has at most {_SEGMENTS_MAX} segments before its scan")


def _frame(body: bytes) -> Size:
    require(len(body) >= 6, "a JPEG's frame is cut short", PictureRefused)
    require(body[0] == 8, "a JPEG has 8 bits a sample", PictureRefused)
    require(body[5] in (1, 3), "a JPEG is grey or in colour", PictureRefused)
    require(len(body) == 6 + 3 * body[5], "a JPEG's frame names its components", PictureRefused)
    return Size(width=int.from_bytes(body[3:5], "big"), height=int.from_bytes(body[1:3], "big"))

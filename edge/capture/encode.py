"""A flattened page -> the JPEG that is sealed and sent, within the wire's bounds (broker.messages)."""

from __future__ import annotations

import cv2

from broker.messages import PAGE_BYTES_MAX, PAGE_PIXELS_MAX, PAGE_SIDE_MAX
from firmware.ports import Pixels

QUALITY = 85  # 450 KB for A4 at 200 dpi; above it bytes grow faster than legibility (PERFORMANCE.md 2)
_QUALITIES = (QUALITY, 75, 60, 40)


def encode(page: Pixels) -> tuple[bytes, int, int]:
    """Return the page as JPEG with its width and height in pixels, at most PAGE_BYTES_MAX bytes.

    A page so full of noise that it does not fit is first pressed harder, then halved: it is never refused here, since a
    clerk may have nothing better.
    """
    while True:
        height, width = page.shape[:2]
        if max(height, width) <= PAGE_SIDE_MAX and height * width <= PAGE_PIXELS_MAX:
            for quality in _QUALITIES:
                done, buffer = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
                assert done, "JPEG encoding of a byte picture does not fail"
                if buffer.size <= PAGE_BYTES_MAX:
                    return buffer.tobytes(), width, height
        page = cv2.resize(page, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)

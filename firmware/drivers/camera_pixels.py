"""What a camera's library delivers -> upright BGR pixels. Pure; for both drivers of document cameras."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np

from firmware.ports import Pixels

Rotation = Literal[0, 90, 180, 270]
Range = Literal["full", "limited"]

PREVIEW_WIDTH_MIN: Final = 640
PREVIEW_WIDTH_MAX: Final = 1280
_ROTATIONS: Final[dict[int, int]] = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
# OpenCV's own conversions of 4:2:0 take the limited range (black at 16, white at 235), as video has it.
_LIMITED: Final[dict[str, int]] = {
    "NV12": cv2.COLOR_YUV2BGR_NV12,
    "NV21": cv2.COLOR_YUV2BGR_NV21,
    "YUV420": cv2.COLOR_YUV2BGR_I420,
    "YVU420": cv2.COLOR_YUV2BGR_YV12,
}
FORMATS: Final = ("RGB888", "BGR888", "XRGB8888", "XBGR8888", *_LIMITED)


def to_bgr(array: Pixels, pixel_format: str, *, width: int, luma_range: Range) -> Pixels:
    """Return the array of a libcamera format as BGR; the padding of its rows is cut off.

    libcamera names formats by their little-endian word: "RGB888" lies in memory as B, G, R (picamera2 manual, 4.2).
    """
    if pixel_format in _LIMITED:
        pixels = _from_420(array, pixel_format) if luma_range == "full" else cv2.cvtColor(array, _LIMITED[pixel_format])
    elif pixel_format in ("RGB888", "XRGB8888"):
        pixels = array[:, :, :3]
    elif pixel_format in ("BGR888", "XBGR8888"):
        pixels = array[:, :, 2::-1]
    else:
        raise ValueError(f"a pixel format is one of {', '.join(FORMATS)}")
    return np.ascontiguousarray(pixels[:, :width], dtype=np.uint8)


def upright(pixels: Pixels, rotation: Rotation) -> Pixels:
    """Return the pixels turned clockwise by so many degrees."""
    if rotation == 0:
        return pixels
    return np.asarray(cv2.rotate(pixels, _ROTATIONS[rotation]), dtype=np.uint8)


def shrunk(pixels: Pixels) -> Pixels:
    """Return the pixels at a whole fraction of their size, at most 1280 px wide: INTER_AREA is quick there."""
    factor = preview_factor(pixels.shape[1])
    if factor == 1:
        return pixels
    size = (pixels.shape[1] // factor, pixels.shape[0] // factor)
    return np.asarray(
        cv2.resize(pixels[: size[1] * factor, : size[0] * factor], size, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def preview_factor(width: int) -> int:
    """Return the smallest whole divisor that makes a preview at most 1280 px wide."""
    return max(1, -(-width // PREVIEW_WIDTH_MAX))


def _from_420(array: Pixels, pixel_format: str) -> Pixels:
    """Convert 4:2:0 of the full range, which Pi cameras give for stills (colour space sYCC)."""
    stride, height = array.shape[1], array.shape[0] * 2 // 3
    chroma = array[height:]
    if pixel_format in ("NV12", "NV21"):
        pairs = chroma.reshape(height // 2, stride // 2, 2)
        first, second = pairs[:, :, 0], pairs[:, :, 1]
    else:
        planes = chroma.reshape(2, height // 2, stride // 2)
        first, second = planes[0], planes[1]
    blue, red = (first, second) if pixel_format in ("NV12", "YUV420") else (second, first)
    size = (stride, height)
    wide = [cv2.resize(np.ascontiguousarray(each), size, interpolation=cv2.INTER_LINEAR) for each in (red, blue)]
    return np.asarray(cv2.cvtColor(cv2.merge([array[:height], *wide]), cv2.COLOR_YCrCb2BGR), dtype=np.uint8)

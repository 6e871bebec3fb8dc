"""What the document camera sees, small, as JPEG with the outline of the sheet: the console's live picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from edge.capture import Corners, preview_outline
from firmware.ports import Frame

_QUALITY: Final = 75
_GREEN: Final = (125, 126, 30)  # BGR of the console's action green
_WIDTH_MAX: Final = 960
AMBER: Final = (32, 140, 230)  # of a sheet that is not taken yet, or must be laid otherwise
GREEN: Final = _GREEN


def live_jpeg(frame: Frame) -> bytes:
    """Return a preview frame as JPEG, at most 960 px wide, with the outline of the sheet."""
    return outlined_jpeg(frame, preview_outline(frame.pixels))


def outlined_jpeg(frame: Frame, outline: Corners | None, colour: tuple[int, int, int] = _GREEN) -> bytes:
    """Return a preview frame as JPEG, at most 960 px wide, with this outline in this colour (BGR)."""
    pixels = frame.pixels.copy()
    if outline is not None:
        points = np.array(outline, dtype=np.int32).reshape(-1, 1, 2)
        cv2.polylines(pixels, [points], isClosed=True, color=colour, thickness=4, lineType=cv2.LINE_AA)
    if pixels.shape[1] > _WIDTH_MAX:
        height = round(pixels.shape[0] * _WIDTH_MAX / pixels.shape[1])
        pixels = cv2.resize(pixels, (_WIDTH_MAX, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()

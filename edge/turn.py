"""Turn a page by quarters: decode, turn, encode. Only for pages that this unit's own camera took."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from broker.messages import PAGE_BYTES_MAX
from edge.errors import StepRefused
from edge.pages import TakenPage

_TURNS: Final = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}
_QUALITY: Final = 90  # a little above the first encoding's: a second one must not be seen


def turn_page(page: TakenPage, quarter_turns: int) -> TakenPage:
    """Return the page turned clockwise by 1, 2 or 3 quarters.

    Raises:
        StepRefused: another number of quarters, or the turned page would be too large to send.
    """
    if quarter_turns not in _TURNS:
        raise StepRefused("a page is turned by 1 to 3 quarters", "页面只能旋转90、180或270度。", "turn-refused")
    pixels = cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None, "a page of ours is a picture"
    turned = cv2.rotate(pixels, _TURNS[quarter_turns])
    done, data = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    jpeg = data.tobytes()
    if not done or len(jpeg) > PAGE_BYTES_MAX:
        raise StepRefused("the turned page is too large", "页面过大，无法旋转，请转动材料后重拍。", "turn-refused")
    return replace(page, jpeg=jpeg, width=turned.shape[1], height=turned.shape[0])

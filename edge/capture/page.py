"""The whole way of one frame: find, flatten, even, judge, encode. What `session.py` and the console call."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from edge.capture import verdict as verdicts
from edge.capture.encode import encode
from edge.capture.find import SMALL_SIDE, find_sheet
from edge.capture.flatten import LONGEST, choose_format, even, flatten, thumb_size
from edge.capture.judge import Seen, cut_sides, judge, measure
from edge.capture.light import measure_light
from edge.capture.quad import Corners, as_corners, side_lengths
from edge.capture.shrink import checked, shrink
from edge.capture.sides import white_level
from edge.capture.turn import find_turn, turned
from edge.capture.verdict import Measures, Verdict
from firmware.ports import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedPage:
    """One page as an officer will see it, and what the judge says of it.

    A page that is refused is there all the same: the clerk may look at it and, deliberately, take it. When no sheet was
    found the page is the whole frame and `corners` is None.
    """

    jpeg: bytes  # at most broker.messages.PAGE_BYTES_MAX
    width: int  # pixels
    height: int
    plain_digest: str  # SHA-256 of `jpeg`, as broker.messages.Page wants it
    corners: Corners | None  # in pixels of the frame
    verdict: Verdict
    measures: Measures

    @property
    def usable(self) -> bool:
        """Whether the judge would take it."""
        return self.verdict.usable

    @property
    def reason(self) -> str:
        """Return the sentence for the clerk: what to do."""
        return self.verdict.notice

    def __repr__(self) -> str:
        return f"CapturedPage({self.width}x{self.height}, {self.verdict.code})"  # never the page itself


def capture(frame: Pixels, *, empty_desk: Pixels | None = None, dots_per_inch: float = 0.0) -> CapturedPage:
    """Return the sheet in this frame as an upright, flat, evenly lit, cropped and judged page.

    Args:
        frame: the document camera's full frame, BGR; best at least 2480 pixels on its longest side.
        empty_desk: a frame of the same camera and size with nothing on the desk; helps where paper and desk are alike.
            One of another size is left aside.
        dots_per_inch: of the frame on the desk, when the camera is fixed and was measured; 0 when not known. Tells
            a sheet of A5 from one of A4.

    Raises:
        PictureRefused: the frame is not height × width × 3 of bytes.
    """
    frame = checked(frame)
    height, width = frame.shape[:2]
    small, factor = shrink(frame, SMALL_SIDE)
    sheet = find_sheet(frame, empty_desk, small=small)
    if sheet is None:
        whole, _ = shrink(frame, LONGEST)
        return _captured(whole, None, verdicts.NOTHING_THERE, Measures())
    shape = choose_format(sheet.quad, width, height, dots_per_inch)
    page = flatten(frame, sheet.quad, shape.width, shape.height)
    thumb = flatten(small, (sheet.quad - (factor - 1) / 2) / factor, *thumb_size(shape))
    light = measure_light(thumb)
    quad = sheet.quad
    quarters = find_turn(page, light.level).quarters
    if quarters:
        page, thumb, quad = turned(page, quarters), turned(thumb, quarters), np.roll(quad, quarters, axis=0)
        light = measure_light(thumb)
    seen_long = float(side_lengths(quad).max())
    dots = seen_long / shape.inches if shape.inches else 0.0
    measures = measure(Seen(page, thumb, light, quad, sheet.support, seen_long, dots, width, height))
    verdict = judge(measures, cut_sides(quad, width, height))
    return _captured(even(page, light, shape.kind, white_level(small)), as_corners(quad), verdict, measures)


def _captured(page: Pixels, corners: Corners | None, verdict: Verdict, measures: Measures) -> CapturedPage:
    jpeg, width, height = encode(page)
    return CapturedPage(
        jpeg=jpeg,
        width=width,
        height=height,
        plain_digest=hashlib.sha256(jpeg).hexdigest(),
        corners=corners,
        verdict=verdict,
        measures=measures,
    )

"""The sheet in the frame -> an upright, flat page of true proportions, in even light."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.curl import Bend
from edge.capture.light import THUMB, Floats, Light
from edge.capture.quad import A4_ASPECT, ASPECT_TOLERANCE, CARD_ASPECT, Quad, side_lengths, true_aspect
from edge.capture.rims import Floats64
from firmware.ports import Pixels

LONGEST: Final = 2339  # pixels, of a sheet of unknown size
_CELL: Final = 16  # page pixels between places that are calculated: in between, a bend is less than 0.03 off a line
_EXACT_MAX: Final = 600  # page pixels of the longer side: of less, a cell is too much of the sheet
_STRIP: Final = 128  # page pixels that are sampled at once, whole cells
_NEAREST: Final = 1e-3  # of the first corner's distance: corners that no sheet has would lie behind the camera
PAPER_WHITE: Final = 250  # what bare paper becomes: not quite 255, so that faint pencil is not the first to go
CARD_TINT: Final = 216  # what a card's lightest tint becomes


@dataclass(frozen=True, slots=True)
class Format:
    """The size that a flat page will have."""

    kind: str  # a4, card or other
    width: int  # pixels
    height: int
    inches: float  # of the sheet's longer side; 0 when its true size is not known


_A4_LONG: Final = 2339  # pixels: 200 dpi, the floor at which 小五 print is read
_A4_INCHES: Final = 11.69
_CARD_LONG: Final = 1024  # 304 dpi
_CARD_INCHES: Final = 3.37
_A4_SEEN_MIN: Final = 1600  # frame pixels: what has the shape of A4 and fewer may as well be A5 or A6
_CARD_SHARE_MAX: Final = 0.62  # of the frame's longest side: what has a card's shape and more is a receipt
_SIZE_TOLERANCE: Final = 0.08


def choose_format(quad: Quad, frame_width: int, frame_height: int, dots_per_inch: float = 0.0) -> Format:
    """Return the page's format: A4 and identity cards have their own, everything else keeps its proportions and pixels.

    An open booklet of two A5 leaves has the shape of A4 and is taken for it. Where the camera's `dots_per_inch` on the
    desk are known, the size says what the shape alone leaves open.
    """
    aspect = true_aspect(quad, frame_width, frame_height)
    long_aspect = max(aspect, 1 / aspect)
    seen = float(side_lengths(quad).max())
    kind, longest, inches = _known_size(long_aspect, seen, dots_per_inch, max(frame_width, frame_height))
    if kind == "other":
        longest = int(np.clip(round(seen), 64, LONGEST))
        inches = seen / dots_per_inch if dots_per_inch else 0.0
    else:
        long_aspect = A4_ASPECT if kind == "a4" else CARD_ASPECT
    other = max(64, round(longest / long_aspect))
    return Format(kind, longest, other, inches) if aspect > 1 else Format(kind, other, longest, inches)


def _known_size(long_aspect: float, seen: float, dots_per_inch: float, frame_side: int) -> tuple[str, int, float]:
    for kind, aspect, longest, inches in (
        ("a4", A4_ASPECT, _A4_LONG, _A4_INCHES),
        ("card", CARD_ASPECT, _CARD_LONG, _CARD_INCHES),
    ):
        if abs(long_aspect / aspect - 1) >= ASPECT_TOLERANCE:
            continue
        if dots_per_inch:
            fits = abs(seen / dots_per_inch / inches - 1) < _SIZE_TOLERANCE
        else:
            fits = seen >= _A4_SEEN_MIN if kind == "a4" else seen <= _CARD_SHARE_MAX * frame_side
        if fits:
            return kind, longest, inches
    return "other", 0, 0.0


def flatten(frame: Pixels, quad: Quad, width: int, height: int, *, bend: Bend | None = None, factor: int = 1) -> Pixels:
    """Return the sheet within these corners as a page of width × height pixels.

    A sheet with a `bend` is unbent: the bend is in pixels of the whole frame, of which `frame` is `factor` times
    smaller, and has corners of its own.
    """
    if bend is None and max(width, height) <= _EXACT_MAX:
        return _warped(frame, quad, width, height)
    columns, rows = (-(-side // _CELL) + 2 for side in (width, height))
    # Middles of cells, one cell beyond the page on all sides, for the cells' own corners to lie between four of them.
    u, v = (((np.arange(count) - 0.5) * _CELL) / side for count, side in ((columns, width), (rows, height)))
    if bend is None:
        across, down = _flat_places(quad, u, v)
    else:
        across, down = ((part - (factor - 1) / 2) / factor for part in bend.places(u, v))
    return _sampled(frame, across.astype(np.float32), down.astype(np.float32), width, height)


def _warped(frame: Pixels, quad: Quad, width: int, height: int) -> Pixels:
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    page: Pixels = cv2.warpPerspective(
        frame, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return page


def _flat_places(quad: Quad, u: Floats64, v: Floats64) -> tuple[Floats64, Floats64]:
    """Return where the frame shows the places u across and v down a flat sheet, each 0 to 1: x and y, v × u."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    warp = cv2.getPerspectiveTransform(unit, quad.astype(np.float32))
    x, y, depth = (row[0] * u + (row[1] * v + row[2])[:, None] for row in warp)
    depth = np.maximum(depth, _NEAREST)
    return x / depth, y / depth


def _sampled(frame: Pixels, across: Floats, down: Floats, width: int, height: int) -> Pixels:
    """Return each pixel of the page from the frame's place that lies between its cell's and the neighbours'.

    In strips, whose places stay at hand in the processor, and to a 32nd of a pixel: two thirds of the time that
    OpenCV's own warp takes, which calculates the place of each pixel.
    """
    page = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP):
        some = min(_STRIP, height - top)
        cells = slice(top // _CELL, (top + _STRIP) // _CELL + 2)
        xs, ys = (
            cv2.resize(part[cells], None, fx=_CELL, fy=_CELL, interpolation=cv2.INTER_LINEAR)[
                _CELL : _CELL + some, _CELL : _CELL + width
            ]
            for part in (across, down)
        )
        fixed, between = cv2.convertMaps(xs, ys, cv2.CV_16SC2)
        strip = page[top : top + some]
        cv2.remap(frame, fixed, between, cv2.INTER_LINEAR, dst=strip, borderMode=cv2.BORDER_REPLICATE)
    return page


def even(page: Pixels, light: Light, kind: str, white: float = 0.0, *, into: Pixels | None = None) -> Pixels:
    """Return the page as if lit evenly: every pixel divided by what bare paper would be there.

    Division keeps colours, so red seals stay red. A card has no bare paper and a tint of its own: it gets the smooth
    light only, keeps its colour, and what the desk shows behind its round corners becomes white. A card that is
    dark against the frame's `white` (1 to 255; 0 when not known) stays dark. `into` is memory of the page's size for
    the answer, which may be the page itself: it is then no more what it was.
    """
    height, width = page.shape[:2]
    if kind == "card":
        ground = cv2.resize(light.smooth.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
        tint = CARD_TINT * min(1.0, 1.4 * light.brightness / white) if white else CARD_TINT
        evened: Pixels = cv2.divide(page, cv2.merge([ground] * 3), dst=into, scale=tint)
        evened[_round_corners(width, height)] = 255
        return evened
    # No brighter than twenty times: in the dark there is nothing but noise to be made brighter.
    paper = np.clip(light.level[..., None] * light.colour, 12, 255).astype(np.uint8)
    whole = cv2.resize(paper, (width, height), dst=_kept(height, width), interpolation=cv2.INTER_LINEAR)
    paper_white: Pixels = cv2.divide(page, whole, dst=into, scale=PAPER_WHITE)
    return paper_white


_KEPT = threading.local()


def _kept(height: int, width: int) -> Pixels:
    """Return memory for a page's light, each thread's own and kept: to get it anew takes longer than to fill it."""
    pixels: Pixels | None = getattr(_KEPT, "pixels", None)
    if pixels is None or pixels.shape != (height, width, 3):
        pixels = _KEPT.pixels = np.empty((height, width, 3), np.uint8)
    return pixels


def _round_corners(width: int, height: int) -> npt.NDArray[np.bool_]:
    radius = max(width, height) * 3.18 / 85.6
    rows, columns = np.ogrid[0:height, 0:width]
    x = np.maximum(0, np.maximum(radius - columns, columns - (width - 1 - radius)))
    y = np.maximum(0, np.maximum(radius - rows, rows - (height - 1 - radius)))
    return np.asarray(x * x + y * y > radius * radius)


def thumb_size(shape: Format) -> tuple[int, int]:
    """Return the thumbnail's width and height in pixels."""
    return max(8, shape.width // THUMB), max(8, shape.height // THUMB)

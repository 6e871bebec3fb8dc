"""The sheet in the frame -> an upright, flat page of true proportions, in even light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.light import THUMB, Light
from edge.capture.quad import A4_ASPECT, ASPECT_TOLERANCE, CARD_ASPECT, Quad, side_lengths, true_aspect
from firmware.ports import Pixels

LONGEST: Final = 2339  # pixels, of a sheet of unknown size
PAPER_WHITE: Final = 250  # what bare paper becomes: not quite 255, so that faint pencil is not the first to go
CARD_TINT: Final = 216  # what a card's lightest tint becomes


@dataclass(frozen=True, slots=True)
class Format:
    """The size that a flat page will have."""

    kind: str  # a4, card or other
    width: int  # pixels
    height: int
    inches: float  # of the sheet's longer side; 0 when its true size is not known


_A4: Final = Format("a4", 1654, 2339, 11.69)  # 200 dpi: the floor at which 小五 print is read
_CARD: Final = Format("card", 646, 1024, 3.37)  # 304 dpi


def choose_format(quad: Quad, frame_width: int, frame_height: int) -> Format:
    """Return the page's format: A4 and identity cards have their own, everything else keeps its proportions.

    An open booklet of two A5 leaves, and a residence booklet, have the shape of A4 and are taken for it.
    """
    aspect = true_aspect(quad, frame_width, frame_height)
    upright, lying = max(aspect, 1 / aspect), aspect > 1
    if abs(upright / A4_ASPECT - 1) < ASPECT_TOLERANCE:
        chosen = _A4
    elif abs(upright / CARD_ASPECT - 1) < ASPECT_TOLERANCE:
        chosen = _CARD
    else:
        longest = int(np.clip(side_lengths(quad).max(), 64, LONGEST))
        chosen = Format("other", max(64, round(longest / upright)), longest, 0.0)
    if not lying:
        return chosen
    return Format(chosen.kind, chosen.height, chosen.width, chosen.inches)


def flatten(frame: Pixels, quad: Quad, width: int, height: int) -> Pixels:
    """Return the sheet within these corners as a page of width × height pixels."""
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    page: Pixels = cv2.warpPerspective(
        frame, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return page


def even(page: Pixels, light: Light, kind: str) -> Pixels:
    """Return the page as if lit evenly: every pixel divided by what bare paper would be there.

    Division keeps colours, so red seals stay red. A card has no bare paper and a tint of its own: it gets the smooth
    light only, keeps its colour, and what the desk shows behind its round corners becomes white.
    """
    height, width = page.shape[:2]
    if kind == "card":
        ground = cv2.resize(light.smooth.astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
        evened: Pixels = cv2.divide(page, cv2.merge([ground] * 3), scale=CARD_TINT)
        evened[_round_corners(width, height)] = 255
        return evened
    # No brighter than twenty times: in the dark there is nothing but noise to be made brighter.
    paper = np.clip(light.level[..., None] * light.colour, 12, 255).astype(np.uint8)
    whole = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    paper_white: Pixels = cv2.divide(page, whole, scale=PAPER_WHITE)
    return paper_white


def _round_corners(width: int, height: int) -> npt.NDArray[np.bool_]:
    radius = max(width, height) * 3.18 / 85.6
    rows, columns = np.ogrid[0:height, 0:width]
    x = np.maximum(0, np.maximum(radius - columns, columns - (width - 1 - radius)))
    y = np.maximum(0, np.maximum(radius - rows, rows - (height - 1 - radius)))
    return np.asarray(x * x + y * y > radius * radius)


def thumb_size(shape: Format) -> tuple[int, int]:
    """Return the thumbnail's width and height in pixels."""
    return max(8, shape.width // THUMB), max(8, shape.height // THUMB)

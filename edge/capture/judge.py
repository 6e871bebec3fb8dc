"""A page, its light and how it was found -> what can be measured of it, and whether an officer could read it.

The thumbnail answers what is large (dark, glare, fingers), tiles of the page itself what is fine (blur, noise). Every
bound here was set on the generator of the tests, where the score of both errors stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.capture import verdict
from edge.capture.glare import faded_px
from edge.capture.levels import middle
from edge.capture.light import Light, Mask
from edge.capture.print_lines import Lines, find_lines
from edge.capture.quad import Quad
from edge.capture.sharpness import measure_sharpness
from edge.capture.shine import hides_print
from edge.capture.tiles import choose_tiles
from edge.capture.verdict import Measures, Verdict
from firmware.ports import Pixels

SPREAD_MAX: Final = 0.131  # as measured, in heights of the finest characters: readable ones have 0.121, lost ones 0.142
PRINT_PX_MIN: Final = 7.0  # frame pixels: a reader reads 91 of 100 there, and half at 5
# Where no line of print was found, of a drawing or a seal:
BLUR_MAX: Final = 2.35  # σ in page pixels; at 200 dpi the strokes of 小五 would run together above it
DOTS_MIN: Final = 105.0  # frame pixels per inch of sheet
LONG_SIDE_MIN: Final = 600.0  # frame pixels
DARK_BELOW: Final = 70.0  # grey level of paper; above it darkness is never the trouble
STEADY_MIN: Final = 3.0  # ink's contrast over the noise
BURNT_MAX: Final = 0.1  # of what was found, is too small and has no print: a shine, found in a dark cover's place
GLARE_MAX: Final = 320.0  # page pixels of print that has nearly faded: half a character of 小五
COVERED_MAX: Final = 0.0006  # of the area of print: on a page of A4 one character of 小五
PRINT_MIN: Final = 0.0015  # share of the sheet that is ink: less is a blank side
_FULL: Final = 249.0  # grey levels: as bright as can be
_PRINT: Final = 0.2  # contrast of what is surely print
_DESK_BEYOND: Final = 0.002  # of the frame's longest side: so much desk is seen beyond a whole sheet's corners
_SKIN_LEVELS: Final = 4.0  # grey levels between red and blue
_BESIDE: Final = 6  # of the thumbnail's pixels: less print than that beside a finger does not run under it
_CARD_MARGIN: Final = 0.08  # of a card's shorter side: 4 mm
_INK: Final = 0.07  # how much darker than paper a thumbnail's pixel must be to hold print


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to judge."""

    page: Pixels  # flat, in its own light
    thumb: Pixels  # the same, an eighth of its size
    light: Light
    quad: Quad  # in frame pixels
    support: float
    long_side: float  # in frame pixels
    dots_per_inch: float  # of the frame on the sheet; 0 when unknown
    frame_width: int
    frame_height: int
    is_card: bool = False
    runs_on: bool = False  # whether a side was seen to go on beyond a corner


def measure(seen: Seen) -> Measures:
    """Return what the verdict rests on."""
    gray = cv2.cvtColor(seen.thumb, cv2.COLOR_BGR2GRAY).astype(np.float32)
    lack = 1 - gray / seen.light.level
    fingers = _fingers(seen.thumb, seen.light)
    ink = (lack > _INK) & ~cv2.dilate(fingers.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    ink = _without_rim(ink)
    printed = _whole_card(ink) if seen.is_card else _printed_area(ink)
    area = max(1, int(printed.sum()))
    tiles = choose_tiles(seen.page, ink)
    noise = tiles.grain
    lines = find_lines(seen.page, seen.thumb.shape[0], seen.thumb.shape[1], noise)
    sharpness = measure_sharpness(seen.page, lines, noise)
    blur, contrast = (sharpness.blur_px, sharpness.contrast) if sharpness.spread else tiles.measure_blur()
    page_px = seen.long_side / max(seen.page.shape[:2])  # frame pixels
    return Measures(
        found=seen.support,
        long_side_px=seen.long_side,
        dots_per_inch=seen.dots_per_inch,
        brightness=max(seen.light.brightness, middle(gray[::3, ::3])),
        ink_share=float(ink.mean()),
        contrast=contrast,
        blur_px=blur,
        noise=noise,
        glare_px=faded_px(seen.thumb, gray, lines, seen.light),
        burnt_share=float((gray > _FULL).mean()),
        is_hidden=hides_print(seen.thumb, gray, lines, seen.light, is_card=seen.is_card),
        covered_share=float((fingers & printed).sum()) / area
        if seen.is_card or _print_beside(lines, fingers) >= _BESIDE
        else 0.0,
        outside_px=_outside(seen),
        runs_on=seen.runs_on,
        print_px=sharpness.finest_px * page_px,
        spread=sharpness.spread,
    )


def judge(measures: Measures, cut: tuple[str, ...]) -> Verdict:
    """Return the one verdict that helps most: first what makes the other measures meaningless."""
    unsteady = measures.contrast * measures.brightness < STEADY_MIN * measures.noise
    if cut:
        return verdict.edge_cut(cut)
    if measures.runs_on:
        return verdict.EDGE_HIDDEN
    if _too_small(measures):
        is_shine = not measures.print_px and measures.burnt_share > BURNT_MAX
        return verdict.GLARE if is_shine else verdict.TOO_FAR
    if measures.brightness < DARK_BELOW and unsteady:
        return verdict.TOO_DARK
    if measures.covered_share > COVERED_MAX:
        return verdict.COVERED
    if measures.is_hidden or measures.glare_px > GLARE_MAX:
        return verdict.GLARE
    if measures.ink_share < PRINT_MIN and not measures.print_px:
        return verdict.BLANK
    if not measures.contrast:
        return verdict.BLURRED  # something is there, and nothing of it has an edge
    if measures.spread > SPREAD_MAX or (not measures.print_px and measures.blur_px > BLUR_MAX):
        return verdict.BLURRED
    return verdict.GOOD


def _too_small(measures: Measures) -> bool:
    """Say whether there are too few pixels. Print says it best: a large one needs fewer than a small one."""
    if measures.print_px:
        return measures.print_px < PRINT_PX_MIN
    return measures.long_side_px < LONG_SIDE_MIN or 0 < measures.dots_per_inch < DOTS_MIN


def cut_sides(quad: Quad, width: int, height: int) -> tuple[str, ...]:
    """Return at which sides of the frame the sheet runs out of it.

    A side or corner on the frame's rim is cut as well. Nothing beyond it was seen: a corner that is missing is
    put there by the lines of its two sides, some pixels to either side of the rim.
    """
    beyond = _DESK_BEYOND * max(width, height)
    found = []
    limits = (
        ("left", quad[:, 0]),
        ("right", width - 1 - quad[:, 0]),
        ("top", quad[:, 1]),
        ("bottom", height - 1 - quad[:, 1]),
    )
    for name, room in limits:
        if room.min() < beyond:
            found.append(name)
    return tuple(found)


def _outside(seen: Seen) -> float:
    low = -seen.quad.min()
    high = (seen.quad - np.array([seen.frame_width - 1, seen.frame_height - 1])).max()
    return float(max(0.0, low, high))


def _without_rim(mask: Mask) -> Mask:
    """Return the mask without the outermost pixels, where a curled or rounded sheet lets the desk in."""
    kept = mask.copy()
    rim = max(2, min(mask.shape) // 60)
    kept[:rim], kept[-rim:], kept[:, :rim], kept[:, -rim:] = False, False, False, False
    return kept


def _whole_card(ink: Mask) -> Mask:
    """Return the card without its margin: the rest holds print, a portrait or a pattern that an officer looks at."""
    rim = round(_CARD_MARGIN * min(ink.shape))
    inner = np.zeros(ink.shape, np.bool_)
    inner[rim:-rim, rim:-rim] = True
    return inner


def _printed_area(ink: Mask) -> Mask:
    """Return what lies among the print: the hull of all ink, specks left out."""
    solid = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    area = np.zeros(ink.shape, np.uint8)
    rows = np.flatnonzero(solid.any(axis=1))
    if len(rows):
        # The hull of all is the hull of each row's two ends.
        left, right = solid[rows].argmax(axis=1), solid.shape[1] - 1 - solid[rows, ::-1].argmax(axis=1)
        ends = np.column_stack([np.concatenate([left, right]), np.concatenate([rows, rows])]).astype(np.int32)
        cv2.fillConvexPoly(area, cv2.convexHull(ends), 1)
    return area > 0


def _fingers(thumb: Pixels, light: Light) -> Mask:
    """Return what has the colour of skin against this paper and comes in from the sheet's rim."""
    blue, green, red = (
        cv2.blur(part / (light.smooth * colour), (3, 3))
        for part, colour in zip(cv2.split(thumb), light.colour, strict=True)
    )
    skin = (red - blue > 0.2 * red) & (red > 0.15) & (blue < 0.85)
    if not skin.any():
        return np.asarray(skin, np.bool_)
    skin &= (red - green > 0.08 * red) & (green - blue > 0.06 * red)
    # In the dark one grey level of rounding is as much as skin differs from paper.
    skin &= (red - blue) * light.smooth > _SKIN_LEVELS
    size = max(3, round(0.028 * min(thumb.shape[:2])))
    solid = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, np.ones((size, size), np.uint8))
    if not solid.any():
        return np.asarray(solid > 0)
    count, labels = cv2.connectedComponents(solid)
    rim = max(2, min(thumb.shape[:2]) // 40)
    border = np.concatenate(
        [labels[:rim].ravel(), labels[-rim:].ravel(), labels[:, :rim].ravel(), labels[:, -rim:].ravel()]
    )
    touching = np.zeros(count, bool)
    touching[np.unique(border)] = True
    touching[0] = False
    return np.asarray(touching[labels])


def _print_beside(lines: Lines, fingers: Mask) -> int:
    """Return how many of the thumbnail's pixels hold print just beside a finger, its own rim left out."""
    mask = fingers.astype(np.uint8)
    ring = cv2.dilate(mask, np.ones((11, 11), np.uint8)) > cv2.dilate(mask, np.ones((5, 5), np.uint8))
    return int((_without_rim(ring) & (lines.depth > _PRINT)).sum())

"""What is printed on a sheet, laid flat, and whether a sheet that lies there now is one of those seen before.

Made by `watch.py` of each photograph that became a page, and compared once with each sheet that has come to lie still.
How a sheet lies does not matter, nor a hand on it. Two forms of two persons differ in a name: prints are compared block
by block, each where it fits best nearby, and two blocks that plainly differ make another sheet. What came in over the
sheet's edge, a hand or its sleeve, says nothing of the sheet and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.flatten import flatten
from edge.capture.light import Floats, Mask
from edge.capture.quad import Quad, side_lengths
from edge.capture.turn import turned
from firmware.ports import Pixels

Gray = npt.NDArray[np.uint8]

_FRAME: Final = 1280  # pixels of a preview's longest side: a small sheet's print has as many pixels as there
_SIDE_MIN: Final = 128  # pixels of the print's longer side
_SIDE_MAX: Final = 960  # of a sheet of A4: 3.2 to the mm, below which names begin to look alike
_PAPER: Final = 235  # what bare paper becomes; what shines may be lighter
_PAPER_REACH: Final = 31  # pixels: wider than any stroke
_COARSE: Final = 64  # pixels a side, whatever the shape
_LIKELIEST: Final = 3  # of the sheets that are known, so many are looked at closely
_ASPECT_FREE: Final = 0.12  # a finger on a corner moves the corner
_SIZE_FREE: Final = 0.25
_BLOCK: Final = 20  # pixels: two small characters of a sheet of A4, one of a card
_STEP: Final = _BLOCK // 2
_REACH: Final = 3  # pixels by which corners err
_REACH_MISLED: Final = 5  # when they were misled, the known print is stretched by some more
_CALM: Final = 130.0  # grey levels²: the noise of paper is no print
_PRINTED: Final = 60.0  # grey levels²: more is print
_GAIN: Final = (0.7, 1.4)  # by which a lamp makes print paler or darker
# Share of a block's print. On the simulated desk one sheet seen twice has 0.055 at most, laid anew or under another
# light; another person's has 0.09 on an emblem side, where only the dates differ, and 0.14 and more elsewhere.
_ALIKE: Final = 0.06
_UNLIKE: Final = 0.085
_BLOCKS_MIN: Final = 2  # one alone may be a speck: blocks overlap by half
# A hand's colours stand otherwise to each other than the sheet's, by this share; a lamp from the side changes nothing.
_TINT: Final = 0.12
_DARKER: Final = 0.4  # a grey sleeve shows by this alone
_HIDDEN_MAX: Final = 0.5  # of the print: when more is other, it is no hand
_FEATURES: Final = 700
_FITTING_MIN: Final = 18  # features; a page of other print has 10 by chance
_FEATURE_ERR: Final = 3.0  # pixels


class Likeness(Enum):
    SAME = "same"
    UNSURE = "unsure"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SheetPrint:
    """What is printed on one sheet, as it lay."""

    ink: Gray  # against the paper just there
    colour: Pixels  # the sheet as seen, a quarter as large and blurred: a hand shows here, also where it hides no print
    coarse: Floats  # `ink` at a glance: mean 0, length 1


def print_of(frame: Pixels, quad: Quad) -> SheetPrint:
    """Return the print of the sheet within these corners: the same from a preview and a photograph, in any light."""
    lengths = side_lengths(quad)
    across, down = float(lengths[0] + lengths[2]) / 2, float(lengths[1] + lengths[3]) / 2
    seen = max(across, down, 1.0)
    longest = float(np.clip(seen * _FRAME / max(frame.shape[:2]), _SIDE_MIN, _SIDE_MAX))
    width, height = (max(2 * _BLOCK, round(side / seen * longest)) for side in (across, down))
    # Where several pixels become one, flattening would look at one of them only.
    calm = cv2.GaussianBlur(frame, (0, 0), 0.45 * seen / longest) if seen > 1.3 * longest else frame
    return _printed(flatten(calm, quad, width, height))


def likeness(known: Sequence[SheetPrint], frame: Pixels, quad: Quad) -> tuple[Likeness, int]:
    """Say whether the sheet within these corners is one of those known, and which one (-1: none)."""
    if not known:
        return Likeness.OTHER, -1
    seen = print_of(frame, quad)
    laid = [_laid_as(each, seen) for each in known]
    near = [index for index, each in enumerate(laid) if each is not None]
    near.sort(key=lambda index: -float((known[index].coarse * laid[index].coarse).sum()))  # type: ignore[union-attr]
    unsure = -1
    for index in near[:_LIKELIEST]:
        look = _look(known[index], laid[index])  # type: ignore[arg-type]
        if look is Likeness.SAME:
            return look, index
        unsure = index if look is Likeness.UNSURE and unsure < 0 else unsure
    # A finger on a corner, or a card's own stripes, may be taken for the sheet's side: then the print itself says where
    # the sheet lies.
    likeliest = near[0] if near else len(known) - 1
    found = _found_by_print(known[likeliest], frame, quad)
    if found is not None and (look := _look(known[likeliest], found, _REACH_MISLED)) is not Likeness.OTHER:
        return look, likeliest
    return (Likeness.UNSURE, unsure) if unsure >= 0 else (Likeness.OTHER, -1)


def _printed(sheet: Pixels) -> SheetPrint:
    gray = cv2.cvtColor(sheet, cv2.COLOR_BGR2GRAY)
    reach = np.ones((_PAPER_REACH, _PAPER_REACH), np.uint8)
    paper = cv2.GaussianBlur(cv2.morphologyEx(cv2.blur(gray, (3, 3)), cv2.MORPH_CLOSE, reach), (0, 0), 8)
    ink = cv2.GaussianBlur(cv2.divide(gray, cv2.max(paper, 8), scale=_PAPER), (0, 0), 0.8)
    quarter = (max(4, sheet.shape[1] // 4), max(4, sheet.shape[0] // 4))
    colour = cv2.blur(cv2.resize(sheet, quarter, interpolation=cv2.INTER_AREA), (3, 3))
    small = cv2.resize(ink, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 1)
    coarse -= float(coarse.mean())
    return SheetPrint(ink, colour, np.asarray(coarse / max(1e-3, float(np.linalg.norm(coarse))), np.float32))


def _laid_as(known: SheetPrint, seen: SheetPrint) -> SheetPrint | None:
    """Return the print turned as the known one lies, of its size; None when its size or shape is another."""
    height, width = known.ink.shape
    if abs(max(seen.ink.shape) / max(height, width) - 1) > _SIZE_FREE:
        return None
    best: tuple[float, int] | None = None
    for quarters in range(4):
        down, across = seen.ink.shape if quarters % 2 == 0 else seen.ink.shape[::-1]
        if abs(across / down * height / width - 1) > _ASPECT_FREE:
            continue
        alike = float((known.coarse * np.rot90(seen.coarse, -quarters)).sum())
        if best is None or alike > best[0]:
            best = alike, quarters
    if best is None:
        return None
    quarters = best[1]
    ink = cv2.resize(turned(seen.ink, quarters), (width, height), interpolation=cv2.INTER_LINEAR)
    colour = cv2.resize(turned(seen.colour, quarters), known.colour.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return SheetPrint(ink, colour, np.ascontiguousarray(np.rot90(seen.coarse, -quarters)))


def _look(known: SheetPrint, laid: SheetPrint, reach: int = _REACH) -> Likeness:
    unlike, printed = _blocks(known.ink.astype(np.float32), laid.ink.astype(np.float32), reach)
    foreign = _from_outside(unlike > _ALIKE, _shaded(known.colour, laid.colour))
    if (printed & foreign).sum() > _HIDDEN_MAX * printed.sum():
        return Likeness.OTHER
    beside = cv2.dilate(foreign.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    rest = np.where(beside, 0, unlike)
    if (rest > _UNLIKE).sum() >= _BLOCKS_MIN:
        return Likeness.OTHER
    if (rest > _ALIKE).sum() >= _BLOCKS_MIN or (printed & ~beside).sum() < 2 * _BLOCKS_MIN:
        return Likeness.UNSURE
    return Likeness.SAME


def _blocks(one: Floats, two: Floats, reach: int) -> tuple[Floats, Mask]:
    """Return for each block by which share of its print the two differ where they fit best; and where there is print.

    Nothing is said of the outermost blocks: there the desk looks in, at a card's round corners most of all.
    """
    height, width = one.shape
    around = cv2.copyMakeBorder(two, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    least = _spread(cv2.subtract(one, two))
    for down in range(2 * reach + 1):
        for across in range(2 * reach + 1):
            shifted = around[down : down + height, across : across + width]
            least = np.minimum(least, _spread(cv2.subtract(one, shifted)))
    first, second = _spread(one), _spread(two)
    common = (first + second - least) / 2
    gain = np.clip(common / np.maximum(second, 1), *_GAIN)
    rest = np.maximum(0, first - 2 * gain * common + gain * gain * second)
    unlike = rest / (first + gain * gain * second + _CALM)
    unlike[[0, -1]], unlike[:, [0, -1]] = 0, 0
    return np.asarray(unlike, np.float32), np.asarray(np.maximum(first, second) > _PRINTED)


def _spread(picture: Floats) -> Floats:
    """Return the variance within each block."""
    mean = _over_blocks(picture)
    spread: Floats = np.maximum(0, _over_blocks(cv2.multiply(picture, picture)) - mean * mean)
    return spread


def _over_blocks(picture: Floats) -> Floats:
    mean: Floats = cv2.blur(picture, (_BLOCK, _BLOCK))
    return mean[_STEP // 2 :: _STEP, _STEP // 2 :: _STEP]


def _shaded(known: Pixels, laid: Pixels) -> Mask:
    """Return where the sheet has another colour than it had, or is far darker; the light's own change is set aside."""
    blue, green, red = cv2.split((laid.astype(np.float32) + 4) / (known.astype(np.float32) + 4))
    shaded = np.zeros(green.shape, np.bool_)
    for change, bound in ((blue / green, _TINT), (red / green, _TINT), (green, _DARKER)):
        shaded |= np.abs(change / max(1e-3, float(np.median(change))) - 1) > bound
    return shaded


def _from_outside(differs: Mask, shaded: Mask) -> Mask:
    """Return the blocks that differ or are shaded and hang together with a shade at the sheet's edge."""
    shade = cv2.resize(shaded.astype(np.float32), differs.shape[::-1], interpolation=cv2.INTER_AREA) > 0.35
    edge = np.ones(differs.shape, np.bool_)
    edge[1:-1, 1:-1] = False
    _, labels = cv2.connectedComponents((differs | shade).astype(np.uint8))
    return np.asarray(np.isin(labels, np.unique(labels[edge & shade])))


def _found_by_print(known: SheetPrint, frame: Pixels, quad: Quad) -> SheetPrint | None:
    """Return what lies where the known print is found near these corners; None when it is not."""
    scale = min(1.0, max(known.ink.shape) / max(1.0, float(side_lengths(quad).max())))
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    near = np.zeros(small.shape[:2], np.uint8)
    middle = quad.mean(axis=0)
    cv2.fillConvexPoly(near, np.rint((middle + (quad - middle) * 1.5) * scale).astype(np.int32), 255)
    orb = cv2.ORB.create(_FEATURES)
    points, names = orb.detectAndCompute(known.ink, None)
    points_there, names_there = orb.detectAndCompute(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), near)
    if names is None or names_there is None:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(names, names_there)
    if len(pairs) < _FITTING_MIN:
        return None
    here = np.array([points[pair.queryIdx].pt for pair in pairs], np.float32)
    there = np.array([points_there[pair.trainIdx].pt for pair in pairs], np.float32)
    warp, fitting = cv2.estimateAffinePartial2D(
        there, here, method=cv2.RANSAC, ransacReprojThreshold=_FEATURE_ERR, maxIters=2000
    )
    if warp is None or int(fitting.sum()) < _FITTING_MIN:
        return None
    return _printed(cv2.warpAffine(small, warp, known.ink.shape[::-1], borderMode=cv2.BORDER_REPLICATE))

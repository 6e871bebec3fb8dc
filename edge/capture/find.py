"""Frame -> where the sheet lies in it: many candidates, one score, then the true edges.

The score is the support of the weakest side: a sheet is one whose *worst* side is still an edge. Looks at a frame of
400 pixels for candidates, of 800 for the score, and at the frame itself along the four sides for the exact place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.candidates import (
    Plane,
    Quads,
    changed_plane,
    edge_quads,
    line_quads,
    outline_quads,
    paper_planes,
    plausible,
    tint_plane,
)
from edge.capture.continued import continued
from edge.capture.quad import Quad, area, has_known_shape, is_a4, is_card, skews, upright
from edge.capture.shrink import shrink, to_frame
from edge.capture.sides import (
    Floats64,
    Looks,
    at_rim,
    refit,
    running_on,
    same_ground,
    steps_across,
    supports,
    white_level,
)
from firmware.ports import Pixels

SMALL_SIDE: Final = 820
TINY_SIDE: Final = 410
SUPPORT_MIN: Final = 0.5  # below it the weakest side is no edge: white on white has 0.58, an empty desk 0.45 at most
SHAPED_SUPPORT_MIN: Final = 0.42  # enough for a true rectangle of A4's proportions, as chance makes few
CORNER_SUPPORT: Final = 0.8  # asked when only one corner and its two sides are seen: a table has such a corner as well
CUT_SUPPORT: Final = 0.6  # asked of the sides that are left when one lies outside the frame
_CUT_BELIEVED: Final = 0.57  # of a side outside the frame: a whole sheet wins over one that is cut
_GROUND_MAX: Final = 0.35  # of the paper's light, by which what lies beyond the sides may differ
_ENOUGH: Final = (
    0.75  # a weakest side this good needs no better: then the larger one is the sheet, not the paper beside it
)
_BESIDE_MAX: Final = 0.12  # of all that is bright may lie outside a plain sheet
_TINT_FREE: Final = 0.015  # two white papers differ by more, one of them in a shadow by less
_TINT_MAX: Final = 0.07  # by which the sides of one sheet may differ in colour
_AREA_WEIGHT: Final = 0.35
_SECOND_SUPPORT: Final = 0.62  # asked of a second card, since there seldom is one
_SECOND_SIZE: Final = 0.12  # by which two cards may differ in size, as one lies nearer
_NEAR_RIM: Final = 0.016  # of the frame's longest side
_LIGHT: Final = 0.6  # of the frame's white that most of a paper or card has
_SHAPE_BONUS: Final = 0.05  # for A4, most of what is laid there; half a sheet may look like a card
_SKEW_FREE: Final = 0.06  # a sheet leaning by 24° under a bent lens has 0.06, seldom 0.1
_SKEW_COST_MAX: Final = 0.3
_LINE_SUPPORT: Final = 0.57
_SMALL: Final = 0.015  # of the frame: what is smaller is a stamp or a box as often as a card seen from far away
_SMALL_SUPPORT: Final = 0.7  # asked of it, and the shape of a card or of A4's family
_GROUND_STEP_MIN: Final = (
    0.021  # of white; a white sheet on a white desk has 0.022 at the least, tiles 0.02 at the most
)
_BEST_QUICK: Final = 2
_BEST: Final = 7  # candidates that are fitted


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as found."""

    quad: Quad  # in frame pixels, top-left first
    support: float  # 0 to 1: of the weakest side that is in the frame
    cut: bool = False  # whether a side lies outside the frame, or on its rim
    runs_on: bool = False  # whether a side goes on beyond a corner: then this is a part of the sheet


def find_sheet(
    frame: Pixels, empty_desk: Pixels | None = None, *, small: Pixels | None = None, quick: bool = False
) -> Sheet | None:
    """Return the sheet that lies under the camera, or None when there is none to be seen.

    An `empty_desk` of the frame's size adds candidates where paper and desk are alike; another size is left aside.
    `quick` looks at whiteness alone and fails more often on a white desk; for live pictures.
    `small` is the frame as `shrink(frame, SMALL_SIDE)` made it, for a caller who has it already.
    """
    if small is None:
        small, _ = shrink(frame, SMALL_SIDE)
    factor = max(1, frame.shape[1] // small.shape[1])
    tiny, again = shrink(small, TINY_SIDE)
    white = white_level(small)
    planes = paper_planes(tiny)
    # The outline of what is white is enough for most frames, and costs a tenth of the whole pool.
    best = _best(small, to_frame(outline_quads(planes[1]), again), white, 1)
    plain = best is not None and _plain(best, small, planes[1], again)
    if not plain:
        if not quick:
            planes.append(tint_plane(tiny))
        if empty_desk is not None and empty_desk.shape == frame.shape:
            planes.append(changed_plane(tiny, shrink(shrink(empty_desk, SMALL_SIDE)[0], TINY_SIDE)[0]))
        looks = (outline_quads, line_quads) if quick else (outline_quads, edge_quads, line_quads)
        pool = [look(plane) for plane in (planes[1:2] if quick else planes) for look in looks]
        best = _best(small, to_frame(np.concatenate(pool), again), white, _BEST_QUICK if quick else _BEST)
    if best is None or _is_pattern(best, small, white):
        return None
    quad = refit(frame, to_frame(best.quad, factor), reach=2.5 * factor)
    longer = None if plain or best.cut else continued(small, (quad - (factor - 1) / 2) / factor, white)
    if longer is not None:
        return Sheet(upright(to_frame(longer, factor)), best.support, cut=True)
    leaves = at_rim(small, (quad - (factor - 1) / 2) / factor, white)
    if leaves.any():
        return Sheet(upright(_to_rim(quad, leaves, frame.shape[1], frame.shape[0])), best.support, cut=True)
    runs_on = not plain and bool(running_on(small, ((quad - (factor - 1) / 2) / factor)[None], white)[0])
    return Sheet(upright(quad), best.support, best.cut, runs_on)


def _to_rim(quad: Quad, leaves: npt.NDArray[np.bool_], width: int, height: int) -> Quad:
    """Return the quad with the corners of these sides moved onto the frame's rim, where they are near it."""
    moved, near = quad.copy(), _NEAR_RIM * max(width, height)
    for corner in np.flatnonzero(leaves | np.roll(leaves, 1)):
        for axis, last in ((0, width - 1.0), (1, height - 1.0)):
            if moved[corner, axis] < near:
                moved[corner, axis] = 0.0
            elif moved[corner, axis] > last - near:
                moved[corner, axis] = last
    return moved


def _is_pattern(sheet: Sheet, small: Pixels, white: float) -> bool:
    """Say whether this is drawn on the desk: three sides or more are plain to see, and part nothing from nothing.

    White on white has grounds nearly alike as well, and a rim that can hardly be seen.
    """
    if sheet.support < _LINE_SUPPORT:
        return False
    alike = steps_across(small, sheet.quad, white) < _GROUND_STEP_MIN
    return int(alike.sum()) >= 3


def find_beside(frame: Pixels, small: Pixels, found: Sequence[Sheet], *, quick: bool = False) -> Sheet | None:
    """Return another sheet beside those that were found, or None: plain to see, and nowhere upon them.

    They are painted over with the desk's colour and the frame is looked at once more; `quick` as in `find_sheet`.
    """
    factor = max(1, frame.shape[1] // small.shape[1])
    hidden = small.copy()
    for sheet in found:
        quad = (sheet.quad - (factor - 1) / 2) / factor
        middle = quad.mean(axis=0)
        rim = np.rint(middle + (quad - middle) * 1.06).astype(np.int32)
        ring = np.zeros(small.shape[:2], np.uint8)
        cv2.polylines(ring, [rim], True, 255, 3)
        cv2.fillConvexPoly(hidden, rim, tuple(float(v) for v in np.median(small[ring > 0], axis=0)), cv2.LINE_AA)
    other = find_sheet(frame, small=hidden, quick=quick)
    if other is None or other.cut or other.support < _SECOND_SUPPORT:
        return None
    for sheet in found:
        common, _ = cv2.intersectConvexConvex(sheet.quad.astype(np.float32), other.quad.astype(np.float32))
        if common >= 0.05 * area(sheet.quad):
            return None
    return other


def are_two_cards(card: Sheet, other: Sheet, width: int, height: int) -> bool:
    """Say whether the other is a card of the first one's size, in a frame of this size."""
    sizes = np.sqrt([area(card.quad), area(other.quad)])
    return abs(sizes[1] / sizes[0] - 1) < _SECOND_SIZE and is_card(other.quad, width, height)


def is_paper(small: Pixels, sheet: Sheet, factor: int, white: float) -> bool:
    """Say whether this is as surely a paper or card as a sheet can be: plain sides, a known shape, and light."""
    height, width = small.shape[:2]
    quad = (sheet.quad - (factor - 1) / 2) / factor
    if sheet.support < _ENOUGH or not has_known_shape(quad, width, height):
        return False
    inside = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(quad).astype(np.int32), 255)
    return float(np.median(small[inside > 0])) > _LIGHT * white


def _plain(sheet: Sheet, small: Pixels, plane: Plane, again: int) -> bool:
    """Say whether the first look is good enough: four plain sides, a known shape, nothing beside it that could be its.

    A half of an open booklet has white beside it; the lit part of a half shaded sheet seldom has the shape of one.
    """
    height, width = plane.shape[0] * again, plane.shape[1] * again
    if sheet.cut or sheet.support <= _ENOUGH or not has_known_shape(sheet.quad, width, height):
        return False
    if not same_ground(small, sheet.quad):
        return False
    _, bright = cv2.threshold(plane, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    before = cv2.countNonZero(bright)
    corners = np.rint((sheet.quad - (again - 1) / 2) / again).astype(np.int32)
    cv2.fillConvexPoly(bright, corners, 0)
    return cv2.countNonZero(bright) < _BESIDE_MAX * before


def _best(small: Pixels, pool: Quads, white: float, fits: int) -> Sheet | None:
    pool = _distinct(pool)
    if not len(pool):
        return None
    height, width = small.shape[:2]
    looks = supports(small, pool, white, stations=24)
    order = np.argsort(-_scores(looks, pool, skews(pool, width, height), width, height))
    chosen = _apart(pool[order], fits, 0.035 * width)
    fits_of = [refit(small, quad, reach=6, stations=40) for quad in chosen]
    # As drawn, too: where a side is hardly to be seen the fit may make it worse.
    fitted = plausible(np.array([*fits_of, *chosen]), width, height)
    if not len(fitted):
        return None
    looks = supports(small, fitted, white, stations=40)
    shaped = np.array([is_a4(quad, width, height) for quad in fitted])
    skew = skews(fitted, width, height)
    scores = _scores(looks, fitted, skew, width, height) + _SHAPE_BONUS * shaped
    shaped &= skew < _SKEW_FREE
    believable = _believable(looks.support, shaped) & _large_enough(looks.support, fitted, width, height)
    scores = np.where(believable, scores, -np.inf)
    winner = int(np.argmax(scores))
    if not np.isfinite(scores[winner]):
        return None
    known = ~np.isnan(looks.support[winner])
    return Sheet(fitted[winner], float(looks.support[winner][known].min()), not known.all())


def _believable(sides: Floats64, shaped: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Say which quads could be a sheet at all: by their weakest side, and when cut, by having a corner in the frame.

    One edge across the whole frame, or two, are a desk's or a plank's; chance seldom makes a rectangle of `shaped`.
    """
    known = ~np.isnan(sides)
    cornered = (known & np.roll(known, 1, axis=1)).any(axis=1)
    whole = np.where(shaped, SHAPED_SUPPORT_MIN, SUPPORT_MIN)
    least = np.select([known.all(axis=1), known.sum(axis=1) == 3], [whole, CUT_SUPPORT], CORNER_SUPPORT)
    return np.asarray(cornered & (np.where(known, sides, 1.0).min(axis=1) >= least))


def _large_enough(sides: Floats64, quads: Quads, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Say which quads are as large as a sheet, or have, being smaller, the shape of one and four plain sides."""
    large = np.array([area(quad) for quad in quads]) >= _SMALL * width * height
    plain = np.nan_to_num(sides, nan=0.0).min(axis=1) >= _SMALL_SUPPORT
    known = [small and has_known_shape(quad, width, height) for quad, small in zip(quads, plain & ~large, strict=True)]
    return np.asarray(large | np.array(known, bool))


def _apart(quads: Quads, count: int, distance: float) -> list[Quad]:
    """Return the first quads of which no two are so near each other that fitting makes them one."""
    chosen: list[Quad] = []
    for quad in quads:
        if all(np.abs(quad - other).max() > distance for other in chosen):
            chosen.append(quad)
        if len(chosen) == count:
            break
    return chosen


def _scores(looks: Looks, quads: Quads, skew: Floats64, width: int, height: int) -> Floats64:
    known = np.nan_to_num(looks.support, nan=_CUT_BELIEVED)
    # What lies outside the frame is no sheet that was seen.
    x, y = np.clip(quads[..., 0], 0, width), np.clip(quads[..., 1], 0, height)
    covered = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2 / (width * height)
    weakest = np.minimum(known.min(axis=1), _ENOUGH)
    size = np.sqrt(np.clip(covered, 0, 1))
    score = 0.75 * weakest + 0.25 * known.mean(axis=1) + _AREA_WEIGHT * size
    # One side over wood; or three sides at the desk and the fourth along a line of print, with more paper beyond.
    # Sides of two white papers; a coloured cover differs by more in its own picture.
    score -= np.where(looks.tints < _TINT_MAX, np.maximum(0, 2 * (looks.tints - _TINT_FREE)), 0)
    score -= np.maximum(0, looks.tints - _TINT_MAX)
    score -= np.clip(looks.grounds - _GROUND_MAX, 0, 0.1)
    # Two sides of one sheet and two of another: each an edge, and no rectangle together.
    score -= np.clip(2 * (skew - _SKEW_FREE), 0, _SKEW_COST_MAX)
    return np.asarray(score, np.float64)


def _distinct(quads: Quads) -> Quads:
    """Return the quads without near twins: corners within 3 pixels, in any order of corners."""
    if len(quads) < 2:
        return quads
    first = np.argmin(quads.sum(axis=-1), axis=1)
    turned = np.take_along_axis(quads, ((first[:, None] + np.arange(4)) % 4)[..., None], axis=1)
    _, index = np.unique(np.rint(turned.reshape(len(quads), 8) / 3), axis=0, return_index=True)
    return turned[index]

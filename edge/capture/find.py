"""Frame -> where the sheet lies in it: many candidates, one score, then the true edges.

The score is the support of the weakest side: a sheet is one whose *worst* side is still an edge. Looks at a frame of 400 pixels for
candidates, of 800 for the score, and at the frame itself along the four sides for the exact place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.capture.candidates import Quads, edge_quads, line_quads, outline_quads, paper_planes, plausible
from edge.capture.quad import Quad, area, upright
from edge.capture.shrink import shrink, to_frame
from edge.capture.sides import refit, supports, white_level
from firmware.ports import Pixels

SMALL_SIDE: Final = 820
TINY_SIDE: Final = 410
SUPPORT_MIN: Final = 0.34  # below it the weakest side is no edge: see tests, empty desks
_CUT_SUPPORT: Final = 0.45  # believed of a side that lies outside the frame
_ENOUGH: Final = (
    0.75  # a weakest side this good needs no better: then the larger one is the sheet, not the paper beside it
)
_LARGE_SHARE: Final = 0.2  # of the frame
_AREA_WEIGHT: Final = 0.35
_BEST: Final = 4  # candidates that are fitted


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as found."""

    quad: Quad  # in frame pixels, top-left first
    support: float  # 0 to 1: the weakest side's


def find_sheet(frame: Pixels, empty_desk: Pixels | None = None) -> Sheet | None:
    """Return the sheet that lies under the camera, or None when there is none to be seen."""
    small, factor = shrink(frame, SMALL_SIDE)
    tiny, again = shrink(small, TINY_SIDE)
    white = white_level(small)
    planes = paper_planes(tiny)
    best = _best(small, to_frame(outline_quads(planes[1]), again), white, 1)
    if best is None or not _plain(best, planes[1].shape, again):
        pool = [looks(plane) for plane in planes for looks in (outline_quads, edge_quads, line_quads)]
        best = _best(small, to_frame(np.concatenate(pool), again), white, _BEST)
    if best is None or best.support < SUPPORT_MIN:
        return None
    quad = refit(frame, to_frame(best.quad, factor), reach=2.5 * factor)
    return Sheet(upright(quad), best.support)


def _plain(sheet: Sheet, tiny_shape: tuple[int, ...], again: int) -> bool:
    """Say whether the first look is good enough: four plain sides, and too large for there to be a larger sheet."""
    share = area(sheet.quad) / (tiny_shape[0] * tiny_shape[1] * again * again)
    return sheet.support > _ENOUGH and share > _LARGE_SHARE


def _best(small: Pixels, pool: Quads, white: float, fits: int) -> Sheet | None:
    pool = _distinct(pool)
    if not len(pool):
        return None
    height, width = small.shape[:2]
    order = np.argsort(-_scores(supports(small, pool, white, stations=24), pool, width * height))
    chosen = _apart(pool[order], fits, 0.012 * width)
    fitted = plausible(np.array([refit(small, quad, reach=6, stations=40) for quad in chosen]), width, height)
    if not len(fitted):
        return None
    sides = supports(small, fitted, white, stations=40)
    score = _scores(sides, fitted, width * height)
    winner = int(np.argmax(score))
    return Sheet(fitted[winner], float(np.nan_to_num(sides[winner], nan=_CUT_SUPPORT).min()))


def _apart(quads: Quads, count: int, distance: float) -> list[Quad]:
    """Return the first quads of which no two are so near each other that fitting makes them one."""
    chosen: list[Quad] = []
    for quad in quads:
        if all(np.abs(quad - other).max() > distance for other in chosen):
            chosen.append(quad)
        if len(chosen) == count:
            break
    return chosen


def _scores(sides: np.ndarray, quads: Quads, frame_area: int) -> np.ndarray:
    known = np.nan_to_num(sides, nan=_CUT_SUPPORT)
    x, y = quads[..., 0], quads[..., 1]
    area = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2 / frame_area
    weakest = np.minimum(known.min(axis=1), _ENOUGH)
    return weakest * 0.75 + known.mean(axis=1) * 0.25 + _AREA_WEIGHT * np.sqrt(np.clip(area, 0, 1))


def _distinct(quads: Quads) -> Quads:
    """Return the quads without near twins: corners within 3 pixels, in any order of corners."""
    if len(quads) < 2:
        return quads
    first = np.argmin(quads.sum(axis=-1), axis=1)
    turned = np.array([np.roll(quad, -shift, axis=0) for quad, shift in zip(quads, first, strict=True)])
    _, index = np.unique(np.rint(turned.reshape(len(quads), 8) / 3), axis=0, return_index=True)
    return turned[index]

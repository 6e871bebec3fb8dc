"""Frame -> where the sheet lies in it: many candidates, one score, then the true edges.

The score is the support of the weakest side: a sheet is one whose *worst* side is still an edge. Looks at a frame of 400 pixels for
candidates, of 800 for the score, and at the frame itself along the four sides for the exact place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.capture.candidates import Quads, edge_quads, line_quads, outline_quads, paper_planes, plausible
from edge.capture.quad import Quad, upright
from edge.capture.shrink import shrink, to_frame
from edge.capture.sides import refit, supports, white_level
from firmware.ports import Pixels

SMALL_SIDE: Final = 820
TINY_SIDE: Final = 410
SUPPORT_MIN: Final = 0.34  # below it the weakest side is no edge: see tests, empty desks
_CUT_SUPPORT: Final = 0.45  # believed of a side that lies outside the frame
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
    pool = np.concatenate([looks(plane) for plane in planes for looks in (outline_quads, edge_quads, line_quads)])
    best = _best(small, to_frame(pool, again), white)
    if best is None or best.support < SUPPORT_MIN:
        return None
    quad = to_frame(best.quad, factor)
    if factor > 1:
        quad = refit(frame, quad, reach=2.5 * factor)
    return Sheet(upright(quad), best.support)


def _best(small: Pixels, pool: Quads, white: float) -> Sheet | None:
    pool = _distinct(pool)
    if not len(pool):
        return None
    height, width = small.shape[:2]
    first = np.argsort(-_scores(supports(small, pool, white), pool, width * height))[:_BEST]
    fitted = np.array([refit(small, refit(small, quad, reach=6), reach=3) for quad in pool[first]])
    both = plausible(np.concatenate([fitted, pool[first]]), width, height)
    if not len(both):
        return None
    sides = supports(small, both, white)
    score = _scores(sides, both, width * height)
    winner = int(np.argmax(score))
    return Sheet(both[winner], float(np.nan_to_num(sides[winner], nan=_CUT_SUPPORT).min()))


def _scores(sides: np.ndarray, quads: Quads, frame_area: int) -> np.ndarray:
    known = np.nan_to_num(sides, nan=_CUT_SUPPORT)
    x, y = quads[..., 0], quads[..., 1]
    area = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2 / frame_area
    return known.min(axis=1) * 0.75 + known.mean(axis=1) * 0.25 + 0.12 * np.sqrt(np.clip(area, 0, 1))


def _distinct(quads: Quads) -> Quads:
    """Return the quads without near twins: corners within 3 pixels, in any order of corners."""
    if len(quads) < 2:
        return quads
    first = np.argmin(quads.sum(axis=-1), axis=1)
    turned = np.array([np.roll(quad, -shift, axis=0) for quad, shift in zip(quads, first, strict=True)])
    _, index = np.unique(np.rint(turned.reshape(len(quads), 8) / 3), axis=0, return_index=True)
    return turned[index]

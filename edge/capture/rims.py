"""The four sides of a sheet as smooth curves, where `sides.py` takes them for straight lines.

Comes from the small frame and the corners found in it, goes to `curl.py`. Edges are read twice: far to both sides of
the straight line for what most of them lie on, then close to that for how it runs. Says nothing unless a side surely
bows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.quad import Quad, is_convex, side_lengths
from firmware.ports import Pixels

Floats64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BOW_MIN: Final = 0.0018  # of a side: what a lens makes its middle part bow is 0.0016 and less; a whole side bows 0.003
_LOOK_MIN: Final = 0.4  # of that, by thirds of a side, for a closer look
_REACH: Final = 0.035  # of the longest side, to both sides of the straight line: twice what slight curl bows
_REACH_AGAIN: Final = 4  # small pixels
_STATIONS: Final = 44  # along a side
_ENDS: Final = 0.03  # of a side at both ends, where the next side's edge is
_ROUND: Final = 4  # stations at both ends
_ARM: Final = 3  # small pixels that are averaged on both sides of an edge
_STEP_MIN: Final = 3.0  # grey levels of an edge: less is noise
_NEAR: Final = 1.2  # small pixels from the curve: such an edge belongs to it
_SURE_MIN: Final = 0.75  # of a side's stations that must lie on a curve for the sheet to be bent
_AGREE_MIN: Final = 0.5  # the same for each of the other sides, some of which a hand may hold
_STIFF: Final = 50.0  # how unwilling the second curve is to bend: it follows a quarter of a side and no wrinkle
_UNSEEN: Final = 1e-3  # how much the first curve is believed where no edge is near it
_MOVED_MAX: Final = 0.06  # of the longest side, by which a corner may have been misplaced
_OVER: Final = 0.05  # of a side, by which its curve is gone on with at both ends

_SHARES: Final = np.linspace(_ENDS, 1 - _ENDS, _STATIONS)
_POWERS: Final = np.vander(np.linspace(-1, 1, _STATIONS), 4, increasing=True)
_THIRDS: Final = (0, _STATIONS // 3, _STATIONS - _STATIONS // 3, _STATIONS)
_TRIPLES: Final = np.array(
    list(product(*(range(start, end, 2) for start, end in zip(_THIRDS, _THIRDS[1:], strict=False))))
)
_SECOND: Final = np.diff(np.eye(_STATIONS), 2, axis=0)


@dataclass(frozen=True, slots=True)
class Rims:
    """A sheet's four sides, of which at least one bows."""

    corners: Quad
    lines: Floats64  # 4 × n × 2 points along top, right, bottom and left, each a little longer than its side


def read_rims(small: Pixels, quad: Quad) -> Rims | None:
    """Return the sides of the sheet within about these corners, in the same pixels.

    None when all of them are straight, when one of them is not to be seen, or when it is not sure that any bows.
    """
    lengths = side_lengths(quad)
    place, usable = _read(small, quad, np.zeros((4, _STATIONS)), max(8, round(_REACH * float(lengths.max()))))
    if not _may_bow(place, lengths):
        return None
    curves, agree = _curves(place, usable)
    if agree.min() < _AGREE_MIN or _bow(curves[agree > _SURE_MIN], lengths[agree > _SURE_MIN]) < BOW_MIN:
        return None
    lines = _lines(quad, curves)
    corners = _corners(lines, quad)
    if not is_convex(corners) or np.abs(corners - quad).max() > _MOVED_MAX * lengths.max():
        return None
    curves = off_sides(lines, corners, _SHARES)
    curves = _smooth(*_read(small, corners, curves, _REACH_AGAIN), curves)
    if _bow(curves, lengths) < BOW_MIN:
        return None
    lines = _lines(corners, curves)
    return Rims(_corners(lines, corners), lines)


def off_sides(lines: Floats64, quad: Quad, shares: Floats64) -> Floats64:
    """Return how far inside the quad's sides the lines run, at these shares of each, or 4 × n of them: 4 × n."""
    along, inward = np.roll(quad, -1, axis=0) - quad, inward_of(quad)
    away = lines - quad[:, None]
    at = (away * along[:, None]).sum(axis=-1) / (along**2).sum(axis=-1)[:, None]
    off = (away * inward[:, None]).sum(axis=-1)
    some = np.broadcast_to(shares, (4, shares.shape[-1]))
    return np.array([np.interp(want, here, far) for want, here, far in zip(some, at, off, strict=True)])


def inward_of(quad: Quad) -> Floats64:
    """Return the directions from the four sides into the sheet, 4 × 2 of length 1."""
    along = np.roll(quad, -1, axis=0) - quad
    return np.asarray(np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True))


def _read(small: Pixels, quad: Quad, centre: Floats64, reach: int) -> tuple[Floats64, Bools]:
    """Return how far inside each chord its edge lies, 4 × stations, within `reach` of `centre`; and which are seen."""
    height, width = small.shape[:2]
    offsets = np.arange(-reach - _ARM, reach + _ARM + 1)
    along, inward = np.roll(quad, -1, axis=0) - quad, inward_of(quad)
    at = quad[:, None] + along[:, None] * _SHARES[:, None] + inward[:, None] * centre[..., None]
    x = (at[..., 0, None] + inward[:, 0, None, None] * offsets).astype(np.float32).reshape(-1, len(offsets))
    y = (at[..., 1, None] + inward[:, 1, None, None] * offsets).astype(np.float32).reshape(-1, len(offsets))
    profiles = cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    sums = np.cumsum(profiles, axis=1, dtype=np.int32)
    arm = sums[:, _ARM:] - sums[:, :-_ARM]
    step = (arm[:, _ARM:] - arm[:, :-_ARM]).reshape(4, _STATIONS, -1, 3).astype(np.float32) / _ARM
    size = np.abs(step).max(axis=-1)
    # The way in which the colour steps where it steps most: neither a finger nor a printed line decides.
    trusted = size > np.quantile(size[:, ::3].reshape(4, -1), 0.85, axis=1)[:, None, None]
    way = np.einsum("snoc,sno->sc", step, trusted.astype(np.float32))
    way /= np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
    toward = np.einsum("snoc,sc->sno", step, way)
    best = np.clip(np.argmax(toward, axis=-1), 1, toward.shape[2] - 2)
    low, strength, high = (np.take_along_axis(toward, (best + i)[..., None], -1)[..., 0] for i in (-1, 0, 1))
    peak = 0.5 * (low - high) / np.minimum(low - 2 * strength + high, -1e-6)
    # Step k is between offset k + _ARM and the next.
    place = best - reach + 0.5 + np.clip(peak, -0.5, 0.5) + centre
    at = at + inward[:, None] * (place - centre)[..., None]
    seen = ((at > _ARM) & (at < np.array([width, height]) - 1 - _ARM)).all(axis=-1)
    floor = np.maximum(0.35 * np.median(strength, axis=1, keepdims=True), _STEP_MIN)
    return np.asarray(place, np.float64), np.asarray(seen & (strength > floor))


def _may_bow(place: Floats64, lengths: Floats64) -> bool:
    """Say whether the middle third of a side lies off the line through the outer thirds: quick, and easily deceived."""
    first, middle, last = (np.median(part, axis=1) for part in np.split(place, _THIRDS[1:3], axis=1))
    return bool((np.abs(middle - (first + last) / 2) > _LOOK_MIN * BOW_MIN * lengths).any())


def _curves(place: Floats64, usable: Bools) -> tuple[Floats64, Floats64]:
    """Return for each side the curve of third degree on which most of its edge lies, and what share of it does."""
    curves, agree = np.zeros_like(place), np.zeros(4)
    for side, (here, use) in enumerate(zip(place, usable, strict=True)):
        picks = _TRIPLES[use[_TRIPLES].all(axis=1)]
        if not len(picks):
            continue
        fits = np.linalg.solve(_POWERS[picks][..., :3], here[picks][..., None])[..., 0]
        miss = fits @ _POWERS[:, :3].T - here
        best = int(np.argmax((np.maximum(0, 1 - (miss / (2 * _NEAR)) ** 2) * use).sum(axis=1)))
        fit = np.append(fits[best], 0.0)
        for reach in (2.5, 2.0, 1.7, 1.7):
            weight = np.maximum(0, 1 - ((_POWERS @ fit - here) / (reach * _NEAR)) ** 2) * use
            if np.count_nonzero(weight) < _POWERS.shape[1]:
                break  # no curve at all: torn, or under a hand and three stations agreed by chance
            fit = np.linalg.solve((_POWERS.T * weight) @ _POWERS + np.diag([0, 0, 0.3, 1]), _POWERS.T @ (weight * here))
        else:
            curves[side] = _POWERS @ fit
            agree[side] = ((np.abs(curves[side] - here) < _NEAR) & use).mean()
    return curves, agree


def _smooth(place: Floats64, usable: Bools, centre: Floats64) -> Floats64:
    """Return the same as curves free to bend anywhere, but slowly; where no edge is seen they go on as they were."""
    curves = centre
    for _ in range(5):
        weight = np.maximum(0, 1 - ((place - curves) / (2 * _NEAR)) ** 2) * usable
        wanted = weight * place + _UNSEEN * centre
        stiff = np.eye(_STATIONS) * (weight + _UNSEEN)[:, None] + _STIFF * _SECOND.T @ _SECOND
        curves = np.asarray(np.linalg.solve(stiff, wanted[..., None])[..., 0], np.float64)
    return curves


def _bow(curves: Floats64, lengths: Floats64) -> float:
    """Return by how much the middle three quarters of any curve bow, as a share of its side: corners may be round."""
    middle = curves[:, _ROUND:-_ROUND]
    share = np.linspace(0, 1, middle.shape[1])
    off = middle - middle[:, :1] * (1 - share) - middle[:, -1:] * share
    return float((np.abs(off).max(axis=1) / lengths).max(initial=0.0))


def _lines(quad: Quad, curves: Floats64) -> Floats64:
    """Return the curves as 4 × n × 2 points of the small frame, gone on straight beyond both ends."""
    along, inward = np.roll(quad, -1, axis=0) - quad, inward_of(quad)
    step, tail = _SHARES[1] - _SHARES[0], 3
    before = curves[:, :1] - (curves[:, tail : tail + 1] - curves[:, :1]) / (tail * step) * (_ENDS + _OVER)
    after = curves[:, -1:] + (curves[:, -1:] - curves[:, -tail - 1 : -tail]) / (tail * step) * (_ENDS + _OVER)
    shares = np.concatenate([[-_OVER], _SHARES, [1 + _OVER]])
    offset = np.concatenate([before, curves, after], axis=1)
    return np.asarray(quad[:, None] + along[:, None] * shares[:, None] + inward[:, None] * offset[..., None])


def _corners(lines: Floats64, before: Quad) -> Quad:
    """Return where each side's beginning meets the end of the side before it."""
    quad = before.copy()
    for corner in range(4):
        start, end = lines[corner, 0], lines[corner - 1, -1]
        one, two = lines[corner, 1] - start, lines[corner - 1, -2] - end
        cross = one[0] * two[1] - one[1] * two[0]
        if abs(cross) > 1e-6:
            away = end - start
            quad[corner] = start + one * (away[0] * two[1] - away[1] * two[0]) / cross
    return quad

"""A sheet that does not lie quite flat: how its four sides bow, and where in the frame each place of it is seen.

The sides come from `sides.py` as straight lines. Here each is read again in the small frame, further to both sides, as
a smooth curve. `flatten.py` looks up the page's pixels where this module says.

What stands up is seen moved away from the foot of the plumb line through the lens. So a bow says how high the sheet
stands there, and this how its print is moved along the side as well, which no edge shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.quad import Quad, is_convex, side_lengths
from edge.capture.shrink import to_frame
from firmware.ports import Pixels

Floats = npt.NDArray[np.float32]
Floats64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BOW_MIN: Final = 0.003  # of a side: lenses bow by 0.0025 and less, and 0.003 of A4 is a quarter of its smallest print
_LOOK_MIN: Final = 0.25  # of that, by thirds of a side, for a closer look
_REACH: Final = 0.035  # of the longest side, to both sides of the straight line: twice what slight curl bows
_REACH_AGAIN: Final = 4  # small pixels
_STATIONS: Final = 44  # along a side
_ENDS: Final = 0.03  # of a side at both ends, where the next side's edge is
_ARM: Final = 3  # small pixels that are averaged on both sides of an edge
_NEAR: Final = 1.2  # small pixels from the curve: such an edge belongs to it
_AGREE_MIN: Final = 0.6  # of a side's stations that must lie on a curve for the curve to be believed
_STIFF: Final = 400.0  # how unwilling the second curve is to bend: it follows a third of a side and no finger
_MOVED_MAX: Final = 0.06  # of the longest side, by which a corner may have been misplaced
_FOCAL: Final = 1.1  # of the frame's longest side, as document cameras have; what a bend is longer than its chord says
_LEAN_MAX: Final = 0.6  # of the focal length, by which the plumb line may miss the frame's middle
_ASIDE: Final = 0.15  # of a side's length from the plumb line: nearer, the bow says little of the height
_OVER: Final = 0.05  # of a side, by which its curve is gone on with at both ends
_NODES: Final = 65  # places along a side at which the bend is kept

_SHARES: Final = np.linspace(_ENDS, 1 - _ENDS, _STATIONS)
_POWERS: Final = np.vander(np.linspace(-1, 1, _STATIONS), 4, increasing=True)
_TRIPLES: Final = np.array(list(product(range(0, 15, 2), range(15, 29, 2), range(29, _STATIONS, 2))))
_BENDING: Final = (lambda second: second.T @ second)(np.diff(np.eye(_STATIONS), 2, axis=0))


@dataclass(frozen=True, slots=True)
class Bend:
    """How a sheet is bent, in pixels of the frame."""

    quad: Quad  # where its corners are
    plumb: Floats64  # x, y: what stands up is seen further from here
    rises: Floats64  # top, right, bottom, left × nodes, from left to right and top to bottom: by which share further
    leaves: Floats64  # the same: pixels inward that rising does not explain
    focal: float  # pixels

    def places(self, u: Floats64, v: Floats64) -> tuple[Floats64, Floats64]:
        """Return where the frame shows the places u across and v down the sheet, each 0 to 1: x and y, v × u."""
        lengths = side_lengths(self.quad)
        across = _along_bend(u, (self.rises[0] + self.rises[2]) / 2 * self.focal / lengths[[0, 2]].mean())
        down = _along_bend(v, (self.rises[1] + self.rises[3]) / 2 * self.focal / lengths[[1, 3]].mean())
        x, y = _on_plane(_plane(self.quad), across[None, :], down[:, None])
        top, right, bottom, left = _blended(self.rises, across, down)
        rise = top + right + bottom + left
        x, y = x + rise * (x - self.plumb[0]), y + rise * (y - self.plumb[1])
        for part, inward in zip(_blended(self.leaves, across, down), _inward(self.quad), strict=True):
            x, y = x + part * inward[0], y + part * inward[1]
        return x, y


def read_bend(small: Pixels, quad: Quad, factor: int) -> Bend | None:
    """Return how the sheet within these corners of the frame is bent, or None when it is flat or nothing is sure.

    Args:
        small: the frame as `shrink` made it.
        factor: by which it is smaller.
    """
    near = (quad - (factor - 1) / 2) / factor
    lengths = side_lengths(near)
    place, usable = _read(small, near, np.zeros((4, _STATIONS)), max(8, round(_REACH * float(lengths.max()))))
    if not _may_bow(place, lengths):
        return None
    curves, agree = _curves(place, usable)
    bows = np.abs(_off_chord(curves)).max(axis=1) / lengths
    if agree.min() < _AGREE_MIN or bows.max() < BOW_MIN:
        return None
    lines = _lines(near, curves)
    corners = _corners(lines, near)
    if not is_convex(corners) or np.abs(corners - near).max() > _MOVED_MAX * lengths.max():
        return None
    centre = _relative(lines, corners, _SHARES)
    place, usable = _read(small, corners, centre, _REACH_AGAIN)
    lines = _lines(corners, _smooth(place, usable, centre))
    corners = _corners(lines, corners)
    return _bend(to_frame(lines, factor), to_frame(corners, factor), small.shape[1] * factor, small.shape[0] * factor)


def _read(small: Pixels, quad: Quad, centre: Floats64, reach: int) -> tuple[Floats64, Bools]:
    """Return how far inside each chord its edge lies, 4 × stations, within `reach` of `centre`; and which are seen."""
    height, width = small.shape[:2]
    offsets = np.arange(-reach - _ARM, reach + _ARM + 1)
    along, inward = np.roll(quad, -1, axis=0) - quad, _inward(quad)
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
    ends_x, ends_y = (part.reshape(4, _STATIONS, -1)[..., [0, -1]] for part in (x, y))
    seen = ((ends_x >= 0) & (ends_x < width) & (ends_y >= 0) & (ends_y < height)).all(axis=-1)
    floor = np.maximum(0.35 * np.median(strength, axis=1, keepdims=True), 3.0)
    return np.asarray(place, np.float64), np.asarray(seen & (strength > floor))


def _may_bow(place: Floats64, lengths: Floats64) -> bool:
    """Say whether the middle third of a side lies off the line through the outer thirds: quick, and easily deceived."""
    third = _STATIONS // 3
    first, middle, last = (np.median(part, axis=1) for part in np.split(place, [third, _STATIONS - third], axis=1))
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
            fit = np.linalg.solve((_POWERS.T * weight) @ _POWERS + np.diag([0, 0, 0.3, 1]), _POWERS.T @ (weight * here))
        curves[side] = _POWERS @ fit
        agree[side] = ((np.abs(curves[side] - here) < _NEAR) & use).mean()
    return curves, agree


def _smooth(place: Floats64, usable: Bools, centre: Floats64) -> Floats64:
    """Return the same as curves free to bend anywhere, but slowly; where no edge is seen they go on as they were."""
    curves = centre
    for _ in range(5):
        weight = np.maximum(0, 1 - ((place - curves) / (2 * _NEAR)) ** 2) * usable + 1e-3
        stiff = np.eye(_STATIONS) * weight[:, None] + _STIFF * _BENDING
        curves = np.asarray(np.linalg.solve(stiff, (weight * place)[..., None])[..., 0], np.float64)
    return curves


def _off_chord(curves: Floats64) -> Floats64:
    share = (_SHARES - _ENDS) / (1 - 2 * _ENDS)
    return np.asarray(curves - curves[:, :1] * (1 - share) - curves[:, -1:] * share)


def _lines(quad: Quad, curves: Floats64) -> Floats64:
    """Return the curves as 4 × n × 2 points of the small frame, gone on straight beyond both ends."""
    along, inward = np.roll(quad, -1, axis=0) - quad, _inward(quad)
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


def _relative(lines: Floats64, quad: Quad, shares: Floats64) -> Floats64:
    """Return how far inside the quad's sides the lines run, at these shares of each: 4 × n pixels."""
    along, inward = np.roll(quad, -1, axis=0) - quad, _inward(quad)
    away = lines - quad[:, None]
    at = (away * along[:, None]).sum(axis=-1) / (along**2).sum(axis=-1)[:, None]
    off = (away * inward[:, None]).sum(axis=-1)
    some = np.broadcast_to(shares, (4, shares.shape[-1]))
    return np.array([np.interp(want, here, far) for want, here, far in zip(some, at, off, strict=True)])


def _bend(lines: Floats64, corners: Quad, width: int, height: int) -> Bend:
    """Return what these lines, in pixels of the frame, say of the sheet within these corners."""
    focal = _FOCAL * max(width, height)
    plumb = _plumb(corners, np.array([width, height]) / 2, focal)
    share = np.linspace(0, 1, _NODES)
    x, y = _on_plane(
        _plane(corners),
        np.array([share, share * 0 + 1, share, share * 0]),
        np.array([share * 0, share, share * 0 + 1, share]),
    )
    straight = np.stack([x, y], axis=-1)
    # Bottom and left run against the way in which places are counted.
    straight[2:] = straight[2:, ::-1]
    along, inward = np.roll(corners, -1, axis=0) - corners, _inward(corners)
    lengths = np.linalg.norm(along, axis=1)
    at = ((straight - corners[:, None]) * along[:, None]).sum(axis=-1) / lengths[:, None] ** 2
    slide = ((straight - plumb) * along[:, None]).sum(axis=-1) / lengths[:, None] ** 2
    aside = ((corners - plumb) * inward).sum(axis=1)
    trust = aside**2 / (aside**2 + (_ASIDE * lengths) ** 2)
    rises = np.zeros((4, _NODES))
    for _ in range(3):
        off = _relative(lines, corners, at + rises * slide)
        off[:, [0, -1]] = 0
        both = off * aside[:, None]
        common = (both + both[[2, 3, 0, 1], ::-1]) / (aside**2 + aside[[2, 3, 0, 1]] ** 2)[:, None]
        rises = common + trust[:, None] * (off / aside[:, None] - common)
    leaves = off - rises * aside[:, None]
    rises[2:], leaves[2:] = rises[2:, ::-1], leaves[2:, ::-1]
    return Bend(corners, plumb, rises, leaves, focal)


def _plumb(quad: Quad, middle: Floats64, focal: float) -> Floats64:
    """Return where the plumb line from the lens to the sheet's plane meets the picture."""
    matrix = _plane(quad - middle)
    horizon = np.linalg.solve(matrix.T, np.array([0.0, 0.0, 1.0]))
    foot = focal**2 * horizon[:2] / horizon[2]
    return np.asarray(middle + foot * min(1.0, _LEAN_MAX * focal / max(1e-9, float(np.linalg.norm(foot)))))


def _plane(quad: Quad) -> Floats64:
    """Return the homography from the unit square to these corners."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(square, quad.astype(np.float32)), np.float64)


def _on_plane(matrix: Floats64, u: Floats64, v: Floats64) -> tuple[Floats64, Floats64]:
    x, y, scale = (row[0] * u + row[1] * v + row[2] for row in matrix)
    return x / scale, y / scale


def _inward(quad: Quad) -> Floats64:
    along = np.roll(quad, -1, axis=0) - quad
    return np.asarray(np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True))


def _blended(sides: Floats64, u: Floats64, v: Floats64) -> tuple[Floats64, ...]:
    """Return what each side says, v × u: all of it there, nothing at the side opposite."""
    top, right, bottom, left = (_at(where, side) for where, side in zip((u, v, u, v), sides, strict=True))
    return top * (1 - v[:, None]), right[:, None] * u, bottom * v[:, None], left[:, None] * (1 - u)


def _at(share: Floats64, nodes: Floats64) -> Floats64:
    """Return the value at these shares between the nodes; beyond the ends it goes on straight."""
    place = share * (len(nodes) - 1)
    low = np.clip(np.floor(place).astype(np.int64), 0, len(nodes) - 2)
    return np.asarray(nodes[low] + (place - low) * (nodes[low + 1] - nodes[low]))


def _along_bend(share: Floats64, height: Floats64) -> Floats64:
    """Return where on the chord lies what is this share of the way along the bend, whose height is in chords."""
    place = np.linspace(0, 1, len(height))
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(place), np.diff(height)))])
    nodes = np.interp(place, length / length[-1], place)
    return _at(share, nodes)

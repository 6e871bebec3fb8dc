"""How well a quad's sides stand on real edges, and where exactly those edges run.

Everything here looks at profiles: short lines of pixels across a side, from outside the sheet to inside.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.candidates import Quads
from edge.capture.levels import level_quantile, middle
from edge.capture.quad import Quad
from firmware.ports import Pixels

Floats = npt.NDArray[np.float32]
Floats64 = npt.NDArray[np.float64]

_ENDS: Final = 0.04  # of a side at both ends: corners are round on cards, and dog-eared
_GROUND_MAX: Final = 0.16  # by which desks beside the four sides may differ, of the paper's light
_BESIDE: Final = np.linspace(0.06, 0.3, 8, dtype=np.float32)  # of a side, from its corner: what lies beside it there
_BEYOND: Final = np.linspace(0.03, 0.12, 8, dtype=np.float32)  # of a side, beyond its corner
_TOLD_APART: Final = 0.15  # of white, by which the two grounds differ at least
_ALIKE: Final = 0.06  # of white, by which each may differ beyond the corner from what it is before it
_RUNS_ON: Final = 0.8  # of what lies beyond
_OUTWARD: Final = np.arange(1.5, 9.0, 1.0, dtype=np.float32)  # pixels to either side, where the frame's rim is near
_RIM_STATIONS: Final = 40
_RIM_SHARE: Final = 0.12  # of a side, that shows no desk before the rim
_STEP_SHARE: Final = 0.04  # of white: a step this high is half believed


@dataclass(frozen=True, slots=True)
class Looks:
    """How n quads look along their sides."""

    support: Floats64  # n × 4, 0 to 1; NaN for a side of which over half lies outside the frame
    tints: Floats64  # n, 0 to 2: by how much the sides differ in colour inside; 0.2 when one runs over wood
    grounds: Floats64  # n: by how much they differ in what lies outside, as a share of the paper's light


def white_level(small: Pixels) -> float:
    """Return how bright white is in this frame, 1 to 255: contrasts are judged against it, so that dusk is no fault."""
    some = small[::4, ::4]
    brightest = np.maximum(np.maximum(some[..., 0], some[..., 1]), some[..., 2])
    return max(1.0, level_quantile(brightest, 0.97))


def supports(small: Pixels, quads: Quads, white: float, *, stations: int = 40) -> Looks:
    """Return how these quads look along their sides.

    A station supports its side when the mean colour of a strip inside differs from that of a strip outside, in the
    way in which it does along the whole side. A printed rule has paper on both sides and supports nothing.
    """
    arm = _arm(small)
    outside, inside, seen = _strips(small, quads, range(-arm - 1, -1), range(2, arm + 2), stations)
    outer, inner = outside.mean(axis=-2), inside.mean(axis=-2)
    step = (inner - outer) / white
    step[~seen] = 0
    way = np.median(step, axis=2)
    way /= np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
    height_of = np.maximum(0, (step * way[:, :, None, :]).sum(axis=-1))
    believed = height_of / (height_of + _STEP_SHARE)
    count = seen.sum(axis=2)
    support = believed.sum(axis=2) / np.maximum(count, 1)
    # Paper is nearly always lighter than what it lies on; a block of print is darker than its margin.
    support = support * np.where(way.sum(axis=-1) < 0, 0.8, 1.0)
    support = np.where(count > stations / 2, support, np.nan)
    within = np.median(inner, axis=2) + 4
    tints = within / within.sum(axis=-1, keepdims=True)
    differing = (tints.max(axis=1) - tints.min(axis=1)).sum(axis=-1)
    beyond = np.median(outer, axis=2) + 4
    left = np.where((count > stations / 2)[..., None], beyond / within, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a quad of which no side is in the frame has no ground
        grounds = (np.nanmax(left, axis=1) - np.nanmin(left, axis=1)).max(axis=-1)
    return Looks(support, differing.astype(np.float64), np.nan_to_num(grounds).astype(np.float64))


def running_on(small: Pixels, quads: Quads, white: float) -> npt.NDArray[np.int64]:
    """Return how many of each quad's sides run on beyond a corner, between the same two colours: n of 0 to 4.

    Where a sheet ends both of its sides end. A side that runs on says that the next one is a line of print, a photo's
    edge or a shadow on a larger sheet.
    """
    arm = _arm(small)
    ends = []
    for near, far in ((_BESIDE, -_BEYOND), (1 - _BESIDE, 1 + _BEYOND)):
        outer, inner, _ = _strips_at(small, quads, arm, near)
        out_there, in_there, seen = _strips_at(small, quads, arm, far)
        usual_out, usual_in = (np.median(part, axis=2, keepdims=True) for part in (outer, inner))
        plain = np.abs(usual_in - usual_out).max(axis=-1) > _TOLD_APART * white
        alike = (np.abs(in_there - usual_in).max(axis=-1) < _ALIKE * white) & (
            np.abs(out_there - usual_out).max(axis=-1) < _ALIKE * white
        )
        ends.append((alike & seen).mean(axis=2) * plain[..., 0])
    return np.asarray((np.maximum(*ends) > _RUNS_ON).sum(axis=1))


def at_rim(small: Pixels, quad: Quad, white: float) -> npt.NDArray[np.bool_]:
    """Say beyond which of the four sides the same paper goes on as far as the frame's rim, along a part of it at least.

    Where a sheet leaves the frame at a slant, a part of its true side is still seen; a line fitted to that and to
    noise runs inside the sheet.
    """
    height, width = small.shape[:2]
    x, y = _stations(quad[None], np.concatenate([-_OUTWARD, _OUTWARD]), _RIM_STATIONS)
    seen = ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))[0]
    columns = np.clip(np.rint(x), 0, width - 1).astype(np.int32)[0]
    rows = np.clip(np.rint(y), 0, height - 1).astype(np.int32)[0]
    colours = small[rows, columns].astype(np.float32)
    outside, beyond = seen[..., : len(_OUTWARD), None], seen[..., : len(_OUTWARD)].sum(axis=-1)
    outer = (colours[..., : len(_OUTWARD), :] * outside).sum(axis=-2) / np.maximum(1, beyond)[..., None]
    inner = np.median(colours[..., len(_OUTWARD) :, :], axis=(1, 2))[:, None]
    alike = (np.abs(outer - inner).max(axis=-1) < _ALIKE * white) | (beyond == 0)
    return np.asarray((alike & (beyond < len(_OUTWARD))).mean(axis=1) > _RIM_SHARE)


def same_ground(small: Pixels, quad: Quad) -> bool:
    """Say whether the same thing, against the paper, lies outside all four sides: one desk, in whatever light.

    Where three sides end at the desk and the fourth at its own sheet's shaded part, the fourth has more light outside.
    """
    arm = _arm(small)
    outside, inside, _ = _strips(small, quad[None], range(-arm - 1, -1), range(2, arm + 2), 24)
    left = np.median((outside[0] + 1).mean(axis=-2) / (inside[0] + 1).mean(axis=-2), axis=1)
    return float((left.max(axis=0) - left.min(axis=0)).max()) < _GROUND_MAX


def steps_across(small: Pixels, quad: Quad, white: float) -> Floats:
    """Return by how much of white the grounds beyond the edges differ, inside from outside: 4 of 0 to 1.

    A joint between tiles and a line on a mat are strong edges with the same ground on both of their sides.
    """
    arm = _arm(small)
    outside, inside, _ = _strips(small, quad[None], range(-2 * arm - 2, -arm), range(arm, 2 * arm + 2), 40)
    beyond, within = (np.median(strip.reshape(4, -1, 3), axis=1) for strip in (outside, inside))
    return np.asarray(np.abs(beyond - within).max(axis=-1) / white, np.float32)


def _arm(small: Pixels) -> int:
    """Return how wide the strip beside an edge is that tells its colour, pixels."""
    return int(max(3, round(max(small.shape[:2]) / 130)))


def _strips_at(small: Pixels, quads: Quads, arm: int, shares: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return the colours beside each side, outside and inside, at these shares of its length: n × 4 × shares × 3."""
    outside, inside, seen = _strips(small, quads, range(-arm - 1, -1), range(2, arm + 2), shares)
    return outside.mean(axis=-2), inside.mean(axis=-2), seen


def _strips(
    small: Pixels, quads: Quads, outside: range, inside: range, stations: int | Floats
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Return the colours at these distances outside and inside of each side, n × 4 × stations × distances × 3.

    And at which stations all of them lie in the frame; elsewhere its rim is repeated.
    """
    height, width = small.shape[:2]
    x, y = _stations(quads.reshape(-1, 4, 2), np.array([*outside, *inside], np.float32), stations)
    seen = ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).all(axis=-1)
    columns = np.clip(np.rint(x), 0, width - 1).astype(np.int32)
    rows = np.clip(np.rint(y), 0, height - 1).astype(np.int32)
    colours = small.reshape(-1, 3)[rows * width + columns].astype(np.float32)
    return colours[..., : len(outside), :], colours[..., len(outside) :, :], seen


def refit(picture: Pixels, quad: Quad, reach: float, *, stations: int = 64) -> Quad:
    """Return the quad with each side moved onto the strongest edge within `reach` pixels, by a robust line.

    A side whose edge is not to be seen (outside the frame, under a hand) stays where it was.
    """
    height, width = picture.shape[:2]
    step = max(0.5, reach / 12)
    arm = 3
    count = int(np.ceil(reach / step)) + arm
    offsets = (np.arange(-count, count + 1) * step).astype(np.float32)
    x, y = (part[0] for part in _stations(quad[None], offsets, stations))
    seen = ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).all(axis=-1)
    flat = (4 * stations, len(offsets))
    profiles = cv2.remap(picture, x.reshape(flat), y.reshape(flat), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    offset, usable = _edge_offsets(
        profiles.reshape(4, stations, len(offsets), 3).astype(np.float32), seen, offsets, arm
    )
    lines = []
    for side in range(4):
        start, end = quad[side], quad[(side + 1) % 4]
        fit = _robust_line(np.nonzero(usable[side])[0].astype(np.float64), offset[side][usable[side]], step)
        lines.append(_through(start, end) if fit is None else _moved(start, end, fit, stations))
    return _corners_of(np.array(lines), quad)


def _edge_offsets(
    profiles: Floats, seen: npt.NDArray[np.bool_], offsets: Floats, arm: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return where on each profile the step lies, 4 × stations, and which of them are worth believing."""
    sums = np.zeros((*profiles.shape[:2], len(offsets) + 1, 3), np.float32)
    np.cumsum(profiles, axis=2, out=sums[:, :, 1:])
    outer = (sums[:, :, arm:-arm] - sums[:, :, : -2 * arm]) / arm
    inner = (sums[:, :, 2 * arm :] - sums[:, :, arm:-arm]) / arm
    step = inner - outer  # at the border between pixels arm - 1 and arm, arm and arm + 1 …
    # Which way a side's colour steps: the mean over its strongest third, so that neither finger nor blank decides.
    size = np.abs(step).sum(axis=-1)
    trusted = np.where(seen[..., None] & (size > np.quantile(size, 0.7, axis=(1, 2), keepdims=True)), 1.0, 0.0)
    way = (step * trusted[..., None]).sum(axis=(1, 2))
    way /= np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
    along = step.reshape(len(step), -1, 3) @ way[..., None].astype(np.float32)
    toward = np.maximum(0, along.reshape(step.shape[:3]))
    spacing = float(offsets[1] - offsets[0])
    where = offsets[arm - 1 : -arm - 1] + spacing / 2
    best = np.argmax(toward[..., : len(where)], axis=-1)
    inside = np.clip(best, 1, len(where) - 2)
    low, strength, high = (np.take_along_axis(toward, (inside + i)[..., None], -1)[..., 0] for i in (-1, 0, 1))
    # A parabola through the peak and its neighbours: a quarter of a pixel is worth a fifth of a millimetre.
    bend = np.minimum(low - 2 * strength + high, -1e-6)
    offset = where[inside] + np.clip(0.5 * (low - high) / bend, -0.5, 0.5) * spacing
    floor = np.array([middle(row[use]) if use.any() else 1.0 for row, use in zip(strength, seen, strict=True)])
    usable = seen & (best == inside) & (strength > np.maximum(0.35 * floor, 1e-3)[:, None])
    return offset.astype(np.float64), usable


def _robust_line(
    station: npt.NDArray[np.float64], offset: npt.NDArray[np.float64], step: float
) -> tuple[float, float] | None:
    """Return slope and base of offset over station so that a minority (a finger, a shadow's rim) does not count.

    None when fewer than 10 agree: then there is no line.
    """
    if len(station) < 10:
        return None
    first, second = _pairs(len(station))
    slopes = (offset[second] - offset[first]) / (station[second] - station[first])
    bases = offset[first] - slopes * station[first]
    reach = 2 * max(0.75, 1.5 * step)
    misses = np.abs(slopes[:, None] * station + bases[:, None] - offset)
    best = int(np.argmax(np.maximum(0, 1 - misses / reach).sum(axis=1)))
    slope, base = float(slopes[best]), float(bases[best])
    if (misses[best] < reach).sum() < max(8, 0.3 * len(station)):
        return None
    for _ in range(3):
        weight = np.maximum(0, 1 - ((slope * station + base - offset) / reach) ** 2)
        total = weight.sum()
        if (weight > 0).sum() < 6:
            return None
        at, off = (weight @ station) / total, (weight @ offset) / total
        spread = weight @ (station - at) ** 2
        slope = float(weight @ ((station - at) * (offset - off)) / max(spread, 1e-9))
        base = float(off - slope * at)
    return slope, base


def _pairs(count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return index pairs, each far apart, the same ones every time: a line through near points says nothing."""
    index = np.arange(count)
    gaps = sorted({max(1, count // 3), max(1, count // 2), max(1, 2 * count // 3)})
    return np.concatenate([index[:-gap] for gap in gaps]), np.concatenate([index[gap:] for gap in gaps])


def _moved(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], fit: tuple[float, float], stations: int
) -> npt.NDArray[np.float64]:
    """Return the side moved inward by slope · station + base."""
    along = end - start
    inward = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
    slope, base = fit
    one = start + along * _ENDS + inward * base
    two = start + along * (1 - _ENDS) + inward * (base + slope * (stations - 1))
    return _through(one, two)


def _stations(quads: Quads, offsets: Floats, stations: int | Floats) -> tuple[Floats, Floats]:
    """Return x and y, each n × 4 × stations × offsets: points along each side and across it, positive offsets inside.

    `stations`: how many along the whole side, or at which shares of its length.
    """
    start = quads.astype(np.float32)
    along = np.roll(start, -1, axis=1) - start
    length = np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6)
    unit = along / length
    share = np.linspace(_ENDS, 1 - _ENDS, stations, dtype=np.float32) if isinstance(stations, int) else stations
    x = start[..., None, 0] + along[..., None, 0] * share
    y = start[..., None, 1] + along[..., None, 1] * share
    # The corners run clockwise on the screen, where y points down: inside is to the right of the way.
    return (
        x[..., None] - unit[..., None, 1][..., None] * offsets,
        y[..., None] + unit[..., None, 0][..., None] * offsets,
    )


def _through(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    along = end - start
    normal = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
    return np.array([normal[0], normal[1], float(normal @ start)])


def _corners_of(lines: npt.NDArray[np.float64], before: Quad) -> Quad:
    """Return where each side meets the one before it; a corner that runs away keeps its old place."""
    quad = before.copy()
    for corner in range(4):
        one, two = lines[corner - 1], lines[corner]
        cross = one[0] * two[1] - one[1] * two[0]
        if abs(cross) > 0.2:
            quad[corner] = (
                (one[2] * two[1] - one[1] * two[2]) / cross,
                (one[0] * two[2] - one[2] * two[0]) / cross,
            )
    return quad

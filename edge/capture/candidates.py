"""A small frame -> many quads that might be the sheet. Generous: `find.py` scores them, so a wrong one costs little.

Three ways that fail in different weather: the outline of what is brighter than the desk, the outlines that edges draw,
and long straight lines wherever they come from (a finger breaks an outline, never a line).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from firmware.ports import Pixels

Plane: TypeAlias = npt.NDArray[np.uint8]
"""One channel of a small frame."""
Quads: TypeAlias = npt.NDArray[np.float64]
"""n × 4 × 2, clockwise."""
Lines: TypeAlias = npt.NDArray[np.float64]
"""n × 3: a·x + b·y = c with (a, b) of length 1."""

AREA_SHARE_MIN: Final = 0.009  # of the frame: an identity card in the corner of a wide view has 0.03
_EDGES_MAX: Final = 7  # of one outline, longest first
_LINES_MAX: Final = 9  # of one polarity
_SIDE_SHARE_MIN: Final = 0.05  # of the frame's longest side


def paper_planes(tiny: Pixels) -> list[Plane]:
    """Return the frame as brightness and as whiteness (the darkest of the three colours), with print filled in.

    White paper is bright in all three colours, wood and skin are not. Closing takes text, rules and seals away and
    leaves the sheet's rim where it is.
    """
    gray = cv2.cvtColor(tiny, cv2.COLOR_BGR2GRAY)
    white = np.minimum(np.minimum(tiny[..., 0], tiny[..., 1]), tiny[..., 2])
    return [_closed(gray), _closed(white)]


def tint_plane(tiny: Pixels) -> Plane:
    """Return how far each pixel's colour is from the usual one: a blue card on a brown desk, both dark."""
    lab = cv2.cvtColor(tiny, cv2.COLOR_BGR2Lab)
    apart = [cv2.absdiff(lab[..., i], np.full(tiny.shape[:2], np.median(lab[::4, ::4, i]), np.uint8)) for i in (1, 2)]
    return _closed(cv2.convertScaleAbs(cv2.max(*apart), alpha=3))


def changed_plane(tiny: Pixels, empty: Pixels) -> Plane:
    """Return how much each pixel differs from the empty desk, 255 the most, with print filled in."""
    # The lamp or the camera's exposure may have changed as a whole: what most of the rim says is taken out.
    rim = np.concatenate([np.arange(0, 6), np.arange(-6, 0)])
    now, then = tiny[:, rim].astype(np.float32).mean(), empty[:, rim].astype(np.float32).mean()
    level = cv2.convertScaleAbs(empty, alpha=float(np.clip(now / max(then, 1.0), 0.5, 2.0)))
    difference = cv2.absdiff(tiny, level).max(axis=2)
    top = max(1.0, float(np.percentile(difference, 99)))
    return _closed(cv2.convertScaleAbs(difference, alpha=255 / top))


def _closed(plane: Plane) -> Plane:
    reach = max(3, max(plane.shape) // 40)
    # Padded first: else a narrow strip of desk between sheet and frame would be filled as well.
    padded = cv2.copyMakeBorder(plane, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * (reach // 2) + 1,) * 2)
    closed: Plane = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[reach:-reach, reach:-reach]
    calm: Plane = cv2.GaussianBlur(closed, (3, 3), 0)
    return calm


def outline_quads(plane: Plane) -> Quads:
    """Return quads along the outline of what Otsu's threshold calls bright."""
    level, mask = cv2.threshold(plane, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    masks = [mask]
    # Where desk and paper are alike, Otsu cuts between shadow and light; the next cut, within the bright, finds paper.
    bright = plane[plane > level]
    if bright.size > 0.02 * plane.size:
        higher, _ = cv2.threshold(bright.reshape(1, -1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        masks.append(cv2.threshold(plane, higher, 255, cv2.THRESH_BINARY)[1])
    return _joined(_contour_quads(mask, plane.size) for mask in masks)


def edge_quads(plane: Plane) -> Quads:
    """Return quads along the outlines that Canny's edges draw at three levels of sensitivity."""
    return _joined(_contour_quads(cv2.dilate(edges, np.ones((3, 3), np.uint8)), plane.size) for edges in _edges(plane))


def line_quads(plane: Plane) -> Quads:
    """Return quads of the strongest straight lines: each edge pixel votes once, for the line across its own gradient.

    A line knows on which side it is bright; so the four sides of a sheet are four lines that are all bright inside, or
    all dark inside, and a printed rule, being both, is no good partner.
    """
    height, width = plane.shape
    lines = _voted_lines(plane)
    found = []
    for bright_inside in (1.0, -1.0):
        # Sides turned so that (a, b) points into the sheet.
        sides = lines * bright_inside
        found.append(_quads_of_lines(sides, width, height, inward=True))
    return _joined(found)


def _edges(plane: Plane) -> Iterator[Plane]:
    across, down = cv2.spatialGradient(plane)
    strength = np.abs(across) + np.abs(down)
    top = float(np.percentile(strength, 99.0))
    for share in (0.6, 0.3, 0.12):
        high = max(12.0, share * top)
        yield cv2.Canny(across, down, high * 0.4, high)


def _contour_quads(mask: Plane, frame_area: int) -> Quads:
    """Return quads made of any four long sides of any large outline: a finger adds sides, and takes none away."""
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    large = sorted(contours, key=_box_area, reverse=True)[:4]
    found = []
    for contour in large:
        if _box_area(contour) < AREA_SHARE_MIN * frame_area:
            break
        perimeter = cv2.arcLength(contour, True)
        shapes = [
            cv2.approxPolyDP(shape, max(1.5, 0.008 * perimeter), True).reshape(-1, 2)
            for shape in (contour, cv2.convexHull(contour))
        ]
        # A plain sheet is its own hull.
        same = set(map(tuple, shapes[0].tolist())) == set(map(tuple, shapes[1].tolist()))
        for outline in shapes[: 1 if same else 2]:
            if len(outline) >= 4:
                sides = _long_sides(outline.astype(np.float64))
                found.append(_quads_of_lines(sides, mask.shape[1], mask.shape[0], inward=False))
    return _joined(found)


def _box_area(contour: npt.NDArray[np.int32]) -> float:
    _, _, width, height = cv2.boundingRect(contour)
    return float(width * height)


def _long_sides(outline: npt.NDArray[np.float64]) -> Lines:
    ends = np.roll(outline, -1, axis=0)
    along = ends - outline
    lengths = np.linalg.norm(along, axis=1)
    longest = np.argsort(-lengths)[: _EDGES_MAX + 4]
    longest = longest[lengths[longest] > 2]
    normals = np.column_stack([-along[longest, 1], along[longest, 0]]) / lengths[longest, None]
    lines = np.column_stack([normals, (normals * outline[longest]).sum(axis=1)])
    kept: list[npt.NDArray[np.float64]] = []
    for line, point in zip(lines, (outline + ends)[longest] / 2, strict=True):
        # Two pieces of one side, broken by a finger, are one side.
        if all(abs(line[:2] @ other[:2]) < 0.995 or abs(other[:2] @ point - other[2]) > 4 for other in kept):
            kept.append(line)
    return np.array(kept[:_EDGES_MAX]).reshape(-1, 3)


def _voted_lines(plane: Plane) -> Lines:
    height, width = plane.shape
    across, down = cv2.spatialGradient(plane)
    strength = np.abs(across) + np.abs(down)
    high = max(12.0, 0.12 * float(np.percentile(strength[::3, ::3], 99.0)))
    rows, columns = np.nonzero(cv2.Canny(across, down, high * 0.4, high))
    gx, gy = across[rows, columns].astype(np.float64), down[rows, columns].astype(np.float64)
    steepness = np.hypot(gx, gy)
    angle = np.arctan2(gy, gx)
    reach = int(np.hypot(width, height)) + 2
    turns = 180  # of 2°
    turn = np.round(angle / (2 * np.pi) * turns).astype(np.int64) % turns
    # The vote's angle is rounded, and the distance with it: spread over the neighbours by blurring afterwards.
    exact = turn * (2 * np.pi / turns)
    distance = np.round(columns * np.cos(exact) + rows * np.sin(exact)).astype(np.int64) + reach
    weight = np.minimum(steepness, np.percentile(steepness, 80) if steepness.size else 1.0)
    votes = np.bincount(turn * (2 * reach) + distance, weights=weight, minlength=turns * 2 * reach)
    table = votes.reshape(turns, 2 * reach).astype(np.float32)
    table = cv2.GaussianBlur(np.vstack([table[-3:], table, table[:3]]), (7, 5), 0)[3:-3]
    lines = []
    for _ in range(2 * _LINES_MAX):
        _, peak, _, (at, turn_at) = cv2.minMaxLoc(table)
        if peak <= 0:
            break
        theta = turn_at * (2 * np.pi / turns)
        lines.append((np.cos(theta), np.sin(theta), float(at - reach)))
        for row in range(turn_at - 4, turn_at + 5):
            table[row % turns, max(0, at - 6) : at + 7] = 0
    return np.array(lines).reshape(-1, 3)


def _quads_of_lines(lines: Lines, width: int, height: int, *, inward: bool) -> Quads:
    """Return the plausible quads that any four of these lines enclose.

    `inward` lines point into the sheet: opposite ones then point against each other, and this is asked for.
    """
    if len(lines) < 4:
        return np.empty((0, 4, 2))
    pairs = []
    for i, j in combinations(range(len(lines)), 2):
        facing = float(lines[i, :2] @ lines[j, :2])
        if (-facing if inward else abs(facing)) > 0.82:
            pairs.append((i, j))
    fours = [(i, k, j, m) for (i, j), (k, m) in combinations(pairs, 2) if len({i, j, k, m}) == 4]
    if not fours:
        return np.empty((0, 4, 2))
    sides = lines[np.array(fours)]  # n × 4 × 3, going round
    after = np.roll(sides, -1, axis=1)
    cross = sides[..., 0] * after[..., 1] - sides[..., 1] * after[..., 0]
    sane = np.abs(cross).min(axis=1) > 0.5
    sides, after, cross = sides[sane], after[sane], cross[sane]
    x = (sides[..., 2] * after[..., 1] - sides[..., 1] * after[..., 2]) / cross
    y = (sides[..., 0] * after[..., 2] - sides[..., 2] * after[..., 0]) / cross
    quads = np.stack([x, y], axis=-1)
    if inward:
        middle = quads.mean(axis=1)
        within = (sides[..., :2] * middle[:, None, :]).sum(axis=-1) - sides[..., 2]
        quads = quads[(within > 0).all(axis=1)]
    return plausible(quads, width, height)


def plausible(quads: Quads, width: int, height: int) -> Quads:
    """Return those that are convex, large enough and not far outside the frame; all turned clockwise."""
    if not len(quads):
        return quads
    x, y = quads[..., 0], quads[..., 1]
    signed = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2
    quads = np.where((signed < 0)[:, None, None], quads[:, ::-1], quads)
    sides = np.roll(quads, -1, axis=1) - quads
    lengths = np.linalg.norm(sides, axis=2)
    after = np.roll(sides, -1, axis=1)
    turning = sides[..., 0] * after[..., 1] - sides[..., 1] * after[..., 0]
    sines = turning / np.maximum(lengths * np.roll(lengths, -1, axis=1), 1e-9)
    x, y = quads[..., 0], quads[..., 1]
    rim = 0.12 * max(width, height)
    inside = (x > -rim) & (x < width + rim) & (y > -rim) & (y < height + rim)
    across = np.roll(lengths, 2, axis=1)
    opposite = np.minimum(lengths, across) / np.maximum(np.maximum(lengths, across), 1e-9)
    good = (
        (sines > 0.6).all(axis=1)
        & (np.abs(signed) > AREA_SHARE_MIN * width * height)
        & (np.abs(signed) < 0.985 * width * height)
        & inside.all(axis=1)
        & (lengths.min(axis=1) > _SIDE_SHARE_MIN * max(width, height))
        & (opposite.min(axis=1) > 0.5)
    )
    kept: Quads = quads[good]
    return kept


def _joined(parts: Iterable[Quads]) -> Quads:
    return np.concatenate([np.empty((0, 4, 2)), *parts])

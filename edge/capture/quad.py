"""Four corners: the one shape that finding, flattening and the live outline hand to each other.

Corners are top-left, top-right, bottom-right, bottom-left of the sheet, as x, y in pixels of the frame; a pixel's
centre has whole coordinates. A corner may lie outside the frame: a sheet that is cut off still has it.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Corners: TypeAlias = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]
Quad: TypeAlias = npt.NDArray[np.float64]
"""The same as an array of 4 × 2, for calculating."""


A4_ASPECT: Final = 297 / 210
CARD_ASPECT: Final = 85.6 / 54
_FOCALS: Final = (0.7, 1.0, 1.5, 3.0)  # of the frame's longest side: from a wide document camera to a telephone
ASPECT_TOLERANCE: Final = 0.055  # as a ratio: the two are 0.12 apart


def as_corners(quad: Quad) -> Corners:
    """Return the array's corners as plain numbers, for messages and pages."""
    a, b, c, d = ((float(x), float(y)) for x, y in quad)
    return a, b, c, d


def area(quad: Quad) -> float:
    """Return the signed area in square pixels: positive when the corners run clockwise on the screen."""
    x, y = quad[:, 0], quad[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def side_lengths(quad: Quad) -> npt.NDArray[np.float64]:
    """Return the lengths of top, right, bottom and left, in pixels."""
    lengths: npt.NDArray[np.float64] = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return lengths


def is_convex(quad: Quad) -> bool:
    """Say whether the corners run clockwise round a convex shape without a corner that is nearly flat."""
    edges = np.roll(quad, -1, axis=0) - quad
    lengths = np.linalg.norm(edges, axis=1)
    if float(lengths.min()) < 1.0:
        return False
    after = np.roll(edges, -1, axis=0)
    sines = (edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]) / (lengths * np.roll(lengths, -1))
    return bool((sines > 0.35).all())


def upright(quad: Quad) -> Quad:
    """Return the same corners, clockwise, beginning with the one that makes the first side the topmost.

    The sheet is taken to lie within 45° of upright: only its print can say more (see `turn.py`).
    """
    if area(quad) < 0:
        quad = quad[::-1]
    edges = np.roll(quad, -1, axis=0) - quad
    first = int(np.argmax(edges[:, 0] / np.maximum(np.linalg.norm(edges, axis=1), 1e-9)))
    return np.roll(quad, -first, axis=0)


def has_known_shape(quad: Quad, width: int, height: int) -> bool:
    """Say whether the sheet, seen in a frame of this size, has the proportions of A4 or of an identity card."""
    return is_a4(quad, width, height) or is_card(quad, width, height)


def is_a4(quad: Quad, width: int, height: int) -> bool:
    """Say whether the sheet, seen in a frame of this size, has the proportions of A4."""
    return _has_aspect(quad, width, height, A4_ASPECT)


def is_card(quad: Quad, width: int, height: int) -> bool:
    """Say the same of an identity card's."""
    return _has_aspect(quad, width, height, CARD_ASPECT)


def _has_aspect(quad: Quad, width: int, height: int, wanted: float) -> bool:
    aspect = true_aspect(quad, width, height)
    return abs(max(aspect, 1 / aspect) / wanted - 1) < ASPECT_TOLERANCE


def skews(quads: npt.NDArray[np.float64], width: int, height: int) -> npt.NDArray[np.float64]:
    """Return for n quads how far each is from any rectangle on the desk: 0 for one, 0.5 when its corners are 30° off.

    The cosine of the true corner, under whichever of the usual focal lengths makes it least. Sides of two different
    sheets seldom meet at right angles, however good each of them is.
    """
    away = (quads - np.array([width / 2, height / 2])) / max(width, height)
    m1, m2, m4, m3 = np.moveaxis(np.concatenate([away, np.ones((*away.shape[:2], 1))], axis=2), 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        beside = _cross(m1, m4)
        k2 = _dot(beside, m3) / _dot(_cross(m2, m4), m3)
        k3 = _dot(beside, m2) / _dot(_cross(m3, m4), m2)
        across, down = k2[:, None] * m2 - m1, k3[:, None] * m3 - m1
        cosines = []
        for focal in _FOCALS:
            one, two = (side * np.array([1 / focal, 1 / focal, 1.0]) for side in (across, down))
            cosines.append(np.abs(_dot(one, two)) / np.sqrt(_dot(one, one) * _dot(two, two)))
    return np.asarray(np.nan_to_num(np.min(cosines, axis=0), nan=1.0), np.float64)


def _cross(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return n × 3, as numpy's own does for few vectors in a third of the time."""
    (ax, ay, az), (bx, by, bz) = one.T, two.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def _dot(one: npt.NDArray[np.float64], two: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((one * two).sum(axis=-1))


def true_aspect(quad: Quad, width: int, height: int) -> float:
    """Return width / height of the flat sheet that is seen as this quad in a frame of this size.

    The lens is taken to look through the frame's middle with square pixels; then the two pairs of vanishing points
    give the focal length, and with it the aspect (Zhang and He, "Whiteboard scanning", 2007). Seen nearly straight
    on, where the focal length cannot be known, the sides' mean lengths are as good.
    """
    top, right, bottom, left = side_lengths(quad)
    plain = float((top + bottom) / max(right + left, 1e-9))
    points = np.column_stack([quad - np.array([width / 2, height / 2]), np.ones(4)])
    m1, m2, m4, m3 = points
    try:
        beside = _cross(m1, m4)
        k2 = np.dot(beside, m3) / np.dot(_cross(m2, m4), m3)
        k3 = np.dot(beside, m2) / np.dot(_cross(m3, m4), m2)
    except ZeroDivisionError:
        return plain
    n2, n3 = k2 * m2 - m1, k3 * m3 - m1
    depth = n2[2] * n3[2]
    if not np.isfinite(depth) or abs(depth) < 1e-9:
        return plain
    focal_squared = -(n2[0] * n3[0] + n2[1] * n3[1]) / depth
    longest = max(width, height)
    # A document camera's lens is between 0.5 and 4 frame widths: outside that the estimate is noise.
    if not (0.5 * longest) ** 2 < focal_squared < (4 * longest) ** 2:
        return plain
    weight = np.array([1 / focal_squared, 1 / focal_squared, 1.0])
    aspect = float(np.sqrt(np.dot(n2 * n2, weight) / np.dot(n3 * n3, weight)))
    return aspect if 0.8 < aspect / plain < 1.25 else plain

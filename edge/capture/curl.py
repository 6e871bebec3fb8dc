"""A sheet that does not lie quite flat: from how its sides bow, where in the frame each place of it is seen.

Comes from `rims.py`, goes to `flatten.py`, which looks up the page's pixels there.

What stands up is seen moved away from the foot of the plumb line through the lens. So a bow says how high the sheet
stands there, and this how its print is moved along the side as well, which no edge shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.capture.quad import Quad, side_lengths
from edge.capture.rims import Floats64, Rims, inward_of, off_sides, read_rims
from edge.capture.shrink import to_frame
from firmware.ports import Pixels

_FOCAL: Final = 0.85  # of the frame's longest side: a Pi camera has 0.74, document cameras up to 1.1; it matters little
_LEAN_MAX: Final = 0.6  # of the focal length, by which the plumb line may miss the frame's middle
_SLANTED: Final = 0.2  # of the bow of the sides that bow most: so much at the others, and it is a corner that stands up
_ASIDE: Final = 0.15  # of a side's length: nearer to the plumb line a side bows little however high it stands
_NODES: Final = 65  # places along a side at which the bend is kept
_OPPOSITE: Final = [2, 3, 0, 1]


@dataclass(frozen=True, slots=True)
class Bend:
    """How a sheet is bent, in pixels of the frame."""

    quad: Quad  # where its corners are
    plumb: Floats64  # x, y: what stands up is seen further from here
    rises: Floats64  # top, right, bottom, left × nodes, from left to right and top to bottom: by which share further
    leaves: Floats64  # the same: pixels inward that rising does not explain
    across: Floats64  # how high the sheet stands over its chord, of its width, at nodes from left to right
    down: Floats64  # the same of its height, from top to bottom

    def places(self, u: Floats64, v: Floats64) -> tuple[Floats64, Floats64]:
        """Return where the frame shows the places u across and v down the sheet, each 0 to 1: x and y, v × u."""
        u, v = _on_chord(u, self.across), _on_chord(v, self.down)
        x, y = _on_plane(_plane(self.quad), u[None, :], v[:, None])
        rise = sum(_faded(self.rises, u, v))
        x, y = x + rise * (x - self.plumb[0]), y + rise * (y - self.plumb[1])
        for part, inward in zip(_faded(self.leaves, u, v), inward_of(self.quad), strict=True):
            x, y = x + part * inward[0], y + part * inward[1]
        return x, y


def read_bend(small: Pixels, quad: Quad, factor: int) -> Bend | None:
    """Return how the sheet within these corners of the frame is bent, or None when it is flat or nothing is sure.

    Args:
        small: the frame as `shrink` made it.
        quad: in pixels of the frame itself.
        factor: by which `small` is smaller.
    """
    rims = read_rims(small, (quad - (factor - 1) / 2) / factor)
    if rims is None:
        return None
    height, width = small.shape[:2]
    return _bend(Rims(to_frame(rims.corners, factor), to_frame(rims.lines, factor)), width * factor, height * factor)


def _bend(rims: Rims, width: int, height: int) -> Bend:
    """Return what these rims, in pixels of a frame of this size, say."""
    corners = rims.corners
    focal = _FOCAL * max(width, height)
    plumb = _plumb(corners, np.array([width, height]) / 2, focal)
    straight = _straight_sides(corners)
    along, inward, lengths = np.roll(corners, -1, axis=0) - corners, inward_of(corners), side_lengths(corners)
    at = _shares(straight - corners[:, None], along)
    rises = np.zeros((4, _NODES))
    for _ in range(3):  # what rises moves along the side as well, and with it the place at which to read its bow
        off = off_sides(rims.lines, corners, at + rises * _shares(straight - plumb, along))
        off[:, [0, -1]] = 0
        aside = ((corners - plumb) * inward).sum(axis=1)
        rises = (off + off[_OPPOSITE, ::-1]) / (aside + aside[_OPPOSITE])[:, None]
        bows = np.abs(off[:2]).max(axis=1) + np.abs(off[2:]).max(axis=1)
        if bows.min() < _SLANTED * bows.max():
            # Rolled: both bowed sides stand equally high, and the one that bows more is farther from the plumb line.
            side = int(np.argmax(bows))
            true_aside = (off[side] @ rises[side]) / (rises[side] @ rises[side])
            plumb = plumb + (aside[side] - true_aside) * inward[side]
        else:
            free = (_ASIDE * lengths) ** 2
            rises = (rises * free[:, None] + off * aside[:, None]) / (aside**2 + free)[:, None]
    leaves = off - rises * ((corners - plumb) * inward).sum(axis=1)[:, None]
    rises, leaves = _counted(rises), _counted(leaves)
    across, down = ((rises[i] + rises[i + 2]) / 2 * focal / lengths[[i, i + 2]].mean() for i in (0, 1))
    return Bend(corners, plumb, rises, leaves, across, down)


def _straight_sides(corners: Quad) -> Floats64:
    """Return where the nodes of a flat sheet's sides are seen, 4 × nodes × 2, going round."""
    share, none = np.linspace(0, 1, _NODES), np.zeros(_NODES)
    u, v = np.array([share, none + 1, share[::-1], none]), np.array([none, share, none + 1, share[::-1]])
    return np.stack(_on_plane(_plane(corners), u, v), axis=-1)


def _shares(away: Floats64, along: Floats64) -> Floats64:
    """Return the part of 4 × n × 2 vectors that lies along the sides, as shares of their lengths."""
    return np.asarray((away * along[:, None]).sum(axis=-1) / (along**2).sum(axis=-1)[:, None])


def _counted(sides: Floats64) -> Floats64:
    """Return bottom and left the other way round: from left to right and from top to bottom."""
    return np.concatenate([sides[:2], sides[2:, ::-1]])


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


def _faded(sides: Floats64, u: Floats64, v: Floats64) -> tuple[Floats64, ...]:
    """Return what each side says, v × u: all of it there, nothing of it at the side opposite."""
    top, right, bottom, left = (_at(at, side) for at, side in zip((u, v, u, v), sides, strict=True))
    return top * (1 - v[:, None]), right[:, None] * u, bottom * v[:, None], left[:, None] * (1 - u)


def _at(share: Floats64, nodes: Floats64) -> Floats64:
    """Return the value at these shares between the nodes; beyond the ends it goes on straight."""
    place = share * (len(nodes) - 1)
    low = np.clip(np.floor(place).astype(np.int64), 0, len(nodes) - 2)
    return np.asarray(nodes[low] + (place - low) * (nodes[low + 1] - nodes[low]))


def _on_chord(share: Floats64, height: Floats64) -> Floats64:
    """Return where on the chord lies what is this share of the way along the bend, whose height is in chords."""
    place = np.linspace(0, 1, len(height))
    length = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(place), np.diff(height)))])
    nodes = np.interp(place, length / length[-1], place)
    return _at(share, nodes)

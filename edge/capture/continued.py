"""A found sheet -> whether it goes on beyond one of its sides, out of the frame. For `find.py`.

A line of print or a photo's edge may pass for the side of a sheet whose true side was not seen. Then its two
neighbours go on beyond it, as edges, as far as the frame's rim; a desk has nothing that continues both.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from edge.capture.quad import Quad
from edge.capture.sides import supports
from firmware.ports import Pixels

_SUPPORT_MIN: Final = 0.6  # of each of the two, beyond the side
_SHARE_MIN: Final = 0.03  # of the frame's longest side: shorter, and a desk's grain may look like it
_OUT: Final = 3.0  # pixels beyond the rim


def continued(small: Pixels, quad: Quad, white: float) -> Quad | None:
    """Return the quad as far as the frame's rim when the sheet goes on beyond one side; None when it ends there.

    Args:
        small: the small frame.
        quad: as found in it, clockwise.
        white: as `sides.white_level` says.
    """
    height, width = small.shape[:2]
    for side in range(4):
        near = quad[side], quad[(side + 1) % 4]
        ways = near[0] - quad[side - 1], near[1] - quad[(side + 2) % 4]
        reach = [_to_rim(start, way, width, height) for start, way in zip(near, ways, strict=True)]
        lengths = [share * float(np.linalg.norm(way)) for share, way in zip(reach, ways, strict=True)]
        if min(lengths) < _SHARE_MIN * max(height, width):
            continue
        far = [
            start + way * (share + _OUT / max(1.0, float(np.linalg.norm(way))))
            for start, way, share in zip(near, ways, reach, strict=True)
        ]
        beyond = np.array([near[0], far[0], far[1], near[1]])
        looks = supports(small, beyond[None], white, stations=40).support[0]
        if not np.isnan(looks[[0, 2]]).any() and min(looks[0], looks[2]) >= _SUPPORT_MIN:
            whole = quad.copy()
            whole[side], whole[(side + 1) % 4] = far
            return whole
    return None


def _to_rim(start: Quad, way: Quad, width: int, height: int) -> float:
    """Return how many times its own length a way goes on from here to the frame's rim; 0 when it is out already."""
    shares = [
        ((limit if step > 0 else 0.0) - float(place)) / float(step)
        for place, step, limit in zip(start, way, (width - 1.0, height - 1.0), strict=True)
        if abs(step) > 1e-6
    ]
    return max(0.0, min(shares, default=0.0))

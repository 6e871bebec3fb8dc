"""When a locked exposure no longer fits: looks at previews and says when the light must be learned anew. Pure.

A camera that measures the light anew for every sheet makes white paper grey and a dark card glaring; so exposure is
learned once and held (ADR 0054). Lamps go on, the sun comes round: several frames in a row far too dark or burnt out,
and the camera may measure again.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from firmware.ports import Pixels

DARK_BELOW: Final = 70  # the brightest hundredth of the picture: even an empty desk is lighter when the light is on
BURNT_ABOVE: Final = 250
BURNT_SHARE_MAX: Final = 0.35  # of the picture: half a desk of white paper, well exposed, has next to none
_IN_A_ROW: Final = 4
_REST_SECONDS: Final = 30.0  # a dark room stays dark; not learned for ever


class LightWatch:
    """Remembers how many frames in a row were badly lit. For one camera, from one thread."""

    def __init__(self) -> None:
        self._bad = 0
        self._rest_until = 0.0

    def locked(self, now: float) -> None:
        """The exposure has just been locked."""
        self._bad = 0
        self._rest_until = now + _REST_SECONDS

    def must_learn(self, preview: Pixels, now: float) -> bool:
        """Say whether the light has changed so much that it must be learned anew. `now` in seconds, monotonic."""
        self._bad = self._bad + 1 if badly_lit(preview) else 0
        return self._bad >= _IN_A_ROW and now >= self._rest_until


def badly_lit(preview: Pixels) -> bool:
    """Return whether a frame is far too dark, or burnt out over much of its area."""
    green = preview[::4, ::4, 1]
    if float(np.percentile(green, 99)) < DARK_BELOW:
        return True
    return float(np.mean(green >= BURNT_ABOVE)) > BURNT_SHARE_MAX

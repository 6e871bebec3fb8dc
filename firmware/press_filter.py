"""Tell a press from the chatter of its contact: edges with their times in, presses out. For panels; knows no clock.

A contact that closes or opens chatters for some milliseconds (1 to 20 as a rule; 50 is our bound, of the port). Waiting
until it is quiet would lose a tap that is shorter than the wait, and a plain "ignore what follows a press" would count
the chatter of letting go after a long hold as a second press. So: a press counts at its first closing edge, at once,
if the contact was quiet for 50 ms before, whatever it was before: then a lost edge loses no press either.
"""

from __future__ import annotations

from typing import Final

QUIET_SECONDS: Final = 0.05


class PressFilter:
    """One button's contact."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._quiet_seconds = quiet_seconds
        self._edge_at: float | None = None

    def edge(self, closed: bool, at: float) -> bool:
        """Take one edge of the contact, at a time in seconds of any one clock; return whether it is a new press.

        Two presses with less than 50 ms between letting go and pressing again are one: no finger does that.
        """
        before, self._edge_at = self._edge_at, at
        # A time before the last one: the clock was set, the edge is new.
        quiet = before is None or not 0 <= at - before < self._quiet_seconds
        return closed and quiet

"""What the unit's own board finds -> one event for each part that has changed. Served by a DeviceThread like a device.

A finding is told under "board.<part>", so that several are shown together, on the console and in central.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.devices import BOARD
from edge.events import DeviceChecked, Event
from firmware.ports import BoardHealth, BoardPart, board_trouble


class BoardReporter:
    """The board as a device that is checked: what it finds goes out part by part. From one thread."""

    def __init__(self, board: BoardHealth, put: Callable[[Event], None]) -> None:
        self._board = board
        self._put = put
        self._said: dict[BoardPart, str] = {}

    @property
    def simulated(self) -> bool:
        return self._board.simulated

    def check(self) -> None:
        """Look at the board and tell what has changed since the last time.

        Raises:
            BoardTrouble: the board does not tell; what was said of its parts stands.
        """
        found = {finding.part: finding for finding in self._board.findings()}
        for part in BoardPart:
            finding = found.get(part)
            code = finding.code if finding is not None else ""
            if code != self._said.get(part, ""):
                self._said[part] = code
                error = board_trouble(finding) if finding is not None else None
                self._put(DeviceChecked(f"{BOARD}.{part.value}", error))

    def close(self) -> None:
        self._board.close()

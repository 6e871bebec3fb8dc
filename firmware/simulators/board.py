"""Drop-in for drivers/board.py: a board in good health, with faults that can be switched on. Never a fallback.

The switches change the readings; what is made of them is the real judging.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Final

from firmware.board_health import UNDER_VOLTAGE, BoardReadings, judge
from firmware.ports import BoardFinding, BoardTrouble, board_trouble
from firmware.simulators.faults import FaultSwitches

_GIB: Final = 1 << 30
HEALTHY: Final = BoardReadings(
    temperature_celsius=52.0,
    throttled=0,
    under_voltage=False,
    card_errors=0,
    card_written_bytes=200 * _GIB,
    space_bytes=29 * _GIB,
    free_bytes=21 * _GIB,
    inodes=1_900_000,
    free_inodes=1_700_000,
    memory_bytes=4 * _GIB,
    memory_available_bytes=3 * _GIB,
    clock_synchronised=True,
    clock_year=2026,
    has_rtc=False,
    up_seconds=7200.0,
    load_per_core=0.2,
)
_CHANGES: Final[Mapping[str, dict[str, Any]]] = {
    "hot": {"temperature_celsius": 83.0},
    "under_voltage": {"throttled": UNDER_VOLTAGE, "under_voltage": True},
    "card_errors": {"card_errors": 12},
    "space_low": {"free_bytes": 2 * _GIB},
    "memory_low": {"memory_available_bytes": _GIB // 4},
    "clock_unsynchronised": {"clock_synchronised": False},
    "overloaded": {"load_per_core": 2.5},
}
FAULTS: Final[Mapping[str, str]] = {
    "hot": "装置过热",
    "under_voltage": "供电不足",
    "card_errors": "存储卡读写错误",
    "space_low": "存储空间不足",
    "memory_low": "内存紧张",
    "clock_unsynchronised": "时钟没有对时",
    "overloaded": "装置一直很忙",
    "unreadable": "读不到装置状态",
}


class SimulatedBoard:
    """装置本身."""

    simulated = True

    def __init__(self) -> None:
        self.faults = FaultSwitches("board", FAULTS)

    def findings(self) -> tuple[BoardFinding, ...]:
        if self.faults.on("unreadable"):
            raise BoardTrouble("the board does not tell how it is (simulated)")
        readings = HEALTHY
        for fault, change in _CHANGES.items():
            if self.faults.on(fault):
                readings = replace(readings, **change)
        return judge(readings)

    def check(self) -> None:
        for finding in sorted(self.findings(), key=lambda each: each.severity):  # "bad" before "warning"
            raise board_trouble(finding)

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> SimulatedBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

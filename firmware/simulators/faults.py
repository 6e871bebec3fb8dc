"""The switches that make a simulated device fail: each simulator names its own, the console and the tests turn them.

Nothing here knows a device; a simulator asks `on(...)` at the moment at which the real one would fail.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from broker.errors import Refused


class FaultUnknown(Refused, LookupError):
    """No simulated device, or no fault of it, has that name. Nothing was switched."""

    code = "fault-unknown"
    notice = "没有这个模拟设备或故障。"


@dataclass(frozen=True, slots=True)
class FaultState:
    """One switch as the console shows it."""

    device: str  # "scanner", "document_camera" … as in the unit's settings
    fault: str  # "unplugged", "hung" …
    title: str  # Chinese, for the console
    on: bool


class FaultSwitches:
    """The faults of one simulated device. All are off at first; may be turned from any thread."""

    def __init__(self, device: str, titles: Mapping[str, str]) -> None:
        self.device = device
        self._titles = dict(titles)
        self._on: set[str] = set()
        self._changed = threading.Condition()

    def set(self, fault: str, on: bool) -> None:
        """Switch one fault.

        Raises:
            FaultUnknown: this device has no such fault.
        """
        if fault not in self._titles:
            raise FaultUnknown(f"a simulated {self.device} has the faults {', '.join(self._titles)}")
        with self._changed:
            if on:
                self._on.add(fault)
            else:
                self._on.discard(fault)
            self._changed.notify_all()

    def clear(self) -> None:
        """Switch every fault off."""
        with self._changed:
            self._on.clear()
            self._changed.notify_all()

    def on(self, fault: str) -> bool:
        assert fault in self._titles, f"{self.device} asks for a fault that it does not name"
        with self._changed:
            return fault in self._on

    def hang(self, fault: str, seconds_max: float) -> None:
        """Stand still while `fault` is on, but no longer than `seconds_max`."""
        with self._changed:
            self._changed.wait_for(lambda: fault not in self._on, timeout=seconds_max)

    def states(self) -> tuple[FaultState, ...]:
        """Return every switch in the order in which the simulator names them."""
        with self._changed:
            return tuple(FaultState(self.device, name, title, name in self._on) for name, title in self._titles.items())

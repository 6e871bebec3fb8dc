"""Drop-in for drivers/panel.py: buttons pressed by a call, lamps that can be looked at. Never a fallback."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final

from firmware.ports import Button, DeviceError, DeviceMissing, Lamp, LampState
from firmware.simulators.faults import FaultSwitches

log = logging.getLogger(__name__)

FAULTS: Final[Mapping[str, str]] = {
    "unplugged": "按钮板没有接好",
    "dead": "按钮按了没有反应",
}


class SimulatedPanel:
    """Buttons and lamps. A press reaches the callback from the panel's own thread, as a wired one does."""

    simulated = True

    def __init__(self) -> None:
        self.faults = FaultSwitches("panel", FAULTS)
        self._lock = threading.Lock()
        self._lamps: dict[Lamp, LampState] = dict.fromkeys(Lamp, "off")
        self._callback: Callable[[Button], None] | None = None
        self._presses: queue.SimpleQueue[Button | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._call_back, name="simulated-panel", daemon=True)
        self._thread.start()

    def check(self) -> None:
        if self.faults.on("unplugged"):
            raise DeviceMissing("the panel is unplugged (simulated)")

    def on_press(self, callback: Callable[[Button], None]) -> None:
        with self._lock:
            self._callback = callback

    def set_lamp(self, lamp: Lamp, state: LampState) -> None:
        self.check()
        with self._lock:
            self._lamps[lamp] = state

    # What the console and the tests do.

    def press(self, button: Button) -> None:
        """Press and let go one button. The callback comes once, from the panel's own thread."""
        if not (self.faults.on("unplugged") or self.faults.on("dead")):
            self._presses.put(button)

    def lamps(self) -> dict[Lamp, LampState]:
        """Return what each lamp shows now."""
        with self._lock:
            return dict(self._lamps)

    def close(self) -> None:
        self._presses.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=3.0)

    def __enter__(self) -> SimulatedPanel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call_back(self) -> None:
        while (button := self._presses.get()) is not None:
            with self._lock:
                callback = self._callback
            if callback is None:
                continue
            try:
                callback(button)
            except DeviceError as error:
                log.warning("a press was not carried out: %s", error)

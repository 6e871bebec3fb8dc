"""Drop-in for drivers/document_camera_*.py: sees what lies on the simulated desk. Never a fallback."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final

from firmware.ports import CameraMissing, CameraNotReady, Frame
from firmware.simulators import desk_faults
from firmware.simulators.desk import Desk, Size
from firmware.simulators.faults import FaultSwitches

FAULTS: Final[Mapping[str, str]] = {
    "unplugged": "高拍仪拔掉了",
    "hung": "高拍仪卡住（最长3秒）",
    "half_frame": "只传来半幅画面",
    **desk_faults.FAULTS,
}
HANG_SECONDS_MAX: Final = 3.0


class SimulatedDocumentCamera:
    """高拍仪 over the simulated desk."""

    simulated = True

    def __init__(self, desk: Desk) -> None:
        self.faults = FaultSwitches("document_camera", FAULTS)
        self._desk = desk
        self._closed = False

    def check(self) -> None:
        self._must_answer(1.0)

    def photograph(self, timeout_seconds: float = 3.0) -> Frame:
        return self._take("photograph", timeout_seconds)

    def preview(self, timeout_seconds: float = 1.0) -> Frame:
        return self._take("preview", timeout_seconds)

    def close(self) -> None:
        self._closed = True

    def __enter__(self) -> SimulatedDocumentCamera:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, size: Size, timeout_seconds: float) -> Frame:
        self._must_answer(timeout_seconds)
        faults = frozenset(fault for fault in desk_faults.FAULTS if self.faults.on(fault))
        return Frame(self._desk.frame(size, faults), time.monotonic_ns() // 1_000_000, simulated=True)

    def _must_answer(self, timeout_seconds: float) -> None:
        if self._closed or self.faults.on("unplugged"):
            raise CameraMissing("the document camera is unplugged (simulated)")
        if self.faults.on("hung"):
            self.faults.hang("hung", min(timeout_seconds, HANG_SECONDS_MAX))
            if self.faults.on("hung"):
                raise CameraNotReady(f"no frame within {timeout_seconds:g} s (simulated)")
        if self.faults.on("half_frame"):
            # What a driver meets is a cut JPEG, and it gives no half paper on.
            raise CameraNotReady("the frame was cut off (simulated)")

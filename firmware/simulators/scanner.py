"""Drop-in for drivers/scanner_*.py: a gun that images a picture and reads it with pyzbar. Never a fallback.

Pictures come in by `present`; what was read goes through the same `ScanAssembly` as a wired gun's bytes. There is
no way to hand it a text: a code is read from its pixels or not at all.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final

import cv2
import numpy as np
from pyzbar import pyzbar

from firmware.ports import Pixels, Scan, ScannerMissing
from firmware.scan_assembly import SCAN_CHARACTERS_MAX, ScanAssembly
from firmware.simulators.faults import FaultSwitches

FAULTS: Final[Mapping[str, str]] = {
    "unplugged": "扫描枪拔掉了",
    "silent": "扫描枪没有反应",
    "half": "只传来半段",
    "garbage": "传来乱码",
    "overlong": "传来过长的内容",
    "hung": "扫描枪卡住（最长3秒）",
}
HANG_SECONDS_MAX: Final = 3.0
# A gun's own sensor: some 1.3 megapixels. A photograph is seen at that size, then twice as large if nothing was read.
_IMAGER_SIDES: Final = (1280, 2560)
_SYMBOLOGIES: Final = {"QRCODE": "qr", "CODE128": "code128"}


class SimulatedScanner:
    """扫描枪 that sees what is held before it."""

    simulated = True

    def __init__(self) -> None:
        self.faults = FaultSwitches("scanner", FAULTS)
        self._changed = threading.Condition()
        self._assembly = ScanAssembly()
        self._symbology = ""
        self._rng = np.random.default_rng(1)
        self._closed = False

    def check(self) -> None:
        self._must_be_there()
        with self._changed:
            self._assembly.pass_time(_now_ms())
            self._assembly.must_end()

    def read(self, timeout_seconds: float = 0.5) -> Scan | None:
        self._must_be_there()
        if self.faults.on("hung"):
            self.faults.hang("hung", HANG_SECONDS_MAX)
            self._must_be_there()
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while not self._closed:
                self._assembly.pass_time(_now_ms())
                text = self._assembly.next_scan()
                if text is not None:
                    return Scan(text, self._symbology, _now_ms())
                left = deadline - time.monotonic()
                if left <= 0:
                    self._assembly.must_end()
                    return None
                self._changed.wait(left)
        raise ScannerMissing("the scanner gun was closed")

    # What the console and the tests do.

    def present(self, picture: Pixels) -> bool:
        """Hold a picture before the gun and pull the trigger; return whether it beeped, that is: read a code.

        Of several codes the one nearest to the middle is read, as a gun's aiming light has it.
        """
        if self.faults.on("unplugged") or self.faults.on("silent"):
            return False
        found = _read_code(picture)
        if found is None:
            return False
        symbology, data = found
        with self._changed:
            self._symbology = symbology
            self._assembly.feed(self._as_sent(data), _now_ms())
            self._changed.notify_all()
        return True

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __enter__(self) -> SimulatedScanner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _must_be_there(self) -> None:
        if self.faults.on("unplugged") or self._closed:
            raise ScannerMissing("the scanner gun is unplugged (simulated)")

    def _as_sent(self, data: bytes) -> bytes:
        """Return what comes over the wire, spoiled by the fault that is switched on."""
        if self.faults.on("half"):
            return data[: max(1, len(data) // 2)]  # and no CR
        if self.faults.on("garbage"):
            return self._rng.bytes(64) + b"\r"
        if self.faults.on("overlong"):
            return b"9" * (SCAN_CHARACTERS_MAX + 1) + b"\r"
        return data + b"\r"


def _read_code(picture: Pixels) -> tuple[str, bytes] | None:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    for side in _IMAGER_SIDES:
        scale = min(1.0, side / max(grey.shape))
        seen = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
        codes = pyzbar.decode(seen, symbols=[pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128])
        if codes:
            middle = (seen.shape[1] / 2, seen.shape[0] / 2)
            nearest = min(codes, key=lambda code: math.dist(middle, _middle_of(code.rect)))
            return _SYMBOLOGIES[nearest.type], bytes(nearest.data)
        if scale == 1:
            break
    return None


def _middle_of(rect: pyzbar.Rect) -> tuple[float, float]:
    return rect.left + rect.width / 2, rect.top + rect.height / 2


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000

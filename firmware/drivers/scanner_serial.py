"""扫描枪 as a USB serial line (USB-CDC) or on RS-232, by pyserial: no keyboard layout, no input method, no focused box.

The preferred way of wiring a gun (ADR 0016). A configuration barcode of the maker's booklet switches the gun to it.
Bytes go to `scan_assembly.py`; the port's promise is kept by `scanner_gun.py`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.drivers.scanner_gun import ScannerGun, now_ms
from firmware.drivers.serial_line import SerialLine
from firmware.scan_assembly import Encoding, Suffix


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands beside `kind = "serial"` in `[devices.scanner]`."""

    port: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]  # best under /dev/serial/by-id/
    baud: Annotated[int, msgspec.Meta(ge=1200, le=921_600)] = 9600  # USB-CDC takes any
    suffix: Suffix = "enter"  # CR, LF or both; "tab" takes TAB as well
    encoding: Encoding = "utf-8"  # as the gun sends Chinese; for tickets both are the same


class SerialScanner(ScannerGun):
    """扫描枪 on a serial line."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.suffix, settings.encoding)
        self._line = SerialLine(settings.port, settings.baud)
        self._looked_ms = 0  # when the line was last seen empty, or emptied

    def _open(self) -> bool:
        opened = self._line.open()
        if opened:
            self._looked_ms = now_ms()
        return opened

    def _take(self, wait_seconds: float) -> bool:
        # What lies there already came at some time since the last look: a busy unit must not take its own delay for
        # the gun's silence and cut a whole scan in two.
        came_ms, data = self._looked_ms, self._line.read(4096, 0.0)
        if not data and wait_seconds > 0:
            data = self._line.read(4096, wait_seconds)
            came_ms = now_ms()
        self._looked_ms = now_ms()
        if data:
            self._assembly.feed(data, came_ms)
        return bool(data)

    def _shut(self) -> None:
        self._line.close()


def open_device(settings: Settings) -> SerialScanner:
    """Return the gun, also when it is not plugged in at the moment."""
    scanner = SerialScanner(settings)
    scanner.open_if_there()
    return scanner

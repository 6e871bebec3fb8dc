"""One serial line by pyserial, 8N1: opened when it is there, closed when it is gone, opened anew when it is back.

Used by the serial scanner gun and the ID card reader (as its `ByteStream`). Give the path under /dev/serial/by-id/: the
number in /dev/ttyACM0 changes with the order of plugging in.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from firmware.drivers.device_nodes import hung_up, same_place, wait_readable

if TYPE_CHECKING:
    import serial

WRITE_SECONDS_MAX: Final = 1.0


class SerialLine:
    """Bytes both ways. Every method raises OSError when the line is gone; the line is then closed and may be opened."""

    def __init__(self, port: str, baud: int) -> None:
        self._path = port
        self._baud = baud
        self._port: serial.Serial | None = None
        self._real_path = ""

    def open(self) -> bool:
        """Open the line if it is not open, or no longer the device at its path; return whether it was opened anew.

        What came before the opening is thrown away: it may be half of something.

        Raises:
            OSError: it is not there, taken by another program, or forbidden (`device_nodes.cause_of`).
        """
        if self._port is not None:
            if same_place(self._path, self._real_path) and not hung_up(self._port.fileno()):
                return False
            self.close()
        import serial  # imported when opened: a unit without a serial device needs no pyserial

        real_path = os.path.realpath(self._path)
        # exclusive: two programs on one line would each get a part of every scan.
        self._port = serial.Serial(self._path, self._baud, timeout=0, write_timeout=WRITE_SECONDS_MAX, exclusive=True)
        self._real_path = real_path
        return True

    def read(self, bytes_max: int, timeout_seconds: float) -> bytes:
        """Return what is there, at least one byte, or nothing when none came in time."""
        port = self._opened()
        try:
            if not wait_readable([port.fileno()], timeout_seconds):
                return b""
            data = bytes(port.read(bytes_max))
        except OSError:
            self.close()
            raise
        if not data:
            self.close()
            raise OSError(errno.ENODEV, "the serial line hung up")
        return data

    def write(self, data: bytes) -> None:
        """Send it all, within 1 s."""
        port = self._opened()
        try:
            port.write(data)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _opened(self) -> serial.Serial:
        if self._port is None:
            raise OSError(errno.ENODEV, "the serial line is not open")
        return self._port

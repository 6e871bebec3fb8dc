"""号票打印机 on a serial line or USB-serial, by python-escpos. The promise is kept by `escpos_printer.py`."""

from __future__ import annotations

import errno
import os
import termios
import time
from contextlib import suppress
from typing import Annotated, Any, Final

import msgspec

from firmware.drivers.device_nodes import hung_up, same_place, wait_readable
from firmware.drivers.escpos_printer import SLIP_SECONDS_MAX, WRITE_SECONDS_MAX, EscposPrinter, PrinterSettings
from firmware.ports import PrinterFailed
from firmware.slip_escpos import escpos_printers

LINE_SECONDS_MAX: Final = 30.0  # a resident waits no longer for one slip; 28 kB at 9600 baud
_BITS_A_BYTE: Final = 10  # 8N1
_LOOK_SECONDS: Final = 0.1  # between two looks whether the line is still there and has let its bytes go


class Settings(PrinterSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands beside `kind = "serial"` in `[devices.ticket_printer]`."""

    port: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]  # best under /dev/serial/by-id/
    baud: Annotated[int, msgspec.Meta(ge=1200, le=921_600)] = 9600
    # How the printer holds the line while its buffer is full: as its own switches say, and the cable has the wires.
    rtscts: bool = False
    xonxoff: bool = False  # no answer to DLE EOT or GS r is one of its two characters
    hardware_flow: bool = False  # refused: it meant DSR/DTR, which Linux does not have

    def __post_init__(self) -> None:
        if self.hardware_flow:
            raise ValueError(
                "hardware_flow (DSR/DTR) does nothing on Linux: set the printer and this unit to rtscts or xonxoff"
            )
        if self.rtscts and self.xonxoff:
            raise ValueError("a line is held by rtscts or by xonxoff, not by both")


class LineTooSlow(PrinterFailed):
    """The slip would take the line over half a minute. Nothing of it was sent."""

    code = "printer-line-slow"
    notice = "打印机的串口速率太低，这张小票传不完，请技术员把打印机和设置中的 baud 一起改为 19200 以上。"


class SerialTicketPrinter(EscposPrinter):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._settings = settings
        self._real_path = ""
        self._sent_at = 0.0  # when the line will have carried all that was written, by its baud rate

    def _open(self) -> Any:
        settings = self._settings
        # Asked first: python-escpos reports every failure alike, and a permission is not a cable.
        os.close(os.open(settings.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        self._real_path = os.path.realpath(settings.port)
        printer = escpos_printers().Serial(
            settings.port, baudrate=settings.baud, timeout=0, dsrdtr=False, xonxoff=settings.xonxoff
        )
        from escpos.exceptions import DeviceNotFoundError  # after escpos_printers: its import has side effects

        try:
            printer.open()
            printer.device.exclusive = True
            printer.device.rtscts = settings.rtscts  # python-escpos does not offer it
            self._sent_at = 0.0
        except DeviceNotFoundError as error:
            raise OSError(errno.EIO, "the printer's line cannot be opened") from error
        except OSError:
            printer.close()
            raise
        return printer

    def _gone(self, printer: Any) -> bool:
        return not same_place(self._settings.port, self._real_path) or hung_up(printer.device.fileno())

    def _patience(self, printer: Any, seconds: float) -> None:
        printer.device.write_timeout = seconds

    def _must_fit(self, data: bytes) -> None:
        seconds = self._seconds_of(data)
        if seconds > LINE_SECONDS_MAX:
            raise LineTooSlow(f"{len(data)} bytes take {seconds:.0f} s at {self._settings.baud} baud")

    def _write(self, data: bytes, seconds_max: float = WRITE_SECONDS_MAX) -> None:
        # The kernel takes more than the line has carried: a write that has returned has sent nothing yet.
        seconds = self._seconds_of(data)
        self._sent_at = max(self._sent_at, time.monotonic()) + seconds
        super()._write(data, seconds + seconds_max)

    def _await_sent(self, printer: Any) -> None:
        held_until = self._sent_at + SLIP_SECONDS_MAX  # the printer may hold the line while it prints
        while (left := self._sent_at - time.monotonic()) > 0 or printer.device.out_waiting:
            if time.monotonic() > held_until:
                raise PrinterFailed("the printer holds the line and takes no more bytes")
            time.sleep(min(_LOOK_SECONDS, left) if left > 0 else _LOOK_SECONDS)
            if self._gone(printer):
                raise OSError(errno.ENODEV, "the printer's line hung up")

    def _seconds_of(self, data: bytes) -> float:
        return len(data) * _BITS_A_BYTE / self._settings.baud

    def _shut(self, printer: Any, *, broken: bool) -> None:
        if broken:
            # The kernel waits half a minute at closing for bytes that a printer does not take.
            with suppress(OSError, termios.error):
                printer.device.reset_output_buffer()
        # python-escpos drains the line before it closes it: on one that was unplugged that fails, with an error that is
        # no OSError, and the line stays open. The kernel drains at closing, too.
        printer.device.close()
        printer.close()

    def _read(self, printer: Any, timeout_seconds: float) -> bytes:
        if not wait_readable([printer.device.fileno()], timeout_seconds):
            return b""
        data = bytes(printer.device.read(64))
        if not data:
            raise OSError(errno.ENODEV, "the printer's line hung up")
        return data


def open_device(settings: Settings) -> SerialTicketPrinter:
    """Return the printer, also when it is not there at the moment."""
    return SerialTicketPrinter(settings)

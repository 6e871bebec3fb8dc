"""号票打印机 on a serial line or USB-serial, by python-escpos. The promise is kept by `escpos_printer.py`."""

from __future__ import annotations

import errno
import os
from typing import Annotated, Any, Final

import msgspec

from firmware.drivers.device_nodes import hung_up, same_place, wait_readable
from firmware.drivers.escpos_printer import EscposPrinter, PrinterSettings
from firmware.slip_escpos import escpos_printers

WRITE_SECONDS_MAX: Final = 5.0  # a long slip at 9600 baud takes two seconds


class Settings(PrinterSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands beside `kind = "serial"` in `[devices.ticket_printer]`."""

    port: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]  # best under /dev/serial/by-id/
    baud: Annotated[int, msgspec.Meta(ge=1200, le=921_600)] = 9600
    hardware_flow: bool = False  # DSR/DTR, where the cable has the wires


class SerialTicketPrinter(EscposPrinter):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._settings = settings
        self._real_path = ""

    def _open(self) -> Any:
        settings = self._settings
        # Asked first: python-escpos reports every failure alike, and a permission is not a cable.
        os.close(os.open(settings.port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        self._real_path = os.path.realpath(settings.port)
        printer = escpos_printers().Serial(
            settings.port, baudrate=settings.baud, timeout=0, dsrdtr=settings.hardware_flow
        )
        from escpos.exceptions import DeviceNotFoundError  # after escpos_printers: its import has side effects

        try:
            printer.open()
            printer.device.write_timeout = WRITE_SECONDS_MAX
            printer.device.exclusive = True
        except DeviceNotFoundError as error:
            raise OSError(errno.EIO, "the printer's line cannot be opened") from error
        except OSError:
            printer.close()
            raise
        return printer

    def _gone(self, printer: Any) -> bool:
        return not same_place(self._settings.port, self._real_path) or hung_up(printer.device.fileno())

    def _shut(self, printer: Any) -> None:
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

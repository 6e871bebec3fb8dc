"""号票打印机 on the network (raw port 9100), by python-escpos. The promise is kept by `escpos_printer.py`.

Connected for each slip and let go after it: such printers serve one connection at a time, and drop idle ones.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Annotated, Any, Final

import msgspec

from firmware.drivers.escpos_printer import EscposPrinter, PrinterMissing, PrinterSettings
from firmware.slip_escpos import escpos_printers

CONNECT_SECONDS_MAX: Final = 0.5  # in the hall's own network; the questions of a check want the rest of its second


class Settings(PrinterSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands beside `kind = "network"` in `[devices.ticket_printer]`."""

    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253)]  # the printer's fixed IP address
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9100

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            # A name is looked up by the system, which may take half a minute over it and cannot be hurried.
            raise ValueError("host is the printer's IP address, for example 192.0.2.20, and no name") from None


class NetworkTicketPrinter(EscposPrinter):
    stays_open = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._settings = settings

    def _open(self) -> Any:
        printer = escpos_printers().Network(self._settings.host, self._settings.port, timeout=CONNECT_SECONDS_MAX)
        try:
            device = socket.create_connection((self._settings.host, self._settings.port), CONNECT_SECONDS_MAX)
        except OSError as error:
            raise PrinterMissing("the network printer does not take a connection") from error
        # Handed in open: python-escpos 3.1 leaks the socket of a connection that was refused.
        printer.device = device
        return printer

    def _gone(self, printer: Any) -> bool:  # noqa: ARG002
        return False  # connected a moment ago

    def _patience(self, printer: Any, seconds: float) -> None:
        printer.device.settimeout(max(0.001, seconds))  # 0 would be never

    def _read(self, printer: Any, timeout_seconds: float) -> bytes:
        device = printer.device
        device.settimeout(max(0.001, timeout_seconds))
        try:
            data = bytes(device.recv(64))
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError("the network printer closed the connection")
        return data


def open_device(settings: Settings) -> NetworkTicketPrinter:
    """Return the printer, also when it is not there at the moment."""
    return NetworkTicketPrinter(settings)

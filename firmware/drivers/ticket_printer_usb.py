"""号票打印机 on USB (printer class), by python-escpos and pyusb. The promise is kept by `escpos_printer.py`.

Needs the system's libusb 1.0 and the udev rule of `image/`, which gives the unit's group the raw device.
"""

from __future__ import annotations

import errno
from typing import Annotated, Any, Final

import msgspec

from firmware.drivers.escpos_printer import WRITE_SECONDS_MAX, EscposPrinter, PrinterMissing, PrinterSettings
from firmware.ports import PrinterFailed
from firmware.slip_escpos import escpos_printers

_PRINTER_CLASS: Final = 7
Usb = Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{4}$")]


class Settings(PrinterSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands beside `kind = "usb"` in `[devices.ticket_printer]`."""

    usb_vendor: Usb  # four hexadecimal digits as lsusb prints them
    usb_product: Usb
    serial_number: Annotated[str, msgspec.Meta(max_length=126)] = ""  # where two of one model are plugged in


class LibusbMissing(PrinterFailed):
    code = "libusb-missing"
    notice = "系统缺少 libusb，请技术员安装 libusb-1.0-0 后重试。"


class UsbTicketPrinter(EscposPrinter):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._settings = settings

    def _open(self) -> Any:
        device = self._find()
        if device is None:
            raise PrinterMissing("no USB device has the printer's ids")
        in_endpoint, out_endpoint = _endpoints(device)
        which: dict[str, Any] = {"custom_match": lambda each: (each.bus, each.address) == (device.bus, device.address)}
        printer = escpos_printers().Usb(
            int(self._settings.usb_vendor, 16),
            int(self._settings.usb_product, 16),
            which,
            round(WRITE_SECONDS_MAX * 1000),
            in_endpoint,
            out_endpoint,
        )
        from escpos.exceptions import DeviceNotFoundError  # after escpos_printers: its import has side effects

        try:
            printer.open()
        except DeviceNotFoundError as error:
            raise OSError(_errno_of(error), "the USB printer cannot be opened") from error
        return printer

    def _find(self) -> Any:
        """Return pyusb's device, None when there is none. Raises OSError when it may not be asked who it is."""
        import usb.core  # type: ignore[import-untyped]  # imported when opened: a unit without a USB printer needs no pyusb

        try:
            devices = list(
                usb.core.find(
                    find_all=True,
                    idVendor=int(self._settings.usb_vendor, 16),
                    idProduct=int(self._settings.usb_product, 16),
                )
            )
        except usb.core.NoBackendError:
            raise LibusbMissing("libusb 1.0 is not installed") from None
        if not self._settings.serial_number:
            return devices[0] if devices else None
        # Asked here and not by `find`, which takes a device that it may not ask for one that does not match.
        refusal: OSError | None = None
        for device in devices:
            try:
                if _serial_number(device) == self._settings.serial_number:
                    return device
            except usb.core.USBError as error:
                refusal = error
        if refusal is not None:
            raise OSError(_errno_of(refusal), "a USB printer does not let its serial number be read") from None
        return None

    def _gone(self, printer: Any) -> bool:  # noqa: ARG002
        return False  # its next transfer says so

    def _patience(self, printer: Any, seconds: float) -> None:
        printer.timeout = max(1, round(seconds * 1000))  # 0 would be for ever

    def _read(self, printer: Any, timeout_seconds: float) -> bytes:
        import usb.core

        try:
            return bytes(printer.device.read(printer.in_ep, 64, max(1, round(timeout_seconds * 1000))))
        except usb.core.USBTimeoutError:
            return b""


def open_device(settings: Settings) -> UsbTicketPrinter:
    """Return the printer, also when it is not there at the moment."""
    return UsbTicketPrinter(settings)


def _serial_number(device: Any) -> str:
    """Return a device's serial number; "" when it has none. Raises usb.core.USBError."""
    import usb.util  # type: ignore[import-untyped]

    languages = usb.util.get_langids(device)  # in place of its own `langids`, which hides what went wrong
    if not languages or not device.iSerialNumber:
        return ""
    return str(usb.util.get_string(device, device.iSerialNumber, languages[0]))


def _endpoints(device: Any) -> tuple[int, int]:
    """Return the addresses of the bulk endpoints in and out of the printer interface, as its descriptors give them."""
    import usb.util

    for interface in device.get_active_configuration() if _configured(device) else device[0]:
        if interface.bInterfaceClass != _PRINTER_CLASS:
            continue
        bulk = [each.bEndpointAddress for each in interface if usb.util.endpoint_type(each.bmAttributes) == 2]
        ins, outs = [each for each in bulk if each & 0x80], [each for each in bulk if not each & 0x80]
        if ins and outs:
            return ins[0], outs[0]
    raise PrinterMissing("the USB device has no printer interface with both directions")


def _configured(device: Any) -> bool:
    import usb.core

    try:
        device.get_active_configuration()
    except usb.core.USBError:
        return False
    return True


def _errno_of(error: BaseException | None) -> int:
    while error is not None:
        number = getattr(error, "errno", None)
        if isinstance(number, int):
            return number
        error = error.__cause__ or error.__context__
    return errno.ENODEV

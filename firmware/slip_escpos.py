"""A slip as the bytes that an ESC/POS printer takes: Chinese in GB18030, QR and Code 128 by the printer's own commands.

Slips come from the kiosk and the console, bytes go to the printer's wire or to the simulated printer, which interprets
them. Command names are those of Epson's ESC/POS reference; python-escpos writes all but the Chinese text and Code 128.
"""

from __future__ import annotations

import functools
import logging
import tempfile
from typing import Any, Final, Literal

from broker.errors import Refused, require
from firmware.ports import Slip, SlipLine

WIDTHS_DOTS: Final = {58: 384, 80: 576}  # roll in mm: printable dots at 203 dpi
DOTS_PER_INCH: Final = 203
LINES_MAX: Final = 60
TEXT_CHARACTERS_MAX: Final = 200  # in a line; the printer wraps
QR_CHARACTERS_MAX: Final = 512  # as long as a scan may be
CODE128_CHARACTERS_MAX: Final = 24  # 2 dots a module and 384 dots hold no more
COPIES_MAX: Final = 3

_CHINESE_ON: Final = b"\x1c&"  # FS &
_SIZES: Final = {"small": 1, "normal": 1, "large": 2, "huge": 3}
_QR_QUIET_MODULES: Final = 8
_QR_MODULE_DOTS_MAX: Final = 6  # 0.75 mm: a gun at arm's length reads it, and a dense code still fits 58 mm
_CODE128_HEIGHT_DOTS: Final = 80
_FEED_LINES: Final = 4  # from the head to the cutter


class SlipRefused(Refused):
    """The slip cannot be printed as it is. Nothing was sent to the printer."""

    code = "slip-refused"
    notice = "小票内容不符合打印要求，请联系管理员。"


def slip_to_escpos(slip: Slip, *, roll_mm: Literal[58, 80] = 58) -> bytes:
    """Return the bytes that print and cut the slip, all its copies.

    Raises:
        SlipRefused: too many lines or copies, a code too long for the roll, or not ASCII in a Code 128.
    """
    require(1 <= len(slip.lines) <= LINES_MAX, f"a slip has 1 to {LINES_MAX} lines", SlipRefused)
    require(1 <= slip.copies <= COPIES_MAX, f"a slip has 1 to {COPIES_MAX} copies", SlipRefused)
    printer = _escpos_dummy()
    printer.hw("INIT")
    for line in slip.lines:
        _print_line(printer, line, WIDTHS_DOTS[roll_mm])
    printer.print_and_feed(_FEED_LINES)
    printer.cut(feed=False)
    return bytes(printer.output) * slip.copies


def qr_module_dots(text: str, width_dots: int) -> int:
    """Return how many dots a QR module gets so that the code, at error correction M, fits the width.

    Raises:
        SlipRefused: the text is too long for that width at 3 dots, the least that guns read well.
    """
    import qrcode  # at first use: it is slow to load, and only printers need it

    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    code.make(fit=True)
    dots = min(_QR_MODULE_DOTS_MAX, width_dots // (int(code.modules_count) + _QR_QUIET_MODULES))
    require(dots >= 3, "a QR code fits the roll at 3 dots a module", SlipRefused)
    return dots


def _print_line(printer: Any, line: SlipLine, width_dots: int) -> None:
    size = _SIZES[line.size]
    printer.set(
        align=line.align,
        bold=line.bold,
        font="b" if line.size == "small" else "a",
        custom_size=True,
        width=size,
        height=size,
    )
    if line.qr:
        require(len(line.qr) <= QR_CHARACTERS_MAX, f"a QR holds at most {QR_CHARACTERS_MAX} characters", SlipRefused)
        printer.qr(line.qr, ec=1, size=qr_module_dots(line.qr, width_dots), native=True)
        printer._raw(b"\n")
    elif line.code128:
        printer._raw(_code128(line.code128))
    else:
        require(
            len(line.text) <= TEXT_CHARACTERS_MAX, f"a line has at most {TEXT_CHARACTERS_MAX} characters", SlipRefused
        )
        # A control character in a text would be a command to the printer.
        text = "".join(character if character.isprintable() else " " for character in line.text)
        printer._raw(_CHINESE_ON + text.encode("gb18030") + b"\n")


def _code128(text: str) -> bytes:
    """GS h, GS w, GS H, GS k 73: height, module width, figures below, the code in set B."""
    require(
        text.isascii() and text.isprintable() and len(text) <= CODE128_CHARACTERS_MAX,
        f"a Code 128 holds at most {CODE128_CHARACTERS_MAX} printable ASCII characters",
        SlipRefused,
    )
    data = b"{B" + text.replace("{", "{{").encode("ascii")
    head = b"\x1dh" + bytes([_CODE128_HEIGHT_DOTS]) + b"\x1dw\x02" + b"\x1dH\x02"
    return head + b"\x1dkI" + bytes([len(data)]) + data + b"\n"


def _escpos_dummy() -> Any:
    return escpos_printers().Dummy()


@functools.cache
def escpos_printers() -> Any:
    """Return python-escpos's transports. Imports them at first use, and undoes what that does to the process.

    Version 3.1 makes a temporary folder that it leaves behind and gives the root logger a handler.
    """
    handlers = list(logging.root.handlers)
    folder_before = tempfile.tempdir
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            from escpos import printer
        finally:
            tempfile.tempdir = folder_before
            for handler in [handler for handler in logging.root.handlers if handler not in handlers]:
                logging.root.removeHandler(handler)
    return printer

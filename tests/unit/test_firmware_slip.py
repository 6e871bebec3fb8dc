"""A slip as ESC/POS, and ESC/POS as a picture whose codes can be read."""

from __future__ import annotations

import io
import logging
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from firmware.ports import CoverOpen, PaperOut, PrinterFailed, Slip, SlipLine
from firmware.simulators.scanner import SimulatedScanner
from firmware.simulators.ticket_printer import SimulatedTicketPrinter
from firmware.slip_escpos import CODE128_CHARACTERS_MAX, LINES_MAX, SlipRefused, qr_module_dots, slip_to_escpos

TICKET_QR = "OW1" + "7W2A9%KL" * 24  # as long as a sealed identity gets


def a_slip(*lines: SlipLine, copies: int = 1) -> Slip:
    return Slip(lines=lines or (SlipLine(text="A6027"),), copies=copies)


def pixels_of(png: bytes) -> np.ndarray:
    return np.ascontiguousarray(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")))


def test_chinese_goes_out_in_gb18030_after_the_printer_was_told() -> None:
    data = slip_to_escpos(a_slip(SlipLine(text="双井")))

    assert data.startswith(b"\x1b@")
    assert b"\x1c&" + "双井".encode("gb18030") + b"\n" in data


def test_a_control_character_in_a_text_never_becomes_a_command() -> None:
    data = slip_to_escpos(a_slip(SlipLine(text="A\x1b@\x1dV\0B")))

    assert data.count(b"\x1b@") == 1
    assert data.count(b"\x1dV") == 1


def test_copies_are_printed_and_cut_each() -> None:
    with SimulatedTicketPrinter() as printer:
        printer.print_slip(a_slip(copies=2))

        assert len(printer.slips()) == 2
        assert printer.slips()[0] == printer.slips()[1]


@pytest.mark.parametrize("roll_mm", [58, 80])
@pytest.mark.parametrize(
    ("line", "symbology"),
    [
        (SlipLine(qr=TICKET_QR, align="center"), "qr"),
        (SlipLine(code128="OWC-20261123-0042", align="center"), "code128"),
    ],
)
def test_a_printed_code_is_read_from_the_picture(roll_mm: Literal[58, 80], line: SlipLine, symbology: str) -> None:
    with SimulatedTicketPrinter(roll_mm=roll_mm) as printer, SimulatedScanner() as scanner:
        printer.print_slip(a_slip(SlipLine(text="双井街道", size="huge"), line, SlipLine(text="听到叫号请到窗口")))

        assert scanner.present(pixels_of(printer.slips()[-1]))
        scan = scanner.read(timeout_seconds=0.0)

    assert scan is not None
    assert (scan.text, scan.symbology) == (line.qr or line.code128, symbology)


@pytest.mark.parametrize(
    ("slip", "rule"),
    [
        (Slip(lines=()), "lines"),
        (Slip(lines=(SlipLine(text="A"),) * (LINES_MAX + 1)), "lines"),
        (Slip(lines=(SlipLine(text="A"),), copies=4), "copies"),
        (Slip(lines=(SlipLine(text="A"),), copies=0), "copies"),
        (a_slip(SlipLine(text="长" * 201)), "characters"),
        (a_slip(SlipLine(qr="Q" * 513)), "QR"),
        (a_slip(SlipLine(code128="1" * (CODE128_CHARACTERS_MAX + 1))), "Code 128"),
        (a_slip(SlipLine(code128="号")), "Code 128"),
    ],
)
def test_a_slip_that_cannot_be_printed_is_refused_before_a_byte_goes_out(slip: Slip, rule: str) -> None:
    with pytest.raises(SlipRefused, match=rule):
        slip_to_escpos(slip)


def test_a_qr_code_gets_as_many_dots_as_the_roll_allows_and_never_fewer_than_three() -> None:
    assert qr_module_dots("A6027", 384) == 6
    assert 3 <= qr_module_dots("x" * 500, 384) < 6


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("paper_out", PaperOut),
        ("paper_out_midway", PaperOut),
        ("cover_open", CoverOpen),
        ("unplugged", PrinterFailed),
    ],
)
def test_a_fault_of_the_printer_is_named_and_the_slip_can_be_printed_again(fault: str, error: type[Exception]) -> None:
    with SimulatedTicketPrinter() as printer:
        printer.faults.set(fault, True)
        with pytest.raises(error):
            printer.print_slip(a_slip())
        assert printer.slips() == ()

        printer.faults.clear()
        printer.print_slip(a_slip())

        assert len(printer.slips()) == 1


def test_printing_leaves_the_logging_of_the_process_as_it_was() -> None:
    """python-escpos calls logging.basicConfig when it is imported: every log line would come twice."""
    handlers = list(logging.root.handlers)

    slip_to_escpos(a_slip())

    assert logging.root.handlers == handlers

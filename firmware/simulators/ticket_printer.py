"""Drop-in for drivers/ticket_printer_*.py: draws the same ESC/POS bytes on a roll of paper. Never a fallback.

The bytes are those of `slip_escpos.py`; the picture (PNG, 203 dpi) is what the resident would hold: its QR and Code 128
are read by pyzbar like those of a printed slip.
"""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Literal

from firmware.ports import CoverOpen, PaperOut, PrinterFailed, Slip
from firmware.simulators.escpos_paper import EscposPaper
from firmware.simulators.faults import FaultSwitches
from firmware.slip_escpos import DOTS_PER_INCH, WIDTHS_DOTS, slip_to_escpos

FAULTS: Final[Mapping[str, str]] = {
    "paper_out": "打印机缺纸",
    "cover_open": "打印机盖没有合上",
    "unplugged": "打印机拔掉了",
    "hung": "打印机没有应答（最长3秒）",
    "paper_out_midway": "打到一半缺纸",
}
HANG_SECONDS_MAX: Final = 3.0
SLIPS_KEPT: Final = 8


class SimulatedTicketPrinter:
    """Prints on pictures."""

    simulated = True

    def __init__(self, *, roll_mm: Literal[58, 80] = 58) -> None:
        self.faults = FaultSwitches("ticket_printer", FAULTS)
        self._roll_mm = roll_mm
        self._lock = threading.Lock()
        self._slips: deque[bytes] = deque(maxlen=SLIPS_KEPT)

    def check(self) -> None:
        if self.faults.on("hung"):
            self.faults.hang("hung", 1.0)
        self._must_be_ready()

    def print_slip(self, slip: Slip) -> None:
        if self.faults.on("hung"):
            self.faults.hang("hung", HANG_SECONDS_MAX)
        self._must_be_ready()
        data = slip_to_escpos(slip, roll_mm=self._roll_mm)
        if self.faults.on("paper_out_midway"):
            raise PaperOut("the paper ended within the slip (simulated)")
        paper = EscposPaper(WIDTHS_DOTS[self._roll_mm])
        paper.feed(data)
        for picture in paper.slips():
            png = io.BytesIO()
            picture.save(png, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
            with self._lock:
                self._slips.append(png.getvalue())

    # What the console and the tests do.

    def slips(self) -> tuple[bytes, ...]:
        """Return the last few slips as PNG, oldest first."""
        with self._lock:
            return tuple(self._slips)

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> SimulatedTicketPrinter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _must_be_ready(self) -> None:
        if self.faults.on("unplugged") or self.faults.on("hung"):
            raise PrinterFailed("the printer does not answer (simulated)")
        if self.faults.on("cover_open"):
            raise CoverOpen("the cover is open (simulated)")
        if self.faults.on("paper_out"):
            raise PaperOut("there is no paper (simulated)")

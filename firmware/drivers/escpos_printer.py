"""号票打印机 that speaks ESC/POS: what the three transports share. A slip is printed only when the printer says so.

Slips come from the kiosk and the console, their bytes are `slip_escpos.py`'s; python-escpos carries them. Before and
after each slip the printer is asked: DLE EOT 2, 3, 4 (cover, fault, paper) is answered at once, GS r 1 in its turn,
that is when all before it was worked off. Bits as in Epson's ESC/POS reference; ADR 0018 says what is made of printers
that answer less.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Literal, Self

import msgspec

from firmware.drivers.device_nodes import cause_of
from firmware.ports import CoverOpen, PaperOut, PrinterFailed, Slip
from firmware.slip_escpos import slip_to_escpos

log = logging.getLogger(__name__)

STATUS_SECONDS_MAX: Final = 0.4  # a printer answers DLE EOT within some 50 ms, busy or not
CHECK_SECONDS_MAX: Final = 0.9  # for connecting and all questions together
WRITE_SECONDS_MAX: Final = 3.0  # that a printer may keep us waiting before it takes a slip
SLIP_SECONDS_MAX: Final = 12.0  # three copies of the longest slip; a printer that answers no more is told in 0.4 s
SETTLE_SECONDS: Final = 2.0  # how long a printer without GS r is watched after a slip
WATCH_SECONDS: Final = 0.2  # between two questions while it prints

_ASK: Final = b"\x10\x04"  # DLE EOT
_ASK_IN_TURN: Final = b"\x1dr\x01"  # GS r 1
_OFFLINE_CAUSE, _FAULT, _PAPER = 2, 3, 4
_COVER_OPEN: Final = 0x04  # of DLE EOT 2
_PAPER_STOPPED: Final = 0x20  # of DLE EOT 2
_FAULTS: Final = 0x68  # of DLE EOT 3: cutter, unrecoverable, recoverable
_PAPER_OUT: Final = 0x60  # of DLE EOT 4; near its end is 0x0C and no reason to stop


class PrinterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every printer's table may hold."""

    roll_mm: Literal[58, 80] = 58
    status: bool = True  # false: this printer answers no question; then nobody knows of paper and cover


class PrinterMissing(PrinterFailed):
    code = "printer-missing"
    notice = "找不到打印机，请检查电源和连接线。"


class PrinterTaken(PrinterFailed):
    code = "printer-taken"
    notice = "打印机被另一个程序占用，请关闭那个程序后重试。"


class PrinterForbidden(PrinterFailed):
    code = "printer-forbidden"
    notice = "没有使用打印机的权限，请技术员安装 udev 规则后重新插好打印机。"


class EscposPrinter(ABC):
    """号票打印机 on one of python-escpos's transports."""

    simulated = False
    stays_open = True  # between two slips

    def __init__(self, settings: PrinterSettings) -> None:
        self._common = settings
        self._printer: Any = None
        self._closed = False
        self._answers_in_turn: bool | None = None  # not known before it was asked once
        self._heard: deque[int] = deque()  # bytes of the printer that nobody has looked at yet

    def check(self) -> None:
        deadline = time.monotonic() + CHECK_SECONDS_MAX
        with _Turn(self):
            if self._common.status:
                self._must_be_ready(deadline)

    def print_slip(self, slip: Slip) -> None:
        data = slip_to_escpos(slip, roll_mm=self._common.roll_mm)
        with _Turn(self):
            self._must_fit(data)
            if not self._common.status:
                self._write(data)
                self._await_sent(self._printer)
                return
            self._must_be_ready(time.monotonic() + 2 * STATUS_SECONDS_MAX)
            if self._answers_in_turn is None:
                self._write(_ASK_IN_TURN)
                self._answers_in_turn = self._await_answer(_is_in_turn, STATUS_SECONDS_MAX) is not None
            self._write(data)
            self._await_printed()

    def close(self) -> None:
        self._closed = True
        self._let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # What a transport says.

    @abstractmethod
    def _open(self) -> Any:
        """Return python-escpos's printer, open. Raises OSError or PrinterFailed."""

    @abstractmethod
    def _gone(self, printer: Any) -> bool:
        """Tell whether an open printer was taken away, as far as that shows without asking it."""

    @abstractmethod
    def _read(self, printer: Any, timeout_seconds: float) -> bytes:
        """Return what the printer has said, nothing when it was silent for the time. Raises OSError."""

    @abstractmethod
    def _patience(self, printer: Any, seconds: float) -> None:
        """Set how long a write may take from now on."""

    def _must_fit(self, data: bytes) -> None:  # noqa: B027  # most lines carry any slip
        """Raise PrinterFailed when the line cannot carry this slip. Nothing of it was sent."""

    def _await_sent(self, printer: Any) -> None:  # noqa: B027  # most are as quick as the printer
        """Return when what was written has left this unit, as far as the transport knows. Raises OSError."""

    # The conversation.

    def _await_printed(self) -> None:
        if self._answers_in_turn:
            self._write(_ASK_IN_TURN)
        self._await_sent(self._printer)  # a question asked now would wait behind the slip, and seem to be unanswered
        begun = time.monotonic()
        while True:
            answer = self._await_answer(_is_in_turn, WATCH_SECONDS) if self._answers_in_turn else None
            if answer is None and not self._answers_in_turn:
                time.sleep(WATCH_SECONDS)  # a printer that answers at once only: it is asked again and again
            self._must_be_ready(time.monotonic() + 2 * STATUS_SECONDS_MAX, keep=True)
            spent = time.monotonic() - begun
            if self._answers_in_turn and (answer is not None or self._in_turn_answered):
                return
            if not self._answers_in_turn and spent >= SETTLE_SECONDS:
                return
            if spent >= SLIP_SECONDS_MAX:
                raise PrinterFailed(f"the printer did not finish the slip within {SLIP_SECONDS_MAX:g} s")

    def _must_be_ready(self, deadline: float, *, keep: bool = False) -> None:
        """Raise unless cover, cutter and paper are well. `keep`: an answer in turn may come in between and counts."""
        self._in_turn_answered = False
        if not keep:
            self._read(self._printer, 0.0)  # an older answer is none to these questions
            self._heard.clear()
        cause = self._ask(_OFFLINE_CAUSE, deadline)
        if cause & _COVER_OPEN:
            raise CoverOpen("the printer's cover is open")
        paper = self._ask(_PAPER, deadline)
        if paper & _PAPER_OUT or cause & _PAPER_STOPPED:
            raise PaperOut("the printer has no paper")
        if self._ask(_FAULT, deadline) & _FAULTS:
            raise PrinterFailed("the printer reports a fault of its cutter or head")

    def _ask(self, what: int, deadline: float) -> int:
        left = min(STATUS_SECONDS_MAX, deadline - time.monotonic())
        answer = None
        if left > 0:
            self._write(_ASK + bytes([what]), left)
            answer = self._await_answer(_is_at_once, min(left, deadline - time.monotonic()))
        if answer is None:
            raise PrinterFailed("the printer does not answer; one that never does needs status = false")
        return answer

    def _await_answer(self, fits: Any, timeout_seconds: float) -> int | None:
        deadline = time.monotonic() + timeout_seconds
        last = False
        while True:
            # One read may bring several answers, to this question and to others: what is not looked at now stays.
            while self._heard:
                byte = self._heard.popleft()
                if fits is _is_at_once and _is_in_turn(byte):
                    self._in_turn_answered = True
                if fits(byte):
                    return byte
            if last:
                return None
            left = deadline - time.monotonic()
            last = left <= 0
            self._heard.extend(self._read(self._printer, max(0.0, left)))

    def _write(self, data: bytes, seconds_max: float = WRITE_SECONDS_MAX) -> None:
        self._patience(self._printer, seconds_max)
        self._printer._raw(data)

    # Opening and letting go.

    _in_turn_answered = False

    def _take(self) -> None:
        if self._closed:
            raise PrinterMissing("the printer was closed")
        if self._printer is not None and self._gone(self._printer):
            self._let_go(broken=True)
        if self._printer is None:
            self._answers_in_turn = None
            self._heard.clear()
            self._printer = self._open()

    def _let_go(self, *, broken: bool = False) -> None:
        printer, self._printer = self._printer, None
        if printer is not None:
            with suppress(OSError):  # what is gone need not be closed
                self._shut(printer, broken=broken)

    def _shut(self, printer: Any, *, broken: bool) -> None:  # noqa: ARG002
        """Close the transport. `broken`: what is still on its way is not worth waiting for."""
        printer.close()


class _Turn:
    """One call's use of the printer: opened before, let go after a fault of the line, so that the next opens anew."""

    def __init__(self, printer: EscposPrinter) -> None:
        self._of = printer

    def __enter__(self) -> None:
        try:
            self._of._take()
        except PrinterFailed:
            raise
        except OSError as error:
            raise printer_refusal(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        paper_or_cover = isinstance(error, (PaperOut, CoverOpen))
        broken = error is not None and not paper_or_cover
        if broken or not self._of.stays_open:
            self._of._let_go(broken=broken)
        if isinstance(error, OSError) and not isinstance(error, PrinterFailed):
            raise PrinterFailed("the printer's line broke; the slip may be half printed") from error


def printer_refusal(error: OSError) -> PrinterFailed:
    """Return the plain error for a printer that cannot be opened."""
    match cause_of(error):
        case "taken":
            return PrinterTaken("another program holds the printer")
        case "forbidden":
            return PrinterForbidden("this user may not open the printer")
        case _:
            return PrinterMissing("the printer is not there")


def _is_at_once(byte: int) -> bool:
    return byte & 0x93 == 0x12  # bits 1 and 4 are set in every answer to DLE EOT, 0 and 7 are not


def _is_in_turn(byte: int) -> bool:
    return byte & 0x90 == 0x00

"""Wired ticket printers: a slip counts as printed when the printer has worked it off, and not before."""

from __future__ import annotations

import errno
import functools
import os
import socket
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.drivers import escpos_printer, ticket_printer_network, ticket_printer_serial, ticket_printer_usb
from firmware.drivers.escpos_printer import PrinterForbidden, PrinterMissing
from firmware.drivers.ticket_printer_serial import LineTooSlow
from firmware.ports import CoverOpen, PaperOut, PrinterFailed, Slip, SlipLine
from firmware.simulators.escpos_paper import EscposPaper
from firmware.slip_escpos import WIDTHS_DOTS, slip_to_escpos
from tests.support.driver_rigs_serial import network_ticket_printer, serial_ticket_printer

A_SLIP = Slip(lines=(SlipLine(text="双井街道便民服务中心"), SlipLine(qr="OW1ABC"), SlipLine(text="A6027", size="huge")))
BOTH = pytest.mark.parametrize("opener", [serial_ticket_printer, network_ticket_printer])
Opener = Callable[..., Any]


@BOTH
def test_the_bytes_of_the_slip_and_nothing_else_are_printed(opener: Opener) -> None:
    with opener() as rig:
        rig.device.print_slip(A_SLIP)
        rig.device.print_slip(A_SLIP)

        paper = EscposPaper(WIDTHS_DOTS[58])
        paper.feed(rig.far.printed)
        assert rig.far.printed == 2 * slip_to_escpos(A_SLIP)
        assert len(paper.slips()) == 2


@BOTH
@pytest.mark.parametrize(("fault", "error"), [("cover_open", CoverOpen), ("paper_out", PaperOut)])
def test_a_fault_before_the_slip_lets_no_byte_of_it_out(opener: Opener, fault: str, error: type[Exception]) -> None:
    with opener() as rig:
        setattr(rig.far, fault, True)
        with pytest.raises(error):
            rig.device.print_slip(A_SLIP)
        assert rig.far.printed == b""

        setattr(rig.far, fault, False)
        rig.device.print_slip(A_SLIP)
        assert rig.far.cuts == 1


@BOTH
@pytest.mark.parametrize("deaf_in_turn", [False, True])
def test_paper_that_ends_within_a_slip_is_not_called_printed(opener: Opener, deaf_in_turn: bool) -> None:
    with opener() as rig:
        rig.far.deaf_in_turn = deaf_in_turn
        rig.far.paper_out_after_bytes = 40

        with pytest.raises(PaperOut):
            rig.device.print_slip(A_SLIP)


@BOTH
def test_a_printer_that_falls_silent_within_a_slip_costs_seconds_and_fails(opener: Opener) -> None:
    with opener() as rig:
        rig.device.check()
        rig.hang()
        begun = time.monotonic()

        with pytest.raises(PrinterFailed):
            rig.device.print_slip(A_SLIP)

        assert time.monotonic() - begun < 3.0


def test_a_slip_is_printed_also_when_the_printer_says_so_in_one_piece_with_another_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only the first byte of such a piece was looked at: "done" was lost, a printed slip called failed after 12 s."""
    monkeypatch.setattr(escpos_printer, "SLIP_SECONDS_MAX", 1.5)
    with serial_ticket_printer() as rig:
        rig.device.print_slip(A_SLIP)  # and finds out that this printer answers in turn
        rig.far.together = True

        rig.device.print_slip(A_SLIP)

        assert rig.far.cuts == 2


def test_an_answer_in_turn_that_is_of_no_question_of_this_slip_does_not_call_it_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The trial question's answer may come when the slip is already on its way."""
    monkeypatch.setattr(escpos_printer, "SETTLE_SECONDS", 1.5)
    with serial_ticket_printer() as rig:
        rig.far.together = True  # so the trial question is answered only by the time the slip is watched
        paper_ends = threading.Timer(escpos_printer.STATUS_SECONDS_MAX + 0.3, setattr, [rig.far, "paper_out", True])
        paper_ends.start()

        with pytest.raises(PaperOut):
            rig.device.print_slip(A_SLIP)
        paper_ends.join()


A_LONG_SLIP = Slip(lines=(*A_SLIP.lines, *(SlipLine(text="请妥善保管，凭此条领取办理结果") for _ in range(12))))


@pytest.mark.parametrize(("baud", "deaf_in_turn"), [(4800, False), (4800, True), (9600, False)])
def test_a_slip_on_a_slow_line_is_waited_for_as_long_as_its_bytes_take(
    baud: int, deaf_in_turn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions queue behind the slip's own bytes: asked at once they found no answer in 0.4 s, and the slip failed."""
    monkeypatch.setattr(escpos_printer, "SETTLE_SECONDS", 0.3)
    with serial_ticket_printer(paced=True, baud=baud) as rig:
        rig.far.deaf_in_turn = deaf_in_turn

        rig.device.print_slip(A_LONG_SLIP)

        assert rig.far.printed == slip_to_escpos(A_LONG_SLIP)
        assert len(rig.far.printed) * 10 / baud > escpos_printer.STATUS_SECONDS_MAX, "or the line was fast enough"


def test_a_slow_printer_pulled_out_within_a_slip_is_told_before_the_slips_time_is_over() -> None:
    with serial_ticket_printer(paced=True, baud=1200) as rig:
        rig.device.check()
        pulled = threading.Timer(1.0, rig.unplug)
        pulled.start()
        begun = time.monotonic()

        with pytest.raises(PrinterFailed):
            rig.device.print_slip(A_LONG_SLIP)

        assert time.monotonic() - begun < 3.0 < len(slip_to_escpos(A_LONG_SLIP)) * 10 / 1200
        pulled.join()


def test_a_slip_that_would_take_its_line_half_a_minute_is_refused_and_the_remedy_said() -> None:
    slip = Slip(lines=tuple(SlipLine(text="一" * 100) for _ in range(20)))
    with serial_ticket_printer(baud=1200) as rig:
        with pytest.raises(LineTooSlow) as raised:
            rig.device.print_slip(slip)

        assert "baud" in raised.value.notice
        assert rig.far.printed == b""


def test_a_printer_that_knows_no_answer_in_turn_is_watched_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escpos_printer, "SETTLE_SECONDS", 0.3)
    with serial_ticket_printer() as rig:
        rig.far.deaf_in_turn = True

        rig.device.print_slip(A_SLIP)

        assert rig.far.cuts == 1


@BOTH
def test_a_printer_that_never_answers_prints_only_when_the_settings_say_so(opener: Opener) -> None:
    with opener() as strict, opener(status=False) as told:
        strict.far.silent = told.far.silent = True

        with pytest.raises(PrinterFailed, match="status = false"):
            strict.device.print_slip(A_SLIP)
        told.device.check()
        told.device.print_slip(A_SLIP)

        deadline = time.monotonic() + 3.0
        while told.far.cuts == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert strict.far.printed == b""
        assert told.far.cuts == 1


def test_a_network_printer_gone_in_mid_slip_fails_and_prints_when_it_is_back() -> None:
    with network_ticket_printer() as rig:
        rig.wire.drop_after_bytes = 40
        with pytest.raises(PrinterFailed):
            rig.device.print_slip(A_SLIP)

        rig.wire.drop_after_bytes = None
        rig.far.printed = b""
        rig.device.print_slip(A_SLIP)

        assert rig.far.printed == slip_to_escpos(A_SLIP)


def test_a_network_printer_that_takes_no_connection_is_missing_within_a_second() -> None:
    with network_ticket_printer() as rig:
        rig.unplug()
        begun = time.monotonic()

        with pytest.raises(PrinterMissing):
            rig.device.check()

        assert time.monotonic() - begun < 1.0


def test_a_network_printer_slow_to_connect_and_to_answer_costs_a_check_no_more_than_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Connecting had 0.6 s and the questions 0.8 s more; a check may cost 1 s in all."""
    connect = socket.create_connection

    def slowly(address: tuple[str, int], timeout: float) -> socket.socket:
        time.sleep(min(timeout, 0.45))
        return connect(address, timeout)

    with network_ticket_printer() as rig:
        monkeypatch.setattr(socket, "create_connection", slowly)
        rig.wire.answer_seconds = 0.35
        begun = time.monotonic()

        with pytest.raises(PrinterFailed):
            rig.device.check()

        assert time.monotonic() - begun < 1.1


@pytest.mark.parametrize("host", ["printer", "printer.local", "192.0.2", "192.0.2.20:9100"])
def test_a_network_printer_is_set_by_its_address_for_a_name_may_take_long_to_look_up(host: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="IP address"):
        msgspec.convert({"host": host}, ticket_printer_network.Settings)


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ({"host": "192.0.2.20", "port": 0}, ticket_printer_network.Settings),
        ({"host": ""}, ticket_printer_network.Settings),
        ({"host": "192.0.2.20", "roll_mm": 76}, ticket_printer_network.Settings),
        ({"port": "/dev/ttyUSB0", "rtscts": True, "xonxoff": True}, ticket_printer_serial.Settings),
        ({"usb_vendor": "04b8"}, ticket_printer_usb.Settings),
        ({"usb_vendor": "04b8", "usb_product": "0x0e"}, ticket_printer_usb.Settings),
    ],
)
def test_settings_out_of_bounds_are_refused(table: dict[str, Any], kind: type) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, kind)


def test_a_serial_printer_may_hold_the_line_by_wire_or_by_character_as_it_is_set() -> None:
    with (
        serial_ticket_printer() as neither,
        serial_ticket_printer(rtscts=True) as wire,
        serial_ticket_printer(xonxoff=True) as character,
    ):
        for rig in (neither, wire, character):
            rig.device.print_slip(A_SLIP)

        assert [_flow(rig.wire.path) for rig in (neither, wire, character)] == [(0, 0), (1, 0), (0, 1)]


def _flow(path: Path) -> tuple[int, int]:
    """Return whether the line has flow control by RTS/CTS and by XON/XOFF."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        ins, _, control, *_ = termios.tcgetattr(line)
    finally:
        os.close(line)
    return int(bool(control & termios.CRTSCTS)), int(ins & (termios.IXON | termios.IXOFF) != 0)


def test_flow_control_that_linux_does_not_have_is_refused_and_named() -> None:
    """DSR/DTR was offered and did nothing: pyserial's POSIX side has none, and bytes were lost without a word."""
    with pytest.raises(msgspec.ValidationError, match="rtscts or xonxoff"):
        msgspec.convert({"port": "/dev/ttyUSB0", "hardware_flow": True}, ticket_printer_serial.Settings)


# USB: only what needs no USB


class FakeEndpoint:
    def __init__(self, address: int) -> None:
        self.bEndpointAddress = address
        self.bmAttributes = 2


class FakeUsb:
    """Stands for pyusb's device: bytes go to a printer's end, answers wait for the next read."""

    bus, address = 1, 5

    def __init__(self, end: Any) -> None:
        self._end = end
        self._answers = b""
        self.gone = False
        self.hung = False
        self.waited_ms = 0

    def write(self, endpoint: int, data: bytes, timeout: int) -> int:
        import usb.core  # type: ignore[import-untyped]

        if self.gone:
            raise usb.core.USBError("No such device", errno=19)
        assert timeout > 0, "a transfer without a time limit hangs with the printer"
        if self.hung:
            self.waited_ms += timeout
            raise usb.core.USBTimeoutError("timed out", errno=110)
        self._answers += self._end.take(bytes(data))
        return len(data)

    def read(self, endpoint: int, size: int, timeout: int) -> bytes:
        import usb.core

        if not self._answers:
            raise usb.core.USBTimeoutError("timed out", errno=110)
        answers, self._answers = self._answers[:size], self._answers[size:]
        return answers


def a_usb_printer(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any, FakeUsb]:
    from firmware.slip_escpos import escpos_printers
    from tests.support.driver_rigs_serial import PrinterEnd

    end = PrinterEnd()
    fake = FakeUsb(end)
    device = ticket_printer_usb.open_device(ticket_printer_usb.Settings(usb_vendor="04b8", usb_product="0e15"))
    monkeypatch.setattr(device, "_find", lambda: fake)
    monkeypatch.setattr(ticket_printer_usb, "_endpoints", lambda _: (0x82, 0x01))
    monkeypatch.setattr(escpos_printers().Usb, "open", lambda printer: setattr(printer, "_device", fake))
    monkeypatch.setattr(escpos_printers().Usb, "close", lambda printer: setattr(printer, "_device", False))
    return device, end, fake


def test_a_usb_printer_prints_and_says_when_the_paper_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    device, end, _ = a_usb_printer(monkeypatch)

    device.print_slip(A_SLIP)
    assert end.printed == slip_to_escpos(A_SLIP)

    end.paper_out_after_bytes = len(end.printed) + 40
    with pytest.raises(PaperOut):
        device.print_slip(A_SLIP)
    device.close()


class ListedUsb:
    """A device of the bus as pyusb lists it: who it is can be seen by all, its strings only by who may open it."""

    idVendor, idProduct, iSerialNumber = 0x04B8, 0x0E15, 3  # noqa: N815  # pyusb's names
    bus = 1

    def __init__(self, address: int, serial_number: str, *, forbidden: bool = False) -> None:
        self.address = address
        self._serial_number = serial_number
        self._forbidden = forbidden

    def ctrl_transfer(self, **request: int) -> Any:
        import array

        import usb.core

        if self._forbidden:
            raise usb.core.USBError("Access denied (insufficient permissions)", errno=errno.EACCES)
        text = b"\x09\x04" if request["wValue"] & 0xFF == 0 else self._serial_number.encode("utf-16-le")
        return array.array("B", bytes([len(text) + 2, 3]) + text)

    @property
    def langids(self) -> tuple[int, ...]:
        return () if self._forbidden else (0x0409,)  # as pyusb has it: who may not ask gets none

    @property
    def serial_number(self) -> str:
        import usb.util  # type: ignore[import-untyped]

        return str(usb.util.get_string(self, self.iSerialNumber))


@pytest.mark.parametrize(
    ("devices", "serial_number", "found"),
    [
        ([ListedUsb(4, "A1"), ListedUsb(5, "B2")], "B2", 5),
        ([ListedUsb(4, "A1", forbidden=True), ListedUsb(5, "B2")], "B2", 5),
        ([ListedUsb(4, "A1")], "", 4),
        ([ListedUsb(4, "A1", forbidden=True)], "", 4),
        ([ListedUsb(4, "A1")], "B2", PrinterMissing),
        ([], "B2", PrinterMissing),
        ([ListedUsb(4, "B2", forbidden=True)], "B2", PrinterForbidden),
    ],
)
def test_a_usb_printer_whose_serial_number_may_not_be_read_is_forbidden_and_not_missing(
    devices: list[ListedUsb], serial_number: str, found: int | type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyusb takes a device whose strings it may not read for one that does not match."""
    import usb.core

    monkeypatch.setattr(usb.core, "find", functools.partial(_find_among, devices))
    opened: list[int] = []

    def endpoints(device: ListedUsb) -> tuple[int, int]:
        opened.append(device.address)
        raise PrinterMissing("far enough for this test")

    monkeypatch.setattr(ticket_printer_usb, "_endpoints", endpoints)
    settings = ticket_printer_usb.Settings(usb_vendor="04b8", usb_product="0e15", serial_number=serial_number)
    device = ticket_printer_usb.open_device(settings)

    with pytest.raises(found if isinstance(found, type) else PrinterMissing) as raised:
        device.check()

    assert opened == ([found] if isinstance(found, int) else [])
    assert "B2" not in str(raised.value)


def _find_among(devices: list[ListedUsb], find_all: bool = False, **wanted: Any) -> Any:
    """Do as usb.core.find: a device whose attribute cannot be had does not match."""

    def matches(device: ListedUsb) -> bool:
        try:
            return all(getattr(device, name) == value for name, value in wanted.items())
        except ValueError:
            return False

    found = [device for device in devices if matches(device)]
    return iter(found) if find_all else next(iter(found), None)


def test_a_usb_printer_that_takes_nothing_costs_a_check_no_more_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question had a slip's 3 s to be taken."""
    device, _, fake = a_usb_printer(monkeypatch)
    fake.hung = True

    with pytest.raises(PrinterFailed):
        device.check()

    assert fake.waited_ms <= 1000
    device.close()


def test_a_usb_printer_pulled_out_fails_and_prints_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    device, end, fake = a_usb_printer(monkeypatch)
    device.check()
    fake.gone = True
    with pytest.raises(PrinterFailed):
        device.print_slip(A_SLIP)

    fake.gone = False
    device.print_slip(A_SLIP)

    assert end.cuts == 1
    device.close()

"""Level 0 of the serial and USB talkers: the far ends of their wires, played in the venv without hardware.

A pty pair stands for a serial line, a TCP server for a network printer, recorded `input_event` bytes for a gun in
keyboard mode. What is tested is bytes on a wire. The same gun on the real kernel (uinput) waits for a host that has it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import tempfile
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firmware.drivers import id_card_reader, scanner_hid, scanner_serial, ticket_printer_network, ticket_printer_serial
from firmware.key_codes import _PLAIN, _SHIFTED
from firmware.simulators.faults import FaultSwitches
from firmware.simulators.id_card_reader import FAULTS, ReaderDevice

SECONDS_MAX = 5.0


@dataclass
class WireRig:
    """As `firmware_rigs.Rig`, with the far end of the wire for the tests of one driver alone."""

    device: Any
    unplug: Callable[[], None]
    replug: Callable[[], None]
    hang: Callable[[], None] | None = None
    do: Callable[..., Any] = lambda *_: None
    undo: Callable[[], None] = lambda: None
    far: Any = None  # the gun, the reader's faults, the printer's end
    wire: Any = None


class PluggedPty:
    """A serial device behind a by-id link: may be unplugged, and comes back under another number."""

    def __init__(self, folder: Path, link: str = "usb-Maker_Gun_0001-if00") -> None:
        self.path = folder / link
        self._master, self._slave = -1, -1
        self._lock = threading.Lock()  # a number that is closed under a far end's wait may be another file's by then
        self.plug()

    def plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.path.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        with self._lock:
            for descriptor in (self._slave, self._master):
                if descriptor >= 0:
                    os.close(descriptor)
            self._master, self._slave = -1, -1

    def send(self, data: bytes) -> None:
        with self._lock:
            if self._master >= 0:
                os.write(self._master, data)

    def receive(self, timeout_seconds: float) -> bytes:
        """Return what the program wrote; nothing when it wrote nothing, or is unplugged."""
        with self._lock:
            if self._master >= 0:
                ready, _, _ = select.select([self._master], [], [], timeout_seconds)
                return os.read(self._master, 4096) if ready else b""
        time.sleep(timeout_seconds)
        return b""


class PacedPty(PluggedPty):
    """A line whose bytes come no faster than its baud rate, ten bits a byte. What waits lies in the kernel."""

    def __init__(self, folder: Path, link: str, baud: int) -> None:
        super().__init__(folder, link)
        self._seconds_a_byte = 10 / baud

    def receive(self, timeout_seconds: float) -> bytes:
        with self._lock:
            came = b""
            if self._master >= 0 and select.select([self._master], [], [], timeout_seconds)[0]:
                came = os.read(self._master, max(1, round(0.02 / self._seconds_a_byte)))
        time.sleep(len(came) * self._seconds_a_byte or 0.001)
        return came


class FarEnd:
    """A thread that answers what comes over a wire, until it is closed."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._step = step
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._step()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(SECONDS_MAX)


# Scanner


@contextmanager
def serial_scanner(**options: Any) -> Iterator[WireRig]:
    with tempfile.TemporaryDirectory() as folder:
        gun = PluggedPty(Path(folder))
        with scanner_serial.open_device(scanner_serial.Settings(port=str(gun.path), **options)) as device:

            def replug() -> None:
                gun.plug()
                device.check()  # as the unit's thread does, several times a second

            try:
                yield WireRig(
                    device,
                    unplug=gun.unplug,
                    replug=replug,
                    do=lambda text: gun.send(text if isinstance(text, bytes) else text.encode() + b"\r"),
                    far=gun,
                )
            finally:
                device.close()
                gun.unplug()


_KEYS = {key: (code, False) for code, key in _PLAIN.items()} | {key: (code, True) for code, key in _SHIFTED.items()}
_KEYS |= {"\r": (28, False), " ": (57, False), "\t": (15, False)}
_EVENT = "llHHi"
EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
LEFT_SHIFT = 42


def key_events(text: str) -> list[tuple[int, int, int]]:
    """Return what a gun's typing is as (type, code, value), as the kernel's usbhid reports it."""
    events: list[tuple[int, int, int]] = []
    for character in text:
        code, shifted = _KEYS[character]
        strokes = [(code, 1), (code, 0)]
        if shifted:
            strokes = [(LEFT_SHIFT, 1), *strokes, (LEFT_SHIFT, 0)]
        for key, value in strokes:
            events += [(EV_MSC, 4, 0x70004), (EV_KEY, key, value), (EV_SYN, 0, 0)]
    return events


class PlayedGun:
    """A gun's event node as bytes in a pipe: evdev's own reader decodes them, only the ioctls are ours."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "usb-Maker_Gun_0001-event-kbd"
        self._folder = folder
        self._number = 0
        self._read_end = self._write_end = -1
        self.grabbed_elsewhere = False
        self.forbidden = False
        self.held: list[int] = []
        self.grabs = 0
        self.before_the_grab: list[tuple[int, int, int]] = []
        self.plug()

    def plug(self) -> None:
        self._number += 1
        node = self._folder / f"event{self._number}"
        node.touch()
        self._read_end, self._write_end = os.pipe2(os.O_NONBLOCK)
        self.path.symlink_to(node)

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        (self._folder / f"event{self._number}").unlink(missing_ok=True)
        for descriptor in (self._write_end, self._read_end):
            if descriptor >= 0:
                os.close(descriptor)
        self._read_end = self._write_end = -1

    def play(self, events: list[tuple[int, int, int]], at: float | None = None) -> None:
        moment = time.monotonic() if at is None else at
        whole = int(moment)
        stamp = (whole, int((moment - whole) * 1e6))
        os.write(self._write_end, b"".join(struct.pack(_EVENT, *stamp, *event) for event in events))

    def open_node(self, path: str) -> Any:
        from evdev.eventio import EventIO

        gun = self
        if gun.forbidden:
            raise PermissionError(errno.EACCES, "Permission denied")
        if not os.path.exists(path):
            raise FileNotFoundError(errno.ENOENT, "No such file")

        class Node(EventIO):  # type: ignore[misc]
            fd = os.dup(gun._read_end)

            def grab(self) -> None:
                if gun.grabbed_elsewhere:
                    raise OSError(errno.EBUSY, "Device or resource busy")
                gun.grabs += 1
                if gun.before_the_grab:
                    gun.play(gun.before_the_grab)

            def active_keys(self) -> list[int]:
                held, gun.held = gun.held, []
                return held

            def close(self) -> None:
                if self.fd >= 0:
                    os.close(self.fd)
                    self.fd = -1

        return Node()


@contextmanager
def hid_scanner(**options: Any) -> Iterator[WireRig]:
    with tempfile.TemporaryDirectory() as folder:
        gun = PlayedGun(Path(folder))
        settings = scanner_hid.Settings(device=str(gun.path), **options)
        with scanner_hid.HidScanner(settings, open_node=gun.open_node) as device:
            device.open_if_there()

            def replug() -> None:
                gun.plug()
                device.check()

            try:
                rig = WireRig(
                    device, unplug=gun.unplug, replug=replug, do=lambda text: gun.play(key_events(text + "\r"))
                )
                rig.far = gun
                yield rig
            finally:
                gun.unplug()


@contextmanager
def hid_uinput_scanner() -> Iterator[WireRig]:
    """The same driver on the real kernel: runs wherever /dev/uinput is, in the bench's guest for one."""
    if not os.path.exists("/dev/uinput"):
        pytest.skip("no /dev/uinput here; runs in the bench's guest")
    from evdev import UInput

    name = f"OneWindow Test Gun {os.getpid()}"
    keys = {EV_KEY: list(range(1, 128))}
    plugged = [UInput(keys, name=name, vendor=0x1234, product=0x5678)]
    with scanner_hid.open_device(scanner_hid.Settings(name=name)) as device:

        def until_there() -> None:
            deadline = time.monotonic() + SECONDS_MAX
            while True:
                with contextlib.suppress(OSError):
                    device.check()
                    return
                assert time.monotonic() < deadline, "the kernel's event node did not come"
                time.sleep(0.02)

        def replug() -> None:
            plugged.append(UInput(keys, name=name, vendor=0x1234, product=0x5678))
            until_there()

        def type_code(text: str) -> None:
            for kind, code, value in key_events(text + "\r"):
                if kind != EV_MSC:
                    plugged[-1].write(kind, code, value)

        try:
            until_there()
            yield WireRig(device, unplug=lambda: plugged.pop().close(), replug=replug, do=type_code)
        finally:
            for each in plugged:
                each.close()


# ID card reader


@contextmanager
def serial_id_card_reader() -> Iterator[WireRig]:
    with tempfile.TemporaryDirectory() as folder:
        wire = PluggedPty(Path(folder), "usb-Maker_Reader_0001-if00")
        faults = FaultSwitches("id_card_reader", FAULTS)
        reader = ReaderDevice(faults)

        def step() -> None:
            asked = wire.receive(0.02)
            if asked:
                reader.write(asked)
                wire.send(reader.read(8192, 0.0))

        far_end = FarEnd(step)
        with id_card_reader.open_device(id_card_reader.Settings(port=str(wire.path))) as device:
            try:
                rig = WireRig(
                    device,
                    unplug=wire.unplug,
                    replug=wire.plug,
                    hang=lambda: faults.set("silent", True),
                    do=reader.lay,
                    undo=lambda: _lift(reader, device),
                )
                rig.far, rig.wire = faults, wire
                yield rig
            finally:
                far_end.close()
                device.close()
                wire.unplug()


def _lift(reader: ReaderDevice, device: Any) -> None:
    reader.lift()
    device.read(timeout_seconds=0.0)  # the unit's thread asks three times a second: it has seen the empty field


# Ticket printer


class PrinterEnd:
    """A printer's end of the wire: works the bytes off, answers DLE EOT at once and GS r in its turn."""

    def __init__(self) -> None:
        self.printed = b""
        self.cover_open = False
        self.paper_out = False
        self.paper_out_after_bytes: int | None = None  # then the paper ends in the middle of a slip
        self.silent = False
        self.deaf_in_turn = False  # a cheap one: does not know GS r
        self.together = False  # the answer in turn waits, and leaves in one piece with the next answer at once
        self._kept = b""
        self._cut = b""  # the beginning of a question whose end is still on the line
        self._waiting = b""

    @property
    def cuts(self) -> int:
        return self.printed.count(b"\x1dV")

    def take(self, data: bytes) -> bytes:
        """Return the answers to what came."""
        answers = b""
        data = self._cut + data
        cut = next((length for length in (2, 1) if data.endswith(b"\x10\x04"[:length])), 0)
        data, self._cut = data[: len(data) - cut], data[len(data) - cut :]
        for at, piece in enumerate(data.split(b"\x10\x04")):
            if at:
                answers += bytes([self._at_once(piece[0])]) + self._kept
                self._kept = b""
                piece = piece[1:]
            self._waiting += piece
            answers += self._work_off()
        return b"" if self.silent else answers

    def new_paper(self) -> None:
        self.paper_out, self.paper_out_after_bytes = False, None

    def _at_once(self, what: int) -> int:
        if what == 2:
            return 0x12 | (0x04 if self.cover_open else 0) | (0x20 if self.paper_out else 0)
        return 0x12 | (0x60 if what == 4 and self.paper_out else 0)

    def _work_off(self) -> bytes:
        answers = b""
        while self._waiting and not (self.paper_out or self.cover_open):
            if self._waiting in (b"\x1d", b"\x1dr"):
                break  # the rest of it is still on the line
            if self._waiting.startswith(b"\x1dr\x01"):
                self._waiting = self._waiting[3:]
                if self.together:
                    self._kept += b"\x00"
                elif not self.deaf_in_turn:
                    answers += b"\x00"
                continue
            self.printed += self._waiting[:1]
            self._waiting = self._waiting[1:]
            if self.paper_out_after_bytes is not None and len(self.printed) >= self.paper_out_after_bytes:
                self.paper_out = True
        return answers


@contextmanager
def serial_ticket_printer(*, paced: bool = False, **options: Any) -> Iterator[WireRig]:
    options = {"baud": 115_200} | options
    with tempfile.TemporaryDirectory() as folder:
        link = "usb-Maker_Printer_0001-if00"
        wire = PacedPty(Path(folder), link, options["baud"]) if paced else PluggedPty(Path(folder), link)
        end = PrinterEnd()

        def step() -> None:
            if came := wire.receive(0.02):
                wire.send(end.take(came))

        far_end = FarEnd(step)
        settings = ticket_printer_serial.Settings(port=str(wire.path), **options)
        with ticket_printer_serial.open_device(settings) as device:
            try:
                rig = WireRig(device, unplug=wire.unplug, replug=wire.plug, hang=lambda: setattr(end, "silent", True))
                rig.far, rig.wire = end, wire
                yield rig
            finally:
                far_end.close()
                device.close()
                wire.unplug()


class PrinterServer:
    """A network printer on loopback: one connection at a time."""

    def __init__(self, end: PrinterEnd) -> None:
        self.end = end
        self.drop_after_bytes: int | None = None  # then the connection breaks in the middle of a slip
        self.answer_seconds = 0.0
        self._server: socket.socket | None = None
        self._connection: socket.socket | None = None
        self.port = 0
        self._lock = threading.Lock()
        self.plug()

    def plug(self) -> None:
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", self.port))
        server.listen(4)
        server.settimeout(0.02)
        self.port = server.getsockname()[1]
        self._server = server

    def unplug(self) -> None:
        with self._lock:
            for each in (self._server, self._connection):
                if each is not None:
                    each.close()
            self._server = self._connection = None

    def step(self) -> None:
        with self._lock:
            self._step()
        time.sleep(0.001)  # lets the unplugging in

    def _step(self) -> None:
        server, connection = self._server, self._connection
        try:
            if connection is not None:
                self._serve(connection)
            elif server is not None:
                self._connection = server.accept()[0]
                self._connection.settimeout(0.02)
            else:
                time.sleep(0.005)
        except TimeoutError:
            return
        except OSError:
            if connection is not None:
                connection.close()
            self._connection = None

    def _serve(self, connection: socket.socket) -> None:
        data = connection.recv(4096)
        if not data:
            raise ConnectionResetError
        answer = self.end.take(data)
        if self.drop_after_bytes is not None and len(self.end.printed) >= self.drop_after_bytes:
            raise ConnectionResetError
        time.sleep(self.answer_seconds)
        connection.sendall(answer)


@contextmanager
def network_ticket_printer(**options: Any) -> Iterator[WireRig]:
    end = PrinterEnd()
    server = PrinterServer(end)
    far_end = FarEnd(server.step)
    settings = ticket_printer_network.Settings(host="127.0.0.1", port=server.port, **options)
    with ticket_printer_network.open_device(settings) as device:
        try:
            rig = WireRig(device, unplug=server.unplug, replug=server.plug, hang=lambda: setattr(end, "silent", True))
            rig.far, rig.wire = end, server
            yield rig
        finally:
            far_end.close()
            server.unplug()


WIRED_SCANNERS = [serial_scanner, hid_scanner, hid_uinput_scanner]
WIRED_READERS = [serial_id_card_reader]
WIRED_PRINTERS = [serial_ticket_printer, network_ticket_printer]

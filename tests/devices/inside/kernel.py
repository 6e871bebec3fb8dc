"""Devices that the guest's kernel makes, and the hand at their far end: what one plugs in, types, prints and unplugs.

USB devices are gadgets on dummy_hcd, whose host side is the kernel's own (usbhid, cdc-acm, usblp or libusb); GPIO lines
are gpio-sim's; the camera is v4l2loopback's; the LED matrix hangs on spi-gpio (modules/led_matrix_model.c). All their
modules were loaded by guest_devices.sh.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from tests.support.driver_rigs_pins import MatrixRecorder

SECONDS_MAX: Final = 20.0
GADGETS: Final = Path("/sys/kernel/config/usb_gadget")
VENDOR, PRODUCT = "0x1d6b", "0x0104"  # Linux Foundation, multifunction composite gadget


def wait_until(what: str, holds: Callable[[], object], seconds_max: float = SECONDS_MAX) -> None:
    """Return as soon as it holds.

    Raises:
        TimeoutError: it did not in time.
    """
    deadline = time.monotonic() + seconds_max
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds_max:.0f} s")
        time.sleep(0.02)


class Gadget:
    """One USB device with one function. Plugged in from the beginning; `close` takes it apart."""

    def __init__(self, name: str, serial: str, function: str, settings: dict[str, bytes]) -> None:
        self._folder = GADGETS / serial
        self.function = self._folder / "functions" / f"{function}.{serial}"
        self._udc = ""
        self._write("idVendor", VENDOR)
        self._write("idProduct", PRODUCT)
        self._write("strings/0x409/manufacturer", "One Window")
        self._write("strings/0x409/product", name)
        self._write("strings/0x409/serialnumber", serial)
        self.function.mkdir(parents=True)
        for key, value in settings.items():
            (self.function / key).write_bytes(value)
        (self._folder / "configs" / "c.1").mkdir(parents=True)
        (self._folder / "configs" / "c.1" / self.function.name).symlink_to(self.function)
        self.plug()

    def _write(self, key: str, text: str) -> None:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def plug(self) -> None:
        """Put it into a socket that is free; `udc` is which."""
        taken = {path.read_text().strip() for path in GADGETS.glob("*/UDC")}
        free = sorted({path.name for path in Path("/sys/class/udc").iterdir()} - taken)
        (self._folder / "UDC").write_text(free[0])
        self._udc = free[0]

    def unplug(self) -> None:
        """Pull it out."""
        if self._udc:
            self._udc = ""
            (self._folder / "UDC").write_text("\n")

    def close(self) -> None:
        self.unplug()
        (self._folder / "configs" / "c.1" / self.function.name).unlink()
        for folder in ("configs/c.1", f"functions/{self.function.name}", "strings/0x409", ""):
            (self._folder / folder).rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# A keyboard as in the HID specification 1.11, appendix B.1: eight bytes a report, boot protocol.
_KEYBOARD: Final = bytes.fromhex(
    "05010906a101050719e029e715002501750195088102950175088103950575010508190129059102"
    "95017503910395067508150025650507190029658100c0"
)
_ENTER: Final = 0x28
_SYMBOLS: Final = {"-": 0x2D, " ": 0x2C, ".": 0x37, "/": 0x38}
_SHIFTED: Final = {"$": 0x21, "%": 0x22, "*": 0x25, "+": 0x2E, ":": 0x33}


def _usage(character: str) -> tuple[int, int]:
    """Return modifier and usage (HID Usage Tables, keyboard page) of a key of the US layout."""
    if character in _SHIFTED:
        return 2, _SHIFTED[character]
    if character in _SYMBOLS:
        return 0, _SYMBOLS[character]
    if character.isdigit():
        return 0, 0x27 if character == "0" else 0x1D + int(character)
    return (2 if character.isupper() else 0), 4 + ord(character.lower()) - ord("a")


class HidGun(Gadget):
    """A barcode gun that types."""

    def __init__(self, serial: str = "GUN0001") -> None:
        self.node = Path(f"/dev/input/by-id/usb-One_Window_Barcode_Gun_{serial}-event-kbd")
        descriptor = {"protocol": b"1", "subclass": b"1", "report_length": b"8", "report_desc": _KEYBOARD}
        super().__init__("Barcode Gun", serial, "hid", descriptor)

    def plug(self) -> None:
        super().plug()
        wait_until("the gun's event node", self.node.exists)

    def unplug(self) -> None:
        super().unplug()
        wait_until("the gun's end", lambda: not self.node.exists())

    def type(self, text: str) -> None:
        """Type it and Enter, as fast as the bus takes it."""
        number = (self.function / "dev").read_text().strip()
        place = next(path for path in Path("/dev").glob("hidg*") if _device_number(path) == number)
        with place.open("wb", buffering=0) as keys:
            for modifier, usage in [*map(_usage, text), (0, _ENTER)]:
                keys.write(bytes([modifier, 0, usage, 0, 0, 0, 0, 0]))
                keys.write(bytes(8))


def _device_number(path: Path) -> str:
    number = path.stat().st_rdev
    return f"{os.major(number)}:{os.minor(number)}"


class AnsweringGadget(Gadget):
    """A device whose own end is a line that the guest can open. `answer` is asked with what comes, on its own thread.

    The line is closed before the plug is pulled: the kernel's printer function frees what an open one still needs.
    """

    def __init__(
        self, name: str, serial: str, function: str, settings: dict[str, bytes], answer: Callable[[bytes], bytes] | None
    ) -> None:
        self._answer = answer
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._line = -1
        super().__init__(name, serial, function, settings)

    def plug(self) -> None:
        super().plug()
        wait_until("the device's own end", self._opened)
        self._stop.clear()
        if self._answer is not None:
            self._thread = threading.Thread(target=self._serve, args=(self._line, self._answer), daemon=True)
            self._thread.start()

    def unplug(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(SECONDS_MAX)
            self._thread = None
        if self._line >= 0:
            os.close(self._line)
            self._line = -1
        super().unplug()

    def send(self, data: bytes) -> None:
        write_all(self._line, data)

    def _own_end(self) -> str:
        raise NotImplementedError

    def _opened(self) -> bool:
        """Open the line; the host may not have seen the device yet, or the kernel still be hanging up its last use."""
        try:
            self._line = os.open(self._own_end(), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            if os.isatty(self._line):
                tty.setraw(self._line)
        except termios.error:
            os.close(self._line)
            self._line = -1
            return False
        return True

    def _serve(self, line: int, answer: Callable[[bytes], bytes]) -> None:
        while not self._stop.is_set():
            ready, _, _ = select.select([line], [], [], 0.05)
            try:
                came = os.read(line, 4096) if ready else b""
                if came and (said := answer(came)):
                    write_all(line, said)
            except OSError:  # not plugged in for a moment
                self._stop.wait(0.01)


class SerialGadget(AnsweringGadget):
    """A device on USB-serial (CDC ACM)."""

    def __init__(self, name: str, serial: str, answer: Callable[[bytes], bytes] | None = None) -> None:
        self.node = Path(f"/dev/serial/by-id/usb-One_Window_{name.replace(' ', '_')}_{serial}-if00")
        super().__init__(name, serial, "acm", {}, answer)

    def plug(self) -> None:
        super().plug()
        wait_until("the serial device's link", self.node.exists)

    def unplug(self) -> None:
        super().unplug()
        wait_until("the serial device's end", lambda: not self.node.exists())

    def _own_end(self) -> str:
        return f"/dev/ttyGS{(self.function / 'port_num').read_text().strip()}"


class PrinterGadget(AnsweringGadget):
    """A printer of the USB printer class."""

    def __init__(self, serial: str, answer: Callable[[bytes], bytes]) -> None:
        settings = {"pnp_string": b"MFG:One Window;MDL:Slip;CLS:PRINTER;", "q_len": b"10"}
        super().__init__("Slip Printer", serial, "printer", settings, answer)

    def _own_end(self) -> str:
        return "/dev/g_printer0"


def write_all(line: int, data: bytes) -> None:
    """Write to a line that may be full for a moment."""
    deadline = time.monotonic() + SECONDS_MAX
    while data:
        try:
            data = data[os.write(line, data) :]
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)


class Header:
    """28 GPIO lines of gpio-sim, as a Raspberry Pi's header has them. `chip` is its /dev/gpiochip<n>."""

    _folder = Path("/sys/kernel/config/gpio-sim/header")

    def __init__(self) -> None:
        bank = self._folder / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text("28")
        (bank / "label").write_text("one-window-header")
        self.plug()

    @property
    def chip(self) -> int:
        return int((self._folder / "bank0" / "chip_name").read_text().strip().removeprefix("gpiochip"))

    def plug(self) -> None:
        (self._folder / "live").write_text("1")
        wait_until("the GPIO chip", Path(f"/dev/gpiochip{self.chip}").exists)

    def unplug(self) -> None:
        (self._folder / "live").write_text("0")

    def level(self, line: int) -> int:
        """Return what is on a line, 0 or 1, whoever drives it."""
        return int((self._line(line) / "value").read_text())

    def pull(self, line: int, level: int) -> None:
        """Let a contact close (0) or open (1)."""
        (self._line(line) / "pull").write_text("pull-up" if level else "pull-down")

    def _line(self, line: int) -> Path:
        device = (self._folder / "dev_name").read_text().strip()
        chip = (self._folder / "bank0" / "chip_name").read_text().strip()
        return Path(f"/sys/devices/platform/{device}/{chip}/sim_gpio{line}")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.unplug()
        (self._folder / "bank0").rmdir()
        self._folder.rmdir()


class Matrix:
    """The LED matrix's registers, and its SPI device, which can be taken away and brought back."""

    _registers = Path("/sys/devices/platform/led-matrix-model/registers")
    _driver = Path("/sys/bus/spi/drivers/spidev")
    _node = Path("/dev/spidev0.0")

    def dots(self) -> npt.NDArray[np.bool_]:
        """Return which LEDs are lit, as MatrixRecorder has them."""
        seen = MatrixRecorder()
        seen.registers = [list(bytes.fromhex(line)) for line in self._registers.read_text().split()]
        return seen.dots()

    def unplug(self) -> None:
        if self._node.exists():
            (self._driver / "unbind").write_text("spi0.0")

    def replug(self) -> None:
        if not self._node.exists():
            (self._driver / "bind").write_text("spi0.0")
            wait_until("the SPI device", self._node.exists)


class Camera:
    """A USB document camera as v4l2loopback has it, fed with JPEGs. `node` is a link, as udev makes one by id.

    The loopback cannot be taken from a program that has it open. So pulling the plug is: the link goes and the frames
    stop; the device behind it goes as soon as the driver lets go. It comes back under another number.
    """

    FRAMES_A_SECOND: Final = 8

    def __init__(self, folder: Path, jpeg: bytes, width: int, height: int) -> None:
        self.node = folder / "usb-One_Window_Document_Camera-video-index0"
        self.jpeg = jpeg  # what it sees; may be set to another picture of the same size
        self.hangs = False
        self._size = (width, height)
        self._feeding: threading.Thread | None = None
        self._stop = threading.Event()
        self._device = Path()
        self._made: list[Path] = []
        self.plug()

    def plug(self) -> None:
        taken = [int(path.name.removeprefix("video")) for path in Path("/dev").glob("video*")]
        self._device = Path(f"/dev/video{max(taken, default=39) + 1}")
        self._made.append(self._device)
        _run("v4l2loopback-ctl", "add", "-n", "Document Camera", "-x", "1", "-b", "4", str(self._device))
        wait_until("the video device", self._device.exists)
        self._stop.clear()
        line = os.open(self._device, os.O_RDWR)
        _set_output_format(line, *self._size)
        os.write(line, self.jpeg)
        self._feeding = threading.Thread(target=self._feed, args=(line,), daemon=True)
        self._feeding.start()
        self.node.symlink_to(self._device)

    def unplug(self) -> None:
        self.node.unlink(missing_ok=True)
        self._end_feeding()

    def close(self) -> None:
        self.unplug()
        for made in [each for each in self._made if each.exists()]:
            with contextlib.suppress(subprocess.SubprocessError):  # somebody still has it open: it stays a while
                _run("v4l2loopback-ctl", "delete", str(made))

    def _end_feeding(self) -> None:
        self._stop.set()
        if self._feeding is not None:
            self._feeding.join(SECONDS_MAX)
            self._feeding = None

    def _feed(self, line: int) -> None:
        try:
            while not self._stop.wait(1 / self.FRAMES_A_SECOND):
                if not self.hangs:
                    os.write(line, self.jpeg)
        finally:
            os.close(line)


_VIDIOC_S_FMT: Final = 0xC0D05605  # linux/videodev2.h, struct v4l2_format of 208 bytes
_VIDEO_OUTPUT: Final = 2


def _set_output_format(line: int, width: int, height: int) -> None:
    pixel_format = int.from_bytes(b"MJPG", "little")
    body = struct.pack("6I", width, height, pixel_format, 1, 0, width * height * 2)
    fcntl.ioctl(line, _VIDIOC_S_FMT, struct.pack("II", _VIDEO_OUTPUT, 0) + body + bytes(200 - len(body)))


class SoundCard:
    """snd-aloop: what is played into one side is recorded on the other."""

    PLAYS_INTO: Final = "plughw:Loopback,0,0"
    _bus = Path("/sys/bus/platform/drivers/snd_aloop")

    def unplug(self) -> None:
        (self._bus / "unbind").write_text("snd_aloop.0")

    def replug(self) -> None:
        if not (self._bus / "snd_aloop.0").exists():
            (self._bus / "bind").write_text("snd_aloop.0")
            wait_until("the sound card", Path("/dev/snd/controlC0").exists)

    @contextlib.contextmanager
    def recorded(self, path: Path) -> Iterator[None]:
        """Record what is played during the block into a WAV file."""
        words = ["arecord", "-q", "-D", "plughw:Loopback,1,0", "-f", "S16_LE", "-r", "22050", "-c", "1", str(path)]
        recorder = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        try:
            wait_until("the recording's begin", lambda: path.exists() and path.stat().st_size > 0)
            yield
        finally:
            recorder.terminate()
            recorder.wait(SECONDS_MAX)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    if done.returncode != 0:
        raise subprocess.SubprocessError(f"{command[0]} {command[1]}: {done.stderr.strip() or done.stdout.strip()}")

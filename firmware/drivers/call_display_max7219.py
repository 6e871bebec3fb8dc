"""The LED matrix of MAX7219 chips on SPI, by luma.led_matrix: 8 rows × 8 columns for each chip, four as a rule.

Draws what `firmware/led_matrix.py` says, so it shows what the simulator shows. Wires: `firmware/wiring.py`.

A MAX7219 cannot be read back. `check()` proves that the SPI device is there and takes every byte; it does not prove
that a display hangs on it or is lit. So everything is sent again every 2 s: a display that was unplugged, or forgot its
settings when the supply dipped, shows the right text again by itself (ADR 0014).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np

from firmware.drivers.device_nodes import cause_of
from firmware.drivers.redrawn_display import RedrawnDisplay
from firmware.led_font import Dots
from firmware.led_matrix import matrix_dots, moves
from firmware.ports import DisplayFailed

_SPI_HZ: Final = 1_000_000  # the chip takes 10 MHz; a metre of loose wires does not, and a frame is 64 bytes


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "max7219"`. The defaults fit the usual module of four in one row (FC-16)."""

    spi_port: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0  # of /dev/spidev<port>.<device>
    spi_device: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0
    cascaded: Annotated[int, msgspec.Meta(ge=1, le=16)] = 4  # chips in a row
    block_orientation: Literal[0, 90, -90, 180] = -90  # degrees by which each block is turned on its board
    rotate: Literal[0, 2] = 0  # 2: the whole display hangs upside down
    blocks_reversed: bool = False  # the cable comes in on the other end
    brightness: Annotated[int, msgspec.Meta(ge=0, le=15)] = 5  # 15 draws over 1 A with all lit


class SpiPackageMissing(DisplayFailed):
    code = "spi-package-missing"
    notice = "系统缺少软件包 spidev，叫号屏用不了，请技术员按手册“装到树莓派上”一节安装后重启程序。"


class SpiForbidden(DisplayFailed):
    code = "spi-forbidden"
    notice = "没有使用叫号屏的权限，请技术员把运行程序的用户加入用户组 spi 后重启装置。"


def open_device(settings: Settings) -> RedrawnDisplay:
    return matrix_display(settings, functools.partial(_open_spi, settings))


def matrix_display(
    settings: Settings, open_serial: Callable[[], Any], *, clock: Callable[[], float] = time.monotonic
) -> RedrawnDisplay:
    """Return the display over a luma serial interface: anything with `data`, `command` and `cleanup`."""
    return RedrawnDisplay(lambda: _Matrix(settings, open_serial), clock=clock)


class _Matrix:
    """The open chain of chips."""

    def __init__(self, settings: Settings, open_serial: Callable[[], Any]) -> None:
        from luma.led_matrix.device import max7219

        self._settings = settings
        self._columns = 8 * settings.cascaded
        self._shown: Dots | None = None
        try:
            self._serial = open_serial()
            self._device = max7219(
                self._serial,
                cascaded=settings.cascaded,
                block_orientation=settings.block_orientation,
                rotate=settings.rotate,
                blocks_arranged_in_reverse_order=settings.blocks_reversed,
                contrast=settings.brightness << 4,  # luma counts to 255, the chip has the upper four bits
            )
            # luma darkens the display when the program ends; ours does so in close(), on a wire that is still open.
            self._device.persist = True
        except DisplayFailed:
            raise
        except OSError as error:
            raise DisplayFailed(f"the SPI device fails: {error}") from None

    def draw(self, text: str, *, blink: bool, seconds: float) -> None:
        dots = matrix_dots(text, blink=blink, seconds=seconds, columns=self._columns)
        if self._shown is None or not np.array_equal(dots, self._shown):
            self._send(dots)

    def repair(self) -> None:
        from luma.led_matrix.const import max7219 as register

        settings = ((register.DISPLAYTEST, 0), (register.DECODEMODE, 0), (register.SCANLIMIT, 7))
        try:
            for address, value in settings:
                self._device.data([address, value] * self._settings.cascaded)
            self._device.contrast(self._settings.brightness << 4)
            self._device.show()
        except OSError as error:
            raise DisplayFailed(f"the SPI device fails: {error}") from None
        self._shown = None

    def moves(self, text: str, *, blink: bool) -> bool:
        return moves(text, blink=blink, columns=self._columns)

    def close(self, *, broken: bool) -> None:
        try:
            self._serial.cleanup()
        except OSError as error:
            if not broken:
                raise DisplayFailed(f"the SPI device fails: {error}") from None

    def _send(self, dots: Dots) -> None:
        from PIL import Image

        picture = Image.fromarray(dots.astype(np.uint8) * 255).convert(self._device.mode)
        try:
            self._device.display(picture)
        except OSError as error:
            self._shown = None
            raise DisplayFailed(f"the SPI device fails: {error}") from None
        self._shown = dots


def _open_spi(settings: Settings) -> Any:
    """Open the kernel's SPI device.

    Raises:
        SpiPackageMissing: the package spidev is not installed.
        SpiForbidden: this user may not open it.
        DisplayFailed: it is not there.
        OSError: what else the kernel says.
    """
    from luma.core.error import DeviceNotFoundError
    from luma.core.interface.serial import noop, spi

    try:
        # noop: a MAX7219 has neither a reset nor a data/command line, and luma would take two pins of ours for them.
        return spi(port=settings.spi_port, device=settings.spi_device, gpio=noop(), bus_speed_hz=_SPI_HZ)
    except ImportError:
        raise SpiPackageMissing("the package spidev is not installed") from None
    except DeviceNotFoundError:
        raise DisplayFailed(f"there is no /dev/spidev{settings.spi_port}.{settings.spi_device}") from None
    except OSError as error:
        if cause_of(error) == "forbidden":
            raise SpiForbidden("this user may not open the SPI device") from None
        raise

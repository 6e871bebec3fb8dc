"""Open the pins of the header for a driver: gpiozero over lgpio, one factory for each driver.

Goes to panel.py and call_display_multi_character.py. The kernel refuses a line that another program, or another driver
of ours, holds; so nothing need be shared between drivers, and one that loses its chip does not take the others along.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from firmware.ports import DeviceError, DeviceMissing

PinFactory = Any  # gpiozero.Factory; the library has no types
OpenPins = Callable[[], PinFactory]
DEV: Final = Path("/dev")
_Fault = TypeVar("_Fault", bound=DeviceError)


class PinsPackageMissing(DeviceMissing):
    code = "gpio-package-missing"
    notice = "系统缺少软件包 lgpio，用不了针脚，请技术员按手册“装到树莓派上”一节安装后重启程序。"


class PinsForbidden(DeviceMissing):
    code = "gpio-forbidden"
    notice = "没有使用针脚的权限，请技术员把运行程序的用户加入用户组 gpio 后重启装置。"


def open_pins(chip: int | None) -> PinFactory:
    """Return the pins of /dev/gpiochip<chip>; None: the header of this Raspberry Pi, whatever its number.

    Raises:
        PinsPackageMissing: lgpio is not installed.
        PinsForbidden: this user may not open the chip.
        DeviceMissing: there is no such chip.
    """
    _let_lgpio_write_elsewhere()
    try:
        from gpiozero.pins.lgpio import LGPIOFactory

        factory = LGPIOFactory(chip=chip)
    except ImportError:
        raise PinsPackageMissing("the package lgpio is not installed") from None
    except pin_errors() as error:
        if _may_not_open(chip):
            raise PinsForbidden("this user may not open the GPIO chip") from None
        raise DeviceMissing(f"the GPIO chip cannot be opened: {error}") from None
    # gpiozero shares one dictionary of pins between all its factories: closing ours would close the other driver's.
    factory.pins = {}
    return factory


def as_fault_of(kind: type[_Fault], error: DeviceMissing) -> _Fault:
    """Return what keeps the pins from us as a device's own kind of fault, with the remedy if one is known."""
    fault = kind(str(error))
    if isinstance(error, (PinsPackageMissing, PinsForbidden)):
        fault.code, fault.notice = error.code, error.notice  # of this one error
    return fault


def _may_not_open(chip: int | None) -> bool:
    # Neither lgpio nor gpiozero keeps the reason. Which chip is the header's is known only once it is open.
    nodes = [node for node in DEV.glob(f"gpiochip{'*' if chip is None else chip}") if node.exists()]
    return bool(nodes) and not any(os.access(node, os.R_OK | os.W_OK) for node in nodes)


def pin_errors() -> tuple[type[Exception], ...]:
    """Return what a pin's use may raise: gpiozero's errors, the kernel's, and lgpio's own, which is neither."""
    from gpiozero import GPIOZeroError

    lgpio = sys.modules.get("lgpio")
    return (GPIOZeroError, OSError) if lgpio is None else (GPIOZeroError, OSError, lgpio.error)


def close_pins(factory: PinFactory, devices: Iterable[Any], *, broken: bool) -> None:
    """Close gpiozero's devices and give all lines back. With `broken` the chip is gone: only our side is let go."""
    devices = tuple(devices)
    for device in devices:
        with contextlib.suppress(*pin_errors()):
            device.close()
    if broken:
        factory.pins = {}
    with contextlib.suppress(*pin_errors()):
        factory.close()
    # A device that failed to close on a dead chip tries again when it is collected, aloud. Without a chip it succeeds.
    for device in devices:
        with contextlib.suppress(*pin_errors()):
            device.close()


@contextlib.contextmanager
def as_default(factory: PinFactory) -> Iterator[None]:
    """Make this factory gpiozero's default for a while: some of its composite devices do not hand theirs on."""
    import gpiozero

    before, gpiozero.Device.pin_factory = gpiozero.Device.pin_factory, factory
    try:
        yield
    finally:
        gpiozero.Device.pin_factory = before


def _let_lgpio_write_elsewhere() -> None:
    """Lgpio puts a FIFO into the current folder, which a unit may not write to; LG_WD names another."""
    if "lgpio" in sys.modules or "LG_WD" in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="onewindow-gpio-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["LG_WD"] = folder

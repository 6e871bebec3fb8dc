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
from typing import Any

from firmware.ports import DeviceMissing

PinFactory = Any  # gpiozero.Factory; the library has no types
OpenPins = Callable[[], PinFactory]


def open_pins(chip: int | None) -> PinFactory:
    """Return the pins of /dev/gpiochip<chip>; None: the header of this Raspberry Pi, whatever its number.

    Raises:
        DeviceMissing: there is no such chip, it may not be opened, or lgpio is not installed.
    """
    _let_lgpio_write_elsewhere()
    try:
        from gpiozero.pins.lgpio import LGPIOFactory

        factory = LGPIOFactory(chip=chip)
    except ImportError:
        raise DeviceMissing("the package lgpio is not installed") from None
    except pin_errors() as error:
        raise DeviceMissing(f"the GPIO chip cannot be opened: {error}") from None
    # gpiozero shares one dictionary of pins between all its factories: closing ours would close the other driver's.
    factory.pins = {}
    return factory


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

"""What keeps the pins from us is told by its own name: a package, a permission, or a chip that is not there."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from firmware.drivers import call_display_max7219, call_display_multi_character, call_display_serial, panel
from firmware.ports import Device, DeviceError

Opener = Callable[[], Device]


def a_panel() -> Device:
    return panel.open_device(panel.Settings(chip=255))


def digits() -> Device:
    return call_display_multi_character.open_device(call_display_multi_character.Settings(chip=255))


def matrix() -> Device:
    return call_display_max7219.open_device(call_display_max7219.Settings(spi_port=255))


def fault_of(opener: Opener) -> DeviceError:
    device = opener()
    try:
        with pytest.raises(DeviceError) as raised:
            device.check()
    finally:
        device.close()
    return raised.value


def a_module(name: str, **holds: Any) -> ModuleType:
    module = ModuleType(name)
    for key, value in holds.items():
        setattr(module, key, value)
    return module


@pytest.mark.parametrize(
    ("opener", "absent", "package", "kind"),
    [
        (a_panel, "gpiozero.pins.lgpio", "lgpio", panel.PanelMissing),
        (digits, "gpiozero.pins.lgpio", "lgpio", DeviceError),
        (matrix, "spidev", "spidev", DeviceError),
    ],
)
def test_a_package_that_is_not_installed_is_named(
    opener: Opener, absent: str, package: str, kind: type[DeviceError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to look at the wires, a technician would look at the wires."""
    monkeypatch.setitem(sys.modules, absent, None)

    fault = fault_of(opener)

    assert isinstance(fault, kind)
    assert package in fault.notice
    assert fault.code.endswith("package-missing")


@pytest.mark.parametrize(("opener", "code"), [(a_panel, "gpio-forbidden"), (digits, "gpio-forbidden")])
def test_a_gpio_chip_that_may_not_be_opened_names_the_group(
    opener: Opener, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """lgpio says "can not open gpiochip" and no reason: whether it may be opened is asked of the node."""

    def refuse(chip: int | None) -> Any:
        raise OSError("can not open gpiochip")

    (tmp_path / "gpiochip255").touch()
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", a_module("lgpio", LGPIOFactory=refuse))
    monkeypatch.setattr("firmware.drivers.pins.DEV", tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    fault = fault_of(opener)

    assert fault.code == code
    assert "用户组 gpio" in fault.notice


def test_a_gpio_chip_that_is_not_there_is_no_matter_of_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(chip: int | None) -> Any:
        raise OSError("can not open gpiochip")

    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", a_module("lgpio", LGPIOFactory=refuse))
    monkeypatch.setattr("firmware.drivers.pins.DEV", tmp_path)

    assert fault_of(a_panel).code == panel.PanelMissing.code


def test_a_spi_device_that_may_not_be_opened_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    class SpiDev:
        def open(self, port: int, device: int) -> None:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setitem(sys.modules, "spidev", a_module("spidev", SpiDev=SpiDev))

    fault = fault_of(matrix)

    assert fault.code == "spi-forbidden"
    assert "用户组 spi" in fault.notice


def test_an_led_bars_port_that_may_not_be_opened_names_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    import serial

    def refuse(*_: Any, **__: Any) -> Any:
        raise serial.SerialException(errno.EACCES, "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    settings = call_display_serial.Settings(port="/dev/serial/by-id/bar")

    fault = fault_of(lambda: call_display_serial.open_device(settings))

    assert fault.code == "display-forbidden"
    assert "dialout" in fault.notice

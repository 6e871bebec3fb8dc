"""Every fault that a wired device can have is told at the administrator's page with what to do about it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import firmware
from central.web.words import DEVICES, REMEDIES, health_word
from firmware.bench import DRIVERS
from firmware.ports import DeviceError


def all_of(kind: type[DeviceError]) -> Iterator[type[DeviceError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from all_of(narrower)


def codes_of_the_firmware() -> set[str]:
    for module in pkgutil.walk_packages(firmware.__path__, "firmware."):
        try:
            importlib.import_module(module.name)
        except ImportError:
            continue  # a driver's library that is not on this machine
    return {error.code for error in all_of(DeviceError) if error.__module__.startswith("firmware.")}


def test_the_walk_reaches_the_drivers() -> None:
    assert {"printer-missing", "scanner-taken", "button-stuck", "card-reader-faulty"} <= codes_of_the_firmware()


@pytest.mark.parametrize("code", sorted(codes_of_the_firmware()))
def test_every_fault_of_a_device_has_its_remedy_in_words(code: str) -> None:
    """Common faults of wired devices were told as 异常（printer-missing），请联系技术员: no help to anybody."""
    assert code in REMEDIES
    what, _, remedy = REMEDIES[code].partition("：")
    assert what
    assert remedy
    assert "一" <= remedy[0] <= "鿿", "what to do is said in Chinese first"


@pytest.mark.parametrize("device", sorted(DRIVERS))
def test_every_device_has_its_name_in_words(device: str) -> None:
    assert DEVICES[device].zh


def test_a_fault_is_told_with_the_device_and_what_to_do() -> None:
    assert health_word("ticket_printer", "printer-missing").startswith("号票打印机：没有找到：")


def test_a_fault_of_a_newer_unit_is_told_by_its_code() -> None:
    assert "no-such-code" in health_word("ticket_printer", "no-such-code")

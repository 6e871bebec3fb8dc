"""What the handbooks tell people to write works as they write it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from edge.console.parts import TESTS
from edge.devices_command import SELF_TEST_CODE
from firmware.bench import DRIVERS, NONE, SIMULATED, DeviceSettings, _driver_of
from firmware.drivers.call_display_max7219 import SpiPackageMissing
from firmware.drivers.pins import PinsPackageMissing

FIRMWARE = Path(__file__).parents[2] / "firmware"
WIRING = FIRMWARE / "WIRING.md"
HANDBOOK = Path(__file__).parents[2] / "docs" / "handbook-technician.md"


def test_the_technicians_device_settings_are_taken_as_they_stand() -> None:
    (written,) = re.findall(r"```toml\n(.*?)```", HANDBOOK.read_text(encoding="utf-8"), re.DOTALL)

    devices = DeviceSettings.from_table(tomllib.loads(written)["devices"], folder=Path("/unit"))

    assert all(devices.kind_of(device) not in (NONE, SIMULATED) for device in DRIVERS)
    for device in DRIVERS:
        assert _driver_of(device, devices) is not None, device


def test_the_installation_names_the_packages_and_groups_that_the_notices_ask_for() -> None:
    handbook = HANDBOOK.read_text(encoding="utf-8")
    section = handbook.split("## 装到树莓派上")[1].split("\n## ")[0]
    extras = tomllib.loads((FIRMWARE / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]

    for package in ("lgpio", "spidev"):
        assert f"`{package}`" in section
        assert any(each.startswith(package) for each in extras["pi"])
    for notice in (PinsPackageMissing.notice, SpiPackageMissing.notice):
        assert "“装到树莓派上”" in notice
    for group in ("onewindow", "gpio", "spi", "video", "audio", "dialout", "input"):
        assert f"| `{group}` |" in section
    assert 'GROUP="onewindow"' in (FIRMWARE / "image" / "70-onewindow-talkers.rules").read_text(encoding="utf-8")


def test_the_first_power_on_names_the_consoles_own_buttons_and_the_self_test_code() -> None:
    """It told the technician to press 试一下, which stood on no page."""
    (steps,) = re.findall(r"## 9\. .*", WIRING.read_text(encoding="utf-8"), re.DOTALL)

    for device in ("call_display", "speaker", "document_camera", "ticket_printer"):
        assert f"“{TESTS[device]}”" in steps
    assert SELF_TEST_CODE in steps
    assert "试一下" not in steps

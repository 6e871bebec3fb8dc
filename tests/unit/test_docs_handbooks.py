"""What the handbooks tell people to write works as they write it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from firmware.bench import DRIVERS, NONE, SIMULATED, DeviceSettings, _driver_of

HANDBOOK = Path(__file__).parents[2] / "docs" / "handbook-technician.md"


def test_the_technicians_device_settings_are_taken_as_they_stand() -> None:
    (written,) = re.findall(r"```toml\n(.*?)```", HANDBOOK.read_text(encoding="utf-8"), re.DOTALL)

    devices = DeviceSettings.from_table(tomllib.loads(written)["devices"], folder=Path("/unit"))

    assert all(devices.kind_of(device) not in (NONE, SIMULATED) for device in DRIVERS)
    for device in DRIVERS:
        assert _driver_of(device, devices) is not None, device

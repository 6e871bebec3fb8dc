"""Open the devices that a unit's settings name: the only place that knows both the drivers and the simulators.

Settings come from the `[devices]` table of unit.toml; the bench goes to `edge/bootstrap.py`. What the settings do
not name is None, and what they name is there or raises: a simulator never steps in for a device that is missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from broker.errors import Refused
from firmware.ports import (
    CallDisplay,
    Device,
    DocumentCamera,
    IdCardReader,
    Panel,
    Scanner,
    Speaker,
    TicketPrinter,
)

if TYPE_CHECKING:
    from firmware.simulators.simulated_bench import SimulatedBench

NONE: Final = "none"
SIMULATED: Final = "simulated"
# What the settings may name beside those two. The drivers come one by one; until one is here, naming it is refused.
DRIVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "scanner": ("serial", "hid", "document-camera"),
    "document_camera": ("picamera2", "v4l2"),
    "call_display": ("max7219", "multi-character"),
    "panel": ("gpio",),
    "speaker": ("alsa",),
    "id_card_reader": ("serial",),
    "ticket_printer": ("usb", "serial", "network"),
}


class DeviceSettingsRefused(Refused):
    """The settings name a device that this version does not know. Nothing was opened."""

    code = "device-settings-refused"
    notice = "装置设置有误：设备种类不认识或本版本尚未支持，请技术员核对 unit.toml 的 [devices]。"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """What is wired to one unit: for each device "none", "simulated" or the kind of its driver."""

    scanner: str = NONE
    document_camera: str = NONE
    call_display: str = NONE
    panel: str = NONE
    speaker: str = NONE
    id_card_reader: str = NONE
    ticket_printer: str = NONE
    sheets: Path | None = None  # folder of photographs that lie under the simulated camera; None: drawn papers only
    seed: int = 1  # of all chance in the simulators: where a sheet lies, noise, invented persons

    @classmethod
    def from_table(cls, table: Mapping[str, object], *, folder: Path) -> DeviceSettings:
        """Read the `[devices]` table of unit.toml; a relative path in it is relative to `folder`.

        Raises:
            DeviceSettingsRefused: a key is unknown, or a value is of the wrong type.
        """
        known = {field.name for field in fields(cls)}
        for key, value in table.items():
            if key not in known:
                raise DeviceSettingsRefused(f"[devices] has the keys {', '.join(sorted(known))}")
            if not isinstance(value, int if key == "seed" else str) or isinstance(value, bool):
                raise DeviceSettingsRefused(f"[devices] {key} is {'a whole number' if key == 'seed' else 'text'}")
        kinds = {key: str(value) for key, value in table.items() if key in DRIVERS}
        seed, sheets = table.get("seed", 1), table.get("sheets", "")
        assert isinstance(seed, int)
        return cls(**kinds, seed=seed, sheets=folder / str(sheets) if sheets else None)

    def kind_of(self, device: str) -> str:
        """Return the kind set for the device, for example "simulated"."""
        assert device in DRIVERS, "a device of the house"
        return str(getattr(self, device))


class Bench:
    """The devices of one unit, open. A context manager; `close()` may be called twice."""

    def __init__(self) -> None:
        self.scanner: Scanner | None = None
        self.document_camera: DocumentCamera | None = None
        self.call_display: CallDisplay | None = None
        self.panel: Panel | None = None
        self.speaker: Speaker | None = None
        self.id_card_reader: IdCardReader | None = None
        self.ticket_printer: TicketPrinter | None = None
        self.simulators: SimulatedBench | None = None  # the controls; None when nothing is simulated
        self._open = contextlib.ExitStack()

    @property
    def simulated(self) -> bool:
        """Whether any device is simulated: then the unit says so wherever it shows itself."""
        return self.simulators is not None

    def devices(self) -> dict[str, Device]:
        """Return the devices that are there, by their names in the settings."""
        return {name: device for name in DRIVERS if (device := getattr(self, name)) is not None}

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_bench(devices: DeviceSettings) -> Bench:
    """Open every device that the settings name.

    A device that is set but not there at the moment still opens: its methods raise until it is back.

    Raises:
        DeviceSettingsRefused: a kind is unknown or its driver is not in this version. Nothing stays open.
    """
    for device in DRIVERS:
        _require_known(device, devices.kind_of(device))
    bench = Bench()
    simulated = [device for device in DRIVERS if devices.kind_of(device) == SIMULATED]
    if simulated:
        # Imported here: Pillow and pyzbar need not be on a unit whose devices are all wired.
        from firmware.simulators.simulated_bench import SimulatedBench

        simulators = SimulatedBench(simulated, sheets=devices.sheets, seed=devices.seed)
        bench._open.callback(simulators.close)
        bench.simulators = simulators
        for device in simulated:
            setattr(bench, device, getattr(simulators, device))
    return bench


def _require_known(device: str, kind: str) -> None:
    if kind in (NONE, SIMULATED):
        return
    drivers = DRIVERS[device]
    if kind in drivers:
        raise DeviceSettingsRefused(f"{device}: the driver {kind} is not in this version; known are none, simulated")
    raise DeviceSettingsRefused(f"{device} is one of none, simulated, {', '.join(drivers)}")

"""Open the devices that a unit's settings name: the only place that knows both the drivers and the simulators.

Settings come from the `[devices]` table of unit.toml; the bench goes to `edge/bootstrap.py`. What the settings do
not name is None, and what they name is there or raises: a simulator never steps in for a device that is missing.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import msgspec

from broker.errors import Refused
from firmware.ports import (
    BoardHealth,
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
# Device -> kind -> its driver's file. That file has `Settings`, a msgspec.Struct of what may stand beside the kind,
# and `open_device(settings)`, which returns the port. None: the kind is served by the edge, not by a wire here.
DRIVERS: Final[Mapping[str, Mapping[str, str | None]]] = {
    "scanner": {"serial": "scanner_serial", "hid": "scanner_hid", "document-camera": None},
    "document_camera": {"picamera2": "document_camera_picamera2", "v4l2": "document_camera_v4l2"},
    "call_display": {
        "max7219": "call_display_max7219",
        "multi-character": "call_display_multi_character",
        "serial": "call_display_serial",
    },
    "panel": {"gpio": "panel"},
    "speaker": {"alsa": "speaker"},
    "id_card_reader": {"serial": "id_card_reader"},
    "ticket_printer": {
        "usb": "ticket_printer_usb",
        "serial": "ticket_printer_serial",
        "network": "ticket_printer_network",
    },
    "board": {"linux": "board"},
}


class DeviceSettingsRefused(Refused):
    """The settings name a device that this version does not know. Nothing was opened."""

    code = "device-settings-refused"
    notice = "装置设置有误：设备种类或选项不认识，请技术员核对 unit.toml 的 [devices]。"


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
    board: str = NONE
    sheets: Path | None = None  # folder of photographs that lie under the simulated camera; None: drawn papers only
    seed: int = 1  # of all chance in the simulators: where a sheet lies, noise, invented persons
    options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # device -> what stands beside its kind

    @classmethod
    def from_table(cls, table: Mapping[str, object], *, folder: Path) -> DeviceSettings:
        """Read the `[devices]` table of unit.toml; `sheets` in it is relative to `folder`.

        A device is a kind (`scanner = "none"`) or a table of its own with `kind` and that driver's options
        (`[devices.scanner]`, `kind = "serial"`, `port = "/dev/ttyACM0"`).

        Raises:
            DeviceSettingsRefused: a key is unknown, or a value is of the wrong type.
        """
        kinds: dict[str, str] = {}
        options: dict[str, dict[str, object]] = {}
        seed, sheets = table.get("seed", 1), table.get("sheets", "")
        _require(type(seed) is int, "[devices] seed is a whole number")
        _require(isinstance(sheets, str), "[devices] sheets is text")
        for key, value in table.items():
            if key in ("seed", "sheets"):
                continue
            _require(key in DRIVERS, f"[devices] has the keys {', '.join(sorted({*DRIVERS, 'seed', 'sheets'}))}")
            if isinstance(value, Mapping):
                options[key] = {name: option for name, option in value.items() if name != "kind"}
                value = value.get("kind")
            _require(isinstance(value, str), f"[devices] {key} is text, or a table with kind as text")
            kinds[key] = str(value)
        assert isinstance(seed, int)
        return cls(**kinds, seed=seed, sheets=folder / str(sheets) if sheets else None, options=options)

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
        self.board: BoardHealth | None = None
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
        DeviceSettingsRefused: a kind is unknown, or an option beside it. Nothing stays open.
    """
    wired = {device: _driver_of(device, devices) for device in DRIVERS}
    bench = Bench()
    with contextlib.ExitStack() as opening:
        simulated = [device for device in DRIVERS if devices.kind_of(device) == SIMULATED]
        if simulated:
            # Imported here: Pillow and pyzbar need not be on a unit whose devices are all wired.
            from firmware.simulators.simulated_bench import SimulatedBench

            bench.simulators = SimulatedBench(simulated, sheets=devices.sheets, seed=devices.seed)
            opening.callback(bench.simulators.close)
            for device in simulated:
                setattr(bench, device, getattr(bench.simulators, device))
        for device, driver in wired.items():
            if driver is not None:
                module, settings = driver
                setattr(bench, device, module.open_device(settings))
                opening.callback(getattr(bench, device).close)
        bench._open = opening.pop_all()
    return bench


def _driver_of(device: str, devices: DeviceSettings) -> tuple[Any, msgspec.Struct] | None:
    """Return the driver's module and its checked settings; None when the device is not wired here."""
    kind, options = devices.kind_of(device), devices.options.get(device, {})
    drivers = DRIVERS[device]
    if kind in (NONE, SIMULATED) or drivers.get(kind, "") is None:
        _require(not options, f"{device}: {kind} has no options")
        return None
    _require(kind in drivers, f"{device} is one of none, simulated, {', '.join(drivers)}")
    module = importlib.import_module(f"firmware.drivers.{drivers[kind]}")
    try:
        settings: msgspec.Struct = msgspec.convert(options, module.Settings)
    except msgspec.ValidationError as error:
        raise DeviceSettingsRefused(f"[devices.{device}] {error}") from None
    return module, settings


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise DeviceSettingsRefused(rule)

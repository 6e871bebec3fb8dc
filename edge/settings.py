"""What a unit is told by its settings file: who it is, where the broker is, its keys, its devices.

Comes from unit.toml, which the technician's kit writes; goes to `bootstrap.py`. Paths in it are relative to its folder.
Nothing is guessed: what is missing or wrong is named, with its file and key.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from broker.errors import Refused
from broker.messages import WINDOWS_MAX
from broker.topics import UnitId, unit_id
from edge.console.settings import ConsoleSettings
from edge.errors import SettingsRefused
from edge.view import Role
from firmware.bench import DeviceSettings

_AT_A_WINDOW: Final = (Role.INTAKE, Role.PICKUP)


class _Unit(msgspec.Struct):
    id: str
    hall: str
    hall_name: str
    role: Role
    window: int | None = None
    simulated_mark: bool = True


class _Broker(msgspec.Struct):
    addresses: list[str]
    ca: str
    certificate: str
    key: str


class _Keys(msgspec.Struct):
    signing: str
    sealing: str
    central_sealing: str
    central_receipt: str
    tickets: str


class _Console(msgspec.Struct):
    port: int
    host: str = "127.0.0.1"
    token: str = ""
    hosts: list[str] = []
    pocket: str = ""


class _Catalogue(msgspec.Struct):
    items: str


class _Group(msgspec.Struct):
    letter: str
    name: str


class _Kiosk(msgspec.Struct):
    groups: list[_Group]
    number_base: int = 6000


class _Outbox(msgspec.Struct):
    folder: str = "outbox"
    reserve_bytes: int = 33_554_432
    keep_receipted_days: int = 14


class _File(msgspec.Struct):
    unit: _Unit
    broker: _Broker
    keys: _Keys
    console: _Console
    catalogue: _Catalogue
    devices: dict[str, Any] = {}
    kiosk: _Kiosk | None = None
    outbox: _Outbox = msgspec.field(default_factory=_Outbox)


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of business that tickets are given out for."""

    letter: str
    name: str


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitSettings:
    unit: UnitId
    hall: str
    hall_name: str
    role: Role
    window: int | None
    addresses: tuple[Address, ...]  # tried in turn
    ca: Path
    certificate: Path
    key: Path
    signing_key: Path
    sealing_key: Path
    central_sealing_key: Path
    central_receipt_key: Path
    ticket_keys: Path  # folder of <day>.key
    devices: DeviceSettings
    console: ConsoleSettings
    catalogue: Path
    groups: tuple[Group, ...]
    number_base: int  # the first ticket of a day is one more
    outbox: Path
    seen: Path  # folder of what must outlive a start: boot counter, numbers given out, calls shown
    reserve_bytes: int
    keep_receipted_days: int


def read_settings(path: Path) -> UnitSettings:
    """Read a unit's settings.

    Raises:
        SettingsRefused: the text names the file and the key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        file = msgspec.convert(table, _File)
    except OSError as error:
        raise SettingsRefused(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{path}: is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise SettingsRefused(f"{path}: {error}") from None
    return _checked(file, path)


def _checked(file: _File, path: Path) -> UnitSettings:
    folder, unit, kiosk = path.parent, file.unit, file.kiosk
    _require((unit.window is not None) == (unit.role in _AT_A_WINDOW), path, "unit.window", "only a window has one")
    _require(unit.window is None or 1 <= unit.window <= WINDOWS_MAX, path, "unit.window", f"is 1 to {WINDOWS_MAX}")
    gives_out = unit.role in (Role.KIOSK, Role.STATION)
    _require((kiosk is not None) or not gives_out, path, "kiosk", "a kiosk or station has its groups")
    groups = tuple(Group(each.letter, each.name) for each in kiosk.groups) if kiosk is not None else ()
    _require(bool(groups) or not gives_out, path, "kiosk.groups", "has at least one")
    _require(
        all(len(each.letter) == 1 and "A" <= each.letter <= "Z" for each in groups),
        path,
        "kiosk.groups",
        "a letter is one of A to Z",
    )
    _require(len({each.letter for each in groups}) == len(groups), path, "kiosk.groups", "a letter stands once")
    number_base = kiosk.number_base if kiosk is not None else 0
    _require(0 <= number_base < 9999, path, "kiosk.number_base", "is 0 to 9998")
    _require(file.outbox.reserve_bytes >= 0, path, "outbox.reserve_bytes", "is 0 or more")
    _require(1 <= file.outbox.keep_receipted_days <= 365, path, "outbox.keep_receipted_days", "is 1 to 365")
    outbox = folder / file.outbox.folder
    return UnitSettings(
        unit=_named(path, "unit.id", unit.id),
        hall=unit.hall,
        hall_name=unit.hall_name,
        role=unit.role,
        window=unit.window,
        addresses=_addresses(path, file.broker.addresses),
        ca=folder / file.broker.ca,
        certificate=folder / file.broker.certificate,
        key=folder / file.broker.key,
        signing_key=folder / file.keys.signing,
        sealing_key=folder / file.keys.sealing,
        central_sealing_key=folder / file.keys.central_sealing,
        central_receipt_key=folder / file.keys.central_receipt,
        ticket_keys=folder / file.keys.tickets,
        devices=_devices(path, file.devices),
        console=_console(path, file.console),
        catalogue=folder / file.catalogue.items,
        groups=groups,
        number_base=number_base,
        outbox=outbox,
        seen=outbox.parent / "seen",
        reserve_bytes=file.outbox.reserve_bytes,
        keep_receipted_days=file.outbox.keep_receipted_days,
    )


def _named(path: Path, key: str, text: str) -> UnitId:
    try:
        return unit_id(text)
    except Refused as refusal:
        raise SettingsRefused(f"{path}: {key}: {refusal}") from None


def _addresses(path: Path, texts: list[str]) -> tuple[Address, ...]:
    _require(bool(texts), path, "broker.addresses", "has at least one")
    addresses = []
    for text in texts:
        host, _, port = text.rpartition(":")
        _require(bool(host) and port.isdecimal() and 0 < int(port) < 65_536, path, "broker.addresses", "is host:port")
        addresses.append(Address(host, int(port)))
    return tuple(addresses)


def _devices(path: Path, table: dict[str, Any]) -> DeviceSettings:
    try:
        return DeviceSettings.from_table(table, folder=path.parent)
    except Refused as refusal:
        raise SettingsRefused(f"{path}: {refusal}") from None


def _console(path: Path, table: _Console) -> ConsoleSettings:
    _require(0 <= table.port < 65_536, path, "console.port", "is 0 to 65535")
    _require(table.token == "" or len(table.token) >= 20, path, "console.token", "has at least 20 characters")
    return ConsoleSettings(
        host=table.host,
        port=table.port,
        token=table.token,
        hosts=tuple(table.hosts),
        pocket=path.parent / table.pocket if table.pocket else None,
    )


def _require(holds: bool, path: Path, key: str, rule: str) -> None:
    if not holds:
        raise SettingsRefused(f"{path}: {key}: {rule}")

"""One unit's folder: its keys, its certificate, its settings. What a technician carries to a window.

    <folder>/unit.toml            settings; paths in it are relative to it; mode 0600, since it may hold a token
    <folder>/service_items.tsv    the hall's catalogue
    <folder>/keys/                tls.pem tls.key signing.pem sealing.pem ca.pem central-sealing.pub central-receipt.pub
    <folder>/keys/ticket/         <day>.key of today and the days ahead

Made again over what is there: keys are kept, certificates renewed when due, settings written anew; the unit's own
outbox and journal are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from broker.ticket_keys import days_ahead, ticket_key
from provisioning.authority import HallAuthority
from provisioning.files import make_folder, write_open, write_secret
from provisioning.hall_plan import HallPlan, PlannedUnit, Role
from provisioning.keys import public_pem, sealing_key, signing_key, write_public
from provisioning.toml import Value, render_toml

SETTINGS_FILE = "unit.toml"
CATALOGUE_FILE = "service_items.tsv"
RESERVE_BYTES = 32 * 1024 * 1024
KEEP_RECEIPTED_DAYS = 14


@dataclass(frozen=True, slots=True)
class CentralKeys:
    """What units are given of central: public keys, and the master of which they get days."""

    sealing: X25519PublicKey
    receipt: Ed25519PublicKey
    ticket_master: bytes


@dataclass(frozen=True, slots=True)
class UnitKeys:
    """A unit's public keys, for the roster, in PEM."""

    signing: str
    sealing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPlace:
    """What a unit's settings say beyond the plan: where the others are."""

    broker_addresses: tuple[str, ...]
    console_port: int
    console_host: str = "127.0.0.1"
    sheets: str = ""  # a folder of photographs to lie under the simulated camera; "" draws papers
    seed: int = 1  # of the simulators' chance: every unit draws papers of its own
    token: str = ""  # lets the demonstration's own programs use the console; "" lets none
    pocket: str = ""  # a folder in which simulated slips are carried from unit to unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """What all units of a hall are made from."""

    plan: HallPlan
    authority: HallAuthority
    central: CentralKeys
    catalogue: bytes
    today: date  # the hall's day, from which ticket keys are given
    now: datetime  # aware; certificates are made by it


def make_unit_folder(folder: Path, unit: PlannedUnit, place: UnitPlace, supplies: Supplies) -> UnitKeys:
    """See that this folder is all that the unit needs to start; return its public keys.

    Raises:
        KeyFileRefused: a key in it is damaged. Nothing of the unit's papers was touched.
    """
    keys = make_folder(folder / "keys")
    signing, sealing = signing_key(keys / "signing.pem"), sealing_key(keys / "sealing.pem")
    supplies.authority.client(keys / "tls.pem", keys / "tls.key", unit.unit, now=supplies.now)
    write_open(keys / "ca.pem", supplies.authority.certificate_pem)
    write_public(keys / "central-sealing.pub", supplies.central.sealing)
    write_public(keys / "central-receipt.pub", supplies.central.receipt)
    write_ticket_keys(keys / "ticket", supplies.central.ticket_master, hall=supplies.plan.hall, today=supplies.today)
    write_open(folder / CATALOGUE_FILE, supplies.catalogue)
    write_secret(folder / SETTINGS_FILE, _settings(unit, place, supplies.plan))
    return UnitKeys(public_pem(signing.public_key()).decode(), public_pem(sealing.public_key()).decode())


def write_ticket_keys(folder: Path, master: bytes, *, hall: str, today: date) -> None:
    """Lay the keys of today and the days ahead into this folder, and destroy those of days past."""
    make_folder(folder)
    ahead = days_ahead(today)
    for path in folder.glob("*.key"):
        if path.stem not in ahead:
            path.unlink()
    for day in ahead:
        write_secret(folder / f"{day}.key", ticket_key(master, hall=hall, day=day).hex() + "\n")


def _settings(unit: PlannedUnit, place: UnitPlace, plan: HallPlan) -> str:
    own: dict[str, Value] = {"id": unit.unit, "hall": plan.hall, "hall_name": plan.name, "role": unit.role.value}
    if unit.window is not None:
        own["window"] = unit.window
    own["simulated_mark"] = True
    tables: dict[str, Mapping[str, Value]] = {
        "unit": own,
        "broker": {
            "addresses": place.broker_addresses,
            "ca": "keys/ca.pem",
            "certificate": "keys/tls.pem",
            "key": "keys/tls.key",
        },
        "keys": {
            "signing": "keys/signing.pem",
            "sealing": "keys/sealing.pem",
            "central_sealing": "keys/central-sealing.pub",
            "central_receipt": "keys/central-receipt.pub",
            "tickets": "keys/ticket",
        },
        "devices": {**unit.devices, "sheets": place.sheets, "seed": place.seed},
        "console": {
            "host": place.console_host,
            "port": place.console_port,
            "token": place.token,
            "pocket": place.pocket,
        },
        "catalogue": {"items": CATALOGUE_FILE},
        "outbox": {"folder": "outbox", "reserve_bytes": RESERVE_BYTES, "keep_receipted_days": KEEP_RECEIPTED_DAYS},
    }
    if unit.role in (Role.KIOSK, Role.STATION):
        tables["kiosk"] = _kiosk(unit, plan)
    return render_toml(tables, head=f"{unit.name} · {unit.unit}\nWritten anew at each start of the demonstration hall.")


def _kiosk(unit: PlannedUnit, plan: HallPlan) -> Mapping[str, Value]:
    if unit.role is Role.STATION:
        # A station's tickets stand in no window's queue; its letter is no group of the hall's.
        return {"groups": ({"letter": "S", "name": "社区服务站"},), "number_base": 1000}
    groups = tuple({"letter": group.letter, "name": group.name} for group in plan.groups)
    return {"groups": groups, "number_base": plan.number_base}

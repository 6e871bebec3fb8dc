"""The demonstration hall in one state folder: everything that Mosquitto, central and the units start from.

    <state>/hall.json     roster, ports, demonstration log-ins
    <state>/authority/    the hall's certificate authority
    <state>/broker/       Mosquitto's folder
    <state>/central/      central's settings, keys, and later its ledger
    <state>/units/<unit>/ one folder a unit
    <state>/pocket/       simulated slips on their way from the kiosk to a window
    <state>/logs/         what the processes say

Made again at each start: what must last (keys, passwords, papers, the ledger) is kept, what runs out (certificates,
the revocation list, ticket keys) is renewed, what is rendered (settings, access list) is written anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from broker.topics import UnitId
from provisioning.authority import HallAuthority
from provisioning.broker_folder import write_broker_folder
from provisioning.central_folder import make_central_folder
from provisioning.files import make_folder
from provisioning.hall_file import HallFile, read_hall_file, write_hall_file
from provisioning.hall_plan import HallPlan
from provisioning.ports import Ports, choose_ports, is_free_on_loopback
from provisioning.unit_folder import Supplies, UnitKeys, UnitPlace, make_unit_folder

HALL_ZONE: Final = ZoneInfo("Asia/Shanghai")
CATALOGUE: Final = Path(__file__).resolve().parent.parent / "central" / "catalogue" / "service_items.tsv"
POCKET: Final = "../../pocket"  # from a unit's folder

# Read aloud and typed at a demonstration: no 0 and O, no 1 and l. 10 of 31 are 49 bits.
_LEGIBLE: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_PASSWORD_LENGTH: Final = 10


@dataclass(frozen=True, slots=True)
class DemoHall:
    """The hall as it was made: its roster, and the ports that somebody else had."""

    state: Path
    file: HallFile
    ports: Ports


def make_demo_hall(
    state: Path,
    plan: HallPlan,
    *,
    now: datetime,
    sheets: Path | None = None,
    catalogue: Path = CATALOGUE,
    is_free: Callable[[int], bool] = is_free_on_loopback,
) -> DemoHall:
    """Make the hall in this folder, or make it ready again.

    Args:
        now: aware; certificates and ticket keys are made by it.
        sheets: a folder of photographs that shall lie under the simulated cameras.

    Raises:
        HallFileRefused, KeyFileRefused: what is there is damaged. Nothing was made over it.
    """
    make_folder(state)
    known = read_hall_file(state)
    ports = choose_ports(_wishes(plan, known), is_free=is_free)
    address = f"localhost:{ports.given['broker']}"
    items = catalogue.read_bytes()
    token = known.token if known is not None else secrets.token_hex(16)
    make_folder(state / "logs")
    make_folder(state / "pocket")
    authority = HallAuthority(state / "authority", plan.hall, now=now)
    write_broker_folder(state / "broker", authority, port=ports.given["broker"], now=now)
    central = make_central_folder(
        state / "central",
        plan=plan,
        authority=authority,
        broker_address=address,
        web_port=ports.given["web"],
        catalogue=items,
        now=now,
    )
    supplies = Supplies(
        plan=plan,
        authority=authority,
        central=central,
        catalogue=items,
        today=now.astimezone(HALL_ZONE).date(),
        now=now,
    )
    keys = {
        unit.unit: make_unit_folder(
            state / "units" / unit.unit,
            unit,
            UnitPlace(
                broker_addresses=(address,),
                console_port=ports.given[unit.unit],
                sheets=str(sheets.resolve()) if sheets is not None else "",
                seed=number,
                token=token,
                pocket=POCKET,
            ),
            supplies,
        )
        for number, unit in enumerate(plan.units, start=1)
    }
    passwords = known.passwords if known is not None else {}
    file = HallFile(_roster(plan, keys, ports, passwords, token))
    write_hall_file(state, file)
    return DemoHall(state, file, ports)


def renew_revocations(state: Path, hall: str, *, now: datetime) -> bool:
    """See that the broker's revocation list is of today; return whether it is new and the broker must read it again."""
    return HallAuthority(state / "authority", hall, now=now).revocations(state / "broker" / "crl.pem", now=now)


def _wishes(plan: HallPlan, known: HallFile | None) -> dict[str, int]:
    wished: dict[str, int] = {
        "broker": plan.broker_port,
        "web": plan.web_port,
        **{unit.unit: unit.port for unit in plan.units},
    }
    had = known.ports if known is not None else {}
    return {name: had.get(name, port) for name, port in wished.items()}


def _roster(
    plan: HallPlan, keys: Mapping[UnitId, UnitKeys], ports: Ports, passwords: dict[str, str], token: str
) -> dict[str, Any]:
    return {
        "hall": {"id": plan.hall, "name": plan.name},
        "groups": [
            {"letter": group.letter, "name": group.name, "departments": list(group.departments)}
            for group in plan.groups
        ],
        "windows": [
            {"number": unit.window, "name": unit.name, "unit": unit.unit, "role": unit.role.value}
            for unit in plan.units
            if unit.window is not None
        ],
        "units": [
            {
                "id": unit.unit,
                "role": unit.role.value,
                "window": unit.window,
                "name": unit.name,
                "signing_key": keys[unit.unit].signing,
                "sealing_key": keys[unit.unit].sealing,
            }
            for unit in plan.units
        ],
        "staff": [
            {
                "login": member.login,
                "name": member.name,
                "role": member.role.value,
                "desk": member.desk,
                "password": passwords.get(member.login) or _password(),
            }
            for member in plan.staff
        ],
        "ports": dict(ports.given),
        "token": token,
    }


def _password() -> str:
    return "".join(secrets.choice(_LEGIBLE) for _ in range(_PASSWORD_LENGTH))

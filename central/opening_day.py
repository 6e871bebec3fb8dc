"""`onewindow-central init`: the hall, its units, its staff and its catalogue entered in the book, as in the roster.

Comes from hall.json (provisioning writes it) and central.toml; goes to the ledger. Done again it enters only what has
changed: a new key of a unit, a new member of staff, another catalogue.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from broker.errors import OneWindowError
from broker.topics import unit_id
from central.catalogue.loading import load_catalogue
from central.catalogue.tsv import read_catalogue
from central.ledger.facts import HallOpened, SettingsChanged, UnitEnrolled
from central.ledger.work import UnitOfWork
from central.queue.settings import SETTING as QUEUE_SETTING
from central.queue.settings import QueueSettings
from central.settings import CentralSettings
from central.staff.passwords import hash_password, is_password
from central.staff.roles import Role
from central.staff.roster import put_staff, set_password

ACTOR: Final = "central"
_ROLES: Final = {"administrator": Role.ADMIN}  # the roster's words that differ from ours

log = logging.getLogger(__name__)


class RosterUnfit(OneWindowError, ValueError):
    """The roster cannot be used. Nothing was entered."""

    code = "roster-unfit"
    notice = "大厅名册 hall.json 有误，没有写入。请重新生成名册。"


@dataclass(frozen=True, slots=True)
class StaffLine:
    """A member of staff as the roster names them, the password hashed already (slow: never inside a transaction)."""

    staff_id: str
    name: str
    role: Role
    desks: tuple[str, ...]
    password: str

    def __repr__(self) -> str:
        return f"StaffLine(staff_id={self.staff_id!r})"


@dataclass(frozen=True, slots=True)
class HallRoster:
    """A roster as it was read and checked."""

    hall: HallOpened
    units: tuple[UnitEnrolled, ...]
    staff: tuple[StaffLine, ...]


def read_roster(path: Path, settings: CentralSettings) -> HallRoster:
    """Return the roster in hall.json.

    Raises:
        RosterUnfit: missing, damaged, or of another hall.
    """
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if data["hall"]["id"] != settings.hall.id:
            raise RosterUnfit(f"{path} is the roster of another hall than {settings.hall.id}")
        return HallRoster(
            hall=HallOpened(
                name=data["hall"]["name"],
                groups={group["letter"]: group["name"] for group in data["groups"]},
                windows=tuple(window["number"] for window in data["windows"]),
                pickup_window=settings.hall.pickup_window,
            ),
            units=tuple(_unit(row) for row in data["units"]),
            staff=tuple(_staff(row) for row in data.get("staff", ())),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, RosterUnfit):
            raise
        raise RosterUnfit(f"{path} is no roster of a hall: {type(error).__name__}") from None


def password_hashes(roster: HallRoster, known: dict[str, str | None]) -> dict[str, str]:
    """Return the hashes of the passwords that are not those known already, by staff number."""
    return {
        line.staff_id: hash_password(line.password)
        for line in roster.staff
        if line.password and not ((found := known.get(line.staff_id)) and is_password(found, line.password))
    }


def enter_hall(roster: HallRoster, settings: CentralSettings, hashes: dict[str, str], *, work: UnitOfWork) -> int:
    """Enter what differs from the book; return how many entries that took."""
    before = work.head()[0]
    _enter_hall(roster.hall, work)
    for unit in roster.units:
        known = work.units.find(unit.unit)
        same = known is not None and (known.role, known.window, known.signing_key, known.sealing_key) == (
            unit.role,
            unit.window,
            unit.signing_key,
            unit.sealing_key,
        )
        # A revoked unit comes back by enrolment with new keys only.
        if not same:
            work.append(unit, subject=unit.unit, actor=ACTOR)
    load_catalogue(read_catalogue(settings.catalogue.items), actor=ACTOR, work=work)
    for line in roster.staff:
        _enter_staff(line, work)
    for staff_id, password_hash in hashes.items():
        set_password(staff_id, password_hash, actor=ACTOR, work=work)
    if settings.queue and work.settings.find(QUEUE_SETTING) is None:
        QueueSettings(**settings.queue)
        value = json.dumps(settings.queue, sort_keys=True)
        work.append(SettingsChanged(name=QUEUE_SETTING, value=value), subject=QUEUE_SETTING, actor=ACTOR)
    return work.head()[0] - before


def _enter_hall(hall: HallOpened, work: UnitOfWork) -> None:
    known = work.hall_record()
    if known is None or (known.name, dict(known.groups), known.windows, known.pickup_window) != (
        hall.name,
        hall.groups,
        hall.windows,
        hall.pickup_window,
    ):
        work.append(hall, subject=work.hall, actor=ACTOR)


def _enter_staff(line: StaffLine, work: UnitOfWork) -> None:
    # What the administrator has changed since stays: the roster only brings people who are not there yet.
    if work.staff.find(line.staff_id) is None:
        put_staff(line.staff_id, line.name, [line.role], desks=line.desks, actor=ACTOR, work=work)


def _unit(row: dict[str, Any]) -> UnitEnrolled:
    signing = load_pem_public_key(row["signing_key"].encode())
    sealing = load_pem_public_key(row["sealing_key"].encode()) if row.get("sealing_key") else None
    if not isinstance(signing, Ed25519PublicKey) or not (sealing is None or isinstance(sealing, X25519PublicKey)):
        raise RosterUnfit("a unit's signing key is Ed25519, its sealing key X25519")
    return UnitEnrolled(
        unit=unit_id(row["id"]),
        role=row["role"],
        signing_key=signing.public_bytes_raw().hex(),
        sealing_key="" if sealing is None else sealing.public_bytes_raw().hex(),
        window=row.get("window"),
    )


def _staff(row: dict[str, Any]) -> StaffLine:
    role = _ROLES.get(row["role"]) or Role(row["role"])
    desks = (row["desk"],) if row.get("desk") and role is Role.OFFICER else ()
    return StaffLine(row["login"], row["name"], role, desks, row.get("password", ""))

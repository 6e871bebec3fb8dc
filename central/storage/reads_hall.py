"""What a use case may read of the hall itself: units, staff, catalogue, settings. See `central.ledger.work`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, select

from central.ledger.facts import CatalogueItem
from central.ledger.work import HallRecord, StaffRecord, UnitRecord
from central.storage import tables
from central.storage.statements import Runner, Statement, insert_into

_h, _u, _s, _sd, _i = tables.halls, tables.units, tables.staff, tables.staff_desks, tables.items
_hall: Any = bindparam("hall")

_HALL: Final = Statement(
    select(_h.c.hall, _h.c.name, _h.c.groups, _h.c.windows, _h.c.pickup_window).where(_h.c.hall == _hall)
)

_unit = select(
    _u.c.unit, _u.c.role, _u.c.window_number, _u.c.signing_key, _u.c.sealing_key, _u.c.revoked, _u.c.forked
).where(_u.c.hall == _hall)
_UNIT: Final = Statement(_unit.where(_u.c.unit == bindparam("unit")))
_UNITS: Final = Statement(_unit.order_by(_u.c.unit))

_staff = select(_s.c.staff_id, _s.c.name, _s.c.roles, _s.c.desks, _s.c.active, _s.c.present, _s.c.open_tasks).where(
    _s.c.hall == _hall
)
_STAFF: Final = Statement(_staff.where(_s.c.staff_id == bindparam("staff_id")))
_ALL_STAFF: Final = Statement(_staff.order_by(_s.c.staff_id))
_LEAST_LOADED: Final = Statement(
    _staff.join(_sd, (_sd.c.hall == _s.c.hall) & (_sd.c.staff_id == _s.c.staff_id))
    .where(_sd.c.desk == bindparam("desk"), _s.c.active.is_(True), _s.c.present.is_(True))
    .order_by(_s.c.open_tasks, _s.c.staff_id)
    .limit(1)
)
_k = tables.credentials
_PASSWORD: Final = Statement(
    select(_k.c.password_hash).where(_k.c.hall == _hall, _k.c.staff_id == bindparam("staff_id"))
)
_SET_PASSWORD: Final = insert_into(tables.credentials, or_update=())

_item = select(
    _i.c.code, _i.c.name, _i.c.department, _i.c.kind, _i.c.promise_working_days, _i.c.materials, _i.c.basis
).where(_i.c.hall == _hall)
_ITEM: Final = Statement(_item.where(_i.c.code == bindparam("code")))
_ITEMS: Final = Statement(_item.order_by(_i.c.position))
_DIGEST: Final = Statement(select(tables.catalogues.c.digest).where(tables.catalogues.c.hall == _hall))
_SETTING: Final = Statement(
    select(tables.settings.c.value).where(tables.settings.c.hall == _hall, tables.settings.c.name == bindparam("name"))
)


def read_hall(run: Runner, hall: str) -> HallRecord | None:
    row = run.one(_HALL, hall=hall)
    if row is None:
        return None
    return HallRecord(
        hall=row[0],
        name=row[1],
        groups=msgspec.json.decode(row[2], type=dict[str, str]),
        windows=tuple(msgspec.json.decode(row[3], type=list[int])),
        pickup_window=row[4],
    )


def _unit_record(row: tuple[Any, ...]) -> UnitRecord:
    values = list(row)
    values[5], values[6] = bool(values[5]), bool(values[6])
    return UnitRecord(*values)


def _staff_record(row: tuple[Any, ...]) -> StaffRecord:
    return StaffRecord(
        staff_id=row[0],
        name=row[1],
        roles=tuple(msgspec.json.decode(row[2], type=list[str])),
        desks=tuple(msgspec.json.decode(row[3], type=list[str])),
        active=bool(row[4]),
        present=bool(row[5]),
        open_tasks=row[6],
    )


def _item_record(row: tuple[Any, ...]) -> CatalogueItem:
    return CatalogueItem(
        code=row[0],
        name=row[1],
        department=row[2],
        kind=row[3],
        promise_working_days=row[4],
        materials=tuple(msgspec.json.decode(row[5], type=list[str])),
        basis=row[6],
    )


class UnitsRead:
    def __init__(self, run: Runner, hall: str) -> None:
        self._run, self._hall = run, hall

    def find(self, unit: str) -> UnitRecord | None:
        row = self._run.one(_UNIT, hall=self._hall, unit=unit)
        return None if row is None else _unit_record(row)

    def all(self) -> Sequence[UnitRecord]:
        return [_unit_record(row) for row in self._run.all(_UNITS, hall=self._hall)]

    def of_window(self, window: int) -> Sequence[UnitRecord]:
        return [unit for unit in self.all() if unit.window == window]


class StaffRead:
    def __init__(self, run: Runner, hall: str, now_ms: int) -> None:
        self._run, self._hall, self._now_ms = run, hall, now_ms

    def find(self, staff_id: str) -> StaffRecord | None:
        row = self._run.one(_STAFF, hall=self._hall, staff_id=staff_id)
        return None if row is None else _staff_record(row)

    def all(self) -> Sequence[StaffRecord]:
        return [_staff_record(row) for row in self._run.all(_ALL_STAFF, hall=self._hall)]

    def least_loaded(self, desk: str) -> StaffRecord | None:
        row = self._run.one(_LEAST_LOADED, hall=self._hall, desk=desk)
        return None if row is None else _staff_record(row)

    def password_hash(self, staff_id: str) -> str | None:
        row = self._run.one(_PASSWORD, hall=self._hall, staff_id=staff_id)
        return None if row is None else str(row[0])

    def set_password_hash(self, staff_id: str, password_hash: str) -> None:
        self._run.run(
            _SET_PASSWORD,
            hall=self._hall,
            staff_id=staff_id,
            password_hash=password_hash,
            changed_at_ms=self._now_ms,
        )


class CatalogueRead:
    """What was asked for once is remembered: a group of packets asks for the same few items."""

    def __init__(self, run: Runner, hall: str) -> None:
        self._run, self._hall = run, hall
        self._known: dict[str, CatalogueItem | None] = {}

    def forget(self) -> None:
        self._known.clear()

    def find(self, code: str) -> CatalogueItem | None:
        if code not in self._known:
            row = self._run.one(_ITEM, hall=self._hall, code=code)
            self._known[code] = None if row is None else _item_record(row)
        return self._known[code]

    def all(self) -> Sequence[CatalogueItem]:
        return [_item_record(row) for row in self._run.all(_ITEMS, hall=self._hall)]

    def digest(self) -> str:
        row = self._run.one(_DIGEST, hall=self._hall)
        return "" if row is None else str(row[0])


class SettingsRead:
    """What was asked for once is remembered, until the unit of work changes it."""

    def __init__(self, run: Runner, hall: str) -> None:
        self._run, self._hall = run, hall
        self._known: dict[str, str | None] = {}

    def forget(self) -> None:
        self._known.clear()

    def find(self, name: str) -> str | None:
        if name not in self._known:
            row = self._run.one(_SETTING, hall=self._hall, name=name)
            self._known[name] = None if row is None else str(row[0])
        return self._known[name]

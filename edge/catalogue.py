"""The service items that a window takes in, read from the hall's table.

Comes from the tab-separated file that the settings name; goes to the session (checklists) and the console's search.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from broker.ids import is_item
from edge.errors import ItemUnknown, SettingsRefused

_OPTIONAL = "（非必要）"
COLUMNS = ("code", "name", "department", "kind", "promise_working_days", "materials")


@dataclass(frozen=True, slots=True)
class Material:
    """One paper of an item's checklist."""

    name: str
    needed: bool = True  # False: 非必要


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceItem:
    code: str  # RS001
    name: str
    department: str
    kind: Literal["same_day", "promised"]
    promise_working_days: int | None  # of a promised item
    materials: tuple[Material, ...]
    basis: str = ""  # what of it is verified and what is sample data


class Catalogue(Mapping[str, ServiceItem]):
    """The items by their codes, in the table's order."""

    def __init__(self, items: tuple[ServiceItem, ...]) -> None:
        self._items = {item.code: item for item in items}

    def __getitem__(self, code: str) -> ServiceItem:
        return self._items[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def item(self, code: str) -> ServiceItem:
        """Return the item with this code.

        Raises:
            ItemUnknown: there is none.
        """
        try:
            return self._items[code]
        except KeyError:
            raise ItemUnknown("no item with this code in the catalogue") from None


def read_catalogue(path: Path) -> Catalogue:
    """Read the table.

    Raises:
        SettingsRefused: no such file, a column missing, or a row that makes no item. Names the file and the line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
            if missing:
                raise SettingsRefused(f"{path}: no column {missing[0]}")
            return Catalogue(tuple(_item(row, f"{path}, line {rows.line_num}") for row in rows))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{path}: the catalogue cannot be read ({type(error).__name__})") from None


def _item(row: dict[str, str], where: str) -> ServiceItem:
    if not is_item(row["code"]):
        raise SettingsRefused(f"{where}: a code is two letters and three digits")
    if row["kind"] not in ("same_day", "promised"):
        raise SettingsRefused(f"{where}: kind is same_day or promised")
    days = row["promise_working_days"]
    if (row["kind"] == "promised") != days.isdigit():
        raise SettingsRefused(f"{where}: a promised item, and only one, has its working days")
    return ServiceItem(
        code=row["code"],
        name=row["name"],
        department=row["department"],
        kind=cast(Literal["same_day", "promised"], row["kind"]),
        promise_working_days=int(days) if days else None,
        materials=tuple(
            Material(name.removesuffix(_OPTIONAL), needed=not name.endswith(_OPTIONAL))
            for name in row["materials"].split(";")
            if name
        ),
        basis=row.get("basis") or "",
    )

"""One service item and the whole catalogue, checked when built.

Comes from tsv.py (the hall's file), goes to cases (kind, promise), assignment (desk), the pages and the figures.
Kind, days and materials are data of this hall: the same item is 即办件 here and 承诺件 elsewhere (DOMAIN.md 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from broker.errors import Refused, require
from broker.ids import is_item

NAME_MAX: Final = 200  # characters, GB/T 39046-2020 (DOMAIN.md 5)
MATERIAL_MAX: Final = 120  # characters, as broker.messages.Page takes them
MATERIALS_MAX: Final = 40
PROMISE_DAYS_MAX: Final = 366
ITEMS_MAX: Final = 10_000
_OPTIONAL: Final = ("非必要", "如有", "如需", "相应人员")  # the printed lists mark an optional paper in its own name


class CatalogueRefused(Refused):
    """The catalogue breaks a rule; the text names row and rule. The catalogue in use stays as it was."""

    code = "catalogue-refused"
    notice = "事项目录有错，没有启用。请按提示的行号改正后重新导入。"


class ItemUnknown(Refused):
    """No item of the catalogue has this code."""

    code = "item-unknown"
    notice = "目录中没有这个事项。请重新选择事项，或请管理员更新事项目录。"


class Kind(StrEnum):
    SAME_DAY = "same_day"  # 即办件: handed out at the window that took it in
    PROMISED = "promised"  # 承诺件: ready within so many working days, handed out at the pickup window


class Basis(StrEnum):
    """Where one column of one row comes from. Only VERIFIED and ADAPTED rest on a printed source."""

    VERIFIED = "verified"
    ADAPTED = "adapted"
    COMPOSED = "composed"
    NONE = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    name: str
    compulsory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceItem:
    """One row of the catalogue."""

    code: str  # two letters, three digits: RS001
    name: str
    department: str
    kind: Kind
    promise_working_days: int | None  # 1 to PROMISE_DAYS_MAX for a promised item, None for one done the same day
    materials: tuple[Material, ...]
    basis: Mapping[str, tuple[Basis, str]] = field(default_factory=lambda: MappingProxyType({}))  # column -> from where

    def __post_init__(self) -> None:
        _check(is_item(self.code), "a code is two letters and three digits")
        _check(_is_text(self.name, NAME_MAX), f"a name is 1 to {NAME_MAX} printable characters")
        _check(_is_text(self.department, 40), "a department is 1 to 40 printable characters")
        if self.kind is Kind.PROMISED:
            _check(
                self.promise_working_days is not None and 1 <= self.promise_working_days <= PROMISE_DAYS_MAX,
                f"a promised item names 1 to {PROMISE_DAYS_MAX} working days",
            )
        else:
            _check(self.promise_working_days is None, "an item done the same day promises no days")
        _check(1 <= len(self.materials) <= MATERIALS_MAX, f"an item needs 1 to {MATERIALS_MAX} materials")
        _check(len({material.name for material in self.materials}) == len(self.materials), "no material stands twice")
        for material in self.materials:
            _check(_is_text(material.name, MATERIAL_MAX), f"a material is 1 to {MATERIAL_MAX} printable characters")

    @property
    def desk(self) -> str:
        """The desk that decides it: its department."""
        return self.department

    @property
    def sample_columns(self) -> tuple[str, ...]:
        """The columns that no source stands behind: what a page must call 示例数据."""
        return tuple(column for column, (basis, _) in self.basis.items() if basis is Basis.COMPOSED)

    @property
    def is_sample(self) -> bool:
        return bool(self.sample_columns)


class Catalogue:
    """All items by code, in the hall's order. Never changes: a new edition is a new catalogue."""

    def __init__(self, items: Iterable[ServiceItem]) -> None:
        """Take the items in the order of the hall's list.

        Raises:
            CatalogueRefused: none or too many, a code or a name twice.
        """
        self._items: dict[str, ServiceItem] = {}
        names: set[str] = set()
        for item in items:
            _check(item.code not in self._items, f"the code {item.code} stands twice")
            _check(item.name not in names, f"the name of {item.code} stands twice")
            self._items[item.code] = item
            names.add(item.name)
        _check(1 <= len(self._items) <= ITEMS_MAX, f"a catalogue has 1 to {ITEMS_MAX} items")

    def item(self, code: str) -> ServiceItem:
        """Return the item.

        Raises:
            ItemUnknown: the catalogue has no such code. Nothing is changed.
        """
        found = self._items.get(code)
        if found is None:
            raise ItemUnknown("the catalogue has no item of that code")
        return found

    def __contains__(self, code: object) -> bool:
        return code in self._items

    def __iter__(self) -> Iterator[ServiceItem]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    @property
    def desks(self) -> tuple[str, ...]:
        """The desks that decide the items, in the order in which the list first names them."""
        return tuple(dict.fromkeys(item.desk for item in self))


def material_named(name: str) -> Material:
    """Return the material; the printed lists mark an optional one in its own name (非必要, 如有)."""
    return Material(name=name, compulsory=not any(mark in name for mark in _OPTIONAL))


def _check(holds: bool, rule: str) -> None:
    require(holds, rule, CatalogueRefused)


def _is_text(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable() and text == text.strip()

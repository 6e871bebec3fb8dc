"""The hall's table of service items, as far as the kit needs it: what there is, whose it is, how long it takes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from provisioning.hall_plan import HallPlan


@dataclass(frozen=True, slots=True)
class Item:
    code: str
    name: str
    department: str
    same_day: bool
    promise_days: int  # working days; 0 of a same-day item


def read_items(path: Path) -> tuple[Item, ...]:
    """Return the items of a table with the columns code, name, department, kind and promise_working_days."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Item(
                row["code"],
                row["name"],
                row["department"],
                row["kind"] == "same_day",
                int(row["promise_working_days"] or 0),
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        )


def group_of(item: Item, plan: HallPlan) -> str:
    """Return the ticket letter under which an item is taken in: its department's, or that of the group for the rest."""
    for group in plan.groups:
        if item.department in group.departments:
            return group.letter
    return next(group.letter for group in plan.groups if not group.departments)

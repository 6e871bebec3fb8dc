"""What a measurement says: a value, the floor or peer of the same run beside it, and whether the goal was held.

Every figure of ours is a ratio to something measured in the same run on the same machine; bare times only help people.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `ratio` is value / floor; the goal bounds the ratio, or the value if there is no floor."""

    name: str
    value: float
    unit: str
    floor: float | None
    floor_name: str
    goal: float | None
    better: Literal["lower", "higher"]
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if not self.floor else self.value / self.floor

    @property
    def held(self) -> bool | None:
        """Whether the goal was reached; None where there is none."""
        if self.goal is None:
            return None
        judged = self.value if self.ratio is None else self.ratio
        return judged <= self.goal if self.better == "lower" else judged >= self.goal

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"ratio": self.ratio, "held": self.held}


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table for people."""
    rows = [("figure", "value", "floor or peer", "ratio", "goal", "held")]
    for figure in figures:
        sign = "≤" if figure.better == "lower" else "≥"
        rows.append(
            (
                figure.name,
                f"{figure.value:,.3g} {figure.unit}",
                "" if figure.floor is None else f"{figure.floor:,.3g} {figure.floor_name}",
                "" if figure.ratio is None else f"{figure.ratio:.2f}",
                "" if figure.goal is None else f"{sign} {figure.goal:g}",
                {True: "yes", False: "NO", None: ""}[figure.held],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [f"  {figure.name}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], *(["", "notes", *notes] if notes else [])])


def write(figures: Sequence[Figure], path: Path) -> None:
    path.write_text(json.dumps([figure.as_json() for figure in figures], ensure_ascii=False, indent=2) + "\n")


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def timed(action: Callable[[], object]) -> float:
    """Return how many seconds one call took."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def interleaved(rounds: int, *actions: Callable[[], object]) -> list[float]:
    """Return each action's median seconds over `rounds`, taken in turn so that a slow moment hits all alike."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for times, action in zip(taken, actions, strict=True):
            times.append(timed(action))
    return [statistics.median(times) for times in taken]

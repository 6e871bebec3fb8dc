"""How the units are: the last `UnitState` of each, beside the book, and whether a unit has just come.

States are unsigned and QoS 0: nothing is decided on them, they are shown, and they tell whom to greet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec

from broker.messages import UnitState
from central.storage import tables
from central.storage.statements import Runner, insert_into

WRITE_MS: Final = 15_000  # an unchanged state is written that often, so that pages can tell how old it is
GREET_MS: Final = 2_000  # nobody is greeted more often

_SET: Final = insert_into(tables.unit_states, or_update=())


@dataclass(slots=True)
class _Known:
    state: UnitState
    heard_at_ms: int
    written_at_ms: int = 0
    greeted_at_ms: int = -GREET_MS
    dirty: bool = True
    present: bool = False  # greeted since central itself connected, under this boot
    boot: int = 0


class Health:
    """The states of one hall's units, in memory and, at leisure, in the table."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def heard(self, unit: str, state: UnitState, *, now_ms: int) -> bool:
        """Take a state; return whether the unit has just come (back) and should be greeted."""
        known = self._known.get(unit)
        if known is None:
            known = self._known[unit] = _Known(state, now_ms)
        came = state.alive and not (known.present and known.boot == state.boot)
        changed = replace(known.state, clock_ms=0) != replace(state, clock_ms=0)
        known.dirty |= changed or now_ms - known.written_at_ms >= WRITE_MS
        known.state, known.heard_at_ms = state, now_ms
        if not state.alive:
            known.present = False
        if not came or now_ms - known.greeted_at_ms < GREET_MS:
            return False  # who flaps is greeted a little later
        known.present, known.boot, known.greeted_at_ms = True, state.boot, now_ms
        return True

    def all_away(self) -> None:
        """Central was away itself: whoever speaks next has come, as far as it knows."""
        for known in self._known.values():
            known.present = False

    def write(self, run: Runner, hall: str, *, now_ms: int) -> None:
        """Write what has changed since the last time."""
        for unit, known in self._known.items():
            if known.dirty:
                run.run(
                    _SET,
                    hall=hall,
                    unit=unit,
                    alive=known.state.alive,
                    heard_at_ms=known.heard_at_ms,
                    boot=known.state.boot,
                    body=msgspec.json.encode(known.state).decode(),
                )
                known.dirty, known.written_at_ms = False, now_ms

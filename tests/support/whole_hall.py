"""The demonstration hall, or as much of it as a test needs, as real processes; each can be killed and started again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from provisioning.catalogue import Item, read_items
from provisioning.demo_hall import CATALOGUE, make_demo_hall
from provisioning.demonstration import programs
from provisioning.demonstration.officers import Officers
from provisioning.demonstration.processes import Processes, Program
from provisioning.demonstration.walk import Walk
from provisioning.hall_file import HallFile
from tests.support.running_central import plan_on_free_ports

KIOSK, W1, W6, BOARD = "shuangjing-kiosk", "shuangjing-w1", "shuangjing-w6", "shuangjing-board"
START_SECONDS_MAX = 60.0


class WholeHall:
    """A running hall. `walk` has the doors of its units."""

    def __init__(self, state: Path, units: Sequence[str], processes: Processes) -> None:
        plan = plan_on_free_ports()
        plan = replace(plan, units=tuple(unit for unit in plan.units if unit.unit in units))
        self.state = state
        self.file: HallFile = make_demo_hall(state, plan, now=datetime.now(UTC)).file
        self.items: tuple[Item, ...] = read_items(CATALOGUE)
        self.walk = Walk(self.file)
        self._processes = processes
        self._programs: dict[str, Program] = {
            program.name: program
            for program in (
                programs.broker_program(state, self.file),
                *programs.central_programs(state, self.file),
                *(programs.unit_program(state, self.file, unit) for unit in units),
            )
        }
        processes.start(self._programs["mosquitto"])
        processes.run(programs.central_init(state))
        for name in [name for name in self._programs if name != "mosquitto"]:
            processes.start(self._programs[name])
        self.wait_until_ready()

    def item(self, code: str) -> Item:
        return next(item for item in self.items if item.code == code)

    def officers(self, code: str) -> Officers:
        return Officers(self.file, [self.item(code).department])

    def wait_until_ready(self) -> None:
        for _ in self._processes.wait_until_ready(START_SECONDS_MAX):
            pass

    def kill(self, name: str) -> None:
        """SIGKILL one process: mosquitto, central-ledger, central-web or unit-…"""
        self._processes.kill(name)

    def start(self, name: str) -> None:
        self._processes.start(self._programs[name])


@contextmanager
def whole_hall(folder: Path, units: Sequence[str] = (KIOSK, W1, W6, BOARD)) -> Iterator[WholeHall]:
    """Run a hall of these units in this folder until the end of the block."""
    state = folder / "state"
    (state / "logs").mkdir(parents=True)
    with Processes(state / "logs") as processes:
        yield WholeHall(state, units, processes)


def wait_until(what: str, holds: Callable[[], bool], seconds_max: float) -> None:
    """Return as soon as it holds.

    Raises:
        TimeoutError: it did not in time.
    """
    deadline = time.monotonic() + seconds_max
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds_max:.0f} s")
        time.sleep(0.05)

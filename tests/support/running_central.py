"""A hall's Mosquitto and central as real processes, in a folder of the test's: what units talk to, without units."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from broker.mosquitto.configuration import CONFIGURATION_FILE
from provisioning.broker_folder import mosquitto_program
from provisioning.demo_hall import make_demo_hall
from provisioning.hall_plan import HallPlan, demonstration_plan
from provisioning.ports import is_free_on_loopback
from tests.support.mosquitto_server import free_port
from tests.support.wire_unit import WireUnit

START_SECONDS_MAX = 10.0


class RunningCentral:
    """The demonstration hall's broker and ledger process; each may be killed and started as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.hall = make_demo_hall(self.state, plan_on_free_ports(), now=datetime.now(UTC))
        self.broker_port = self.hall.ports.given["broker"]
        self.web_port = self.hall.ports.given["web"]
        self.settings = self.state / "central" / "central.toml"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.command("init", "--hall", str(self.state / "hall.json"), "--settings", str(self.settings))

    def unit(self, unit: str) -> WireUnit:
        return WireUnit(self.state / "units" / unit, unit, f"localhost:{self.broker_port}")

    def command(self, *arguments: str, timeout_seconds: float = 60) -> str:
        """Run `onewindow-central …` to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "central", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def start_broker(self) -> None:
        self._start("broker", [mosquitto_program(), "-c", CONFIGURATION_FILE], self.state / "broker")
        deadline = time.monotonic() + START_SECONDS_MAX
        while is_free_on_loopback(self.broker_port):
            assert time.monotonic() < deadline, "Mosquitto does not listen"
            time.sleep(0.01)

    def start_ledger(self) -> None:
        self._start("ledger", [sys.executable, "-m", "central", "ledger", "--settings", str(self.settings)], self.state)

    def start_web(self) -> None:
        self._start("web", [sys.executable, "-m", "central", "web", "--settings", str(self.settings)], self.state)

    def kill(self, name: str) -> None:
        """SIGKILL: broker, ledger or web."""
        process = self._running.pop(name)
        process.kill()
        process.wait(timeout=10)

    def close(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def log(self, name: str) -> str:
        return (self.state / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _start(self, name: str, arguments: list[str], folder: Path) -> None:
        with (self.state / "logs" / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )


def plan_on_free_ports() -> HallPlan:
    """Return the demonstration hall's plan with ports that nobody has now: tests run side by side."""
    plan = demonstration_plan()
    return replace(
        plan,
        broker_port=free_port(),
        web_port=free_port(),
        units=tuple(replace(unit, port=free_port()) for unit in plan.units),
    )


@contextmanager
def running_central(folder: Path) -> Iterator[RunningCentral]:
    """Run broker and ledger in this folder until the end of the block."""
    central = RunningCentral(folder)
    try:
        central.start_broker()
        central.start_ledger()
        yield central
    finally:
        central.close()

"""A hall of real processes that can be killed one by one: Mosquitto, central's ledger, and headless edges.

Goes to `soak.py`. The state folder is provisioning's; logs lie in it, one file a process.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from provisioning.broker_folder import mosquitto_program
from provisioning.demo_hall import make_demo_hall
from tests.support.running_central import plan_on_free_ports

BROKER, CENTRAL = "broker", "central"
LETTERS = "STUVWXYZ"


class HallUnderFire:
    """Processes by name: "broker", "central" and the units' ids. All may be killed and started in any order."""

    def __init__(self, folder: Path, *, edges: int, every_seconds: float, waiting_max: int, seed: int) -> None:
        self.state = folder / "state"
        self.hall = make_demo_hall(self.state, plan_on_free_ports(), now=datetime.now(UTC))
        self.told = folder / "told"
        self.told.mkdir(exist_ok=True)
        self.edges = [row["id"] for row in self.hall.file.data["units"] if row["role"] == "intake"][:edges]
        self._every, self._waiting, self._seed = every_seconds, waiting_max, seed
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def names(self) -> list[str]:
        return [BROKER, CENTRAL, *self.edges]

    @property
    def settings(self) -> Path:
        return self.state / "central" / "central.toml"

    def central_command(self, *arguments: str, timeout_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command of central's to its end."""
        return subprocess.run(
            [sys.executable, "-m", "central", *arguments, "--settings", str(self.settings)],
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    def open(self) -> None:
        """Make central's book and start everything."""
        made = self.central_command("init", "--hall", str(self.state / "hall.json"))
        assert made.returncode == 0, made.stderr[-2000:]
        for name in self.names:
            self.start(name)

    def start(self, name: str) -> None:
        """Start a process, unless it runs."""
        running = self._running.get(name)
        if running is not None and running.poll() is None:
            return
        folder, command = self._command(name)
        with (self.state / "logs" / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, name: str) -> bool:
        """SIGKILL a process; return whether it was running."""
        running = self._running.get(name)
        if running is None or running.poll() is not None:
            return False
        running.kill()
        running.wait()
        return True

    def died(self) -> list[str]:
        """Return the names of the processes that ended by themselves."""
        return [name for name, running in self._running.items() if running.poll() not in (None, -signal.SIGKILL)]

    def stop_making(self) -> None:
        """Let the edges accept no more papers, and only send."""
        for name in self.edges:
            self._running[name].send_signal(signal.SIGUSR1)

    def waiting(self) -> int:
        """Return how many packets and events lie in the edges' outboxes without a receipt."""
        total = 0
        for edge in self.edges:
            outbox = self.state / "units" / edge / "outbox"
            for place in ("waiting", "events"):
                with suppress(FileNotFoundError):
                    total += sum(1 for name in (outbox / place).iterdir() if not name.name.startswith("."))
        return total

    def close(self) -> None:
        """Stop all: the edges at once, central in good order, the broker last."""
        for edge in self.edges:
            self.kill(edge)
        central = self._running.get(CENTRAL)
        if central is not None and central.poll() is None:
            central.terminate()
            with suppress(subprocess.TimeoutExpired):
                central.wait(timeout=10)
        for name in (CENTRAL, BROKER):
            self.kill(name)

    def log_end(self, name: str, lines: int = 15) -> str:
        path = self.state / "logs" / f"{name}.log"
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _command(self, name: str) -> tuple[Path, list[str]]:
        if name == BROKER:
            return self.state / "broker", [mosquitto_program(), "-c", "mosquitto.conf"]
        if name == CENTRAL:
            return self.state, [sys.executable, "-m", "central", "ledger", "--settings", str(self.settings)]
        number = self.edges.index(name)
        command = [sys.executable, "-m", "tests.soak.headless_edge", str(self.state / "units" / name / "unit.toml")]
        command += ["--told", str(self.told / name), "--every", str(self._every), "--waiting", str(self._waiting)]
        command += ["--letter", LETTERS[number], "--seed", str(self._seed + number)]
        return Path.cwd(), command

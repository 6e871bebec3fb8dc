"""The whole demonstration hall as a newcomer starts it: every process real, one visit of each kind, a clean stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

START_SECONDS_MAX = 120.0  # the test machine is shared; what a newcomer is promised is measured by hand
READY = "Ctrl-C"


class RunningHall:
    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self._said = folder / "said"
        self.start()

    def start(self) -> None:
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "provisioning", "run", "--state", str(self.state)], stdout=said, stderr=said
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while READY not in self.said:
            assert self.process.poll() is None, self.said[-3000:]
            assert time.monotonic() < deadline, self.said[-3000:]
            time.sleep(0.1)

    @property
    def said(self) -> str:
        return self._said.read_text(encoding="utf-8")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=60)

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "provisioning", *arguments, "--state", str(self.state)],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
        return done.stdout


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHall]:
    running = RunningHall(tmp_path_factory.mktemp("demonstration"))
    yield running
    running.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("item", "place"), [("RS001", "号窗口领取"), ("YB022", "到出件窗口领取")], ids=["same-day", "promised"]
)
def test_one_resident_goes_from_the_ticket_to_the_result(hall: RunningHall, item: str, place: str) -> None:
    told = hall.command("visit", "--item", item, "--seed", "3")

    steps: tuple[str, ...] = (
        "card read",
        "printed",
        "call heard",
        "ticket scanned",
        "item chosen",
        "photographed",
        "已受理",
    )
    steps += ("receipt from the ledger", "papers opened", "approves", "pickup call", "handed over")
    found = [told.find(step) for step in steps]
    assert -1 not in found, told
    assert found == sorted(found), told
    assert place in told


@pytest.mark.timeout(300)
def test_a_small_day_ends_with_everybody_gone_and_its_figures(hall: RunningHall) -> None:
    told = hall.command("day", "--residents", "6", "--seed", "4")

    assert "failed" not in told
    assert "大厅数据" in told


@pytest.mark.timeout(300)
def test_a_second_hall_in_the_same_folder_is_refused(hall: RunningHall) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "provisioning", "run", "--state", str(hall.state)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert second.returncode == 1
    assert "hall-runs" in second.stderr


@pytest.mark.timeout(300)
def test_stopped_and_started_it_knows_what_it_knew_and_leaves_nothing_behind(hall: RunningHall) -> None:
    passwords = re.findall(r"^  admin +(\w+)", hall.said, re.MULTILINE)
    children = _children(hall.process.pid)

    assert hall.stop(signal.SIGINT) == 0
    assert [pid for pid in children if _alive(pid)] == []
    hall.start()

    assert re.findall(r"^  admin +(\w+)", hall.said, re.MULTILINE) == passwords
    assert len(children) >= 12


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

"""The demonstration's processes: started, watched, said when they die, stopped whatever they do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.demonstration.hall import HallDoesNotRun, HallRuns, NotAStateFolder, alone, forget, running_hall
from provisioning.demonstration.processes import Processes, ProcessFailed, Program

DEADLINE_SECONDS = 10.0
READY = "import pathlib, time; pathlib.Path('ready').touch(); print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.setattr("provisioning.demonstration.processes.STOP_SECONDS_MAX", 0.5)
    with Processes(tmp_path) as running:
        yield running


def program(folder: Path, code: str, *, name: str = "unit-one") -> Program:
    return Program(
        name=name,
        command=(sys.executable, "-c", code),
        folder=folder,
        is_ready=lambda: (folder / "ready").exists(),
    )


def test_a_program_is_ready_when_it_says_so(processes: Processes, tmp_path: Path) -> None:
    processes.start(program(tmp_path, READY))

    assert [name for name, _ in processes.wait_until_ready()] == ["unit-one"]
    assert processes.died() == []
    assert "up" in (tmp_path / "unit-one.log").read_text()


def test_a_program_that_ends_before_it_is_ready_is_named_with_its_logs_end(
    processes: Processes, tmp_path: Path
) -> None:
    processes.start(program(tmp_path, "print('no such device'); raise SystemExit(3)"))

    with pytest.raises(ProcessFailed, match=r"unit-one ended with 3(.|\n)*no such device"):
        list(processes.wait_until_ready())


def test_a_program_that_never_gets_ready_is_named(processes: Processes, tmp_path: Path) -> None:
    processes.start(program(tmp_path, "import time; time.sleep(60)"))

    with pytest.raises(ProcessFailed, match="not ready within"):
        list(processes.wait_until_ready(seconds_max=0.2))


def test_a_command_that_fails_is_named(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match="ended with 1"):
        processes.run(program(tmp_path, "raise SystemExit(1)", name="central-init"))


def test_a_death_is_said_once(processes: Processes, tmp_path: Path) -> None:
    processes.start(program(tmp_path, "print('out of paper', flush=True)"))

    said = _until(processes.died)

    assert len(said) == 1
    assert "out of paper" in said[0]
    assert processes.died() == []


@pytest.mark.parametrize("code", [READY, STUBBORN], ids=["willing", "stubborn"])
def test_after_stop_nothing_is_left(processes: Processes, tmp_path: Path, code: str) -> None:
    processes.start(program(tmp_path, f"import os, pathlib; pathlib.Path('pid').write_text(str(os.getpid())); {code}"))
    list(processes.wait_until_ready())
    pid = int((tmp_path / "pid").read_text())

    processes.stop()
    processes.stop()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_killed_ourselves_we_leave_nothing_behind(tmp_path: Path) -> None:
    """Without this, the next start would find every port taken by orphans."""
    code = (
        "import os, sys, pathlib\n"
        "from provisioning.demonstration.processes import Processes, Program\n"
        "here = pathlib.Path(sys.argv[1])\n"
        "child = 'import os, pathlib, time; pathlib.Path(\"pid\").write_text(str(os.getpid())); '\n"
        "child += 'pathlib.Path(\"ready\").touch(); time.sleep(60)'\n"
        "processes = Processes(here)\n"
        "processes.start(Program(name='unit-one', command=(sys.executable, '-c', child), folder=here,\n"
        "                        is_ready=(here / 'ready').exists))\n"
        "list(processes.wait_until_ready())\n"
        "os.kill(os.getpid(), 9)\n"
    )

    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=DEADLINE_SECONDS)

    pid = int((tmp_path / "pid").read_text())
    _until(lambda: [True] if not _alive(pid) else [])


def test_two_halls_do_not_run_in_one_folder(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(HallRuns), alone(tmp_path):
        pass

    with alone(tmp_path):
        pass


def test_a_visit_without_a_running_hall_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(HallDoesNotRun):
        running_hall(tmp_path)


def test_forgetting_removes_a_hall_and_nothing_else(tmp_path: Path) -> None:
    other = tmp_path / "photographs"
    other.mkdir()
    (other / "paper.jpg").touch()
    state = tmp_path / "state"
    state.mkdir()
    (state / "hall.json").write_text("{}")

    with pytest.raises(NotAStateFolder):
        forget(other, say=lambda _: None)
    forget(state, say=lambda _: None)
    forget(state, say=lambda _: None)

    assert (other / "paper.jpg").exists()
    assert not state.exists()


def test_a_running_hall_is_not_forgotten(tmp_path: Path) -> None:
    (tmp_path / "hall.json").write_text("{}")

    with alone(tmp_path), pytest.raises(HallRuns):
        forget(tmp_path, say=lambda _: None)

    assert (tmp_path / "hall.json").exists()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"  # an orphan that ended, waiting for whoever adopted it


def _until(look: object) -> list[str]:
    assert callable(look)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        seen: list[str] = look()
        if seen:
            return seen
        time.sleep(0.02)
    raise AssertionError(f"nothing within {DEADLINE_SECONDS} s")

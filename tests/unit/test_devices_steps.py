"""The device bench's steps: one after another or beside each other, cut off in time, with nothing left running."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.devices.steps import ALONE, Step, Steps


def _has_namespaces() -> bool:
    try:
        return subprocess.run([*ALONE, "true"], check=False, capture_output=True, timeout=20).returncode == 0
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not _has_namespaces(), reason="process namespaces need root")


def _runs(mark: Path) -> bool:
    """Say whether a command still runs: it holds this file open as its standard input."""
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                if os.readlink(each / "fd" / "9") == str(mark):
                    return True
            except OSError:
                continue
    return False


def _lasting(mark: Path) -> list[str]:
    # Two hundred of them: their end takes the kernel a moment, and the step may not be done before it.
    return ["bash", "-c", f"exec 9<{mark}; for each in {{1..200}}; do sleep 300 & done; echo begun; wait"]


def test_two_steps_run_beside_each_other_and_both_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(tmp_path / "logs")
    met = tmp_path / "met"
    os.mkfifo(met)

    with steps.beside("reader", 20, lambda step: step.run(["cat", met])):
        assert steps.do("writer", 20, lambda step: step.run(["bash", "-c", f"echo said > {met}"]))

    said = capsys.readouterr().out
    assert said.index("writer") < said.rindex("reader")
    assert said.count(" ok ") == 2
    assert "said" in (tmp_path / "logs" / "01-reader.log").read_text()
    assert steps.summary() == 0


def test_a_step_beside_that_fails_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(tmp_path / "logs")

    with steps.beside("bad", 20, lambda step: step.run(["false"])):
        assert steps.do("good", 20, lambda step: step.run(["true"]))

    assert steps.failed == ["bad"]
    assert steps.summary() == 1
    assert "FAILED: false ended with 1" in capsys.readouterr().out


def test_a_step_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "logs")
    mark = tmp_path / "mark"
    mark.touch()

    assert not steps.do("slow", 1.5, lambda step: step.run(_lasting(mark)))

    assert not _runs(mark)
    assert "begun" in (tmp_path / "logs" / "01-slow.log").read_text()


def test_what_runs_beside_is_cut_off_with_the_rest(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "logs")
    mark = tmp_path / "mark"
    mark.touch()
    log = tmp_path / "logs" / "01-lasting.log"

    def stopped(step: Step) -> None:
        until = time.monotonic() + 20
        while "begun" not in log.read_text().split():
            assert time.monotonic() < until, "the step beside never began"
            time.sleep(0.02)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), steps.beside("lasting", 60, lambda step: step.run(_lasting(mark))):
        steps.do("stopped", 30, stopped)

    assert not _runs(mark)

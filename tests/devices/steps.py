"""Run the bench's steps: each with a time limit, a log of its own, one line of what came of it; nothing stays behind.

A step is a function that runs commands through the `Step` it is given. What a command starts dies with it: it runs in
a process and a mount namespace of its own, so that a step that failed, timed out or was stopped with Ctrl-C leaves
neither a process nor a mount behind.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

TAIL_LINES: Final = 25
# A process namespace ends with its first process, whatever daemons were started in it; mounts end with theirs.
ALONE: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc")

_ENDING_SECONDS: Final = 5.0  # a killed namespace ends in milliseconds, on a busy machine in tenths of a second


class StepFailed(RuntimeError):
    """A step's command failed or took too long. The step's log has the rest."""


@dataclass
class Step:
    """One step while it runs: where its commands write, and until when."""

    log: Path
    deadline: float  # time.monotonic()
    note: str = ""  # goes into the line that is printed when it is done
    _running: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """End the command that runs, with all that it started, and let none begin."""
        self.deadline = 0.0
        if self._running is not None:
            _kill(self._running)

    def run(self, command: Sequence[str | Path], *, environment: dict[str, str] | None = None) -> None:
        """Run a command to its end, with its output in the log.

        Raises:
            StepFailed: it ended with another code than 0, or the step's time was up; it and its children are gone.
        """
        words = [str(word) for word in command]
        with self.log.open("ab") as log:
            log.write(f"$ {' '.join(words)[:400]}\n".encode())
            log.flush()
            process = subprocess.Popen(
                [*ALONE, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )
        self._running = process
        try:
            code = process.wait(max(0.1, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise StepFailed(f"was not done in time: {words[0]}") from None
        finally:
            _kill(process)
            self._running = None
        if code != 0:
            raise StepFailed(f"{words[0]} ended with {code}")


@dataclass
class Steps:
    """All steps of one run, in order. `failed` says whether any was not done."""

    logs: Path
    failed: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)

    def do(self, name: str, seconds_max: float, action: Callable[[Step], None]) -> bool:
        """Run one step; print its line; return whether it was done."""
        print(f"  {name:<34}", end=" ", flush=True)
        return self._finish(name, self._step(name, seconds_max), action)

    @contextmanager
    def beside(self, name: str, seconds_max: float, action: Callable[[Step], None]) -> Iterator[None]:
        """Run one step beside what the `with` holds; print its line after that. It is cut off when that is."""
        step, told = self._step(name, seconds_max), io.StringIO()
        print(f"  {name:<34} beside the next", flush=True)
        thread = threading.Thread(target=self._finish, args=(name, step, action, told))
        thread.start()
        try:
            yield
        except BaseException:
            step.stop()
            raise
        finally:
            thread.join()
            print(f"  {name:<34} {told.getvalue()}", end="", flush=True)

    def _step(self, name: str, seconds_max: float) -> Step:
        log = self.logs / f"{len(list(self.logs.glob('*.log'))) + 1:02d}-{name.replace(' ', '-')}.log"
        log.touch()
        return Step(log, time.monotonic() + seconds_max)

    def _finish(self, name: str, step: Step, action: Callable[[Step], None], to: TextIO | None = None) -> bool:
        began, log = time.monotonic(), step.log
        try:
            action(step)
        except (StepFailed, OSError) as failure:
            self.failed.append(name)
            took = time.monotonic() - began
            print(f"{took:6.1f} s  FAILED: {failure}\n{_tail(log)}\n    the whole log: {log}", file=to)
            return False
        except BaseException:
            print(f"{time.monotonic() - began:6.1f} s  stopped  {log}", file=to)
            raise
        print(f"{time.monotonic() - began:6.1f} s  ok  {step.note or log}", file=to, flush=True)
        return True

    def summary(self) -> int:
        """Print how it went; return the exit code."""
        minutes = (time.monotonic() - self._began) / 60
        said = f"FAILED: {', '.join(self.failed)}" if self.failed else "all well"
        print(f"Device bench: {said}, {minutes:.1f} minutes. Logs: {self.logs}")
        return 1 if self.failed else 0


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and return when nothing of it runs any more."""
    if process.poll() is not None:
        return
    # The kernel lets a namespace's first process end after all others in it, and unshare waits for that one. Killed
    # itself, unshare would be gone before they are.
    for first in _children(process.pid):
        with suppress(ProcessLookupError):
            os.kill(first, signal.SIGKILL)
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:  # it had no child yet, or one that the kernel holds
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (OSError, ValueError):
        return []  # it has ended


def end_on_terminate() -> None:
    """Let SIGTERM end the run as Ctrl-C does: through every `finally`."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {line[:200]}" for line in lines)


def require_root() -> None:
    """A Debian root is made, and its devices, as root only."""
    if os.geteuid() != 0:
        sys.exit("make test-devices makes a Debian root folder and must run as root: sudo make test-devices")

"""Start the processes of a hall, watch over them, and stop them in good order.

Each process has a process group of its own, so that Ctrl-C reaches only us, and its own log in <state>/logs. Nothing is
restarted: in a demonstration a process that died is something to look at, so it is said at once, with the end of its
log. Should we be killed ourselves, the kernel sends the others away (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final

from broker.errors import OneWindowError

START_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 10.0
LOG_BYTES_MAX: Final = 8 * 1024 * 1024  # a log that is longer at a start begins anew; the one before is kept
START_MARK: Final = "--- "  # begins the line that separates one start from the one before in a log
_POLL_SECONDS: Final = 0.1
_TAIL_LINES: Final = 15
_PR_SET_PDEATHSIG: Final = 1


class ProcessFailed(OneWindowError, RuntimeError):
    """A process of the hall ended by itself or did not get ready. The others still run until they are stopped."""

    code = "process-failed"
    notice = "有程序没有正常运行，请查看上面的日志。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process of the hall: how to start it, and how to see that it is ready."""

    name: str  # also its log's: <name>.log
    command: tuple[str, ...]
    folder: Path  # where it is started
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started_at: float  # time.monotonic()
    ready_at: float | None = None
    reported: bool = False


class Processes:
    """The running processes of one hall, in the order of their starts. A context manager; `stop` twice is fine."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[_Running] = []
        self._libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, program: Program) -> None:
        """Start a program; `wait_until_ready` says when it can be used."""
        with self._log_of(program.name).open("ab") as log:
            at = datetime.now().astimezone().isoformat(timespec="seconds")
            log.write(f"{START_MARK}{program.name} starts {at}\n".encode())
            log.flush()
            process = subprocess.Popen(  # noqa: S603  # our own commands, from programs.py
                program.command,
                cwd=program.folder,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=self._follow_us,  # we have one thread only, so this is safe
            )
        self._running.append(_Running(program, process, time.monotonic()))

    def run(self, program: Program) -> None:
        """Run a program to its end.

        Raises:
            ProcessFailed: it ended with an error, or not within a minute.
        """
        self.start(program)
        running = self._running.pop()
        deadline = running.started_at + START_SECONDS_MAX
        while (code := running.process.poll()) is None:
            if time.monotonic() > deadline:
                _end([running], signal.SIGKILL, 1)
                raise self._failed(running, f"was not done within {START_SECONDS_MAX:.0f} s")
            for other in self._running:
                _look(other)
            time.sleep(_POLL_SECONDS)
        if code != 0:
            raise self._failed(running, f"ended with {code}")

    def wait_until_ready(self, seconds_max: float = START_SECONDS_MAX) -> Iterator[tuple[str, float]]:
        """Yield each program's name as it gets ready, and how many seconds after its start.

        Raises:
            ProcessFailed: one ended, or was not ready in time.
        """
        deadline = time.monotonic() + seconds_max
        waiting = list(self._running)
        while waiting:
            for running in [*waiting]:
                if running.process.poll() is not None:
                    raise self._failed(running, f"ended with {running.process.returncode}")
                if _look(running):
                    waiting.remove(running)
                    yield running.program.name, (running.ready_at or 0.0) - running.started_at
            if waiting and time.monotonic() > deadline:
                raise self._failed(waiting[0], f"was not ready within {seconds_max:.0f} s")
            if waiting:
                time.sleep(_POLL_SECONDS)

    def died(self) -> list[str]:
        """Return what is to be said of each process that has ended since this was last asked."""
        said = []
        for running in self._running:
            code = running.process.poll()
            if code is not None and not running.reported:
                running.reported = True
                said.append(self._story(running, f"ended with {code}"))
        return said

    def reload(self, name: str) -> None:
        """Ask a program to read its files again (SIGHUP)."""
        for running in self._running:
            if running.program.name == name:
                _send(running, signal.SIGHUP)

    def kill(self, name: str) -> None:
        """Cut a program off (SIGKILL), as a power cut would. It is no longer watched; `start` starts it again."""
        for running in [one for one in self._running if one.program.name == name]:
            self._running.remove(running)
            _send(running, signal.SIGKILL)
            running.process.wait()

    def stop(self) -> None:
        """Ask all to end: the units together, then the others, the last started first; after 10 s make them."""
        with _undisturbed():
            self._stop()

    def _stop(self) -> None:
        running, self._running = self._running, []
        units = [one for one in running if one.program.name.startswith("unit-")]
        rest = [one for one in running if one not in units]
        _end(units, signal.SIGTERM, STOP_SECONDS_MAX)
        for one in reversed(rest):
            _end([one], signal.SIGTERM, STOP_SECONDS_MAX)

    def _log_of(self, name: str) -> Path:
        path = self._logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))
        return path

    def _failed(self, running: _Running, what: str) -> ProcessFailed:
        running.reported = True
        return ProcessFailed(self._story(running, what))

    def _story(self, running: _Running, what: str) -> str:
        path = self._logs / f"{running.program.name}.log"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join([f"{running.program.name} {what}. The end of {path}:", *(f"    {line}" for line in lines)])

    def _follow_us(self) -> None:
        self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _look(running: _Running) -> bool:
    """Say whether a program is ready, and remember since when."""
    if running.ready_at is None and running.program.is_ready():
        running.ready_at = time.monotonic()
    return running.ready_at is not None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no impatient Ctrl-C leave half of the processes behind: each has seconds to end, then it is made to."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(running: list[_Running], how: signal.Signals, seconds_max: float) -> None:
    for one in running:
        _send(one, how)
    deadline = time.monotonic() + seconds_max
    for one in running:
        with suppress(subprocess.TimeoutExpired):
            one.process.wait(max(0.0, deadline - time.monotonic()))
        _send(one, signal.SIGKILL)  # whatever is left of its group, helpers of its own included
        one.process.wait()


def _send(running: _Running, how: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.process.pid, how)

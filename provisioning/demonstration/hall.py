"""Run the demonstration hall: make it ready, start it, say where it is, watch over it, stop it.

One at a time in a state folder: a lock on it is held as long as the hall runs (and falls with us, however we end).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from broker.errors import OneWindowError, Refused
from provisioning.demo_hall import DemoHall, make_demo_hall, renew_revocations
from provisioning.demonstration import addresses, programs
from provisioning.demonstration.processes import Processes
from provisioning.files import make_folder
from provisioning.hall_file import HALL_FILE, HallFile, read_hall_file
from provisioning.hall_plan import demonstration_plan

LOCK_FILE: Final = "running.lock"
_WATCH_SECONDS: Final = 0.5
_RENEW_SECONDS: Final = 3600.0

Say = Callable[[str], None]


class HallRuns(OneWindowError, RuntimeError):
    """The hall in this state folder runs already. Nothing was changed."""

    code = "hall-runs"
    notice = "这个目录里的大厅正在运行。请先在运行它的终端按 Ctrl-C 停止。"


class HallDoesNotRun(OneWindowError, RuntimeError):
    """There is no hall running in this state folder."""

    code = "hall-does-not-run"
    notice = "大厅没有运行。请先在另一个终端执行 make run。"


class NotAStateFolder(Refused):
    """The folder holds something else than a demonstration hall. Nothing was removed."""

    code = "not-a-state-folder"
    notice = "这个目录不是演示大厅的数据目录，没有删除任何内容。"


def run(state: Path, *, sheets: Path | None, second_look: bool = False, say: Say) -> None:
    """Run the hall until Ctrl-C or SIGTERM, then stop it in good order.

    Raises:
        HallRuns: it runs already, in another terminal.
        ProcessFailed: a process did not get ready; all have been stopped again.
    """
    began = time.monotonic()
    with alone(state), _sigterm_as_ctrl_c(), Processes(state / "logs") as processes:
        try:
            hall = make_demo_hall(state, demonstration_plan(), now=datetime.now(UTC), sheets=sheets)
            _say_ports(hall, say)
            _start(state, hall.file, processes, say, second_look=second_look)
            say(addresses.page(hall.file, state, seconds=time.monotonic() - began))
            _watch(state, hall.file, processes, say)
        except KeyboardInterrupt:
            say("\nStopping …")
        processes.stop()
        say(f"Stopped. What it knows is kept in {state}; make run starts it again.")


def forget(state: Path, *, say: Say) -> None:
    """Remove the state folder and all in it.

    Raises:
        NotAStateFolder: it holds something else.
        HallRuns: stop it first.
    """
    if not state.exists():
        say(f"{state}: there is nothing to forget.")
        return
    if not (state / HALL_FILE).exists() and any(state.iterdir()):
        raise NotAStateFolder(f"no {HALL_FILE} in {state}")
    with alone(state):
        shutil.rmtree(state)
    say(f"{state}: thrown away. make run makes a new hall.")


def running_hall(state: Path) -> HallFile:
    """Return the roster of the hall that runs in this state folder.

    Raises:
        HallDoesNotRun: none does.
    """
    hall = read_hall_file(state)
    if hall is None or not is_running(state):
        raise HallDoesNotRun(f"no hall runs in {state}")
    return hall


def say_figures(state: Path) -> None:
    """Let central print the hall's figures of today."""
    figures = programs.central_figures(state)
    subprocess.run(figures.command, cwd=figures.folder, check=False)  # noqa: S603  # our own command


def is_running(state: Path) -> bool:
    try:
        with alone(state):
            return False
    except HallRuns:
        return True


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder's lock for the block.

    Raises:
        HallRuns: another process holds it.
    """
    make_folder(state)
    handle = os.open(state / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HallRuns(f"the hall in {state} runs already") from None
        yield
    finally:
        os.close(handle)


def _start(state: Path, hall: HallFile, processes: Processes, say: Say, *, second_look: bool) -> None:
    say("Starting the hall …")
    processes.start(programs.broker_program(state, hall))
    # The units need nobody to start; they look for central until it is there.
    for unit in hall.data["units"]:
        processes.start(programs.unit_program(state, hall, unit["id"]))
    processes.run(programs.central_init(state))
    for program in programs.central_programs(state, hall):
        processes.start(program)
    if second_look:
        processes.start(programs.second_look_program(state))
    for name, seconds in processes.wait_until_ready():
        say(f"  {name:<28} ready after {seconds:4.1f} s")


def _watch(state: Path, hall: HallFile, processes: Processes, say: Say) -> None:
    """Say what dies, and keep the revocation list fresh, until we are stopped."""
    renewed = time.monotonic()
    while True:
        for story in processes.died():
            say(f"\n!! {story}\n!! The others go on. Ctrl-C stops them; the next start begins where they were.\n")
        if time.monotonic() - renewed > _RENEW_SECONDS:
            renewed = time.monotonic()
            if renew_revocations(state, hall.data["hall"]["id"], now=datetime.now(UTC)):
                processes.reload("mosquitto")
        time.sleep(_WATCH_SECONDS)


def _say_ports(hall: DemoHall, say: Say) -> None:
    for name, wished, given in hall.ports.avoided:
        say(f"Port {wished} is taken by another program: {name} uses {given}.")


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM stop the block as Ctrl-C does."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

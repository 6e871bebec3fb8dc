"""Which processes make up the demonstration hall, how each is started, and how one sees that it is ready.

Provisioning knows central and the units by their commands only: it imports neither.
"""

from __future__ import annotations

import socket
import sys
import urllib.request
from pathlib import Path
from typing import Final

from broker.mosquitto.configuration import CONFIGURATION_FILE
from provisioning.broker_folder import mosquitto_program
from provisioning.central_folder import SETTINGS_FILE as CENTRAL_SETTINGS
from provisioning.demonstration.processes import START_MARK, Program
from provisioning.hall_file import HALL_FILE, HallFile
from provisioning.unit_folder import SETTINGS_FILE as UNIT_SETTINGS

UNIT_PREFIX: Final = "unit-"
_ANSWER_SECONDS: Final = 1.0


def broker_program(state: Path, hall: HallFile) -> Program:
    port = hall.ports["broker"]
    return Program(
        name="mosquitto",
        command=(mosquitto_program(), "-c", CONFIGURATION_FILE),
        folder=state / "broker",
        is_ready=lambda: _listens(port),
    )


def central_init(state: Path) -> Program:
    """The command that makes or migrates central's book and enters the roster; runs to its end."""
    return Program(
        name="central-init",
        command=_python("central", "init", "--settings", str(_central(state)), "--hall", str(state / HALL_FILE)),
        folder=state / "central",
        is_ready=lambda: True,
    )


def central_figures(state: Path) -> Program:
    """The command that prints the hall's figures of today; runs to its end."""
    return Program(
        name="central-figures",
        command=_python("central", "figures", "--settings", str(_central(state))),
        folder=state / "central",
        is_ready=lambda: True,
    )


def central_programs(state: Path, hall: HallFile) -> tuple[Program, ...]:
    web = hall.ports["web"]
    return (
        Program(
            name="central-ledger",
            command=_python("central", "ledger", "--settings", str(_central(state))),
            folder=state / "central",
            is_ready=lambda: _has_said(state / "logs" / "central-ledger.log", "connected to the broker"),
        ),
        Program(
            name="central-web",
            command=_python("central", "web", "--settings", str(_central(state))),
            folder=state / "central",
            is_ready=lambda: _answers(f"http://127.0.0.1:{web}/healthz"),
        ),
    )


def second_look_program(state: Path) -> Program:
    """Central's reader of pages: an extra that nothing waits for."""
    return Program(
        name="central-second-look",
        command=_python("central", "second-look", "--settings", str(_central(state))),
        folder=state / "central",
        is_ready=lambda: _has_said(state / "logs" / "central-second-look.log", "second look of hall"),
    )


def unit_program(state: Path, hall: HallFile, unit: str) -> Program:
    folder = state / "units" / unit
    port = hall.ports[unit]
    return Program(
        name=UNIT_PREFIX + unit,
        command=_python("edge", "run", "--settings", str(folder / UNIT_SETTINGS)),
        folder=folder,
        is_ready=lambda: _answers(f"http://127.0.0.1:{port}/api/view"),
    )


def _central(state: Path) -> Path:
    return state / "central" / CENTRAL_SETTINGS


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _has_said(log: Path, words: str) -> bool:
    """Say whether a process that listens nowhere has said this since its last start."""
    _, _, since = log.read_text(encoding="utf-8", errors="replace").rpartition(START_MARK)
    return words in since


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310  # our own, http
            return bool(answer.status == 200)
    except OSError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(_ANSWER_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0

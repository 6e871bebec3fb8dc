"""The console that answers the present request: what every view works with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import cast

from flask import current_app, request

from edge.console.guard import Guard
from edge.console.pocket import Pocket
from edge.console.search import ItemSearch
from edge.console.settings import STREAMS_MAX, ConsoleSettings
from edge.unit import Unit
from firmware.bench import Bench


@dataclass
class Console:
    unit: Unit
    bench: Bench
    settings: ConsoleSettings
    guard: Guard
    search: ItemSearch
    pocket: Pocket
    streams: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(STREAMS_MAX))
    closing: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        """Let the listening pages go. May be called twice."""
        self.closing.set()


def console() -> Console:
    return cast(Console, current_app.extensions["onewindow"])


def wants_json() -> bool:
    """Whether a program or our own script asks; a person's browser without script gets pages."""
    return "/api/" in request.path or request.accept_mimetypes.best == "application/json"

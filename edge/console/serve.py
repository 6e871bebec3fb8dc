"""The console on the network: waitress around the Flask application, on a thread of its own.

`bootstrap.py` makes one per unit; by default it listens on 127.0.0.1 only.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from types import TracebackType
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from edge.console.app import create_console
from edge.console.settings import BODY_BYTES_MAX, PICTURE_BYTES_MAX, THREADS, ConsoleSettings
from edge.unit import Unit
from firmware.bench import Bench

__all__ = ["ConsoleServer", "create_console"]

log = logging.getLogger(__name__)


class ConsoleServer:
    """A console that is being served. A context manager; `close()` may be called twice.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, unit: Unit, bench: Bench, settings: ConsoleSettings) -> None:
        self._console = create_console(unit, bench, settings)
        self._server: Any = create_server(
            self._console,
            host=settings.host,
            port=settings.port,
            threads=THREADS,
            ident="",  # says nothing of what serves it
            max_request_body_size=PICTURE_BYTES_MAX + BODY_BYTES_MAX,
            max_request_header_size=16 * 1024,
            channel_timeout=60,
            connection_limit=64,
            clear_untrusted_proxy_headers=True,
        )
        self.port = int(self._server.effective_port)
        self._console.extensions["onewindow"].guard.listens_on(self.port)
        self._thread = threading.Thread(target=self._server.run, name="console", daemon=True)
        self._closed = False

    def start(self) -> None:
        self._thread.start()
        log.info("console listens on port %d", self.port)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._console.extensions["onewindow"].close()  # lets the listening pages go
        self._server.task_dispatcher.shutdown(timeout=5)
        if self._thread.is_alive():
            # The loop ends when no socket is left; browsers keep theirs open, so it has to close them itself.
            # Awake already, it may have done so before it is woken: then there is nothing left to wake it by.
            with contextlib.suppress(OSError):
                self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map, ignore_all=True))
            self._thread.join(timeout=5)
        self._server.close()

    def __enter__(self) -> ConsoleServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

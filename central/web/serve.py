"""Serves the pages with gunicorn: one worker process, threads enough for every live page and for the others.

Called by `onewindow-central web`. One process, because live pages share one tail reader; one thread a live page, so
their number is bounded below the number of threads (ADR 0070). Ends on SIGTERM or SIGINT within GRACE_SECONDS.
"""

from __future__ import annotations

import logging
import socket
import struct
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from central.web.app import create_app
from central.web.house import House
from central.web.live import LISTENERS_MAX, Live

log = logging.getLogger(__name__)

PAGE_THREADS: Final = 16
THREADS: Final = LISTENERS_MAX + PAGE_THREADS
CONNECTIONS_MAX: Final = 400
SLOW_SECONDS: Final = 10  # a client that takes or gives nothing for so long is dropped: it must not hold a thread
GRACE_SECONDS: Final = 3


class HallWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """A threaded worker that drops clients who stand still, and ends its live pages when it is told to stop."""

    def enqueue_req(self, conn: Any) -> None:
        span = struct.pack("ll", SLOW_SECONDS, 0)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, span)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, span)
        super().enqueue_req(conn)

    def handle_exit(self, sig: int, frame: Any) -> None:
        _end_live(self.wsgi)
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: Any) -> None:
        _end_live(self.wsgi)
        super().handle_quit(sig, frame)


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, house: House, host: str, port: int) -> None:
        self._house = house
        self._address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        chosen = {
            "bind": self._address,
            "workers": 1,
            "worker_class": HallWorker,
            "threads": THREADS,
            "worker_connections": CONNECTIONS_MAX,
            "keepalive": 15,
            "timeout": 60,
            "graceful_timeout": GRACE_SECONDS,
            "limit_request_line": 2048,
            "limit_request_fields": 50,
            "limit_request_field_size": 4096,
            "preload_app": False,
            "control_socket_disable": True,
            "accesslog": None,  # addresses of visitors are nobody's business; what matters is in the book
            "loglevel": "warning",
            "proc_name": "onewindow-web",
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application in the worker, with connections of its own: none is shared across the fork."""
        self._house.reading.forget_connections()
        return create_app(self._house)


def run(house: House, host: str, port: int) -> None:
    """Serve until told to stop. Does not return while the server runs.

    Raises:
        SystemExit: the port cannot be had, or the server ended.
    """
    log.info("pages at http://%s:%d", host, port)
    _Server(house, host, port).run()


def _end_live(app: Flask | None) -> None:
    # Called in a signal handler, so nothing here waits for a lock that a page holds.
    if app is not None:
        live: Live = app.extensions["onewindow.live"]
        live.stop_soon()

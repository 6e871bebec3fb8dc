"""A Flask view that returns one word, on the very server that serves central's pages: the peer of their figures."""

from __future__ import annotations

import sys

from flask import Flask
from gunicorn.app.base import BaseApplication

from central.web.live import Live, TailWatch
from central.web.serve import CONNECTIONS_MAX, THREADS, HallWorker


class _Empty(BaseApplication):  # type: ignore[misc]
    def load_config(self) -> None:
        chosen = {
            "bind": f"127.0.0.1:{sys.argv[1]}",
            "workers": 1,
            "worker_class": HallWorker,
            "threads": THREADS,
            "worker_connections": CONNECTIONS_MAX,
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        app = Flask("empty")
        app.extensions["onewindow.live"] = Live(_no_tail, {})  # which the worker ends as it stops
        app.add_url_rule("/", "word", lambda: "word")
        return app


def _no_tail() -> TailWatch:
    raise AssertionError("a server without live pages watches nothing")


if __name__ == "__main__":
    _Empty().run()

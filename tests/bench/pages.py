"""How long a person waits for a page with 100,000 cases in the book, beside an empty view on the same server."""

from __future__ import annotations

import http.client
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from provisioning.demonstration.doors import Browser
from tests.bench.figures import Figure, percentile, timed
from tests.bench.full_book import fill
from tests.bench.growth import append_and_assign, open_with_an_officer
from tests.support.mosquitto_server import free_port
from tests.support.running_central import RunningCentral

CASES = 100_000
REQUESTS = 60
GOAL_MS = 100.0
PAGES = {"board": ("", "/board"), "desk": ("shebao1", "/desk"), "overview": ("admin", "/admin")}


def figures(folder: Path, day: str) -> list[Figure]:
    central = RunningCentral(folder)
    store = open_with_an_officer(central)
    append_and_assign(store, 1, day)
    store.database.close()
    fill(store.database.path, CASES)
    for number in range(2, 42):
        append_and_assign(store, number, day)
    store.database.close()
    port = free_port()
    empty = subprocess.Popen([sys.executable, "-m", "tests.bench.empty_server", str(port)])
    try:
        central.start_web()
        base = f"http://127.0.0.1:{central.web_port}"
        _wait_for(f"{base}/healthz")
        _wait_for(f"http://127.0.0.1:{port}/")
        peer = _times(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/").read())
        return [_figure(central, name, login, path, peer) for name, (login, path) in PAGES.items()]
    finally:
        empty.terminate()
        empty.wait(timeout=10)
        central.close()


def _figure(central: RunningCentral, name: str, login: str, path: str, peer: list[float]) -> Figure:
    browser = Browser(central.web_port)
    if login:
        page = browser.get("/sign-in")
        password = next(member["password"] for member in central.hall.file.data["staff"] if member["login"] == login)
        browser.submit(page.form("/sign-in"), name=login, password=password)
    taken = _times(lambda: browser.bytes_of(path))
    return Figure(
        name=f"page: {name}, {CASES:,} cases, p95",
        value=percentile(taken, 0.95) * 1000,
        unit="ms",
        floor=None,
        floor_name="",
        goal=GOAL_MS,
        better="lower",
        note=f"p50 {statistics.median(taken) * 1000:.1f} ms; an empty view on the same server p50 "
        f"{statistics.median(peer) * 1000:.1f}, p95 {percentile(peer, 0.95) * 1000:.1f} ms",
    )


def _times(ask: Callable[[], object]) -> list[float]:
    ask()
    return [timed(ask) for _ in range(REQUESTS)]


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).read()
        except (OSError, urllib.error.URLError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return

"""The pages of a test's hall as a real server: gunicorn in a process of its own, on the very database of the test.

python -m tests.support.web_server FOLDER PORT
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from central.web.serve import run
from tests.support.mosquitto_server import free_port
from tests.support.web_house import WebHouse

DEADLINE_SECONDS = 60.0


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class WebServer:
    """A server that a test may stop and start again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when the server answers."""
        with (self.folder / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.web_server", str(self.folder), str(self.port)],
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                raise AssertionError((self.folder / "web.log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGTERM) -> float:
        """Stop and return how long that took, in seconds."""
        process, self.process = self.process, None
        if process is None:
            return 0.0
        began = time.monotonic()
        process.send_signal(how)
        process.wait(DEADLINE_SECONDS)
        return time.monotonic() - began

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def a_web_server(folder: Path) -> Iterator[tuple[WebServer, WebHouse]]:
    """Run the pages of a furnished hall in this folder; yield the server and the hands that fill the same book."""
    web = WebHouse(folder, SystemClock())
    web.furnish()
    server = WebServer(folder)
    server.start()
    try:
        yield server, web
    finally:
        server.stop()
        web.database.close()


if __name__ == "__main__":
    run(WebHouse(Path(sys.argv[1]), SystemClock()).house, "127.0.0.1", int(sys.argv[2]))

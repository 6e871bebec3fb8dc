"""A real Mosquitto with our own configuration and fresh certificates, on a free port of the loopback.

    with mosquitto_server(tmp_path) as broker:
        context = broker.tls("hall-w1")        # an ssl.SSLContext that connects as this unit (or "central")
        client.tls_set_context(context); client.connect("localhost", broker.port)
        broker.kill(); broker.restart()        # SIGKILL; it comes back empty

The server listens in some 25 ms. Certificates of a name are made once and stand in `broker.client(name)`.
"""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from broker.mosquitto.configuration import CONFIGURATION_FILE
from provisioning.authority import HallAuthority
from provisioning.broker_folder import mosquitto_program, write_broker_folder

START_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """What a unit's settings name under [broker]."""

    ca: Path
    certificate: Path
    key: Path


class MosquittoServer:
    """One broker. `start`, `kill`, `restart` and `stop` may be called in any order, and twice."""

    def __init__(self, folder: Path, *, hall: str = "hall", port: int | None = None) -> None:
        self.folder = folder / "broker"
        self.port = port if port is not None else free_port()
        self.hall = hall
        self.authority = HallAuthority(folder / "authority", hall, now=datetime.now(UTC))
        write_broker_folder(self.folder, self.authority, port=self.port, now=datetime.now(UTC))
        self._clients = folder / "clients"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """As in a unit's settings: "localhost:8883"."""
        return f"localhost:{self.port}"

    @property
    def log(self) -> str:
        """What the broker has said since it was first started."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, unless it runs, and wait until it listens."""
        if self._process is not None and self._process.poll() is None:
            return
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [mosquitto_program(), "-c", CONFIGURATION_FILE],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Mosquitto did not start: {self.log[-800:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop it in good order (SIGTERM)."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Cut it off (SIGKILL): whatever it held is gone."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it and start it anew, empty, on the same port."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nobody answers. `resume` ends it."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def client(self, name: str) -> ClientFiles:
        """Return the files with which to connect as this unit, or as "central"."""
        folder = self._clients / name
        folder.mkdir(parents=True, exist_ok=True)
        files = ClientFiles(self.folder / "ca.pem", folder / "tls.pem", folder / "tls.key")
        self.authority.client(files.certificate, files.key, name, now=datetime.now(UTC))
        return files

    def tls(self, name: str) -> ssl.SSLContext:
        """Return a TLS context that connects as this unit, or as "central", and trusts only this hall."""
        return tls_context(self.client(name))

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(how)
            process.send_signal(signal.SIGCONT)
        process.wait(timeout=10)


@contextmanager
def mosquitto_server(folder: Path, *, hall: str = "hall", port: int | None = None) -> Iterator[MosquittoServer]:
    """Run a broker in this folder and stop it at the end of the block."""
    server = MosquittoServer(folder, hall=hall, port=port)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def tls_context(files: ClientFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(files.ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    return context


def free_port() -> int:
    """Return a port of the loopback that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0

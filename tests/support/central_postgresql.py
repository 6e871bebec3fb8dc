"""A real PostgreSQL of the tests' own: made in a temporary folder, started on a socket there, stopped at the end.

    server = postgresql_server()           # the same for the whole test run
    url = server.new_database()            # an empty one for each test

Not installed is a failure, never a skip: `make test` installs it.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from central.storage.database import Database
from central.storage.migrate import migrate

_HINT = "PostgreSQL is not installed: run `make test`, which installs it, or apt-get install postgresql"


class PostgresqlServer:
    """One server; its databases are the tests'."""

    def __init__(self) -> None:
        self._bin = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="onewindow-pg-"))
        self._numbers = itertools.count(1)
        self._template_made = False
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", str(data), "-o", options, "-l", str(self._folder / "log"), "-w", "-t", "60", "start")
        self._data = data
        atexit.register(self.stop)

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"hall{next(self._numbers)}"
        self._run("createdb", "-h", str(self._folder), "-U", "postgres", name)
        return self._url(name)

    def new_hall_database(self) -> str:
        """Make a database with the tables of today and return its URL."""
        if not self._template_made:
            self._run("createdb", "-h", str(self._folder), "-U", "postgres", "template_hall")
            template = Database(self._url("template_hall"))
            migrate(template)
            template.close()
            self._template_made = True
        name = f"hall{next(self._numbers)}"
        self._run("createdb", "-h", str(self._folder), "-U", "postgres", "-T", "template_hall", name)
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self._folder}"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        # The server refuses to run as root; whoever else runs the tests runs it as themselves.
        as_whom = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*as_whom, str(self._bin / program), *arguments],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]


@functools.cache
def postgresql_server() -> PostgresqlServer:
    """Return the test run's server; the first to ask starts it."""
    return PostgresqlServer()


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    assert program is not None, _HINT
    return Path(program).parent


def wait_until(holds: object, seconds: float = 20.0) -> None:
    """Wait for a condition, with a deadline."""
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "what was waited for did not come true"
        time.sleep(0.01)

"""Central killed, its disk full, its book copied while it writes: what was receipted is there, once and whole."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from central.storage import tables
from central.storage.backup import BackupUnfit, back_up, restore
from central.storage.book import read_tail
from central.storage.database import Database
from central.storage.replay import verify_chain, verify_tables
from central.storage.statements import Runner
from tests.support.central_hall import HALL, WireHall, arrivals, jpeg
from tests.support.central_postgresql import postgresql_server

_WRITER = [sys.executable, "-m", "tests.support.central_writer"]


def is_whole(hall: WireHall) -> list[str]:
    """See that chain, tables and pages agree; return the ids of the cases."""
    with hall.receiving():
        pass  # a start lays down again what a crash took of the pages
    with hall.store.database.connect() as connection:
        assert verify_chain(Runner(connection), HALL).fault == ""
        assert verify_tables(connection, HALL) == ""
        for digest in connection.execute(select(tables.pages.c.stored_digest)).scalars():
            hall.store.files.read(digest)
        return list(connection.execute(select(tables.cases.c.case_id)).scalars())


def test_what_was_receipted_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(5)
    promised: dict[str, tuple[int, str]] = {}
    hall = WireHall(tmp_path)
    for _ in range(4):
        with subprocess.Popen([*_WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            threading.Timer(chance.uniform(0.01, 0.3), writer.kill).start()
            for line in [first, *writer.stdout]:
                # Only a whole line was said; the last may be cut by the kill.
                if line.endswith("\n") and line.startswith("entered"):
                    _, packet, seq, digest = line.split()
                    promised[packet] = (int(seq), digest)

    cases = is_whole(hall)

    assert len(promised) >= 20
    assert set(promised) <= set(cases)
    assert len(cases) == len(set(cases))
    with hall.store.look() as book:
        for packet, (seq, digest) in promised.items():
            entry = book.seen(packet)
            assert entry is not None
            assert (entry.seq, entry.hash) == (seq, digest)
    hall.store.database.close()


def test_a_full_disk_takes_nothing_half_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """On a tmpfs of its own: packets until it is full, then room is made and the next ones enter."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    enter = ["unshare", *as_root, "--mount"]
    script = f"""
set -e
mount -t tmpfs -o size=6m none {tmp_path}
dd if=/dev/zero of={tmp_path}/ballast bs=1M count=2 2>/dev/null
{sys.executable} -m tests.support.central_writer {tmp_path} 30
rm {tmp_path}/ballast
echo room
{sys.executable} -m tests.support.central_writer {tmp_path} 3
{sys.executable} -m tests.support.central_checker {tmp_path}
"""

    done = subprocess.run([*enter, "sh", "-c", script], capture_output=True, text=True, timeout=100, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    before, _, after = done.stdout.partition("room\n")
    entered = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("entered")}
    assert before.count("entered") > 0
    assert before.count("entered") < 150, "the disk was never full"
    assert after.count("entered") == 15
    whole = done.stdout.splitlines()[-1].split()
    assert whole[0] == "whole"
    assert entered == set(whole[1:])


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_backup_made_while_packets_enter_is_whole_and_comes_back(tmp_path: Path, kind: str) -> None:
    hall = WireHall(tmp_path / "hall", _url(kind, tmp_path / "hall"))
    stop = threading.Event()

    def write() -> None:
        with hall.receiving() as receiving:
            number = 0
            while not stop.is_set():
                number += 1
                receiving.take(arrivals(hall.packet(pictures=(jpeg(number, body_bytes=20_000),))))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        _until(lambda: _cases(hall) >= 5)
        made = [
            back_up(hall.store.database, hall.store.files.folder, tmp_path / "backup", now_ms=number)
            for number in range(2)
        ]
        _until(lambda: _cases(hall) >= made[-1].pages + 3)
    finally:
        stop.set()
        writer.join()

    target = Database(_url(kind, tmp_path / "restored"), folder=tmp_path / "restored")
    manifest = restore(tmp_path / "backup", target, tmp_path / "restored" / "pages")
    with target.connect() as connection, hall.store.database.connect() as original:
        verdict = verify_chain(Runner(connection), HALL)
        assert (verdict.entries, verdict.head) == manifest.heads[HALL]
        assert verify_tables(connection, HALL) == ""
        ours = list(read_tail(Runner(connection), HALL, after=0, limit=10_000))
        assert ours == list(read_tail(Runner(original), HALL, after=0, limit=len(ours)))
        digests = set(connection.execute(select(tables.pages.c.stored_digest)).scalars())
        assert len(digests) == manifest.pages
    for digest in digests:
        assert (tmp_path / "restored" / "pages" / digest[:2] / digest).exists()
    assert not (tmp_path / "backup" / "keys").exists()
    target.close()
    hall.store.database.close()


def test_a_backup_that_was_altered_cut_or_not_finished_is_not_restored(tmp_path: Path) -> None:
    hall = WireHall(tmp_path)
    with hall.receiving() as receiving:
        receiving.take(arrivals(hall.packet()))
    backup = tmp_path / "backup"
    back_up(hall.store.database, hall.store.files.folder, backup, now_ms=1)
    fresh = Database("sqlite:///new/ledger.db", folder=tmp_path)

    with pytest.raises(BackupUnfit, match="exists"):
        restore(backup, hall.store.database, tmp_path / "pages")
    ledger = (backup / "ledger.db").read_bytes()
    (backup / "ledger.db").write_bytes(ledger[:-1] + b"x")
    with pytest.raises(BackupUnfit, match="manifest names"):
        restore(backup, fresh, tmp_path / "new/pages")
    (backup / "ledger.db").write_bytes(ledger)
    (page,) = (backup / "pages").rglob("??/*")
    page.write_bytes(b"other")
    with pytest.raises(BackupUnfit, match="page file"):
        restore(backup, fresh, tmp_path / "new/pages")
    (backup / "manifest.json").unlink()
    with pytest.raises(BackupUnfit, match="no finished backup"):
        restore(backup, fresh, tmp_path / "new/pages")
    fresh.close()
    hall.store.database.close()


def _url(kind: str, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    return "sqlite:///ledger.db" if kind == "sqlite" else postgresql_server().new_database()


def _cases(hall: WireHall) -> int:
    with hall.store.database.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.cases)).scalar_one())


def _until(holds, seconds: float = 40.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)

"""What the outbox's index adds to accepting a packet, beside the least that any durable note costs."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

from edge.disk import Disk
from edge.index import open_index
from edge.journal import encode_line
from tests.bench.figures import Figure

WAITING = (10, 1_000, 10_000)
INSERTS = 200
GOAL = 1.5


def figures(folder: Path) -> list[Figure]:
    return [_index_row(folder / f"outbox-{waiting}", waiting) for waiting in WAITING]


def _index_row(folder: Path, waiting: int) -> Figure:
    """Insert rows while `waiting` are there, in turn with a raw append of the same bytes and one fdatasync."""
    disk = Disk(folder)
    _fill(folder / "index", waiting)
    rows = open_index(disk, "index").rows("packets")
    raw = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    ours, floor = [], []
    for number in range(INSERTS):
        document = _row(waiting + number)
        line = encode_line({"t": "packets", "i": waiting + number + 1, "d": document})
        start = time.perf_counter()
        os.write(raw, line)
        os.fdatasync(raw)
        between = time.perf_counter()
        rows.insert(document)
        floor.append(between - start)
        ours.append(time.perf_counter() - between)
    os.close(raw)
    disk.close()
    return Figure(
        name=f"outbox index row, {waiting:,} waiting, p50",
        value=statistics.median(ours) * 1000,
        unit="ms",
        floor=statistics.median(floor) * 1000,
        floor_name="ms: append + fdatasync",
        goal=GOAL,
        better="lower",
    )


def _fill(path: Path, count: int) -> None:
    """Write a journal of `count` rows at once, as the index itself would have written them one by one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"".join(encode_line({"t": "packets", "i": number + 1, "d": _row(number)}) for number in range(count))
    )


def _row(number: int) -> dict[str, object]:
    return {
        "packet": f"019a0000-0000-7000-8000-{number:012x}",
        "boot": 3,
        "seq": number,
        "ticket": "A6027",
        "item": "RS001",
        "state": "waiting",
        "content_hash": f"{number:064x}",
        "digests": [f"{number + 1:064x}", f"{number + 2:064x}"],
        "accepted_at_ms": 1_795_400_000_000 + number,
    }

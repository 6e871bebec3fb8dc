"""What was promised against what stands in the ledger: lost, doubled, altered, and numbers with gaps.

Reads the edges' lists of promises and, read-only, central's SQLite book, with no code of central's: an auditor's look.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of a run. All but the first three must be 0."""

    packets: int  # that a clerk was told were accepted
    events: int
    untold: int  # in the ledger, though a kill kept the edge from telling: allowed
    lost: int
    doubled: int
    altered: int
    gaps: int

    @property
    def is_kept(self) -> bool:
        """Whether the promise was kept."""
        return self.lost == self.doubled == self.altered == self.gaps == 0


def read_promises(folder: Path) -> list[dict[str, object]]:
    """Return all whole lines of the edges' promises."""
    found = []
    for path in sorted(folder.iterdir()):
        for line in path.read_bytes().split(b"\n")[:-1]:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # cut by a kill while it was written: nobody was told
    return found


def account(told: Path, ledger: Path) -> Account:
    promises = read_promises(told)
    packets = {str(promise["packet"]): promise for promise in promises if "packet" in promise}
    events = {str(promise["event"]) for promise in promises if "event" in promise}
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as book:
        numbers = [row[0] for row in book.execute("SELECT seq FROM entries ORDER BY seq")]
        opened = Counter(row[0] for row in book.execute("SELECT subject FROM entries WHERE kind = 'case-opened/1'"))
        issued = book.execute("SELECT origin FROM entries WHERE kind = 'ticket-issued/1'").fetchall()
        seen = dict(book.execute("SELECT message, content_hash FROM seen"))
        pages: dict[str, list[str]] = {}
        for case, digest in book.execute("SELECT case_id, plain_digest FROM pages ORDER BY case_id, page_index"):
            pages.setdefault(case, []).append(digest)
    altered = [
        packet
        for packet, promise in packets.items()
        if packet in opened and (seen.get(packet) != promise["content_hash"] or pages.get(packet) != promise["pages"])
    ]
    return Account(
        packets=len(packets),
        events=len(events),
        untold=len(opened.keys() - packets.keys()),
        lost=len(packets.keys() - opened.keys()) + len(events - seen.keys()),
        doubled=sum(count - 1 for count in opened.values()) + len(issued) - len(set(issued)),
        altered=len(altered),
        gaps=sum(1 for before, after in zip(numbers, numbers[1:], strict=False) if after != before + 1)
        + (numbers[:1] != [1]),
    )

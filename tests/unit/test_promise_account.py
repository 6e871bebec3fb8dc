"""The account of a soak finds what it is there to find: else a run that loses papers would pass."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.soak.book import Account, account

PACKETS = ("p1", "p2", "p3")


@pytest.fixture
def told(tmp_path: Path) -> Path:
    folder = tmp_path / "told"
    folder.mkdir()
    lines = [
        json.dumps({"packet": name, "content_hash": f"hash-{name}", "pages": [f"page-{name}"]}) for name in PACKETS
    ]
    lines += [json.dumps({"event": "e1"}), '{"packet": "cut by a ki']
    (folder / "w1").write_text("\n".join(lines), encoding="utf-8")
    return folder


def write_book(path: Path, *changes: str) -> Path:
    """Write a book in which every promise is kept, then change it as told."""
    with closing(sqlite3.connect(path)) as book:
        book.executescript(
            "CREATE TABLE entries (seq, kind, subject, origin);"
            "CREATE TABLE seen (message, content_hash);"
            "CREATE TABLE pages (case_id, page_index, plain_digest);"
            "INSERT INTO entries VALUES (1, 'hall-opened/1', 'h', '');"
        )
        for number, name in enumerate(PACKETS, start=2):
            book.execute("INSERT INTO entries VALUES (?, 'case-opened/1', ?, ?)", (number, name, name))
            book.execute("INSERT INTO seen VALUES (?, ?)", (name, f"hash-{name}"))
            book.execute("INSERT INTO pages VALUES (?, 0, ?)", (name, f"page-{name}"))
        book.execute("INSERT INTO entries VALUES (5, 'ticket-issued/1', 't', 'e1')")
        book.execute("INSERT INTO seen VALUES ('e1', 'hash')")
        for change in changes:
            book.execute(change)
        book.commit()
    return path


def test_a_book_that_keeps_every_promise_has_a_clean_account(told: Path, tmp_path: Path) -> None:
    found = account(told, write_book(tmp_path / "ledger.db"))

    assert found == Account(packets=3, events=1, untold=0, lost=0, doubled=0, altered=0, gaps=0)
    assert found.is_kept


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("lost", "DELETE FROM entries WHERE subject = 'p3'"),
        ("lost", "DELETE FROM seen WHERE message = 'e1'"),
        ("doubled", "INSERT INTO entries VALUES (6, 'case-opened/1', 'p1', 'p1')"),
        ("doubled", "INSERT INTO entries VALUES (6, 'ticket-issued/1', 't', 'e1')"),
        ("altered", "UPDATE seen SET content_hash = 'other' WHERE message = 'p2'"),
        ("altered", "UPDATE pages SET plain_digest = 'other' WHERE case_id = 'p2'"),
        ("altered", "DELETE FROM pages WHERE case_id = 'p2'"),
        ("gaps", "INSERT INTO entries VALUES (7, 'x', 'x', '')"),
        ("gaps", "DELETE FROM entries WHERE seq = 1"),
    ],
)
def test_each_broken_promise_is_found(told: Path, tmp_path: Path, what: str, change: str) -> None:
    found = account(told, write_book(tmp_path / "ledger.db", change))

    assert not found.is_kept
    assert getattr(found, what) == 1, astuple(found)


def test_what_was_entered_and_never_told_is_allowed(told: Path, tmp_path: Path) -> None:
    """A kill between the outbox's rename and the clerk's screen."""
    found = account(
        told, write_book(tmp_path / "ledger.db", "INSERT INTO entries VALUES (6, 'case-opened/1', 'p9', 'p9')")
    )

    assert found.untold == 1
    assert found.is_kept

"""The chain: what a changed, lost or moved entry is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from central.ledger import facts
from central.ledger.entry import GENESIS, Entry, Origin, entry_hash, follows, origin_text, read_origin


def an_entry(**changes: object) -> Entry:
    values: dict[str, object] = {
        "hall": "hall",
        "seq": 1,
        "at_ms": 10,
        "kind": "ticket-passed/1",
        "subject": "2026-11-23/A6001",
        "actor": "hall-w1",
        "origin": "",
        "body": "{}",
        "previous": GENESIS,
        **changes,
    }
    return Entry(**values, hash=entry_hash(**values))  # type: ignore[arg-type]


def test_an_entry_that_follows_is_whole() -> None:
    assert follows(an_entry(), seq=1, previous=GENESIS) == ""


def test_an_entry_is_missing_when_another_number_stands_in_its_place() -> None:
    assert follows(an_entry(seq=3), seq=2, previous=GENESIS) == "entry 2 is missing: 3 stands in its place"


def test_an_entry_after_another_one_is_named() -> None:
    assert follows(an_entry(previous="ab" * 32), seq=1, previous=GENESIS) == "entry 1 does not follow the one before it"


@pytest.mark.parametrize("field", ["hall", "at_ms", "kind", "subject", "actor", "origin", "body"])
def test_every_field_is_under_the_hash(field: str) -> None:
    entry = an_entry()
    changes: dict[str, Any] = {field: 11 if field == "at_ms" else "x"}
    altered = replace(entry, **changes)

    assert "was altered" in follows(altered, seq=1, previous=GENESIS)


def test_moving_letters_from_one_field_to_the_next_changes_the_hash() -> None:
    assert an_entry(subject="ab", actor="c").hash != an_entry(subject="a", actor="bc").hash


def test_an_origin_comes_back_as_it_was() -> None:
    origin = Origin("01a209e4-dcf7-75ba-b494-a1990302f80b", "ab" * 32, "hall-w1", 3, 4)

    assert read_origin(origin_text(origin)) == origin
    assert read_origin(origin_text(None)) is None


def test_every_fact_has_a_kind_of_its_own() -> None:
    kinds = [kind.KIND for kind in facts.Fact.__args__]

    assert len(set(kinds)) == len(kinds) == len(facts.FACTS)


def test_a_fact_of_an_older_writer_is_read_with_todays_defaults() -> None:
    body = '{"ticket":"A6001","day":"2026-11-23","issued_at_ms":1,"unit":"hall-kiosk"}'

    read = facts.decode("ticket-issued/1", body)

    assert read == facts.TicketIssued(ticket="A6001", day="2026-11-23", issued_at_ms=1, unit="hall-kiosk")

"""The journal and TinyDB on it: torn at any byte, flipped, full, and still a database."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tinydb import Query

from edge.disk import Disk
from edge.index import JournalDatabase, open_index
from edge.journal import Journal, decode_line, encode_line
from tests.support.edge_fixture import FailingStorage, os_error

INDEX = "index.tinydb"


def a_document(number: int) -> dict[str, object]:
    return {"packet_id": f"p{number}", "ticket": f"A{6000 + number}", "note": "样" * 20}


def filled(folder: Path, count: int = 3) -> JournalDatabase:
    index = open_index(Disk(folder), INDEX)
    for number in range(count):
        index.rows("packets").insert(a_document(number))
    return index


def documents(folder: Path) -> list[dict[str, object]]:
    return [dict(each) for each in open_index(Disk(folder), INDEX).rows("packets").all()]


def test_what_was_inserted_changed_and_removed_is_so_after_opening_anew(tmp_path: Path) -> None:
    rows = filled(tmp_path).rows("packets")
    rows.update({"ticket": "B0001"}, doc_ids=[2])
    rows.remove(doc_ids=[1])

    again = open_index(Disk(tmp_path), INDEX).rows("packets")

    assert [(each.doc_id, each["ticket"]) for each in again.all()] == [(2, "B0001"), (3, "A6002")]
    assert again.insert(a_document(9)) == 4


@pytest.mark.parametrize("change", ["insert", "update", "remove"])
def test_the_last_record_torn_at_any_byte_leaves_all_before_it(tmp_path: Path, change: str) -> None:
    index = filled(tmp_path)
    before, whole_before = documents(tmp_path), (tmp_path / INDEX).read_bytes()
    if change == "insert":
        index.rows("packets").insert(a_document(7))
    elif change == "update":
        index.rows("packets").update({"ticket": "B0001"}, doc_ids=[2])
    else:
        index.rows("packets").remove(doc_ids=[2])
    after, whole = documents(tmp_path), (tmp_path / INDEX).read_bytes()

    for length in range(len(whole_before), len(whole)):
        (tmp_path / INDEX).write_bytes(whole[:length])
        assert documents(tmp_path) == before
        open_index(Disk(tmp_path), INDEX).rows("packets").insert(a_document(8))
        assert documents(tmp_path) == [*before, a_document(8)]

    (tmp_path / INDEX).write_bytes(whole)
    assert documents(tmp_path) == after


def test_a_flipped_bit_anywhere_costs_one_record_and_is_said(tmp_path: Path) -> None:
    filled(tmp_path)
    whole = (tmp_path / INDEX).read_bytes()
    first_line = whole.index(b"\n")

    for place in range(0, first_line + 1, 3):
        for bit in (0, 5):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            (tmp_path / INDEX).write_bytes(bytes(flipped))
            index = open_index(Disk(tmp_path), INDEX)
            assert index.file.damaged_lines >= 1
            assert {each["packet_id"] for each in index.rows("packets").all()} >= {"p2"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400))
def test_any_bytes_open_as_a_journal_that_can_be_added_to(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "j").write_bytes(data)

    Journal(Disk(tmp_path), "j").append({"a": 1})

    assert Journal(Disk(tmp_path), "j").records[-1] == {"a": 1}


def test_a_line_is_read_only_as_it_was_written() -> None:
    line = encode_line({"名": "x\ny"})

    assert decode_line(line[:-1]) == {"名": "x\ny"}
    assert line.count(b"\n") == 1
    assert decode_line(line[:-2]) is None
    assert decode_line(b"00000000 {}") is None


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_an_append_that_fails_and_tears_does_not_hide_the_next(tmp_path: Path, number: int) -> None:
    storage = FailingStorage(Disk(tmp_path))
    journal = Journal(storage, "j")
    journal.append({"n": 1})
    storage.fail(1, os_error(number), torn=True)

    with pytest.raises(OSError):
        journal.append({"n": 2})
    storage.heal()
    journal.append({"n": 3})

    assert Journal(Disk(tmp_path), "j").records == [{"n": 1}, {"n": 3}]


def test_a_failed_insert_changes_nothing_in_memory_either(tmp_path: Path) -> None:
    storage = FailingStorage(Disk(tmp_path))
    rows = open_index(storage, INDEX).rows("packets")
    rows.insert(a_document(1))
    storage.fail(1, os_error(errno.ENOSPC), torn=True, on=True)

    with pytest.raises(OSError):
        rows.insert(a_document(2))
    storage.heal()

    assert [dict(each) for each in rows.all()] == [a_document(1)]
    assert rows.insert(a_document(3)) == 2
    assert documents(tmp_path) == [a_document(1), a_document(3)]


def test_everything_that_tinydb_can_ask_works(tmp_path: Path) -> None:
    index = filled(tmp_path, 5)
    rows, packet = index.table("packets"), Query()

    assert [each["packet_id"] for each in rows.search(packet.ticket == "A6003")] == ["p3"]
    assert rows.contains(packet.ticket == "A6004")
    document = rows.get(doc_id=2)
    assert document is not None
    rows.update({"ticket": "C0001"}, packet.packet_id == "p0")
    rows.update(lambda each: each.update(note=""), packet.packet_id == "p1")
    rows.upsert({"packet_id": "p9", "ticket": "C0002"}, packet.packet_id == "p9")
    assert rows.remove(packet.packet_id == "p2") == [3]
    rows.insert_multiple([a_document(20), a_document(21)])
    index.table("other").insert({"x": 1})
    assert index.tables() == {"packets", "other"}

    again = open_index(Disk(tmp_path), INDEX)
    assert [each["ticket"] for each in again.table("packets").all()] == [
        "C0001",
        "A6001",
        "A6003",
        "A6004",
        "C0002",
        "A6020",
        "A6021",
    ]
    assert len(again.table("packets")) == 7
    again.drop_tables()
    assert documents(tmp_path) == []


def test_documents_that_go_out_are_copies(tmp_path: Path) -> None:
    rows = filled(tmp_path).rows("packets")

    rows.all()[0]["ticket"] = "changed by a reader"

    assert rows.all()[0]["ticket"] == "A6000"


def test_the_file_is_written_anew_when_most_of_it_no_longer_counts(tmp_path: Path) -> None:
    rows = filled(tmp_path, 2).rows("packets")
    for number in range(1000):
        rows.update({"ticket": f"A{number:04d}"}, doc_ids=[1])

    assert (tmp_path / INDEX).stat().st_size < 300 * 200
    assert documents(tmp_path)[0]["ticket"] == "A0999"


def test_no_room_to_write_anew_is_no_fault(tmp_path: Path) -> None:
    storage = FailingStorage(Disk(tmp_path))
    rows = open_index(storage, INDEX).rows("packets")
    rows.insert(a_document(1))

    class NoSecondCopy(FailingStorage):
        def write(self, path: str, data: bytes) -> None:
            raise os_error(errno.ENOSPC)

    storage.__class__ = NoSecondCopy
    for number in range(600):
        rows.update({"ticket": f"A{number:04d}"}, doc_ids=[1])

    assert documents(tmp_path)[0]["ticket"] == "A0599"


def test_a_row_costs_the_same_with_ten_packets_and_with_three_thousand(tmp_path: Path) -> None:
    """The bench measures it against the disk; here only that nothing grows with the number of rows."""

    class NoSync(Disk):
        def append(self, path: str, data: bytes) -> None:
            with self._at(path).open("ab") as file:
                file.write(data)

    index = open_index(NoSync(tmp_path), INDEX)
    rows = index.rows("packets")

    def seconds_for_100() -> float:
        start = time.process_time()
        for number in range(100):
            rows.insert(a_document(number))
        return time.process_time() - start

    few = min(seconds_for_100() for _ in range(3))
    for number in range(3000):
        rows.insert(a_document(number))
    many = min(seconds_for_100() for _ in range(3))

    assert many < few * 3

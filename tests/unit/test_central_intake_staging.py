"""Chunks on their way in: any order, twice, damaged, too many."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from broker.errors import MessageRefused
from broker.messages import CHUNK_BYTES_MAX, Chunk
from central.staging import ChunkStage

PACKET = "01a209e4-dcf7-75ba-b494-a1990302f80b"


def chunks(page: bytes) -> list[Chunk]:
    digest = hashlib.sha256(page).hexdigest()
    return [
        Chunk(
            packet_id=PACKET,
            page=0,
            digest=digest,
            total_bytes=len(page),
            index=index,
            data=page[index * CHUNK_BYTES_MAX : (index + 1) * CHUNK_BYTES_MAX],
        )
        for index in range(-(-len(page) // CHUNK_BYTES_MAX))
    ]


def stage_of(folder: Path, memory: bool, **bounds: int) -> ChunkStage:
    return ChunkStage(folder / "staged", memory_bytes_max=10**9 if memory else 0, **bounds)


@pytest.fixture(params=["memory", "files"])
def in_memory(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "memory")


def take(stage: ChunkStage, page: bytes, unit: str = "w1") -> bytes | None:
    return stage.take(unit, hashlib.sha256(page).hexdigest(), len(page))


def test_a_page_is_whole_whatever_the_order_and_however_often(tmp_path: Path, in_memory: bool) -> None:
    stage, page = stage_of(tmp_path, in_memory), os.urandom(2 * CHUNK_BYTES_MAX + 7)
    for chunk in [*reversed(chunks(page)), *chunks(page)]:
        stage.put("w1", chunk)

    assert take(stage, page) == page
    assert take(stage, page) == page


def test_a_page_with_a_chunk_missing_is_not_there(tmp_path: Path, in_memory: bool) -> None:
    stage, page = stage_of(tmp_path, in_memory), os.urandom(2 * CHUNK_BYTES_MAX + 7)
    for chunk in chunks(page)[:2]:
        stage.put("w1", chunk)

    assert take(stage, page) is None


def test_another_units_chunks_do_not_count(tmp_path: Path, in_memory: bool) -> None:
    stage, page = stage_of(tmp_path, in_memory), os.urandom(100)
    stage.put("w2", chunks(page)[0])

    assert take(stage, page) is None


def test_a_page_that_was_dropped_can_come_again(tmp_path: Path, in_memory: bool) -> None:
    stage, page = stage_of(tmp_path, in_memory), os.urandom(100)
    good = chunks(page)[0]
    stage.put("w1", Chunk(packet_id=PACKET, page=0, digest=good.digest, total_bytes=100, index=0, data=bytes(100)))

    stage.drop("w1", good.digest)
    stage.put("w1", good)

    assert take(stage, page) == page


def test_chunks_that_disagree_on_the_size_are_refused(tmp_path: Path, in_memory: bool) -> None:
    stage, page = stage_of(tmp_path, in_memory), os.urandom(100)
    stage.put("w1", chunks(page)[0])
    liar = Chunk(packet_id=PACKET, page=0, digest=chunks(page)[0].digest, total_bytes=50, index=0, data=bytes(50))

    with pytest.raises(MessageRefused, match="agree on its size"):
        stage.put("w1", liar)
    assert take(stage, page) == page


def test_a_unit_that_sends_too_much_pushes_out_its_own_pages_only(tmp_path: Path, in_memory: bool) -> None:
    stage = stage_of(tmp_path, in_memory, unit_bytes_max=1000)
    quiet, flood = os.urandom(900), [os.urandom(400) for _ in range(10)]
    stage.put("w2", chunks(quiet)[0])
    for page in flood:
        stage.put("w1", chunks(page)[0])

    assert stage.bytes_staged == 900 + 800
    assert [take(stage, page) is not None for page in flood[-3:]] == [False, True, True]
    assert take(stage, quiet, "w2") == quiet


def test_all_units_together_are_bounded(tmp_path: Path, in_memory: bool) -> None:
    stage = stage_of(tmp_path, in_memory, all_bytes_max=1000)
    for number in range(10):
        stage.put(f"w{number}", chunks(os.urandom(300))[0])

    assert stage.bytes_staged == 900


def test_what_was_entered_is_dropped_and_a_start_begins_empty(tmp_path: Path) -> None:
    stage, page = stage_of(tmp_path, False), os.urandom(100)
    stage.put("w1", chunks(page)[0])
    stage.drop("w1", chunks(page)[0].digest)
    stage.drop("w1", chunks(page)[0].digest)
    assert stage.bytes_staged == 0
    stage.put("w1", chunks(page)[0])

    assert take(stage_of(tmp_path, False), page) is None
    assert list((tmp_path / "staged").rglob("*")) == []

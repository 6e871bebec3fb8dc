"""Real processes killed with SIGKILL, and real full cards: what was promised is there."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.messages import Outcome, Receipt
from edge.card import Card
from edge.disk import Disk
from edge.errors import OutboxFull, StorageReadOnly
from edge.kept import Place
from edge.numbers import Numbers
from edge.outbox import Outbox
from edge.packet import seal_packet
from tests.support.edge_fixture import START_MS, TODAY, packet_id, some_papers
from tests.support.edge_outbox_writer import SIGNING, keys

ROOT = Path(__file__).parents[2]


def open_outbox(folder: Path, reserve_bytes: int = 0) -> tuple[Outbox, Card]:
    card = Card(Disk(folder), reserve_bytes)
    return Outbox(card, own_key=SIGNING.public_key()), card


def run_and_kill(folder: Path, first: int, after_lines: int) -> list[str]:
    """Run the writer, kill it after so many lines, wherever it then is; return what it had said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.edge_outbox_writer", str(folder), str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.decode().strip())
            if len(lines) >= after_lines:
                break
        os.kill(process.pid, signal.SIGKILL)
        lines += [line.decode().strip() for line in process.stdout]
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()
    return lines


def test_killed_at_any_moment_all_that_was_promised_is_whole(tmp_path: Path) -> None:
    luck = random.Random(11)
    accepted: set[str] = set()
    entered: set[str] = set()
    tickets: list[str] = []
    for round_number in range(8):
        for line in run_and_kill(tmp_path, 1 + round_number * 1000, luck.randint(2, 60)):
            what, _, name = line.partition(" ")
            if what == "accepted":
                accepted.add(name)
            elif what == "entered":
                entered.add(name)
            elif what == "taken":
                tickets.append(name)

        outbox, _ = open_outbox(tmp_path / "outbox")

        assert outbox.quarantined == []
        assert {kept.packet_id for kept in outbox.packets()} >= accepted
        assert {kept.packet_id for kept in outbox.packets() if kept.place is Place.ENTERED} >= entered
        for kept in outbox.packets():
            outbox.manifest(kept.packet_id)
            for name in outbox.page_names(kept.packet_id):
                outbox.page(kept.packet_id, name)
        outbox.close()
    taken = [number.ticket for number in Numbers(Disk(tmp_path / "seen"), base=6000).taken()]
    assert len(set(tickets)) == len(tickets)
    assert taken == [f"A{6000 + n}" for n in range(1, len(taken) + 1)]
    assert set(tickets) <= set(taken)
    assert {number.day for number in Numbers(Disk(tmp_path / "seen"), base=6000).taken()} == {TODAY}


@pytest.fixture
def small_card(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MB."""
    folder = tmp_path / "card"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.fail(f"this test needs to mount a small tmpfs (run as root): {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_really_full_card_refuses_sends_lets_go_and_takes_again(small_card: Path) -> None:
    outbox, card = open_outbox(small_card / "outbox", reserve_bytes=512 * 1024)
    unit_keys = keys()
    accepted = []

    def accept(number: int) -> None:
        papers = some_papers(packet_id(number), pages=1, page_bytes=200_000)
        sealed = seal_packet(papers, keys=unit_keys, unit="shuangjing-w3", boot=1, seq=number)
        accepted.append(outbox.accept(sealed))

    with pytest.raises(OutboxFull):
        for number in range(1, 40):
            accept(number)
    assert 10 <= len(accepted) <= 18
    filler = small_card / "filler"
    with pytest.raises(OSError) as no_room, filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    assert no_room.value.errno == errno.ENOSPC  # not a byte is left, not even the reserve's

    for kept in accepted:
        assert outbox.manifest(kept.packet_id)
        receipt = Receipt(
            subject=kept.packet_id,
            content_hash=kept.content_hash,
            outcome=Outcome.ENTERED,
            at_ms=START_MS,
            entry=1,
        )
        assert outbox.receipted(receipt) is not None
    assert outbox.waiting_count == 0
    assert outbox.expire(START_MS + 15 * 86_400_000) == len(accepted)
    filler.unlink()
    card.look_after()
    accept(100)

    again, _ = open_outbox(small_card / "outbox", reserve_bytes=512 * 1024)
    assert [kept.packet_id for kept in again.waiting()] == [packet_id(100)]


def test_a_card_that_becomes_read_only_refuses_and_still_reads(small_card: Path) -> None:
    outbox, card = open_outbox(small_card / "outbox")
    sealed = [
        seal_packet(some_papers(packet_id(number)), keys=keys(), unit="shuangjing-w3", boot=1, seq=number)
        for number in (1, 2)
    ]
    kept = outbox.accept(sealed[0])
    outbox.close()
    card.storage.close()  # type: ignore[attr-defined]  # a file open for writing keeps the card from being remounted
    subprocess.run(["mount", "-o", "remount,ro", str(small_card)], check=True)
    try:
        outbox, card = open_outbox(small_card / "outbox")
        with pytest.raises(StorageReadOnly):
            outbox.accept(sealed[1])
        assert outbox.manifest(kept.packet_id) == sealed[0].manifest
        receipt = Receipt(
            subject=kept.packet_id, content_hash=kept.content_hash, outcome=Outcome.ENTERED, at_ms=START_MS, entry=1
        )
        assert outbox.receipted(receipt) is not None
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_card)], check=True)

    assert outbox.accept(sealed[1])

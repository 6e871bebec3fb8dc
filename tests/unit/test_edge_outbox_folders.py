"""The outbox: what was accepted is there after any cut, what was refused is not, and damage is set aside by name."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from pathlib import Path

import pytest

from broker import envelope
from broker.messages import Outcome, Receipt
from edge.card import Card
from edge.disk import Disk
from edge.errors import FormRefused, OutboxFull, PacketDamaged, StorageFailed, StorageReadOnly
from edge.kept import KeptPacket, Place
from edge.outbox import INDEX, Outbox
from edge.packet import SealedPacket, seal_packet
from tests.support.edge_fixture import (
    START_MS,
    FailingStorage,
    HallKeys,
    PowerCut,
    os_error,
    packet_id,
    some_papers,
)

HALL = HallKeys()
KEYS = HALL.unit()[0]
DAY_MS = 86_400_000


def sealed(number: int, *, pages: int = 2, page_bytes: int = 300) -> SealedPacket:
    papers = some_papers(packet_id(number), pages=pages, page_bytes=page_bytes)
    return seal_packet(papers, keys=KEYS, unit="shuangjing-w3", boot=1, seq=number)


PACKETS = [sealed(number) for number in range(1, 6)]


def open_outbox(folder: Path, storage: FailingStorage | None = None, *, reserve_bytes: int = 0) -> Outbox:
    card = Card(storage or FailingStorage(Disk(folder)), reserve_bytes)
    return Outbox(card, own_key=KEYS.signing.public_key())


def receipt_for(kept: KeptPacket, outcome: Outcome = Outcome.ENTERED, **changes: object) -> Receipt:
    fields: dict[str, object] = {
        "subject": kept.packet_id,
        "content_hash": kept.content_hash,
        "outcome": outcome,
        "at_ms": START_MS + 5,
        "entry": 7 if outcome is Outcome.ENTERED else 0,
        "case_number": "20261123-00007" if outcome is Outcome.ENTERED else "",
        **changes,
    }
    return Receipt(**fields)  # type: ignore[arg-type]


def is_full(card: Card) -> bool:
    return card.full


def waiting_ids(outbox: Outbox) -> list[str]:
    return [kept.packet_id for kept in outbox.waiting()]


def assert_whole(outbox: Outbox, packet: SealedPacket) -> None:
    """The packet stands in the outbox, byte for byte."""
    assert outbox.manifest(packet.packet_id) == packet.manifest
    names = outbox.page_names(packet.packet_id)
    assert [outbox.page(packet.packet_id, name) for name in names] == list(packet.pages)


def test_an_accepted_packet_is_there_after_a_restart_oldest_first(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for packet in (PACKETS[2], PACKETS[0], PACKETS[1]):
        outbox.accept(packet)

    again = open_outbox(tmp_path)

    assert waiting_ids(again) == [packet.packet_id for packet in PACKETS[:3]] == waiting_ids(outbox)
    for packet in PACKETS[:3]:
        assert_whole(again, packet)


def test_order_is_by_boot_and_sequence_never_by_wall_time(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    late_clock = some_papers(packet_id(1), accepted_at_ms=1_000)  # the Pi woke in 1970
    outbox.accept(seal_packet(late_clock, keys=KEYS, unit="shuangjing-w3", boot=2, seq=1))
    outbox.accept(PACKETS[1])

    assert waiting_ids(outbox) == [packet_id(2), packet_id(1)]


def test_a_receipt_lets_it_go_and_it_is_kept_for_14_days(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    kept = outbox.accept(PACKETS[0])

    done = outbox.receipted(receipt_for(kept))

    assert done is not None
    assert (done.place, done.case_number) == (Place.ENTERED, "20261123-00007")
    assert waiting_ids(open_outbox(tmp_path)) == []
    again = open_outbox(tmp_path)
    assert again.expire(START_MS + 5 + 14 * DAY_MS) == 0
    assert_whole(again, PACKETS[0])
    assert again.expire(START_MS + 6 + 14 * DAY_MS) == 1
    assert not list((tmp_path / "entered").iterdir())
    assert open_outbox(tmp_path).find(kept.packet_id) is None


def test_a_receipt_of_another_hash_or_packet_changes_nothing(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    kept = outbox.accept(PACKETS[0])

    assert outbox.receipted(receipt_for(kept, content_hash="0" * 64)) is None
    assert outbox.receipted(receipt_for(kept, subject=packet_id(99))) is None
    assert outbox.receipted(receipt_for(kept, Outcome.MISSING, missing=(0,))) is None

    assert waiting_ids(outbox) == [kept.packet_id]


def test_a_refused_packet_is_parked_with_its_reason_until_a_person_has_seen_to_it(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    kept = outbox.accept(PACKETS[0])
    outbox.receipted(receipt_for(kept, Outcome.REFUSED, code="unit-revoked", notice="装置已停用。"))

    again = open_outbox(tmp_path)
    found = again.find(kept.packet_id)

    assert found is not None
    assert (found.place, found.notice, found.seen) == (Place.REFUSED, "装置已停用。", False)
    assert again.dismiss(kept.packet_id)
    assert not again.dismiss(packet_id(99))
    seen = open_outbox(tmp_path).find(kept.packet_id)
    assert seen is not None
    assert seen.seen


def test_what_was_entered_after_the_ledgers_head_is_offered_again(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for number, packet in enumerate(PACKETS[:3]):
        kept = outbox.accept(packet)
        outbox.receipted(receipt_for(kept, entry=10 + number))

    assert outbox.offer_again(head=10) == 2
    assert outbox.offer_again(head=10) == 0

    assert waiting_ids(open_outbox(tmp_path)) == [PACKETS[1].packet_id, PACKETS[2].packet_id]


def test_without_an_index_or_with_a_damaged_one_the_folders_tell_the_same(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    first, second, _ = (outbox.accept(packet) for packet in PACKETS[:3])
    outbox.receipted(receipt_for(first))
    outbox.receipted(receipt_for(second, Outcome.REFUSED, code="x", notice="不符。"))
    before = sorted(outbox.packets(), key=lambda kept: kept.order)

    for damage in (b"", b"\x00" * 5000, b"{}\n" * 50, (tmp_path / INDEX).read_bytes()[:-30]):
        (tmp_path / INDEX).write_bytes(damage)
        assert sorted(open_outbox(tmp_path).packets(), key=lambda kept: kept.order) == before
    (tmp_path / INDEX).unlink()

    assert sorted(open_outbox(tmp_path).packets(), key=lambda kept: kept.order) == before


@pytest.mark.parametrize("name", ["manifest", "page"])
def test_a_damaged_packet_is_set_aside_by_name_and_the_others_go_on(tmp_path: Path, name: str) -> None:
    outbox = open_outbox(tmp_path)
    for packet in PACKETS[:2]:
        outbox.accept(packet)
    folder = tmp_path / "waiting" / PACKETS[0].packet_id
    path = folder / "manifest" if name == "manifest" else next(folder.glob("00-*"))
    whole = path.read_bytes()

    for damage in (whole[:-1], whole[: len(whole) // 2], b"", whole[:40] + b"\xff" + whole[41:], None):
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(tmp_path / "waiting", tmp_path / "copy" / "waiting")
        victim = tmp_path / "copy" / "waiting" / PACKETS[0].packet_id / path.name
        victim.unlink() if damage is None else victim.write_bytes(damage)
        copy = open_outbox(tmp_path / "copy")
        for packet in PACKETS[:2]:
            if copy.find(packet.packet_id) is None:
                continue
            try:
                copy.manifest(packet.packet_id)
                for page in copy.page_names(packet.packet_id):
                    copy.page(packet.packet_id, page)
            except PacketDamaged as damaged:
                assert packet.packet_id in str(damaged)
        assert copy.quarantined == [PACKETS[0].packet_id]
        assert (tmp_path / "copy" / "damaged" / PACKETS[0].packet_id).is_dir()
        assert waiting_ids(copy) == [PACKETS[1].packet_id]
        assert_whole(copy, PACKETS[1])


def test_a_bit_flipped_in_any_file_is_never_sent_as_if_whole(tmp_path: Path) -> None:
    open_outbox(tmp_path).accept(PACKETS[0])
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size)

    for path in files:
        whole = path.read_bytes()
        for place in {0, len(whole) // 3, len(whole) // 2, len(whole) - 1}:
            flipped = bytearray(whole)
            flipped[place] ^= 4
            path.write_bytes(bytes(flipped))
            copy = tmp_path.parent / "flipped"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(tmp_path, copy)
            outbox = open_outbox(copy)
            if waiting_ids(outbox):
                try:
                    assert_whole(outbox, PACKETS[0])
                except PacketDamaged:
                    assert outbox.quarantined == [PACKETS[0].packet_id]
            path.write_bytes(whole)


def test_a_folder_that_is_not_ours_is_set_aside(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.accept(PACKETS[0])
    other = HALL.unit()[0]
    stranger = seal_packet(some_papers(packet_id(9)), keys=other, unit="shuangjing-w4", boot=1, seq=1)
    Outbox(Card(Disk(tmp_path / "other"), 0), own_key=other.signing.public_key()).accept(stranger)
    shutil.copytree(tmp_path / "other" / "waiting" / packet_id(9), tmp_path / "waiting" / packet_id(9))
    shutil.copytree(tmp_path / "waiting" / packet_id(1), tmp_path / "waiting" / packet_id(8))  # under another name

    again = open_outbox(tmp_path)

    assert waiting_ids(again) == [packet_id(1)]
    assert sorted(again.quarantined) == [packet_id(8), packet_id(9)]


def test_nothing_of_the_resident_stands_in_any_file(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    kept = outbox.accept(PACKETS[0])
    outbox.receipted(receipt_for(kept))
    planted = ["赵云霞", "11010519491231002X", "13800001234", "PLANTED-PAGE"]

    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for value in planted:
            assert value.encode() not in data, path.name
            assert json.dumps(value)[1:-1].encode() not in data
            assert value.encode("gb18030") not in data


def test_the_unit_itself_cannot_open_what_it_has_sealed(tmp_path: Path) -> None:
    open_outbox(tmp_path).accept(PACKETS[0])
    read = envelope.read((tmp_path / "waiting" / packet_id(1) / "manifest").read_bytes())

    with pytest.raises(Exception, match="another key"):
        read.open(KEYS.sealing)
    assert b"packet_id" in read.open(HALL.sealing)


def test_a_form_out_of_the_wires_bounds_is_refused_before_anything_is_kept() -> None:
    with pytest.raises(FormRefused):
        seal_packet(some_papers(packet_id(1), form={"x": "y" * 501}), keys=KEYS, unit="u-1", boot=1, seq=1)


# --- every call of the card failing, each in its turn ----------------------------------------------------------------


def calls_of_one_acceptance(folder: Path) -> int:
    storage = FailingStorage(Disk(folder))
    outbox = open_outbox(folder, storage)
    storage.calls = 0
    outbox.accept(PACKETS[0])
    return storage.calls


FAULTS = [os_error(number) for number in (errno.EIO, errno.ENOSPC, errno.EROFS)]


@pytest.mark.parametrize("torn", [False, True], ids=["clean", "torn"])
@pytest.mark.parametrize("fault", [*FAULTS, PowerCut()], ids=["EIO", "ENOSPC", "EROFS", "power"])
def test_accepting_survives_a_fault_at_every_call(tmp_path: Path, fault: BaseException, torn: bool) -> None:
    """Told accepted: it is there after a restart. Not told: nothing half is, and it can be accepted again."""
    for at in range(1, calls_of_one_acceptance(tmp_path / "count") + 1):
        folder = tmp_path / str(at)
        storage = FailingStorage(Disk(folder))
        outbox = open_outbox(folder, storage)
        outbox.accept(PACKETS[1])
        storage.fail(at, fault, torn=torn)
        told = False
        try:
            outbox.accept(PACKETS[0])
            told = True
        except (StorageFailed, PowerCut):
            pass
        storage.heal()
        cut = isinstance(fault, PowerCut)

        again = open_outbox(folder)

        found = waiting_ids(again)
        assert PACKETS[1].packet_id in found
        for packet in PACKETS[:2]:
            if packet.packet_id in found:
                assert_whole(again, packet)
        if told:
            assert PACKETS[0].packet_id in found
        elif not cut:
            assert PACKETS[0].packet_id not in found
            outbox.accept(PACKETS[0])  # the clerk tries again, on the same running unit
            assert_whole(open_outbox(folder), PACKETS[0])
        assert again.quarantined == []
        assert sorted(path.name for path in (folder / "making").iterdir()) == []


@pytest.mark.parametrize("fault", [*FAULTS, PowerCut()], ids=["EIO", "ENOSPC", "EROFS", "power"])
def test_a_receipt_survives_a_fault_at_every_call(tmp_path: Path, fault: BaseException) -> None:
    """At worst the packet waits again after a restart, and gets the same receipt: never a crash, never a loss."""
    for at in range(1, 12):
        folder = tmp_path / str(at)
        storage = FailingStorage(Disk(folder))
        outbox = open_outbox(folder, storage)
        kept = outbox.accept(PACKETS[0])
        storage.fail(at, fault, torn=True)
        try:
            assert outbox.receipted(receipt_for(kept)) is not None
            assert waiting_ids(outbox) == []
        except PowerCut:
            pass
        storage.heal()

        again = open_outbox(folder)

        assert again.quarantined == []
        found = again.find(kept.packet_id)
        assert found is not None
        assert found.place in (Place.WAITING, Place.ENTERED)
        assert_whole(again, PACKETS[0])
        assert again.receipted(receipt_for(kept)) is not None


def test_opening_survives_a_fault_at_every_call(tmp_path: Path) -> None:
    first = open_outbox(tmp_path / "whole")
    for packet in PACKETS[:2]:
        first.accept(packet)
    for fault in (PowerCut(), os_error(errno.EIO)):
        for at in range(1, 40):
            folder = tmp_path / "cut"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(tmp_path / "whole", folder)
            (folder / INDEX).write_bytes(b"")
            storage = FailingStorage(Disk(folder))
            storage.fail(at, fault, torn=True)
            with contextlib.suppress(PowerCut, OSError):
                open_outbox(folder, storage)

            again = open_outbox(folder)

            whole = [*waiting_ids(again), *again.quarantined]
            assert sorted(whole) == [packet_id(1), packet_id(2)]


# --- the card full or read-only ---------------------------------------------------------------------------------------


class SmallStorage(FailingStorage):
    """A card with room for so many bytes in all."""

    def __init__(self, real: Disk, room_bytes: int) -> None:
        super().__init__(real)
        self.room_bytes = room_bytes

    def used(self) -> int:
        return sum(path.stat().st_size for path in self.real._root.rglob("*") if path.is_file())

    def free_bytes(self) -> int:
        return max(0, self.room_bytes - self.used())

    def _room_for(self, more: int) -> None:
        if more > self.free_bytes():
            raise os_error(errno.ENOSPC)

    def write(self, path: str, data: bytes) -> None:
        self._room_for(len(data))
        super().write(path, data)

    def append(self, path: str, data: bytes) -> None:
        self._room_for(len(data))
        super().append(path, data)

    def allocate(self, path: str, length_bytes: int) -> None:
        self._room_for(length_bytes)
        super().allocate(path, length_bytes)


def test_a_full_card_refuses_new_papers_and_still_lets_go_of_old_ones(tmp_path: Path) -> None:
    storage = SmallStorage(Disk(tmp_path), 700_000)
    card = Card(storage, 100_000)
    outbox = Outbox(card, own_key=KEYS.signing.public_key())
    accepted = []
    with pytest.raises(OutboxFull) as refused:
        for number in range(1, 50):
            accepted.append(outbox.accept(sealed(number, pages=1, page_bytes=60_000)))

    assert "存储已满" in refused.value.notice
    assert len(accepted) >= 5
    assert is_full(card)
    assert not (tmp_path / "reserve").exists()  # given up, so that the following goes on
    assert outbox.manifest(accepted[0].packet_id)
    assert outbox.receipted(receipt_for(accepted[0])) is not None
    assert (tmp_path / "entered" / accepted[0].packet_id).is_dir()
    assert outbox.expire(START_MS + 30 * DAY_MS) == 1
    with pytest.raises(OutboxFull):
        outbox.accept(sealed(70, pages=1, page_bytes=60_000))

    for kept in accepted[1:]:
        outbox.receipted(receipt_for(kept))
    outbox.expire(START_MS + 30 * DAY_MS)
    card.look_after()

    assert (tmp_path / "reserve").stat().st_size == 100_000
    assert not is_full(card)
    assert outbox.accept(sealed(71, pages=1, page_bytes=60_000))


def test_a_read_only_card_refuses_by_name_and_remembers_receipts_until_a_restart(tmp_path: Path) -> None:
    storage = FailingStorage(Disk(tmp_path))
    outbox = open_outbox(tmp_path, storage)
    kept = outbox.accept(PACKETS[0])

    class ReadOnly(FailingStorage):
        def write(self, path: str, data: bytes) -> None:
            raise os_error(errno.EROFS)

        def append(self, path: str, data: bytes) -> None:
            raise os_error(errno.EROFS)

        def rename(self, old: str, new: str) -> None:
            raise os_error(errno.EROFS)

        def remove(self, path: str) -> None:
            raise os_error(errno.EROFS)

        def make_folder(self, folder: str) -> None:
            raise os_error(errno.EROFS)

    storage.__class__ = ReadOnly
    with pytest.raises(StorageReadOnly) as refused:
        outbox.accept(PACKETS[1])
    with pytest.raises(StorageReadOnly):
        outbox.accept(PACKETS[1])

    assert "只读" in refused.value.notice
    assert outbox.manifest(kept.packet_id) == PACKETS[0].manifest
    assert outbox.receipted(receipt_for(kept)) is not None
    assert waiting_ids(outbox) == []
    storage.__class__ = FailingStorage
    assert outbox.accept(PACKETS[1])

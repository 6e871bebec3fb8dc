"""Messages into the book: what is entered once, what is asked for again, what is refused and kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, select

from broker import codec, envelope, events
from broker.messages import CallPurpose, Outcome
from broker.topics import Up
from central.cases.opening import open_case
from central.ledger import facts
from central.receiving import Arrived, Receiving
from central.residents.erasing import ErasureRefused, erase_resident
from central.residents.pages import PageWriter
from central.storage import tables
from central.storage.replay import verify_chain, verify_tables
from central.storage.statements import Runner, Statement
from tests.support.central_hall import DAY, HALL, NOW_MS, RESIDENT, Sent, WireHall, arrivals, jpeg, receipts
from tests.support.central_postgresql import postgresql_server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def hall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WireHall]:
    url = "sqlite:///ledger.db" if request.param == "sqlite" else postgresql_server().new_hall_database()
    made = WireHall(tmp_path, url)
    yield made
    made.store.database.close()


@pytest.fixture
def receiving(hall: WireHall) -> Iterator[Receiving]:
    with hall.receiving() as made:
        yield made


_KINDS = Statement(select(tables.entries.c.kind).where(tables.entries.c.hall == bindparam("hall")))


def head(hall: WireHall) -> int:
    with hall.store.look() as book:
        return book.head()[0]


def take(receiving: Receiving, sent: Sent, *, chunks: bool = True):  # type: ignore[no-untyped-def]
    return receipts(receiving.take(arrivals(sent, chunks=chunks)).outgoing)


def test_a_packet_becomes_a_case_with_an_officer_and_its_pages_can_be_read(
    hall: WireHall, receiving: Receiving
) -> None:
    sent = hall.packet(pictures=(jpeg(1), jpeg(2, body_bytes=400_000)))

    (receipt,) = take(receiving, sent)

    assert receipt.outcome is Outcome.ENTERED
    assert receipt.content_hash == envelope.read(sent.manifest).content_hash
    hall.pages.wait_until_laid()
    with hall.store.look() as book:
        case = book.cases.find(sent.packet.packet_id)
        assert case is not None
        assert (case.case_number, case.officer) == (receipt.case_number, "officer1")
        assert book.vault.page(case.case_id, 0) == sent.pictures[0]
        assert book.vault.page(case.case_id, 1) == sent.pictures[1]
        assert book.vault.identity(case.resident_id) == RESIDENT
        assert book.vault.form(case.case_id) == {"联系电话": "13800000000"}
        entry = book.seen(sent.packet.packet_id)
        assert entry is not None
        assert (entry.seq, entry.hash) == (receipt.entry, receipt.entry_hash)
    with hall.store.database.connect() as connection:
        assert verify_tables(connection, HALL) == ""


def test_a_second_delivery_gets_the_same_receipt_and_no_entry(hall: WireHall, receiving: Receiving) -> None:
    sent = hall.packet()
    (first,) = take(receiving, sent)
    before = head(hall)
    hall.clock.ms += 60_000

    again = take(receiving, sent, chunks=False)

    assert again == [first]
    assert head(hall) == before


def test_two_deliveries_in_one_group_open_one_case(hall: WireHall, receiving: Receiving) -> None:
    sent = hall.packet()

    got = receipts(receiving.take([*arrivals(sent), *arrivals(sent)]).outgoing)

    assert len(got) == 2
    assert got[0] == got[1]
    with hall.store.database.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tables.cases)).scalar_one() == 1


def test_the_same_id_with_other_content_is_refused_raised_and_entered_once(
    hall: WireHall, receiving: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    sent = hall.packet()
    take(receiving, sent)
    altered = hall.packet(packet_id=sent.packet.packet_id, ticket="A6002")
    before = head(hall)

    (receipt,) = take(receiving, altered)
    take(receiving, altered)

    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "packet-altered")
    assert head(hall) == before + 1
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    with hall.store.look() as book:
        assert book.cases.find(sent.packet.packet_id).ticket == "A6001"  # type: ignore[union-attr]


def test_pages_that_did_not_come_are_asked_for_and_then_the_packet_enters(hall: WireHall, receiving: Receiving) -> None:
    sent = hall.packet(pictures=(jpeg(1), jpeg(2), jpeg(3)))
    before = head(hall)

    (asked,) = receipts(
        receiving.take([Arrived("hall-w1", Up.CHUNK, sent.chunks[1]), *arrivals(sent, chunks=False)]).outgoing
    )

    assert (asked.outcome, asked.missing) == (Outcome.MISSING, (0, 2))
    assert head(hall) == before
    (entered,) = take(receiving, sent)
    assert entered.outcome is Outcome.ENTERED


def test_a_page_damaged_on_the_way_is_asked_for_again(hall: WireHall, receiving: Receiving) -> None:
    sent = hall.packet()
    damaged = sent.chunks[0][:-1] + bytes((sent.chunks[0][-1] ^ 1,))

    (asked,) = receipts(receiving.take([Arrived("hall-w1", Up.CHUNK, damaged), *arrivals(sent, chunks=False)]).outgoing)

    assert (asked.outcome, asked.missing) == (Outcome.MISSING, (0,))
    assert take(receiving, sent)[0].outcome is Outcome.ENTERED


@pytest.mark.parametrize(
    ("picture", "code"),
    [(b"%PDF-1.4 no picture", "picture-refused"), (jpeg(1, width=13_000), "picture-refused")],
)
def test_a_page_that_is_no_picture_is_refused_for_good_and_kept(
    hall: WireHall, receiving: Receiving, picture: bytes, code: str
) -> None:
    sent = hall.packet(pictures=(picture,))
    before = head(hall)

    (receipt,) = take(receiving, sent)
    (again,) = take(receiving, sent)

    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, code)
    assert receipt.notice
    assert again == receipt
    assert head(hall) == before + 1
    assert [path.read_bytes() for path in (hall.folder / "refused").glob("*.message")] == [sent.manifest]


def test_an_item_that_the_catalogue_lost_still_becomes_a_case(hall: WireHall, receiving: Receiving) -> None:
    (receipt,) = take(receiving, hall.packet(service_item="ZZ999"))

    assert receipt.outcome is Outcome.ENTERED


@pytest.mark.parametrize("part", ["unknown", "other-topic", "other-key", "flipped", "cut", "noise", "kind"])
def test_nothing_forged_is_entered_and_the_rest_goes_on(hall: WireHall, receiving: Receiving, part: str) -> None:
    sent, good = hall.packet(), hall.packet()
    forged = {
        "unknown": Arrived("stranger-w1", Up.PACKET, sent.manifest),
        "other-topic": Arrived("hall-w2", Up.PACKET, sent.manifest),
        "other-key": Arrived(
            "hall-w1",
            Up.PACKET,
            envelope.seal(
                replace(hall.header("hall-w2", sent.packet.KIND, sent.packet.packet_id, sealed=True), sender="hall-w1"),
                codec.encode(sent.packet),
                hall.sealing.public_key(),
                hall.signing["hall-w2"],
            ),
        ),
        "flipped": Arrived("hall-w1", Up.PACKET, sent.manifest[:-70] + b"\0" + sent.manifest[-69:]),
        "cut": Arrived("hall-w1", Up.PACKET, sent.manifest[:100]),
        "noise": Arrived("hall-w1", Up.PACKET, os.urandom(5000)),
        "kind": Arrived(
            "hall-w1",
            Up.PACKET,
            envelope.sign(
                hall.header("hall-w1", "receipt/1", hall.new_id(), sealed=False), b"{}", hall.signing["hall-w1"]
            ),
        ),
    }[part]

    answers = receiving.take([forged, *arrivals(good)])

    outcomes = {receipt.subject: receipt.outcome for receipt in receipts(answers.outgoing)}
    assert outcomes[good.packet.packet_id] is Outcome.ENTERED
    assert outcomes.get(sent.packet.packet_id, Outcome.REFUSED) is Outcome.REFUSED
    with hall.store.look() as book:
        assert book.cases.find(sent.packet.packet_id) is None
        assert book.seen(sent.packet.packet_id) is None


def test_nothing_of_a_resident_stands_in_the_book_the_log_or_the_folders(
    hall: WireHall, receiving: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    picture = jpeg(1, body_bytes=3000)
    take(receiving, hall.packet(pictures=(picture,)))
    take(receiving, hall.packet(pictures=(b"no picture, refused",)))

    planted = [RESIDENT.name.encode(), RESIDENT.id_number.encode(), b"13800000000", picture[100:200]]
    for path in (path for path in hall.folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert not any(value in content for value in planted), path
    assert not any(value.decode(errors="replace") in caplog.text for value in planted[:3])


def test_an_erased_resident_is_gone_and_the_chain_is_whole(hall: WireHall, receiving: Receiving) -> None:
    sent = hall.packet()
    take(receiving, sent)
    case_id = sent.packet.packet_id
    with hall.store.book() as book:
        resident_id = book.cases.find(case_id).resident_id  # type: ignore[union-attr]
        with pytest.raises(ErasureRefused):
            erase_resident(resident_id, reason="本人申请", actor="admin", work=book)
        for fact in (
            facts.CaseApproved(case_id=case_id, officer="officer1"),
            facts.ResultReady(case_id=case_id, window=1),
            facts.HandedOver(case_id=case_id, window=1, proof="ticket"),
        ):
            book.append(fact, subject=case_id, actor="officer1")
        erase_resident(resident_id, reason="本人申请", actor="admin", work=book)
        book.commit()

    with hall.store.look() as book:
        assert book.vault.identity(resident_id) is None
        assert book.vault.page(case_id, 0) is None
        assert book.vault.form(case_id) is None
        assert book.cases.find(case_id) is not None
    with hall.store.database.connect() as connection:
        assert verify_chain(Runner(connection), HALL).fault == ""
        assert verify_tables(connection, HALL) == ""
    # The same person comes again: a new key, and what was before stays unreadable.
    assert take(receiving, hall.packet())[0].outcome is Outcome.ENTERED
    with hall.store.look() as book:
        assert book.vault.identity(resident_id) == RESIDENT
        hall.pages.wait_until_laid()
        with pytest.raises(Exception, match="does not open"):
            book.vault.page(case_id, 0)


def test_a_resident_erased_between_checking_and_entering_must_come_again(
    hall: WireHall, receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(receiving, hall.packet())
    sent = hall.packet()
    settle = PageWriter.begin_settling

    def erase_first(pages: PageWriter) -> None:
        settle(pages)
        with hall.store.book() as book:
            (resident_id,) = {case.resident_id for case in book.tasks.of_officer("officer1")}
            book.vault.destroy(resident_id)
            book.commit()

    monkeypatch.setattr(PageWriter, "begin_settling", erase_first)
    assert take(receiving, sent) == []
    monkeypatch.undo()
    assert take(receiving, sent)[0].outcome is Outcome.ENTERED


def test_a_message_whose_handler_fails_is_left_out_and_the_others_enter(
    hall: WireHall, receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = hall.packet(), hall.packet()
    monkeypatch.setattr(
        "central.intake.open_case",
        _failing_for(bad.packet.packet_id, open_case),
    )

    answers = receiving.take([*arrivals(bad), *arrivals(good)])

    assert [receipt.subject for receipt in receipts(answers.outgoing)] == [good.packet.packet_id]
    monkeypatch.undo()
    assert take(receiving, bad, chunks=False)[0].outcome in (Outcome.ENTERED, Outcome.MISSING)


def _failing_for(packet_id: str, then):  # type: ignore[no-untyped-def]
    def open_or_fail(packet, **rest):  # type: ignore[no-untyped-def]
        opened = then(packet, **rest)
        if packet.packet_id == packet_id:
            raise ZeroDivisionError("a fault of our own")
        return opened

    return open_or_fail


def test_a_button_calls_a_ticket_and_a_second_delivery_calls_nobody_else(hall: WireHall, receiving: Receiving) -> None:
    for number in (6001, 6002):
        event = events.TicketIssued(event_id=hall.new_id(), ticket=f"A{number}", day=DAY, at_ms=NOW_MS)
        receiving.take([hall.event(event, "hall-kiosk")])
    pressed = hall.event(events.NextRequested(event_id=hall.new_id(), window=1, at_ms=NOW_MS))

    first = receipts(receiving.take([pressed]).outgoing)
    again = receipts(receiving.take([pressed]).outgoing)

    assert first == again
    assert first[0].outcome is Outcome.ENTERED
    with hall.store.look() as book:
        assert [call.ticket for call in book.calls.newest(DAY, purpose=CallPurpose.INTAKE)] == ["A6001"]


def test_an_empty_queue_refuses_the_button_and_leaves_no_entry(hall: WireHall, receiving: Receiving) -> None:
    before = head(hall)

    (receipt,) = receipts(
        receiving.take([hall.event(events.NextRequested(event_id=hall.new_id(), window=1, at_ms=NOW_MS))]).outgoing
    )

    assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "queue-empty")
    assert head(hall) == before


def test_two_messages_of_one_sequence_raise_the_alarm_once_and_are_both_entered(
    hall: WireHall, receiving: Receiving
) -> None:
    sent = [hall.packet(seq=77), hall.packet(seq=77), hall.packet(seq=77)]

    outcomes = [take(receiving, each)[0].outcome for each in sent]

    assert outcomes == [Outcome.ENTERED] * 3
    with hall.store.look() as book:
        assert book.units.find("hall-w1").forked  # type: ignore[union-attr]
        entries = [row for row in book.run.all(_KINDS, hall=HALL) if row[0] == facts.UnitForked.KIND]
    assert len(entries) == 1


def test_a_revoked_unit_is_refused_and_told_nothing(hall: WireHall) -> None:
    with hall.store.book() as book:
        book.append(facts.UnitRevoked(unit="hall-w1", reason="丢失"), subject="hall-w1", actor="admin")
        book.commit()
    before = head(hall)

    with hall.receiving() as receiving:
        answers = receiving.take(arrivals(hall.packet()))

    assert answers.outgoing == []
    assert head(hall) == before

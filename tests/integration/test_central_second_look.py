"""The second look on a real book: each case once, nothing personal kept, and on drawn papers with the real reader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import bindparam, select

from broker import codec, envelope
from broker.messages import PacketDoubted, Resident
from broker.topics import Down, read_down
from central.announcements.tail import DOUBTS_MS_MAX, Tail
from central.fleet.roster import Roster
from central.ledger import facts
from central.outgoing import Outbound
from central.second_look.doubts import Doubt
from central.second_look.likeness import doubts_of_material
from central.second_look.looker import BACKLOG_MAX, Looker
from central.second_look.page_reader import Line, PageReader, PageUnread, RapidPageReader
from central.second_look.person import doubts_of_person
from central.storage import tables
from central.storage.book import Book
from central.storage.reading import Reading
from central.storage.replay import verify_tables
from central.storage.statements import Runner, Statement
from firmware.decoding import PictureDecoder
from firmware.ports import Pixels
from firmware.simulators.papers import draw_paper
from firmware.simulators.persons import sample_person
from tests.support.central_hall import HALL, NOW_MS, Sent, WireHall, arrivals, jpeg

_BODIES = Statement(select(tables.entries.c.body).where(tables.entries.c.hall == bindparam("hall")))


class TellingReader:
    """Says what a test wants of each page, by the picture's bytes."""

    def __init__(self) -> None:
        self.says: dict[bytes, Sequence[str]] = {}
        self.reads: list[bytes] = []
        self.fails: dict[bytes, Exception] = {}

    def read(self, picture: bytes) -> tuple[Line, ...]:
        self.reads.append(picture)
        if picture in self.fails:
            raise self.fails[picture]
        if picture not in self.says:
            raise PageUnread("not one of the test's")
        return tuple(
            Line(text=text, score=0.99, left=0, top=40 * at, right=300, bottom=40 * at + 30)
            for at, text in enumerate(self.says[picture])
        )


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[WireHall]:
    made = WireHall(tmp_path)
    yield made
    made.store.database.close()


@pytest.fixture
def reader() -> TellingReader:
    return TellingReader()


def looker(hall: WireHall, reader: PageReader) -> Looker:
    reading = Reading(hall.store.database.engine, HALL)

    def work() -> AbstractContextManager[Book]:
        return hall.store.book()

    return Looker(
        next_case=lambda: reading.case_without_look(among=BACKLOG_MAX),
        look=hall.store.look,
        work=work,
        reader=reader,
        reader_name="test 1",
    )


def enter(hall: WireHall, *pictures: bytes) -> Sent:
    sent = hall.packet(pictures=pictures)
    with hall.receiving() as receiving:
        receiving.take(arrivals(sent))
        hall.pages.wait_until_laid()
    return sent


def found(hall: WireHall, case_id: str) -> Sequence[tuple[int, str]] | None:
    return Reading(hall.store.database.engine, HALL).doubts(case_id)


def tail(hall: WireHall) -> Tail:
    with hall.store.look() as book:
        roster = Roster(book.units.all())
    return Tail(HALL, roster=roster, outbound=Outbound(hall.receipt_key, hall.store.rng), ticket_master=b"t" * 32)


def doubted(outgoing: Sequence[object]) -> list[tuple[str, PacketDoubted]]:
    told: list[tuple[str, PacketDoubted]] = []
    for message in outgoing:
        unit, family = read_down(message.topic)  # type: ignore[attr-defined]
        read = envelope.read(message.payload)  # type: ignore[attr-defined]
        if family is Down.ORDER and read.header.kind == PacketDoubted.KIND:
            told.append((unit, codec.decode(read.body, PacketDoubted)))
    return told


def test_a_case_is_looked_at_once_and_what_is_doubtful_reaches_officer_and_window(
    hall: WireHall, reader: TellingReader
) -> None:
    pictures = (jpeg(1), jpeg(2))
    reader.says = {
        pictures[0]: ["姓名样本甲", "公民身份号码11010519491231002X"],
        pictures[1]: ["常住人口登记卡", "姓名：别人", "34052419800101001X"],
    }
    follower = tail(hall)
    sent = enter(hall, *pictures)
    with hall.store.database.connect() as connection:
        follower.begin(Runner(connection), now_ms=NOW_MS)
    look = looker(hall, reader)

    assert look.look_at_next()
    assert not look.look_at_next()

    doubts = [(1, "other-number"), (1, "other-name"), (1, "other-material")]
    assert found(hall, sent.packet.packet_id) == doubts
    with hall.store.database.connect() as connection:
        ((unit, told),) = doubted(follower.follow(Runner(connection), now_ms=NOW_MS + 4_000))
        assert not doubted(follower.follow(Runner(connection), now_ms=NOW_MS + 8_000))
    assert unit == "hall-w1"
    assert (told.packet_id, [(each.page, each.code) for each in told.doubts]) == (sent.packet.packet_id, doubts)


def test_nothing_that_was_read_is_kept_and_the_tables_can_be_built_anew(hall: WireHall, reader: TellingReader) -> None:
    picture = jpeg(1)
    reader.says = {picture: ["姓名：某某某", "34052419800101001X"]}
    enter(hall, picture)
    looker(hall, reader).look_at_next()

    with hall.store.database.connect() as connection:
        written = json.dumps([str(row[0]) for row in Runner(connection).all(_BODIES, hall=HALL)], ensure_ascii=False)
        assert "second-look" not in written  # the kind stands beside the body
        assert '"other-number"' in written.replace("\\", "")
        for read in ("某某某", "34052419800101001X"):
            assert read not in written
        assert verify_tables(connection, HALL) == ""


def test_a_resident_who_has_gone_is_told_nothing(hall: WireHall, reader: TellingReader) -> None:
    reader.says = {jpeg(1): ["34052419800101001X"]}
    follower = tail(hall)
    enter(hall, jpeg(1))
    with hall.store.database.connect() as connection:
        follower.begin(Runner(connection), now_ms=NOW_MS)
        looker(hall, reader).look_at_next()

        assert not doubted(follower.follow(Runner(connection), now_ms=NOW_MS + DOUBTS_MS_MAX + 1_000))


def test_the_newest_case_comes_first_and_a_clean_one_is_not_looked_at_again(
    hall: WireHall, reader: TellingReader
) -> None:
    reader.says = {jpeg(1): ["公民身份号码11010519491231002X"], jpeg(2): ["公民身份号码11010519491231002X"]}
    older, newer = enter(hall, jpeg(1)), enter(hall, jpeg(2))
    look = looker(hall, reader)

    assert look.look_at_next()
    assert (found(hall, newer.packet.packet_id), found(hall, older.packet.packet_id)) == ([], None)
    assert look.look_at_next()
    assert not look.look_at_next()
    assert reader.reads == [jpeg(2), jpeg(1)]


def test_a_page_that_cannot_be_read_is_pointed_out_and_stops_nothing(hall: WireHall, reader: TellingReader) -> None:
    reader.says = {jpeg(2): ["公民身份号码11010519491231002X"]}
    sent = enter(hall, jpeg(1), jpeg(2))

    assert looker(hall, reader).look_at_next()

    assert found(hall, sent.packet.packet_id) == [(0, "unread")]


@pytest.mark.parametrize("trouble", [RuntimeError("姓名：某某某"), MemoryError(), ValueError("34052419800101001X")])
def test_a_page_that_the_reader_fails_on_ends_neither_its_case_nor_the_second_look(
    hall: WireHall, reader: TellingReader, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """RapidOCR's error on a page of 8 x 8000 pixels ended the second look, on the same case at each start."""
    reader.fails = {jpeg(1): trouble}
    reader.says = {jpeg(2): ["公民身份号码34052419800101001X"], jpeg(3): ["公民身份号码11010519491231002X"]}
    older = enter(hall, jpeg(3))
    newer = enter(hall, jpeg(1), jpeg(2))
    look = looker(hall, reader)

    assert look.look_at_next()
    assert look.look_at_next()

    assert found(hall, newer.packet.packet_id) == [(0, "unread"), (1, "other-number")]
    assert found(hall, older.packet.packet_id) == []
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert f"page 0 of case {newer.packet.packet_id}" in line.getMessage()
    assert type(trouble).__name__ in line.getMessage()
    assert "某某某" not in caplog.text and "34052419800101001X" not in caplog.text


def test_an_erased_residents_pages_are_not_asked_for(hall: WireHall, reader: TellingReader) -> None:
    sent = enter(hall, jpeg(1))
    with hall.store.book() as book:
        case = book.cases.find(sent.packet.packet_id)
        assert case is not None
        # Erasing asks that nothing is under way; here only the key's end matters.
        book.vault.destroy(case.resident_id)
        book.append(facts.ResidentErased(resident_id=case.resident_id, reason="test"), subject="s", actor="a")
        book.commit()

    assert looker(hall, reader).look_at_next()

    assert reader.reads == []
    assert found(hall, sent.packet.packet_id) == []


# The real reader.


@pytest.fixture(scope="module")
def rapid() -> Iterator[RapidPageReader]:
    with RapidPageReader(threads=2) as reader:
        yield reader


def picture_of(kind: str, seed: int) -> bytes:
    done, data = cv2.imencode(".jpg", draw_paper(kind, seed=seed).pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert done
    return data.tobytes()


MATERIALS = {
    "id_card": "居民身份证",
    "household_register": "户口簿",
    "social_security_card": "社会保障卡",
    "bank_card": "本人银行卡",
}


def test_real_print_is_read_well_enough_to_tell_whose_and_what_a_paper_is(rapid: RapidPageReader) -> None:
    """Each drawn paper once: its holder's raises nothing, another's does; filed rightly nothing, wrongly a doubt."""
    holder, other = sample_person(3), sample_person(4)
    owner = Resident(name=holder.name, id_number=holder.id_number)
    stranger = Resident(name=other.name, id_number=other.id_number)
    for kind, material in MATERIALS.items():
        lines = rapid.read(picture_of(kind, 3))

        assert doubts_of_person(lines, owner) == (), kind
        assert doubts_of_material(lines, material) == (), kind
        assert doubts_of_person(lines, stranger), kind
        wrong = "居民身份证" if kind != "id_card" else "户口簿"
        assert Doubt.OTHER_MATERIAL in doubts_of_material(lines, wrong), kind


@pytest.mark.parametrize("kind", ["id_card", "household_register", "application_form"])
def test_on_real_print_a_wrong_name_or_number_beside_the_right_one_is_seen(rapid: RapidPageReader, kind: str) -> None:
    holder, other = sample_person(3), sample_person(4)
    owner = Resident(name=holder.name, id_number=holder.id_number)
    papers = {
        Doubt.OTHER_NAME: replace(holder, name=other.name),
        Doubt.OTHER_NUMBER: replace(holder, id_number=other.id_number),
    }
    for doubt, person in papers.items():
        # A camera gives a card more pixels than it is drawn with: there the reader is less sure than a doubt asks.
        seen = cv2.resize(draw_paper(kind, seed=3, person=person).pixels, None, fx=1.5, fy=1.5)
        done, data = cv2.imencode(".jpg", seen)
        assert done
        assert doubts_of_person(rapid.read(data.tobytes()), owner) == (doubt,)


def test_a_picture_that_is_none_is_refused(rapid: RapidPageReader) -> None:
    for data in (b"", b"not a picture", jpeg(1)):
        with pytest.raises(PageUnread):
            rapid.read(data)


def test_pages_are_decoded_in_the_bounded_child_and_never_by_the_reader(
    rapid: RapidPageReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow decoded pages in the second look's own process; the bounds of ADR 0010 held at the edge only."""
    seen: list[object] = []
    decoded = PictureDecoder.decode

    def counted(decoder: PictureDecoder, data: bytes) -> Pixels:
        pixels = decoded(decoder, data)
        seen.append(pixels)
        return pixels

    engine = rapid._engine

    def read(picture: object) -> object:
        seen.append(picture)
        return engine(picture)

    monkeypatch.setattr(PictureDecoder, "decode", counted)
    monkeypatch.setattr(rapid, "_engine", read)

    assert rapid.read(picture_of("id_card", 3))

    assert len(seen) == 2
    assert seen[0] is seen[1]


@pytest.mark.parametrize(("width", "height"), [(8, 8_000), (6_000, 10)])
def test_a_page_that_is_a_strip_is_unread_and_the_case_goes_on(
    hall: WireHall, rapid: RapidPageReader, width: int, height: int
) -> None:
    done, strip = cv2.imencode(".jpg", np.full((height, width, 3), 250, np.uint8))
    assert done

    class StripReader:
        def read(self, picture: bytes) -> tuple[Line, ...]:
            return rapid.read(strip.tobytes())

    sent = enter(hall, jpeg(1))

    assert looker(hall, StripReader()).look_at_next()

    assert found(hall, sent.packet.packet_id) == [(0, "unread")]


def test_a_blank_page_has_no_lines(rapid: RapidPageReader) -> None:
    done, data = cv2.imencode(".png", np.full((600, 400, 3), 250, np.uint8))
    assert done
    assert rapid.read(data.tobytes()) == ()

"""The reader's frames, the card's text and the conversation: published frames, all kinds of card, hostile bytes."""

from __future__ import annotations

import dataclasses
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.id_card_frames import (
    FIND,
    MODULE_ID,
    PREAMBLE,
    READ,
    READ_NEWEST_ADDRESS,
    READ_WITH_FINGERPRINT,
    RESET,
    SELECT,
    STATUS,
    CardKindUnknown,
    Command,
    FrameRefused,
    FrameStream,
    Reply,
    build_command,
    build_frame,
    build_reply,
    card_data,
    parse_reply,
    text_of_card_data,
)
from firmware.id_card_protocol import CardReaderFaulty, IdCardConversation
from firmware.id_card_text import build_card_text, parse_card_text
from firmware.ports import CardReaderFailed, CardUnreadable, IdCard
from firmware.simulators.id_card_reader import SimulatedIdCardReader
from firmware.simulators.persons import sample_person

CITIZEN = sample_person(5).id_card()
RESIDENCE = IdCard(
    name="样本陈",
    id_number="810000199001010003",
    kind="residence",
    sex="female",
    birth="19900101",
    address="演示市样本区演示里1号",
    issuer="演示市公安局",
    valid_from="20200101",
    valid_to="20250101",
)
FOREIGN = IdCard(
    name="SAMPLE, PERSON EXAMPLE",
    id_number="AAA119900000001",
    kind="foreign",
    sex="male",
    birth="19700203",
    issuer="1500",
    valid_from="20180101",
    valid_to="20280101",
)


@pytest.mark.parametrize(
    ("command", "published"),
    [
        (STATUS, "0003 11FF ED"),
        (RESET, "0003 10FF EC"),
        (MODULE_ID, "0003 12FF EE"),
        (FIND, "0003 2001 22"),
        (SELECT, "0003 2002 21"),
        (READ, "0003 3001 32"),
        (READ_WITH_FINGERPRINT, "0003 3010 23"),
        (READ_NEWEST_ADDRESS, "0003 3003 30"),
    ],
)
def test_each_command_is_the_published_frame(command: Command, published: str) -> None:
    assert build_command(command) == PREAMBLE + bytes.fromhex(published)


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        ("0008 00009F 00000000 97", Reply(0x9F, bytes(4))),
        ("000C 000090 0000000000000000 9C", Reply(0x90, bytes(8))),
        ("0004 000080 84", Reply(0x80)),
        ("0004 000081 85", Reply(0x81)),
        ("0004 000041 45", Reply(0x41)),
        ("0004 000091 95", Reply(0x91)),
    ],
)
def test_each_published_reply_is_read(frame: str, reply: Reply) -> None:
    stream = FrameStream()
    stream.feed(PREAMBLE + bytes.fromhex(frame))

    body = stream.next_body()

    assert body is not None
    assert parse_reply(body) == reply
    assert build_reply(reply) == PREAMBLE + bytes.fromhex(frame)


def test_a_whole_card_is_1295_bytes_on_the_wire() -> None:
    frame = build_reply(Reply(0x90, card_data(build_card_text(CITIZEN))))

    assert len(frame) == 1295
    assert frame[5:14] == bytes.fromhex("0508 000090 0100 0400")


@pytest.mark.parametrize("prints", [0, 512, 1024])
def test_a_reading_with_fingerprints_gives_the_same_text(prints: int) -> None:
    text = build_card_text(CITIZEN)
    data = bytes.fromhex("01000400") + prints.to_bytes(2) + text + bytes(1024 + prints)

    assert text_of_card_data(data) == text
    assert len(build_reply(Reply(0x90, data))) == 1297 + prints


def test_lengths_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(FrameRefused, match="add up"):
        text_of_card_data(card_data(bytes(256))[:-1])
    with pytest.raises(FrameRefused, match="add up"):
        text_of_card_data(b"")


def test_noise_before_a_frame_is_skipped_and_a_frame_in_pieces_is_one() -> None:
    frame, stream = build_frame(b"\0\0\x90"), FrameStream()

    for piece in (b"\x00\xaa\xaa noise \xaa", frame[:3], frame[3:8]):
        stream.feed(piece)
        assert stream.next_body() is None
    stream.feed(frame[8:] + frame)

    assert [stream.next_body(), stream.next_body(), stream.next_body()] == [b"\0\0\x90", b"\0\0\x90", None]


def test_a_wrong_checksum_is_refused_and_the_frame_after_it_is_read() -> None:
    frame, stream = build_frame(b"\0\0\x90"), FrameStream()
    stream.feed(frame[:-1] + bytes([frame[-1] ^ 1]) + frame)

    with pytest.raises(FrameRefused, match="checksum"):
        stream.next_body()

    assert stream.next_body() == b"\0\0\x90"


@pytest.mark.parametrize("length", [0, 1, 4097, 65535])
def test_a_length_that_no_true_frame_has_is_refused_at_once(length: int) -> None:
    stream = FrameStream()
    stream.feed(PREAMBLE + length.to_bytes(2) + build_frame(b"\0\0\x90"))

    with pytest.raises(FrameRefused, match="2 to 4096"):
        stream.next_body()

    assert stream.next_body() == b"\0\0\x90"


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=400) | st.just(PREAMBLE) | st.just(build_frame(b"\0\0\x9f1234")), max_size=12))
def test_hostile_bytes_never_break_the_stream_or_fill_the_memory(pieces: list[bytes]) -> None:
    stream = FrameStream()

    for piece in pieces:
        stream.feed(piece)
        for _ in range(400):
            try:
                if stream.next_body() is None:
                    break
            except FrameRefused:
                continue

    assert len(stream._held) <= 4096 + 512 + 7


@pytest.mark.parametrize("card", [CITIZEN, RESIDENCE, FOREIGN], ids=["citizen", "residence", "foreign"])
def test_every_kind_of_card_is_read_as_it_was_written(card: IdCard) -> None:
    assert parse_card_text(build_card_text(card)) == card


def test_a_foreign_card_with_a_chinese_name_gives_that_name() -> None:
    card = dataclasses.replace(FOREIGN, name="样本外")

    assert parse_card_text(build_card_text(card)).name == "样本外"


def test_a_rare_character_of_a_name_is_kept_wherever_it_stands() -> None:
    for name in ("样\U00020000", "样\ue815", "样·本"):  # beyond the first plane, in the private use area, with a dot
        card = dataclasses.replace(CITIZEN, name=name)
        assert parse_card_text(build_card_text(card)).name == name


def test_a_card_without_an_end_says_so() -> None:
    card = dataclasses.replace(CITIZEN, valid_to="长期")

    assert parse_card_text(build_card_text(card)).valid_to == "长期"


def test_the_foreign_card_of_2023_is_politely_left_to_the_hand() -> None:
    unknown_flag = bytearray(build_card_text(CITIZEN))
    unknown_flag[248:250] = "Y".encode("utf-16-le")
    citizen_like = build_card_text(dataclasses.replace(CITIZEN, id_number="911990199003070015"))

    for text in (bytes(unknown_flag), citizen_like):
        with pytest.raises(CardKindUnknown) as raised:
            parse_card_text(text)
        assert "手工录入" in raised.value.notice


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"name": ""}, "name"),
        ({"name": "样\n本"}, "control"),
        ({"id_number": "1199 0019"}, "number"),
        ({"id_number": ""}, "number"),
        ({"birth": "1990-1-1"}, "dates"),
        ({"valid_to": "短期"}, "长期"),
        ({"ethnic": "ab"}, "ethnic"),
    ],
)
def test_a_text_that_no_card_has_is_refused_without_its_value(change: dict[str, str], rule: str) -> None:
    text = build_card_text(dataclasses.replace(CITIZEN, **change))  # type: ignore[arg-type]

    with pytest.raises(CardUnreadable, match=rule) as raised:
        parse_card_text(text)

    assert CITIZEN.id_number not in str(raised.value)
    assert CITIZEN.name not in str(raised.value)


@settings(max_examples=200)
@given(st.binary(min_size=250, max_size=260))
def test_any_bytes_are_a_card_or_refused(text: bytes) -> None:
    try:
        assert parse_card_text(text).name
    except CardUnreadable as refusal:
        assert refusal.__cause__ is None


class _Line:
    """A scripted reader: each command is answered by the next reply; the clock moves by what is waited for."""

    def __init__(self, replies: list[bytes]) -> None:
        self.asked: list[bytes] = []
        self.now = 0.0
        self._replies = deque(replies)
        self._out = b""

    def write(self, data: bytes) -> None:
        self.asked.append(data)
        self._out = self._replies.popleft() if self._replies else b""

    def read(self, bytes_max: int, timeout_seconds: float) -> bytes:
        if not self._out:
            self.now += timeout_seconds
        data, self._out = self._out[:bytes_max], self._out[bytes_max:]
        return data


FOUND = build_reply(Reply(0x9F, b"\x12\x34\x56\x78"))
NOT_FOUND = build_reply(Reply(0x80))
SELECTED = build_reply(Reply(0x90, b"\0\0\0\0\x08\0\0\x01"))
CARD = build_reply(Reply(0x90, card_data(build_card_text(CITIZEN))))


def talk(replies: list[bytes]) -> tuple[IdCardConversation, _Line]:
    line = _Line(replies)
    return IdCardConversation(line, clock=lambda: line.now), line


def test_a_card_is_found_selected_and_read_whatever_the_other_bytes_of_the_replies_are() -> None:
    conversation, line = talk([NOT_FOUND, FOUND, SELECTED, CARD])

    assert conversation.read(timeout_seconds=1.0) == CITIZEN
    assert line.asked == [build_command(command) for command in (FIND, FIND, SELECT, READ)]


def test_a_reader_that_keeps_finding_the_same_card_gives_it_once_until_it_was_lifted() -> None:
    conversation, _ = talk([FOUND, SELECTED, CARD, FOUND, FOUND, FOUND, NOT_FOUND, FOUND, SELECTED, CARD])

    assert conversation.read(1.0) == CITIZEN
    assert conversation.read(0.5) is None
    assert conversation.read(2.0) == CITIZEN


def test_a_card_that_is_not_read_at_the_second_try_is_said_once_and_must_be_lifted() -> None:
    not_read = build_reply(Reply(0x41))
    conversation, _ = talk([FOUND, SELECTED, not_read, build_reply(Reply(0x81)), FOUND, FOUND])

    with pytest.raises(CardUnreadable, match="select"):
        conversation.read(0.0)

    assert conversation.read(0.0) is None


def test_one_garbled_answer_is_asked_for_again_and_two_are_a_failure() -> None:
    garbled = NOT_FOUND[:-1] + b"\0"
    conversation, _ = talk([garbled, FOUND, SELECTED, CARD])
    assert conversation.read(0.0) == CITIZEN

    conversation, _ = talk([garbled, garbled])
    with pytest.raises(CardReaderFailed, match="garbled"):
        conversation.read(0.0)


def test_a_silent_reader_fails_after_a_second() -> None:
    conversation, line = talk([])

    with pytest.raises(CardReaderFailed, match="no answer"):
        conversation.read(0.5)

    assert line.now == 1.0


@pytest.mark.parametrize("status", [0x60, 0x66, 0x05, 0x21, 0x81, 0x41, 0x99])
def test_a_reader_that_reports_itself_faulty_is_no_empty_reader(status: int) -> None:
    """Every status but "found" was taken for an empty reader: one that failed its self-test looked well for ever."""
    conversation, line = talk([build_reply(Reply(status)), build_reply(Reply(0x60))])

    with pytest.raises(CardReaderFaulty, match="self-test") as raised:
        conversation.read(0.5)

    assert line.asked == [build_command(FIND), build_command(STATUS)]
    assert isinstance(raised.value, CardReaderFailed)
    assert "手工录入" in raised.value.notice


def test_a_reader_that_cannot_find_and_calls_itself_well_has_failed_all_the_same() -> None:
    conversation, _ = talk([build_reply(Reply(0x66)), build_reply(Reply(0x90))])

    with pytest.raises(CardReaderFaulty, match="unauthorised.* ok"):
        conversation.read(0.5)


def test_a_card_that_lay_there_through_a_fault_is_not_given_twice_and_a_new_one_is() -> None:
    fault = [build_reply(Reply(0x60)), build_reply(Reply(0x60))]
    conversation, _ = talk([FOUND, SELECTED, CARD, *fault, FOUND, NOT_FOUND, *fault, FOUND, SELECTED, CARD])
    assert conversation.read(0.0) == CITIZEN
    with pytest.raises(CardReaderFaulty):
        conversation.read(0.0)

    assert conversation.read(0.0) is None
    assert conversation.read(0.0) is None
    with pytest.raises(CardReaderFaulty):
        conversation.read(0.0)
    assert conversation.read(0.0) == CITIZEN


def test_a_simulated_reader_can_report_itself_faulty() -> None:
    with SimulatedIdCardReader() as reader:
        reader.lay(CITIZEN)
        reader.faults.set("self_test", True)
        with pytest.raises(CardReaderFaulty):
            reader.check()
        with pytest.raises(CardReaderFaulty):
            reader.read(timeout_seconds=0.0)

        reader.faults.clear()

        assert reader.read(timeout_seconds=0.5) == CITIZEN


@pytest.mark.parametrize("fault", ["silent", "half", "garbage", "wrong_checksum", "overlong"])
def test_a_faulty_line_is_a_failed_reader_and_it_reads_again_afterwards(fault: str) -> None:
    with SimulatedIdCardReader() as reader:
        reader.lay(CITIZEN)
        reader.faults.set(fault, True)
        with pytest.raises(CardReaderFailed):
            reader.read(timeout_seconds=0.0)

        reader.faults.clear()

        assert reader.read(timeout_seconds=0.5) == CITIZEN


@pytest.mark.parametrize(
    ("fault", "error"),
    [("unreadable", CardUnreadable), ("not_selected", CardUnreadable), ("unknown_kind", CardKindUnknown)],
)
def test_a_card_that_cannot_be_read_is_said_as_such(fault: str, error: type[Exception]) -> None:
    with SimulatedIdCardReader() as reader:
        reader.lay(CITIZEN)
        reader.faults.set(fault, True)

        with pytest.raises(error):
            reader.read(timeout_seconds=0.0)


def test_a_card_never_shows_in_its_repr() -> None:
    assert repr(CITIZEN) == "IdCard(…)"
    assert CITIZEN.id_number not in repr(Reply(0x90, card_data(build_card_text(CITIZEN))))

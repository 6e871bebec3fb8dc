"""The wired ID card reader: spoiled, doubled and disordered answers on a true line."""

from __future__ import annotations

import contextlib
import time

import pytest

from firmware.drivers import id_card_reader
from firmware.drivers.id_card_reader import CardReaderMissing, CardReaderTaken
from firmware.id_card_frames import CardKindUnknown, Reply, build_reply, card_data
from firmware.id_card_protocol import CardReaderFaulty
from firmware.id_card_text import build_card_text
from firmware.ports import CardReaderFailed, CardUnreadable
from tests.support.driver_rigs_serial import serial_id_card_reader
from tests.support.firmware_rigs import a_card


def test_a_second_delivery_of_the_same_card_frame_gives_the_card_once() -> None:
    """A doubled answer to the read was taken for the next find's; the card then counted as lifted."""
    with serial_id_card_reader() as rig:
        rig.do(a_card())
        assert rig.device.read(timeout_seconds=1.0) == a_card()

        rig.wire.send(build_reply(Reply(0x90, card_data(build_card_text(a_card())))))

        assert rig.device.read(timeout_seconds=0.1) is None


def test_answers_in_the_wrong_order_are_skipped() -> None:
    with serial_id_card_reader() as rig:
        rig.do(a_card())
        card_frame = build_reply(Reply(0x90, card_data(build_card_text(a_card(seed=2)))))
        found_frame = build_reply(Reply(0x9F, bytes(4)))
        real_send = rig.wire.send

        def send_others_first(data: bytes) -> None:
            if data:
                real_send(card_frame if b"\x00\x00\x9f" in data else found_frame)
            real_send(data)

        rig.wire.send = send_others_first

        assert rig.device.read(timeout_seconds=1.0) == a_card()


def test_a_reader_that_hangs_in_the_middle_of_a_card_costs_three_seconds_and_gives_it_later() -> None:
    with serial_id_card_reader() as rig:
        rig.do(a_card())
        real_send = rig.wire.send
        rig.wire.send = lambda data: real_send(data[:700])  # of a card's 1295 bytes; the shorter answers are whole
        begun = time.monotonic()
        with pytest.raises(CardReaderFailed):
            rig.device.read(timeout_seconds=0.1)
        assert time.monotonic() - begun < 3.5

        rig.wire.send = real_send
        rig.undo()
        rig.do(a_card())

        assert rig.device.read(timeout_seconds=1.0) == a_card()


def test_garbage_on_the_line_before_an_answer_is_skipped() -> None:
    with serial_id_card_reader() as rig:
        rig.do(a_card())
        rig.wire.send(bytes(range(256)) * 8 + b"\xaa\xaa\xaa")

        assert rig.device.read(timeout_seconds=1.0) == a_card()


@pytest.mark.parametrize("fault", ["silent", "half", "garbage", "wrong_checksum", "overlong"])
def test_a_spoiled_line_fails_in_time_and_reads_again_when_it_is_well(fault: str) -> None:
    with serial_id_card_reader() as rig:
        rig.do(a_card())
        rig.far.set(fault, True)
        begun = time.monotonic()
        with pytest.raises(CardReaderFailed):
            rig.device.read(timeout_seconds=0.1)
        assert time.monotonic() - begun < 3.5

        rig.far.clear()

        assert rig.device.read(timeout_seconds=1.0) == a_card()


def test_a_reader_that_failed_its_self_test_says_so_and_reads_when_it_is_well() -> None:
    with serial_id_card_reader() as rig:
        rig.do(a_card())
        rig.far.set("self_test", True)
        with pytest.raises(CardReaderFaulty):
            rig.device.read(timeout_seconds=0.1)
        with pytest.raises(CardReaderFaulty):
            rig.device.check()

        rig.far.clear()

        assert rig.device.read(timeout_seconds=1.0) == a_card()


@pytest.mark.parametrize(
    ("fault", "error"),
    [("unreadable", CardUnreadable), ("not_selected", CardUnreadable), ("unknown_kind", CardKindUnknown)],
)
def test_a_card_that_cannot_be_read_is_said_once(fault: str, error: type[Exception]) -> None:
    with serial_id_card_reader() as rig:
        rig.far.set(fault, True)
        rig.do(a_card())

        with pytest.raises(error):
            rig.device.read(timeout_seconds=0.5)
        assert rig.device.read(timeout_seconds=0.05) is None


def test_a_reader_pulled_in_mid_conversation_fails_and_its_card_is_read_after_the_replug() -> None:
    with serial_id_card_reader() as rig:
        rig.do(a_card())
        rig.device.check()
        rig.unplug()
        with pytest.raises(CardReaderMissing):
            rig.device.read(timeout_seconds=0.1)

        rig.replug()

        assert rig.device.read(timeout_seconds=1.0) == a_card()


def test_a_line_that_another_program_holds_is_said_to_be_taken() -> None:
    with serial_id_card_reader() as rig:
        other = id_card_reader.open_device(id_card_reader.Settings(port=str(rig.wire.path)))
        with contextlib.closing(other), pytest.raises(CardReaderTaken):
            other.check()


def test_the_exception_of_a_card_says_nothing_of_its_bearer() -> None:
    with serial_id_card_reader() as rig:
        rig.far.set("unknown_kind", True)
        rig.do(a_card())

        with pytest.raises(CardKindUnknown) as raised:
            rig.device.read(timeout_seconds=0.5)

        assert a_card().name not in str(raised.value)

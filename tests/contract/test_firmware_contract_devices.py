"""What every implementation of a port keeps, simulated or wired. Who is tested: tests/support/firmware_rigs.py."""

from __future__ import annotations

import threading
import time

import pytest

from firmware.ports import (
    Button,
    CameraMissing,
    CameraNotReady,
    CardReaderFailed,
    DeviceError,
    DisplayFailed,
    Lamp,
    PrinterFailed,
    ScannerMissing,
    Slip,
    SlipLine,
    SpeakerFailed,
    Speech,
)
from tests.support import firmware_rigs as rigs
from tests.support.firmware_rigs import Opener, a_card

A_SLIP = Slip(lines=(SlipLine(text="双井街道便民服务中心", align="center"), SlipLine(text="A6027", size="huge")))


def every(openers: list[Opener]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("opener", openers, ids=[opener.__name__ for opener in openers])


@every(rigs.EVERY)
def test_a_device_that_is_there_passes_its_check_and_is_closed_twice_without_harm(opener: Opener) -> None:
    with opener() as rig:
        rig.device.check()

        rig.device.close()
        rig.device.close()


@every(rigs.EVERY)
def test_an_unplugged_device_fails_its_check_within_a_second_and_passes_it_when_it_is_back(opener: Opener) -> None:
    with opener() as rig:
        rig.unplug()
        begun = time.monotonic()
        with pytest.raises(DeviceError) as raised:
            rig.device.check()
        assert time.monotonic() - begun < 1.5
        assert raised.value.notice.endswith("。")

        rig.replug()
        rig.device.check()


@every(rigs.EVERY)
def test_a_hung_device_fails_its_check_within_a_second_or_so(opener: Opener) -> None:
    with opener() as rig:
        if rig.hang is None:
            pytest.skip("cannot hang by itself")
        rig.hang()
        begun = time.monotonic()

        if rig.device.__class__.__name__.endswith("Scanner"):
            rig.device.check()  # a silent gun is no fault: nobody may be scanning
        else:
            with pytest.raises(DeviceError):
                rig.device.check()

        assert time.monotonic() - begun < 2.0


@every(rigs.EVERY)
def test_a_device_says_whether_it_is_simulated(opener: Opener) -> None:
    with opener() as rig:
        assert rig.device.simulated is opener.__name__.startswith("simulated")


# Scanner


@every(rigs.SCANNERS)
def test_a_code_held_before_the_gun_is_read_once(opener: Opener) -> None:
    with opener() as rig:
        rig.do("OW1ABC")

        scan = rig.device.read(timeout_seconds=1.0)
        again = rig.device.read(timeout_seconds=0.01)

        assert scan is not None
        assert scan.text == "OW1ABC"
        assert again is None


@every(rigs.SCANNERS)
def test_nothing_scanned_in_time_is_none(opener: Opener) -> None:
    with opener() as rig:
        assert rig.device.read(timeout_seconds=0.02) is None


@every(rigs.SCANNERS)
def test_an_unplugged_gun_says_so_and_reads_again_when_it_is_back(opener: Opener) -> None:
    with opener() as rig:
        rig.unplug()
        with pytest.raises(ScannerMissing):
            rig.device.read(timeout_seconds=0.1)

        rig.replug()
        rig.do("OW1ABC")

        assert rig.device.read(timeout_seconds=1.0) is not None


# Document camera


@every(rigs.DOCUMENT_CAMERAS)
def test_a_photograph_is_large_enough_to_read_and_a_preview_small_enough_to_stream(opener: Opener) -> None:
    with opener() as rig:
        rig.do()

        photograph = rig.device.photograph().pixels
        preview = rig.device.preview().pixels

        assert max(photograph.shape[:2]) >= 2480
        assert 640 <= preview.shape[1] <= 1280
        assert photograph.dtype == preview.dtype == "uint8"
        assert photograph.shape[2] == preview.shape[2] == 3


@every(rigs.DOCUMENT_CAMERAS)
def test_an_unplugged_camera_is_missing_and_takes_again_when_it_is_back(opener: Opener) -> None:
    with opener() as rig:
        rig.unplug()
        with pytest.raises(CameraMissing):
            rig.device.photograph(timeout_seconds=0.2)
        with pytest.raises(CameraNotReady):  # whoever copes with no frame copes with no camera
            rig.device.preview(timeout_seconds=0.2)

        rig.replug()
        assert rig.device.preview().pixels.size


@every(rigs.DOCUMENT_CAMERAS)
def test_a_hung_camera_costs_no_more_than_the_timeout(opener: Opener) -> None:
    with opener() as rig:
        assert rig.hang is not None
        rig.hang()
        begun = time.monotonic()

        with pytest.raises(CameraNotReady):
            rig.device.photograph(timeout_seconds=0.1)

        assert time.monotonic() - begun < 1.0


# Call display


@every(rigs.CALL_DISPLAYS)
def test_a_display_takes_up_to_sixteen_ascii_characters(opener: Opener) -> None:
    with opener() as rig:
        rig.device.show("A6027")
        rig.device.show("A6027 > 3 SETUP!")
        rig.device.show("", blink=True)

        with pytest.raises(DisplayFailed):
            rig.device.show("A" * 17)
        with pytest.raises(DisplayFailed):
            rig.device.show("号")


# Panel


@every(rigs.PANELS)
def test_each_press_calls_back_once_and_one_at_a_time(opener: Opener) -> None:
    with opener() as rig:
        pressed: list[Button] = []
        all_there = threading.Event()
        inside = threading.Lock()

        def remember(button: Button) -> None:
            assert inside.acquire(blocking=False), "one callback at a time"
            pressed.append(button)
            inside.release()
            if len(pressed) == len(Button):
                all_there.set()

        rig.device.on_press(remember)
        for button in Button:
            rig.do(button)

        assert all_there.wait(2.0)
        assert pressed == list(Button)


@every(rigs.PANELS)
def test_every_lamp_takes_every_state(opener: Opener) -> None:
    with opener() as rig:
        for lamp in Lamp:
            for state in ("on", "blink", "off"):
                rig.device.set_lamp(lamp, state)


# Speaker


@every(rigs.SPEAKERS)
def test_a_speech_is_said_or_it_fails_aloud(opener: Opener) -> None:
    with opener() as rig:
        rig.device.say(Speech(pinyin="qing3", chime=False, repeat=1))

        rig.unplug()
        with pytest.raises(SpeakerFailed):
            rig.device.say(Speech(pinyin="qing3"))
        with pytest.raises(SpeakerFailed):
            rig.device.say(Speech(pinyin="qing3", repeat=4))


# ID card reader


@every(rigs.ID_CARD_READERS)
def test_a_card_that_stays_is_given_once_and_laid_again_is_given_again(opener: Opener) -> None:
    with opener() as rig:
        card = a_card()
        rig.do(card)

        first = rig.device.read(timeout_seconds=1.0)
        stays = rig.device.read(timeout_seconds=0.05)
        rig.undo()
        rig.do(card)
        second = rig.device.read(timeout_seconds=1.0)

        assert first == second == card
        assert stays is None


@every(rigs.ID_CARD_READERS)
def test_an_unplugged_reader_says_so_and_reads_again_when_it_is_back(opener: Opener) -> None:
    with opener() as rig:
        rig.unplug()
        with pytest.raises(CardReaderFailed):
            rig.device.read(timeout_seconds=0.1)

        rig.replug()
        rig.do(a_card())
        assert rig.device.read(timeout_seconds=1.0) == a_card()


# Ticket printer


@every(rigs.TICKET_PRINTERS)
def test_a_printer_that_is_away_prints_the_same_slip_when_it_is_back(opener: Opener) -> None:
    with opener() as rig:
        rig.unplug()
        with pytest.raises(PrinterFailed):
            rig.device.print_slip(A_SLIP)

        rig.replug()
        rig.device.print_slip(A_SLIP)

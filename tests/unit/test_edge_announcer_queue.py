"""The announcer: one call after another, shown and spoken, with faults said and no call over another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from broker.messages import Call, CallPurpose
from broker.wording import call_speech, call_text
from edge.announcer import Announcer
from edge.clock import UnitClock
from edge.events import CallAnnounced, DeviceChecked, Event
from edge.led import Led
from edge.workers import CameraThread, PrinterThread, ScannerThread
from firmware.ports import CameraNotReady, DisplayFailed, Frame, PaperOut, Scan, Slip, SpeakerFailed, Speech
from tests.support.edge_fixture import START_MS, TODAY, packet_id


def a_call(number: int, *, window: int = 3, purpose: CallPurpose = CallPurpose.INTAKE) -> Call:
    ticket = f"A{6000 + number}"
    return Call(
        call_id=packet_id(number),
        counter=number,
        ticket=ticket,
        window=window,
        purpose=purpose,
        text=call_text(ticket, window, purpose),
        called_at_ms=START_MS,
        expires_at_ms=START_MS + 60_000,
        ticket_day=TODAY,
    )


class Devices:
    """A display and a speaker in one, that note what they did and when."""

    simulated = True

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.said: list[str] = []
        self.at: list[float] = []
        self.display_fails = False
        self.speaker_fails = False
        self.surprise: Exception | None = None  # what no driver promises
        self.speaking = threading.Lock()

    def show(self, text: str, *, blink: bool = False) -> None:
        if self.display_fails:
            raise DisplayFailed("no answer")
        if self.surprise is not None:
            raise self.surprise
        assert not self.speaking.locked(), "a call is shown over one that is being spoken"
        self.shown.append(text)
        self.at.append(time.monotonic())

    def say(self, speech: Speech) -> None:
        with self.speaking:
            if self.speaker_fails:
                raise SpeakerFailed("no sound")
            if self.surprise is not None:
                raise self.surprise
            time.sleep(0.01)
            self.said.append(speech.pinyin)

    def check(self) -> None:
        if self.display_fails:
            raise DisplayFailed("no answer")
        if self.surprise is not None:
            raise self.surprise

    def close(self) -> None: ...


@contextmanager
def running(devices: Devices, *, shown_seconds_min: float = 0.02) -> Iterator[tuple[Announcer, list[Event]]]:
    events: list[Event] = []
    announcer = Announcer(devices, devices, events.append, own_window=3, shown_seconds_min=shown_seconds_min)
    announcer.start()
    try:
        yield announcer, events
    finally:
        announcer.close()
        announcer.close()


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def spoken(events: list[Event]) -> list[int]:
    return [each.call.counter for each in events if isinstance(each, CallAnnounced) and each.spoken]


def test_five_desks_that_call_at_once_are_shown_and_spoken_one_after_another() -> None:
    devices = Devices()
    with running(devices) as (announcer, events):
        for number in range(1, 6):
            announcer.announce(a_call(number, window=number))
        wait_until(lambda: len(spoken(events)) == 5)

    assert devices.shown == ["A6001-1", "A6002-2", "A6003", "A6004-4", "A6005-5"]
    assert devices.said[0] == call_speech("A6001", 1, CallPurpose.INTAKE)
    assert spoken(events) == [1, 2, 3, 4, 5]
    assert min(later - earlier for earlier, later in zip(devices.at, devices.at[1:], strict=False)) >= 0.02


def test_a_pickup_at_the_pickup_window_is_spoken_as_that_place() -> None:
    devices = Devices()
    with running(devices) as (announcer, events):
        announcer.announce(a_call(1, window=6, purpose=CallPurpose.PICKUP))
        wait_until(lambda: len(spoken(events)) == 1)

    assert "chu1 jian4 chuang1 kou3" in devices.said[0]


def test_a_dead_display_is_said_once_and_the_voice_goes_on() -> None:
    devices = Devices()
    devices.display_fails = True
    with running(devices) as (announcer, events):
        for number in (1, 2):
            announcer.announce(a_call(number))
        wait_until(lambda: len(spoken(events)) == 2)

    assert [each.shown for each in events if isinstance(each, CallAnnounced)] == [False] * 4
    faults = [each for each in events if isinstance(each, DeviceChecked) and each.device == "call_display"]
    assert len(faults) == 1
    assert len(devices.said) == 2


def test_a_silent_speaker_is_said_and_the_call_still_counts_as_shown() -> None:
    devices = Devices()
    devices.speaker_fails = True
    with running(devices) as (announcer, events):
        announcer.announce(a_call(1))
        wait_until(lambda: sum(isinstance(each, CallAnnounced) for each in events) == 2)

    assert [(each.shown, each.spoken) for each in events if isinstance(each, CallAnnounced)] == [
        (True, False),
        (True, False),
    ]


def test_after_a_drivers_surprise_the_next_call_is_shown_and_spoken(caplog: pytest.LogCaptureFixture) -> None:
    """One error that no driver promises ended all calls until the next start, and the hall stood still."""
    devices = Devices()
    devices.surprise = ZeroDivisionError("a library's")
    with running(devices) as (announcer, events):
        announcer.announce(a_call(1))
        announcer.show(Led("A6009"))
        announcer.check()
        announcer.try_device("speaker")
        announcer.try_device("call_display")
        wait_until(lambda: sum(isinstance(each, CallAnnounced) for each in events) == 2)
        wait_until(lambda: announcer._jobs.empty())
        devices.surprise = None
        announcer.announce(a_call(2))
        wait_until(lambda: spoken(events) == [2])

    outcomes = [(each.call.counter, each.shown, each.spoken) for each in events if isinstance(each, CallAnnounced)]
    assert outcomes == [(1, False, False), (1, False, False), (2, True, False), (2, True, True)]
    faults = {each.device: each.error.code for each in events if isinstance(each, DeviceChecked) and each.error}
    assert faults == {"call_display": "display-failed", "speaker": "speaker-failed"}
    assert any(record.exc_info for record in caplog.records)


def test_what_stands_there_is_shown_between_calls_and_not_anew_when_it_is_there_already() -> None:
    devices = Devices()
    with running(devices) as (announcer, events):
        announcer.announce(a_call(1))
        announcer.show(Led("A6001", blink=True))
        wait_until(lambda: len(spoken(events)) == 1)
        announcer.announce(a_call(2, window=5))
        wait_until(lambda: len(devices.shown) == 3)
        announcer.show(Led())
        wait_until(lambda: len(devices.shown) == 4)

    assert devices.shown == ["A6001", "A6002-5", "A6001", ""]


def test_a_display_that_comes_back_shows_what_stands_there_by_now() -> None:
    devices = Devices()
    devices.display_fails = True
    with running(devices) as (announcer, events):
        announcer.announce(a_call(1))
        announcer.show(Led("A6001", blink=True))
        announcer.show(Led("SETUP"))
        wait_until(lambda: announcer._jobs.empty() and bool(spoken(events)))
        devices.display_fails = False
        announcer.check()
        wait_until(lambda: bool(devices.shown))

    assert devices.shown == ["SETUP"]


def test_a_voice_far_behind_catches_up_by_showing_only() -> None:
    devices = Devices()
    with running(devices, shown_seconds_min=0.0) as (announcer, _):
        for number in range(1, 41):
            announcer.announce(a_call(number))
        wait_until(lambda: len(devices.shown) == 40)

    assert 5 <= len(devices.said) < 20


# --- one thread a device ----------------------------------------------------------------------------------------------


class Flaky:
    """A scanner, a camera and a printer that are unplugged and come back."""

    simulated = True

    def __init__(self) -> None:
        self.gone = True
        self.scans = [Scan("OW1A/", "qr", 1)]

    def check(self) -> None: ...

    def close(self) -> None: ...

    def read(self, timeout_seconds: float = 0.5) -> Scan | None:
        time.sleep(0.005)
        if self.gone:
            from firmware.ports import ScannerMissing

            raise ScannerMissing("unplugged")
        return self.scans.pop() if self.scans else None

    def photograph(self, timeout_seconds: float = 3.0) -> Frame:
        raise CameraNotReady("no frame")

    def preview(self, timeout_seconds: float = 1.0) -> Frame:
        raise CameraNotReady("no frame")

    def print_slip(self, slip: Slip) -> None:
        raise PaperOut("out of paper")


def test_a_gun_that_is_unplugged_and_plugged_in_again_reads_on() -> None:
    device, events = Flaky(), list[Event]()
    thread = ScannerThread(device, events.append)
    thread.start()
    wait_until(lambda: any(isinstance(each, DeviceChecked) and each.error is not None for each in events))
    device.gone = False
    wait_until(lambda: any(type(each).__name__ == "Scanned" for each in events))
    wait_until(lambda: isinstance(events[-1], DeviceChecked) or events[-1].__class__.__name__ == "Scanned")
    thread.close()
    thread.close()

    assert any(isinstance(each, DeviceChecked) and each.error is None for each in events)


def test_a_camera_or_printer_that_fails_answers_its_job() -> None:
    events: list[Event] = []
    camera, printer = CameraThread(Flaky(), events.append), PrinterThread(Flaky(), events.append)
    camera.start()
    printer.start()
    camera.photograph(1)
    printer.print_slip(2, Slip(lines=()))
    wait_until(lambda: {type(each).__name__ for each in events} >= {"PagePhotographed", "SlipPrinted"})
    camera.close()
    printer.close()

    photographed = next(each for each in events if type(each).__name__ == "PagePhotographed")
    assert isinstance(photographed.error, CameraNotReady)  # type: ignore[union-attr]


# --- the clock --------------------------------------------------------------------------------------------------------

FLOOR = START_MS


def a_clock(system_ms: int, monotonic: list[int]) -> UnitClock:
    return UnitClock(FLOOR, system_ms=lambda: system_ms, monotonic_ms=lambda: monotonic[0])


def test_a_clock_that_wakes_in_1970_is_held_above_its_floor_and_goes_on() -> None:
    monotonic = [5]
    clock = a_clock(0, monotonic)
    monotonic[0] += 60_000

    assert clock.now_ms() == FLOOR + 60_000
    assert clock.is_held


def test_a_clock_in_2040_is_set_right_by_centrals_word() -> None:
    monotonic = [0]
    clock = a_clock(FLOOR + 14 * 365 * 86_400_000, monotonic)
    clock.hear(FLOOR + 1_000)
    monotonic[0] += 500

    assert clock.now_ms() == FLOOR + 1_500
    assert clock.central_ms() == FLOOR + 1_500


def test_an_old_message_sent_again_does_not_turn_centrals_time_back() -> None:
    monotonic = [0]
    clock = a_clock(FLOOR, monotonic)
    clock.hear(FLOOR + 60_000)
    clock.hear(FLOOR)

    assert clock.central_ms() == FLOOR + 60_000


def test_a_good_clock_is_believed() -> None:
    clock = a_clock(FLOOR + 5_000, [0])
    clock.hear(FLOOR + 4_000)

    assert clock.now_ms() == FLOOR + 5_000
    assert not clock.is_held

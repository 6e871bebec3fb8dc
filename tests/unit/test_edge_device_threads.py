"""One thread a device: what its jobs prove of it, and that every job has its answer whatever the driver does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from edge import workers
from edge.events import DeviceChecked, Event, PagePhotographed, SlipPrinted
from edge.workers import CameraThread, CardThread, DeviceThread, PanelThread, PrinterThread
from firmware.ports import (
    Button,
    CameraMissing,
    CardReaderFailed,
    DeviceError,
    Frame,
    IdCard,
    Lamp,
    LampState,
    PrinterFailed,
    Slip,
)
from firmware.slip_escpos import SlipRefused


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_REST_SECONDS", 0.001)


@contextmanager
def running(thread: DeviceThread) -> Iterator[None]:
    thread.start()
    try:
        yield
    finally:
        thread.close()
        thread.close()


def done(thread: DeviceThread) -> None:
    """Return when all that was asked before has been done."""
    reached = threading.Event()
    thread.ask(reached.set, proves=False)
    assert reached.wait(5)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def codes(events: list[Event]) -> list[str]:
    checked = [event for event in events if isinstance(event, DeviceChecked)]
    return ["ok" if event.error is None else event.error.code for event in checked]


class Stuck(DeviceError):
    code = "button-stuck"


class OneButtonDown:
    """A panel of which a button is down, and whose lamps work."""

    simulated = True

    def __init__(self) -> None:
        self.stuck = True
        self.lamps: dict[Lamp, LampState] = {}
        self.told: list[tuple[Lamp, LampState]] = []
        self.breaks_at: tuple[Lamp, LampState] | None = None
        self.most_lit = 0  # lamps lit at once since `told` was cleared, beside those that blink

    def check(self) -> None:
        if self.stuck:
            raise Stuck("a button is down")

    def on_press(self, callback: Callable[[Button], None]) -> None: ...

    def set_lamp(self, lamp: Lamp, state: LampState) -> None:
        self.lamps[lamp] = state
        if (lamp, state) == self.breaks_at:
            raise Stuck("the chip is gone")
        self.told.append((lamp, state))
        lit = sum(each == "on" for each in self.lamps.values())
        self.most_lit = max(self.most_lit, lit)

    def close(self) -> None: ...


class NoCamera:
    """A camera that was pulled out."""

    simulated = True

    def __init__(self) -> None:
        self.fault: Exception = CameraMissing("unplugged")

    def check(self) -> None:
        raise self.fault

    def photograph(self, timeout_seconds: float = 3.0) -> Frame:
        raise self.fault

    def preview(self, timeout_seconds: float = 1.0) -> Frame:
        raise self.fault

    def close(self) -> None: ...


class Printer:
    """A printer whose driver may be surprised."""

    simulated = True

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.slips = 0

    def check(self) -> None:
        if isinstance(self.fault, DeviceError):
            raise self.fault

    def print_slip(self, slip: Slip) -> None:
        if self.fault is not None:
            raise self.fault
        self.slips += 1

    def close(self) -> None: ...


# --- what a job proves ------------------------------------------------------------------------------------------------


def test_a_stuck_button_is_said_until_it_is_let_go_whatever_the_lamps_do() -> None:
    """A lamp that could be set cleared the fault after a second, and the clerk never saw it."""
    panel, events = OneButtonDown(), list[Event]()
    thread = PanelThread(panel, events.append)
    with running(thread):
        thread.set_lamp(Lamp.FAULT, "blink")
        done(thread)
        assert (codes(events), panel.lamps) == (["button-stuck"], {Lamp.FAULT: "blink"})

        panel.stuck = False
        thread.ask(panel.check)
        done(thread)

    assert codes(events) == ["button-stuck", "ok"]


def test_lamps_that_change_all_the_time_do_not_put_off_the_panels_check() -> None:
    """Each lamp that was set began the half minute anew: in a busy hall a button let go stayed stuck for hours."""
    now = [100.0]
    panel, events = OneButtonDown(), list[Event]()
    panel.stuck = False
    thread = PanelThread(panel, events.append, clock=lambda: now[0])
    thread.idle()
    for _ in range(3):
        thread.set_lamp(Lamp.WAITING, "on")
        now[0] += 9.0

    assert thread.wait_seconds() == 3.0
    now[0] += 9.0
    assert thread.wait_seconds() == 0.0
    thread.idle()
    assert thread.wait_seconds() == 30.0


def test_a_camera_that_is_away_stays_away_while_tickets_are_awaited_and_no_more() -> None:
    """To forget what was read needs no camera, and cleared its fault."""
    events: list[Event] = []
    thread = CameraThread(NoCamera(), events.append)
    with running(thread):
        for wanted in (True, False, True, False):
            thread.watch(wanted)
            thread.watch_desk(wanted)
            done(thread)

    assert codes(events) == ["camera-missing"]


def test_a_job_that_needed_the_device_proves_it() -> None:
    printer, events = Printer(), list[Event]()
    thread = PrinterThread(printer, events.append)
    printer.fault = PrinterFailed("switched off")
    with running(thread):
        done(thread)
        printer.fault = None
        thread.print_slip(1, Slip(lines=()))
        done(thread)

    assert codes(events) == ["printer-failed", "ok"]


class Reader:
    """A card reader of which the field answers while the reader is not well."""

    simulated = True

    def __init__(self) -> None:
        self.checks = 0
        self.well = True

    def check(self) -> None:
        self.checks += 1
        if not self.well:
            raise CardReaderFailed("the reader says self-test")

    def read(self, timeout_seconds: float = 0.5) -> IdCard | None:
        return None

    def close(self) -> None: ...


def test_a_card_reader_is_checked_every_half_minute_though_it_is_read_all_the_time() -> None:
    now = [100.0]
    reader, events = Reader(), list[Event]()
    thread = CardThread(reader, events.append, clock=lambda: now[0])

    for _ in range(65):
        thread.idle()
        now[0] += 1.0
    assert reader.checks == 2


def test_a_card_reader_that_is_not_well_stays_so_until_a_check_says_otherwise() -> None:
    now = [100.0]
    reader, events = Reader(), list[Event]()
    thread = CardThread(reader, events.append, clock=lambda: now[0])
    reader.well = False
    now[0] += 30.0

    for _ in range(3):
        with pytest.raises(CardReaderFailed):
            thread.idle()
        now[0] += 1.0
    reader.well = True
    thread.idle()

    assert reader.checks == 4


def test_the_panels_trial_lights_each_lamp_in_turn_and_leaves_them_as_they_are_to_be() -> None:
    """The lamp of the whistle is wired, and until there is a whistle nothing else ever lights it."""
    panel, events = OneButtonDown(), list[Event]()
    panel.stuck = False
    thread = PanelThread(panel, events.append, lamp_seconds=0.001)
    with running(thread):
        thread.set_lamp(Lamp.READY, "on")
        thread.set_lamp(Lamp.FAULT, "blink")
        done(thread)
        panel.told.clear()
        thread.ask(thread.trial)
        done(thread)

    assert [lamp for lamp, state in panel.told if state == "on" and lamp is not Lamp.READY] == [
        Lamp.WAITING,
        Lamp.FAULT,
        Lamp.WHISTLE,
    ]
    assert panel.most_lit == 1
    assert panel.lamps == {
        Lamp.READY: "on",
        Lamp.WAITING: "off",
        Lamp.FAULT: "blink",
        Lamp.WHISTLE: "off",
    }


def test_a_trial_that_breaks_off_leaves_no_lamp_lit_that_should_be_dark() -> None:
    panel, events = OneButtonDown(), list[Event]()
    panel.stuck = False
    thread = PanelThread(panel, events.append, lamp_seconds=0.001)
    thread._set(Lamp.READY, "on")
    panel.breaks_at = (Lamp.WHISTLE, "on")

    with pytest.raises(Stuck):
        thread.trial()

    assert panel.lamps == {Lamp.READY: "on", Lamp.WAITING: "off", Lamp.FAULT: "off", Lamp.WHISTLE: "off"}


def test_the_panels_trial_says_that_a_button_is_stuck() -> None:
    panel, events = OneButtonDown(), list[Event]()
    thread = PanelThread(panel, events.append, lamp_seconds=0.001)

    with pytest.raises(Stuck):
        thread.trial()


# --- every job has its answer -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [SlipRefused("more than a roll"), AssertionError("ours"), ValueError("a library's")])
def test_a_slip_has_its_answer_whatever_the_driver_does(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Only a device's own errors were answered; after any other the kiosk's resident waited for ever."""
    printer, events = Printer(), list[Event]()
    thread = PrinterThread(printer, events.append)
    printer.fault = fault
    with running(thread):
        thread.print_slip(7, Slip(lines=()))
        done(thread)
        printer.fault = None
        thread.print_slip(8, Slip(lines=()))
        done(thread)

    printed = [event for event in events if isinstance(event, SlipPrinted)]
    assert [event.job for event in printed] == [7, 8]
    assert printed[0].error is not None
    assert printed[0].error.code == ("slip-refused" if isinstance(fault, SlipRefused) else "printer-failed")
    assert printed[1].error is None
    assert any(record.exc_info for record in caplog.records)


def test_a_photograph_has_its_answer_whatever_the_driver_does() -> None:
    camera, events = NoCamera(), list[Event]()
    camera.fault = ZeroDivisionError("a driver's")
    thread = CameraThread(camera, events.append)
    with running(thread):
        thread.photograph(3)
        done(thread)

    (taken,) = [event for event in events if isinstance(event, PagePhotographed)]
    assert taken.job == 3
    assert taken.error is not None
    assert codes(events) == []  # nobody knows how the camera is

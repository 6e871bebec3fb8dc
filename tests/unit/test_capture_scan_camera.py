"""A unit without a gun: the camera itself looks for tickets, asked or not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
import zxingcpp

from edge.capture.bare import is_bare
from edge.events import Event, Scanned
from edge.workers import CameraThread
from firmware.ports import Frame

QUICK = "OW1ABC/"
SLOW = "OW20261123-00042"  # as bars and tilted: the quick pass does not read it
SECONDS_MAX = 20.0


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def run_jobs(camera: CameraThread) -> None:
    """Do what was asked of a camera whose thread does not run."""
    while not camera._jobs.empty():
        camera._jobs.get_nowait().work()


class TicketUnderIt:
    simulated = True

    def __init__(self, text: str = QUICK) -> None:
        self.bare = np.full((480, 640, 3), 150, np.uint8)
        self.laid = self.bare.copy()
        if text == QUICK:
            code = np.array(zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_image(scale=6))
            self.laid[60 : 60 + code.shape[0], 80 : 80 + code.shape[1]] = code[..., None]
        else:
            made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128).to_image(scale=2, add_quiet_zones=True)
            bars = np.repeat(np.array(made)[:1, :, None], 100, axis=0).repeat(3, axis=2)
            turn = cv2.getRotationMatrix2D((bars.shape[1] / 2, 50), 40, 1.0)
            turn[:, 2] += (320 - bars.shape[1] / 2, 190)
            cv2.warpAffine(bars, turn, (640, 480), dst=self.laid, borderMode=cv2.BORDER_TRANSPARENT)
        self.covered = self.bare.copy()
        self.covered[40:440, 60:360] = 250  # a sheet over the slip
        self.pixels = self.laid

    def check(self) -> None: ...

    def close(self) -> None: ...

    def photograph(self, timeout_seconds: float = 3.0) -> Frame:
        return self.preview()

    def preview(self, timeout_seconds: float = 1.0) -> Frame:
        return Frame(self.pixels, monotonic_ms=1, simulated=True)


def texts(events: list[Event]) -> list[str]:
    return [each.scan.text for each in events if isinstance(each, Scanned)]


def test_a_camera_that_is_the_scanner_reads_a_ticket_once_without_being_asked() -> None:
    events: list[Event] = []
    camera = CameraThread(TicketUnderIt(), events.append, is_scanner=True)

    camera.idle()
    camera.idle()

    assert texts(events) == [QUICK]
    assert camera.wait_seconds() < 1


def test_a_camera_beside_a_gun_reads_only_when_asked() -> None:
    events: list[Event] = []
    camera = CameraThread(TicketUnderIt(), events.append)

    camera.idle()

    assert events == []


def test_being_told_again_that_no_ticket_is_awaited_reads_none_again() -> None:
    events: list[Event] = []
    camera = CameraThread(TicketUnderIt(), events.append, is_scanner=True)

    for _ in range(3):
        camera.idle()
        camera.watch(False)

    assert texts(events) == [QUICK]


def test_a_ticket_laid_down_too_early_is_read_again_when_it_is_awaited() -> None:
    events: list[Event] = []
    camera = CameraThread(TicketUnderIt(), events.append, is_scanner=True)

    camera.idle()
    camera.watch(True)
    run_jobs(camera)
    camera.idle()

    assert texts(events) == [QUICK, QUICK]


class Hours:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_that_one_frame_misses_is_told_once() -> None:
    """Code, no code, code scanned the slip that still lay there a second time."""
    events: list[Event] = []
    desk, hours = TicketUnderIt(), Hours()
    camera = CameraThread(desk, events.append, is_scanner=True, clock=hours)
    for pixels in (desk.laid, desk.covered, desk.laid, desk.covered, desk.laid):
        desk.pixels = pixels
        camera.idle()
        hours.now += 0.8

    assert texts(events) == [QUICK]


def test_a_ticket_that_a_paper_hid_for_long_is_told_as_one_that_still_lies_there() -> None:
    events: list[Event] = []
    desk, hours = TicketUnderIt(), Hours()
    camera = CameraThread(desk, events.append, is_scanner=True, clock=hours)
    for pixels in (desk.laid, *[desk.covered] * 4, desk.laid):
        desk.pixels = pixels
        camera.idle()
        hours.now += 0.8

    assert [each.still_lies for each in events if isinstance(each, Scanned)] == [False, True]


def test_a_ticket_that_was_lifted_and_laid_anew_is_told_as_new() -> None:
    events: list[Event] = []
    desk, hours = TicketUnderIt(), Hours()
    camera = CameraThread(desk, events.append, is_scanner=True, clock=hours)
    for pixels in (desk.laid, desk.bare, desk.bare, desk.laid):
        desk.pixels = pixels
        camera.idle()
        hours.now += 0.8

    assert [each.still_lies for each in events if isinstance(each, Scanned)] == [False, False]


def test_a_visit_that_was_opened_by_the_slip_does_not_read_it_again() -> None:
    """The core stops waiting for a ticket as soon as the visit is open, and that made the slip a new one."""
    events: list[Event] = []
    camera = CameraThread(TicketUnderIt(), events.append, is_scanner=True)
    camera.watch(True)
    run_jobs(camera)
    camera.idle()
    camera.watch(False)
    run_jobs(camera)
    camera.idle()

    assert texts(events) == [QUICK]


def test_a_dark_desk_is_not_a_bare_one() -> None:
    assert is_bare(np.full((480, 640, 3), 150, np.uint8))
    assert not is_bare(np.full((480, 640, 3), 8, np.uint8))
    assert not is_bare(TicketUnderIt().covered)


def test_a_ticket_read_slowly_is_told_once_while_it_lies_and_again_when_laid_anew() -> None:
    events: list[Event] = []
    desk = TicketUnderIt(SLOW)
    before = set(threading.enumerate())
    hours = Hours()
    camera = CameraThread(desk, events.append, is_scanner=True, clock=hours)
    camera.start()
    try:
        wait_until(lambda: texts(events) == [SLOW])
        for _ in range(5):
            camera.ask(camera.idle)
        done = threading.Event()
        camera.ask(done.set)
        assert done.wait(SECONDS_MAX)
        assert texts(events) == [SLOW]

        desk.pixels = desk.bare
        for _ in range(2):
            camera.ask(camera.idle)
            hours.now += 0.5
            done.clear()
            camera.ask(done.set)
            assert done.wait(SECONDS_MAX)
        desk.pixels = desk.laid
        wait_until(lambda: texts(events) == [SLOW, SLOW])
    finally:
        camera.close()

    assert set(threading.enumerate()) <= before

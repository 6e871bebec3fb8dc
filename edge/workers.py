"""One thread for each device: it alone calls the device, and puts what came of it on the core's queue.

A device that hangs or is unplugged holds up its own thread only; the core, the other devices and the console go on.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from broker.errors import OneWindowError
from broker.messages import Call
from edge.announcer import Announcer
from edge.board_reporter import BoardReporter
from edge.capture import Code, capture
from edge.capture.bare import is_bare
from edge.capture.scan import read_quickly
from edge.capture.scan_live import LiveReader
from edge.desk_watch import DeskWatch
from edge.events import CardLaid, DeviceChecked, Event, PagePhotographed, Pressed, Scanned, SlipPrinted
from edge.led import Led
from edge.live import live_jpeg
from edge.lying_codes import LyingCodes
from edge.pages import TakenPage
from firmware.bench import Bench
from firmware.ports import (
    CameraNotReady,
    CardUnreadable,
    Device,
    DeviceError,
    DocumentCamera,
    IdCardReader,
    Lamp,
    LampState,
    Panel,
    PrinterFailed,
    Scan,
    Scanner,
    Slip,
    SlipLine,
    TicketPrinter,
)

log = logging.getLogger(__name__)

Put = Callable[[Event], None]

_CHECK_SECONDS: Final = 30.0
_REST_SECONDS: Final = 1.0  # after a fault, before the device is asked again
_LAMP_SECONDS: Final = 1.0  # each lamp of a panel in its trial
_WATCH_SECONDS: Final = 0.8  # between two looks for a ticket under the camera: some 75 ms of reading each
_TEST_SLIP: Final = Slip(
    lines=(
        SlipLine(text="测试条", size="large", align="center", bold=True),
        SlipLine(text="打印机工作正常", align="center"),
        SlipLine(qr="TEST-8888", align="center"),
        SlipLine(code128="TEST-8888", align="center"),
    )
)
_DESK_SECONDS: Final = 0.12  # between two looks at the desk, hands free: with the look itself some six a second
_LIVE_SECONDS: Final = 0.2  # a live picture younger than this is shown to the next who asks


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], None]
    proves: bool = True  # when it succeeds, the device is well


class DeviceThread:
    """A device and the thread that serves it: jobs as they are asked, and in between whatever `idle` does."""

    def __init__(self, name: str, device: Device, put: Put) -> None:
        self.name = name
        self._device = device
        self._put = put
        self._jobs: queue.Queue[_Job] = queue.Queue()
        self._stopping = threading.Event()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self.ask(self._device.check)
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def check(self) -> None:
        self._said = ""
        self.ask(self._device.check)

    def ask(self, work: Callable[[], None], *, proves: bool = True) -> None:
        """Have work done after what was asked before. `proves`: it needs the device, and a fault is over when it has
        succeeded."""
        self._jobs.put(_Job(work, proves))

    def wake(self) -> None:
        """End the wait for a job."""
        self.ask(lambda: None, proves=False)

    def trial(self) -> None:
        """Do what a technician can see, if the device has such a thing."""
        self._device.check()

    def wait_seconds(self) -> float:
        """Return how long to wait for a job before `idle`."""
        return _CHECK_SECONDS

    def idle(self) -> None:
        """Do what is done when nothing is asked."""
        self._device.check()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                wait = self.wait_seconds()
                job = self._jobs.get(timeout=wait) if wait else self._jobs.get_nowait()
            except queue.Empty:
                job = _Job(self.idle)
            if self._stopping.is_set():
                return
            try:
                job.work()
            except DeviceError as error:
                self.report(error)
                self._stopping.wait(_REST_SECONDS)
            except Exception:
                # The outermost loop of this thread: a driver's or a picture's surprise must not silence the device.
                log.exception("%s: a job failed and was given up", self.name)
                self._stopping.wait(_REST_SECONDS)
            else:
                if job.proves:
                    self.report(None)

    def report(self, error: DeviceError | None) -> None:
        """Tell the core how the device is, when that has changed."""
        code = "ok" if error is None else error.code
        if code != self._said:
            self._said = code
            self._put(DeviceChecked(self.name, error))


class ScannerThread(DeviceThread):
    def __init__(self, device: Scanner, put: Put) -> None:
        super().__init__("scanner", device, put)
        self._scanner = device

    def wait_seconds(self) -> float:
        return 0.0

    def idle(self) -> None:
        scan = self._scanner.read(0.5)
        if scan is not None:
            self._put(Scanned(scan))


class CardThread(DeviceThread):
    def __init__(self, device: IdCardReader, put: Put, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__("id_card_reader", device, put)
        self._reader = device
        self._clock = clock
        self._checked_at = clock()

    def wait_seconds(self) -> float:
        return 0.0

    def idle(self) -> None:
        # Looked for a card all the time, it would never be asked how it is.
        if self._clock() - self._checked_at >= _CHECK_SECONDS:
            self._reader.check()  # one that is not well is asked again, and no empty field makes it well
            self._checked_at = self._clock()
        try:
            card = self._reader.read(0.5)
        except CardUnreadable as error:
            self.report(error)  # the reader is well; the next card may be read
            self._stopping.wait(0.3)
            return
        if card is not None:
            self._put(CardLaid(card))


class CameraThread(DeviceThread):
    """Photographs, gives the live picture, looks for a ticket under the camera while one is awaited, and watches the
    desk while the clerk works hands free."""

    def __init__(
        self,
        device: DocumentCamera,
        put: Put,
        *,
        is_scanner: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("document_camera", device, put)
        self._camera = device
        self._clock = clock
        self._is_scanner = is_scanner  # no gun at this unit: a ticket is looked for at all times
        self._codes = LiveReader(on_read=lambda: self.ask(self.idle))  # what was read slowly need not wait
        self._watching = threading.Event()
        self._lying = LyingCodes()  # of the camera's thread
        self._desk = DeskWatch(put)
        self._live: tuple[float, bytes] = (0.0, b"")
        self._live_lock = threading.Lock()

    def wait_seconds(self) -> float:
        if self._desk.is_on:
            return _DESK_SECONDS
        return _WATCH_SECONDS if self._watching.is_set() or self._is_scanner else _CHECK_SECONDS

    def idle(self) -> None:
        if self._desk.is_on:
            frame = self._camera.preview(1.0)
            self._desk.look(frame)
            if self._is_scanner:
                self._look_for_ticket(read_quickly(frame.pixels), lambda: self._desk.is_bare)
        elif self._watching.is_set() or self._is_scanner:
            pixels = self._camera.preview(1.0).pixels
            self._look_for_ticket(self._codes.read(pixels), lambda: is_bare(pixels))
        else:
            self._device.check()

    def _look_for_ticket(self, found: list[Code], is_bare: Callable[[], bool]) -> None:
        symbologies = {code.text: code.symbology for code in found if code.is_ours}
        for text, still_lies in self._lying.look(list(symbologies), self._clock(), is_bare=is_bare):
            scan = Scan(text, symbologies[text], time.monotonic_ns() // 1_000_000)
            self._put(Scanned(scan, still_lies=still_lies))

    def watch(self, wanted: bool) -> None:
        if wanted == self._watching.is_set():
            return
        if wanted:
            self._watching.set()
            self.ask(self._lying.tell_again, proves=False)  # laid down too early, it counts now
        else:
            self._watching.clear()
        # One resident's ticket is not kept for the next; and this ends the long wait.
        self.ask(self._codes.forget, proves=False)

    def watch_desk(self, wanted: bool) -> None:
        if wanted and not self._desk.is_on:
            self._desk.switch(True)
            self.wake()
        elif not wanted and self._desk.is_on:
            self._desk.switch(False)

    def close(self) -> None:
        super().close()
        self._codes.close()

    def sheet_kept(self) -> None:
        if self._desk.is_on:
            self.ask(self._desk.kept)

    def sheets_given_up(self) -> None:
        if self._desk.is_on:
            self.ask(self._desk.forget)

    def photograph(self, job: int) -> None:
        self.ask(lambda: self._photograph(job))

    def trial(self) -> None:
        self._camera.photograph(3.0)

    def live(self, timeout_seconds: float = 2.0) -> bytes:
        """Return a live picture of now. Called from any thread.

        Raises:
            DeviceError: no frame in time.
        """
        with self._live_lock:
            taken, picture = self._live
            if time.monotonic() - taken < _LIVE_SECONDS:
                return picture
            if picture := self._desk.picture(_LIVE_SECONDS * 2):
                self._live = (time.monotonic(), picture)
                return picture
            answer: Future[bytes] = Future()
            self.ask(lambda: self._answer_live(answer))
            try:
                picture = answer.result(timeout_seconds)
            except TimeoutError as error:
                if isinstance(error, DeviceError):
                    raise
                raise CameraNotReady("the camera is at work") from None
            self._live = (time.monotonic(), picture)
            return picture

    def _answer_live(self, answer: Future[bytes]) -> None:
        try:
            answer.set_result(live_jpeg(self._camera.preview(1.0)))
        except DeviceError as error:
            answer.set_exception(error)
            raise

    def _photograph(self, job: int) -> None:
        try:
            frame = self._camera.photograph(3.0)
            captured = capture(frame.pixels)
        except OneWindowError as error:
            self._desk.failed()
            self._put(PagePhotographed(job, None, error))
            if isinstance(error, DeviceError):
                raise
            return
        except Exception:
            # The fence around one photograph: whatever the pixels did, the clerk is told. The thread's own fence logs
            # it and goes on, and nothing is said of how the camera is.
            self._desk.failed()
            self._put(PagePhotographed(job, None, CameraNotReady("the photograph could not be made a page")))
            raise
        page = TakenPage(
            jpeg=captured.jpeg,
            width=captured.width,
            height=captured.height,
            accepted=captured.usable,
            sentence=captured.reason,
            simulated=frame.simulated,
            card_sides=captured.card_sides,
        )
        self._put(PagePhotographed(job, page))
        if self._desk.is_on:
            self._desk.photographed(frame, captured)


class PrinterThread(DeviceThread):
    def __init__(self, device: TicketPrinter, put: Put) -> None:
        super().__init__("ticket_printer", device, put)
        self._printer = device

    def trial(self) -> None:
        self._printer.print_slip(_TEST_SLIP)

    def print_slip(self, job: int, slip: Slip) -> None:
        def work() -> None:
            try:
                self._printer.print_slip(slip)
            except OneWindowError as error:
                self._put(SlipPrinted(job, error))
                raise
            except Exception:
                # The fence around one slip: the resident is told, and may ask for it again. The thread's own fence
                # logs it and goes on, and nothing is said of how the printer is.
                self._put(SlipPrinted(job, PrinterFailed("the slip could not be printed")))
                raise
            self._put(SlipPrinted(job))

        self.ask(work)


class Workers:
    """All devices of one unit: the core's `Devices`, on the bench's. `close()` may be called twice."""

    def __init__(self, bench: Bench, put: Put, *, own_window: int | None, camera_is_scanner: bool = False) -> None:
        self._bench = bench
        self._announcer = Announcer(bench.call_display, bench.speaker, put, own_window=own_window)
        self._camera = (
            CameraThread(bench.document_camera, put, is_scanner=camera_is_scanner)
            if bench.document_camera is not None
            else None
        )
        self._printer = PrinterThread(bench.ticket_printer, put) if bench.ticket_printer is not None else None
        self._panel = PanelThread(bench.panel, put) if bench.panel is not None else None
        threads: list[DeviceThread | None] = [self._camera, self._printer, self._panel]
        if bench.scanner is not None:
            threads.append(ScannerThread(bench.scanner, put))
        if bench.id_card_reader is not None:
            threads.append(CardThread(bench.id_card_reader, put))
        if bench.board is not None:
            threads.append(DeviceThread("board", BoardReporter(bench.board, put), put))
        self._threads = [thread for thread in threads if thread is not None]

    def start(self) -> None:
        self._announcer.start()
        self._announcer.check()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        for thread in self._threads:
            thread.close()
        self._announcer.close()

    def present(self) -> dict[str, bool]:
        return {name: device.simulated for name, device in self._bench.devices().items()}

    def photograph(self, job: int) -> None:
        assert self._camera is not None, "the core asks only for what is present"
        self._camera.photograph(job)

    def print_slip(self, job: int, slip: Slip) -> None:
        assert self._printer is not None, "the core asks only for what is present"
        self._printer.print_slip(job, slip)

    def announce(self, call: Call, *, aloud: bool = True) -> None:
        self._announcer.announce(call, aloud=aloud)

    def show(self, led: Led) -> None:
        self._announcer.show(led)

    def watch_for_ticket(self, wanted: bool) -> None:
        if self._camera is not None:
            self._camera.watch(wanted)

    def watch_desk(self, wanted: bool) -> None:
        if self._camera is not None:
            self._camera.watch_desk(wanted)

    def sheet_kept(self) -> None:
        if self._camera is not None:
            self._camera.sheet_kept()

    def sheets_given_up(self) -> None:
        if self._camera is not None:
            self._camera.sheets_given_up()

    def set_lamp(self, lamp: Lamp, state: LampState) -> None:
        if self._panel is not None:
            self._panel.set_lamp(lamp, state)

    def try_device(self, name: str) -> None:
        if name in ("call_display", "speaker"):
            self._announcer.try_device(name)
        for thread in self._threads:
            if thread.name == name:
                thread.ask(thread.trial)

    def check(self) -> None:
        self._announcer.check()
        for thread in self._threads:
            thread.check()

    def live_frame(self) -> bytes:
        """Return the live picture.

        Raises:
            DeviceError: no camera, or no frame in time.
        """
        if self._camera is None:
            raise CameraNotReady("this unit has no document camera")
        return self._camera.live()


class PanelThread(DeviceThread):
    """Lamps are set here; presses come from the panel's own thread."""

    def __init__(
        self,
        device: Panel,
        put: Put,
        *,
        lamp_seconds: float = _LAMP_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("panel", device, put)
        self._clock = clock
        self._check_at = 0.0
        self._panel = device
        self._lamp_seconds = lamp_seconds
        self._lamps: dict[Lamp, LampState] = dict.fromkeys(Lamp, "off")  # as the core wants them; of this thread
        device.on_press(lambda button: put(Pressed(button)))

    def wait_seconds(self) -> float:
        return max(0.0, self._check_at - self._clock())  # lamps that change all the time put no check off

    def idle(self) -> None:
        self._check_at = self._clock() + _CHECK_SECONDS
        self._panel.check()

    def set_lamp(self, lamp: Lamp, state: LampState) -> None:
        self.ask(lambda: self._set(lamp, state), proves=False)  # says nothing of the buttons

    def trial(self) -> None:
        """Light each lamp alone in turn, then all as they are to be."""
        self._panel.check()
        try:
            for lamp in Lamp:
                self._panel.set_lamp(lamp, "off")
            for lamp in Lamp:
                self._panel.set_lamp(lamp, "on")
                self._stopping.wait(self._lamp_seconds)
                self._panel.set_lamp(lamp, "off")
        finally:
            for lamp, state in self._lamps.items():
                with contextlib.suppress(DeviceError):  # a panel that is away keeps what it was told
                    self._panel.set_lamp(lamp, state)

    def _set(self, lamp: Lamp, state: LampState) -> None:
        self._lamps[lamp] = state
        self._panel.set_lamp(lamp, state)

"""Hands free at the unit: what the core makes of a sheet that lies still, and the whole way on the simulated desk."""

from __future__ import annotations

import io
import queue
import threading
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from broker.messages import Resident
from edge.capture import CapturedPage, CardSide, Step
from edge.commands import (
    AcceptVisit,
    CancelVisit,
    ChooseItem,
    EndVisit,
    HandToRear,
    RemovePage,
    SetHandsFree,
    TakePage,
    TakePageAnyway,
)
from edge.console.beeps import beep_wav
from edge.errors import PageNotReadable, StepRefused
from edge.events import DeskWatched, DeviceChecked, Event, PagePhotographed
from edge.slip import SlipFacts, ticket_slip
from edge.ticket import Ticket, seal_ticket
from edge.view import VisitView
from edge.workers import CameraThread
from firmware.ports import CameraNotReady, Frame
from firmware.simulators.papers import Sheet, slip_sheet
from firmware.simulators.persons import sample_person
from firmware.simulators.simulated_bench import SimulatedBench
from firmware.simulators.ticket_printer import SimulatedTicketPrinter
from tests.support.edge_fixture import UnitRig, a_page


def a_ticket() -> Sheet:
    """Return a ticket's slip as the kiosk prints it."""
    person = sample_person(3)
    ticket = Ticket(
        ticket="A6027",
        day="2026-03-02",
        resident=Resident(name=person.name, id_number=person.id_number),
        issued_minute=600,
    )
    facts = SlipFacts(
        hall_name="双井街道便民服务中心",
        group_name="综合受理",
        ticket=ticket.ticket,
        priority=ticket.priority,
        people_ahead=3,
        issued_at_ms=1_772_420_400_000,
        code=seal_ticket(ticket, b"k" * 32, hall="shuangjing", kiosk="shuangjing-kiosk-1"),
        simulated=True,
    )
    printer = SimulatedTicketPrinter()
    printer.print_slip(ticket_slip(facts))
    slip = cv2.imdecode(np.frombuffer(printer.slips()[-1], np.uint8), cv2.IMREAD_COLOR)
    assert slip is not None
    return slip_sheet(np.asarray(slip, np.uint8))


STILL = DeskWatched(Step.STILL, take=True)


@pytest.fixture
def rig(tmp_path: Path) -> UnitRig:
    rig = UnitRig(tmp_path)
    rig.connect()
    return rig


def hands_free(rig: UnitRig) -> UnitRig:
    rig.open_visit()
    rig.do(ChooseItem(code=next(iter(rig.core.catalogue))))
    rig.do(SetHandsFree())
    return rig


def front(rig: UnitRig) -> VisitView:
    visit = rig.view.front
    assert visit is not None
    return visit


def is_on(rig: UnitRig) -> bool:
    return rig.view.hands_free.on


# --- the core -------------------------------------------------------------------------------------------------------


def test_it_is_off_until_the_clerk_switches_it_on(rig: UnitRig) -> None:
    rig.open_visit()
    assert not is_on(rig)
    assert not rig.devices.watching_desk

    rig.do(SetHandsFree())

    assert is_on(rig)
    assert rig.view.hands_free.notice == "请放上材料"
    assert rig.devices.watching_desk


def test_without_a_visit_it_cannot_be_switched_on(rig: UnitRig) -> None:
    with pytest.raises(StepRefused):
        rig.do(SetHandsFree())

    assert not rig.devices.watching_desk


def test_each_still_sheet_is_filed_under_the_paper_that_is_awaited(rig: UnitRig) -> None:
    hands_free(rig)
    awaited = [each.name for each in front(rig).checklist if each.needed]

    for _ in awaited:
        rig.handle(STILL)

    assert [page.material for page in front(rig).pages] == awaited
    assert (rig.view.hands_free.beeps, rig.view.hands_free.beep) == (len(awaited), "good")


def test_a_refused_page_says_what_to_do_and_sounds_otherwise(rig: UnitRig) -> None:
    hands_free(rig)
    rig.devices.page = a_page(accepted=False)

    rig.handle(STILL)

    assert front(rig).refused_page is not None
    assert rig.view.hands_free.beep == "bad"
    assert not front(rig).pages


def test_a_card_is_to_be_turned_over_and_its_same_side_is_refused(rig: UnitRig) -> None:
    hands_free(rig)
    rig.devices.page = replace(a_page(), card_sides=(CardSide.PORTRAIT,))
    rig.handle(STILL)
    rig.handle(DeskWatched(Step.TAKEN))
    assert rig.view.hands_free.notice == "已拍，请翻面拍国徽面"
    assert [each.hint for each in front(rig).checklist if each.hint] == ["请翻面，再拍国徽面"]

    rig.handle(STILL)
    rig.handle(DeskWatched(Step.TAKEN))

    refused = front(rig).refused_page
    assert refused is not None
    assert (refused.verdict, refused.side) == ("刚才拍的是同一面，请翻面再拍。", "人像面")
    assert (rig.view.hands_free.step, rig.view.hands_free.beep) == ("refused", "bad")

    rig.devices.page = replace(a_page(), card_sides=(CardSide.EMBLEM,))
    rig.handle(STILL)
    rig.handle(DeskWatched(Step.TAKEN))

    assert [page.side for page in front(rig).pages] == ["人像面", "国徽面"]
    assert front(rig).refused_page is None
    assert rig.view.hands_free.notice == "已拍，请换下一张"


def test_a_same_side_that_is_kept_anyway_is_said_to_be_the_page(rig: UnitRig) -> None:
    hands_free(rig)
    rig.devices.page = replace(a_page(), card_sides=(CardSide.PORTRAIT,))
    rig.handle(STILL)
    with pytest.raises(PageNotReadable, match="refused"):
        rig.do(TakePage())

    kept = rig.do(TakePageAnyway())

    assert [page.page for page in front(rig).pages][-1] == kept.page


def test_a_refused_page_that_is_kept_anyway_is_not_taken_once_more(rig: UnitRig) -> None:
    hands_free(rig)
    rig.devices.page = a_page(accepted=False)
    rig.handle(STILL)

    rig.do(TakePageAnyway())

    assert rig.devices.kept_sheets == 1


def test_the_clerks_own_button_and_the_still_sheet_make_one_page(rig: UnitRig) -> None:
    hands_free(rig)
    rig.devices.busy = True
    rig.start(TakePage())

    rig.handle(STILL)
    rig.devices.finish_photograph()
    rig.pass_time_offline(1)

    assert len(front(rig).pages) == 1
    assert not rig.devices.jobs


@pytest.mark.parametrize("end", [CancelVisit(), EndVisit(), HandToRear(), SetHandsFree(on=False)])
def test_it_goes_off_with_the_visit_or_the_switch(rig: UnitRig, end: object) -> None:
    hands_free(rig)
    if isinstance(end, HandToRear):
        rig.handle(STILL)
    rig.do(end)  # type: ignore[arg-type]

    assert not is_on(rig)
    assert not rig.devices.watching_desk
    rig.handle(STILL)  # was on its way
    assert not rig.devices.jobs
    rig.do(SetHandsFree(on=False))  # a second time


def test_it_stays_on_for_the_same_residents_next_matter(rig: UnitRig) -> None:
    hands_free(rig)
    rig.handle(STILL)

    rig.do(AcceptVisit())

    assert is_on(rig)


def test_a_page_given_up_or_handed_in_lets_its_sheet_come_again(rig: UnitRig) -> None:
    hands_free(rig)
    rig.handle(STILL)
    rig.handle(STILL)
    assert rig.devices.given_up == 0

    rig.do(RemovePage(page=front(rig).pages[0].page))
    assert rig.devices.given_up == 1
    rig.do(AcceptVisit())

    assert rig.devices.given_up == 2


def test_a_sheet_that_looks_like_one_taken_is_asked_about_with_the_keys_name(rig: UnitRig) -> None:
    hands_free(rig)

    rig.handle(DeskWatched(Step.ALIKE))

    assert rig.view.hands_free.notice == "像是拍过的同一张；若是另一张，请按 F8 拍照"


def test_a_card_that_shows_a_side_taken_before_is_to_be_turned_over(rig: UnitRig) -> None:
    hands_free(rig)
    rig.devices.page = replace(a_page(), card_sides=(CardSide.PORTRAIT,))
    rig.handle(STILL)

    rig.handle(DeskWatched(Step.ALIKE))

    assert rig.view.hands_free.notice == "这一面拍过了，请翻面拍国徽面"


def test_a_silent_camera_pauses_it_in_words_and_it_goes_on_by_itself(rig: UnitRig) -> None:
    hands_free(rig)
    rig.handle(DeviceChecked("document_camera", CameraNotReady("no frame within 1 s")))
    paused = rig.view.hands_free
    assert paused.step == "paused"
    assert "暂停" in paused.notice

    rig.handle(DeviceChecked("document_camera"))

    assert rig.view.hands_free.step == "empty"


def test_the_fortyfirst_page_is_said_and_not_taken(rig: UnitRig) -> None:
    hands_free(rig)
    for _ in range(41):
        rig.handle(STILL)

    assert len(front(rig).pages) == 40
    assert rig.view.notice is not None
    assert rig.view.notice.code == "pages-max"


@pytest.mark.parametrize("kind", ["good", "bad"])
def test_the_beeps_are_short_wav_files_that_do_not_click(kind: Literal["good", "bad"]) -> None:
    with wave.open(io.BytesIO(beep_wav(kind))) as sound:
        seconds = sound.getnframes() / sound.getframerate()
        frames = sound.readframes(sound.getnframes())

    assert 0.05 < seconds < 0.7
    assert abs(int.from_bytes(frames[:2], "little", signed=True)) < 300


# --- the camera's thread on the simulated desk ----------------------------------------------------------------------


class Window:
    """A camera's thread on a simulated desk, and a core that asks for a photograph of each still sheet."""

    def __init__(self) -> None:
        self.bench = SimulatedBench(["document_camera"], seed=2)
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.takes = 0
        self.pages: list[bool] = []  # accepted or not
        self.sides: list[tuple[CardSide | None, ...]] = []  # of each page
        self.steps: list[Step] = []
        self.faults: list[str] = []
        assert self.bench.document_camera is not None
        self.camera = CameraThread(self.bench.document_camera, self.events.put)
        self.camera.start()
        self.camera.watch_desk(True)

    def wait(self, holds: Callable[[], bool], seconds_max: float = 20.0) -> None:
        """Handle what comes until it holds."""
        until = time.monotonic() + seconds_max
        while not holds():
            assert time.monotonic() < until, (
                f"{self.takes} takes, {len(self.pages)} pages, last steps {self.steps[-4:]}"
            )
            try:
                self._handle(self.events.get(timeout=0.1))
            except queue.Empty:
                continue

    def looks_more(self, count: int = 8) -> None:
        """Let the watcher look so many times more."""
        looked = threading.Semaphore(0)
        look = self.camera._desk.look
        self.camera._desk.look = lambda frame: (look(frame), looked.release())[0]  # type: ignore[method-assign, func-returns-value]
        for _ in range(count):
            assert looked.acquire(timeout=10)
        self.camera._desk.look = look  # type: ignore[method-assign]
        while not self.events.empty():
            self._handle(self.events.get())

    def _handle(self, event: Event) -> None:
        if isinstance(event, DeskWatched):
            self.steps.append(event.step)
            if event.take:
                self.takes += 1
                self.camera.photograph(self.takes)
        elif isinstance(event, PagePhotographed) and event.page is not None:
            self.pages.append(event.page.accepted)
            self.sides.append(event.page.card_sides)
        elif isinstance(event, DeviceChecked) and event.error is not None:
            self.faults.append(event.error.code)


@pytest.fixture
def window() -> Iterator[Window]:
    window = Window()
    yield window
    window.camera.close()
    window.bench.close()


def test_sheet_after_sheet_is_taken_once(window: Window) -> None:
    for count in (1, 2):
        window.bench.lay_paper("application_form", seed=1, person=sample_person(count))
        window.wait(lambda count=count: len(window.pages) == count)  # type: ignore[misc]
        window.looks_more()
        assert window.takes == count
    window.bench.clear_desk()

    window.wait(lambda: window.steps[-1] is Step.EMPTY)

    assert window.pages == [True, True]


def test_a_refused_sheet_is_taken_again_once_it_lies_otherwise(window: Window) -> None:
    window.bench.set_fault("document_camera", "glare", True)
    window.bench.lay_paper("application_form", seed=2)
    window.wait(lambda: window.pages == [False])
    window.looks_more(14)
    assert window.takes == 1  # the same picture would be refused again
    assert window.steps[-1] is Step.REFUSED

    window.bench.set_fault("document_camera", "glare", False)

    window.wait(lambda: window.pages == [False, True])


def test_a_card_that_is_turned_over_is_taken_again_and_both_sides_at_once_are_one_page(window: Window) -> None:
    for count, kind in enumerate(("id_card", "id_card_emblem"), start=1):
        window.bench.lay_paper(kind)
        window.wait(lambda count=count: len(window.pages) == count)  # type: ignore[misc]
        window.looks_more()
    # His wife's, both sides at once.
    wife = sample_person(9)
    window.bench.lay_paper("id_card", person=wife)
    window.bench.lay_paper("id_card_emblem", person=wife, add=True)
    window.wait(lambda: len(window.pages) == 3)

    assert window.sides == [
        (CardSide.PORTRAIT,),
        (CardSide.EMBLEM,),
        (CardSide.PORTRAIT, CardSide.EMBLEM),
    ]


def test_what_the_clerk_photographed_is_not_taken_once_more(window: Window) -> None:
    window.bench.lay_paper("application_form", seed=2)
    window.camera.photograph(77)
    window.wait(lambda: window.pages == [True])

    window.looks_more(12)

    assert window.takes == 0


def test_a_sheet_that_was_swapped_while_its_page_was_made_is_taken_too(window: Window) -> None:
    """Judging takes most of a second; what lay there after it was marked as taken, whatever it was."""
    window.bench.lay_paper("application_form", seed=1, person=sample_person(1))
    photographed = window.camera._desk.photographed

    def swapped(frame: Frame, captured: CapturedPage) -> None:
        window.camera._desk.photographed = photographed  # type: ignore[method-assign]
        window.bench.lay_paper("application_form", seed=1, person=sample_person(2))
        photographed(frame, captured)

    window.camera._desk.photographed = swapped  # type: ignore[method-assign]

    window.wait(lambda: window.pages == [True, True])


def test_a_ticket_is_no_page_and_is_to_be_taken_away(window: Window) -> None:
    """Its code is the resident's identity, sealed for a day: as a page it would be kept for years."""
    window.bench.desk.lay(a_ticket())
    window.wait(lambda: window.steps[-1:] == [Step.TICKET])
    window.looks_more(12)
    assert window.takes == 0

    window.bench.lay_paper("application_form", seed=2)

    window.wait(lambda: window.pages == [True])


def test_a_hung_camera_is_said_and_the_watch_goes_on_when_it_is_back(window: Window) -> None:
    window.bench.set_fault("document_camera", "hung", True)
    window.wait(lambda: window.faults == ["camera-not-ready"])
    window.bench.lay_paper("application_form", seed=2)

    window.bench.set_fault("document_camera", "hung", False)

    window.wait(lambda: window.pages == [True])


def test_the_live_picture_is_the_last_look_while_the_desk_is_watched(window: Window) -> None:
    window.looks_more(2)

    assert window.camera.live().startswith(b"\xff\xd8")

    window.camera.watch_desk(False)
    assert window.camera.live().startswith(b"\xff\xd8")

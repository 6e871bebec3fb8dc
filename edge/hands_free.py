"""Hands free (自动拍摄): while the clerk has switched it on, each sheet that lies still is photographed once.

The camera's thread watches the desk (`desk_watch.py`) and says what it sees; this part of the core makes of "it lies
still" the same photograph that the clerk's button asks for, so that there is one at a time and one way to file it. The
switch belongs to the visit at the front seat: it goes off when that ends, or what lies about for the next resident, a
ticket or the last one's papers, would become a page.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Literal

from broker.errors import OneWindowError
from edge.both_sides import SIDE_WORDS
from edge.capture import Step
from edge.commands import Result, SetHandsFree, TakePage
from edge.counter import Counter
from edge.errors import PageNotReadable, StepRefused
from edge.events import DeskWatched
from edge.house import Answer, House, succeed
from edge.view import HandsFreeView
from firmware.ports import DeviceError

log = logging.getLogger(__name__)

CAMERA: Final = "document_camera"
_SAID: Final = {
    Step.EMPTY: "请放上材料",
    Step.MOVING: "请放稳",
    Step.STILL: "正在拍照",
    Step.TAKEN: "已拍，请换下一张",
    Step.ALIKE: "像是拍过的同一张；若是另一张，请按 F8 拍照",
    Step.CUT: "超出画面，请移到中间",
    Step.REFUSED: "没拍好，请按提示摆好",
    Step.TICKET: "这是号票，请取走，放上材料",
}


@dataclass(slots=True)
class HandsFree:
    """The switch, and what becomes of each sheet that lies still."""

    house: House
    counter: Counter
    _visit: str = ""  # for which it is on; "" when it is off
    _step: Step = Step.EMPTY
    _pages: int = 0  # that the visit held after the event before
    _beeps: int = 0
    _beep: Literal["", "good", "bad"] = ""

    @property
    def is_on(self) -> bool:
        return bool(self._visit)

    def switch(self, command: SetHandsFree, answer: Answer) -> None:
        """Switch it on for the visit at the front seat, or off."""
        if not command.on:
            self._off()
            succeed(answer, Result(notice="自动拍摄已关闭。"))
            return
        front = self.counter.front
        if CAMERA not in self.house.devices.present():
            raise StepRefused("this unit has no document camera", "本装置没有高拍仪。", "no-camera")
        if front is None:
            raise StepRefused("no visit is open at the front", "打开办理后才能自动拍摄。", "no-visit")
        if self._visit != front.visit_id:
            self._visit, self._step = front.visit_id, Step.EMPTY
            log.info("visit %s: hands free on", front.visit_id)
        succeed(answer, Result(notice="自动拍摄已打开：放上材料，放稳后自动拍。", visit=front.visit_id))

    def watched(self, event: DeskWatched) -> None:
        """The camera's thread has seen the desk change, or a new sheet lie still."""
        if not self._visit:
            return  # said before the switch went off
        self._step = event.step
        if not event.take:
            return
        answer: Answer = Future()
        answer.add_done_callback(self._taken)
        try:
            self.counter.take_page(TakePage(visit=self._visit), answer)
        except StepRefused as error:
            if error.code != "photographing":  # then the clerk's own button was quicker, and this is its sheet
                raise

    def settle(self) -> None:
        """After each event: off when the visit has left the front seat, and have the desk watched while it is on."""
        front = self.counter.front
        if self._visit and (front is None or front.visit_id != self._visit):
            self._off()
        self.house.devices.watch_desk(bool(self._visit))
        pages = 0 if front is None else len(front.pages)
        if self._visit and pages < self._pages:
            self.house.devices.sheets_given_up()
        self._pages = pages

    def view(self, camera_error: OneWindowError | None) -> HandsFreeView:
        if not self._visit:
            return HandsFreeView(beeps=self._beeps, beep=self._beep)
        if camera_error is not None:
            return HandsFreeView(
                on=True, step="paused", notice="自动拍摄暂停，等高拍仪恢复", beeps=self._beeps, beep=self._beep
            )
        step, notice = self._step, _SAID[self._step]
        front = self.counter.front
        if step in (Step.TAKEN, Step.ALIKE) and front is not None:
            # The watcher is done with the sheet; the visit may want its other side.
            if front.refused is not None:
                step, notice = Step.REFUSED, _SAID[Step.REFUSED]
            elif front.turn_over is not None:
                said = "已拍" if step is Step.TAKEN else "这一面拍过了"
                notice = f"{said}，请翻面拍{SIDE_WORDS[front.turn_over]}"
        return HandsFreeView(on=True, step=step.value, notice=notice, beeps=self._beeps, beep=self._beep)

    def _off(self) -> None:
        self._visit, self._step = "", Step.EMPTY

    def _taken(self, answer: Future[Result]) -> None:
        error = answer.exception()
        if error is None:
            self._sound("good")
        elif isinstance(error, PageNotReadable | DeviceError):
            self._sound("bad")

    def _sound(self, kind: Literal["good", "bad"]) -> None:
        self._beeps += 1
        self._beep = kind

"""Hands free: pages per minute on the simulated desk, sheets taken twice, sheets missed.

The hands' time is simulated (a sheet is laid in 0.7 s and lifted in 0.5 s, the desk seen 7 times a second); what the
unit needs for looking, photographing and judging is real, and is added to it.
"""

from __future__ import annotations

import time

import cv2
import numpy as np

from edge.capture import Watcher, capture
from firmware.ports import Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import PAPER_KINDS, draw_paper
from firmware.simulators.persons import sample_person
from tests.bench.figures import Figure

PERIOD_MS = 140
LAYING_MS = 700
LIFTING_MS = 500
LYING_MS_MAX = 3_000  # after the photograph is due, the clerk gives up waiting
SHEETS = 12
PAGES_A_MINUTE_MIN = 15.0


def figures() -> list[Figure]:
    stream = _Stream()
    for number in range(SHEETS):
        stream.one_sheet(number)
    minutes = stream.now_ms / 60_000
    note = (
        f"{SHEETS} sheets, of them {SHEETS // 3} changed as a pile without a bare desk between; "
        f"hands {LAYING_MS + LIFTING_MS} ms a sheet, simulated; "
        f"a look {stream.look_ms:.0f} ms, a page {stream.page_ms:.0f} ms, real"
    )
    return [
        _figure("hands free: pages a minute", stream.taken / minutes, "pages", PAGES_A_MINUTE_MIN, "higher", note),
        _figure("hands free: sheets taken twice", float(stream.twice), "sheets", 0.0, "lower"),
        _figure("hands free: sheets missed", float(stream.missed), "sheets", 0.0, "lower"),
    ]


class _Stream:
    """A desk, a pair of hands and the watcher that sees both."""

    def __init__(self) -> None:
        self.desk = Desk(seed=5)
        self.watcher = Watcher()
        self.now_ms = 0.0
        self.taken = self.twice = self.missed = 0
        self._looks: list[float] = []
        self._pages: list[float] = []

    @property
    def look_ms(self) -> float:
        return float(np.median(self._looks))

    @property
    def page_ms(self) -> float:
        return float(np.median(self._pages))

    def one_sheet(self, number: int) -> None:
        """Lay a sheet, wait until it is taken, push it a little, and lift it, but for every third, laid on the pile."""
        kind = PAPER_KINDS[number % len(PAPER_KINDS)].key
        self.desk.lay(draw_paper(kind, seed=number, person=sample_person(number)))
        takes = self._with_hands(LAYING_MS)
        waited = 0
        while not takes and waited < LYING_MS_MAX:
            takes += self._look(self.desk.frame("preview"))
            waited += PERIOD_MS
        self.taken += bool(takes)
        self.missed += not takes
        # It lies on for a moment, and a hand comes to take it: neither is a new sheet.
        takes += sum(self._look(self.desk.frame("preview")) for _ in range(3))
        takes += self._with_hands(LIFTING_MS)
        if number % 3 != 2:
            self.desk.clear()
            takes += sum(self._look(self.desk.frame("preview")) for _ in range(3))
        self.twice += max(0, takes - 1)

    def _with_hands(self, milliseconds: int) -> int:
        takes = 0
        for step in range(milliseconds // PERIOD_MS):
            takes += self._look(_with_hand(self.desk.frame("preview"), 200 + 90 * (step % 4)))
        return takes

    def _look(self, frame: Pixels) -> int:
        began = time.perf_counter()
        watched = self.watcher.see(frame, round(self.now_ms))
        spent = (time.perf_counter() - began) * 1000
        self._looks.append(spent)
        self.now_ms += max(PERIOD_MS, spent)
        if watched.take:
            photograph = self.desk.frame("photograph")
            began = time.perf_counter()
            usable = capture(photograph).usable
            self._pages.append((time.perf_counter() - began) * 1000)
            self.now_ms += self._pages[-1]
            if not usable:
                self.watcher.refused()
                return 0
        return int(watched.take)


def _with_hand(frame: Pixels, reach: int) -> Pixels:
    frame = frame.copy()
    cv2.rectangle(frame, (0, 420), (reach, 600), (128, 162, 212), -1)
    return frame


def _figure(name: str, value: float, unit: str, goal: float, better: str, note: str = "") -> Figure:
    return Figure(
        name=name,
        value=value,
        unit=unit,
        floor=None,
        floor_name="",
        goal=goal,
        better="higher" if better == "higher" else "lower",
        note=note,
    )

"""A simulated desk, a clerk's hands and the watcher that sees both: for the bench and for `hands_free_score.py`.

The hands' time is simulated, the desk is seen 7 times a second. Looks, photographs and judging are real: what comes of
a photograph is told to the watcher as the camera's thread tells it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture import Step, Watcher, capture
from firmware.ports import Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import Sheet

PERIOD_MS = 140
LAYING_MS = 700
LIFTING_MS = 500
LYING_MS_MAX = 2_400  # after the photograph is due, the clerk gives up waiting
SKIN = (128, 158, 206)  # BGR


@dataclass(frozen=True, slots=True)
class Finger:
    """A finger that lies on the sheet, from its tip to where the hand leaves the frame; in shares of the frame."""

    tip: tuple[float, float]
    root: tuple[float, float]

    def on(self, frame: Pixels) -> Pixels:
        height, width = frame.shape[:2]
        tip, root = ((round(x * width), round(y * height)) for x, y in (self.tip, self.root))
        cover = np.zeros((height, width), np.uint8)
        cv2.line(cover, tip, root, 255, round(width * 0.065), cv2.LINE_AA)
        share = cv2.merge([cv2.GaussianBlur(cover, (0, 0), width / 480)] * 3)
        hand = np.full_like(frame, SKIN)
        covered: Pixels = cv2.add(
            cv2.multiply(hand, share, scale=1 / 255), cv2.multiply(frame, cv2.bitwise_not(share), scale=1 / 255)
        )
        return covered


@dataclass(slots=True)
class Stream:
    """What the clerk does, look by look. Each act returns how many pages it made."""

    desk: Desk
    watcher: Watcher = field(default_factory=Watcher)
    now_ms: float = 0.0
    step: Step = Step.EMPTY
    looks_ms: list[float] = field(default_factory=list)
    judged_ms: list[float] = field(default_factory=list)  # looks that compared or took
    pages_ms: list[float] = field(default_factory=list)
    # In shares of the frame; until a sheet was seen, a card in the middle.
    _outline: npt.NDArray[np.float64] = field(
        default_factory=lambda: np.array([[0.35, 0.43], [0.65, 0.43], [0.65, 0.57], [0.35, 0.57]])
    )

    def lay(self, sheet: Sheet, finger: Finger | None = None) -> int:
        """Lay a sheet in place of what lies there, and wait until it is a page."""
        self.desk.lay(sheet)
        pages, waited = self.hand_moves(LAYING_MS), 0
        while not pages and waited < LYING_MS_MAX:
            pages += self._look(self.desk.frame("preview"), finger)
            waited += PERIOD_MS
        return pages

    def push(self, sheet: Sheet) -> int:
        """Let the same sheet lie a little elsewhere, or turned."""
        self.desk.lay(sheet)
        return self.hand_moves(LIFTING_MS) + self.rest(1_200)

    def lift(self) -> int:
        pages = self.hand_moves(LIFTING_MS)
        self.desk.clear()
        return pages + self.rest(600)

    def rest(self, milliseconds: int, finger: Finger | None = None, light: tuple[float, ...] = (1.0,)) -> int:
        """Let the desk lie, under a finger or in a light that flickers."""
        pages = 0
        for look in range(milliseconds // PERIOD_MS):
            frame = cv2.convertScaleAbs(self.desk.frame("preview"), alpha=light[look % len(light)])
            pages += self._look(frame, finger)
        return pages

    def hand_moves(self, milliseconds: int) -> int:
        pages = 0
        for look in range(milliseconds // PERIOD_MS):
            reach = 0.2 + 0.09 * (look % 4)
            pages += self._look(self.desk.frame("preview"), Finger((reach, 0.4), (-0.2, 0.42)))
        return pages

    def finger(self, rng: np.random.Generator, depth: float) -> Finger:
        """Return a finger on the sheet that was seen last: its tip so far in from a side, the middle being 1."""
        side, along = int(rng.integers(0, 4)), float(rng.uniform(0.25, 0.75))
        one, two = self._outline[side], self._outline[(side + 1) % 4]
        start, middle = one + (two - one) * along, self._outline.mean(axis=0)
        tip, root = start + (middle - start) * depth, start + (start - middle) * 3
        return Finger((float(tip[0]), float(tip[1])), (float(root[0]), float(root[1])))

    def _look(self, frame: Pixels, finger: Finger | None) -> int:
        frame = frame if finger is None else finger.on(frame)
        before, began = self.step, time.perf_counter()
        watched = self.watcher.see(frame, round(self.now_ms))
        spent = (time.perf_counter() - began) * 1000
        self.step = watched.step
        decided = watched.take or (watched.step is not before and watched.step in (Step.TAKEN, Step.ALIKE))
        (self.judged_ms if decided else self.looks_ms).append(spent)
        self.now_ms += max(PERIOD_MS, spent)
        if watched.outline is not None:
            self._outline = np.array(watched.outline) / frame.shape[1::-1]
        return self._photograph(finger) if watched.take else 0

    def _photograph(self, finger: Finger | None) -> int:
        photograph = self.desk.frame("photograph")
        photograph = photograph if finger is None else finger.on(photograph)
        began = time.perf_counter()
        page = capture(photograph)
        self.pages_ms.append((time.perf_counter() - began) * 1000)
        self.now_ms += self.pages_ms[-1]
        sheets = [corners for corners in (page.corners, page.second_corners) if corners is not None]
        if page.usable:
            self.watcher.took(photograph, sheets)
        else:
            self.watcher.refused(photograph, sheets)
        return int(page.usable)


def turned_sheet(sheet: Sheet, quarters: int) -> Sheet:
    """Return the sheet as it lies when turned by so many quarters."""
    width, height = (sheet.width_mm, sheet.height_mm) if quarters % 2 == 0 else (sheet.height_mm, sheet.width_mm)
    return Sheet(sheet.kind, np.ascontiguousarray(np.rot90(sheet.pixels, quarters)), width, height, sheet.corner_mm)

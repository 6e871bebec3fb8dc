"""Previews -> when to photograph: a sheet is laid down, lies still, is taken once; it is lifted, the next one comes.

Fed by whoever holds the camera, some five to ten previews a second; says `take` once a sheet. Pure: the time comes with
each preview. Whoever photographed says what came of it: the print of a photograph that became a page is kept, and that
sheet is not taken again, whether it is pushed, turned, held down or lifted and laid again. Where prints leave it open
the clerk is asked, who has a key for it. A sheet that the judge refused is taken again, but not before something has
changed: the same picture would be refused again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from edge.capture.find import SMALL_SIDE, Sheet, are_two_cards, find_beside, find_sheet
from edge.capture.light import Floats
from edge.capture.quad import Corners, Quad, as_corners, is_card, upright
from edge.capture.sheet_print import Likeness, SheetPrint, likeness, print_of
from edge.capture.shrink import checked, shrink
from firmware.ports import Pixels

STILL_MS: Final = 500  # a hand that lets go needs about 300
LIFTED_MS: Final = 250  # a hand may hide the sheet for a frame or two
GAP_MS_MAX: Final = 2_000  # previews further apart say nothing about stillness
_MOVED: Final = 10.0  # grey levels of the mean in a block of the glance; the noise of a preview has 1
_CORNERS_MOVED: Final = 0.008  # of the frame's longest side
_LIT_ANEW: Final = 14.0  # grey levels of the whole desk: a lamp was switched on, or turned away
_ELSEWHERE: Final = 0.006  # of the frame's longest side: a sheet that lies so far off was pushed, or laid there anew
_REFOUND: Final = 0.01  # likewise: a slow look that moves no corner by more has found the same sheet
_PHOTOGRAPH_SIDE_MAX: Final = 1700  # pixels: a print needs no more, and makes a frame of 8 megapixels dear
_KNOWN_MAX: Final = 60  # sheets: a packet has 40 pages
_GLANCE: Final = (40, 30)


class Step(StrEnum):
    EMPTY = "empty"  # 请放上材料
    MOVING = "moving"  # 请放稳
    STILL = "still"  # taken in a moment
    TAKEN = "taken"  # 已拍，请换下一张
    ALIKE = "alike"  # looks like a sheet that was taken: not taken again unless the clerk asks for it
    CUT = "cut"  # 请移到画面中间
    REFUSED = "refused"  # what the judge said; taken again once something has changed
    TICKET = "ticket"  # our own slip, which is no page


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watcher makes of one preview."""

    step: Step
    take: bool  # photograph now; True once for each sheet
    outline: Corners | None  # in pixels of the preview


@dataclass(frozen=True, slots=True)
class _Known:
    """A sheet that is a page already."""

    print_: SheetPrint
    quad: Quad  # where it lay, in longest sides of the frame


class Watcher:
    """Watches one desk. Not thread-safe."""

    def __init__(self) -> None:
        self._glance: Floats | None = None
        self._quad: Quad | None = None
        self._still_since_ms = 0
        self._last_ms: int | None = None
        self._sheet_seen_ms: int | None = None
        self._known: list[_Known] = []
        self._lying: _Known | None = None  # the known sheet that lies there, as far as was seen
        self._forgotten: _Known | None = None  # is to be forgotten as soon as it is lifted
        self._done: Step | None = None  # what was made of what lies there, as long as nothing has moved since
        self._held: Quad | None = None  # the last sheet seen since something moved
        self._looked = False  # a slow look was had since something moved
        self._declined: Floats | None = None  # the desk as it was when its sheet was refused; None once it has changed
        self._why = Step.REFUSED
        self._refused_sheets: list[_Known] = []  # of the photograph that was refused last

    def see(self, preview: Pixels, monotonic_ms: int) -> Watched:
        """Return what to do now that the desk looks like this.

        Args:
            preview: a small frame of the whole desk, always of the same size.
            monotonic_ms: when it was taken; never less than the one before.

        Raises:
            PictureRefused: not a BGR frame. The watcher stays as it was.
        """
        preview = checked(preview)
        sheet = find_sheet(preview, quick=True)
        quad = None if sheet is None or sheet.cut else sheet.quad
        if self._disturbed(preview, quad, monotonic_ms):
            self._still_since_ms = monotonic_ms
            self._held, self._looked = None, False
        self._last_ms, self._quad = monotonic_ms, quad
        if quad is None and sheet is None:
            quad = self._held if self._held is not None else self._slow_look(preview, monotonic_ms)
        if quad is None:
            return self._without_sheet(monotonic_ms, cut=sheet is not None)
        self._held, self._sheet_seen_ms = quad, monotonic_ms
        outline = as_corners(quad)
        if self._declined is not None:
            return Watched(self._why, False, outline)
        if monotonic_ms - self._still_since_ms < STILL_MS:
            return Watched(self._unsettled(), False, outline)
        if self._done is None:
            self._done = self._recognised(preview, quad)
            if self._done is Step.STILL:
                self._lying = None
                self._forget_lifted()
                return Watched(Step.STILL, True, outline)
        return Watched(self._done, False, outline)

    def again(self) -> None:
        """No photograph came: ask for what lies there once more, as it lies."""
        self._declined, self._done = None, None
        if self._last_ms is not None:
            self._still_since_ms = self._last_ms

    def took(self, photograph: Pixels, sheets: Sequence[Corners]) -> None:
        """These sheets of this photograph are a page now, whoever asked for it: they are not taken again.

        Args:
            photograph: the frame that the page was made of, of any size. What lies there by now may be another.
            sheets: where they lie in it.

        Raises:
            PictureRefused: not a BGR frame. The watcher stays as it was.
        """
        self._keep(_sheets_of(photograph, sheets))

    def refused(self, photograph: Pixels, sheets: Sequence[Corners]) -> None:
        """The judge refused this photograph: take what lies there once more as soon as something has changed.

        Raises:
            PictureRefused: not a BGR frame. The watcher stays as it was.
        """
        self._refused_sheets = _sheets_of(photograph, sheets)
        self.decline(Step.REFUSED)

    def decline(self, why: Step) -> None:
        """What lies there is no page: say why, until something has changed."""
        self._declined, self._why, self._done = self._glance, why, None

    def kept(self) -> None:
        """The photograph that was refused last is a page after all."""
        self._keep(self._refused_sheets)

    def forget(self) -> None:
        """Pages were given up, or handed in: any sheet may come again, what lies there once it has been lifted."""
        self._known = [] if self._lying is None else [self._lying]
        self._forgotten = self._lying

    def _keep(self, sheets: list[_Known]) -> None:
        self._known = [*self._known, *sheets][-_KNOWN_MAX:]
        self._lying = sheets[0] if sheets else None
        self._refused_sheets, self._declined = [], None
        # Until something has moved since the look before the photograph; prints alone took a striped card twice.
        self._done = Step.TAKEN if self._glance is not None else None

    def _unsettled(self) -> Step:
        return Step.MOVING if self._lying is None else Step.TAKEN

    def _recognised(self, preview: Pixels, quad: Quad) -> Step:
        """Return what is to be made of the sheet that has come to lie still: STILL for a new one."""
        if not self._known:
            return Step.STILL
        known = [each.print_ for each in self._known]
        alike, index = likeness(known, preview, quad)
        if alike is not Likeness.SAME:
            # A quick look may have had the sheet's corners wrong.
            sheet = find_sheet(preview)
            if sheet is not None and not sheet.cut and _apart(sheet.quad, quad, preview) > _REFOUND:
                quad = sheet.quad
                again = likeness(known, preview, quad)
                alike, index = again if again[0] is not Likeness.OTHER else (alike, index)
        if alike is Likeness.OTHER or self._new_card_beside(preview, quad):
            return Step.STILL
        elsewhere = (
            self._known[index] is not self._lying
            or _apart(self._known[index].quad * max(preview.shape), quad, preview) > _ELSEWHERE
        )
        self._lying = self._known[index]
        return Step.ALIKE if elsewhere or alike is Likeness.UNSURE else Step.TAKEN

    def _slow_look(self, preview: Pixels, now_ms: int) -> Quad | None:
        """Look thoroughly, once for each time that the desk lies still: a quick look misses white on white."""
        if self._looked or now_ms - self._still_since_ms < LIFTED_MS:
            return None
        self._looked = True
        sheet = find_sheet(preview)
        return None if sheet is None or sheet.cut else sheet.quad

    def _new_card_beside(self, preview: Pixels, quad: Quad) -> bool:
        """Say whether a card that was not taken lies beside this one."""
        height, width = preview.shape[:2]
        if not is_card(quad, width, height):
            return False
        card = Sheet(quad, 1.0)
        second = find_beside(preview, shrink(preview, SMALL_SIDE)[0], [card])
        if second is None or not are_two_cards(card, second, width, height):
            return False
        return likeness([each.print_ for each in self._known], preview, second.quad)[0] is Likeness.OTHER

    def _without_sheet(self, now_ms: int, *, cut: bool) -> Watched:
        if self._sheet_seen_ms is not None and now_ms - self._sheet_seen_ms < LIFTED_MS:
            return Watched(self._unsettled(), False, None)
        if cut:
            return Watched(Step.CUT, False, None)
        # What hides the sheet moves. Only a desk that lies still and bare says that the sheet was lifted.
        if now_ms - self._still_since_ms >= LIFTED_MS:
            self._lying, self._declined, self._done = None, None, None
            self._forget_lifted()
        return Watched(Step.EMPTY if self._lying is None else Step.TAKEN, False, None)

    def _forget_lifted(self) -> None:
        self._known = [each for each in self._known if each is not self._forgotten]
        self._forgotten = None

    def _disturbed(self, preview: Pixels, quad: Quad | None, now_ms: int) -> bool:
        """Say whether something has moved since the preview before, and remember this one."""
        small, _ = shrink(preview, 320)
        glance = cv2.resize(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), _GLANCE, interpolation=cv2.INTER_AREA)
        glance = glance.astype(np.float32)
        before, self._glance = self._glance, glance
        if self._declined is not None and _changed(self._declined, glance):
            self._declined = None
        if before is None or self._last_ms is None or now_ms - self._last_ms > GAP_MS_MAX or _moved(before, glance):
            self._done = None
            return True
        if quad is None or self._quad is None:
            return False
        return bool(np.abs(quad - self._quad).max() > _CORNERS_MOVED * max(preview.shape))


def _moved(before: Floats, after: Floats) -> bool:
    """Say whether something moved. A lamp that flickers changes everything alike; what moves changes a part."""
    change = after - before
    return float(np.abs(change - np.median(change)).max()) > _MOVED


def _changed(before: Floats, after: Floats) -> bool:
    """Say whether anything is other than it was, the light included."""
    return _moved(before, after) or abs(float(np.median(after - before))) > _LIT_ANEW


def _sheets_of(photograph: Pixels, sheets: Sequence[Corners]) -> list[_Known]:
    small, factor = shrink(checked(photograph), _PHOTOGRAPH_SIDE_MAX)
    quads = [(np.array(corners) - (factor - 1) / 2) / factor for corners in sheets]
    return [_Known(print_of(small, quad), quad / max(small.shape)) for quad in quads]


def _apart(one: Quad, two: Quad, frame: Pixels) -> float:
    """Return how far the corners of two sheets are apart at most, in longest sides of the frame."""
    away = np.abs(upright(one) - upright(two)).max() / max(frame.shape)
    return float(away)

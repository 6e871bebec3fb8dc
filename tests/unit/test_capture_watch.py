"""Hands free: each sheet is taken once, when it lies still, and never before."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from broker.errors import PictureRefused
from edge.capture.watch import LIFTED_MS, STILL_MS, Step, Watched, Watcher
from firmware.ports import Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import draw_paper
from firmware.simulators.persons import sample_person

PERIOD_MS = 250


class Stream:
    """A desk, its camera's previews and the watcher that sees them."""

    def __init__(self) -> None:
        self.desk = Desk(seed=3)
        self.watcher = Watcher()
        self.now_ms = 0

    def see(self, milliseconds: int, frame: Pixels | None = None) -> list[Watched]:
        """Return what the watcher made of the previews of so many milliseconds."""
        seen = []
        for _ in range(milliseconds // PERIOD_MS):
            self.now_ms += PERIOD_MS
            seen.append(self.watcher.see(self.desk.frame("preview") if frame is None else frame, self.now_ms))
        return seen

    def taken(self, milliseconds: int, frame: Pixels | None = None) -> int:
        return sum(watched.take for watched in self.see(milliseconds, frame))


def with_hand(frame: Pixels, reach: int) -> Pixels:
    frame = frame.copy()
    cv2.rectangle(frame, (0, 500), (reach, 640), (128, 162, 212), -1)
    return frame


def test_a_sheet_that_lies_still_is_taken_once_and_not_again() -> None:
    stream = Stream()
    assert stream.taken(500) == 0
    stream.desk.lay(draw_paper("proof_letter", seed=1))

    seen = stream.see(3 * STILL_MS)

    assert [watched.take for watched in seen].count(True) == 1
    assert seen[0].step is Step.MOVING
    assert seen[-1].step is Step.TAKEN
    assert seen[-1].outline is not None


def test_nothing_is_taken_before_it_has_lain_still() -> None:
    stream = Stream()
    stream.see(500)
    stream.desk.lay(draw_paper("proof_letter", seed=1))

    assert stream.taken(STILL_MS) == 0
    assert stream.taken(2 * PERIOD_MS) == 1


def test_sheet_after_sheet_each_is_taken_once() -> None:
    stream = Stream()
    taken = 0
    for seed in range(3):
        stream.desk.lay(draw_paper("application_form", seed=1, person=sample_person(seed)))
        taken += stream.taken(2 * STILL_MS)
        stream.desk.clear()
        taken += stream.taken(LIFTED_MS + 3 * PERIOD_MS)

    assert taken == 3
    assert stream.see(PERIOD_MS)[0].step is Step.EMPTY


def test_the_next_sheet_of_a_pile_is_taken_although_the_desk_was_never_bare() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("application_form", seed=1, person=sample_person(1)))
    assert stream.taken(2 * STILL_MS) == 1

    stream.desk.lay(draw_paper("application_form", seed=1, person=sample_person(2)))

    assert stream.taken(2 * STILL_MS) == 1


def test_a_sheet_that_is_pushed_about_is_not_taken_again() -> None:
    stream = Stream()
    sheet = draw_paper("proof_letter", seed=1)
    stream.desk.lay(sheet)
    assert stream.taken(2 * STILL_MS) == 1

    stream.desk.lay(sheet)  # a little elsewhere

    assert stream.taken(3 * STILL_MS) == 0


def test_a_hand_that_comes_and_goes_does_not_make_it_another_sheet() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("proof_letter", seed=1))
    assert stream.taken(2 * STILL_MS) == 1
    bare = stream.desk.frame("preview")

    for reach in (100, 300, 420, 300, 100):
        assert stream.taken(PERIOD_MS, with_hand(bare, reach)) == 0

    assert stream.taken(3 * STILL_MS) == 0


def test_a_sheet_lifted_and_laid_again_is_taken_again() -> None:
    stream = Stream()
    sheet = draw_paper("proof_letter", seed=1)
    stream.desk.lay(sheet)
    assert stream.taken(2 * STILL_MS) == 1
    stream.desk.clear()
    stream.see(LIFTED_MS + 3 * PERIOD_MS)

    stream.desk.lay(sheet)

    assert stream.taken(2 * STILL_MS) == 1


def test_a_refused_sheet_may_be_asked_for_again() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("proof_letter", seed=1))
    assert stream.taken(2 * STILL_MS) == 1

    stream.watcher.again()

    assert stream.taken(2 * STILL_MS) == 1


def test_previews_that_stood_still_for_lack_of_any_do_not_count_as_stillness() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("proof_letter", seed=1))
    stream.see(2 * PERIOD_MS)
    stream.now_ms += 60_000

    assert stream.taken(PERIOD_MS) == 0


def test_an_empty_desk_is_never_taken_and_no_preview_is_refused() -> None:
    stream = Stream()

    assert all(watched == Watched(Step.EMPTY, False, None) for watched in stream.see(2000))
    with pytest.raises(PictureRefused):
        stream.watcher.see(np.zeros((10, 10), np.uint8), 5000)

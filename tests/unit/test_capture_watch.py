"""Hands free: each sheet is taken once, when it lies still, and never before."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from broker.errors import PictureRefused
from edge.capture.find import find_sheet
from edge.capture.quad import Corners, as_corners
from edge.capture.watch import LIFTED_MS, STILL_MS, Step, Watched, Watcher
from firmware.ports import Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import draw_paper
from firmware.simulators.persons import sample_person
from tests.support.hands_free_stream import Finger, turned_sheet

PERIOD_MS = 250
Spoil = Callable[[Pixels], Pixels]
ON_PRINT = Finger((0.6, 0.5), (1.2, 0.6))


class Stream:
    """A desk, its camera's previews, the watcher that sees them, and a judge who takes or refuses."""

    def __init__(self) -> None:
        self.desk = Desk(seed=3)
        self.watcher = Watcher()
        self.now_ms = 0
        self.refuses = False

    def see(self, milliseconds: int, spoil: Spoil = lambda frame: frame) -> list[Watched]:
        """Return what the watcher made of the previews of so many milliseconds."""
        seen = []
        for _ in range(milliseconds // PERIOD_MS):
            self.now_ms += PERIOD_MS
            seen.append(self.watcher.see(spoil(self.desk.frame("preview")), self.now_ms))
            if seen[-1].take:
                self.photograph(spoil)
        return seen

    def photograph(self, spoil: Spoil = lambda frame: frame) -> None:
        photograph = spoil(self.desk.frame("photograph"))
        if self.refuses:
            self.watcher.refused(photograph, corners_in(photograph))
        else:
            self.watcher.took(photograph, corners_in(photograph))

    def taken(self, milliseconds: int, spoil: Spoil = lambda frame: frame) -> int:
        return sum(watched.take for watched in self.see(milliseconds, spoil))

    def step(self) -> Step:
        return self.see(PERIOD_MS)[0].step


def corners_in(photograph: Pixels) -> list[Corners]:
    sheet = find_sheet(photograph)
    return [] if sheet is None else [as_corners(sheet.quad)]


def moving_hand(frame: Pixels) -> Pixels:
    reach = 100 + 90 * (int(frame[0, 0, 0]) % 4)  # noise moves it
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


# Each kind of paper comes in one of these three at least; `python -m tests.support.hands_free_score` tries each in all.
@pytest.mark.parametrize("kind", ["application_form", "certificate", "household_register", "id_card_emblem"])
def test_a_sheet_that_is_pushed_or_turned_is_not_taken_again(kind: str) -> None:
    stream = Stream()
    sheet = draw_paper(kind, seed=1)
    stream.desk.lay(sheet)
    assert stream.taken(2 * STILL_MS) == 1

    for quarters in (0, 0, 2, 1):
        stream.desk.lay(turned_sheet(sheet, quarters))  # a little elsewhere each time
        assert stream.taken(3 * STILL_MS) == 0
    assert stream.step() is Step.ALIKE


@pytest.mark.parametrize("kind", ["proof_letter", "medical_receipt", "bank_card", "photo"])
def test_a_finger_that_rests_on_a_sheet_does_not_make_it_another(kind: str) -> None:
    """The print under a finger is another's: the sheet was refused as covered, and accepted again without it."""
    stream = Stream()
    stream.desk.lay(draw_paper(kind, seed=1))
    assert stream.taken(2 * STILL_MS) == 1

    for _ in range(2):
        assert stream.taken(3 * STILL_MS, ON_PRINT.on) == 0
        assert stream.taken(3 * STILL_MS) == 0


def test_a_sheet_laid_with_a_finger_that_then_lets_go_is_taken_once() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("proof_letter", seed=1))

    assert stream.taken(3 * STILL_MS, Finger((0.12, 0.8), (-0.2, 0.9)).on) == 1
    assert stream.taken(3 * STILL_MS) == 0


def test_a_page_that_was_refused_does_not_make_the_sheets_before_it_new() -> None:
    stream = Stream()
    first, second = (draw_paper("application_form", seed=1, person=sample_person(number)) for number in (1, 2))
    stream.desk.lay(first)
    assert stream.taken(2 * STILL_MS) == 1
    stream.refuses = True
    stream.desk.lay(second)
    assert stream.taken(2 * STILL_MS) == 1

    stream.desk.lay(first)

    assert stream.taken(3 * STILL_MS) == 0


@pytest.mark.parametrize("kind", ["application_form", "household_register", "id_card", "social_security_card"])
def test_the_same_form_of_the_next_person_is_another_sheet(kind: str) -> None:
    """Compared coarsely, forms that differ in a name were one: 2 of 14, and the step said that it was taken."""
    stream = Stream()

    for number in range(4):
        stream.desk.lay(draw_paper(kind, seed=1, person=sample_person(40 + number)))
        assert stream.taken(2 * STILL_MS) == 1


def test_receipts_that_differ_in_one_short_name_are_two() -> None:
    stream = Stream()

    for number in (101, 102):  # 胡明晓, 梁明强: of three characters one is the same
        stream.desk.lay(draw_paper("medical_receipt", seed=2, person=sample_person(number)))
        assert stream.taken(2 * STILL_MS) == 1


def test_an_emblem_side_with_other_dates_is_taken_or_asked_about_and_never_said_to_be_taken() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("id_card_emblem", seed=1, person=sample_person(40)))
    assert stream.taken(2 * STILL_MS) == 1

    for number in range(41, 46):
        stream.desk.lay(draw_paper("id_card_emblem", seed=1, person=sample_person(number)))
        assert stream.taken(2 * STILL_MS) == 1 or stream.step() is Step.ALIKE


def test_what_was_laid_while_the_page_was_judged_is_taken() -> None:
    """Judging takes most of a second: what lies there after it may be the next sheet."""
    stream = Stream()
    stream.desk.lay(draw_paper("application_form", seed=1, person=sample_person(1)))
    stream.see(STILL_MS)
    assert stream.watcher.see(stream.desk.frame("preview"), stream.now_ms + PERIOD_MS).take
    photograph = stream.desk.frame("photograph")
    stream.desk.lay(draw_paper("application_form", seed=1, person=sample_person(2)))
    stream.watcher.took(photograph, corners_in(photograph))
    stream.now_ms += 4 * PERIOD_MS

    assert stream.taken(3 * STILL_MS) == 1


def test_a_hand_that_comes_and_goes_does_not_make_it_another_sheet() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("proof_letter", seed=1))
    assert stream.taken(2 * STILL_MS) == 1

    assert stream.taken(5 * PERIOD_MS, moving_hand) == 0

    assert stream.taken(3 * STILL_MS) == 0


def test_a_sheet_lifted_and_laid_again_is_not_taken_and_the_clerk_is_told() -> None:
    stream = Stream()
    sheet = draw_paper("proof_letter", seed=1)
    stream.desk.lay(sheet)
    assert stream.taken(2 * STILL_MS) == 1
    stream.desk.clear()
    stream.see(LIFTED_MS + 3 * PERIOD_MS)

    stream.desk.lay(sheet)

    assert stream.taken(3 * STILL_MS) == 0
    assert stream.step() is Step.ALIKE


def test_a_sheet_whose_page_was_given_up_is_taken_again_once_it_was_lifted() -> None:
    stream = Stream()
    sheet = draw_paper("proof_letter", seed=1)
    stream.desk.lay(sheet)
    assert stream.taken(2 * STILL_MS) == 1

    stream.watcher.forget()
    assert stream.taken(3 * STILL_MS, ON_PRINT.on) + stream.taken(3 * STILL_MS) == 0
    stream.desk.clear()
    stream.see(LIFTED_MS + 3 * PERIOD_MS)
    stream.desk.lay(sheet)

    assert stream.taken(2 * STILL_MS) == 1


def test_a_refused_sheet_is_taken_again_once_something_has_changed_and_once_kept_no_more() -> None:
    stream = Stream()
    stream.refuses = True
    stream.desk.lay(draw_paper("proof_letter", seed=1))
    assert stream.taken(2 * STILL_MS) == 1
    assert stream.taken(3 * STILL_MS) == 0
    assert stream.step() is Step.REFUSED

    assert stream.taken(PERIOD_MS, moving_hand) + stream.taken(3 * STILL_MS) == 1
    stream.watcher.kept()

    assert stream.taken(PERIOD_MS, moving_hand) + stream.taken(3 * STILL_MS) == 0


def test_a_sheet_that_gave_no_photograph_is_asked_for_again() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("proof_letter", seed=1))
    stream.see(STILL_MS)
    assert stream.watcher.see(stream.desk.frame("preview"), stream.now_ms + PERIOD_MS).take

    stream.watcher.again()

    assert stream.taken(2 * STILL_MS + PERIOD_MS) == 1


def test_what_is_declined_says_why_until_something_has_changed() -> None:
    stream = Stream()
    stream.desk.lay(draw_paper("proof_letter", seed=1))
    stream.see(STILL_MS)
    stream.watcher.decline(Step.TICKET)

    assert stream.taken(3 * STILL_MS) == 0
    assert stream.step() is Step.TICKET


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

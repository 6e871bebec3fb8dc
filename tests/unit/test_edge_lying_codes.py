"""A code under the camera is told once while it lies there: a frame that misses it is no second laying."""

from __future__ import annotations

from collections.abc import Sequence

from edge.lying_codes import LyingCodes

A, B = "OW1A/", "OW1B/"


class Desk:
    """Looks at a desk, some time apart each."""

    def __init__(self) -> None:
        self.codes = LyingCodes()
        self.now = 100.0
        self.bare_looks = 0

    def look(self, *texts: str, bare: bool = False, after: float = 0.8) -> Sequence[tuple[str, bool]]:
        self.now += after

        def is_bare() -> bool:
            self.bare_looks += 1
            return bare

        return self.codes.look(texts, self.now, is_bare=is_bare)


def test_a_code_that_one_frame_misses_is_told_once() -> None:
    desk = Desk()

    assert [desk.look(A), desk.look(), desk.look(A), desk.look(A)] == [[(A, False)], [], [], []]


def test_a_code_that_was_hidden_for_two_seconds_is_told_again_as_one_that_may_have_lain_there_since() -> None:
    desk = Desk()
    desk.look(A)
    for _ in range(2):
        desk.look()

    assert desk.look(A, after=0.8) == [(A, True)]
    assert desk.look(A) == []


def test_a_code_that_was_lifted_off_a_bare_desk_is_new_when_it_is_laid_anew() -> None:
    desk = Desk()
    desk.look(A)
    desk.look(bare=True)
    desk.look(bare=True, after=0.3)

    assert desk.look(A, after=0.3) == [(A, False)]


def test_one_bare_look_is_not_believed() -> None:
    desk = Desk()
    desk.look(A)
    desk.look(bare=True)
    desk.look()
    desk.look(bare=True)

    assert desk.look(A) == [(A, True)]


def test_a_second_code_beside_the_first_is_told_and_the_first_is_not() -> None:
    desk = Desk()
    desk.look(A)

    assert desk.look(A, B) == [(B, False)]


def test_what_lay_there_before_it_was_awaited_is_told_once_more() -> None:
    desk = Desk()
    desk.look(A)
    desk.codes.tell_again()

    assert [desk.look(A), desk.look(A)] == [[(A, True)], []]


def test_whether_the_desk_is_bare_is_asked_only_while_a_code_may_have_been_lifted() -> None:
    desk = Desk()
    desk.look(bare=True)
    desk.look(A)
    assert desk.bare_looks == 0
    for _ in range(5):
        desk.look(bare=True)

    assert desk.bare_looks == 2


def test_no_code_is_kept_as_text_and_not_more_than_a_desk_holds() -> None:
    desk = Desk()
    for number in range(100):
        desk.look(f"OW1{number}/")

    assert len(desk.codes._seen_at) == 16
    assert all(isinstance(kept, bytes) and len(kept) == 32 for kept in desk.codes._seen_at)

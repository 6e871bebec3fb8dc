"""Slow counts are kept: a page never waits for one, and what is quick is always fresh."""

from __future__ import annotations

import threading
import time

import pytest

from central.web.kept import REST, REST_SECONDS_MAX, Kept


class HandClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def settled(kept: Kept[int], day: str = "today") -> int | None:
    """Look, and wait until a count that the look began has ended."""
    kept.newest(day)
    if kept._counting is not None:
        kept._counting.join(5)
    return kept._of(day)


def test_a_quick_count_is_there_at_the_first_look_and_fresh_at_the_next() -> None:
    numbers = iter(range(10))
    clock = HandClock()
    kept = Kept(lambda day: next(numbers), monotonic=clock)

    assert settled(kept) == 0
    assert settled(kept) == 1


def test_a_slow_count_keeps_nobody_waiting() -> None:
    go_on = threading.Event()
    kept = Kept(lambda day: int(go_on.wait(5)))

    began = time.monotonic()
    first = kept.newest("today")
    took = time.monotonic() - began
    go_on.set()

    assert first is None
    assert took < 1.0
    assert settled(kept) == 1


def test_after_a_slow_count_there_is_rest_in_proportion() -> None:
    clock = HandClock()
    counted = []

    def count(day: str) -> int:
        clock.seconds += 1.0
        counted.append(day)
        return len(counted)

    kept = Kept(count, monotonic=clock)
    settled(kept)

    clock.seconds += REST - 1
    still = settled(kept)
    clock.seconds += 1
    again = settled(kept)

    assert (still, again) == (1, 2)


def test_the_rest_has_a_bound() -> None:
    clock = HandClock()

    def count(day: str) -> int:
        clock.seconds += 1000.0
        return int(clock.seconds)

    kept = Kept(count, monotonic=clock)
    settled(kept)
    clock.seconds += REST_SECONDS_MAX

    assert settled(kept) == 2060


def test_another_day_is_counted_at_once() -> None:
    kept = Kept(lambda day: {"today": 1, "tomorrow": 2}[day])
    settled(kept, "today")

    assert settled(kept, "tomorrow") == 2


def test_a_count_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def count(day: str) -> int:
        tries.append(day)
        if len(tries) == 1:
            raise OSError("the database is locked")
        return 7

    kept = Kept(count)

    assert settled(kept) is None
    assert settled(kept) == 7
    assert "tried again" in caplog.text

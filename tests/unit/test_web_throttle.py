"""A door may be tried a few times at once, then slower and slower, and is soon forgotten."""

from __future__ import annotations

import pytest

from central.web.throttle import FORGET_MS, FREE_TRIES, NAMES_MAX, WAIT_MS, WAIT_MS_MAX, Throttle


def test_the_first_tries_are_free_and_the_next_must_wait() -> None:
    throttle = Throttle()

    waits = []
    for _ in range(FREE_TRIES + 2):
        waits.append(throttle.wait_ms("somebody", now_ms=0))
        throttle.failed("somebody", now_ms=0)

    assert waits[:FREE_TRIES] == [0] * FREE_TRIES
    assert waits[FREE_TRIES:] == [WAIT_MS, 2 * WAIT_MS]


def test_the_wait_has_a_bound_and_ends() -> None:
    throttle = Throttle()
    for _ in range(60):
        throttle.failed("somebody", now_ms=0)

    assert throttle.wait_ms("somebody", now_ms=0) == WAIT_MS_MAX
    assert throttle.wait_ms("somebody", now_ms=WAIT_MS_MAX) == 0


def test_nobody_else_waits_for_it() -> None:
    throttle = Throttle()
    for _ in range(20):
        throttle.failed("somebody", now_ms=0)

    assert throttle.wait_ms("a colleague", now_ms=0) == 0


@pytest.mark.parametrize("after_ms", [FORGET_MS, 10 * FORGET_MS])
def test_failures_are_forgotten(after_ms: int) -> None:
    throttle = Throttle()
    for _ in range(20):
        throttle.failed("somebody", now_ms=0)

    throttle.failed("somebody", now_ms=after_ms)

    assert throttle.wait_ms("somebody", now_ms=after_ms) == 0


def test_success_forgets_at_once() -> None:
    throttle = Throttle()
    for _ in range(20):
        throttle.failed("somebody", now_ms=0)

    throttle.succeeded("somebody")

    assert throttle.wait_ms("somebody", now_ms=0) == 0


def test_invented_names_do_not_fill_the_memory() -> None:
    throttle = Throttle()

    for number in range(NAMES_MAX + 50):
        throttle.failed(f"name {number}", now_ms=0)

    assert len(throttle._failures) == NAMES_MAX

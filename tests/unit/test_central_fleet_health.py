"""Who has just come and is greeted; what changed and is written."""

from __future__ import annotations

from broker.messages import UnitState
from central.fleet.health import GREET_MS, Health


def test_a_unit_is_greeted_when_it_comes_comes_back_or_was_started_anew() -> None:
    health = Health()

    assert health.heard("w1", UnitState(alive=True, boot=1), now_ms=0)
    assert not health.heard("w1", UnitState(alive=True, boot=1), now_ms=10_000)
    assert not health.heard("w1", UnitState(alive=False), now_ms=20_000)
    assert health.heard("w1", UnitState(alive=True, boot=1), now_ms=30_000)
    assert health.heard("w1", UnitState(alive=True, boot=2), now_ms=40_000)


def test_a_unit_that_flaps_is_not_greeted_all_the_time() -> None:
    health = Health()
    health.heard("w1", UnitState(alive=True, boot=1), now_ms=0)

    assert not health.heard("w1", UnitState(alive=True, boot=2), now_ms=GREET_MS - 1)
    assert health.heard("w1", UnitState(alive=True, boot=2), now_ms=GREET_MS)


def test_a_last_will_greets_nobody() -> None:
    assert not Health().heard("w1", UnitState(alive=False), now_ms=0)


def test_after_central_itself_was_away_everybody_is_greeted_again() -> None:
    health = Health()
    health.heard("w1", UnitState(alive=True, boot=1), now_ms=0)
    health.all_away()

    assert health.heard("w1", UnitState(alive=True, boot=1), now_ms=10_000)
    assert not health.heard("w1", UnitState(alive=True, boot=1), now_ms=20_000)

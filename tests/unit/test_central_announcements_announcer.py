"""Calls: sent until shown, in order, and never beyond their time."""

from __future__ import annotations

from broker.messages import CallPurpose
from central.announcements.announcer import FIRST_REPEAT_MS, OPEN_MAX, REPEAT_MS_MAX, Announcer, call_message
from central.ledger.work import CallRecord


def a_call(counter: int, *, expires_at_ms: int = 300_000) -> CallRecord:
    return CallRecord(
        counter=counter,
        call_id=f"01a209e4-dcf7-75ba-b494-{counter:012}",
        ticket="A6027",
        day="2026-11-23",
        group="A",
        window=3,
        purpose=CallPurpose.INTAKE,
        text="请A6027号到3号窗口办理业务",
        called_at_ms=0,
        expires_at_ms=expires_at_ms,
        count=1,
        case_number="",
        service_item="",
        priority_turn=False,
    )


def sent(announcer: Announcer, now_ms: int) -> list[tuple[str, int]]:
    return [(each.unit, each.call.counter) for each in announcer.due(now_ms)]


def test_a_call_goes_at_once_to_every_unit_that_shows_it() -> None:
    announcer = Announcer()
    announcer.call(a_call(5), ["w3", "board"], now_ms=0)

    assert sent(announcer, 0) == [("w3", 5), ("board", 5)]
    assert sent(announcer, FIRST_REPEAT_MS - 1) == []


def test_it_is_sent_again_ever_more_slowly_until_it_is_shown() -> None:
    announcer = Announcer()
    announcer.call(a_call(5), ["w3"], now_ms=0)

    times = [now for now in range(0, 60_000, 100) if sent(announcer, now)]
    waits = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    announcer.shown(a_call(5).call_id, "w3")

    assert waits[:3] == [2000, 4000, 8000]
    assert max(waits) <= REPEAT_MS_MAX
    assert sent(announcer, 100_000) == []


def test_one_unit_having_shown_it_does_not_silence_the_other() -> None:
    announcer = Announcer()
    announcer.call(a_call(5), ["w3", "board"], now_ms=0)
    sent(announcer, 0)
    announcer.shown(a_call(5).call_id, "w3")

    assert sent(announcer, FIRST_REPEAT_MS) == [("board", 5)]


def test_a_younger_call_takes_the_older_ones_along_in_order() -> None:
    announcer = Announcer()
    announcer.call(a_call(5), ["board"], now_ms=0)
    sent(announcer, 0)
    announcer.call(a_call(7), ["board"], now_ms=100)

    assert sent(announcer, 100) == [("board", 5), ("board", 7)]


def test_calls_handed_in_out_of_order_go_out_in_order() -> None:
    announcer = Announcer()
    announcer.call(a_call(7), ["board"], now_ms=0)
    announcer.call(a_call(5), ["board"], now_ms=0)

    assert sent(announcer, 0) == [("board", 5), ("board", 7)]


def test_what_is_older_than_a_shown_call_is_not_sent_again() -> None:
    announcer = Announcer()
    for counter in (5, 7, 9):
        announcer.call(a_call(counter), ["board"], now_ms=0)
    announcer.shown(a_call(7).call_id, "board")

    assert sent(announcer, 0) == [("board", 9)]


def test_an_expired_call_is_never_sent() -> None:
    announcer = Announcer()
    announcer.call(a_call(5, expires_at_ms=1000), ["w3"], now_ms=0)
    announcer.call(a_call(6, expires_at_ms=1000), ["w3"], now_ms=1000)

    assert sent(announcer, 1000) == []


def test_a_unit_that_connects_gets_its_open_calls_at_once() -> None:
    announcer = Announcer()
    announcer.call(a_call(5), ["w3"], now_ms=0)
    sent(announcer, 0)
    announcer.connected("w3", now_ms=500)

    assert sent(announcer, 500) == [("w3", 5)]


def test_the_same_call_is_taken_on_once_and_the_line_is_bounded() -> None:
    announcer = Announcer()
    for counter in [1, 1, *range(2, OPEN_MAX + 10)]:
        announcer.call(a_call(counter), ["w3"], now_ms=0)

    numbers = [counter for _, counter in sent(announcer, 0)]
    assert numbers == list(range(10, OPEN_MAX + 10))


def test_showing_an_unknown_call_changes_nothing() -> None:
    announcer = Announcer()
    announcer.call(a_call(5), ["w3"], now_ms=0)
    announcer.shown("another", "w3")
    announcer.shown(a_call(5).call_id, "stranger")

    assert sent(announcer, 0) == [("w3", 5)]


def test_a_call_travels_with_its_entrys_number() -> None:
    assert call_message(a_call(5)).counter == 5

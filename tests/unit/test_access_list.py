"""The access list says what topics.py says: no more, no less."""

from __future__ import annotations

from broker.access import render_acl
from broker.topics import Down, UnitId, Up, all_down, down, up


def _lines() -> list[str]:
    return [line for line in render_acl().splitlines() if line and not line.startswith("#")]


def test_a_unit_writes_its_own_up_topics_and_reads_its_own_down_topics() -> None:
    patterns = [line for line in _lines() if line.startswith("pattern ")]

    expected = [f"pattern write {up(UnitId('abc'), family)}".replace("abc", "%u") for family in Up]
    expected += [f"pattern read {down(UnitId('abc'), family)}".replace("abc", "%u") for family in Down]
    assert patterns == expected


def test_only_central_is_named_and_it_cannot_speak_as_a_unit() -> None:
    lines = _lines()

    assert [line for line in lines if line.startswith("user ")] == ["user central"]
    own = lines[lines.index("user central") + 1 :]
    assert "topic read ow/1/+/up/#" in own
    assert not [line for line in own if "write" in line and "/up/" in line]


def test_nothing_may_be_read_and_written_by_one_rule() -> None:
    assert not [line for line in _lines() if "readwrite" in line]
    assert not [line for line in _lines() if line.startswith("pattern") and "%u" not in line]


def test_what_a_unit_subscribes_to_covers_all_that_it_may_read() -> None:
    subscription = all_down(UnitId("abc")).removesuffix("#")

    assert all(down(UnitId("abc"), family).startswith(subscription) for family in Down)

"""Whose turn it is: lanes and groups, as tables and as properties that hold for every queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.queue.policy import Head, Turn, choose, turns_needed
from central.queue.settings import GroupOrder, QueueSettings, QueueSettingsRefused

SETTINGS = QueueSettings()
ARRIVAL = QueueSettings(group_order=GroupOrder.ARRIVAL)


def ordinary(group: str, place: int) -> Head:
    return Head(f"{group}{6000 + place}", group, False, place)


def priority(group: str, place: int) -> Head:
    return Head(f"{group}{6000 + place}", group, True, place)


def turns(spelt: str) -> list[Turn]:
    """Spell turns newest first: "a B" is an ordinary turn of A, before it a priority turn of B."""
    return [Turn(letter.upper(), letter.isupper()) for letter in spelt.split()]


def chosen(heads: list[Head], spelt: str = "", settings: QueueSettings = SETTINGS) -> str | None:
    head = choose(heads, turns(spelt), settings)
    return None if head is None else head.ticket


def test_nobody_waits() -> None:
    assert chosen([]) is None


def test_the_only_one_is_called() -> None:
    assert chosen([ordinary("A", 1)]) == "A6001"


@pytest.mark.parametrize(
    ("gone_by", "called"),
    [
        ("", "A6009"),  # the day begins: priority first
        ("a", "A6009"),  # none of priority yet today
        ("a a a", "A6009"),
        ("A", "A6001"),  # just had one
        ("a A", "A6001"),
        ("a a A", "A6009"),  # two ordinary since
        ("a a a A", "A6009"),
    ],
)
def test_one_priority_number_to_two_ordinary(gone_by: str, called: str) -> None:
    assert chosen([ordinary("A", 1), priority("A", 9)], gone_by) == called


def test_a_priority_number_alone_does_not_wait_for_ordinary_ones() -> None:
    assert chosen([priority("A", 9)], "A A A") == "A6009"


def test_an_ordinary_number_alone_does_not_wait_either() -> None:
    assert chosen([ordinary("A", 1)], "a a a") == "A6001"


def test_the_ratio_is_a_setting() -> None:
    heads = [ordinary("A", 1), priority("A", 9)]

    assert chosen(heads, "a A", QueueSettings(priority_ratio=1)) == "A6009"
    assert chosen(heads, "a a A", QueueSettings(priority_ratio=3)) == "A6001"


@pytest.mark.parametrize(
    ("gone_by", "called"),
    [
        ("", "A6001"),  # who came first
        ("a", "B6050"),
        ("b a", "C6090"),
        ("c b a", "A6001"),
        ("a c b a", "B6050"),
        ("B a", "B6050"),  # a priority turn is not the group's turn in this lane
    ],
)
def test_the_groups_take_turns(gone_by: str, called: str) -> None:
    assert chosen([ordinary("A", 1), ordinary("B", 50), ordinary("C", 90)], gone_by) == called


def test_by_arrival_the_first_come_is_first_whatever_the_group() -> None:
    assert chosen([ordinary("B", 2), ordinary("A", 3)], "b b b", ARRIVAL) == "B6002"


@pytest.mark.parametrize(
    "wrong",
    [
        {"priority_ratio": 0},
        {"priority_ratio": 21},
        {"recalls_max": -1},
        {"recalls_max": 10},
        {"recall_gap_seconds": 601},
        {"reentry_places": 0},
        {"reentry_places": 51},
        {"reentries_max": 10},
        {"call_seconds": 9},
        {"call_seconds": 3601},
    ],
)
def test_a_setting_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(QueueSettingsRefused, match=next(iter(wrong))):
        QueueSettings(**wrong)  # type: ignore[arg-type]


queues = st.dictionaries(
    st.tuples(st.sampled_from("ABCD"), st.booleans()), st.integers(min_value=1, max_value=12), min_size=1
)


@given(queues, st.integers(min_value=1, max_value=4), st.sampled_from(list(GroupOrder)))
def test_every_number_is_called_once_and_within_its_bound(
    lengths: dict[tuple[str, bool], int], ratio: int, order: GroupOrder
) -> None:
    settings = QueueSettings(priority_ratio=ratio, group_order=order)
    waiting = {queue: list(range(length)) for queue, length in lengths.items()}
    gone_by: list[Turn] = []
    groups = len({group for group, _ in lengths})

    lane_turns = {True: 0, False: 0}
    while any(waiting.values()):
        heads = [Head(f"{group}{left[0]}", group, lane, left[0]) for (group, lane), left in waiting.items() if left]
        head = choose(heads, gone_by[: turns_needed(groups, settings)], settings)
        assert head is not None
        position = waiting[head.group, head.priority].pop(0)
        gone_by.insert(0, Turn(head.group, head.priority))
        lane_turns[head.priority] += 1
        if order is GroupOrder.TURNS:
            assert lane_turns[head.priority] <= (position + 1) * groups
    assert len(gone_by) == sum(lengths.values())


@given(queues, st.integers(min_value=1, max_value=4))
def test_neither_lane_waits_longer_than_its_share_while_both_have_people(
    lengths: dict[tuple[str, bool], int], ratio: int
) -> None:
    settings = QueueSettings(priority_ratio=ratio)
    waiting = dict(lengths)
    gone_by: list[Turn] = []

    while any(waiting.values()):
        lanes = {lane for (_, lane), left in waiting.items() if left}
        heads = [Head(group, group, lane, 0) for (group, lane), left in waiting.items() if left]
        head = choose(heads, gone_by, settings)
        assert head is not None
        recent = [turn.priority for turn in gone_by[:ratio]]
        if len(lanes) == 2:
            assert not (head.priority and True in recent)  # never two priority turns within the ratio
            assert head.priority or True in recent  # and never more than the ratio without one
        waiting[head.group, head.priority] -= 1
        gone_by.insert(0, Turn(head.group, head.priority))

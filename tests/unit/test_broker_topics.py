"""A topic is made and read in one place; whatever else comes is none of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import topics
from broker.errors import TopicRefused
from broker.topics import Down, DownTopic, Up, UpTopic


@pytest.mark.parametrize("family", list(Up))
def test_what_a_unit_says_is_read_back(family: Up) -> None:
    unit = topics.unit_id("shuangjing-w3")

    assert topics.read_up(topics.up(unit, family)) == UpTopic(unit, family)
    with pytest.raises(TopicRefused):
        topics.read_down(topics.up(unit, family))


@pytest.mark.parametrize("family", list(Down))
def test_what_is_said_to_a_unit_is_read_back(family: Down) -> None:
    unit = topics.board_of("shuangjing")

    assert topics.read_down(topics.down(unit, family)) == DownTopic(unit, family)
    with pytest.raises(TopicRefused):
        topics.read_up(topics.down(unit, family))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "a" * 33,
        "-ab",
        "ab-",
        "Ab1",
        "a b",
        "a/b",
        "a+b",
        "w#1",
        "w1\n",
        "窗口1",
        "central",
        "w.1",
        "a\x00b",
        None,
    ],
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(TopicRefused):
        topics.unit_id(name)


@pytest.mark.parametrize("name", ["abc", "a" * 32, "w-1", "000"])
def test_a_name_at_its_bounds_is_one(name: str) -> None:
    assert topics.unit_id(name) == name


@pytest.mark.parametrize(
    "topic",
    [
        "ow/1/w-1/up", "ow/1/w-1/up/packet/x", "ow/2/w-1/up/packet", "ow/1/w-1/up/call", "ow/1/w-1/down/packet",
        "ow/1/+/up/packet", "ow/1/../up/packet", "/ow/1/w-1/up/packet", "$SYS/x", "ow/1/central/up/packet",
        "ow/1/w-1/up/",
    ],
)  # fmt: skip
def test_a_topic_that_is_none_is_refused(topic: str) -> None:
    for read in (topics.read_up, topics.read_down):
        with pytest.raises(TopicRefused):
            read(topic)


@given(st.text(max_size=200))
def test_hostile_topics_are_refused(topic: str) -> None:
    with pytest.raises(TopicRefused):
        topics.read_up(topic)
    with pytest.raises(TopicRefused):
        topics.unit_id(topic + "/")

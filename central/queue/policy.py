"""Whose turn it is. Pure: the heads of the queues and the turns gone by come in, one head goes out.

Two rules, one after the other, and each starves nobody (ADR 0040):

1. Lane: after `priority_ratio` ordinary turns one priority turn is due; a lane that is alone is served at once.
2. Group: in that lane the group whose last turn lies furthest back, or who came first (`GroupOrder`).

So with G groups a ticket with k before it in its own queue is called within (k + 1) * G turns of its lane, however
many come to the other groups; test_central_queue_story.py holds the bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from central.queue.settings import GroupOrder, QueueSettings


@dataclass(frozen=True, slots=True)
class Head:
    """The first of one queue: the waiting ticket of this group and lane with the lowest place."""

    ticket: str
    group: str
    priority: bool
    place: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A first call that was made."""

    group: str
    priority: bool


def choose(heads: Sequence[Head], turns: Sequence[Turn], settings: QueueSettings) -> Head | None:
    """Return the head to call, or None when nobody waits.

    Args:
        heads: one for each queue that is not empty, in any order.
        turns: the day's turns, newest first; at least `turns_needed` of them if there are so many.
    """
    lane = [head for head in heads if head.priority is _is_priority_due(heads, turns, settings)]
    if not lane:
        return None
    if settings.group_order is GroupOrder.ARRIVAL:
        return min(lane, key=lambda head: (head.place, head.ticket))
    last = _last_turns([turn for turn in turns if turn.priority is lane[0].priority])
    longest_ago = len(turns)
    # The newest turn has the lowest index: the group that waits longest since its turn has the highest.
    return min(lane, key=lambda head: (-last.get(head.group, longest_ago), head.place, head.ticket))


def turns_needed(groups: int, settings: QueueSettings) -> int:
    """Return how many turns back `choose` looks: enough for every group to have had one in either lane."""
    return max(groups, 1) * (settings.priority_ratio + 1)


def _is_priority_due(heads: Sequence[Head], turns: Sequence[Turn], settings: QueueSettings) -> bool:
    if not any(head.priority for head in heads):
        return False
    if all(head.priority for head in heads):
        return True
    ordinary_run = next((index for index, turn in enumerate(turns) if turn.priority), None)
    return ordinary_run is None or ordinary_run >= settings.priority_ratio


def _last_turns(turns: Sequence[Turn]) -> dict[str, int]:
    """Return group -> how many turns ago it had its last; 0 is the newest."""
    last: dict[str, int] = {}
    for index, turn in enumerate(turns):
        last.setdefault(turn.group, index)
    return last

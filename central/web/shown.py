"""What stands on a screen, computed: masked people, due days in words, ages, local times.

Pure: rows and the time come in, short texts go out. How people are masked: `central.cases.masking`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from broker.messages import Resident
from central.cases.masking import mask_name, mask_number

_WEEKDAYS: Final = "一二三四五六日"
UNCOLLECTED_WARN_DAYS: Final = 7
UNCOLLECTED_BAD_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Person:
    """A resident as a list may show them."""

    name: str
    id_number: str


ERASED: Final = Person("已销毁", "—")
DAMAGED: Final = Person("档案损坏", "—")


def masked(resident: Resident | None) -> Person:
    """Return 张*三 and 110105********1234; an erased resident is named so."""
    return ERASED if resident is None else Person(mask_name(resident.name), mask_number(resident.id_number))


@dataclass(frozen=True, slots=True)
class Due:
    """When something is to be ready, in words. `urgency`: overdue | today | soon | later | done."""

    urgency: str
    zh: str
    en: str
    date: str


def due(
    *, kind: str, due_on: str, provisional: bool, state: str, opened_on: date, today: date, soon_days: int = 2
) -> Due:
    """Return how near a promise is. A same-day case is due on the day it was opened."""
    day = date.fromisoformat(due_on) if due_on else opened_on
    shown_day = ("预计 " if provisional else "") + day_words(day)
    if state in {"ready", "closed"}:
        return Due("done", "已办出", "done", shown_day)
    if state == "correction":
        return Due("later", "等待补正", "clock stopped", shown_day)
    left = (day - today).days
    if left < 0:
        return Due("overdue", f"已超期 {-left} 天", f"{-left} d overdue", shown_day)
    if left == 0:
        return Due("today", "当日办结" if kind == "same_day" else "今天到期", "due today", shown_day)
    urgency = "soon" if left <= soon_days else "later"
    return Due(urgency, "明天到期" if left == 1 else f"还有 {left} 天", f"{left} d left", shown_day)


def waiting_since(at_ms: int, now_ms: int) -> str:
    """Return how long something has waited: 12 分钟, 3 小时, 5 天."""
    minutes = max(0, now_ms - at_ms) // 60_000
    if minutes < 1:
        return "刚刚"
    if minutes < 60:
        return f"{minutes} 分钟"
    if minutes < 48 * 60:
        return f"{minutes // 60} 小时"
    return f"{minutes // (24 * 60)} 天"


def uncollected_tone(ready_at_ms: int, now_ms: int) -> str:
    """Return the tone of a result that nobody has fetched: it ages visibly."""
    days = (now_ms - ready_at_ms) // 86_400_000
    if days >= UNCOLLECTED_BAD_DAYS:
        return "bad"
    return "warn" if days >= UNCOLLECTED_WARN_DAYS else ""


def day_words(day: date) -> str:
    return f"{day.month}月{day.day}日 周{_WEEKDAYS[day.weekday()]}"


class HallTime:
    """The hall's own time: the only place where UTC milliseconds become a clock on a wall."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(self._zone)

    def day(self, at_ms: int) -> date:
        return self.local(at_ms).date()

    def clock(self, at_ms: int) -> str:
        """Return 14:05."""
        return self.local(at_ms).strftime("%H:%M")

    def clock_seconds(self, at_ms: int) -> str:
        return self.local(at_ms).strftime("%H:%M:%S")

    def moment(self, at_ms: int) -> str:
        """Return 11-23 14:05."""
        return self.local(at_ms).strftime("%m-%d %H:%M")

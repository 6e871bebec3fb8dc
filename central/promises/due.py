"""By when: the due day of a promise, counted as the law counts.

Comes from cases (acceptance time, promised days) and calendar.py; goes into `CaseOpened` and onto the receipt.
Day 1 is the working day after acceptance (Civil Code art. 201, Administrative Licensing Law art. 82), the promise is
due at the close of the last. What is accepted after closing or on a day of rest counts as accepted on the next working
day: our choice (ADR 0041), to be confirmed with the hall.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from broker.errors import Refused, require
from central.catalogue.items import PROMISE_DAYS_MAX
from central.promises.calendar import WorkingCalendar

_SEARCH_DAYS_MAX: Final = 4000  # a calendar with no working day in ten years is a mistake, not a calendar


class PromiseRefused(Refused):
    """These days cannot be promised. Nothing was changed."""

    code = "promise-refused"
    notice = "承诺时限算不出来：请管理员检查事项的承诺天数和工作日历。"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeHours:
    """When a day ends at the counter. Times are the hall's own."""

    timezone: str = "Asia/Shanghai"
    closes: time = time(17, 0)

    def local(self, at_ms: int) -> datetime:
        """Return the hall's own time of a Unix time in milliseconds."""
        return datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(ZoneInfo(self.timezone))

    def day(self, at_ms: int) -> date:
        """Return the hall day of a Unix time in milliseconds."""
        return self.local(at_ms).date()

    def closing_ms(self, day: date) -> int:
        """Return when that day closes, as Unix time in milliseconds: a promise is kept until then."""
        return round(datetime.combine(day, self.closes, ZoneInfo(self.timezone)).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Promise:
    """What the slip says: ready by the close of `due_on`; `provisional` is printed 预计."""

    due_on: date
    provisional: bool


def acceptance_day(accepted_at_ms: int, hours: OfficeHours, calendar: WorkingCalendar) -> date:
    """Return the working day that the acceptance counts for. Closing time itself still belongs to the day."""
    local = hours.local(accepted_at_ms)
    if calendar.is_working(local.date()) and local.time() <= hours.closes:
        return local.date()
    return next_working_day(local.date(), calendar)


def promise(accepted_at_ms: int, working_days: int, hours: OfficeHours, calendar: WorkingCalendar) -> Promise:
    """Return the due day, `working_days` after the acceptance day.

    Provisional as soon as one day between acceptance and due day is a guess.

    Args:
        accepted_at_ms: central's clock when the packet entered the ledger.
        working_days: 1 to PROMISE_DAYS_MAX.

    Raises:
        PromiseRefused: the days are out of range, or the calendar has no working day left.
    """
    require(1 <= working_days <= PROMISE_DAYS_MAX, f"a promise is 1 to {PROMISE_DAYS_MAX} working days", PromiseRefused)
    day = acceptance_day(accepted_at_ms, hours, calendar)
    for _ in range(working_days):
        day = next_working_day(day, calendar)
    first = hours.day(accepted_at_ms)
    passed = (first + timedelta(days=offset) for offset in range((day - first).days + 1))
    return Promise(day, provisional=not all(calendar.is_certain(each) for each in passed))


def next_working_day(day: date, calendar: WorkingCalendar) -> date:
    """Return the first working day after `day`.

    Raises:
        PromiseRefused: there is none within _SEARCH_DAYS_MAX days.
    """
    for offset in range(1, _SEARCH_DAYS_MAX):
        candidate = day + timedelta(days=offset)
        if calendar.is_working(candidate):
            return candidate
    raise PromiseRefused(f"the calendar has no working day within {_SEARCH_DAYS_MAX} days")

"""The hall's calendar in the book: read it, see what a change would do, enter the change and every promise it moves.

The administrator's table is one setting, `calendar`: days set by hand and years whose table is complete. It lies over
the State Council's table of calendar.py and is never mixed into it. Goes to the ledger as `SettingsChanged` and one
`PromiseRecomputed` a promise, in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import msgspec

from broker.errors import Refused, require
from central.ledger.facts import PromiseRecomputed, SettingsChanged
from central.ledger.work import UnitOfWork
from central.promises.calendar import WorkingCalendar
from central.promises.due import OfficeHours, Promise
from central.promises.recompute import OpenPromise, PromiseChange, recompute

SETTING: Final = "calendar"
OVERRIDES_MAX: Final = 2000
_REST_DAYS_MAX: Final = 60  # in one year, set by hand: more is a slip of the hand
_BATCH: Final = 500

log = logging.getLogger(__name__)


class CalendarRefused(Refused):
    """The calendar's change breaks a rule. The calendar in force stays."""

    code = "calendar-refused"
    notice = "工作日历没有更改：日期或天数不合规则，请检查后重新填写。"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarTable:
    """What the administrator has set: day -> works or rests, and years whose table is complete."""

    days: Mapping[date, bool] = field(default_factory=dict)
    confirmed_years: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require(len(self.days) <= OVERRIDES_MAX, f"at most {OVERRIDES_MAX} days are set by hand", CalendarRefused)
        years = {day.year for day in self.days} | set(self.confirmed_years)
        require(all(2000 <= year <= 2099 for year in years), "a calendar's years are 2000 to 2099", CalendarRefused)
        for year in years:
            rests = sum(1 for day, works in self.days.items() if day.year == year and not works)
            require(rests <= _REST_DAYS_MAX, f"at most {_REST_DAYS_MAX} rests a year are set by hand", CalendarRefused)

    def with_day(self, day: date, works: bool | None) -> CalendarTable:
        """Return the table with that day set; None gives it back to the State Council's table."""
        days = {each: value for each, value in self.days.items() if each != day}
        if works is not None:
            days[day] = works
        return CalendarTable(days=dict(sorted(days.items())), confirmed_years=self.confirmed_years)

    def with_year(self, year: int) -> CalendarTable:
        """Return the table with that year confirmed as complete: its dates are no longer provisional."""
        years = tuple(sorted({*self.confirmed_years, year}))
        return CalendarTable(days=self.days, confirmed_years=years)

    def calendar(self) -> WorkingCalendar:
        return WorkingCalendar(dict(self.days), frozenset(self.confirmed_years))


def table_in_force(work: UnitOfWork) -> CalendarTable:
    text = work.settings.find(SETTING)
    return CalendarTable() if text is None else msgspec.json.decode(text, type=CalendarTable)


def calendar_in_force(work: UnitOfWork) -> WorkingCalendar:
    """Return the calendar by which promises are counted now."""
    return table_in_force(work).calendar()


def preview_calendar(table: CalendarTable, *, now_ms: int, work: UnitOfWork) -> tuple[PromiseChange, ...]:
    """Return what this table would do to the open promises. Nothing is changed."""
    today = hours_in_force(work).day(now_ms)
    return recompute(_open_promises(work), today, calendar_in_force(work), table.calendar())


def set_calendar(table: CalendarTable, *, actor: str, now_ms: int, work: UnitOfWork) -> tuple[PromiseChange, ...]:
    """Put the table in force and move the open promises; return what changed, old and new."""
    changes = preview_calendar(table, now_ms=now_ms, work=work)
    text = msgspec.json.encode(table).decode()
    work.append(SettingsChanged(name=SETTING, value=text), subject=SETTING, actor=actor)
    for change in changes:
        fact = PromiseRecomputed(
            case_id=change.case_id,
            old_due_on=change.old.due_on.isoformat(),
            new_due_on=change.new.due_on.isoformat(),
            provisional=change.new.provisional,
        )
        work.append(fact, subject=change.case_id, actor=actor)
    log.info("calendar changed: %d days set, %d promises moved", len(table.days), len(changes))
    return changes


def hours_in_force(work: UnitOfWork) -> OfficeHours:
    """Return the hall's hours: the setting `hours`, or 17:00 in Beijing."""
    text = work.settings.find("hours")
    return OfficeHours() if text is None else msgspec.json.decode(text, type=OfficeHours)


def _open_promises(work: UnitOfWork) -> Iterator[OpenPromise]:
    """Yield every promised case under way, a batch at a time."""
    after = ""
    while batch := work.cases.open_promises(after_case=after, limit=_BATCH):
        for case in batch:
            if case.due_on:
                promised = Promise(date.fromisoformat(case.due_on), case.due_provisional)
                yield OpenPromise(case_id=case.case_id, case_number=case.case_number, promised=promised)
        after = batch[-1].case_id

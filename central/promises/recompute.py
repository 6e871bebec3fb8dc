"""What a changed calendar does to the promises that are open: first to be seen, then to be entered.

Comes from the administrator's page (preview) and from changing.py (entered with the change itself). What is recounted
are the working days *still to go*: so it needs neither the item's days, which may have been edited since, nor where a
correction set the clock anew, and days gone by stay gone.

A date that the resident holds on paper is never moved earlier; only a later date is news for them (DOMAIN.md 3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from central.promises.calendar import WorkingCalendar
from central.promises.due import Promise, next_working_day


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPromise:
    """A promise not yet kept, as the book has it."""

    case_id: str
    case_number: str
    promised: Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseChange:
    """One promise that the new calendar moves or makes certain."""

    case_id: str
    case_number: str
    old: Promise
    new: Promise

    @property
    def is_later(self) -> bool:
        """Whether the resident has to be told."""
        return self.new.due_on > self.old.due_on


def recompute(
    open_promises: Iterable[OpenPromise], today: date, old: WorkingCalendar, new: WorkingCalendar
) -> tuple[PromiseChange, ...]:
    """Return what changes, in the order given; a promise that stays as it is does not appear."""
    changes = []
    for each in open_promises:
        counted = _recount(each.promised, today, old, new)
        if counted != each.promised:
            changes.append(
                PromiseChange(case_id=each.case_id, case_number=each.case_number, old=each.promised, new=counted)
            )
    return tuple(changes)


def _recount(promised: Promise, today: date, old: WorkingCalendar, new: WorkingCalendar) -> Promise:
    if promised.due_on <= today:
        return promised
    span = [today + timedelta(days=offset) for offset in range(1, (promised.due_on - today).days + 1)]
    day = today
    for _ in range(sum(map(old.is_working, span))):
        day = next_working_day(day, new)
    due_on = max(day, promised.due_on)
    while not new.is_working(due_on):  # the day on paper has become a day of rest: it rolls on (art. 203)
        due_on += timedelta(days=1)
    ahead = (today + timedelta(days=offset) for offset in range(1, (due_on - today).days + 1))
    return Promise(due_on, provisional=not all(map(new.is_certain, ahead)))

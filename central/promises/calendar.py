"""Which days the hall works: the State Council's calendar, the administrator's changes, and an honest guess beyond.

The table of known years comes from the package `chinesecalendar`, the administrator's changes from the ledger
(changing.py). Goes to due.py. Pure: a calendar never changes, a new table is a new one.

A year that nobody has announced yet is guessed, weekdays less the statutory days of fixed date, and every day of it is
*uncertain*. So are 29 to 31 December of the last known year: the next year's notice has moved them before (29 and 31
December 2018, 31 December 2011, in the package's own table).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final

from chinese_calendar.constants import holidays, workdays

_KNOWN_YEARS: Final = frozenset(day.year for day in holidays)
# Statutory days whose date never moves: New Year, Labour Day (two days since 2025), National Day (three).
_FIXED_RESTS: Final = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
_TAIL_FROM: Final = (12, 29)  # from here on the next year's notice may reach back


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The hall's working days.

    Attributes:
        overrides: a day the administrator has set: True for a working day, False for a day of rest. Always certain.
        confirmed_years: years whose table the administrator has completed by overrides: certain as they stand.
    """

    overrides: Mapping[date, bool] = field(default_factory=lambda: MappingProxyType({}))
    confirmed_years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Say whether the hall works that day; for an unknown year the best guess. Never fails."""
        set_by_hand = self.overrides.get(day)
        if set_by_hand is not None:
            return set_by_hand
        if day.year in _KNOWN_YEARS:
            # As the package's is_workday says it, which looks through the whole table for its bounds at every call.
            return day in workdays or (day.weekday() < 5 and day not in holidays)
        return day.weekday() < 5 and (day.month, day.day) not in _FIXED_RESTS

    def is_certain(self, day: date) -> bool:
        """Say whether `is_working` rests on an announced table and not on a guess."""
        if day in self.overrides or day.year in self.confirmed_years:
            return True
        if day.year not in _KNOWN_YEARS:
            return False
        reached_back = (day.month, day.day) >= _TAIL_FROM
        return not reached_back or self._is_known(day.year + 1)

    def last_certain_year(self) -> int:
        """Return the last year without a gap that is known: what the administrator is told."""
        year: int = max(_KNOWN_YEARS)
        while year + 1 in self.confirmed_years:
            year += 1
        return year

    def _is_known(self, year: int) -> bool:
        return year in _KNOWN_YEARS or year in self.confirmed_years

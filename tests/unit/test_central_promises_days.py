"""Promises in working days: the table of DOMAIN.md 3, the bounds of the day, and the year that nobody knows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.promises.calendar import WorkingCalendar
from central.promises.due import OfficeHours, Promise, PromiseRefused, acceptance_day, promise

HALL = ZoneInfo("Asia/Shanghai")
HOURS = OfficeHours()
CALENDAR = WorkingCalendar()


def at(day: str, clock: str = "10:00:00") -> int:
    """Return the hall's time as Unix milliseconds."""
    moment = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), HALL)
    return int(moment.timestamp() * 1000)


def due(day: str, working_days: int, clock: str = "10:00:00", calendar: WorkingCalendar = CALENDAR) -> Promise:
    return promise(at(day, clock), working_days, HOURS, calendar)


@pytest.mark.parametrize(
    ("accepted", "days", "due_on"),
    [
        ("2026-02-12", 3, "2026-02-24"),  # Spring Festival, with 14 and 28 February worked
        ("2026-02-13", 3, "2026-02-25"),
        ("2026-09-18", 3, "2026-09-22"),  # Sunday 20 September is worked: a weekday count would be too late
        ("2026-09-29", 3, "2026-10-09"),  # National Day
        ("2026-11-23", 20, "2026-12-21"),
    ],
)
def test_the_dates_of_the_known_year(accepted: str, days: int, due_on: str) -> None:
    assert due(accepted, days) == Promise(date.fromisoformat(due_on), provisional=False)


def test_a_promise_beyond_the_table_is_provisional_and_no_crash() -> None:
    answer = due("2026-11-23", 30)

    assert answer == Promise(date(2027, 1, 5), provisional=True)  # weekdays, 1 January out


@pytest.mark.parametrize("day", ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"])
def test_a_make_up_day_is_worked(day: str) -> None:
    assert date.fromisoformat(day).weekday() >= 5
    assert CALENDAR.is_working(date.fromisoformat(day))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-01-01", "2026-01-03"),
        ("2026-02-15", "2026-02-23"),
        ("2026-04-04", "2026-04-06"),
        ("2026-05-01", "2026-05-05"),
        ("2026-06-19", "2026-06-21"),
        ("2026-09-25", "2026-09-27"),
        ("2026-10-01", "2026-10-07"),
    ],
)
def test_the_holidays_of_2026_are_days_of_rest(first: str, last: str) -> None:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        assert not CALENDAR.is_working(day)
        day += timedelta(days=1)


def test_closing_time_itself_still_belongs_to_the_day() -> None:
    assert due("2026-11-23", 1, "17:00:00").due_on == date(2026, 11, 24)


def test_a_moment_after_closing_counts_as_the_next_working_day() -> None:
    assert due("2026-11-23", 1, "17:00:01").due_on == date(2026, 11, 25)


def test_before_opening_counts_as_the_day_itself() -> None:
    assert due("2026-11-23", 1, "00:00:00").due_on == date(2026, 11, 24)


def test_what_is_accepted_on_a_day_of_rest_counts_as_the_next_working_day() -> None:
    assert due("2026-11-21", 1).due_on == date(2026, 11, 24)  # Saturday counts as Monday


def test_after_closing_before_a_holiday_counts_from_the_day_after_it() -> None:
    assert due("2026-09-30", 1, "17:00:01").due_on == date(2026, 10, 9)


def test_the_hall_day_is_the_hall_s_own_and_not_utc() -> None:
    just_after_midnight = int(datetime(2026, 11, 23, 16, 30, tzinfo=UTC).timestamp() * 1000)

    assert HOURS.day(just_after_midnight) == date(2026, 11, 24)
    assert promise(just_after_midnight, 1, HOURS, CALENDAR).due_on == date(2026, 11, 25)


def test_other_closing_hours_are_a_setting() -> None:
    until_nine = OfficeHours(closes=time(21, 0))

    assert promise(at("2026-11-23", "20:00:00"), 1, until_nine, CALENDAR).due_on == date(2026, 11, 24)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_days_out_of_range_are_refused(days: int) -> None:
    with pytest.raises(PromiseRefused, match="1 to 366"):
        due("2026-11-23", days)


def test_the_longest_promise_is_counted() -> None:
    assert due("2026-11-23", 366).provisional


def test_a_calendar_without_a_working_day_is_refused_and_no_endless_search() -> None:
    start = date(2026, 11, 23)
    never = WorkingCalendar({start + timedelta(days=offset): False for offset in range(4001)})

    with pytest.raises(PromiseRefused, match="no working day"):
        due("2026-11-23", 1, calendar=never)


def test_in_the_unknown_year_only_the_days_of_fixed_date_rest() -> None:
    rests = [day for day in _days(2027) if day.weekday() < 5 and not CALENDAR.is_working(day)]

    assert rests == [date(2027, 1, 1), date(2027, 10, 1)]
    assert not CALENDAR.is_working(date(2028, 5, 1))
    assert not CALENDAR.is_working(date(2028, 5, 2))
    assert not CALENDAR.is_certain(date(2027, 6, 1))


def test_the_last_days_of_the_last_known_year_are_not_certain() -> None:
    """29 December 2018, a Saturday, was worked for the New Year of 2019: announced with the year after."""
    assert CALENDAR.is_certain(date(2026, 12, 28))
    assert not CALENDAR.is_certain(date(2026, 12, 29))
    assert CALENDAR.is_certain(date(2025, 12, 29))
    assert not due("2026-12-25", 1).provisional
    assert due("2026-12-25", 2).provisional


def test_a_day_set_by_hand_wins_over_every_table() -> None:
    calendar = WorkingCalendar({date(2026, 11, 24): False, date(2026, 11, 28): True, date(2027, 2, 9): False})

    assert due("2026-11-23", 1, calendar=calendar).due_on == date(2026, 11, 25)
    assert calendar.is_working(date(2026, 11, 28))
    assert calendar.is_certain(date(2027, 2, 9))


def test_a_year_that_the_administrator_confirms_is_certain_and_so_is_the_december_before() -> None:
    calendar = WorkingCalendar(confirmed_years=frozenset({2027}))

    assert not due("2026-11-23", 30, calendar=calendar).provisional
    assert (CALENDAR.last_certain_year(), calendar.last_certain_year()) == (2026, 2027)


moments = st.integers(min_value=at("2025-01-01"), max_value=at("2028-12-31"))
promised_days = st.integers(min_value=1, max_value=60)


@given(moments, promised_days)
def test_no_promise_is_due_on_a_day_of_rest_or_on_the_day_of_acceptance(moment: int, days: int) -> None:
    answer = promise(moment, days, HOURS, CALENDAR)

    assert CALENDAR.is_working(answer.due_on)
    assert answer.due_on > HOURS.day(moment)


@given(moments, st.integers(min_value=0, max_value=30 * 86_400_000), promised_days)
def test_who_comes_later_is_never_promised_earlier(moment: int, later_ms: int, days: int) -> None:
    assert promise(moment, days, HOURS, CALENDAR).due_on <= promise(moment + later_ms, days, HOURS, CALENDAR).due_on


@given(moments, promised_days)
def test_one_day_more_is_exactly_the_next_working_day(moment: int, days: int) -> None:
    first, second = (promise(moment, count, HOURS, CALENDAR).due_on for count in (days, days + 1))

    between = [first + timedelta(days=offset) for offset in range(1, (second - first).days)]
    assert second > first
    assert not any(CALENDAR.is_working(day) for day in between)


@given(moments, promised_days)
def test_the_working_days_from_acceptance_to_due_are_those_promised(moment: int, days: int) -> None:
    start = acceptance_day(moment, HOURS, CALENDAR)
    answer = promise(moment, days, HOURS, CALENDAR).due_on

    counted = [start + timedelta(days=offset) for offset in range(1, (answer - start).days + 1)]
    assert sum(CALENDAR.is_working(day) for day in counted) == days


@given(moments, promised_days)
def test_a_date_is_certain_exactly_when_it_keeps_clear_of_the_unknown(moment: int, days: int) -> None:
    answer = promise(moment, days, HOURS, CALENDAR)

    assert answer.provisional == (answer.due_on >= date(2026, 12, 29))


def _days(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=offset) for offset in range(365)]

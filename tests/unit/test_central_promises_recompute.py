"""A changed calendar moves the open promises: old and new are named, and paper is never made wrong earlier."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.promises.calendar import WorkingCalendar
from central.promises.changing import CalendarRefused, CalendarTable
from central.promises.due import OfficeHours, Promise, promise
from central.promises.recompute import OpenPromise, PromiseChange, recompute

HOURS = OfficeHours()
OLD = WorkingCalendar()
TODAY = date(2026, 11, 23)


def an_open_promise(due_on: date, provisional: bool = False) -> OpenPromise:
    return OpenPromise(case_id="c", case_number="20261101-00001", promised=Promise(due_on, provisional))


def changed(each: OpenPromise, new: WorkingCalendar, today: date = TODAY) -> PromiseChange | None:
    changes = recompute([each], today, OLD, new)
    return changes[0] if changes else None


def test_a_new_holiday_before_the_due_day_moves_it_later() -> None:
    moved = changed(an_open_promise(date(2026, 11, 27)), WorkingCalendar({date(2026, 11, 25): False}))

    assert moved is not None
    assert (moved.old.due_on, moved.new.due_on) == (date(2026, 11, 27), date(2026, 11, 30))
    assert moved.is_later


def test_a_due_day_that_becomes_a_day_of_rest_rolls_on() -> None:
    moved = changed(an_open_promise(date(2026, 11, 27)), WorkingCalendar({date(2026, 11, 27): False}))

    assert moved is not None
    assert moved.new.due_on == date(2026, 11, 30)


def test_a_new_working_day_never_moves_the_date_on_paper_earlier() -> None:
    assert changed(an_open_promise(date(2026, 11, 30)), WorkingCalendar({date(2026, 11, 28): True})) is None


def test_a_holiday_after_the_due_day_changes_nothing() -> None:
    assert changed(an_open_promise(date(2026, 11, 27)), WorkingCalendar({date(2026, 11, 30): False})) is None


@pytest.mark.parametrize("due_on", [TODAY, TODAY - timedelta(days=1)])
def test_what_is_due_today_or_overdue_stays_as_it_is(due_on: date) -> None:
    everything_rests = WorkingCalendar({TODAY + timedelta(days=offset): False for offset in range(5)})

    assert changed(an_open_promise(due_on), everything_rests) is None


def test_a_confirmed_year_makes_a_provisional_date_certain_and_that_is_no_news_for_the_resident() -> None:
    made_certain = changed(
        an_open_promise(date(2027, 1, 5), provisional=True), WorkingCalendar(confirmed_years=frozenset({2027}))
    )

    assert made_certain is not None
    assert made_certain.new == Promise(date(2027, 1, 5), provisional=False)
    assert not made_certain.is_later


def test_only_what_changes_is_listed_and_in_order() -> None:
    promises = [an_open_promise(date(2026, 11, 24)), an_open_promise(date(2026, 11, 26))]

    changes = recompute(promises, TODAY, OLD, WorkingCalendar({date(2026, 11, 25): False}))

    assert [change.old.due_on for change in changes] == [date(2026, 11, 26)]


@given(
    st.integers(min_value=1, max_value=40),
    st.dictionaries(st.integers(min_value=1, max_value=60), st.booleans(), max_size=12),
)
def test_recounting_what_is_still_to_go_equals_counting_from_acceptance(days: int, flips: dict[int, bool]) -> None:
    moment = int(datetime.combine(TODAY, time(10), ZoneInfo("Asia/Shanghai")).timestamp() * 1000)
    new = WorkingCalendar({TODAY + timedelta(days=offset): works for offset, works in flips.items()})
    on_paper = promise(moment, days, HOURS, OLD)

    change = changed(OpenPromise(case_id="c", case_number="x", promised=on_paper), new)

    counted = promise(moment, days, HOURS, new).due_on
    answer = on_paper.due_on if change is None else change.new.due_on
    assert new.is_working(answer)
    assert answer >= max(on_paper.due_on, counted)
    if new.is_working(on_paper.due_on):
        assert answer == max(on_paper.due_on, counted)


def test_the_administrator_s_table_survives_its_spelling() -> None:
    table = CalendarTable().with_day(date(2027, 2, 6), True).with_day(date(2027, 2, 7), False).with_year(2027)

    assert msgspec.json.decode(msgspec.json.encode(table), type=CalendarTable) == table


def test_a_day_is_given_back_to_the_state_council() -> None:
    table = CalendarTable().with_day(date(2026, 11, 25), False).with_day(date(2026, 11, 25), None)

    assert table == CalendarTable()
    assert table.calendar().is_working(date(2026, 11, 25))


def test_a_slip_of_the_hand_is_refused() -> None:
    rests = {date(2027, 1, 1) + timedelta(days=offset): False for offset in range(61)}

    with pytest.raises(CalendarRefused, match="60 rests"):
        CalendarTable(days=rests)
    with pytest.raises(CalendarRefused, match="2000 to 2099"):
        CalendarTable().with_day(date(2100, 1, 1), False)

"""What stands on the screens: promises in words, ages, the hall's own time."""

from __future__ import annotations

from datetime import date

import pytest

from broker.messages import Resident
from central.ledger.facts import FACTS
from central.ledger.states import CaseState
from central.staff.roles import Role
from central.web import words
from central.web.shown import ERASED, Due, HallTime, due, masked, uncollected_tone, waiting_since

TODAY = date(2026, 11, 23)
MINUTE, DAY = 60_000, 86_400_000


def a_due(due_on: str, *, kind: str = "promised", state: str = "assigned", provisional: bool = False) -> Due:
    return due(
        kind=kind, due_on=due_on, provisional=provisional, state=state, opened_on=TODAY, today=TODAY, soon_days=2
    )


@pytest.mark.parametrize(
    ("due_on", "urgency", "said"),
    [
        ("2026-11-20", "overdue", "已超期 3 天"),
        ("2026-11-22", "overdue", "已超期 1 天"),
        ("2026-11-23", "today", "今天到期"),
        ("2026-11-24", "soon", "明天到期"),
        ("2026-11-25", "soon", "还有 2 天"),
        ("2026-11-26", "later", "还有 3 天"),
    ],
)
def test_a_promise_is_coloured_and_worded_by_its_day(due_on: str, urgency: str, said: str) -> None:
    shown = a_due(due_on)

    assert (shown.urgency, shown.zh) == (urgency, said)


def test_a_same_day_case_is_due_on_its_day() -> None:
    assert a_due("", kind="same_day").zh == "当日办结"


def test_a_provisional_date_says_so() -> None:
    assert a_due("2027-01-08", provisional=True).date == "预计 1月8日 周五"


def test_while_the_resident_is_asked_for_more_nothing_is_overdue() -> None:
    assert a_due("2026-11-20", state="correction").urgency == "later"


@pytest.mark.parametrize(
    ("age_ms", "said"),
    [
        (-5, "刚刚"),
        (59_999, "刚刚"),
        (MINUTE, "1 分钟"),
        (59 * MINUTE, "59 分钟"),
        (60 * MINUTE, "1 小时"),
        (47 * 60 * MINUTE, "47 小时"),
        (2 * DAY, "2 天"),
    ],
)
def test_an_age_is_one_short_word(age_ms: int, said: str) -> None:
    assert waiting_since(0, age_ms) == said


@pytest.mark.parametrize(("days", "tone"), [(6, ""), (7, "warn"), (29, "warn"), (30, "bad")])
def test_what_nobody_fetches_ages_visibly(days: int, tone: str) -> None:
    assert uncollected_tone(0, days * DAY) == tone


def test_the_hall_has_its_own_midnight() -> None:
    time = HallTime("Asia/Shanghai")

    assert time.day(1_795_449_600_000).isoformat() == "2026-11-24"  # 16:00 UTC on the 23rd
    assert time.clock(1_795_449_600_000) == "00:00"


def test_a_person_is_masked_and_an_erased_one_is_named_so() -> None:
    person = masked(Resident(name="张晓三", id_number="11010519491231002X"))

    assert (person.name, person.id_number) == ("张*三", "110105********002X")
    assert masked(None) == ERASED


def test_every_state_role_and_kind_of_entry_has_a_word() -> None:
    assert set(words.CASE_STATES) == {state.value for state in CaseState}
    assert set(words.ROLES) == {role.value for role in Role}
    assert {kind.partition("/")[0] for kind in FACTS} <= set(words.ENTRIES)

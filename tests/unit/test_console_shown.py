"""How values stand on the page: in the hall's time, in words, and masked for programs."""

from __future__ import annotations

import pytest

from edge.console import shown
from edge.view import LinkView
from tests.support.console_fake_unit import NOW_MS, a_view, a_visit


def test_times_are_the_halls_whatever_the_unit_is_set_to() -> None:
    assert shown.clock(NOW_MS) == "10:13"
    assert shown.clock(None) == "–"
    assert shown.full_day(NOW_MS) == "11月23日 星期一"
    assert shown.full_day(NOW_MS + 14 * 3_600_000) == "11月24日 星期二"  # past midnight in the hall, not in UTC


@pytest.mark.parametrize(
    ("text", "said"), [("2026-12-01", "12月1日"), ("", ""), ("soon", "soon"), ("2026-12", "2026-12")]
)
def test_a_day_is_said_short_and_nonsense_as_it_came(text: str, said: str) -> None:
    assert shown.day(text) == said


@pytest.mark.parametrize(("span", "said"), [(-5, "不到 1 分钟"), (59_999, "不到 1 分钟"), (60_000, " 1 分钟")])
def test_a_span_is_in_whole_minutes(span: int, said: str) -> None:
    assert shown.minutes(span) == said


def test_the_link_says_since_when_it_is_away_and_how_many_wait() -> None:
    away = LinkView(online=False, since_ms=NOW_MS, waiting_packets=3)

    assert shown.link_words(away) == "离线 自 10:13"
    assert shown.waiting_words(away) == "3 件待发送"
    assert shown.waiting_words(LinkView(online=True, since_ms=NOW_MS)) == "全部已送达"


def test_an_unknown_state_of_a_case_is_shown_as_it_came() -> None:
    assert shown.pickup_state("correction") == "等居民补正"
    assert shown.pickup_state("something-new") == "something-new"


def test_a_program_is_told_only_how_long_a_remark_is() -> None:
    view = shown.for_programs(
        a_view(front=a_visit(form={"备注": "住在某处", "手机": "138", "电话": "13800138000"}), rear=(a_visit(),))
    )

    assert view["front"]["form"] == {"备注": "（4 字）", "手机": "1**", "电话": "138********"}
    assert view["rear"][0]["form"] == {}

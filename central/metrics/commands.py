"""`onewindow-central figures`: one day of the hall, printed for people or as JSON for programs.

`central.__main__` adds the arguments, `central.commands` opens the database and has `print_figures` say the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from datetime import date

import msgspec

from central.metrics.figures import HallFigures, Spread


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--day YYYY-MM-DD` (None: today) and `--json`."""
    parser.add_argument("--day", type=_day, default=None, help="hall day, YYYY-MM-DD; today if it is left out")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a sheet")


def print_figures(figures: HallFigures, *, as_json: bool, say: Callable[[str], None]) -> None:
    """Hand the figures to `say`, a line at a time."""
    if as_json:
        shares = {"same_day_share": figures.same_day_share, "promise_share": figures.promise_share}
        say(msgspec.json.encode(asdict(figures) | shares).decode())
        return
    for line in figures_text(figures):
        say(line)


def figures_text(figures: HallFigures) -> list[str]:
    """Return the sheet's lines, as the hall reads them."""
    queue = figures.queue
    groups = "  ".join(f"{letter} {count}" for letter, count in queue.by_group.items()) or "无"
    return [
        f"{figures.day} 大厅数据",
        f"  取号    {queue.issued}（优先 {queue.priority}；{groups}）",
        f"  叫号    办结 {queue.served}  等候 {queue.waiting}  在窗口 {queue.at_window}  过号 {queue.passed}"
        f"  过号重排 {queue.reentered}  取消 {queue.cancelled}  失效 {queue.lapsed}",
        f"  等候    {_spread(figures.waiting)}",
        f"  受理    {_spread(figures.intake)}；10分钟内 {_share(figures.intake_within_goal, figures.intake.count)}",
        f"  收件    {figures.cases} 件 {figures.pages} 页"
        f"（即办 {figures.same_day_cases}，承诺 {figures.promised_cases}）",
        f"  即办    当日办结 {_share(figures.same_day_decided, figures.same_day_cases)}；"
        f"审批 {_spread(figures.handling)}",
        f"  承诺    今日到期 {figures.promises_due}，按期 {_share(figures.promises_kept, figures.promises_due)}；"
        f"逾期未办 {figures.promises_overdue}",
        f"  进度    办理中 {figures.under_way}  待补正 {figures.correction}  待领取 {figures.ready}"
        f"  已交付 {figures.closed}  不予办理 {figures.refused}",
    ]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError("a day is YYYY-MM-DD") from None


def _spread(times: Spread) -> str:
    if times.count == 0:
        return "无数据"
    return f"中位 {_minutes(times.p50_ms)}，九成以内 {_minutes(times.p90_ms)}，最长 {_minutes(times.max_ms)}"


def _minutes(time_ms: int) -> str:
    seconds = round(time_ms / 1000)
    return f"{seconds // 60}分{seconds % 60:02d}秒" if seconds >= 60 else f"{seconds}秒"


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole}（{part * 100 // whole}%）" if whole else "无数据"

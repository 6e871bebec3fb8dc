"""How values stand on the page: times in the hall's zone, links, devices and deliveries in words. Pure.

Registered as template filters in `app.py`; the program's view (`/api/view`) is made here too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import msgspec

from edge.view import LinkView, UnitView, masked_name, masked_number

HALL_TIME: Final = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991
_NAMES: Final = ("姓名",)
_NUMBERS: Final = ("证件号", "身份证", "电话", "手机", "银行卡", "账号")
_WEEKDAYS: Final = "一二三四五六日"


def clock(time_ms: int | None) -> str:
    """Return 14:05, or – when there is none."""
    if not time_ms:
        return "–"
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(HALL_TIME).strftime("%H:%M")


def full_day(time_ms: int) -> str:
    """Return 11月23日 星期一."""
    when = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(HALL_TIME)
    return f"{when.month}月{when.day}日 星期{_WEEKDAYS[when.weekday()]}"


def day(text: str) -> str:
    """Return 2026-12-21 as 12月21日."""
    _, _, rest = text.partition("-")
    month, _, number = rest.partition("-")
    return f"{int(month)}月{int(number)}日" if month.isdigit() and number.isdigit() else text


def minutes(span_ms: int) -> str:
    """Return " 3 分钟", or "不到 1 分钟"."""
    whole = max(0, span_ms) // 60_000
    return f" {whole} 分钟" if whole else "不到 1 分钟"


def link_words(link: LinkView) -> str:
    """Return 在线, or 离线 自 14:05; how many wait is said by `waiting_words`."""
    return "在线" if link.online else f"离线 自 {clock(link.since_ms)}"


def waiting_words(link: LinkView) -> str:
    return f"{link.waiting_packets} 件待发送" if link.waiting_packets else "全部已送达"


def item_kind(kind: str, days: int | None) -> str:
    if kind == "same_day":
        return "即办件"
    return f"承诺件 · {days} 个工作日" if days else "承诺件"


def pickup_state(state: str) -> str:
    """Return a case's state at the pickup window in words; what we have no word for is shown as it came."""
    return _PICKUP_STATES.get(state, state)


_PICKUP_STATES: Final = {
    "ready": "可领取",
    "open": "待分派",
    "assigned": "办理中",
    "correction": "等居民补正",
    "approved": "已批准，正在出件",
    "refused": "不予办理，请领告知书",
    "closed": "已领取",
}


def for_programs(view: UnitView) -> dict[str, Any]:
    """Return the view as JSON takes it, with nothing personal unmasked: also what was filled in is masked."""
    plain: dict[str, Any] = msgspec.to_builtins(view)
    for visit in [plain.get("front"), *plain.get("rear", ())]:
        if visit:
            visit["form"] = {name: _masked_field(name, value) for name, value in visit["form"].items()}
    return plain


def _masked_field(name: str, value: str) -> str:
    if any(word in name for word in _NUMBERS):
        return (
            masked_number(value)
            if len(value) >= 12
            else value[: len(value) // 3] + "*" * (len(value) - len(value) // 3)
        )
    if any(word in name for word in _NAMES):
        return masked_name(value)
    return f"（{len(value)} 字）"

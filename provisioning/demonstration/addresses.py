"""One page of addresses and log-ins, as it is printed when the hall is ready."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from provisioning.hall_file import HallFile

_WHAT: Final = {
    "kiosk": "放身份证、取号 · the resident takes a number",
    "intake": "前台 front seat；后台 rear seat: /rear",
    "pickup": "凭号票、回执或身份证领取 · results are handed over",
    "station": "收材料、送中心 · papers taken in a community",
    "board": "显示并播报叫号 · shows and speaks the calls",
}
_ROLES: Final = {"supervisor": "主管", "pickup": "出件", "administrator": "管理员"}
_OFFICERS_SHOWN: Final = 6


def page(hall: HallFile, state: Path, *, seconds: float) -> str:
    """Return the page. `seconds`: how long the start took."""
    web = f"http://localhost:{hall.ports['web']}"
    lines = [
        "",
        f"{hall.data['hall']['name']} · ready after {seconds:.1f} s",
        "",
        "中心 · central",
        *_table(
            [
                (f"{web}/board", "大厅屏，1920×1080，不用登录 · hall board, no log-in"),
                (f"{web}/", "科室、出件、管理，登录后使用 · desks, pickup, administration: sign in"),
            ]
        ),
        "",
        "装置 · units, each with a console; simulated devices at /simulated",
        *_table((_console(hall, unit), unit["name"], _WHAT[unit["role"]]) for unit in hall.data["units"]),
        "",
        "登录名和密码 · demonstration log-ins, for this hall only",
        *_table(_log_ins(hall)),
        f"  All of them: {state / 'hall.json'}",
        "",
        "  make visit               one resident through the hall, line by line",
        "  make day RESIDENTS=60    a mixed day, and the hall's figures",
        "  Ctrl-C                   stops everything; make forget throws it all away",
        f"  Logs: {state / 'logs'}",
        "",
    ]
    return "\n".join(lines)


def _console(hall: HallFile, unit: dict[str, object]) -> str:
    return f"http://localhost:{hall.ports[str(unit['id'])]}/"


def _log_ins(hall: HallFile) -> Iterable[tuple[str, ...]]:
    staff = hall.data["staff"]
    officers = [member for member in staff if member["role"] == "officer"]
    desks = {member["desk"]: member for member in reversed(officers)}
    shown = [desks[desk] for desk in dict.fromkeys(member["desk"] for member in officers)][:_OFFICERS_SHOWN]
    for member in [*(member for member in staff if member["role"] != "officer"), *shown]:
        yield member["login"], member["password"], f"{_ROLES.get(member['role'], member['desk'])} {member['name']}"


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return [
        "  " + "  ".join([*(_padded(text, width) for text, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return how many columns a terminal takes for it: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

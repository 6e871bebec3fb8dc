"""The administrator's pages: how the house is, in words; the catalogue with its basis; the book; the staff.

Comes from `Reading` and the day's figures; shows ids and counts, nothing of a resident.
"""

from __future__ import annotations

import json
from typing import Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from central.metrics.figures import HallFigures
from central.storage.reading_rows import CaseCounts, UnitRow
from central.web.chain_watch import ChainWatch
from central.web.guard import allowed, house, member
from central.web.house import House
from central.web.kept import Kept
from central.web.shown import HallTime, waiting_since
from central.web.words import health_word

PAGES: Final = Blueprint("admin", __name__, url_prefix="/admin")
SILENT_MS: Final = 35_000  # a unit speaks every 10 s (broker.messages.UnitState); three missed and it is away
ENTRIES: Final = 50
_BASES: Final = {"verified": ("已核实", "good"), "adapted": ("据来源改写", "info"), "composed": ("示例数据", "warn")}
_COLUMNS: Final = {"name": "名称", "kind": "类型", "days": "时限", "materials": "材料"}


@PAGES.get("")
@allowed("admin", "supervisor")
def overview() -> str:
    return render_template("admin.html", **_overview())


@PAGES.get("/state")
@allowed("admin", "supervisor")
def state() -> str:
    """Return the overview's inside alone, for its refreshing."""
    return render_template("admin_state.html", **_overview())


@PAGES.get("/ledger")
@allowed("admin", "supervisor")
def ledger() -> str:
    before = request.args.get("before", type=int)
    found = house().reading.newest_entries(before=before, limit=ENTRIES)
    chain: ChainWatch = current_app.extensions["onewindow.chain"]
    return render_template(
        "ledger.html", entries=found, before=before, head=house().reading.head(), chain=chain.state()
    )


@PAGES.get("/catalogue")
@allowed("admin", "supervisor")
def catalogue() -> str:
    asked = request.args.get("q", "").strip()[:40]
    items = [
        {"item": item, "basis": _basis(item.basis)}
        for item in house().reading.items()
        if asked.lower() in f"{item.code} {item.name} {item.department}".lower()
    ]
    return render_template("catalogue.html", items=items, asked=asked)


@PAGES.get("/staff")
@allowed("admin")
def staff() -> str:
    return render_template("staff.html", staff=house().reading.staff(now_ms=house().clock.now_ms()))


@PAGES.post("/staff/<staff_id>/end-sessions")
@allowed("admin")
def end_sessions(staff_id: str) -> AnyResponse:
    """Sign a member of staff out everywhere."""
    if staff_id not in {person.staff_id for person in house().reading.staff(now_ms=house().clock.now_ms())}:
        abort(404)
    house().sessions.close_all_of(staff_id)
    if staff_id == member().staff_id:
        return redirect(url_for("sign_in.page"), 303)
    return redirect(url_for("admin.staff"), 303)


def tick(house: House) -> bytes:
    """Return what the staff's pages follow: the newest entry's number; when it moves they ask for their lists."""
    return json.dumps({"head": house.reading.head()[0]}).encode()


def _overview() -> dict[str, object]:
    reading, now_ms = house().reading, house().clock.now_ms()
    day = HallTime(house().settings.timezone).day(now_ms).isoformat()
    units = reading.units()
    chain: ChainWatch = current_app.extensions["onewindow.chain"]
    figures: Kept[HallFigures] = current_app.extensions["onewindow.figures"]
    counts: Kept[CaseCounts] = current_app.extensions["onewindow.counts"]
    return {
        "units": [_unit(unit, now_ms) for unit in units],
        "units_away": sum(1 for unit in units if _state(unit, now_ms) != "alive" and not unit.revoked),
        "packets_waiting": sum(unit.waiting_packets for unit in units),
        "groups": reading.groups(day),
        "windows": reading.windows(day),
        "counts": counts.newest(day),
        "head": reading.head(),
        "chain": chain.state(),
        "entries": reading.newest_entries(limit=8),
        "figures": figures.newest(day),
        "now_ms": now_ms,
    }


def _state(unit: UnitRow, now_ms: int) -> str:
    if unit.heard_at_ms == 0:
        return "never"
    return "alive" if unit.alive and now_ms - unit.heard_at_ms <= SILENT_MS else "off"


def _unit(unit: UnitRow, now_ms: int) -> dict[str, object]:
    troubles = [health_word(device, code) for device, code in sorted(unit.health.items()) if code not in {"ok", "none"}]
    state = _state(unit, now_ms)
    if unit.revoked:
        troubles.insert(0, "已吊销：不再收发")
    if unit.forked:
        troubles.insert(0, "疑似有两台装置使用同一身份：请立即核查")
    if state == "off" and not unit.revoked:
        troubles.insert(0, "失去联系：检查电源和网线；待发的件仍在装置上，恢复后自动补发")
    return {
        "unit": unit,
        "state": state,
        "heard": "" if unit.heard_at_ms == 0 else waiting_since(unit.heard_at_ms, now_ms),
        "troubles": troubles,
        "oldest": waiting_since(unit.oldest_waiting_ms, now_ms)
        if unit.waiting_packets and unit.oldest_waiting_ms
        else "",
    }


def _basis(text: str) -> list[tuple[str, str, str, str]]:
    """Return (column, how sure, tone, source) of each column that the file says something about."""
    told = []
    for part in text.split(" | "):
        column, _, rest = part.partition("=")
        word, _, source = rest.partition(":")
        if word in _BASES and column in _COLUMNS:
            told.append((_COLUMNS[column], *_BASES[word], source))
    return told

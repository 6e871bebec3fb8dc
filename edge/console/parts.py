"""What a page is made of: its parts and the values that they show, for the whole page and its live refresh alike."""

from __future__ import annotations

from typing import Any, Final

from flask import request

from edge.console.guidance import next_step, rear_step
from edge.view import Role, UnitView, VisitView

# page -> its live parts, each templates/parts/<name>.html
PARTS: Final[dict[str, tuple[str, ...]]] = {
    "front": ("status", "step", "call", "accepted", "camera", "desk_step", "pages", "visit", "item", "actions"),
    "rear": ("status", "step", "visits", "rear_pages", "rear_item", "rear_actions", "accepted"),
    "pickup": ("status", "step", "call", "results", "announced"),
    "kiosk": ("kiosk_status", "kiosk_tiles", "kiosk_card", "kiosk_issued"),
    "board": ("status", "step", "calls", "voice"),
    "devices": ("status", "device_list"),
    "simulated": ("status", "simulated_state", "sim_pocket", "sim_tray", "sim_faults"),
}
# device -> what its test button says
TESTS: Final[dict[str, str]] = {
    "call_display": "屏上显示测试号",
    "speaker": "播一遍测试语音",
    "document_camera": "拍一张看看",
    "ticket_printer": "打印测试条",
    "scanner": "检查连接",
    "id_card_reader": "检查连接",
    "panel": "四只灯依次亮一遍",
    "board": "检查装置",
}
HOME: Final[dict[Role, str]] = {
    Role.INTAKE: "front",
    Role.STATION: "front",
    Role.PICKUP: "pickup",
    Role.KIOSK: "kiosk",
    Role.BOARD: "board",
}
ROLE_NAMES: Final[dict[Role, str]] = {
    Role.INTAKE: "综合受理",
    Role.STATION: "社区服务站",
    Role.PICKUP: "综合出件",
    Role.KIOSK: "取号机",
    Role.BOARD: "大厅屏",
}
# The form that the rear seat fills in; a name is what stands in the packet (at most 40 characters).
FORM: Final[tuple[tuple[str, str], ...]] = (
    ("联系电话", "tel"),
    ("与本人关系", "text"),
    ("代办人姓名", "text"),
    ("代办人证件号", "text"),
    ("备注", "area"),
)


def parts_of(page: str, view: UnitView) -> tuple[str, ...]:
    if page == "front" and view.role is Role.STATION:
        return tuple("station" if part == "call" else part for part in PARTS["front"])
    return PARTS[page]


def context_of(page: str, view: UnitView) -> dict[str, Any]:
    """Return what the page's parts show. Takes the visit and page that are looked at from the address."""
    visit = _looked_at(view) if page == "rear" else view.front
    step = rear_step(view, visit) if page == "rear" else next_step(view)
    return {
        "page": page,
        "parts": parts_of(page, view),
        "view": view,
        "visit": visit,
        "step": step,
        "role_name": ROLE_NAMES[view.role],
        "sick": [device for device in view.devices if not device.ok],
        "form_fields": FORM,
        "tests": TESTS,
        "chosen_page": request.args.get("page", ""),
    }


def _looked_at(view: UnitView) -> VisitView | None:
    wanted = request.args.get("visit", "")
    for visit in view.rear:
        if visit.visit == wanted:
            return visit
    return view.rear[0] if view.rear else None

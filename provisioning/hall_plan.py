"""A hall as it is planned: its windows, units, groups and staff, and the demonstration hall written out as one.

Data, not code: another hall is another plan. Goes to `demo_hall.py`, which makes keys, folders and settings from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from broker.topics import UnitId, board_of, unit_id

SIMULATED: Final = "simulated"
NONE: Final = "none"
DEVICES: Final = (
    "scanner",
    "document_camera",
    "call_display",
    "panel",
    "speaker",
    "id_card_reader",
    "ticket_printer",
    "board",
)


class Role(StrEnum):
    """What a unit does; its settings say which."""

    INTAKE = "intake"
    PICKUP = "pickup"
    KIOSK = "kiosk"
    STATION = "station"
    BOARD = "board"


class StaffRole(StrEnum):
    """What a member of staff may do in central's pages."""

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    PICKUP = "pickup"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class PlannedUnit:
    """One unit and where it stands."""

    unit: UnitId
    role: Role
    window: int | None = None  # the painted number; None at the kiosk, a station and the board
    name: str = ""  # as people call the place
    port: int = 0  # where its console would like to be

    @property
    def devices(self) -> Mapping[str, str]:
        """Which devices a unit of this role has in the demonstration; a simulator is chosen, never fallen back to."""
        has = _DEVICES_OF[self.role]
        return {device: SIMULATED if device in has else NONE for device in DEVICES}


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of business with a ticket letter of its own."""

    letter: str
    name: str
    departments: tuple[str, ...]  # whose items it covers; the first group takes what no other names


@dataclass(frozen=True, slots=True)
class StaffMember:
    login: str
    name: str
    role: StaffRole
    desk: str = ""  # the department, as the catalogue names it; of an officer


@dataclass(frozen=True, slots=True, kw_only=True)
class HallPlan:
    hall: str
    name: str
    groups: tuple[Group, ...]
    units: tuple[PlannedUnit, ...]
    staff: tuple[StaffMember, ...]
    pickup_window: int
    number_base: int  # the kiosk's first ticket is number_base + 1
    broker_port: int = 8883
    web_port: int = 8080


_DEVICES_OF: Final[Mapping[Role, frozenset[str]]] = {
    Role.INTAKE: frozenset(DEVICES),
    Role.PICKUP: frozenset(DEVICES) - {"ticket_printer"},
    Role.KIOSK: frozenset({"board", "id_card_reader", "ticket_printer"}),
    Role.STATION: frozenset({"board", "scanner", "document_camera", "id_card_reader", "ticket_printer"}),
    Role.BOARD: frozenset({"board", "call_display", "speaker"}),
}

_HALL: Final = "shuangjing"


def demonstration_plan() -> HallPlan:
    """Return the demonstration hall: six windows as the source has them, a kiosk, one station and the hall board."""
    windows = [
        *(PlannedUnit(_unit(f"w{n}"), Role.INTAKE, n, f"{n}号窗口 综合受理", 8100 + n) for n in range(1, 5)),
        PlannedUnit(_unit("w5"), Role.INTAKE, 5, "5号窗口 咨询", 8105),
        PlannedUnit(_unit("w6"), Role.PICKUP, 6, "6号窗口 综合出件", 8106),
    ]
    return HallPlan(
        hall=_HALL,
        name="双井街道便民服务中心（演示）",
        groups=(
            Group("A", "社保医保", ("社会保障科", "医疗保障科")),
            Group("B", "就业创业", ("就业服务科",)),
            Group("C", "民政综合", ()),
        ),
        units=(
            PlannedUnit(_unit("kiosk"), Role.KIOSK, None, "取号机", 8100),
            *windows,
            PlannedUnit(_unit("station-1"), Role.STATION, None, "社区服务站", 8107),
            PlannedUnit(board_of(_HALL), Role.BOARD, None, "大厅屏装置", 8108),
        ),
        staff=_STAFF,
        pickup_window=6,
        number_base=6000,
    )


def _unit(name: str) -> UnitId:
    return unit_id(f"{_HALL}-{name}")


# Invented people. The larger departments have more than one officer, so that sharing out by load can be seen.
_STAFF: Final = (
    StaffMember("shebao1", "王建国", StaffRole.OFFICER, "社会保障科"),
    StaffMember("shebao2", "李秀英", StaffRole.OFFICER, "社会保障科"),
    StaffMember("shebao3", "赵敏", StaffRole.OFFICER, "社会保障科"),
    StaffMember("jiuye1", "刘洋", StaffRole.OFFICER, "就业服务科"),
    StaffMember("jiuye2", "陈静", StaffRole.OFFICER, "就业服务科"),
    StaffMember("yibao1", "杨帆", StaffRole.OFFICER, "医疗保障科"),
    StaffMember("yibao2", "黄丽", StaffRole.OFFICER, "医疗保障科"),
    StaffMember("jiuzhu1", "周平", StaffRole.OFFICER, "社会救助科"),
    StaffMember("jiuzhu2", "吴琼", StaffRole.OFFICER, "社会救助科"),
    StaffMember("canlian1", "徐磊", StaffRole.OFFICER, "残疾人事务科"),
    StaffMember("yanglao1", "孙红", StaffRole.OFFICER, "养老服务科"),
    StaffMember("weijian1", "马超", StaffRole.OFFICER, "卫生健康科"),
    StaffMember("tuiyi1", "朱军", StaffRole.OFFICER, "退役军人服务站"),
    StaffMember("zhufang1", "胡兰", StaffRole.OFFICER, "住房保障科"),
    StaffMember("sifa1", "郭正", StaffRole.OFFICER, "司法所"),
    StaffMember("jiaoyu1", "何雪", StaffRole.OFFICER, "教育服务岗"),
    StaffMember("zonghe1", "高翔", StaffRole.OFFICER, "综合服务岗"),
    StaffMember("zhuguan", "林峰", StaffRole.SUPERVISOR),
    StaffMember("chujian", "罗敏", StaffRole.PICKUP),
    StaffMember("admin", "系统管理员", StaffRole.ADMINISTRATOR),
)

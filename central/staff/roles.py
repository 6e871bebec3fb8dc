"""Who may do what. A member of staff has one or several roles; an officer also has desks.

The book holds the staff (`StaffAdded`); pages and use cases ask here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from broker.errors import Refused
from central.ledger.work import StaffRecord, UnitOfWork


class Role(StrEnum):
    CLERK = "clerk"  # 前台: takes papers in at a window
    OFFICER = "officer"  # 经办人: decides
    PICKUP = "pickup"  # 出件: hands results over
    SUPERVISOR = "supervisor"  # 主管: sees every desk, decides in an officer's stead, closes the day
    ADMIN = "admin"  # 管理员: units, staff, catalogue, calendar, settings


_AT_WORK: Final = (Role.CLERK, Role.OFFICER, Role.PICKUP)


class StaffRefused(Refused):
    """This member of staff may not do this. Nothing was changed."""

    code = "staff-refused"
    notice = "您的岗位没有这项权限。请联系主管或管理员。"


def member(staff_id: str, work: UnitOfWork, *roles: Role, desk: str = "") -> StaffRecord:
    """Return an active member of staff who has one of the roles, and the desk if one is named.

    A supervisor stands in for everybody at a counter or a desk, but is no administrator.

    Raises:
        StaffRefused: unknown, no longer active, or without the role or desk.
    """
    found = work.staff.find(staff_id)
    if found is None or not found.active:
        raise StaffRefused("not an active member of staff")
    held = {*found.roles, *_AT_WORK} if Role.SUPERVISOR in found.roles else set(found.roles)
    if roles and not held.intersection(roles):
        raise StaffRefused("the role is missing")
    if desk and desk not in found.desks and Role.SUPERVISOR not in found.roles:
        raise StaffRefused("not an officer of that desk")
    return found

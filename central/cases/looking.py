"""Who it is: masked for everybody on the staff, open only with a reason, and the opening is an entry (DESIGN.md 5.9).

Comes from the officer's and the pickup window's pages; goes to the ledger as `PersonOpened`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from broker.errors import Refused, require
from broker.messages import Resident
from central.cases.masking import mask_name, mask_number
from central.cases.steps import CaseUnknown
from central.ledger.facts import PersonOpened
from central.ledger.work import UnitOfWork
from central.staff.roles import Role, member

REASON_MIN: Final = 2  # characters: one is a slip of the finger
REASON_MAX: Final = 200


class LookingReasonMissing(Refused):
    code = "looking-reason-missing"
    notice = "查看身份信息要写明理由（2至200字）。请填写后再查看。"


class PersonErased(Refused):
    code = "person-erased"
    notice = "该居民的个人信息已依规销毁，无法再查看。"


@dataclass(frozen=True, slots=True)
class MaskedPerson:
    name: str
    id_number: str


def masked_person(resident: Resident) -> MaskedPerson:
    """Return what a list may show."""
    return MaskedPerson(mask_name(resident.name), mask_number(resident.id_number))


def look_at_person(case_id: str, reason: str, *, staff_id: str, work: UnitOfWork) -> Resident:
    """Return who the case is about, and enter who looked and why. Commit before showing it.

    Raises:
        CaseUnknown, StaffRefused: no such case, or not one of the staff who handles papers.
        LookingReasonMissing: the reason is not REASON_MIN to REASON_MAX printable characters.
        PersonErased: the resident's key is destroyed. Nothing is entered.
    """
    member(staff_id, work, Role.OFFICER, Role.PICKUP, Role.SUPERVISOR, Role.CLERK)
    plain = reason.strip()
    require(
        REASON_MIN <= len(plain) <= REASON_MAX and plain.isprintable(),
        f"a reason is {REASON_MIN} to {REASON_MAX} printable characters",
        LookingReasonMissing,
    )
    case = work.cases.find(case_id)
    if case is None:
        raise CaseUnknown("the book has no such case")
    resident = work.vault.identity(case.resident_id)
    if resident is None:
        raise PersonErased("the resident's key is destroyed")
    opened = PersonOpened(resident_id=case.resident_id, staff_id=staff_id, reason=plain, case_id=case_id)
    work.append(opened, subject=case_id, actor=staff_id)
    return resident

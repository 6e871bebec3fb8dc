"""The staff in the book: added, changed, no longer there; passwords beside the book; sign-ins as entries.

Comes from `init` and the administrator's page, and from the sign-in page; goes to the ledger. Passwords are checked
and hashed by passwords.py *before* the transaction, since that is slow on purpose.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Final

from broker.errors import Refused, require
from central.assignment.presence import leave, move_on
from central.ledger.facts import PasswordChanged, SignedIn, StaffAdded
from central.ledger.work import StaffRecord, UnitOfWork
from central.staff.roles import Role, StaffRefused

NAME_MAX: Final = 40
DESKS_MAX: Final = 30
_STAFF_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")

log = logging.getLogger(__name__)


class StaffDataRefused(Refused):
    code = "staff-data-refused"
    notice = "人员资料有误：请检查工号、姓名、岗位和科室后重新保存。"


class SignInRefused(Refused):
    """Wrong, whichever it was: who asks is not told whether the name exists."""

    code = "sign-in-refused"
    notice = "工号或口令不对，请重新输入。"


def put_staff(
    staff_id: str,
    name: str,
    roles: Sequence[Role],
    *,
    actor: str,
    work: UnitOfWork,
    desks: Sequence[str] = (),
    active: bool = True,
) -> None:
    """Add a member of staff or change them. Who is no longer active leaves at once; their cases move on.

    Raises:
        StaffDataRefused: the staff number, name, roles or desks break a rule; the text names it.
        StaffRefused: the hall would lose its last active administrator.
    """
    require(_STAFF_ID.fullmatch(staff_id) is not None, "a staff number is 2 to 32 of a-z 0-9 -", StaffDataRefused)
    require(
        0 < len(name) <= NAME_MAX and name.isprintable() and name == name.strip(),
        f"a name is 1 to {NAME_MAX} printable characters",
        StaffDataRefused,
    )
    require(
        len(roles) >= 1 and len(set(roles)) == len(roles), "a member of staff has roles, each once", StaffDataRefused
    )
    require(len(desks) <= DESKS_MAX and all(desks), f"an officer has at most {DESKS_MAX} desks", StaffDataRefused)
    require(not desks or Role.OFFICER in roles, "only an officer has desks", StaffDataRefused)
    _require_an_administrator(staff_id, active and Role.ADMIN in roles, work)
    before = work.staff.find(staff_id)
    # The change first: who has lost a desk must not be given its cases back.
    changed = StaffAdded(
        staff_id=staff_id, name=name, roles=tuple(role.value for role in roles), desks=tuple(desks), active=active
    )
    work.append(changed, subject=staff_id, actor=actor)
    if before is not None and not active:
        leave(staff_id, work=work, actor=actor)
    elif before is not None and set(before.desks) - set(desks):
        move_on(staff_id, work=work, keeps=desks)
    log.info("staff %s: %d roles, active %s", staff_id, len(roles), active)


def set_password(staff_id: str, password_hash: str, *, actor: str, work: UnitOfWork) -> None:
    """Keep a new hash (made by `hash_password`) and enter that it was changed, never what it is.

    Raises:
        StaffRefused: no such member of staff.
    """
    if work.staff.find(staff_id) is None:
        raise StaffRefused("no such member of staff")
    work.staff.set_password_hash(staff_id, password_hash)
    work.append(PasswordChanged(staff_id=staff_id), subject=staff_id, actor=actor)


def enter_sign_in(staff_id: str, *, is_right: bool, work: UnitOfWork) -> StaffRecord:
    """Enter that somebody signed in; return who.

    A wrong password leaves no entry: anybody at the door could fill the book. `central.web.throttle` slows it down.

    Args:
        is_right: what `is_password` said, before this transaction.

    Raises:
        SignInRefused: wrong password, unknown name, or no longer active. Nothing is entered.
    """
    found = work.staff.find(staff_id)
    if not is_right or found is None or not found.active:
        raise SignInRefused("wrong name or password")
    work.append(SignedIn(staff_id=staff_id), subject=staff_id, actor=staff_id)
    return found


def _require_an_administrator(staff_id: str, stays: bool, work: UnitOfWork) -> None:
    """Refuse the change that would lock everybody out of the hall's settings."""
    before = work.staff.find(staff_id)
    if stays or before is None or Role.ADMIN not in before.roles or not before.active:
        return
    others = (each for each in work.staff.all() if each.staff_id != staff_id)
    if not any(each.active and Role.ADMIN in each.roles for each in others):
        raise StaffRefused("the hall keeps one active administrator")

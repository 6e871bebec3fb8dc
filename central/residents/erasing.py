"""Erase a resident: the key goes, the entry says so, the chain stays whole."""

from __future__ import annotations

import logging

from broker.errors import Refused
from central.ledger.facts import ResidentErased
from central.ledger.states import CASE_UNDER_WAY
from central.ledger.work import UnitOfWork

log = logging.getLogger(__name__)


class ErasureRefused(Refused):
    """The resident still has a case under way, or is not in the vault. Nothing was changed."""

    code = "erasure-refused"
    notice = "不能删除：该居民还有未办结的事项，或已经删除。请先办结或撤回后再操作。"


def erase_resident(resident_id: str, *, reason: str, actor: str, work: UnitOfWork) -> None:
    """Destroy a resident's key, so that name, number, forms and pages cannot be read again by anybody.

    Raises:
        ErasureRefused: a case is still under way, or there is no such resident.
    """
    if any(case.state in CASE_UNDER_WAY for case in work.cases.of_resident(resident_id)):
        raise ErasureRefused("a resident with a case under way is not erased")
    if not work.vault.destroy(resident_id):
        raise ErasureRefused("no such resident is in the vault")
    work.append(ResidentErased(resident_id=resident_id, reason=reason), subject=resident_id, actor=actor)
    log.info("resident %s erased by %s", resident_id, actor)

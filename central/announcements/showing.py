"""A unit has shown a call: entered once for each unit, so that the announcer falls silent, also after a restart."""

from __future__ import annotations

import logging

from broker import events
from broker.errors import Refused
from central.ledger.facts import CallShown
from central.ledger.work import UnitOfWork

log = logging.getLogger(__name__)


class CallUnknown(Refused):
    """No such call was made."""

    code = "call-unknown"
    notice = "中心没有这次叫号的记录。"


def call_shown(event: events.CallShown, *, now_ms: int, work: UnitOfWork) -> bool:  # noqa: ARG001
    """Enter that the unit has shown the call; False when that is known already.

    Raises:
        CallUnknown: there is no such call.
    """
    assert work.origin is not None, "a call is shown by a unit"
    if work.calls.find(event.call_id) is None:
        raise CallUnknown("no call has that id")
    if work.origin.unit in work.calls.shown_by(event.call_id):
        return False
    work.append(CallShown(call_id=event.call_id, unit=work.origin.unit), subject=event.call_id, actor=work.origin.unit)
    log.info("call %s shown by %s", event.call_id, work.origin.unit)
    return True

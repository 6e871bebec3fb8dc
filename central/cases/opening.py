"""A packet becomes a case: number, desk, promise, officer, all in the transaction that enters it.

Comes from intake, which has checked the packet, kept its pages and found its resident; goes to an officer's desk.
Nothing that a clerk was told is accepted is turned away here: an item that the catalogue has lost meanwhile goes to
the general desk, where a person decides (DESIGN.md 5.1).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from broker.messages import IntakePacket
from central.assignment.assign import assign_case
from central.catalogue.items import Kind
from central.ledger.facts import CaseOpened, PageKept
from central.ledger.work import UnitOfWork
from central.promises.changing import calendar_in_force, hours_in_force
from central.promises.due import Promise, promise
from central.queue.windows import acting

GENERAL_DESK: Final = "综合服务岗"

log = logging.getLogger(__name__)


def open_case(
    packet: IntakePacket,
    *,
    resident_id: str,
    pages: Sequence[PageKept],
    form_digest: str,
    now_ms: int,
    work: UnitOfWork,
) -> CaseOpened:
    """Enter the packet as a case and give it to an officer; return the first entry's fact.

    The promise runs from `now_ms`, central's clock. Whoever calls has made sure that the packet is not in the book.
    """
    hours = hours_in_force(work)
    desk, kind, promised = GENERAL_DESK, Kind.SAME_DAY.value, None
    item = work.catalogue.find(packet.service_item)
    if item is None:
        log.warning("packet %s: its item is not in the catalogue, general desk", packet.packet_id)
    else:
        desk, kind = item.department, item.kind
        if item.promise_working_days is not None:
            promised = promise(now_ms, item.promise_working_days, hours, calendar_in_force(work))
    opened = CaseOpened(
        case_id=packet.packet_id,
        case_number=work.cases.next_number(hours.day(now_ms).isoformat()),
        service_item=packet.service_item,
        kind=kind,
        desk=desk,
        resident_id=resident_id,
        ticket=packet.ticket,
        ticket_day=packet.ticket_day,
        unit=acting(work),
        window=packet.window,
        pages=tuple(pages),
        due_on="" if promised is None else promised.due_on.isoformat(),
        due_provisional=_is_provisional(promised),
        accepted_at_ms=packet.accepted_at_ms,
        called_at_ms=packet.called_at_ms,
        opened_at_ms=packet.opened_at_ms,
        accepted_by=packet.accepted_by,
        simulated=packet.simulated,
        form_digest=form_digest,
    )
    work.append(opened, subject=opened.case_id, actor=acting(work))
    assign_case(opened.case_id, desk, work=work)
    return opened


def _is_provisional(promised: Promise | None) -> bool:
    return promised is not None and promised.provisional

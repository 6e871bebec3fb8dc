"""What each fact does to the tables: one function per fact, the only place that changes a projection.

Comes from `book.py` when a fact is appended, and from `replay.py` when the tables are built anew; both in entry order.
A function sees the fact and its entry, nothing else: no clock, no settings, so that a replay gives the same tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import and_, bindparam, case, delete, func, select, update

from broker.messages import CallPurpose
from central.ledger import facts
from central.ledger.entry import Entry
from central.ledger.states import CaseState, TicketState
from central.ledger.work import PLACE_STEP
from central.storage import tables
from central.storage.statements import Runner, Statement, insert_into

_ON_OFFICER: Final = (CaseState.ASSIGNED.value, CaseState.CORRECTION.value)

Apply = Callable[[Any, Entry, Runner], None]
APPLY: Final[dict[str, Apply]] = {}


def apply(fact: facts.Fact, entry: Entry, run: Runner) -> None:
    """Bring the tables up to this entry."""
    APPLY[entry.kind](fact, entry, run)


def _applies(kind: type[facts.Fact]) -> Callable[[Apply], Apply]:
    def register(function: Apply) -> Apply:
        APPLY[kind.KIND] = function
        return function

    return register


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


# The hall, its units and its staff.
_SET_HALL = insert_into(tables.halls, or_update=())
_SET_UNIT = insert_into(tables.units, or_update=())
_u = tables.units
_REVOKE = Statement(
    update(_u).where(_u.c.hall == bindparam("of_hall"), _u.c.unit == bindparam("of_unit")).values(revoked=True)
)
_FORK = Statement(
    update(_u).where(_u.c.hall == bindparam("of_hall"), _u.c.unit == bindparam("of_unit")).values(forked=True)
)
_SET_STAFF = insert_into(tables.staff, or_update=("name", "roles", "desks", "active"))
_sd = tables.staff_desks
_CLEAR_DESKS = Statement(delete(_sd).where(_sd.c.hall == bindparam("hall"), _sd.c.staff_id == bindparam("staff_id")))
_ADD_DESK = insert_into(tables.staff_desks, or_skip=True)
_s = tables.staff
_of_staff = and_(_s.c.hall == bindparam("of_hall"), _s.c.staff_id == bindparam("of_staff_id"))
_SET_PRESENT = Statement(update(_s).where(_of_staff).values(present=bindparam("present")))
_ADD_TASKS = Statement(update(_s).where(_of_staff).values(open_tasks=_s.c.open_tasks + bindparam("more")))
_SET_CATALOGUE = insert_into(tables.catalogues, or_update=())
_CLEAR_ITEMS = Statement(delete(tables.items).where(tables.items.c.hall == bindparam("hall")))
_ADD_ITEM = insert_into(tables.items)
_SET_SETTING = insert_into(tables.settings, or_update=())


@_applies(facts.HallOpened)
def _hall_opened(fact: facts.HallOpened, entry: Entry, run: Runner) -> None:
    run.run(
        _SET_HALL,
        hall=entry.hall,
        name=fact.name,
        groups=_json(fact.groups),
        windows=_json(fact.windows),
        pickup_window=fact.pickup_window,
    )


@_applies(facts.UnitEnrolled)
def _unit_enrolled(fact: facts.UnitEnrolled, entry: Entry, run: Runner) -> None:
    run.run(
        _SET_UNIT,
        hall=entry.hall,
        unit=fact.unit,
        role=fact.role,
        window_number=fact.window,
        signing_key=fact.signing_key,
        sealing_key=fact.sealing_key,
        revoked=False,
        forked=False,
    )


@_applies(facts.UnitRevoked)
def _unit_revoked(fact: facts.UnitRevoked, entry: Entry, run: Runner) -> None:
    run.run(_REVOKE, of_hall=entry.hall, of_unit=fact.unit)


@_applies(facts.UnitForked)
def _unit_forked(fact: facts.UnitForked, entry: Entry, run: Runner) -> None:
    run.run(_FORK, of_hall=entry.hall, of_unit=fact.unit)


@_applies(facts.StaffAdded)
def _staff_added(fact: facts.StaffAdded, entry: Entry, run: Runner) -> None:
    run.run(
        _SET_STAFF,
        hall=entry.hall,
        staff_id=fact.staff_id,
        name=fact.name,
        roles=_json(fact.roles),
        desks=_json(fact.desks),
        active=fact.active,
        present=False,
        open_tasks=0,
    )
    run.run(_CLEAR_DESKS, hall=entry.hall, staff_id=fact.staff_id)
    run.many(_ADD_DESK, [{"hall": entry.hall, "desk": desk, "staff_id": fact.staff_id} for desk in fact.desks])


@_applies(facts.OfficerPresence)
def _officer_presence(fact: facts.OfficerPresence, entry: Entry, run: Runner) -> None:
    run.run(_SET_PRESENT, of_hall=entry.hall, of_staff_id=fact.staff_id, present=fact.present)


@_applies(facts.CatalogueLoaded)
def _catalogue_loaded(fact: facts.CatalogueLoaded, entry: Entry, run: Runner) -> None:
    run.run(_CLEAR_ITEMS, hall=entry.hall)
    run.many(
        _ADD_ITEM,
        [
            {
                "hall": entry.hall,
                "code": item.code,
                "position": position,
                "name": item.name,
                "department": item.department,
                "kind": item.kind,
                "promise_working_days": item.promise_working_days,
                "materials": _json(item.materials),
                "basis": item.basis,
            }
            for position, item in enumerate(fact.items)
        ],
    )
    run.run(_SET_CATALOGUE, hall=entry.hall, digest=fact.digest)


@_applies(facts.SettingsChanged)
def _settings_changed(fact: facts.SettingsChanged, entry: Entry, run: Runner) -> None:
    run.run(_SET_SETTING, hall=entry.hall, name=fact.name, value=fact.value)


# Tickets and calls.
_t = tables.tickets
_of_ticket = and_(
    _t.c.hall == bindparam("of_hall"), _t.c.day == bindparam("of_day"), _t.c.ticket == bindparam("of_ticket")
)
# A kiosk that was offline reports a ticket that a window has opened already: what is known of it stays.
_ISSUE = insert_into(tables.tickets, or_update=("priority", "issued_at_ms", "queued", "issued_seq"))
_KNOW = insert_into(tables.tickets, or_skip=True)
_CALL_TICKET = Statement(
    update(_t)
    .where(_of_ticket)
    .values(
        state=TicketState.CALLED.value,
        window_number=bindparam("window"),
        calls=bindparam("count"),
        called_at_ms=bindparam("at_ms"),
        first_called_at_ms=func.coalesce(_t.c.first_called_at_ms, bindparam("at_ms")),
    )
)
_PASS = Statement(update(_t).where(_of_ticket).values(state=TicketState.PASSED.value))
_REENTER = Statement(
    update(_t)
    .where(_of_ticket)
    .values(
        state=TicketState.WAITING.value,
        place=bindparam("to_place"),
        reentries=_t.c.reentries + 1,
        calls=0,
        window_number=None,
    )
)
_OPEN_VISIT = Statement(
    update(_t)
    .where(_of_ticket)
    .values(
        state=TicketState.SERVING.value,
        window_number=bindparam("window"),
        opened_at_ms=bindparam("at_ms"),
    )
)
_END_VISIT = Statement(update(_t).where(_of_ticket).values(state=bindparam("outcome"), ended_at_ms=bindparam("at_ms")))
_ADD_CALL = insert_into(tables.calls)
_SHOWN = insert_into(tables.calls_shown, or_skip=True)


def _ticket_row(entry: Entry, ticket: str, day: str) -> dict[str, object]:
    return {
        "hall": entry.hall,
        "day": day,
        "ticket": ticket,
        "letter": ticket[0],
        "priority": "none",
        "state": TicketState.WAITING.value,
        "place": entry.seq * PLACE_STEP,
        "issued_at_ms": entry.at_ms,
        "window_number": None,
        "calls": 0,
        "reentries": 0,
        "first_called_at_ms": None,
        "called_at_ms": None,
        "opened_at_ms": None,
        "ended_at_ms": None,
        "queued": True,
        "issued_seq": entry.seq,
    }


@_applies(facts.TicketIssued)
def _ticket_issued(fact: facts.TicketIssued, entry: Entry, run: Runner) -> None:
    row = _ticket_row(entry, fact.ticket, fact.day)
    row |= {"priority": fact.priority.value, "issued_at_ms": fact.issued_at_ms, "queued": fact.queued}
    if not fact.queued:
        row["state"] = TicketState.UNQUEUED.value
    run.run(_ISSUE, **row)


@_applies(facts.TicketCalled)
def _ticket_called(fact: facts.TicketCalled, entry: Entry, run: Runner) -> None:
    run.run(
        _ADD_CALL,
        hall=entry.hall,
        counter=entry.seq,
        call_id=fact.call_id,
        ticket=fact.ticket,
        day=fact.day,
        window_number=fact.window,
        purpose=fact.purpose.value,
        text=fact.text,
        called_at_ms=fact.called_at_ms,
        expires_at_ms=fact.expires_at_ms,
        count=fact.count,
        case_number=fact.case_number,
        service_item=fact.service_item,
        priority_turn=fact.priority_turn,
    )
    if fact.purpose is CallPurpose.INTAKE:
        run.run(
            _CALL_TICKET,
            of_hall=entry.hall,
            of_day=fact.day,
            of_ticket=fact.ticket,
            window=fact.window,
            count=fact.count,
            at_ms=entry.at_ms,
        )


@_applies(facts.CallShown)
def _call_shown(fact: facts.CallShown, entry: Entry, run: Runner) -> None:
    run.run(_SHOWN, hall=entry.hall, call_id=fact.call_id, unit=fact.unit, at_ms=entry.at_ms)


@_applies(facts.TicketPassed)
def _ticket_passed(fact: facts.TicketPassed, entry: Entry, run: Runner) -> None:
    run.run(_PASS, of_hall=entry.hall, of_day=fact.day, of_ticket=fact.ticket)


@_applies(facts.TicketReentered)
def _ticket_reentered(fact: facts.TicketReentered, entry: Entry, run: Runner) -> None:
    run.run(_REENTER, of_hall=entry.hall, of_day=fact.day, of_ticket=fact.ticket, to_place=fact.place)


@_applies(facts.VisitOpened)
def _visit_opened(fact: facts.VisitOpened, entry: Entry, run: Runner) -> None:
    run.run(_KNOW, **_ticket_row(entry, fact.ticket, fact.day))
    run.run(
        _OPEN_VISIT,
        of_hall=entry.hall,
        of_day=fact.day,
        of_ticket=fact.ticket,
        window=fact.window,
        at_ms=entry.at_ms,
    )


@_applies(facts.VisitEnded)
def _visit_ended(fact: facts.VisitEnded, entry: Entry, run: Runner) -> None:
    run.run(_KNOW, **_ticket_row(entry, fact.ticket, fact.day))
    run.run(
        _END_VISIT,
        of_hall=entry.hall,
        of_day=fact.day,
        of_ticket=fact.ticket,
        outcome=TicketState(fact.outcome).value,
        at_ms=entry.at_ms,
    )


# Cases.
_LOOK = insert_into(tables.second_looks, or_update=("doubts", "at_ms"))
_c = tables.cases
_of_case = and_(_c.c.hall == bindparam("of_hall"), _c.c.case_id == bindparam("of_case_id"))
_ADD_CASE = insert_into(tables.cases)
_ADD_PAGE = insert_into(tables.pages)
_SET_NUMBER = insert_into(tables.case_numbers, or_update=())
_OFFICER_OF = Statement(
    select(_c.c.officer).where(
        _c.c.hall == bindparam("hall"), _c.c.case_id == bindparam("case_id"), _c.c.state.in_(_ON_OFFICER)
    )
)
_ASSIGN = Statement(
    update(_c)
    .where(_of_case)
    .values(
        desk=bindparam("to_desk"),
        officer=bindparam("to_officer"),
        changed_seq=bindparam("seq"),
        state=case((_c.c.state == CaseState.CORRECTION.value, _c.c.state), else_=bindparam("to_state")),
    )
)
_DECIDE = Statement(
    update(_c)
    .where(_of_case)
    .values(
        state=bindparam("to_state"),
        decided_at_ms=bindparam("at_ms"),
        reason=bindparam("because"),
        changed_seq=bindparam("seq"),
    )
)
_ASK_CORRECTION = Statement(
    update(_c)
    .where(_of_case)
    .values(state=CaseState.CORRECTION.value, reason=bindparam("because"), changed_seq=bindparam("seq"))
)
_CORRECTED = Statement(
    update(_c)
    .where(_of_case)
    .values(
        state=case((_c.c.officer == "", CaseState.OPEN.value), else_=CaseState.ASSIGNED.value),
        due_on=bindparam("to_due_on"),
        due_provisional=bindparam("to_provisional"),
        reason="",
        changed_seq=bindparam("seq"),
    )
)
_READY = Statement(
    update(_c)
    .where(_of_case)
    .values(state=CaseState.READY.value, ready_window=bindparam("window"), changed_seq=bindparam("seq"))
)
_CLOSE = Statement(
    update(_c)
    .where(_of_case)
    .values(state=CaseState.CLOSED.value, closed_at_ms=bindparam("at_ms"), changed_seq=bindparam("seq"))
)
_PROMISE = Statement(
    update(_c)
    .where(_of_case)
    .values(due_on=bindparam("to_due_on"), due_provisional=bindparam("to_provisional"), changed_seq=bindparam("seq"))
)


@_applies(facts.CaseOpened)
def _case_opened(fact: facts.CaseOpened, entry: Entry, run: Runner) -> None:
    run.run(
        _ADD_CASE,
        hall=entry.hall,
        case_id=fact.case_id,
        case_number=fact.case_number,
        service_item=fact.service_item,
        kind=fact.kind,
        state=CaseState.OPEN.value,
        desk=fact.desk,
        officer="",
        resident_id=fact.resident_id,
        ticket=fact.ticket,
        ticket_day=fact.ticket_day,
        unit=fact.unit,
        window_number=fact.window,
        ready_window=None,
        due_on=fact.due_on,
        due_provisional=fact.due_provisional,
        opened_at_ms=entry.at_ms,
        decided_at_ms=None,
        closed_at_ms=None,
        reason="",
        opened_seq=entry.seq,
        changed_seq=entry.seq,
    )
    run.many(
        _ADD_PAGE,
        [
            {
                "hall": entry.hall,
                "case_id": fact.case_id,
                "page_index": index,
                "material": page.material,
                "plain_digest": page.plain_digest,
                "stored_digest": page.stored_digest,
                "stored_bytes": page.stored_bytes,
                "width": page.width,
                "height": page.height,
            }
            for index, page in enumerate(fact.pages)
        ],
    )
    day, _, number = fact.case_number.rpartition("-")
    run.run(_SET_NUMBER, hall=entry.hall, day=day, last=int(number))


def _assign(case_id: str, desk: str, officer: str, entry: Entry, run: Runner) -> None:
    _drop_task(case_id, entry, run)
    run.run(
        _ASSIGN,
        of_hall=entry.hall,
        of_case_id=case_id,
        to_desk=desk,
        to_officer=officer,
        to_state=(CaseState.ASSIGNED if officer else CaseState.OPEN).value,
        seq=entry.seq,
    )
    if officer:
        run.run(_ADD_TASKS, of_hall=entry.hall, of_staff_id=officer, more=1)


def _drop_task(case_id: str, entry: Entry, run: Runner) -> None:
    row = run.one(_OFFICER_OF, hall=entry.hall, case_id=case_id)
    if row is not None and row[0]:
        run.run(_ADD_TASKS, of_hall=entry.hall, of_staff_id=row[0], more=-1)


@_applies(facts.CaseAssigned)
def _case_assigned(fact: facts.CaseAssigned, entry: Entry, run: Runner) -> None:
    _assign(fact.case_id, fact.desk, fact.officer, entry, run)


@_applies(facts.CaseMoved)
def _case_moved(fact: facts.CaseMoved, entry: Entry, run: Runner) -> None:
    _assign(fact.case_id, fact.desk, fact.officer, entry, run)


def _decide(case_id: str, state: CaseState, because: str, entry: Entry, run: Runner) -> None:
    _drop_task(case_id, entry, run)
    run.run(
        _DECIDE,
        of_hall=entry.hall,
        of_case_id=case_id,
        to_state=state.value,
        at_ms=entry.at_ms,
        because=because,
        seq=entry.seq,
    )


@_applies(facts.CaseApproved)
def _case_approved(fact: facts.CaseApproved, entry: Entry, run: Runner) -> None:
    _decide(fact.case_id, CaseState.APPROVED, "", entry, run)


@_applies(facts.CaseRefused)
def _case_refused(fact: facts.CaseRefused, entry: Entry, run: Runner) -> None:
    _decide(fact.case_id, CaseState.REFUSED, fact.reason, entry, run)


@_applies(facts.CorrectionAsked)
def _correction_asked(fact: facts.CorrectionAsked, entry: Entry, run: Runner) -> None:
    run.run(_ASK_CORRECTION, of_hall=entry.hall, of_case_id=fact.case_id, because=fact.reason, seq=entry.seq)


@_applies(facts.CorrectionMade)
def _correction_made(fact: facts.CorrectionMade, entry: Entry, run: Runner) -> None:
    run.run(
        _CORRECTED,
        of_hall=entry.hall,
        of_case_id=fact.case_id,
        to_due_on=fact.due_on,
        to_provisional=fact.due_provisional,
        seq=entry.seq,
    )


@_applies(facts.ResultReady)
def _result_ready(fact: facts.ResultReady, entry: Entry, run: Runner) -> None:
    run.run(_READY, of_hall=entry.hall, of_case_id=fact.case_id, window=fact.window, seq=entry.seq)


@_applies(facts.HandedOver)
def _handed_over(fact: facts.HandedOver, entry: Entry, run: Runner) -> None:
    run.run(_CLOSE, of_hall=entry.hall, of_case_id=fact.case_id, at_ms=entry.at_ms, seq=entry.seq)


@_applies(facts.PromiseRecomputed)
def _promise_recomputed(fact: facts.PromiseRecomputed, entry: Entry, run: Runner) -> None:
    run.run(
        _PROMISE,
        of_hall=entry.hall,
        of_case_id=fact.case_id,
        to_due_on=fact.new_due_on,
        to_provisional=fact.provisional,
        seq=entry.seq,
    )


def _stands_for_itself(fact: facts.Fact, entry: Entry, run: Runner) -> None:
    """The entry is all there is to keep."""


for _kind in (
    facts.PasswordChanged,
    facts.PersonOpened,
    facts.ResidentErased,
    facts.MessageRefusedNoted,
    facts.SignedIn,
):
    _applies(_kind)(_stands_for_itself)


@_applies(facts.SecondLookTaken)
def _second_look_taken(fact: facts.SecondLookTaken, entry: Entry, run: Runner) -> None:
    run.run(_LOOK, hall=entry.hall, case_id=fact.case_id, doubts=_json(fact.doubts), at_ms=entry.at_ms)

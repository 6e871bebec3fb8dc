"""What the pages are shown: frozen rows, as `reading.py` finds them. Nothing of a resident stands in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallRow:
    counter: int  # rises for ever within the hall
    ticket: str
    window: int
    purpose: str  # intake | pickup
    called_at_ms: int
    expires_at_ms: int
    count: int  # 1 the first call, 2 the first recall …


@dataclass(frozen=True, slots=True)
class GroupRow:
    letter: str
    name: str
    waiting: int
    waiting_priority: int  # of `waiting`


@dataclass(frozen=True, slots=True)
class WindowRow:
    window: int
    ticket: str  # empty: nobody is called or served
    state: str  # called | serving | ""
    since_ms: int


@dataclass(frozen=True, slots=True)
class TaskRow:
    case_number: str
    case_id: str
    service_item: str
    item_name: str
    kind: str  # same_day | promised
    state: str
    desk: str
    officer: str  # staff_id, or empty
    resident_id: str
    ticket: str
    ticket_day: str
    window: int | None
    ready_window: int | None
    due_on: str  # YYYY-MM-DD, or empty
    due_provisional: bool
    opened_at_ms: int
    decided_at_ms: int | None
    closed_at_ms: int | None
    reason: str
    pages: int


@dataclass(frozen=True, slots=True)
class PageRow:
    index: int
    material: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class EntryRow:
    seq: int
    at_ms: int
    kind: str
    subject: str
    actor: str
    hash: str
    body: str  # JSON of the fact: for the history's words, never shown as it is


@dataclass(frozen=True, slots=True)
class UnitRow:
    unit: str
    role: str
    window: int | None
    revoked: bool
    forked: bool
    alive: bool
    heard_at_ms: int  # 0: never
    waiting_packets: int
    waiting_events: int
    oldest_waiting_ms: int
    version: str
    simulated: bool
    health: Mapping[str, str]  # device -> "ok" or an error's code


@dataclass(frozen=True, slots=True)
class StaffRow:
    staff_id: str
    name: str
    roles: tuple[str, ...]
    desks: tuple[str, ...]
    active: bool
    present: bool
    open_tasks: int
    sessions: int  # signed in just now


@dataclass(frozen=True, slots=True)
class ItemRow:
    code: str
    name: str
    department: str
    kind: str
    promise_working_days: int | None
    materials: tuple[str, ...]
    basis: str  # as in the file: name=verified:source | kind=composed | …


@dataclass(frozen=True, slots=True)
class CaseCounts:
    total: int
    by_state: Mapping[str, int]
    overdue: int  # promised, under way, due before today
    due_today: int
    unassigned: int

"""The tables, as SQLAlchemy Core knows them, in three kinds.

    BOOK          heads, entries: added to, never edited
    PROJECTIONS   what the entries say, kept in the same transaction; replay rebuilds every one of them
    BESIDE        what must be able to vanish (residents, forms, credentials), or is of the moment (unit states)

Every index that a hot query needs is partial, so that its cost follows what is open, not what has ever been.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

METADATA: Final = MetaData()


def _text(name: str, *, key: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, String, primary_key=key, nullable=False, server_default=default)


def _number(name: str, *, key: bool = False, null: bool = False) -> Column[int]:
    # Milliseconds do not fit PostgreSQL's INTEGER; a key that SQLite should not number by itself says so.
    return Column(name, BigInteger, primary_key=key, nullable=null, autoincrement=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, METADATA, *columns, sqlite_with_rowid=False)


# The book.
heads = _table("heads", _text("hall", key=True), _number("seq"), _text("hash"))
entries = _table(
    "entries",
    _text("hall", key=True),
    _number("seq", key=True),
    _number("at_ms"),
    _text("kind"),
    _text("subject"),
    _text("actor"),
    Column("origin", Text, nullable=False),
    Column("body", Text, nullable=False),
    _text("previous"),
    _text("hash"),
)
Index("entries_by_subject", entries.c.hall, entries.c.subject, entries.c.seq)

# Projections.
seen = _table(
    "seen",
    _text("hall", key=True),
    _text("message", key=True),
    _text("content_hash"),
    _number("seq"),
    _text("unit"),
    _number("boot"),
    _number("sequence"),
)
Index("seen_by_sequence", seen.c.hall, seen.c.unit, seen.c.boot, seen.c.sequence)
halls = _table(
    "halls",
    _text("hall", key=True),
    _text("name"),
    _text("groups"),  # JSON
    _text("windows"),  # JSON
    Column("pickup_window", Integer),
)
units = _table(
    "units",
    _text("hall", key=True),
    _text("unit", key=True),
    _text("role"),
    Column("window_number", Integer),
    _text("signing_key"),
    _text("sealing_key"),
    _flag("revoked"),
    _flag("forked"),
)
staff = _table(
    "staff",
    _text("hall", key=True),
    _text("staff_id", key=True),
    _text("name"),
    _text("roles"),  # JSON
    _text("desks"),  # JSON
    _flag("active"),
    _flag("present"),
    _number("open_tasks"),
)
staff_desks = _table("staff_desks", _text("hall", key=True), _text("desk", key=True), _text("staff_id", key=True))
catalogues = _table("catalogues", _text("hall", key=True), _text("digest"))
items = _table(
    "items",
    _text("hall", key=True),
    _text("code", key=True),
    _number("position"),
    _text("name"),
    _text("department"),
    _text("kind"),
    Column("promise_working_days", Integer),
    _text("materials"),  # JSON
    _text("basis"),
)
settings = _table("settings", _text("hall", key=True), _text("name", key=True), _text("value"))
tickets = _table(
    "tickets",
    _text("hall", key=True),
    _text("day", key=True),
    _text("ticket", key=True),
    _text("letter"),
    _text("priority"),
    _text("state"),
    _number("place"),
    _number("issued_at_ms"),
    Column("window_number", Integer),
    _number("calls"),
    _number("reentries"),
    _number("first_called_at_ms", null=True),
    _number("called_at_ms", null=True),
    _number("opened_at_ms", null=True),
    _number("ended_at_ms", null=True),
    _flag("queued"),
    _number("issued_seq"),
)
_waiting = text("state = 'waiting'")
Index(
    "tickets_waiting",
    tickets.c.hall,
    tickets.c.day,
    tickets.c.letter,
    tickets.c.priority,
    tickets.c.place,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
_at_window = text("state IN ('called', 'serving')")
Index(
    "tickets_at_window",
    tickets.c.hall,
    tickets.c.day,
    tickets.c.window_number,
    sqlite_where=_at_window,
    postgresql_where=_at_window,
)
_unfinished = text("state IN ('waiting', 'called', 'serving', 'passed')")
Index(
    "tickets_unfinished",
    tickets.c.hall,
    tickets.c.day,
    tickets.c.ticket,
    sqlite_where=_unfinished,
    postgresql_where=_unfinished,
)
calls = _table(
    "calls",
    _text("hall", key=True),
    _number("counter", key=True),
    _text("call_id"),
    _text("ticket"),
    _text("day"),
    _number("window_number"),
    _text("purpose"),
    _text("text"),
    _number("called_at_ms"),
    _number("expires_at_ms"),
    _number("count"),
    _text("case_number"),
    _text("service_item"),
    _flag("priority_turn"),
)
Index("calls_by_id", calls.c.hall, calls.c.call_id, unique=True)
Index("calls_by_ticket", calls.c.hall, calls.c.day, calls.c.ticket, calls.c.counter)
Index("calls_by_day", calls.c.hall, calls.c.day, calls.c.counter)
Index("calls_by_expiry", calls.c.hall, calls.c.expires_at_ms)
calls_shown = _table(
    "calls_shown", _text("hall", key=True), _text("call_id", key=True), _text("unit", key=True), _number("at_ms")
)
cases = _table(
    "cases",
    _text("hall", key=True),
    _text("case_id", key=True),
    _text("case_number"),
    _text("service_item"),
    _text("kind"),
    _text("state"),
    _text("desk"),
    _text("officer"),
    _text("resident_id"),
    _text("ticket"),
    _text("ticket_day"),
    _text("unit"),
    Column("window_number", Integer),
    Column("ready_window", Integer),
    _text("due_on"),
    _flag("due_provisional"),
    _number("opened_at_ms"),
    _number("decided_at_ms", null=True),
    _number("closed_at_ms", null=True),
    _text("reason"),
    _number("opened_seq"),
    _number("changed_seq"),
)
Index("cases_by_number", cases.c.hall, cases.c.case_number, unique=True)
Index("cases_by_resident", cases.c.hall, cases.c.resident_id, cases.c.opened_seq)
Index("cases_by_ticket", cases.c.hall, cases.c.ticket_day, cases.c.ticket)
Index("cases_by_opening", cases.c.hall, cases.c.opened_seq)
_on_officer = text("state IN ('assigned', 'correction')")
Index(
    "cases_of_officer",
    cases.c.hall,
    cases.c.officer,
    cases.c.due_on,
    cases.c.opened_seq,
    sqlite_where=_on_officer,
    postgresql_where=_on_officer,
)
_on_desk = text("state = 'open'")
Index(
    "cases_of_desk",
    cases.c.hall,
    cases.c.desk,
    cases.c.due_on,
    cases.c.opened_seq,
    sqlite_where=_on_desk,
    postgresql_where=_on_desk,
)
_ready = text("state = 'ready'")
Index("cases_ready", cases.c.hall, cases.c.changed_seq, sqlite_where=_ready, postgresql_where=_ready)
_decided = text("state IN ('approved', 'refused')")
Index("cases_decided", cases.c.hall, cases.c.state, sqlite_where=_decided, postgresql_where=_decided)
_promised = text("kind = 'promised' AND state IN ('open', 'assigned', 'correction', 'approved')")
Index("cases_promised", cases.c.hall, cases.c.case_id, sqlite_where=_promised, postgresql_where=_promised)
_with_due_day = text("kind = 'promised'")
Index("cases_due", cases.c.hall, cases.c.due_on, sqlite_where=_with_due_day, postgresql_where=_with_due_day)
case_numbers = _table("case_numbers", _text("hall", key=True), _text("day", key=True), _number("last"))
pages = _table(
    "pages",
    _text("hall", key=True),
    _text("case_id", key=True),
    _number("page_index", key=True),
    _text("material"),
    _text("plain_digest"),
    _text("stored_digest"),
    _number("stored_bytes"),
    _number("width"),
    _number("height"),
)

second_looks = _table(
    "second_looks",
    _text("hall", key=True),
    _text("case_id", key=True),
    Column("doubts", Text, nullable=False),
    _number("at_ms"),
)

# Beside the book.
residents = _table(
    "residents",
    _text("hall", key=True),
    _text("resident_id", key=True),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("identity", LargeBinary, nullable=False),  # sealed with the resident's key
    _number("known_since_ms"),
)
forms = _table(
    "forms",
    _text("hall", key=True),
    _text("case_id", key=True),
    _text("resident_id"),
    Column("sealed", LargeBinary, nullable=False),
)
credentials = _table(
    "credentials",
    _text("hall", key=True),
    _text("staff_id", key=True),
    _text("password_hash"),
    _number("changed_at_ms"),
)
sessions = _table(
    "sessions",
    _text("token_hash", key=True),  # SHA-256 of the cookie: a copied database signs nobody in
    _text("hall"),
    _text("staff_id"),
    _number("opened_at_ms"),
    _number("used_at_ms"),
    _number("expires_at_ms"),
)
Index("sessions_of_staff", sessions.c.hall, sessions.c.staff_id)
unit_states = _table(
    "unit_states",
    _text("hall", key=True),
    _text("unit", key=True),
    _flag("alive"),
    _number("heard_at_ms"),
    _number("boot"),
    Column("body", Text, nullable=False),  # JSON of the last `UnitState`
)

BOOK: Final = (heads, entries)
PROJECTIONS: Final = (
    second_looks,
    seen,
    halls,
    units,
    staff,
    staff_desks,
    catalogues,
    items,
    settings,
    tickets,
    calls,
    calls_shown,
    cases,
    case_numbers,
    pages,
)
BESIDE: Final = (residents, forms, credentials, sessions, unit_states)

"""The first tables. Written out, so that later changes of `tables.py` do not change what this step made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("counter", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("window_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("called_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("service_item", sa.String(), nullable=False),
        sa.Column("priority_turn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "counter"),
        sqlite_with_rowid=False,
    )
    op.create_index("calls_by_day", "calls", ["hall", "day", "counter"], unique=False)
    op.create_index("calls_by_expiry", "calls", ["hall", "expires_at_ms"], unique=False)
    op.create_index("calls_by_id", "calls", ["hall", "call_id"], unique=True)
    op.create_index("calls_by_ticket", "calls", ["hall", "day", "ticket", "counter"], unique=False)
    op.create_table(
        "calls_shown",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "call_id", "unit"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_numbers",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "cases",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("service_item", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("desk", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("ticket_day", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("window_number", sa.Integer(), nullable=True),
        sa.Column("ready_window", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.String(), nullable=False),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("decided_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("closed_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changed_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "case_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("cases_by_number", "cases", ["hall", "case_number"], unique=True)
    op.create_index("cases_by_opening", "cases", ["hall", "opened_seq"], unique=False)
    op.create_index("cases_by_resident", "cases", ["hall", "resident_id", "opened_seq"], unique=False)
    op.create_index("cases_by_ticket", "cases", ["hall", "ticket_day", "ticket"], unique=False)
    op.create_index(
        "cases_decided",
        "cases",
        ["hall", "state"],
        unique=False,
        sqlite_where=sa.text("state IN ('approved', 'refused')"),
        postgresql_where=sa.text("state IN ('approved', 'refused')"),
    )
    op.create_index(
        "cases_due",
        "cases",
        ["hall", "due_on"],
        unique=False,
        sqlite_where=sa.text("kind = 'promised'"),
        postgresql_where=sa.text("kind = 'promised'"),
    )
    op.create_index(
        "cases_of_desk",
        "cases",
        ["hall", "desk", "due_on", "opened_seq"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "cases_of_officer",
        "cases",
        ["hall", "officer", "due_on", "opened_seq"],
        unique=False,
        sqlite_where=sa.text("state IN ('assigned', 'correction')"),
        postgresql_where=sa.text("state IN ('assigned', 'correction')"),
    )
    op.create_index(
        "cases_promised",
        "cases",
        ["hall", "case_id"],
        unique=False,
        sqlite_where=sa.text("kind = 'promised' AND state IN ('open', 'assigned', 'correction', 'approved')"),
        postgresql_where=sa.text("kind = 'promised' AND state IN ('open', 'assigned', 'correction', 'approved')"),
    )
    op.create_index(
        "cases_ready",
        "cases",
        ["hall", "changed_seq"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_table(
        "catalogues",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hall"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credentials",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "staff_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entries",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("entries_by_subject", "entries", ["hall", "subject", "seq"], unique=False)
    op.create_table(
        "forms",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "case_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "halls",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("groups", sa.String(), nullable=False),
        sa.Column("windows", sa.String(), nullable=False),
        sa.Column("pickup_window", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("hall"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heads",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hall"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "items",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("promise_working_days", sa.Integer(), nullable=True),
        sa.Column("materials", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "code"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pages",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("page_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("material", sa.String(), nullable=False),
        sa.Column("plain_digest", sa.String(), nullable=False),
        sa.Column("stored_digest", sa.String(), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("width", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("height", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "case_id", "page_index"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "residents",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("resident_id", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("known_since_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "resident_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seen",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("boot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "message"),
        sqlite_with_rowid=False,
    )
    op.create_index("seen_by_sequence", "seen", ["hall", "unit", "boot", "sequence"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_of_staff", "sessions", ["hall", "staff_id"], unique=False)
    op.create_table(
        "settings",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staff",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("desks", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("open_tasks", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "staff_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staff_desks",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("desk", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "desk", "staff_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tickets",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_number", sa.Integer(), nullable=True),
        sa.Column("calls", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reentries", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_called_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("called_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("opened_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("queued", sa.Boolean(), nullable=False),
        sa.Column("issued_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("hall", "day", "ticket"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "tickets_at_window",
        "tickets",
        ["hall", "day", "window_number"],
        unique=False,
        sqlite_where=sa.text("state IN ('called', 'serving')"),
        postgresql_where=sa.text("state IN ('called', 'serving')"),
    )
    op.create_index(
        "tickets_unfinished",
        "tickets",
        ["hall", "day", "ticket"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'called', 'serving', 'passed')"),
        postgresql_where=sa.text("state IN ('waiting', 'called', 'serving', 'passed')"),
    )
    op.create_index(
        "tickets_waiting",
        "tickets",
        ["hall", "day", "letter", "priority", "place"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "unit_states",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("alive", sa.Boolean(), nullable=False),
        sa.Column("heard_at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("boot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "unit"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "units",
        sa.Column("hall", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("window_number", sa.Integer(), nullable=True),
        sa.Column("signing_key", sa.String(), nullable=False),
        sa.Column("sealing_key", sa.String(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.Column("forked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hall", "unit"),
        sqlite_with_rowid=False,
    )

"""Who is signed in: one row a session, beside the book. Only the token's hash is kept.

Comes from `central.web.sign_in`, read at every page. A session ends at its absolute end, after being idle, at
sign-out, when an administrator ends it, and when its member of staff is no longer active.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, delete, insert, select, update

from central.storage.tables import sessions, staff

TOUCH_MS: Final = 60_000  # "used" is written at most once a minute: a read should not become a write


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff with a live session."""

    staff_id: str
    name: str
    roles: frozenset[str]
    desks: tuple[str, ...]
    present: bool


class Sessions:
    """Sessions of one hall. Every method is one short transaction of its own."""

    def __init__(self, engine: Engine, hall: str) -> None:
        self._engine = engine
        self._hall = hall

    def open(self, token: str, staff_id: str, *, now_ms: int, hours: int) -> None:
        """Keep a new session; those of the hall that have ended are swept out."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(sessions).where(sessions.c.hall == self._hall, sessions.c.expires_at_ms <= now_ms)
            )
            connection.execute(
                insert(sessions).values(
                    token_hash=_hash(token),
                    hall=self._hall,
                    staff_id=staff_id,
                    opened_at_ms=now_ms,
                    used_at_ms=now_ms,
                    expires_at_ms=now_ms + hours * 3_600_000,
                )
            )

    def member(self, token: str, *, now_ms: int, idle_minutes: int) -> Member | None:
        """Return who this token is, or None: unknown, ended, idle too long, or no longer on the staff."""
        query = (
            select(sessions.c.used_at_ms, staff.c.staff_id, staff.c.name, staff.c.roles, staff.c.desks, staff.c.present)
            .join(staff, (staff.c.hall == sessions.c.hall) & (staff.c.staff_id == sessions.c.staff_id))
            .where(
                sessions.c.token_hash == _hash(token),
                sessions.c.hall == self._hall,
                sessions.c.expires_at_ms > now_ms,
                sessions.c.used_at_ms > now_ms - idle_minutes * 60_000,
                staff.c.active,
            )
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Member(
            row.staff_id, row.name, frozenset(json.loads(row.roles)), tuple(json.loads(row.desks)), row.present
        )

    def touch(self, token: str, *, now_ms: int) -> None:
        """Note that the session is in use; writes at most once in TOUCH_MS."""
        used = sessions.c.used_at_ms
        with self._engine.connect() as connection:
            known = connection.execute(select(used).where(sessions.c.token_hash == _hash(token))).scalar()
        if known is None or known > now_ms - TOUCH_MS:
            return
        with self._engine.begin() as connection:
            connection.execute(update(sessions).where(sessions.c.token_hash == _hash(token)).values(used_at_ms=now_ms))

    def close(self, token: str) -> None:
        """End one session; ending it twice is the same."""
        with self._engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(token)))

    def close_all_of(self, staff_id: str) -> int:
        """End every session of a member of staff; return how many there were."""
        with self._engine.begin() as connection:
            ended = connection.execute(
                delete(sessions).where(sessions.c.hall == self._hall, sessions.c.staff_id == staff_id)
            )
        return int(ended.rowcount)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

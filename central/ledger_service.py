"""The ledger service's one worker: messages in; entries, receipts, calls out. Only the pages write besides.

    take what is there (at most 100, within 50 ms) -> receiving -> send, acknowledge -> the book's tail -> send

Put together in bootstrap; runs until told to stop. A group that fails is left to its units, who send it again; a lost
leadership ends the process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from broker import codec
from broker.errors import MessageRefused
from broker.messages import UnitState
from broker.topics import Up
from central.announcements.tail import Tail
from central.fleet.health import Health
from central.ledger.work import Clock
from central.link import Delivery
from central.outgoing import Outgoing
from central.receiving import GROUP_MAX, Arrived, Receiving
from central.storage.book import TransactionLost
from central.storage.statements import Runner

TICK_SECONDS: Final = 0.05
HEALTH_MS: Final = 1_000
DAY_CHECK_MS: Final = 30_000

log = logging.getLogger(__name__)


class Wire(Protocol):
    """What the worker needs of the link."""

    def take(self, limit: int, timeout_seconds: float) -> list[Delivery]: ...

    def acknowledge(self, delivery: Delivery) -> None: ...

    def send(self, outgoing: Sequence[Outgoing]) -> None: ...

    def just_connected(self) -> bool: ...


class LedgerService:
    """Runs on the leading connection of its hall, in one thread."""

    def __init__(
        self,
        hall: str,
        *,
        connection: Connection,
        wire: Wire,
        receiving: Receiving,
        tail: Tail,
        clock: Clock,
        close_days: Callable[[Connection, int], None],
    ) -> None:
        self._hall, self._connection, self._wire = hall, connection, wire
        self._receiving, self._tail, self._clock = receiving, tail, clock
        self._close_days = close_days
        self._health = Health()
        self._run = Runner(connection)
        # Trouble with disk or database, whether SQLAlchemy has wrapped it or it comes straight from the driver.
        driver: Any = connection.dialect.loaded_dbapi
        self._trouble: tuple[type[Exception], ...] = (OSError, TransactionLost, DBAPIError, driver.Error)
        self._health_due_ms = 0
        self._day_due_ms = 0

    def begin(self) -> None:
        """Take up where the book stands."""
        self._tail.begin(self._run, now_ms=self._clock.now_ms())

    def step(self, timeout_seconds: float = TICK_SECONDS) -> int:
        """Do one round; return how many messages were handled."""
        deliveries = self._wire.take(GROUP_MAX, timeout_seconds)
        self._catch_up()
        self._handle(deliveries)
        now_ms = self._clock.now_ms()
        if self._wire.just_connected():
            self._health.all_away()
            self._wire.send(self._tail.greet_all(self._run, now_ms=now_ms))
        self._wire.send(self._tail.follow(self._run, now_ms=now_ms))
        self._at_leisure(now_ms)
        return len(deliveries)

    def _catch_up(self) -> None:
        """See what the pages have committed before anything is handled: a unit revoked there is revoked here."""
        self._wire.send(self._tail.follow(self._run, now_ms=self._clock.now_ms()))

    def _handle(self, deliveries: Sequence[Delivery]) -> None:
        group = [each for each in deliveries if each.arrived.family is not Up.STATE]
        for delivery in deliveries:
            if delivery.arrived.family is Up.STATE:
                self._hear_state(delivery.arrived)
        try:
            if group:
                answers = self._receiving.take([each.arrived for each in group])
                self._wire.send(answers.outgoing)
        except self._trouble as error:
            self._bear(error, f"a group of {len(group)} messages was not entered and will come again")
        finally:
            # Also of what failed: the broker's window must move on, and a unit resends on its own timer.
            for delivery in deliveries:
                self._wire.acknowledge(delivery)

    def _hear_state(self, arrived: Arrived) -> None:
        try:
            state = codec.decode(arrived.payload, UnitState)
        except MessageRefused as refusal:
            log.warning("a state of %s refused: %s", arrived.unit, refusal)
            return
        now_ms = self._clock.now_ms()
        if self._health.heard(arrived.unit, state, now_ms=now_ms):
            self._wire.send(self._tail.greet(arrived.unit, self._run, now_ms=now_ms))

    def _at_leisure(self, now_ms: int) -> None:
        try:
            if now_ms >= self._health_due_ms:
                self._health_due_ms = now_ms + HEALTH_MS
                self._health.write(self._run, self._hall, now_ms=now_ms)
            if now_ms >= self._day_due_ms:
                self._day_due_ms = now_ms + DAY_CHECK_MS
                self._close_days(self._connection, now_ms)
        except self._trouble as error:
            self._bear(error, "the units' states could not be written")

    def _bear(self, error: Exception, consequence: str) -> None:
        """Go on after trouble; a lost session ends the process."""
        if self._session_is_lost():
            raise error
        log.error("%s: %s; free or repair the disk, or the database", consequence, _plain(error))

    def _session_is_lost(self) -> bool:
        return bool(getattr(self._connection.connection.driver_connection, "closed", False))


def _plain(error: Exception) -> str:
    """Return what happened without the statement's values, which may be a resident's."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {str(original).splitlines()[0] if str(original) else 'no more is known'}"

"""Windows that press 下一位 at the same moment: real connections to one file, one transaction each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from broker import events
from broker.ids import new_id
from central.ledger.entry import Origin
from central.queue.calling import call_next
from central.queue.refusals import QueueEmpty
from central.queue.tickets import end_visit, issue_ticket
from central.storage.book import open_book
from central.storage.database import Database
from central.storage.migrate import migrate
from tests.support.rules_hall import DAY, HALL, CountingRng, VaultInMemory, at, furnish

WINDOWS = (1, 2, 3, 4)
TICKETS = 40


class OneWindow:
    """A window with a connection and randomness of its own, as if in another process."""

    def __init__(self, database: Database, window: int, start: threading.Barrier) -> None:
        self._database, self._window, self._start = database, window, start
        self._rng = CountingRng(first=window * 1_000_000)
        self.called: list[str] = []
        self.thread = threading.Thread(target=self._work_through)

    def _work_through(self) -> None:
        with self._database.connect() as self._connection:
            self._start.wait(timeout=10)
            while (ticket := self._next()) is not None:
                self.called.append(ticket)
                self._end(ticket)

    def _next(self) -> str | None:
        event = events.NextRequested(event_id=self._id(), window=self._window, at_ms=0)
        try:
            return str(self._do(call_next, event).ticket)
        except QueueEmpty:
            return None

    def _end(self, ticket: str) -> None:
        self._do(
            end_visit,
            events.VisitEnded(event_id=self._id(), window=self._window, ticket=ticket, day=DAY, at_ms=0),
        )

    def _id(self) -> str:
        return new_id(at("10:00"), self._rng.token_bytes(10))

    def _do(self, use_case: Callable[..., Any], event: Any) -> Any:
        with open_book(
            self._connection, HALL, now_ms=at("10:00"), rng=self._rng, make_vault=lambda *_: VaultInMemory()
        ) as book:
            with book.fence(Origin(message=event.event_id, content_hash="0" * 64, unit=f"w{self._window}")):
                result = use_case(event, now_ms=at("10:00"), work=book)
            book.commit()
            return result


def test_windows_that_ask_at_once_call_every_number_exactly_once(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(database)
    rng = CountingRng()
    with (
        database.connect() as connection,
        open_book(connection, HALL, now_ms=at("09:00"), rng=rng, make_vault=lambda *_: VaultInMemory()) as book,
    ):
        furnish(book)
        numbers = [f"{'ABC'[index % 3]}{6001 + index // 3}" for index in range(TICKETS)]
        for number in numbers:
            issued = events.TicketIssued(event_id=book.new_id(), ticket=number, day=DAY, at_ms=at("09:00"))
            issue_ticket(issued, now_ms=at("09:00"), work=book)
        book.commit()

    start = threading.Barrier(len(WINDOWS))
    windows = [OneWindow(database, window, start) for window in WINDOWS]
    for window in windows:
        window.thread.start()
    for window in windows:
        window.thread.join(timeout=30)

    called = Counter(ticket for window in windows for ticket in window.called)
    assert called == dict.fromkeys(numbers, 1)
    with database.connect() as connection:
        entries = connection.exec_driver_sql("SELECT seq FROM entries ORDER BY seq").scalars().all()
    assert entries == list(range(1, len(entries) + 1))
    database.close()

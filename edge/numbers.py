"""The ticket numbers given out: one after another for each group and day, none twice and none left out.

One journal in the unit's `seen/` folder. A number is taken by one record that also holds the signed event that tells
central of it; only then is anything printed. So after a power cut at any line every number taken is known, its event
goes out with the very same bytes, and a slip that may not have been printed is named.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from edge.errors import NumbersUsedUp
from edge.journal import Journal, Record
from edge.ports import Storage

FILE: Final = "tickets.journal"
_LAST: Final = 9999
_DAYS_KEPT: Final = 3


@dataclass(frozen=True, slots=True)
class TakenNumber:
    ticket: str
    day: str
    event: bytes  # `TicketIssued`, signed, as it travels
    event_id: str
    printed: bool

    def __repr__(self) -> str:
        return f"TakenNumber({self.ticket!r}, {self.day!r})"


class Numbers:
    """Called from one thread."""

    def __init__(self, storage: Storage, *, base: int) -> None:
        """Open the journal.

        Raises:
            OSError: the card does not give it.
        """
        self._base = base
        self._journal = Journal(storage, FILE)
        self._newest: dict[tuple[str, str], int] = {}  # day, group -> the last number taken
        self._taken: dict[str, TakenNumber] = {}  # by event id, oldest first
        for record in self._journal.records:
            self._apply(record)
        self._journal.records.clear()

    def next_ticket(self, day: str, group: str) -> str:
        """Return the number that `take` would take now.

        Raises:
            NumbersUsedUp: there is none left today.
        """
        number = self._newest.get((day, group), self._base) + 1
        if number > _LAST:
            raise NumbersUsedUp(f"group {group} has given out {_LAST} today")
        return f"{group}{number:04d}"

    def take(self, ticket: str, day: str, event_id: str, event: bytes) -> None:
        """Take a number. It is taken for good when this returns.

        Raises:
            OSError: the card did not take it; the number is still free.
        """
        assert ticket == self.next_ticket(day, ticket[0]), "numbers are taken one after another"
        record = {"k": "taken", "t": ticket, "d": day, "i": event_id, "e": base64.b64encode(event).decode()}
        self._journal.append(record)
        self._apply(record)

    def printed(self, event_id: str) -> None:
        """Note that a slip was printed.

        Raises:
            OSError: it is not noted; after a start it will be named as perhaps unprinted.
        """
        record = {"k": "printed", "i": event_id}
        self._journal.append(record)
        self._apply(record)

    def taken(self) -> list[TakenNumber]:
        """Return the numbers of the last days, oldest first."""
        return list(self._taken.values())

    def forget_before(self, today: str) -> None:
        """Drop what is older than the last days.

        Raises:
            OSError: the journal stays as it was.
        """
        days = sorted({number.day for number in self._taken.values()} | {today})[-_DAYS_KEPT:]
        kept = [number for number in self._taken.values() if number.day in days]
        if len(kept) == len(self._taken):
            return
        records: list[Record] = []
        for number in kept:
            event = base64.b64encode(number.event).decode()
            records.append({"k": "taken", "t": number.ticket, "d": number.day, "i": number.event_id, "e": event})
            if number.printed:
                records.append({"k": "printed", "i": number.event_id})
        self._journal.rewrite(records)
        self._taken = {number.event_id: number for number in kept}
        self._newest = {key: newest for key, newest in self._newest.items() if key[0] in days}

    def _apply(self, record: Record) -> None:
        if record["k"] == "taken":
            ticket, day, event_id = record["t"], record["d"], record["i"]
            self._newest[day, ticket[0]] = max(int(ticket[1:]), self._newest.get((day, ticket[0]), 0))
            self._taken[event_id] = TakenNumber(ticket, day, base64.b64decode(record["e"]), event_id, printed=False)
        elif record["k"] == "printed" and record["i"] in self._taken:
            old = self._taken[record["i"]]
            self._taken[record["i"]] = TakenNumber(old.ticket, old.day, old.event, old.event_id, printed=True)

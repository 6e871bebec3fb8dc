"""The ticket numbers given out: one after another for each group and day, none twice and none left out.

One journal in the unit's `seen/` folder. A number is taken by one record that also holds the signed event that tells
central of it; only then is anything printed. So after a power cut at any line every number taken is known, its event
goes out with the very same bytes, and a slip that may not have been printed is named.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
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
    posted: bool = False  # the event has been in the event box
    printed: bool = False

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
        self._posted: list[str] = []  # not noted yet: rides on the next record, since losing it costs no more than
        #                               the same event sent once more
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
        self._keep(_taken_record(TakenNumber(ticket, day, event, event_id)))

    def posted(self, event_id: str) -> None:
        """Note that a number's event is in the event box; on the card with the next record."""
        self._posted.append(event_id)

    def printed(self, event_id: str) -> None:
        """Note that a slip was printed.

        Raises:
            OSError: it is not noted; after a start it will be named as perhaps unprinted.
        """
        self._keep({"k": "printed", "i": event_id})

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
            records.append(_taken_record(number))
            if number.printed:
                records.append({"k": "printed", "i": number.event_id})
        records.append({"k": "posted", "p": [number.event_id for number in kept if number.posted]})
        self._journal.rewrite(records)
        self._taken = {number.event_id: number for number in kept}
        self._newest = {key: newest for key, newest in self._newest.items() if key[0] in days}

    def _keep(self, record: Record) -> None:
        record["p"] = list(self._posted)
        self._journal.append(record)
        self._posted.clear()
        self._apply(record)

    def _apply(self, record: Record) -> None:
        for event_id in record.get("p", ()):
            if event_id in self._taken:
                self._taken[event_id] = replace(self._taken[event_id], posted=True)
        if record["k"] == "taken":
            ticket, day, event_id = record["t"], record["d"], record["i"]
            self._newest[day, ticket[0]] = max(int(ticket[1:]), self._newest.get((day, ticket[0]), 0))
            self._taken[event_id] = TakenNumber(ticket, day, base64.b64decode(record["e"]), event_id)
        elif record["k"] == "printed" and record["i"] in self._taken:
            self._taken[record["i"]] = replace(self._taken[record["i"]], printed=True)


def _taken_record(number: TakenNumber) -> Record:
    event = base64.b64encode(number.event).decode()
    return {"k": "taken", "t": number.ticket, "d": number.day, "i": number.event_id, "e": event}

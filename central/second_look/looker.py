"""Takes one case after another that nobody has looked at, newest first, reads its pages and enters what is doubtful.

Comes from the book and the vault, goes back to the book as `SecondLookTaken`; the ledger service tells the window from
there. Newest first, because the resident of the newest is still at the counter. Killed at any line, it begins the same
case anew.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol

from broker.messages import Resident
from central.ledger import facts
from central.ledger.work import PageRecord, UnitOfWork
from central.residents.pages import PageDamaged
from central.second_look.doubts import Doubt
from central.second_look.likeness import doubts_of_material
from central.second_look.page_reader import PageReader, PageUnread
from central.second_look.person import doubts_of_person

ACTOR: Final = "second-look"
BACKLOG_MAX: Final = 500  # cases: what is older than these is left to the officers

log = logging.getLogger(__name__)

Opened = Callable[[], AbstractContextManager[UnitOfWork]]


class Committing(UnitOfWork, Protocol):
    def commit(self) -> object: ...


class Looker:
    """One hall's second look. `look_at_next` is called by one thread."""

    def __init__(
        self,
        *,
        next_case: Callable[[], str | None],
        look: Opened,
        work: Callable[[], AbstractContextManager[Committing]],
        reader: PageReader,
        reader_name: str,
    ) -> None:
        self._next_case, self._look, self._work = next_case, look, work
        self._reader, self._reader_name = reader, reader_name

    def look_at_next(self) -> bool:
        """Look at one case; return False when there was none. No transaction is open while a page is read."""
        case_id = self._next_case()
        if case_id is None:
            return False
        with self._look() as book:
            case = book.cases.find(case_id)
            resident = book.vault.identity(case.resident_id) if case is not None else None
            pages = book.cases.pages(case_id)
        doubts: list[facts.PageDoubted] = []
        for page in pages if resident is not None else ():
            doubts += [facts.PageDoubted(page=page.index, code=doubt) for doubt in self._of_page(page, resident)]
        with self._work() as book:
            book.append(
                facts.SecondLookTaken(
                    case_id=case_id,
                    doubts=tuple(doubts),
                    pages_read=len(pages) if resident is not None else 0,
                    reader=self._reader_name,
                ),
                subject=case_id,
                actor=ACTOR,
            )
            book.commit()
        log.info("case %s: %d pages read, %d doubts", case_id, len(pages), len(doubts))
        return True

    def _of_page(self, page: PageRecord, resident: Resident | None) -> tuple[Doubt, ...]:
        assert resident is not None
        try:
            with self._look() as book:
                picture = book.vault.page(page.case_id, page.index)
        except PageDamaged as error:
            log.warning("page %d of case %s: %s", page.index, page.case_id, error.code)
            return (Doubt.UNREAD,)
        if picture is None:  # erased since
            return ()
        try:
            lines = self._reader.read(picture)
            return (*doubts_of_person(lines, resident), *doubts_of_material(lines, page.material))
        except PageUnread as error:
            log.warning("page %d of case %s: %s", page.index, page.case_id, error.code)
        except Exception as error:  # noqa: BLE001
            # The fence around one page: else the newest case would end the second look anew at each start. An error
            # of the reader's may quote what it read: where it came up is logged, not what it says.
            where = "".join(traceback.format_tb(error.__traceback__))
            kind = type(error).__name__
            log.error("page %d of case %s is left unread: %s at\n%s", page.index, page.case_id, kind, where)
        return (Doubt.UNREAD,)

"""One transaction on a hall's book: appends entries to the chain and keeps the tables with them.

Made by `open_book`; read by use cases as `central.ledger.work.UnitOfWork`. Entries gather in memory with
their numbers and go to the table in one statement at commit; a fence undoes one message's share and leaves the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from sqlalchemy import Connection, bindparam, select

from broker.errors import OneWindowError
from broker.ids import new_id
from central.ledger.entry import GENESIS, Entry, Origin, entry_hash, origin_text
from central.ledger.facts import CatalogueLoaded, Fact, SettingsChanged, encode
from central.ledger.work import HallRecord, Rng, Vault
from central.storage import tables
from central.storage.projections import apply
from central.storage.reads_cases import CasesRead, TasksRead
from central.storage.reads_hall import CatalogueRead, SettingsRead, StaffRead, UnitsRead, read_hall
from central.storage.reads_queue import CallsRead, TicketsRead
from central.storage.statements import Runner, Statement, insert_into

_e, _seen, _heads = tables.entries, tables.seen, tables.heads

_KNOW_HEAD: Final = insert_into(_heads, or_skip=True)
_head = select(_heads.c.seq, _heads.c.hash).where(_heads.c.hall == bindparam("hall"))
_HEAD: Final = Statement(_head)
_HEAD_LOCKED: Final = Statement(_head.with_for_update())
_SET_HEAD: Final = insert_into(_heads, or_update=())
_ADD_ENTRY: Final = insert_into(_e)
_ADD_SEEN: Final = insert_into(_seen, or_skip=True)
_entry = select(
    _e.c.hall,
    _e.c.seq,
    _e.c.at_ms,
    _e.c.kind,
    _e.c.subject,
    _e.c.actor,
    _e.c.origin,
    _e.c.body,
    _e.c.previous,
    _e.c.hash,
).where(_e.c.hall == bindparam("hall"))
_TAIL: Final = Statement(_entry.where(_e.c.seq > bindparam("after")).order_by(_e.c.seq).limit(bindparam("limit")))
_SEEN: Final = Statement(
    _entry.join(_seen, (_seen.c.hall == _e.c.hall) & (_seen.c.seq == _e.c.seq)).where(
        _seen.c.message == bindparam("message")
    )
)
_OF_SEQUENCE: Final = Statement(
    select(_seen.c.message)
    .where(
        _seen.c.hall == bindparam("hall"),
        _seen.c.unit == bindparam("unit"),
        _seen.c.boot == bindparam("boot"),
        _seen.c.sequence == bindparam("sequence"),
        _seen.c.message != bindparam("message"),
    )
    .limit(1)
)


class TransactionLost(OneWindowError, RuntimeError):
    """The database ended the transaction by itself (a full disk, a lost session). Nothing of it has happened."""

    code = "transaction-lost"
    notice = "台账没有写入成功，什么都没有改变。请检查磁盘空间和数据库，然后重试。"


class VaultMaker(Protocol):
    """Gives the vault that works on this transaction's own cursor."""

    def __call__(self, run: Runner, hall: str, now_ms: int) -> Vault: ...


def read_tail(run: Runner, hall: str, *, after: int, limit: int = 1000) -> Sequence[Entry]:
    """Return the entries after this number, in order."""
    return [Entry(*row) for row in run.all(_TAIL, hall=hall, after=after, limit=limit)]


def read_head(run: Runner, hall: str) -> tuple[int, str]:
    """Return the newest entry's number and hash; 0 and the chain's beginning for an empty book."""
    row = run.one(_HEAD, hall=hall)
    return (0, GENESIS) if row is None else (row[0], row[1])


def read_seen(run: Runner, hall: str, message: str) -> Entry | None:
    row = run.one(_SEEN, hall=hall, message=message)
    return None if row is None else Entry(*row)


def read_fork(run: Runner, hall: str, origin: Origin) -> str | None:
    """Return another message of the same unit with the same boot and sequence: there are two of that unit."""
    row = run.one(
        _OF_SEQUENCE, hall=hall, unit=origin.unit, boot=origin.boot, sequence=origin.seq, message=origin.message
    )
    return None if row is None else str(row[0])


class Reads:
    """What the tables say of one hall, on one cursor, without a unit of work."""

    def __init__(self, run: Runner, hall: str, *, now_ms: int = 0) -> None:
        self.run = run
        self.hall = hall
        self.now_ms = now_ms
        self.tickets = TicketsRead(run, hall)
        self.calls = CallsRead(run, hall)
        self.cases = CasesRead(run, hall)
        self.tasks = TasksRead(run, hall)
        self.staff = StaffRead(run, hall, now_ms)
        self.units = UnitsRead(run, hall)
        self.catalogue = CatalogueRead(run, hall)
        self.settings = SettingsRead(run, hall)

    def hall_record(self) -> HallRecord | None:
        return read_hall(self.run, self.hall)

    def head(self) -> tuple[int, str]:
        return read_head(self.run, self.hall)


class Book(Reads):
    """A unit of work. Use it inside `open_book`; call `commit` or nothing has happened."""

    def __init__(
        self, run: Runner, hall: str, *, now_ms: int, rng: Rng, make_vault: VaultMaker, head: tuple[int, str]
    ) -> None:
        super().__init__(run, hall, now_ms=now_ms)
        self.origin: Origin | None = None
        self._rng = rng
        self._seq, self._hash = head
        self._entries: list[Entry] = []
        self._seen: dict[str, tuple[Entry, Origin]] = {}
        self._unseen: set[str] = set()
        self.committed = False
        self.packets = self
        self.vault = make_vault(run, hall, now_ms)

    def seen(self, message: str) -> Entry | None:
        """Return the first entry that came of this packet or event, this transaction's own included."""
        known = self._seen.get(message)
        if known is not None:
            return known[0]
        return None if message in self._unseen else read_seen(self.run, self.hall, message)

    def trust_unseen(self, messages: Iterable[str], head: tuple[int, str]) -> None:
        """Take these messages as not in the book, if nothing was appended since it was looked up at that head."""
        if (self._seq, self._hash) == head:
            self._unseen.update(messages)

    def append(self, fact: Fact, *, subject: str, actor: str) -> Entry:
        """Add an entry with the next number and apply it to the tables."""
        assert not self.committed, "the book of a committed transaction is closed"
        seq, origin, body = self._seq + 1, origin_text(self.origin), encode(fact)
        digest = entry_hash(self.hall, seq, self.now_ms, fact.KIND, subject, actor, origin, body, self._hash)
        entry = Entry(self.hall, seq, self.now_ms, fact.KIND, subject, actor, origin, body, self._hash, digest)
        apply(fact, entry, self.run)
        if isinstance(fact, SettingsChanged | CatalogueLoaded):
            self._forget_settings()
        self._entries.append(entry)
        if self.origin is not None and self.origin.message not in self._seen:
            self._seen[self.origin.message] = (entry, self.origin)
        self._seq, self._hash = seq, digest
        return entry

    @contextmanager
    def fence(self, origin: Origin | None = None) -> Iterator[None]:
        """Handle one message: what the block appends is undone alone if the block fails, and the error goes on."""
        entries, head, seen = len(self._entries), (self._seq, self._hash), set(self._seen)
        self._require_open()
        self.run.say("SAVEPOINT message")
        self.origin = origin
        try:
            yield
        except BaseException:
            self._require_open()
            self.run.say("ROLLBACK TO SAVEPOINT message")
            self._forget_settings()
            del self._entries[entries:]
            self._seq, self._hash = head
            self._seen = {message: known for message, known in self._seen.items() if message in seen}
            self.run.say("RELEASE SAVEPOINT message")
            raise
        else:
            self.run.say("RELEASE SAVEPOINT message")
        finally:
            self.origin = None

    def new_id(self) -> str:
        return new_id(self.now_ms, self._rng.token_bytes(10))

    def head(self) -> tuple[int, str]:
        return self._seq, self._hash

    @property
    def appended(self) -> Sequence[Entry]:
        """Return what this transaction has appended so far."""
        return tuple(self._entries)

    def commit(self) -> None:
        """Write everything for good: when this returns, it is on the disk.

        Raises:
            TransactionLost: the database gave it up. Nothing has happened.
        """
        self._require_open()
        self.run.many(_ADD_ENTRY, [entry_row(entry) for entry in self._entries])
        self.run.many(_ADD_SEEN, [seen_row(entry, origin) for entry, origin in self._seen.values()])
        if self._entries:
            self.run.run(_SET_HEAD, hall=self.hall, seq=self._seq, hash=self._hash)
        self.run.say("COMMIT")
        self.committed = True

    def _forget_settings(self) -> None:
        self.settings.forget()
        self.catalogue.forget()

    def _require_open(self) -> None:
        # A full disk makes SQLite roll back by itself; what came after would be committed statement by statement.
        if not self.run.in_transaction:
            raise TransactionLost("the database gave the transaction up")


def entry_row(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__slots__}


def seen_row(entry: Entry, origin: Origin) -> dict[str, Any]:
    return {
        "hall": entry.hall,
        "message": origin.message,
        "content_hash": origin.content_hash,
        "seq": entry.seq,
        "unit": origin.unit,
        "boot": origin.boot,
        "sequence": origin.seq,
    }


@contextmanager
def open_book(connection: Connection, hall: str, *, now_ms: int, rng: Rng, make_vault: VaultMaker) -> Iterator[Book]:
    """Give a book to append to; whoever holds it is alone in the hall's book until the block ends.

    Leaving the block without `commit` undoes everything.
    """
    run = Runner(connection)
    sqlite = run.dialect == "sqlite"
    run.say("BEGIN IMMEDIATE" if sqlite else "BEGIN")
    try:
        if sqlite:
            head = read_head(run, hall)
        else:
            run.run(_KNOW_HEAD, hall=hall, seq=0, hash=GENESIS)
            row = run.one(_HEAD_LOCKED, hall=hall)
            assert row is not None
            head = (row[0], row[1])
        book = Book(run, hall, now_ms=now_ms, rng=rng, make_vault=make_vault, head=head)
        yield book
    except BaseException:
        _undo(run)
        raise
    else:
        if not book.committed:
            _undo(run)
    finally:
        run.close()


def _undo(run: Runner) -> None:
    try:
        run.say("ROLLBACK")
    except Exception as error:
        # A full disk or a lost session has ended the transaction already; what it changed is gone with it.
        if "no transaction" not in str(error) and "closed" not in str(error):
            raise

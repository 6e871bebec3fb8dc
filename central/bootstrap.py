"""Puts central together: settings and keys in, a running service or the pages' house out. The only place that does.

Everything live is made here: clock, randomness, database, folders, keys, the link.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Connection

from broker import events
from broker.messages import PickupList
from central.announcements.showing import call_shown
from central.announcements.tail import Tail
from central.cases.pickup import ask_pickup, hand_over
from central.fleet.roster import Roster
from central.ledger.work import UnitOfWork
from central.ledger_service import LedgerService
from central.link import Link
from central.outgoing import Outbound
from central.promises.due import OfficeHours
from central.queue.calling import call_next, recall
from central.queue.tickets import close_day, end_visit, issue_ticket, pass_ticket, present_ticket
from central.receiving import Hall, Handler, Receiving
from central.refused import RefusedShelf
from central.residents.keys import KEY_BYTES, VaultKeys
from central.residents.pages import PageFiles, PageWriter
from central.residents.vault import StoredVault
from central.second_look.looker import BACKLOG_MAX, Looker
from central.second_look.page_reader import RapidPageReader
from central.settings import CentralSettings, SettingsUnfit
from central.staging import ChunkStage
from central.storage.book import Book, VaultMaker, open_book, read_head
from central.storage.database import Database
from central.storage.migrate import check_version, migrate
from central.storage.reading import Reading
from central.storage.sessions import Sessions
from central.storage.statements import Runner

if TYPE_CHECKING:
    from central.web.house import House

log = logging.getLogger(__name__)


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class SystemRng:
    def token_bytes(self, count: int) -> bytes:
        return os.urandom(count)


@dataclass(frozen=True, slots=True)
class Store:
    """The database with what belongs to it: how a book is opened, where pages lie."""

    hall: str
    database: Database
    files: PageFiles
    make_vault: VaultMaker
    clock: SystemClock
    rng: SystemRng

    @contextmanager
    def book(self, connection: Connection | None = None) -> Iterator[Book]:
        """Open one transaction, on a connection of its own unless one is given."""
        if connection is not None:
            with open_book(
                connection, self.hall, now_ms=self.clock.now_ms(), rng=self.rng, make_vault=self.make_vault
            ) as book:
                yield book
            return
        with self.database.connect() as own, self.book(own) as book:
            yield book

    @contextmanager
    def look(self) -> Iterator[Book]:
        """Show one moment of the book and the vault; whatever is appended fails, nothing is held up."""
        with self.database.reading() as connection:
            run = Runner(connection)
            yield Book(
                run,
                self.hall,
                now_ms=self.clock.now_ms(),
                rng=self.rng,
                make_vault=self.make_vault,
                head=read_head(run, self.hall),
            )
            run.close()


def open_store(settings: CentralSettings) -> Store:
    """Name the database and make the vault. Nothing is read or changed yet but the keys.

    Raises:
        SettingsUnfit: a key file is missing or is no key.
    """
    keys = VaultKeys(vault_key=secret(settings.keys.vault), lookup_key=secret(settings.keys.lookup))
    files, clock, rng = PageFiles(settings.storage.pages), SystemClock(), SystemRng()

    def make_vault(run: Runner, hall: str, now_ms: int) -> StoredVault:
        return StoredVault(run, hall, now_ms, keys=keys, files=files, rng=rng)

    database = Database(settings.database.url, folder=settings.folder)
    return Store(settings.hall.id, database, files, make_vault, clock, rng)


@contextmanager
def ledger_service(settings: CentralSettings) -> Iterator[LedgerService]:
    """Lead the hall and give the service, connected or connecting; its tables are up to date.

    Raises:
        AlreadyLed: another ledger service does.
        SettingsUnfit, DatabaseUnfit: nothing was started.
    """
    store = open_store(settings)
    sealing, receipt = _private(settings.keys.sealing), _private(settings.keys.receipt)
    if not isinstance(sealing, X25519PrivateKey) or not isinstance(receipt, Ed25519PrivateKey):
        raise SettingsUnfit("the sealing key is X25519, the receipt key Ed25519")
    if store.database.is_sqlite:
        store.database.path.parent.mkdir(parents=True, exist_ok=True)
    with store.database.lead(store.hall) as connection, closing(PageWriter(store.files)) as pages:
        migrate(store.database)
        roster, outbound = Roster(), Outbound(receipt, store.rng)
        receiving = Receiving(
            Hall(
                hall=store.hall,
                clock=store.clock,
                rng=store.rng,
                sealing_key=sealing,
                roster=roster,
                stage=ChunkStage(settings.storage.staged),
                shelf=RefusedShelf(settings.storage.refused),
                pages=pages,
                outbound=outbound,
                make_vault=store.make_vault,
                handlers=HANDLERS,
            ),
            connection,
        )
        tail = Tail(store.hall, roster=roster, outbound=outbound, ticket_master=secret(settings.keys.ticket_master))
        link = Link(settings.broker.addresses, broker_tls(settings))
        service = LedgerService(
            store.hall,
            connection=connection,
            wire=link,
            receiving=receiving,
            tail=tail,
            clock=store.clock,
            close_days=_close_days(store, settings.hall.timezone),
        )
        service.begin()
        link.start()
        try:
            yield service
        finally:
            link.close()
            store.database.close()


@contextmanager
def looker(settings: CentralSettings) -> Iterator[Looker]:
    """Give the second look, its models loaded.

    Raises:
        SecondLookMissing: the extra is not installed.
        DatabaseUnfit: the tables are not up to date; start the ledger service or run `init` first.
    """
    store = open_store(settings)
    check_version(store.database)
    reading = Reading(store.database.engine, store.hall)
    try:
        with RapidPageReader() as reader:
            yield Looker(
                next_case=lambda: reading.case_without_look(among=BACKLOG_MAX),
                look=store.look,
                work=store.book,
                reader=reader,
                reader_name=reader.name,
            )
    finally:
        store.database.close()


def web_house(settings: CentralSettings) -> House:
    """Return what the pages work with. Its tables must be up to date already.

    Raises:
        DatabaseUnfit: they are not; start the ledger service or run `init` first.
    """
    from central.web.house import House, WebSettings  # brings Flask along: for the pages' process only

    store = open_store(settings)
    check_version(store.database)
    store.database.close()  # the server forks: no connection may be shared across it
    hall, web = settings.hall, settings.web

    def work() -> AbstractContextManager[Book]:
        return store.book()

    return House(
        settings=WebSettings(
            hall=hall.id,
            hall_name=hall.name,
            timezone=hall.timezone,
            pickup_window=hall.pickup_window,
            session_hours=web.session_hours,
            idle_minutes=web.idle_minutes,
            https=web.https,
            names=web.names,
        ),
        clock=store.clock,
        rng=store.rng,
        work=work,
        look=store.look,
        reading=Reading(store.database.engine, hall.id),
        sessions=Sessions(store.database.engine, hall.id),
    )


def _answer_pickup(event: events.PickupAsked, *, now_ms: int, work: UnitOfWork) -> PickupList:
    cases = ask_pickup(event, now_ms=now_ms, work=work)
    return PickupList(order_id=work.new_id(), asked=event.event_id, cases=tuple(cases))


HANDLERS: Mapping[str, Handler] = {
    events.TicketIssued.KIND: issue_ticket,
    events.NextRequested.KIND: call_next,
    events.RecallRequested.KIND: recall,
    events.TicketPassed.KIND: pass_ticket,
    events.TicketPresented.KIND: present_ticket,
    events.VisitEnded.KIND: end_visit,
    events.CallShown.KIND: call_shown,
    events.PickupAsked.KIND: _answer_pickup,
    events.HandedOver.KIND: hand_over,
}
"""Which use case takes which event. A new kind of event is one line here."""


def _close_days(store: Store, timezone: str) -> Callable[[Connection, int], None]:
    """Return what ends the days gone by: looked at now and then, done once a day."""
    closed: list[str] = []
    hours = OfficeHours(timezone=timezone)

    def close(connection: Connection, now_ms: int) -> None:
        yesterday = _yesterday(now_ms, hours)
        if closed == [yesterday]:
            return
        with store.book(connection) as book:
            if close_day(yesterday, work=book):
                book.commit()
        closed[:] = [yesterday]

    return close


def _yesterday(now_ms: int, hours: OfficeHours) -> str:
    return (hours.day(now_ms) - timedelta(days=1)).isoformat()


def broker_tls(settings: CentralSettings) -> ssl.SSLContext:
    """Return how central proves itself to the broker, and whom it takes for the broker."""
    try:
        context = ssl.create_default_context(cafile=str(settings.broker.ca))
        context.load_cert_chain(settings.broker.certificate, settings.broker.key)
    except OSError as error:
        raise SettingsUnfit(f"central's certificate cannot be read: {error.strerror or error}") from None
    return context


def secret(path: Path) -> bytes:
    """Return 32 bytes from a file of 64 hexadecimal digits.

    Raises:
        SettingsUnfit: missing, or no such thing.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsUnfit(f"{path} holds no key of {KEY_BYTES} bytes in hexadecimal")
    return key


def _private(path: Path) -> object:
    try:
        return load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise SettingsUnfit(f"{path} holds no private key") from None

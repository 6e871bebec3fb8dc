"""Messages from the wire into the book, a group at a time: what is there is taken, committed once, then answered.

    link -> prepare (verify, open, check pages; no lock held) -> one transaction, a fence for each message -> commit
         -> receipts and broker acknowledgements

A receipt leaves only after the commit that it speaks of. What fails for our own reasons (a full disk, a lost database)
is neither entered nor receipted: its unit keeps it and sends it again. Central is calm: one unit's nonsense is
refused, named, kept, and the others are served.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection

from broker import codec, envelope
from broker.codec import Message
from broker.errors import MessageRefused, Refused, require
from broker.messages import IntakePacket, Outcome, PickupList, Receipt
from broker.topics import Up
from central.fleet.roster import Roster
from central.intake import (
    PacketAltered,
    PagesMissing,
    PreparedPacket,
    ResidentChanged,
    ResidentKeys,
    enter_packet,
    prepare_packet,
    read_packet,
)
from central.ledger import facts
from central.ledger.entry import Entry, Origin, read_origin
from central.ledger.work import Clock, Rng
from central.outgoing import Outbound, Outgoing
from central.refused import RefusedShelf
from central.residents.pages import PageWriter
from central.residents.vault import StoredVault
from central.staging import ChunkStage
from central.storage.book import Book, TransactionLost, VaultMaker, open_book, read_fork, read_head, read_seen
from central.storage.statements import Runner

GROUP_MAX: Final = 100

log = logging.getLogger(__name__)

Handler = Callable[..., object]
"""A use case for one kind of event: `(event, *, now_ms, work) -> result`; a `PickupList` as the result is sent."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as link took it from the broker."""

    unit: str
    family: Up
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message that may be entered: verified, opened, its pages laid down."""

    arrived: Arrived
    origin: Origin
    kind: str
    message: Message | PreparedPacket | None
    refusal: Refused | None = None
    seen: bool = False  # it is in the book already


@dataclass(slots=True)
class Answers:
    """What a group gives rise to; sent after its commit."""

    outgoing: list[Outgoing] = field(default_factory=list)
    entered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What receiving works with; put together in bootstrap."""

    hall: str
    clock: Clock
    rng: Rng
    sealing_key: X25519PrivateKey
    roster: Roster
    stage: ChunkStage
    shelf: RefusedShelf
    pages: PageWriter
    outbound: Outbound
    make_vault: VaultMaker
    handlers: Mapping[str, Handler]


class Receiving:
    """Takes groups of messages from the wire, on the leading connection of its hall."""

    def __init__(self, hall: Hall, connection: Connection) -> None:
        self._at = hall
        self._connection = connection
        self._noted: set[tuple[str, str]] = set()  # altered packets that were raised already

    def take(self, group: Sequence[Arrived]) -> Answers:
        """Handle a group; return what is to be sent now that it is committed.

        Raises:
            sqlalchemy.exc.DBAPIError, OSError: nothing was entered; the units will send it again.
        """
        answers, run = Answers(), Runner(self._connection)
        now_ms = self._at.clock.now_ms()
        try:
            head = read_head(run, self._at.hall)
            keys = ResidentKeys(self._vault(run, now_ms))
            ready = [done for arrived in group if (done := self._prepare_fenced(arrived, run, keys, now_ms, answers))]
            if ready:
                self._at.pages.begin_settling()
                self._enter(ready, head, now_ms, answers)
        finally:
            self._at.pages.forget()
            run.close()
        return answers

    def _prepare_fenced(
        self, arrived: Arrived, run: Runner, keys: ResidentKeys, now_ms: int, answers: Answers
    ) -> _Ready | None:
        try:
            return self._prepare(arrived, run, keys, now_ms, answers)
        except Refused as refusal:
            self._refuse_unread(arrived, refusal, now_ms, answers)
        except OSError as error:
            log.error(
                "a message of %s was not taken, it will come again: %s; free or repair the disk",
                arrived.unit,
                error.strerror,
            )
        except Exception:
            log.exception("a message of %s could not be prepared; it was dropped and will come again", arrived.unit)
        return None

    def _prepare(
        self, arrived: Arrived, run: Runner, keys: ResidentKeys, now_ms: int, answers: Answers
    ) -> _Ready | None:
        if arrived.family is Up.CHUNK:
            self._at.roster.find(arrived.unit)
            self._at.stage.put(arrived.unit, codec.decode_chunk(arrived.payload))
            return None
        read = self._at.roster.admit(arrived.unit, arrived.payload)
        header = read.header
        origin = Origin(header.subject, read.content_hash, arrived.unit, header.boot, header.seq)
        known = read_seen(run, self._at.hall, origin.message)
        if known is not None:
            return _Ready(arrived, origin, header.kind, None, seen=True)
        try:
            if arrived.family is Up.EVENT:
                return _Ready(arrived, origin, header.kind, self._read_event(read))
            packet = read_packet(read, self._at.sealing_key)
            prepared = prepare_packet(
                packet,
                arrived.unit,
                stage=self._at.stage,
                key=keys.of(packet.resident),
                store=self._at.pages,
                central_key=self._at.sealing_key,
            )
        except PagesMissing as asked:
            log.info("packet %s of %s waits for %d pages", origin.message, arrived.unit, len(asked.missing))
            self._answer(answers, arrived.unit, _missing(origin, asked.missing, now_ms))
            return None
        except Refused as refusal:
            return _Ready(arrived, origin, header.kind, None, refusal)
        return _Ready(arrived, origin, header.kind, prepared)

    def _read_event(self, read: envelope.Envelope) -> Message:
        require(read.header.kind in self._at.handlers, "a kind of event that we do not know", MessageRefused)
        body = read.body if read.suite == envelope.PLAIN else read.open(self._at.sealing_key)
        event = codec.decode_kind(body, read.header.kind)
        subject = getattr(event, "event_id", None)
        require(subject == read.header.subject, "an event's id is its header's subject", MessageRefused)
        return event

    def _enter(self, ready: Sequence[_Ready], head: tuple[int, str], now_ms: int, answers: Answers) -> None:
        receipts: list[tuple[str, Receipt]] = []
        lists: list[tuple[str, PickupList]] = []
        with open_book(
            self._connection, self._at.hall, now_ms=now_ms, rng=self._at.rng, make_vault=self._at.make_vault
        ) as book:
            book.trust_unseen((one.origin.message for one in ready if not one.seen), head)
            for one in ready:
                receipt = self._enter_fenced(one, book, now_ms, lists)
                if receipt is not None:
                    receipts.append((one.arrived.unit, receipt))
            answers.entered = len(book.appended)
            # The pages went to the disk beside the work; nothing that names them is committed before they are there.
            self._at.pages.wait_until_safe()
            if book.appended:
                book.commit()
        self._at.pages.begin_laying()
        answers.outgoing += [self._at.outbound.order(unit, pickup, now_ms=now_ms) for unit, pickup in lists]
        for unit, receipt in receipts:
            self._answer(answers, unit, receipt)
        for one in ready:
            self._let_go(one)

    def _enter_fenced(
        self, one: _Ready, book: Book, now_ms: int, lists: list[tuple[str, PickupList]]
    ) -> Receipt | None:
        """Enter one message; whatever it does wrong stays inside its fence."""
        try:
            with book.fence(one.origin):
                return self._enter_one(one, book, now_ms, lists)
        except Refused as refusal:
            return self._refuse(one, refusal, book, now_ms)
        except TransactionLost:
            raise
        except ResidentChanged as changed:
            log.warning("packet %s of %s must come again: %s", one.origin.message, one.arrived.unit, changed)
        except Exception as error:
            if _connection_lost(error):
                raise
            log.exception(
                "%s %s of %s could not be entered; it was left out and will come again",
                one.kind,
                one.origin.message,
                one.arrived.unit,
            )
        return None

    def _enter_one(self, one: _Ready, book: Book, now_ms: int, lists: list[tuple[str, PickupList]]) -> Receipt:
        known = book.seen(one.origin.message)
        if known is not None:
            return self._answer_again(one, known, book, now_ms)
        if one.refusal is not None:
            raise one.refusal
        self._watch_for_a_fork(one, book)
        if isinstance(one.message, PreparedPacket):
            vault = book.vault
            assert isinstance(vault, StoredVault)
            enter_packet(one.message, now_ms=now_ms, work=book, vault=vault)
        else:
            result = self._at.handlers[one.kind](one.message, now_ms=now_ms, work=book)
            if isinstance(result, PickupList):
                lists.append((one.arrived.unit, result))
        first = book.seen(one.origin.message)
        return _entered(one.origin, now_ms) if first is None else receipt_of(first, one.origin)

    def _answer_again(self, one: _Ready, known: Entry, book: Book, now_ms: int) -> Receipt:
        """A second delivery gets the receipt of the first; another content under the same id is raised."""
        before = _origin_of(known)
        if before.content_hash == one.origin.content_hash and before.unit == one.arrived.unit:
            log.info("%s %s seen before, ledger unchanged", one.kind, one.origin.message)
            return receipt_of(known, one.origin)
        altered = PacketAltered("this id is in the ledger with other content")
        if (one.origin.message, one.origin.content_hash) not in self._noted:
            self._noted.add((one.origin.message, one.origin.content_hash))
            log.error(
                "%s %s came from %s with other content than entry %d has: examine that unit",
                one.kind,
                one.origin.message,
                one.arrived.unit,
                known.seq,
            )
            self._keep(one.arrived, altered, now_ms)
            book.append(_noted(one, altered), subject=one.origin.message, actor=one.arrived.unit)
        return _refused(one.origin, altered, now_ms)

    def _refuse(self, one: _Ready, refusal: Refused, book: Book, now_ms: int) -> Receipt:
        """Refuse a genuine message for good; a lasting one is noted in the book and refused the same ever after."""
        log.warning("%s %s of %s refused: %s", one.kind, one.origin.message, one.arrived.unit, refusal)
        if one.kind not in _LASTING:
            return _refused(one.origin, refusal, now_ms)
        self._keep(one.arrived, refusal, now_ms)
        with book.fence(one.origin):
            entry = book.append(_noted(one, refusal), subject=one.origin.message, actor=one.arrived.unit)
        return receipt_of(entry, one.origin)

    def _refuse_unread(self, arrived: Arrived, refusal: Refused, now_ms: int, answers: Answers) -> None:
        """Refuse what is not proven to be anybody's: kept and logged, never entered; answered if it can be named."""
        log.warning("a %s of %s refused: %s", arrived.family.value, arrived.unit, refusal)
        if arrived.family is Up.CHUNK:
            return
        self._keep(arrived, refusal, now_ms)
        try:
            self._at.roster.find(arrived.unit)
            read = envelope.read(arrived.payload)
        except Refused:
            return
        origin = Origin(read.header.subject, read.content_hash, arrived.unit)
        self._answer(answers, arrived.unit, _refused(origin, refusal, now_ms))

    def _watch_for_a_fork(self, one: _Ready, book: Book) -> None:
        other = read_fork(book.run, self._at.hall, one.origin)
        if other is None:
            return
        unit = book.units.find(one.arrived.unit)
        if unit is None or unit.forked:
            return
        log.error(
            "unit %s has two messages of boot %d, sequence %d: there may be two of it. Compare the devices, then enrol "
            "one anew",
            one.arrived.unit,
            one.origin.boot,
            one.origin.seq,
        )
        origin, book.origin = book.origin, None
        forked = facts.UnitForked(unit=one.arrived.unit, boot=one.origin.boot, seq=one.origin.seq)
        book.append(forked, subject=one.arrived.unit, actor="central")
        book.origin = origin

    def _let_go(self, one: _Ready) -> None:
        if isinstance(one.message, PreparedPacket):
            for page in one.message.packet.pages:
                self._at.stage.drop(one.arrived.unit, page.digest)

    def _keep(self, arrived: Arrived, refusal: Refused, now_ms: int) -> None:
        self._at.shelf.keep(
            arrived.payload,
            unit=arrived.unit,
            family=arrived.family.value,
            code=refusal.code,
            rule=str(refusal),
            now_ms=now_ms,
        )

    def _answer(self, answers: Answers, unit: str, receipt: Receipt) -> None:
        answers.outgoing.append(self._at.outbound.receipt(unit, receipt))

    def _vault(self, run: Runner, now_ms: int) -> StoredVault:
        vault = self._at.make_vault(run, self._at.hall, now_ms)
        assert isinstance(vault, StoredVault)
        return vault


_LASTING: Final = frozenset(
    {IntakePacket.KIND} | {kind.KIND for kind in codec.KINDS.values() if getattr(kind, "LASTING", False)}
)


def receipt_of(entry: Entry, origin: Origin) -> Receipt:
    """Return the receipt that this entry stands for: the same one however often it is asked for."""
    fact = facts.decode(entry.kind, entry.body)
    if isinstance(fact, facts.MessageRefusedNoted):
        return Receipt(
            subject=origin.message,
            content_hash=origin.content_hash,
            outcome=Outcome.REFUSED,
            at_ms=entry.at_ms,
            entry=entry.seq,
            entry_hash=entry.hash,
            code=fact.code,
            notice=fact.notice,
        )
    case = fact if isinstance(fact, facts.CaseOpened) else None
    return Receipt(
        subject=origin.message,
        content_hash=origin.content_hash,
        outcome=Outcome.ENTERED,
        at_ms=entry.at_ms,
        entry=entry.seq,
        entry_hash=entry.hash,
        case_number=case.case_number if case else "",
        due_on=case.due_on if case else "",
        due_provisional=case.due_provisional if case else False,
    )


def _entered(origin: Origin, now_ms: int) -> Receipt:
    """A message that changed nothing: taken all the same."""
    return Receipt(subject=origin.message, content_hash=origin.content_hash, outcome=Outcome.ENTERED, at_ms=now_ms)


def _missing(origin: Origin, missing: tuple[int, ...], now_ms: int) -> Receipt:
    return Receipt(
        subject=origin.message,
        content_hash=origin.content_hash,
        outcome=Outcome.MISSING,
        at_ms=now_ms,
        missing=missing,
    )


def _refused(origin: Origin, refusal: Refused, now_ms: int) -> Receipt:
    return Receipt(
        subject=origin.message,
        content_hash=origin.content_hash,
        outcome=Outcome.REFUSED,
        at_ms=now_ms,
        code=refusal.code,
        notice=refusal.notice[:300],
    )


def _noted(one: _Ready, refusal: Refused) -> facts.MessageRefusedNoted:
    return facts.MessageRefusedNoted(
        unit=one.arrived.unit,
        family=one.arrived.family.value,
        message_kind=one.kind,
        code=refusal.code,
        content_hash=one.origin.content_hash,
        notice=refusal.notice[:300],
    )


def _origin_of(entry: Entry) -> Origin:
    origin = read_origin(entry.origin)
    assert origin is not None, "an entry that was found by its message has one"
    return origin


def _connection_lost(error: Exception) -> bool:
    return bool(getattr(error, "connection_invalidated", False)) or type(error).__module__.startswith("psycopg")

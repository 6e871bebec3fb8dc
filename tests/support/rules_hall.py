"""A hall with a real book in memory, for the tests of the rules: SQLite without a file, a clock that is set by hand.

The storage is the very one that runs (its own contract tests hold it), so the rules are tested on what they will meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from broker.ids import new_id
from broker.messages import IdKind, IntakePacket, Page, Resident
from central.catalogue.items import Basis, Catalogue, Kind, ServiceItem, material_named
from central.catalogue.loading import load_catalogue
from central.ledger import facts
from central.ledger.entry import Entry, Origin
from central.storage.book import Book, open_book, read_tail
from central.storage.planner import tell_planner
from central.storage.statements import Runner
from central.storage.tables import METADATA

HALL = "shuangjing"
DAY = "2026-11-23"  # a Monday
BASIS = dict.fromkeys(("name", "kind", "days", "materials"), (Basis.COMPOSED, ""))
Result = TypeVar("Result")


def at(clock: str, day: str = DAY) -> int:
    """Return the hall's time of a day as Unix milliseconds: at("09:30")."""
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(moment.timestamp() * 1000)


class CountingRng:
    """Randomness that never repeats and is the same in every run."""

    def __init__(self, first: int = 0) -> None:
        self._drawn = first

    def token_bytes(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")


class VaultInMemory:
    """Who the residents are, kept in a dictionary. Pages and forms are the real vault's own business."""

    def __init__(self) -> None:
        self.residents: dict[str, Resident] = {}

    def ids_of(self, id_number: str) -> tuple[str, ...]:
        return tuple(each for each, resident in self.residents.items() if resident.id_number == id_number)

    def identity(self, resident_id: str) -> Resident | None:
        return self.residents.get(resident_id)

    def form(self, case_id: str) -> Mapping[str, str] | None:
        return None

    def page(self, case_id: str, index: int) -> bytes | None:
        return None

    def destroy(self, resident_id: str) -> bool:
        return self.residents.pop(resident_id, None) is not None


class HallInMemory:
    """双井 with its windows and a few items; `do` runs one use case in one transaction, as the ledger service does."""

    def __init__(self) -> None:
        self._engine = create_engine(
            "sqlite://", isolation_level="AUTOCOMMIT", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        self.connection = self._engine.connect()
        METADATA.create_all(self.connection)
        tell_planner(self.connection)
        self.rng = CountingRng()
        self.vault = VaultInMemory()
        self._messages = 0
        with self.work() as work:
            furnish(work)

    @contextmanager
    def work(self, now_ms: int | None = None, *, unit: str = "") -> Iterator[Book]:
        """Give a unit of work and commit it; an error undoes it."""
        now_ms = at("08:00") if now_ms is None else now_ms
        with open_book(
            self.connection, HALL, now_ms=now_ms, rng=self.rng, make_vault=lambda run, hall, now: self.vault
        ) as book:
            if unit:
                with book.fence(Origin(message=self.new_id(), content_hash="0" * 64, unit=unit)):
                    yield book
            else:
                yield book
            book.commit()

    def do(self, use_case: Callable[..., Result], *given: Any, now_ms: int | None = None, **named: Any) -> Result:
        """Run a use case that takes the time and a unit of work."""
        now_ms = at("08:00") if now_ms is None else now_ms
        with self.work(now_ms) as work:
            return use_case(*given, now_ms=now_ms, work=work, **named)

    def hear(self, unit: str, use_case: Callable[..., Result], event: Any, *, now_ms: int) -> Result:
        """Run the handler of an event that this unit sent."""
        with self.work(now_ms, unit=unit) as work:
            return use_case(event, now_ms=now_ms, work=work)

    def entries(self) -> Sequence[Entry]:
        run = Runner(self.connection)
        try:
            return read_tail(run, HALL, after=0, limit=100_000)
        finally:
            run.close()

    def facts(self, kind: type[Any]) -> list[Any]:
        """Return the facts of a kind that the book holds, in order."""
        return [facts.decode(each.kind, each.body) for each in self.entries() if each.kind == kind.KIND]

    def new_id(self) -> str:
        return new_id(at("08:00"), self.rng.token_bytes(10))

    def close(self) -> None:
        self.connection.close()
        self._engine.dispose()


def an_item(code: str, department: str, *, promise_working_days: int | None = None) -> ServiceItem:
    return ServiceItem(
        code=code,
        name=f"事项{code}",
        department=department,
        kind=Kind.SAME_DAY if promise_working_days is None else Kind.PROMISED,
        promise_working_days=promise_working_days,
        materials=(material_named("居民身份证"),),
        basis=BASIS,
    )


def a_packet(
    hall: HallInMemory,
    *,
    service_item: str = "RS001",
    ticket: str = "A6001",
    ticket_day: str = DAY,
    window: int | None = 3,
    resident: Resident | None = None,
) -> IntakePacket:
    page = Page(
        material="居民身份证", digest="ab" * 32, sealed_bytes=1000, plain_digest="cd" * 32, width=1654, height=2339
    )
    return IntakePacket(
        packet_id=hall.new_id(),
        ticket=ticket,
        ticket_day=ticket_day,
        service_item=service_item,
        resident=resident or a_resident(),
        pages=(page,),
        window=window,
    )


def a_resident(name: str = "张小三", id_number: str = "11010519491231002X") -> Resident:
    return Resident(name=name, id_number=id_number, id_kind=IdKind.CITIZEN)


def a_kept_page() -> facts.PageKept:
    return facts.PageKept(
        material="居民身份证",
        plain_digest="cd" * 32,
        stored_digest="ef" * 32,
        stored_bytes=1000,
        width=1654,
        height=2339,
    )


def furnish(work: Book) -> None:
    """Enter the hall, its units and a few items."""
    groups = {"A": "社保医保", "B": "就业创业", "C": "民政综合"}
    opened = facts.HallOpened(name="双井", groups=groups, windows=(1, 2, 3, 4, 5, 6), pickup_window=6)
    work.append(opened, subject=HALL, actor="init")
    units: list[tuple[str, str, int | None]] = [("kiosk", "kiosk", None), ("station-1", "station", None)]
    units += [(f"w{window}", "intake", window) for window in range(1, 6)]
    units.append(("w6", "pickup", 6))
    for unit, role, window in units:
        enrolled = facts.UnitEnrolled(unit=unit, role=role, signing_key="00" * 32, window=window)
        work.append(enrolled, subject=unit, actor="init")
    items = [
        an_item("RS001", "社会保障科"),
        an_item("RS002", "社会保障科", promise_working_days=3),
        an_item("JY001", "就业服务科", promise_working_days=20),
        an_item("ZH001", "综合服务岗"),
    ]
    load_catalogue(Catalogue(items), actor="init", work=work)

"""What one more case costs in a book with a million of them, beside a book with a thousand."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from broker.ids import new_id
from broker.messages import IntakePacket, Page, Resident
from central.assignment.presence import come
from central.bootstrap import Store, open_store
from central.cases.opening import open_case
from central.ledger.entry import Origin
from central.ledger.facts import PageKept
from central.settings import read_settings
from tests.bench.figures import Figure
from tests.bench.full_book import fill
from tests.support.running_central import RunningCentral

FEW, MANY = 1_000, 1_000_000
CASES = 150
GOAL = 1.3


def figures(folder: Path, day: str) -> list[Figure]:
    with ExitStack() as books:
        few = books.enter_context(_book(folder / "few", FEW, day))
        many = books.enter_context(_book(folder / "many", MANY, day))
        costs: dict[str, list[float]] = {"few": [], "many": []}
        for number in range(CASES):
            for name, store in (("few", few), ("many", many)):
                start = time.perf_counter()
                append_and_assign(store, 100 + number, day)
                costs[name].append(time.perf_counter() - start)
        return [
            Figure(
                name=f"append and assign one case, {MANY:,} in the book, p50",
                value=statistics.median(costs["many"]) * 1000,
                unit="ms",
                floor=statistics.median(costs["few"]) * 1000,
                floor_name=f"ms: the same with {FEW:,}",
                goal=GOAL,
                better="lower",
            )
        ]


@contextmanager
def _book(folder: Path, count: int, day: str) -> Iterator[Store]:
    central = RunningCentral(folder)
    store = open_with_an_officer(central)
    append_and_assign(store, 1, day)
    store.database.close()
    fill(store.database.path, count)
    try:
        yield store
    finally:
        store.database.close()


def open_with_an_officer(central: RunningCentral) -> Store:
    """Open the book of a hall whose first officer of 社会保障科 is present."""
    store = open_store(read_settings(central.settings))
    with store.book() as work:
        come("shebao1", work=work)
        work.commit()
    return store


def append_and_assign(store: Store, number: int, day: str) -> None:
    """Enter one case and give it to an officer, in a transaction of its own, committed to the disk."""
    now_ms = store.clock.now_ms()
    packet_id = new_id(now_ms, store.rng.token_bytes(10))
    digest = f"{number:064x}"
    page = Page(material="居民身份证", digest=digest, sealed_bytes=1, plain_digest=digest, width=10, height=10)
    packet = IntakePacket(
        packet_id=packet_id,
        ticket=f"A{number:04}",
        ticket_day=day,
        service_item="RS001",
        resident=Resident(name="样本", id_number=f"9{number:017}"),
        pages=(page,),
        window=1,
    )
    kept = PageKept(
        material=page.material, plain_digest=digest, stored_digest=digest, stored_bytes=1, width=10, height=10
    )
    origin = Origin(message=packet_id, content_hash=digest, unit="shuangjing-w1", boot=1, seq=number)
    with store.book() as work:
        with work.fence(origin):
            opened = open_case(packet, resident_id=digest, pages=(kept,), form_digest="", now_ms=now_ms, work=work)
        assigned = work.cases.find(opened.case_id)
        work.commit()
    assert assigned is not None
    assert assigned.officer

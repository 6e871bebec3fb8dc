"""Tickets entered a second, and 下一位 to the call, over the real wire, beside this disk's fsync rate."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from broker import topics
from broker.events import NextRequested, TicketIssued, TicketPassed, TicketPresented, VisitEnded
from broker.ids import new_id
from broker.messages import Call, Outcome, Receipt
from broker.topics import Up
from central.bootstrap import Store, SystemRng, open_store
from central.ledger.entry import Origin
from central.queue.calling import call_next
from central.queue.tickets import pass_ticket
from central.settings import read_settings
from tests.bench.figures import Figure, percentile
from tests.bench.floors import fsyncs, round_trips
from tests.support.running_central import running_central
from tests.support.wire_unit import WireUnit

TICKETS = 1_000
WINDOW = 20
CALLS = 100
SECONDS_MAX = 60.0
PEER_TICKETS, PEER_CALL_MS = 17.0, 11.0  # PERFORMANCE.md 7


def figures(folder: Path, day: str) -> list[Figure]:
    with running_central(folder) as central, central.unit("shuangjing-kiosk") as kiosk:
        kiosk.wait_for_central()
        _issue(kiosk, day, range(1, 51))  # warm
        start = time.perf_counter()
        _issue(kiosk, day, range(51, 51 + TICKETS))
        rate = TICKETS / (time.perf_counter() - start)
        with central.unit("shuangjing-w1") as window:
            taken = [_next(window, day) for _ in range(CALLS)]
            trip = statistics.median(round_trips(window.client, topics.up(window.unit, Up.CHUNK), [600]))
        sync = statistics.median(fsyncs(folder))
        decided = _decided(open_store(read_settings(central.settings)))
    return [
        Figure(
            name=f"tickets entered, durable, {WINDOW} on the way",
            value=rate,
            unit="tickets/s",
            floor=None,
            floor_name="",
            goal=PEER_TICKETS * 10,
            better="higher",
            note=f"a Flask queue system issues {PEER_TICKETS:.0f} tickets/s; this disk: {1 / sync:,.0f} fsyncs/s",
        ),
        Figure(
            name="下一位 decided and durable in central, p50",
            value=statistics.median(decided) * 1000,
            unit="ms",
            floor=None,
            floor_name="",
            goal=PEER_CALL_MS * 0.3,
            better="lower",
            note=f"{TICKETS} waiting; the same queue system takes {PEER_CALL_MS:.0f} ms for a call",
        ),
        Figure(
            name="下一位 to the call at the window, p50",
            value=statistics.median(taken) * 1000,
            unit="ms",
            floor=None,
            floor_name="",
            goal=None,
            better="lower",
            note=f"p99 {percentile(taken, 0.99) * 1000:.1f} ms, over TLS and the broker, both ways; "
            f"an fsync {sync * 1000:.2f} ms, an MQTT round trip {trip * 1000:.2f} ms",
        ),
    ]


def _decided(store: Store) -> list[float]:
    """Return the seconds that each of some calls takes in central alone, from asking to the committed entry."""
    taken = []
    for number in range(CALLS):
        asked = NextRequested(event_id=_id(), window=2, at_ms=int(time.time() * 1000))
        origin = Origin(message=asked.event_id, content_hash="0" * 64, unit="shuangjing-w2", boot=1, seq=number)
        start = time.perf_counter()
        with store.book() as work:
            with work.fence(origin):
                called = call_next(asked, now_ms=store.clock.now_ms(), work=work)
            work.commit()
        taken.append(time.perf_counter() - start)
        passed = TicketPassed(
            event_id=_id(), window=2, ticket=called.ticket, day=called.day, at_ms=int(time.time() * 1000)
        )
        with store.book() as work:
            with work.fence(Origin(passed.event_id, "0" * 64, "shuangjing-w2", 2, number)):
                pass_ticket(passed, now_ms=store.clock.now_ms(), work=work)
            work.commit()
    store.database.close()
    return taken


def _id() -> str:
    return new_id(int(time.time() * 1000), SystemRng().token_bytes(10))


def _issue(kiosk: WireUnit, day: str, numbers: Sequence[int]) -> None:
    waiting = iter(numbers)
    on_the_way: set[str] = set()
    done = 0
    deadline = time.monotonic() + SECONDS_MAX
    while done < len(numbers):
        while len(on_the_way) < WINDOW and (number := next(waiting, None)) is not None:
            ticket = TicketIssued(
                event_id=_id(), ticket=f"{'ABC'[number % 3]}{number:04}", day=day, at_ms=int(time.time() * 1000)
            )
            on_the_way.add(kiosk.event(ticket))
        receipt = kiosk.wait_for(Receipt, deadline - time.monotonic()).message
        assert isinstance(receipt, Receipt)
        if receipt.subject in on_the_way:
            assert receipt.outcome is Outcome.ENTERED, receipt.code
            on_the_way.discard(receipt.subject)
            done += 1


def _next(window: WireUnit, day: str) -> float:
    """Ask for the next resident, serve and finish them; return the seconds from asking to the call."""
    start = time.perf_counter()
    window.event(NextRequested(event_id=_id(), window=1, at_ms=int(time.time() * 1000)))
    heard = window.wait_for(Call)
    call = heard.message
    assert isinstance(call, Call)
    for event in (
        TicketPresented(event_id=_id(), window=1, ticket=call.ticket, day=day, at_ms=int(time.time() * 1000)),
        VisitEnded(event_id=_id(), window=1, ticket=call.ticket, day=day, at_ms=int(time.time() * 1000)),
    ):
        assert window.receipt_for(window.event(event)).outcome is Outcome.ENTERED
    return heard.at - start

"""Central's intake from outside: one-page packets over a real broker, from the first byte sent to the receipt."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from broker import topics
from broker.messages import Outcome, Receipt
from broker.topics import Up
from tests.bench.figures import Figure, percentile
from tests.bench.floors import fsyncs, round_trips
from tests.bench.intake_floor import packets_per_second
from tests.bench.packets import ReadyPacket, ready_packet
from tests.support.running_central import running_central
from tests.support.wire_unit import WireUnit

UNIT = "shuangjing-w1"
WINDOW = 20
PACKETS = 400
ALONE = 150
ROUNDS = 3
SECONDS_MAX = 60.0


def figures(folder: Path, jpeg: bytes, day: str) -> list[Figure]:
    """Return the intake's figures, for packets of this page."""
    with running_central(folder) as central, central.unit(UNIT) as unit:
        central_key = load_pem_private_key((central.state / "central/keys/sealing.pem").read_bytes(), password=None)
        assert isinstance(central_key, X25519PrivateKey)
        unit.wait_for_central()
        _deliver(unit, _packets(unit, jpeg, day, 0, 20), WINDOW)  # warm
        rates, floors = [], []
        for turn in range(ROUNDS):
            packets = _packets(unit, jpeg, day, 100 + turn * PACKETS, PACKETS)
            place = folder / f"floor-{turn}"
            place.mkdir()
            floors.append(packets_per_second(packets, place, unit.signing.public_key(), central_key, WINDOW))
            start = time.perf_counter()
            _deliver(unit, packets, WINDOW)
            rates.append(PACKETS / (time.perf_counter() - start))
        ratio_floor = statistics.median(floors)
        single = _packets(unit, jpeg, day, 5000, ALONE)
        alone = _deliver(unit, single, 1)
        sync = statistics.median(fsyncs(folder))
        # Chunks that no manifest will name: they cost the broker what a packet's cost it, and central drops them.
        there = topics.up(unit.unit, Up.CHUNK)
        sizes = [len(part) for part in (*single[0].chunks, single[0].manifest)]
        trips = [statistics.median(round_trips(unit.client, there, trip)) for trip in (sizes, [600])]
        return [
            Figure(
                name="intake, one-page packets, window 20",
                value=statistics.median(rates),
                unit="packets/s",
                floor=ratio_floor,
                floor_name="open + verify + grouped insert",
                goal=0.5,
                better="higher",
                note=f"{len(jpeg) // 1000} kB a page, {ROUNDS} rounds of {PACKETS}, medians",
            ),
            _alone(alone, sync, sum(trips)),
        ]


def _alone(seconds: Sequence[float], sync: float, trips: float) -> Figure:
    steps = [second for second in seconds if 0.035 <= second <= 0.100]
    return Figure(
        name="one packet alone, sent to receipt, p50",
        value=statistics.median(seconds) * 1000,
        unit="ms",
        floor=(sync + trips) * 1000,
        floor_name="ms: an fsync + two MQTT round trips",
        goal=4.0,
        better="lower",
        note=f"p99 {percentile(seconds, 0.99) * 1000:.1f} ms; {len(steps)} of {len(seconds)} between 35 and 100 ms "
        f"(Nagle steps by 40); fsync {sync * 1000:.2f} ms, both trips (packet, receipt) {trips * 1000:.2f} ms",
    )


def _packets(unit: WireUnit, jpeg: bytes, day: str, first: int, count: int) -> list[ReadyPacket]:
    now_ms = int(time.time() * 1000)
    return [
        ready_packet(
            jpeg,
            unit=unit.unit,
            signing=unit.signing,
            central=unit.central,
            number=first + number,
            boot=unit.boot,
            day=day,
            now_ms=now_ms,
        )
        for number in range(count)
    ]


def _deliver(unit: WireUnit, packets: Sequence[ReadyPacket], window: int) -> list[float]:
    """Send all, at most `window` without a receipt at a time; return each one's seconds from sending to receipt."""
    sent: dict[str, float] = {}
    taken: list[float] = []
    waiting = iter(packets)
    deadline = time.monotonic() + SECONDS_MAX
    while len(taken) < len(packets):
        while len(sent) < window and (packet := next(waiting, None)) is not None:
            sent[packet.packet_id] = time.perf_counter()
            for chunk in packet.chunks:
                unit.publish(Up.CHUNK, chunk)
            unit.publish(Up.PACKET, packet.manifest)
        heard = unit.wait_for(Receipt, deadline - time.monotonic())
        receipt = heard.message
        assert isinstance(receipt, Receipt)
        if receipt.subject in sent:
            assert receipt.outcome is Outcome.ENTERED, receipt.code
            taken.append(heard.at - sent.pop(receipt.subject))
    return taken

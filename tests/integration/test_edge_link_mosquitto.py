"""The unit's connection on a real Mosquitto with our configuration: cut, frozen, killed and restarted empty."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from broker import codec
from broker.messages import UnitState
from broker.topics import Down, Up, all_up, down, up
from edge.bootstrap import SystemRng
from edge.events import Event, LinkDown, LinkUp, Published, Ticked
from edge.mqtt import MqttTransport, tls_context
from edge.packet import seal_packet
from edge.settings import Address
from tests.support.edge_fixture import UnitRig, packet_id, some_papers
from tests.support.mosquitto_server import MosquittoServer, free_port, mosquitto_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MosquittoServer]:
    with mosquitto_server(tmp_path / "mosquitto") as running:
        yield running


class CentralOnWire:
    """The fake central behind a real connection."""

    def __init__(self, server: MosquittoServer, rig: UnitRig) -> None:
        self.rig = rig
        self.states: list[UnitState] = []
        self.lock = threading.Lock()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="central")
        self.client.tls_set_context(server.tls("central"))
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(all_up(), qos=1)
        self.client.on_message = self._on_message
        self.client.connect("localhost", server.port, keepalive=5)
        self.client.loop_start()

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self.lock:
            if message.topic.endswith("/up/state"):
                self.states.append(codec.decode(bytes(message.payload), UnitState))
                return
            for topic, payload in self.rig.central.take(message.topic, bytes(message.payload)):
                client.publish(topic, payload, qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class UnitOnWire:
    """A rig's core with the real transport, on one thread as in production."""

    def __init__(self, rig: UnitRig, transport: MqttTransport, inbox: queue.Queue[Event | None]) -> None:
        self.rig = rig
        self.transport = transport
        self.inbox = inbox
        self.seen: list[Event] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while True:
            try:
                event = self.inbox.get(timeout=0.02)
            except queue.Empty:
                event = Ticked()
            if event is None:
                return
            self.rig.clock.mono_ms = time.monotonic_ns() // 1_000_000
            if not isinstance(event, Ticked):
                self.seen.append(event)
            self.rig.handle(event)

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.seen)


@contextmanager
def on_wire(
    rig: UnitRig, server: MosquittoServer, addresses: tuple[Address, ...] | None = None, *, name: str = ""
) -> Iterator[UnitOnWire]:
    inbox: queue.Queue[Event | None] = queue.Queue()
    files = server.client(name or rig.id)
    transport = MqttTransport(
        unit=rig.id,
        addresses=addresses or (Address("localhost", server.port),),
        tls=lambda: tls_context(str(files.ca), str(files.certificate), str(files.key), trust_our_clock=lambda: True),
        put=inbox.put,
        will=codec.encode(UnitState(alive=False)),
        clock=rig.clock,
        rng=SystemRng(),
    )
    rig.link._transport = transport
    unit = UnitOnWire(rig, transport, inbox)
    transport.start()
    try:
        yield unit
    finally:
        transport.close()
        inbox.put(None)
        unit.thread.join(5)


def wait_until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def keep(rig: UnitRig, count: int, *, first: int = 1, page_bytes: int = 250_000) -> list[str]:
    ids = []
    for number in range(first, first + count):
        boot, seq = rig.link.next_seq()
        papers = some_papers(packet_id(number), page_bytes=page_bytes, pages=2)
        rig.outbox.accept(seal_packet(papers, keys=rig.keys, unit=rig.id, boot=boot, seq=seq))
        ids.append(papers.packet_id)
    return ids


def test_packets_pass_a_real_broker_and_a_broker_killed_empty(tmp_path: Path, server: MosquittoServer) -> None:
    rig = UnitRig(tmp_path / "unit")
    ids = keep(rig, 24)
    central = CentralOnWire(server, rig)
    try:
        with on_wire(rig, server) as unit:
            wait_until(lambda: len(rig.central.entered) >= 4)
            server.restart()
            wait_until(lambda: rig.outbox.waiting_count == 0, 40)

            assert sorted(packet.packet_id for packet in rig.central.entered) == ids
            assert unit.count(LinkUp) >= 2
            assert unit.count(LinkDown) >= 1
            assert rig.central.altered == []
        wait_until(lambda: any(not state.alive for state in central.states))
    finally:
        central.close()


def test_a_receipt_comes_within_milliseconds_so_nagle_is_off(tmp_path: Path, server: MosquittoServer) -> None:
    rig = UnitRig(tmp_path / "unit")
    central = CentralOnWire(server, rig)
    central.client.on_socket_open = None
    try:
        with on_wire(rig, server) as unit:
            wait_until(lambda: rig.link.online)
            times = []
            for number in range(1, 13):
                keep(rig, 1, first=number, page_bytes=500)
                start = time.monotonic()
                unit.inbox.put(Ticked())
                wait_until(lambda: rig.outbox.waiting_count == 0)
                times.append(time.monotonic() - start)
        assert sorted(times)[len(times) // 2] < 0.2
    finally:
        central.close()


def test_the_address_list_is_tried_in_turn(tmp_path: Path, server: MosquittoServer) -> None:
    rig = UnitRig(tmp_path / "unit")
    addresses = (Address("localhost", free_port()), Address("localhost", server.port))

    with on_wire(rig, server, addresses) as unit:
        wait_until(lambda: unit.count(LinkUp) == 1)
        assert unit.count(LinkDown) >= 1


def test_what_is_published_is_acknowledged_by_its_handle(tmp_path: Path, server: MosquittoServer) -> None:
    rig = UnitRig(tmp_path / "unit")
    with on_wire(rig, server) as unit:
        wait_until(lambda: rig.link.online)
        for handle in range(10_001, 10_201):
            unit.transport.publish(up(rig.id, Up.EVENT), b"x", qos=1, handle=handle)
        wait_until(lambda: unit.count(Published) >= 200)

        handles = [event.handle for event in unit.seen if isinstance(event, Published) and event.handle > 10_000]
        assert sorted(handles) == list(range(10_001, 10_201))


def test_another_units_certificate_does_not_make_us_this_unit(tmp_path: Path, server: MosquittoServer) -> None:
    """The broker takes the name from the certificate: our subscription then is to a tree that we may not read."""
    rig = UnitRig(tmp_path / "unit")
    central = CentralOnWire(server, rig)
    try:
        with on_wire(rig, server, name="shuangjing-w9"):
            wait_until(lambda: rig.link.online)
            topic, payload = rig.central.call(rig.id, "A6001", 3)
            assert topic == down(rig.id, Down.CALL)
            central.client.publish(topic, payload, qos=1).wait_for_publish(5)
            time.sleep(0.2)
            assert rig.devices.announced == []
    finally:
        central.close()


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # paho leaves its socket to the collector
def test_a_broker_of_another_hall_is_refused(tmp_path: Path, server: MosquittoServer) -> None:
    rig = UnitRig(tmp_path / "unit")
    with mosquitto_server(tmp_path / "other") as other:
        files = server.client(rig.id)
        events: queue.Queue[Event] = queue.Queue()
        transport = MqttTransport(
            unit=rig.id,
            addresses=(Address("localhost", other.port),),
            tls=lambda: tls_context(
                str(files.ca), str(files.certificate), str(files.key), trust_our_clock=lambda: True
            ),
            put=events.put,
            will=b"",
            clock=rig.clock,
            rng=SystemRng(),
        )
        transport.start()
        try:
            event = events.get(timeout=10)
        finally:
            transport.close()

    assert isinstance(event, LinkDown)
    assert "certificate is refused" in event.reason


def test_with_a_wrong_clock_the_broker_is_still_checked_but_not_against_it(
    tmp_path: Path, server: MosquittoServer
) -> None:
    """A Pi that wakes in 1970 connects: OpenSSL does not look at the time, we do, by our own clock."""
    files = server.client("shuangjing-w3")
    context = tls_context(str(files.ca), str(files.certificate), str(files.key), trust_our_clock=lambda: False)

    assert context.verify_flags & 0x200000
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"

"""A real Mosquitto with our configuration: who gets in, who hears whom, and what becomes of what is too large.

Mosquitto acknowledges what its access list drops, so "not delivered" is shown by a later message that is: when the
later one has come, the earlier one never will.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, Queue

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from broker.topics import Down, UnitId, Up, all_down, all_up, down, up
from provisioning.authority import HallAuthority
from provisioning.certificates import CERTIFICATE_LIFE, new_authority, pem
from provisioning.files import write_open
from provisioning.keys import tls_key
from tests.support.mosquitto_server import ClientFiles, MosquittoServer, mosquitto_server, tls_context

WAIT_SECONDS = 5.0
W1, W2 = UnitId("hall-w1"), UnitId("hall-w2")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoServer]:
    with mosquitto_server(tmp_path_factory.mktemp("mosquitto")) as server:
        yield server


class Client:
    """One MQTT client that keeps what it hears and whether it is connected."""

    def __init__(self, context: ssl.SSLContext, port: int, client_id: str) -> None:
        self.heard: Queue[tuple[str, bytes]] = Queue()
        self.connected = threading.Event()
        self.disconnected = threading.Event()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311, reconnect_on_failure=False
        )
        self._client.tls_set_context(context)
        self._client.on_connect = lambda *_: self.connected.set()
        self._client.on_disconnect = lambda *_: self.disconnected.set()
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, said: self.heard.put((said.topic, bytes(said.payload)))
        self._client.connect("localhost", port, keepalive=15)
        self._client.loop_start()
        assert self.connected.wait(WAIT_SECONDS)

    def subscribe(self, topic: str) -> None:
        self._subscribed.clear()
        self._client.subscribe(topic, qos=1)
        assert self._subscribed.wait(WAIT_SECONDS)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> mqtt.MQTTMessageInfo:
        return self._client.publish(topic, payload, qos=qos)

    def next(self) -> tuple[str, bytes]:
        return self.heard.get(timeout=WAIT_SECONDS)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def client(broker: MosquittoServer, name: str, *, client_id: str = "") -> Iterator[Client]:
    made = Client(broker.tls(name), broker.port, client_id or name)
    try:
        yield made
    finally:
        made.close()


def test_a_unit_is_heard_by_central_on_its_own_topics_only(broker: MosquittoServer) -> None:
    with client(broker, "central") as central, client(broker, W1) as w1:
        central.subscribe(all_up())

        for family in Up:
            w1.publish(up(W2, family), b"forged").wait_for_publish(WAIT_SECONDS)
        w1.publish(up(W1, Up.EVENT), b"own").wait_for_publish(WAIT_SECONDS)

        assert central.next() == (up(W1, Up.EVENT), b"own")
        assert central.heard.empty()


def test_a_unit_cannot_speak_as_central(broker: MosquittoServer) -> None:
    with client(broker, W1) as w1, client(broker, W2) as w2, client(broker, "central") as central:
        w2.subscribe(all_down(W2))
        w1.subscribe(all_down(W1))

        for family in Down:
            w1.publish(down(W2, family), b"forged").wait_for_publish(WAIT_SECONDS)
            w1.publish(down(W1, family), b"forged").wait_for_publish(WAIT_SECONDS)
        central.publish(down(W2, Down.CALL), b"real")
        central.publish(down(W1, Down.CALL), b"real")

        assert w2.next() == (down(W2, Down.CALL), b"real")
        assert w1.next() == (down(W1, Down.CALL), b"real")


@pytest.mark.parametrize("topic", ["#", "ow/#", "ow/1/+/down/#", "ow/1/hall-w2/#", "ow/1/hall-w2/down/call", "$SYS/#"])
def test_a_unit_hears_nothing_of_another(broker: MosquittoServer, topic: str) -> None:
    with client(broker, W1) as w1, client(broker, W2) as w2, client(broker, "central") as central:
        w1.subscribe(topic)
        w1.subscribe(all_down(W1))

        for said in Down:
            central.publish(down(W2, said), b"for w2").wait_for_publish(WAIT_SECONDS)
        for family in Up:
            w2.publish(up(W2, family), b"by w2").wait_for_publish(WAIT_SECONDS)
        central.publish(down(W1, Down.ORDER), b"for w1").wait_for_publish(WAIT_SECONDS)

        assert w1.next() == (down(W1, Down.ORDER), b"for w1")
        assert set(_rest(w1)) <= {(down(W1, Down.ORDER), b"for w1")}


def test_central_cannot_speak_as_a_unit(broker: MosquittoServer) -> None:
    with client(broker, "central") as central, client(broker, W1) as w1:
        central.subscribe(all_up())

        central.publish(up(W1, Up.EVENT), b"forged").wait_for_publish(WAIT_SECONDS)
        w1.publish(up(W1, Up.EVENT), b"own")

        assert central.next() == (up(W1, Up.EVENT), b"own")


def test_asking_for_anothers_client_id_does_not_disturb_it(broker: MosquittoServer) -> None:
    with client(broker, W1) as victim, client(broker, W2, client_id=W1) as thief, client(broker, "central") as central:
        victim.subscribe(all_down(W1))
        thief.subscribe(all_down(W1))

        central.publish(down(W1, Down.CALL), b"call")

        assert victim.next() == (down(W1, Down.CALL), b"call")
        assert thief.heard.empty()
        assert not victim.disconnected.is_set()


def test_a_cloned_card_throws_the_other_out_and_is_noticed(broker: MosquittoServer) -> None:
    """The same certificate twice is the one case in which one pushes the other out: central sees the ping-pong."""
    with client(broker, W1) as first, client(broker, W1):
        assert first.disconnected.wait(WAIT_SECONDS)


def test_what_is_too_large_disconnects_and_is_not_acknowledged(broker: MosquittoServer) -> None:
    with client(broker, "central") as central, client(broker, W1) as w1:
        central.subscribe(all_up())

        sent = w1.publish(up(W1, Up.CHUNK), b"x" * 524_288)

        assert w1.disconnected.wait(WAIT_SECONDS)
        # Cut off while it was being written, paho knows it as never published and says so by raising.
        with suppress(RuntimeError):
            assert not sent.is_published()
        assert central.heard.empty()


def test_the_largest_payload_of_ours_passes(broker: MosquittoServer) -> None:
    with client(broker, "central") as central, client(broker, W1) as w1:
        central.subscribe(all_up())

        w1.publish(up(W1, Up.CHUNK), b"x" * 262_144)

        assert len(central.next()[1]) == 262_144


def test_without_a_certificate_nobody_comes_in(broker: MosquittoServer) -> None:
    context = ssl.create_default_context(cafile=str(broker.folder / "ca.pem"))

    assert not _gets_in(broker, context)


def test_without_tls_nobody_comes_in(broker: MosquittoServer) -> None:
    with socket.create_connection(("127.0.0.1", broker.port), timeout=WAIT_SECONDS) as plain:
        plain.settimeout(WAIT_SECONDS)
        plain.sendall(b"\x10\x12\x00\x04MQTT\x04\x02\x00\x0f\x00\x06hall-x")

        # The answer is the end of the connection, said politely by TLS or not at all; never a CONNACK.
        assert _read(plain)[:1] != b"\x20"


def test_before_tls_1_2_nobody_comes_in(broker: MosquittoServer) -> None:
    context = broker.tls(W1)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    assert not _gets_in(broker, context)


@pytest.mark.parametrize("days", [-40, 40], ids=["expired", "not-yet-valid"])
def test_outside_its_dates_a_certificate_is_refused(broker: MosquittoServer, tmp_path: Path, days: int) -> None:
    assert abs(days) > CERTIFICATE_LIFE.days
    files = ClientFiles(broker.folder / "ca.pem", tmp_path / "tls.pem", tmp_path / "tls.key")
    broker.authority.client(files.certificate, files.key, W1, now=datetime.now(UTC) + timedelta(days=days))

    assert not _gets_in(broker, tls_context(files))


def test_a_certificate_of_another_hall_is_refused(broker: MosquittoServer, tmp_path: Path) -> None:
    other = HallAuthority(tmp_path / "other", "hall", now=datetime.now(UTC))
    files = ClientFiles(broker.folder / "ca.pem", tmp_path / "tls.pem", tmp_path / "tls.key")
    other.client(files.certificate, files.key, W1, now=datetime.now(UTC))

    assert not _gets_in(broker, tls_context(files))


def test_a_certificate_that_signed_itself_is_refused(broker: MosquittoServer, tmp_path: Path) -> None:
    key = tls_key(tmp_path / "tls.key")
    write_open(tmp_path / "tls.pem", pem(new_authority(W1, key, now=datetime.now(UTC)).certificate))

    context = tls_context(ClientFiles(broker.folder / "ca.pem", tmp_path / "tls.pem", tmp_path / "tls.key"))
    assert not _gets_in(broker, context)


def test_the_brokers_own_certificate_is_no_clients(broker: MosquittoServer) -> None:
    files = ClientFiles(broker.folder / "ca.pem", broker.folder / "server.pem", broker.folder / "server.key")

    assert not _gets_in(broker, tls_context(files))


def test_a_certificate_under_another_key_is_refused(broker: MosquittoServer, tmp_path: Path) -> None:
    """A certificate is public; without its key it opens nothing."""
    tls_key(tmp_path / "other.key")
    held = broker.client(W1)

    with pytest.raises(ssl.SSLError):
        tls_context(ClientFiles(held.ca, held.certificate, tmp_path / "other.key"))


def test_a_unit_talks_to_no_broker_of_another_hall(broker: MosquittoServer, tmp_path: Path) -> None:
    with mosquitto_server(tmp_path) as impostor:
        context = broker.tls(W1)

        with (
            socket.create_connection(("127.0.0.1", impostor.port), timeout=WAIT_SECONDS) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(plain, server_hostname="localhost")


def test_a_revoked_unit_is_out_after_the_restart_and_the_others_are_not(tmp_path: Path) -> None:
    with mosquitto_server(tmp_path) as broker:
        assert _gets_in(broker, broker.tls(W1))
        assert _gets_in(broker, broker.tls(W2))
        stolen = broker.tls(W1)

        broker.authority.revoke(broker.client(W1).certificate)
        broker.authority.revocations(broker.folder / "crl.pem", now=datetime.now(UTC))
        broker.restart()

        assert not _gets_in(broker, stolen)
        assert _gets_in(broker, broker.tls(W2))
        # The same window with a new certificate is welcome again.
        assert _gets_in(broker, broker.tls(W1))


def test_a_revocation_list_past_its_date_shuts_out_all_until_it_is_renewed(tmp_path: Path) -> None:
    """Why the list is renewed at each start: an old one locks the hall's own units out (RELIABILITY.md B.1)."""
    with mosquitto_server(tmp_path) as broker:
        crl = broker.folder / "crl.pem"
        crl.unlink()
        broker.authority.revocations(crl, now=datetime.now(UTC) - timedelta(days=8))
        broker.restart()
        assert not _gets_in(broker, broker.tls(W1))

        assert broker.authority.revocations(crl, now=datetime.now(UTC))
        broker.restart()

        assert _gets_in(broker, broker.tls(W1))


def test_killed_it_comes_back_empty_and_writes_nothing_down(tmp_path: Path) -> None:
    with mosquitto_server(tmp_path) as broker:
        before = {path.name for path in broker.folder.iterdir()}
        with client(broker, W1) as w1:
            w1.publish(up(W1, Up.PACKET), b"secret of a resident").wait_for_publish(WAIT_SECONDS)

        broker.restart()
        with client(broker, "central") as central, client(broker, W1) as w1:
            central.subscribe(all_up())
            w1.publish(up(W1, Up.EVENT), b"later")
            heard = central.next()

        assert heard == (up(W1, Up.EVENT), b"later")
        assert {path.name for path in broker.folder.iterdir()} == before
        assert "secret" not in broker.log


def _gets_in(broker: MosquittoServer, context: ssl.SSLContext) -> bool:
    """Say whether a CONNECT over this context is answered with a CONNACK that accepts.

    With TLS 1.3 a client learns that its certificate was refused only when it reads.
    """
    try:
        with (
            socket.create_connection(("127.0.0.1", broker.port), timeout=WAIT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(b"\x10\x12\x00\x04MQTT\x04\x02\x00\x0f\x00\x06hall-x")
            return _read(secure) == b"\x20\x02\x00\x00"
    except (ssl.SSLError, ConnectionError):
        return False


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(4)
    except ConnectionError:
        return b""


def _rest(heard_by: Client) -> Iterator[tuple[str, bytes]]:
    while True:
        try:
            yield heard_by.heard.get_nowait()
        except Empty:
            return

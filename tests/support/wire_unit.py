"""A unit as the wire knows it: certificate, keys, topics. No outbox, no window: it says just what a test tells it to.

For tests and measurements of central from outside: real TLS, real Mosquitto, bytes of the test's choosing.
"""

from __future__ import annotations

import itertools
import queue
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from paho.mqtt.enums import CallbackAPIVersion

from broker import codec, envelope, topics
from broker.codec import Message
from broker.messages import Receipt, ResendAsked, UnitState
from broker.topics import Down, UnitId, Up


@dataclass(frozen=True, slots=True)
class Heard:
    """One message from central, verified."""

    family: Down
    kind: str
    message: Message
    at: float  # time.perf_counter()


class WireUnit:
    """A connection as `unit`, whose folder provisioning made. Enter it to connect, leave it to disconnect."""

    def __init__(self, folder: Path, unit: str, address: str) -> None:
        self.unit = UnitId(unit)
        keys = folder / "keys"
        self.signing = _private(keys / "signing.pem")
        self.central: X25519PublicKey = load_pem_public_key((keys / "central-sealing.pub").read_bytes())  # type: ignore[assignment]
        self._receipts: Ed25519PublicKey = load_pem_public_key((keys / "central-receipt.pub").read_bytes())  # type: ignore[assignment]
        self._address = address
        self._sequence = itertools.count(1)
        self.boot = int(time.time())
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._subscribed = threading.Event()
        context = ssl.create_default_context(cafile=str(keys / "ca.pem"))
        context.load_cert_chain(keys / "tls.pem", keys / "tls.key")
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=unit, clean_session=True)
        self.client.tls_set_context(context)
        self.client.max_inflight_messages_set(100)
        self.client.on_socket_open = _no_delay
        self.client.on_connect = lambda client, *_: client.subscribe(topics.all_down(self.unit), 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda _client, _data, message: self._hear(message)

    def __enter__(self) -> WireUnit:
        host, _, port = self._address.rpartition(":")
        self.client.connect(host, int(port), keepalive=15)
        self.client.loop_start()
        if not self._subscribed.wait(10):
            raise TimeoutError("the broker did not take the subscription")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, family: Up, payload: bytes, qos: int = 1) -> None:
        self.client.publish(topics.up(self.unit, family), payload, qos)

    def header(self, kind: str, subject: str, *, sealed: bool) -> envelope.Header:
        return envelope.Header(
            kind=kind,
            sender=self.unit,
            subject=subject,
            signing_key=envelope.key_id(self.signing.public_key()),
            sealing_key=envelope.key_id(self.central) if sealed else "",
            boot=self.boot,
            seq=next(self._sequence),
            sent_at_ms=int(time.time() * 1000),
        )

    def event(self, message: Message) -> str:
        """Sign and send an event; return its id, which its receipt will name."""
        subject: str = message.event_id  # type: ignore[union-attr]
        self.publish(
            Up.EVENT,
            envelope.sign(self.header(message.KIND, subject, sealed=False), codec.encode(message), self.signing),
        )
        return subject

    def wait_for_central(self, timeout_seconds: float = 30.0) -> None:
        """Return when central hears this unit: it has answered its state."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            self.publish(Up.STATE, codec.encode(UnitState(alive=True, boot=self.boot)), qos=0)
            try:
                self.wait_for(ResendAsked, 0.3)
            except TimeoutError:
                continue
            return
        raise TimeoutError(f"central did not answer within {timeout_seconds} s")

    def wait_for(self, kind: type[Message], timeout_seconds: float = 10.0) -> Heard:
        """Return the next message of this kind; others heard meanwhile are let go.

        Raises:
            TimeoutError: none came in time.
        """
        deadline = time.monotonic() + timeout_seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                heard = self.heard.get(timeout=left)
            except queue.Empty:
                break
            if heard.kind == kind.KIND:
                return heard
        raise TimeoutError(f"no {kind.KIND} within {timeout_seconds} s")

    def receipt_for(self, subject: str, timeout_seconds: float = 10.0) -> Receipt:
        deadline = time.monotonic() + timeout_seconds
        while (left := deadline - time.monotonic()) > 0:
            receipt = self.wait_for(Receipt, left).message
            assert isinstance(receipt, Receipt)
            if receipt.subject == subject:
                return receipt
        raise TimeoutError(f"no receipt within {timeout_seconds} s")

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        read = envelope.read(bytes(message.payload))
        read.verify(self._receipts)
        if read.suite != envelope.PLAIN:
            return  # ticket keys: sealed to a key that this unit does not use
        self.heard.put(
            Heard(
                topics.read_down(message.topic).family,
                read.header.kind,
                codec.decode_kind(read.body, read.header.kind),
                time.perf_counter(),
            )
        )


def _private(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _no_delay(_client: mqtt.Client, _data: object, sock: mqtt.SocketLike) -> None:
    assert isinstance(sock, socket.socket)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

"""The way to the broker: the port `Transport` on paho-mqtt, over TLS with the unit's certificate.

One thread keeps a connection: it takes the addresses in turn, waits longer after each failure (with jitter, so that a
hall's units do not all come back in the same second), and makes a new client each time, so that nothing of an old
connection is sent again behind our back: what is sent again is `link.py`'s to say. The broker's news go on the core's
queue. TCP_NODELAY is set: without it a packet's round trip takes 88 ms instead of 0.7 (PERFORMANCE.md).
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from broker.topics import UnitId, Up, all_down, up
from edge.events import Arrived, Event, LinkDown, LinkUp, Published
from edge.ports import Clock, Rng
from edge.settings import Address

log = logging.getLogger(__name__)

KEEPALIVE_SECONDS: Final = 15
_CONNECT_SECONDS: Final = 5.0
_FIRST_WAIT_SECONDS: Final = 0.3
_WAIT_SECONDS_MAX: Final = 5.0
_NO_CHECK_TIME: Final = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME


class MqttTransport:
    """Keeps the unit connected from `start` to `close`, which may be called twice."""

    def __init__(
        self,
        *,
        unit: UnitId,
        addresses: tuple[Address, ...],
        tls: Callable[[], ssl.SSLContext],
        put: Callable[[Event], None],
        will: bytes,
        clock: Clock,
        rng: Rng,
    ) -> None:
        self._unit = unit
        self._addresses = addresses
        self._tls = tls
        self._put = put
        self._will = will
        self._clock = clock
        self._rng = rng
        self._client: mqtt.Client | None = None
        self._handles: dict[int, int] = {}  # paho's message id -> our handle; 0 for what wants no word back
        self._early: set[int] = set()  # acknowledged before `publish` had even returned
        self._lock = threading.Lock()  # never held while paho is called: it calls us back with locks of its own
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        client = self._client
        if client is not None:
            # A clean goodbye keeps the broker from publishing the last will; so that is said first.
            client.publish(up(self._unit, Up.STATE), self._will, qos=0)
            client.disconnect()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def publish(self, topic: str, payload: bytes, *, qos: int, handle: int) -> None:
        client = self._client
        if client is None:
            return
        message_id = client.publish(topic, payload, qos=qos).mid
        with self._lock:
            acknowledged = message_id in self._early
            self._early.discard(message_id)
            if not acknowledged:
                self._handles[message_id] = handle if qos > 0 else 0
        if acknowledged and qos > 0:
            self._put(Published(handle))

    def acknowledged(self, message_id: int) -> None:
        """The broker has a message (or, with QoS 0, it is on its way)."""
        with self._lock:
            handle = self._handles.pop(message_id, None)
            if handle is None:
                self._early.add(message_id)
        if handle:
            self._put(Published(handle))

    def reconnect(self, reason: str) -> None:
        log.warning("connection given up: %s", reason)
        client = self._client
        if client is not None:
            client.disconnect()

    def _run(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            address = self._addresses[tries % len(self._addresses)]
            was_up = self._converse(address)
            tries = 0 if was_up else tries + 1
            wait = min(_WAIT_SECONDS_MAX, _FIRST_WAIT_SECONDS * 2.0 ** min(tries, 8))
            self._stopping.wait(wait * self._rng.uniform(0.5, 1.0))

    def _converse(self, address: Address) -> bool:
        """Connect and stay until the connection ends; return whether it ever stood."""
        talk = _Conversation(self._unit, self._will, self._tls(), self._put, self._clock, self.acknowledged)
        try:
            talk.client.connect(address.host, address.port, keepalive=KEEPALIVE_SECONDS)
        except (OSError, ValueError) as error:
            log.debug("%s: %s", address, _reason(error))
            self._put(LinkDown(f"{address}: {_reason(error)}"))
            return False
        self._client = talk.client
        talk.client.loop_start()
        talk.wait()
        self._client = None
        talk.client.loop_stop()
        with self._lock:
            self._handles.clear()
            self._early.clear()
        self._put(LinkDown(f"{address}: {talk.reason}"))
        return talk.stood


class _Conversation:
    """One connection's client, and what it called back. The callbacks run on paho's own thread."""

    def __init__(
        self,
        unit: UnitId,
        will: bytes,
        tls: ssl.SSLContext,
        put: Callable[[Event], None],
        clock: Clock,
        acknowledged: Callable[[int], None],
    ) -> None:
        self._unit = unit
        self._put = put
        self._clock = clock
        self._acknowledged = acknowledged
        self._over = threading.Event()
        self._answered = threading.Event()
        self.stood = False
        self.reason = "connection lost"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=unit,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_SECONDS
        client.max_inflight_messages_set(200)
        client.tls_set_context(tls)
        client.will_set(up(unit, Up.STATE), will, qos=0)
        client.on_socket_open = _set_no_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        self.client = client

    def wait(self) -> None:
        """Return when the connection has ended, or when the broker does not answer it in time."""
        if not self._answered.wait(_CONNECT_SECONDS) and not self._over.is_set():
            self.reason = "the broker does not answer"
            return
        self._over.wait()

    def end(self, reason: str) -> None:
        self.reason = reason
        self.client.disconnect()

    def _on_connect(
        self, _client: mqtt.Client, _userdata: Any, _flags: mqtt.ConnectFlags, code: ReasonCode, _properties: Any
    ) -> None:
        self._answered.set()
        fault = f"the broker refuses us: {code}" if code.is_failure else ""
        fault = fault or _certificate_fault(self.client, self._clock.now_ms())
        if fault:
            self.end(fault)
        else:
            self.client.subscribe(all_down(self._unit), qos=1)

    def _on_subscribe(self, *_: Any) -> None:
        self.stood = True
        self._put(LinkUp())

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._put(Arrived(message.topic, bytes(message.payload)))

    def _on_publish(
        self, _client: mqtt.Client, _userdata: Any, message_id: int, _code: ReasonCode, _properties: Any
    ) -> None:
        self._acknowledged(message_id)

    def _on_disconnect(
        self, _client: mqtt.Client, _userdata: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if code.is_failure and self.reason == "connection lost":
            self.reason = f"the connection ended: {code}"
        self._answered.set()
        self._over.set()


def tls_context(ca: str, certificate: str, key: str, *, trust_our_clock: Callable[[], bool]) -> ssl.SSLContext:
    """Return the context for one connection: the hall's CA only, our certificate, TLS 1.2 or newer.

    When the system's clock is known to be wrong, OpenSSL is told not to look at it; `_certificate_fault` then checks
    the broker's certificate against the unit's own clock. So a Pi that wakes in 1970 still connects.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=ca)
    context.load_cert_chain(certificate, key)
    if not trust_our_clock():
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
    return context


def _certificate_fault(client: mqtt.Client, now_ms: int) -> str:
    """Return what is wrong with the time of the broker's certificate, or ""."""
    connection = client.socket()
    if not isinstance(connection, ssl.SSLSocket):
        return ""
    certificate: dict[str, Any] = connection.getpeercert() or {}
    if ssl.cert_time_to_seconds(str(certificate["notAfter"])) * 1000 < now_ms:
        return "the broker's certificate has run out"
    return ""


def _set_no_delay(_client: mqtt.Client, _userdata: Any, connection: Any) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or type(error).__name__}"
    return f"no connection: {type(error).__name__}"

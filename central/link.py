"""The wire: bytes from the broker to an inbox, and what central says back to the broker.

MQTT 3.1.1, clean session, keepalive 15 s, TCP_NODELAY, manual acknowledgement: a message is acknowledged when it was
handled, so that the broker never has more under way to us than its window. The acknowledgement is no proof; the receipt
is. Reconnects with jitter, address by address.
"""

from __future__ import annotations

import logging
import queue
import random
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from broker import topics
from broker.errors import TopicRefused
from broker.topics import CENTRAL, Up
from central.outgoing import Outgoing
from central.receiving import Arrived

KEEPALIVE_SECONDS: Final = 15
RETRY_SECONDS: Final = (0.2, 5.0)  # the first wait, and the longest
UNACKNOWLEDGED_MAX: Final = 1000  # QoS 0 has no window: more than that waiting, and states are let go

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and the right to acknowledge it once."""

    arrived: Arrived
    message_id: int
    qos: int
    connection: int


class Link:
    """One connection to the broker, kept up by a thread of its own. `close` may be called twice."""

    def __init__(self, addresses: Sequence[str], tls: ssl.SSLContext) -> None:
        self._addresses = [_host_and_port(address) for address in addresses]
        self._inbox: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._connection = 0
        self._came = threading.Event()  # a connection was made and not yet noticed by the worker
        self._gone = threading.Event()  # the connection has ended, for this reason:
        self._why = ""
        self._closing = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=CENTRAL,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._client.tls_set_context(tls)
        self._client.max_inflight_messages_set(1000)
        self._client.on_socket_open = _no_delay
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def just_connected(self) -> bool:
        """Say, once for each new connection, that there is one."""
        if not self._came.is_set():
            return False
        self._came.clear()
        return True

    def take(self, limit: int, timeout_seconds: float) -> list[Delivery]:
        """Return what is there, at most `limit`; wait for the first at most so long."""
        taken: list[Delivery] = []
        try:
            first = self._inbox.get(timeout=timeout_seconds)
            while first is not None:
                taken.append(first)
                if len(taken) == limit:
                    break
                first = self._inbox.get_nowait()
        except queue.Empty:
            pass
        return taken

    def wake(self) -> None:
        """Let a waiting `take` return."""
        self._inbox.put(None)

    def acknowledge(self, delivery: Delivery) -> None:
        """Tell the broker that a message was handled; one of an earlier connection is forgotten there already."""
        if delivery.qos > 0 and delivery.connection == self._connection:
            self._client.ack(delivery.message_id, delivery.qos)

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Publish at QoS 1. Without a connection it is let go: units ask again, calls are repeated."""
        if not self.connected:
            if outgoing:
                log.debug("%d messages not sent: no connection", len(outgoing))
            return
        for message in outgoing:
            self._client.publish(message.topic, message.payload, qos=1)

    def _run(self) -> None:
        wait, at = RETRY_SECONDS[0], 0
        while not self._closing.is_set():
            host, port = self._addresses[at % len(self._addresses)]
            began = time.monotonic()
            try:
                self._gone.clear()
                self._client.connect(host, port, keepalive=KEEPALIVE_SECONDS)
                reason = self._stay()
            except (OSError, ValueError) as error:
                reason = str(error)
            if self._closing.is_set():
                return
            if time.monotonic() - began > 2 * RETRY_SECONDS[1]:
                wait = RETRY_SECONDS[0]
            log.warning("no connection to the broker at %s:%d (%s); trying again", host, port, reason)
            # Jitter, so that not everybody comes back in the same moment after the broker does.
            self._closing.wait(wait * random.uniform(0.5, 1.0))  # noqa: S311
            wait, at = min(2 * wait, RETRY_SECONDS[1]), at + 1

    def _stay(self) -> str:
        """Serve the connection until it ends; return why it did."""
        # paho's own thread does all reading and writing: two threads on one TLS connection break it.
        self._client.loop_start()
        try:
            while not self._closing.is_set():
                if self._gone.wait(0.5):
                    return self._why
        finally:
            self._client.disconnect()
            self._client.loop_stop()
        return "closing"

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._why = str(reason)
        self._gone.set()

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.error("the broker refuses central: %s; look at its certificate and the broker's log", reason)
            return
        self._connection += 1
        # Renewed on every connect: a broker that was restarted knows nothing of us.
        client.subscribe(topics.all_up(), qos=1)
        log.info("connected to the broker")
        self._came.set()

    def _on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = topics.read_up(message.topic)
        except TopicRefused as refusal:
            log.warning("a message was refused: %s", refusal)
            client.ack(message.mid, message.qos)
            return
        if message.qos == 0 and (topic.family is not Up.STATE or self._inbox.qsize() > UNACKNOWLEDGED_MAX):
            return  # only states travel at QoS 0: the broker's window bounds everything else
        self._inbox.put(
            Delivery(
                Arrived(topic.unit, topic.family, bytes(message.payload)), message.mid, message.qos, self._connection
            )
        )


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


def _no_delay(_client: mqtt.Client, _data: Any, opened: Any) -> None:
    # Without it a receipt waits 40 ms for the other side's delayed acknowledgement (PERFORMANCE.md 3).
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

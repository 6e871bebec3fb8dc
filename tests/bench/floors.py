"""What this machine can do at best, measured in the same run as the figures."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt


def fsyncs(folder: Path, count: int = 200, size: int = 4096) -> list[float]:
    """Return how many seconds each of `count` writes + fdatasync of `size` bytes took."""
    taken = []
    with (folder / "fsync.bin").open("wb", buffering=0) as file:
        for _ in range(count):
            start = time.perf_counter()
            file.write(bytes(size))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - start)
    return taken


def round_trips(client: mqtt.Client, publish_to: str, heard_on: str, count: int = 200, size: int = 1024) -> list[float]:
    """Return the seconds that each of `count` messages took to the broker and back to the same client.

    The client may write the one and read the other topic and is connected with TCP_NODELAY. That is one publish up and
    one delivery down: one MQTT round trip.
    """
    heard = threading.Event()
    client.message_callback_add(heard_on, lambda _client, _data, _message: heard.set())
    client.subscribe(heard_on, 1)
    time_limit = time.monotonic() + 5
    while time.monotonic() < time_limit and not heard.is_set():
        client.publish(publish_to, b"warm", 1)
        heard.wait(0.1)
    taken = []
    for _ in range(count):
        heard.clear()
        start = time.perf_counter()
        client.publish(publish_to, bytes(size), 1)
        if not heard.wait(5):
            raise TimeoutError("the broker did not send the message back")
        taken.append(time.perf_counter() - start)
    client.message_callback_remove(heard_on)
    return taken

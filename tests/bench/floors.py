"""What this machine can do at best, measured in the same run as the figures."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
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


def round_trips(client: mqtt.Client, topic: str, sizes: Sequence[int], count: int = 100) -> list[float]:
    """Return the seconds from publishing messages of these sizes with QoS 1 to the last acknowledgement, `count` times.

    The client is connected with TCP_NODELAY and may write the topic.
    """
    taken = []
    for _ in range(count):
        start = time.perf_counter()
        sent = [client.publish(topic, bytes(size), 1) for size in sizes]
        for message in sent:
            message.wait_for_publish(5)
        taken.append(time.perf_counter() - start)
    return taken

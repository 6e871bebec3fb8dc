"""A window without hands: the real outbox, link and transport of the edge, fed with generated papers.

    python -m tests.soak.headless_edge UNIT.TOML --told FILE --every 0.1 --number-letter S

Accepts a packet whenever fewer than `--waiting` wait, and writes down what it has promised: one line for each packet
and event, fsynced *after* the outbox has said "accepted", as a clerk reads 已受理. SIGUSR1: accept no more, only send.
It is made to be killed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import logging
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from broker import codec
from broker.events import TicketIssued
from broker.messages import Resident, UnitState
from edge.bootstrap import SystemRng, read_keys
from edge.card import Card
from edge.clock import UnitClock
from edge.disk import Disk
from edge.event_box import EventBox
from edge.events import Arrived, LinkDown, LinkUp, Published
from edge.link import Link
from edge.mqtt import MqttTransport, tls_context
from edge.outbox import Outbox
from edge.packet import Papers, seal_packet
from edge.pages import TakenPage
from edge.seen import Seen
from edge.settings import UnitSettings, read_settings
from edge.unit import Inbox

RESERVE_BYTES = 1024 * 1024
ITEM, MATERIALS = "RS001", ("居民身份证", "一寸照片", "申请表")
LAST_NUMBER = 9999


class Promises:
    """The file of what was told to the clerk. A line that a kill cut short was not told."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        kept = path.read_bytes()
        self.count = kept.count(b"\n")
        if kept and not kept.endswith(b"\n"):
            os.write(self._file, b"\n")

    def note(self, **promise: object) -> None:
        os.write(self._file, json.dumps(promise).encode() + b"\n")
        os.fsync(self._file)
        self.count += 1


class HeadlessEdge:
    def __init__(self, settings: UnitSettings, promises: Promises, *, letter: str, seed: int) -> None:
        self._settings = settings
        self._promises = promises
        self._letter = letter
        self._keys = read_keys(settings)
        self._pictures = _pictures(random.Random(seed))
        self._inbox = Inbox()
        seen = Seen(Disk(settings.seen))
        self._clock = UnitClock(seen.last_time_ms())
        rng = SystemRng()
        card = Card(Disk(settings.outbox), RESERVE_BYTES)
        own_key = self._keys.signing.public_key()
        self._outbox = Outbox(card, own_key=own_key, keep_receipted_days=settings.keep_receipted_days)
        self._events = EventBox(card, own_key)
        met = [kept.boot for kept in self._outbox.packets()] + [event.boot for event in self._events.waiting()]
        self._boot = seen.count_boot(at_least=max(met, default=0))
        self._transport = MqttTransport(
            unit=settings.unit,
            addresses=settings.addresses,
            tls=lambda: tls_context(
                str(settings.ca), str(settings.certificate), str(settings.key), trust_our_clock=lambda: True
            ),
            put=self._inbox.put,
            will=codec.encode(UnitState(alive=False, role=settings.role.value)),
            clock=self._clock,
            rng=rng,
        )
        self._link = Link(
            unit=settings.unit,
            keys=self._keys,
            outbox=self._outbox,
            events=self._events,
            clock=self._clock,
            rng=rng,
            transport=self._transport,
            boot=self._boot,
            state=self._state,
        )

    def run(self, *, every_seconds: float, waiting_max: int, is_making: list[bool]) -> None:
        """Take events from the queue and accept papers, until killed."""
        self._transport.start()
        due = time.monotonic()
        while True:
            wait = max(0.0, self._link.next_due_ms() - self._clock.monotonic_ms()) / 1000
            event = self._inbox.get(min(wait, max(0.0, due - time.monotonic()) if is_making[0] else 0.5))
            if isinstance(event, LinkUp):
                self._link.link_up()
            elif isinstance(event, LinkDown):
                self._link.link_down(event.reason)
            elif isinstance(event, Published):
                self._link.published(event.handle)
            elif isinstance(event, Arrived):
                self._link.arrived(event.topic, event.payload)
            self._link.tick()
            self._link.news()
            if is_making[0] and time.monotonic() >= due and self._outbox.waiting_count < waiting_max:
                due = time.monotonic() + every_seconds
                self._accept()

    def _accept(self) -> None:
        number = self._promises.count
        ticket = f"{self._letter}{1000 + number % (LAST_NUMBER - 1000):04}"
        day = self._clock.hall_day()
        packet_id = self._link.new_id()
        jpegs = [_unique(self._pictures[(number + index) % len(self._pictures)]) for index in range(1 + number % 3)]
        boot, seq = self._link.next_seq()
        sealed = seal_packet(
            Papers(
                packet_id=packet_id,
                ticket=ticket,
                ticket_day=day,
                service_item=ITEM,
                resident=Resident(name="样本", id_number=f"9{number % 50:017}"),
                pages=tuple((MATERIALS[index], _taken(jpeg)) for index, jpeg in enumerate(jpegs)),
                form={"备注": "演示"},
                window=self._settings.window,
                accepted_at_ms=self._clock.now_ms(),
                called_at_ms=None,
                opened_at_ms=None,
            ),
            keys=self._keys,
            unit=self._settings.unit,
            boot=boot,
            seq=seq,
        )
        kept = self._outbox.accept(sealed)
        self._promises.note(
            packet=packet_id,
            content_hash=kept.content_hash,
            pages=[hashlib.sha256(jpeg).hexdigest() for jpeg in jpegs],
        )
        if number % 4 == 0:
            event = TicketIssued(
                event_id=self._link.new_id(), ticket=ticket, day=day, at_ms=self._clock.now_ms(), queued=False
            )
            self._link.post(event)
            self._promises.note(event=event.event_id)
        self._link.pump()

    def _state(self) -> UnitState:
        return UnitState(
            alive=True,
            role=self._settings.role.value,
            boot=self._boot,
            waiting_packets=self._outbox.waiting_count,
            waiting_events=len(self._events),
            simulated=True,
        )


def _pictures(chance: random.Random) -> list[bytes]:
    """Return a few JPEGs of different sizes: one chunk, several, many."""
    pictures = []
    for side in (120, 300, 560):
        noise = np.frombuffer(chance.randbytes(side * side * 3), dtype=np.uint8).reshape(side, side, 3)
        file = io.BytesIO()
        Image.fromarray(noise).save(file, "JPEG", quality=75)
        pictures.append(file.getvalue())
    return pictures


def _unique(jpeg: bytes) -> bytes:
    """Return the picture with a comment that no other has, so that no two pages have one digest."""
    comment = os.urandom(16).hex().encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def _taken(jpeg: bytes) -> TakenPage:
    with Image.open(io.BytesIO(jpeg)) as picture:
        width, height = picture.size
    return TakenPage(jpeg=jpeg, width=width, height=height, accepted=True, sentence="", simulated=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", type=Path)
    parser.add_argument("--told", type=Path, required=True)
    parser.add_argument("--every", type=float, default=0.1, help="seconds between packets")
    parser.add_argument("--waiting", type=int, default=60, help="packets that may wait for central")
    parser.add_argument("--letter", default="S")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    is_making = [True]

    def stop_making(_number: int, _frame: object) -> None:
        is_making[0] = False

    signal.signal(signal.SIGUSR1, stop_making)
    edge = HeadlessEdge(
        read_settings(options.settings), Promises(options.told), letter=options.letter, seed=options.seed
    )
    edge.run(every_seconds=options.every, waiting_max=options.waiting, is_making=is_making)
    return 0


if __name__ == "__main__":
    sys.exit(main())

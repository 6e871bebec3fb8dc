"""Put a unit together from its settings: the only place that knows all the parts and makes them live.

settings -> keys, card, outbox -> link, desks, core -> devices, transport, console. Whatever is opened is closed in the
opposite order, also when half of it could not be opened.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

import edge
from broker import codec
from broker.messages import UnitState
from edge.card import Card
from edge.catalogue import read_catalogue
from edge.clock import UnitClock
from edge.console.serve import ConsoleServer
from edge.core import Core
from edge.counter import Counter
from edge.devices import Devices
from edge.disk import Disk
from edge.event_box import EventBox
from edge.house import House
from edge.issue import IssueDesk
from edge.keys import DayKeys, UnitKeys, read_private, read_public
from edge.link import Link
from edge.mqtt import MqttTransport, tls_context
from edge.numbers import Numbers
from edge.outbox import Outbox
from edge.ports import Clock, Rng, Storage, Transport
from edge.seen import Seen
from edge.settings import UnitSettings
from edge.unit import Inbox, Unit
from edge.view import Role
from edge.workers import Workers
from firmware.bench import Bench, open_bench

log = logging.getLogger(__name__)


class SystemRng:
    """The system's randomness."""

    def bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def uniform(self, low: float, high: float) -> float:
        return random.uniform(low, high)  # noqa: S311  # jitter


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a core is given of the world."""

    clock: Clock
    rng: Rng
    outbox: Storage
    seen: Storage
    ticket_keys: Storage
    transport: Transport
    devices: Devices


def read_keys(settings: UnitSettings) -> UnitKeys:
    """Read the unit's key files.

    Raises:
        SettingsRefused: names the file.
    """
    # cryptography's key classes are abstract; they are asked for by `isinstance` only.
    return UnitKeys(
        signing=read_private(settings.signing_key, Ed25519PrivateKey),  # type: ignore[type-abstract]
        sealing=read_private(settings.sealing_key, X25519PrivateKey),  # type: ignore[type-abstract]
        central_sealing=read_public(settings.central_sealing_key, X25519PublicKey),  # type: ignore[type-abstract]
        central_receipt=read_public(settings.central_receipt_key, Ed25519PublicKey),  # type: ignore[type-abstract]
    )


def make_core(settings: UnitSettings, keys: UnitKeys, ports: Ports) -> Core:
    """Put a core together. Nothing runs yet; the outbox is opened and put right.

    Raises:
        SettingsRefused: the catalogue cannot be used.
        OSError: the card cannot be read.
    """
    card = Card(ports.outbox, settings.reserve_bytes)
    own_key = keys.signing.public_key()
    outbox = Outbox(card, own_key=own_key, keep_receipted_days=settings.keep_receipted_days)
    events = EventBox(card, own_key)
    seen = Seen(ports.seen)
    met = [kept.boot for kept in outbox.packets()] + [event.boot for event in events.waiting()]
    boot = seen.count_boot(at_least=max(met, default=0))
    later: list[Core] = []
    link = Link(
        unit=settings.unit,
        keys=keys,
        outbox=outbox,
        events=events,
        clock=ports.clock,
        rng=ports.rng,
        transport=ports.transport,
        boot=boot,
        state=lambda: later[0].state(boot),
    )
    house = House(
        unit=settings.unit,
        hall=settings.hall,
        hall_name=settings.hall_name,
        role=settings.role,
        window=settings.window,
        groups=settings.groups,
        number_base=settings.number_base,
        catalogue=read_catalogue(settings.catalogue),
        keys=keys,
        day_keys=DayKeys(ports.ticket_keys),
        clock=ports.clock,
        link=link,
        outbox=outbox,
        devices=ports.devices,
    )
    issue = None
    if settings.role in (Role.KIOSK, Role.STATION):
        numbers = Numbers(ports.seen, base=settings.number_base)
        issue = IssueDesk(house, numbers, Counter(house) if settings.role is Role.STATION else None)
    core = Core(house, card=card, events=events, seen=seen, issue=issue, version_text=edge.__version__)
    later.append(core)
    log.info(
        "unit %s, role %s, start %d: %d packets and %d events wait",
        settings.unit,
        settings.role.value,
        boot,
        outbox.waiting_count,
        len(events),
    )
    return core


class RunningUnit:
    """A unit that runs: core, devices, connection and console. A context manager; `close()` may be called twice."""

    def __init__(self, settings: UnitSettings, *, serve_console: bool = True) -> None:
        """Open and start everything.

        Raises:
            SettingsRefused, DeviceSettingsRefused: something in the settings cannot be used.
            OSError: the card cannot be read, or the console's port is taken.
        """
        self.settings = settings
        self.failed: BaseException | None = None
        self.ended = threading.Event()  # the core has failed, or everything was closed
        self._parts = contextlib.ExitStack()
        with contextlib.ExitStack() as opening:
            self.unit, self.bench = self._open(settings, opening, serve_console)
            self._parts = opening.pop_all()

    def _open(self, settings: UnitSettings, opening: contextlib.ExitStack, serve_console: bool) -> tuple[Unit, Bench]:
        inbox, rng = Inbox(), SystemRng()
        keys = read_keys(settings)
        seen = opening.enter_context(contextlib.closing(Disk(settings.seen)))
        clock = UnitClock(max(_built_at_ms(), Seen(seen).last_time_ms()))
        transport = MqttTransport(
            unit=settings.unit,
            addresses=settings.addresses,
            tls=lambda: tls_context(
                str(settings.ca),
                str(settings.certificate),
                str(settings.key),
                trust_our_clock=lambda: not clock.is_held,
            ),
            put=inbox.put,
            will=codec.encode(UnitState(alive=False, role=settings.role.value)),
            clock=clock,
            rng=rng,
        )
        bench = opening.enter_context(open_bench(settings.devices))
        looks = settings.devices.kind_of("scanner") == "document-camera"
        workers = Workers(bench, inbox.put, own_window=settings.window, camera_is_scanner=looks)
        core = make_core(
            settings,
            keys,
            Ports(
                clock=clock,
                rng=rng,
                outbox=opening.enter_context(contextlib.closing(Disk(settings.outbox))),
                seen=seen,
                ticket_keys=opening.enter_context(contextlib.closing(Disk(settings.ticket_keys))),
                transport=transport,
                devices=workers,
            ),
        )
        unit = Unit(core, inbox, core.catalogue, workers.live_frame, _slip_picture(bench), self._core_failed)
        unit.start()
        opening.callback(unit.close)
        workers.start()
        opening.callback(workers.close)
        transport.start()
        opening.callback(transport.close)
        if serve_console:
            opening.enter_context(ConsoleServer(unit, bench, settings.console))
        return unit, bench

    def close(self) -> None:
        self._parts.close()
        self.ended.set()

    def __enter__(self) -> RunningUnit:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _core_failed(self, error: BaseException) -> None:
        self.failed = error
        self.ended.set()


def _built_at_ms() -> int:
    """Return when this program was built or laid down: a time that has certainly been reached."""
    return int(Path(edge.__file__).stat().st_mtime * 1000)


def _slip_picture(bench: Bench) -> Callable[[], bytes | None]:
    def picture() -> bytes | None:
        if bench.simulators is None or bench.simulators.ticket_printer is None:
            return None
        slips = bench.simulators.slips()
        return slips[-1] if slips else None

    return picture

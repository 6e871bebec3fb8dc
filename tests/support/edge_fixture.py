"""A unit's core without a world: fake clock, transport and devices, a small central, and a card that can fail.

    rig = UnitRig(tmp_path, role=Role.INTAKE)
    rig.connect(); rig.open_visit(); rig.do(TakePage()); rig.do(ChooseItem(code="RS001")); rig.do(AcceptVisit())
    assert rig.central.entered == [...]

Everything runs on the caller's thread; time passes only by `rig.clock.advance`.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from broker import codec, envelope
from broker.envelope import Header, key_id
from broker.events import NextRequested, PickupAsked, RecallRequested
from broker.ids import new_id
from broker.messages import (
    Call,
    CallPurpose,
    IntakePacket,
    Outcome,
    PacketDoubted,
    PageDoubt,
    PickupList,
    QueueStatus,
    ReadyCase,
    Receipt,
    ResendAsked,
    Resident,
    TicketKeys,
)
from broker.ticket_keys import ticket_key
from broker.topics import Down, UnitId, Up, down, read_up
from broker.wording import call_text
from edge.bootstrap import Ports, make_core
from edge.clock import hall_day
from edge.commands import Command, Result, ScanText
from edge.console.settings import ConsoleSettings
from edge.disk import Disk
from edge.events import (
    Arrived,
    Asked,
    CallAnnounced,
    CardLaid,
    Event,
    LinkDown,
    LinkUp,
    PagePhotographed,
    Published,
    SlipPrinted,
    Ticked,
)
from edge.keys import UnitKeys
from edge.led import Led
from edge.pages import TakenPage
from edge.settings import Address, Group, UnitSettings
from edge.ticket import Ticket, seal_ticket
from edge.view import Role, UnitView
from firmware.bench import DeviceSettings
from firmware.ports import DeviceError, IdCard, Lamp, LampState, Slip
from tests.support.edge_papers import NAME, NUMBER, RESIDENT, START_MS, TODAY, a_page, packet_id, some_papers

HALL = "shuangjing"
MASTER = bytes(range(32))

CATALOGUE = (
    "code\tname\tdepartment\tkind\tpromise_working_days\tmaterials\tbasis\n"
    "RS001\t社会保障卡申领\t社会保障科\tsame_day\t\t居民身份证;一寸照片（非必要）\tsample\n"
    "JY018\t就业困难人员认定\t就业服务科\tpromised\t5\t申请表;居民身份证;户口簿\tsample\n"
)


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.unix_ms = now_ms
        self.mono_ms = 1_000
        self._heard: tuple[int, int] | None = None

    def advance(self, ms: int) -> None:
        self.unix_ms += ms
        self.mono_ms += ms

    def now_ms(self) -> int:
        return self.unix_ms

    def monotonic_ms(self) -> int:
        return self.mono_ms

    def hall_day(self) -> str:
        return hall_day(self.unix_ms)

    def hear(self, central_ms: int) -> None:
        now = self.central_ms()
        if now is None or central_ms > now:
            self._heard = (central_ms, self.mono_ms)

    def central_ms(self) -> int | None:
        return None if self._heard is None else self._heard[0] + self.mono_ms - self._heard[1]


class FakeRng:
    """The same seed, the same luck."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


class PowerCut(BaseException):
    """The power fails at this call. No code of ours may catch it."""


class FailingStorage:
    """A card that fails at its Nth call: with an error, or with the power. `calls` counts them.

    `torn`: before failing, a write or append leaves half of its bytes.
    """

    def __init__(self, real: Disk) -> None:
        self.real = real
        self.calls = 0
        self.fail_at = -1
        self.fault: BaseException | None = None
        self.torn = False
        self.failing_on = False  # every call from `fail_at` on

    def fail(self, at: int, fault: BaseException, *, torn: bool = False, on: bool = False) -> None:
        self.calls, self.fail_at, self.fault, self.torn, self.failing_on = 0, at, fault, torn, on

    def heal(self) -> None:
        self.fail_at = -1

    def _due(self) -> bool:
        self.calls += 1
        return self.fail_at > 0 and (self.calls == self.fail_at or (self.failing_on and self.calls > self.fail_at))

    def _tear(self, path: str, data: bytes, *, append: bool) -> None:
        if self.torn:
            at = self.real._at(path)
            with at.open("ab" if append else "wb") as file:
                file.write(data[: len(data) // 2])

    def _raise(self) -> None:
        assert self.fault is not None
        raise self.fault

    def read(self, path: str) -> bytes:
        if self._due():
            self._raise()
        return self.real.read(path)

    def write(self, path: str, data: bytes) -> None:
        if self._due():
            self._tear(path, data, append=False)
            self._raise()
        self.real.write(path, data)

    def append(self, path: str, data: bytes) -> None:
        if self._due():
            self._tear(path, data, append=True)
            self._raise()
        self.real.append(path, data)

    def cut(self, path: str, length_bytes: int) -> None:
        if self._due():
            self._raise()
        self.real.cut(path, length_bytes)

    def rename(self, old: str, new: str) -> None:
        if self._due():
            self._raise()
        self.real.rename(old, new)

    def sync_folder(self, folder: str) -> None:
        if self._due():
            self._raise()
        self.real.sync_folder(folder)

    def make_folder(self, folder: str) -> None:
        if self._due():
            self._raise()
        self.real.make_folder(folder)

    def names(self, folder: str) -> list[str]:
        if self._due():
            self._raise()
        return self.real.names(folder)

    def exists(self, path: str) -> bool:
        if self._due():
            self._raise()
        return self.real.exists(path)

    def size(self, path: str) -> int:
        if self._due():
            self._raise()
        return self.real.size(path)

    def remove(self, path: str) -> None:
        if self._due():
            self._raise()
        self.real.remove(path)

    def allocate(self, path: str, length_bytes: int) -> None:
        if self._due():
            self._raise()
        self.real.allocate(path, length_bytes)

    def free_bytes(self) -> int:
        if self._due():
            self._raise()
        return self.real.free_bytes()


def os_error(number: int) -> OSError:
    return OSError(number, errno.errorcode[number])


class FakeTransport:
    """Keeps what is published; a test delivers it, loses it, or changes its order."""

    def __init__(self) -> None:
        self.sent: deque[tuple[str, bytes, int, int]] = deque()  # topic, payload, qos, handle

    def publish(self, topic: str, payload: bytes, *, qos: int, handle: int) -> None:
        self.sent.append((topic, payload, qos, handle))

    def reconnect(self, reason: str) -> None:
        self.sent.clear()


class FakeDevices:
    """Devices that do at once what is asked, as events on a queue."""

    def __init__(self, present: dict[str, bool]) -> None:
        self.here = present
        self.events: deque[Event] = deque()
        self.page: TakenPage | None = a_page()
        self.camera_error: DeviceError | None = None
        self.printer_error: DeviceError | None = None
        self.slips: list[Slip] = []
        self.announced: list[Call] = []
        self.aloud: list[bool] = []  # whether each was to be spoken
        self.busy_announcer = False  # a call waits until `finish_announcing`
        self.waiting_calls: deque[Call] = deque()
        self.shows_calls = True
        self.led = Led()
        self.shown: list[Led] = []
        self.lamps: dict[Lamp, LampState] = {}
        self.watching = False
        self.watching_desk = False
        self.kept_sheets = 0
        self.given_up = 0
        self.checks = 0
        self.tried: list[str] = []
        self.busy = False  # the camera takes its time: the test says when it is done
        self.jobs: list[int] = []

    def present(self) -> dict[str, bool]:
        return self.here

    def photograph(self, job: int) -> None:
        self.jobs.append(job)
        if not self.busy:
            self.finish_photograph()

    def finish_photograph(self) -> None:
        job = self.jobs.pop(0)
        if self.camera_error is not None:
            self.events.append(PagePhotographed(job, None, self.camera_error))
        else:
            self.events.append(PagePhotographed(job, self.page))

    def print_slip(self, job: int, slip: Slip) -> None:
        if self.printer_error is None:
            self.slips.append(slip)
        self.events.append(SlipPrinted(job, self.printer_error))

    def announce(self, call: Call, *, aloud: bool = True) -> None:
        self.announced.append(call)
        self.aloud.append(aloud)
        self.waiting_calls.append(call)
        if not self.busy_announcer:
            self.finish_announcing()

    def finish_announcing(self) -> None:
        while self.waiting_calls:
            self.events.append(CallAnnounced(self.waiting_calls.popleft(), self.shows_calls, spoken=False))

    def show(self, led: Led) -> None:
        self.led = led
        self.shown.append(led)

    def watch_for_ticket(self, wanted: bool) -> None:
        self.watching = wanted

    def watch_desk(self, wanted: bool) -> None:
        self.watching_desk = wanted

    def sheet_kept(self) -> None:
        self.kept_sheets += 1

    def sheets_given_up(self) -> None:
        self.given_up += 1

    def set_lamp(self, lamp: Lamp, state: LampState) -> None:
        self.lamps[lamp] = state

    def try_device(self, name: str) -> None:
        self.tried.append(name)

    def check(self) -> None:
        self.checks += 1


@dataclass
class HallKeys:
    """Central's keys, made once a test."""

    sealing: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    receipt: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def unit(self) -> tuple[UnitKeys, Ed25519PrivateKey, X25519PrivateKey]:
        signing, sealing = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
        keys = UnitKeys(
            signing=signing,
            sealing=sealing,
            central_sealing=self.sealing.public_key(),
            central_receipt=self.receipt.public_key(),
        )
        return keys, signing, sealing


class FakeCentral:
    """Enough of central to talk to a unit: checks, opens, enters once, receipts. Its ledger is a list."""

    def __init__(self, keys: HallKeys, clock: FakeClock) -> None:
        self.keys = keys
        self.clock = clock
        self.units: dict[str, UnitKeys] = {}
        self.staged: dict[str, dict[int, bytes]] = {}  # digest -> chunks
        self.whole: dict[str, bytes] = {}
        self.entered: list[IntakePacket] = []
        self.pictures: dict[str, list[bytes]] = {}
        self.events: list[Any] = []
        self.receipts: dict[str, tuple[str, Receipt]] = {}  # subject -> content hash, receipt
        self.seen: list[str] = []  # "chunk", "packet", "event …" in the order of arrival
        self.counter = 0
        self.entry = 0
        self.queue: list[str] = []
        self.ready: tuple[ReadyCase, ...] = ()
        self.refuse: dict[str, tuple[str, str]] = {}  # kind -> code, notice
        self.altered: list[str] = []
        self._random = random.Random(7)

    def new_id(self) -> str:
        return new_id(self.clock.unix_ms, self._random.randbytes(10))

    def take(self, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        """Take one message; return what central sends for it."""
        unit, family = read_up(topic)
        if family is Up.STATE:
            self.seen.append("state")
            return []
        if family is Up.CHUNK:
            self._stage(payload)
            return []
        read = envelope.read(payload)
        assert read.header.sender == unit
        read.verify(self.units[unit].signing.public_key())
        self.seen.append("packet" if family is Up.PACKET else f"event {read.header.kind}")
        known = self.receipts.get(read.header.subject)
        if known is not None:
            if known[0] != read.content_hash:
                self.altered.append(read.header.subject)
                return [self.refusal(unit, read, "packet-altered", "材料与先前收到的不一致。")]
            return [self.sent(unit, Down.RECEIPT, known[1])]
        body = read.body if read.suite == envelope.PLAIN else read.open(self.keys.sealing)
        message = codec.decode_kind(body, read.header.kind)
        if isinstance(message, IntakePacket):
            return self._enter(unit, read, message)
        return self._event(unit, read, message)

    def sent(self, unit: UnitId, family: Down, message: Any, *, subject: str = "") -> tuple[str, bytes]:
        """Return a message as central sends it."""
        sealed_to = self.units[unit].sealing.public_key() if isinstance(message, TicketKeys) else None
        header = Header(
            kind=message.KIND,
            sender="central",
            subject=subject or self.new_id(),
            signing_key=key_id(self.keys.receipt.public_key()),
            sealing_key=key_id(sealed_to) if sealed_to is not None else "",
            sent_at_ms=self.clock.unix_ms,
        )
        body = codec.encode(message)
        if sealed_to is not None:
            return down(unit, family), envelope.seal(header, body, sealed_to, self.keys.receipt)
        return down(unit, family), envelope.sign(header, body, self.keys.receipt)

    def call(
        self,
        unit: UnitId,
        ticket: str,
        window: int,
        *,
        purpose: CallPurpose = CallPurpose.INTAKE,
        counter: int | None = None,
        lasts_ms: int = 60_000,
        count: int = 1,
    ) -> tuple[str, bytes]:
        self.counter = counter if counter is not None else self.counter + 1
        call = Call(
            call_id=self.new_id(),
            counter=self.counter,
            ticket=ticket,
            window=window,
            purpose=purpose,
            text=call_text(ticket, window, purpose),
            called_at_ms=self.clock.unix_ms,
            expires_at_ms=self.clock.unix_ms + lasts_ms,
            count=count,
            ticket_day=TODAY,
        )
        return self.sent(unit, Down.CALL, call)

    def status(self, unit: UnitId, waiting: dict[str, int], current: str = "") -> tuple[str, bytes]:
        self.counter += 1
        status = QueueStatus(
            order_id=self.new_id(),
            counter=self.counter,
            waiting=waiting,
            current_ticket=current,
            current_day=TODAY if current else "",
            at_ms=self.clock.unix_ms,
        )
        return self.sent(unit, Down.ORDER, status)

    def doubt(self, unit: UnitId, packet: str, *doubts: PageDoubt) -> tuple[str, bytes]:
        told = PacketDoubted(order_id=self.new_id(), packet_id=packet, doubts=doubts, at_ms=self.clock.unix_ms)
        return self.sent(unit, Down.ORDER, told)

    def resend(self, unit: UnitId, head: int | None = None) -> tuple[str, bytes]:
        asked = ResendAsked(order_id=self.new_id(), head=self.entry if head is None else head, at_ms=self.clock.unix_ms)
        return self.sent(unit, Down.ORDER, asked)

    def refusal(self, unit: UnitId, read: envelope.Envelope, code: str, notice: str) -> tuple[str, bytes]:
        receipt = Receipt(
            subject=read.header.subject,
            content_hash=read.content_hash,
            outcome=Outcome.REFUSED,
            at_ms=self.clock.unix_ms,
            code=code,
            notice=notice,
        )
        self.receipts[read.header.subject] = (read.content_hash, receipt)
        return self.sent(unit, Down.RECEIPT, receipt)

    def forget_after(self, entry: int) -> None:
        """Central is restored from an older backup."""
        for subject, (_, receipt) in list(self.receipts.items()):
            if receipt.entry > entry:
                del self.receipts[subject]
                self.entered = [packet for packet in self.entered if packet.packet_id != subject]
        self.entry = entry
        self.whole.clear()

    def _stage(self, payload: bytes) -> None:
        chunk = codec.decode_chunk(payload)
        self.seen.append("chunk")
        chunks = self.staged.setdefault(chunk.digest, {})
        chunks[chunk.index] = chunk.data
        if len(chunks) == chunk.count:
            self.whole[chunk.digest] = b"".join(chunks[index] for index in range(chunk.count))
            del self.staged[chunk.digest]

    def _enter(self, unit: UnitId, read: envelope.Envelope, packet: IntakePacket) -> list[tuple[str, bytes]]:
        if packet.KIND in self.refuse:
            return [self.refusal(unit, read, *self.refuse[packet.KIND])]
        missing = tuple(index for index, page in enumerate(packet.pages) if page.digest not in self.whole)
        if missing:
            receipt = Receipt(
                subject=packet.packet_id,
                content_hash=read.content_hash,
                outcome=Outcome.MISSING,
                at_ms=self.clock.unix_ms,
                missing=missing,
            )
            return [self.sent(unit, Down.RECEIPT, receipt)]
        self.pictures[packet.packet_id] = [
            envelope.open_page(self.whole[page.digest], self.keys.sealing, packet_id=packet.packet_id, index=index)
            for index, page in enumerate(packet.pages)
        ]
        self.entered.append(packet)
        return [self._receipt(unit, read, f"20261123-{len(self.entered):05d}")]

    def _event(self, unit: UnitId, read: envelope.Envelope, event: Any) -> list[tuple[str, bytes]]:
        if event.KIND in self.refuse:
            return [self.refusal(unit, read, *self.refuse[event.KIND])]
        answers = []
        if isinstance(event, NextRequested | RecallRequested):
            if not self.queue:
                return [self.refusal(unit, read, "queue-empty", "现在没有等候的居民。")]
            answers.append(self.call(unit, self.queue.pop(0), event.window))
        if isinstance(event, PickupAsked):
            found = PickupList(order_id=self.new_id(), asked=event.event_id, cases=self.ready)
            answers.append(self.sent(unit, Down.ORDER, found))
        self.events.append(event)
        return [*answers, self._receipt(unit, read, "")]

    def _receipt(self, unit: UnitId, read: envelope.Envelope, case_number: str) -> tuple[str, bytes]:
        self.entry += 1
        receipt = Receipt(
            subject=read.header.subject,
            content_hash=read.content_hash,
            outcome=Outcome.ENTERED,
            at_ms=self.clock.unix_ms,
            entry=self.entry,
            case_number=case_number,
        )
        self.receipts[read.header.subject] = (read.content_hash, receipt)
        return self.sent(unit, Down.RECEIPT, receipt)


class UnitRig:
    """One unit's core on the caller's thread. `restart` is a new start on the same card."""

    def __init__(
        self,
        folder: Path,
        *,
        role: Role = Role.INTAKE,
        unit: str = "",
        hall: HallKeys | None = None,
        central: FakeCentral | None = None,
        clock: FakeClock | None = None,
        reserve_bytes: int = 0,
        outbox: Path | None = None,
        day_keys: bool = True,
    ) -> None:
        self.folder = folder
        self.clock = clock or FakeClock()
        self.hall = hall or HallKeys()
        self.central = central or FakeCentral(self.hall, self.clock)
        window = {Role.INTAKE: 3, Role.PICKUP: 6}.get(role)
        name = {Role.INTAKE: "w3", Role.PICKUP: "w6", Role.STATION: "station-1"}.get(role, role.value)
        self.id = UnitId(unit or f"{HALL}-{name}")
        self.keys, _, _ = self.hall.unit()
        self.central.units[self.id] = self.keys
        folder.mkdir(parents=True, exist_ok=True)
        catalogue = folder / "service_items.tsv"
        catalogue.write_text(CATALOGUE, encoding="utf-8")
        self.settings = settings_for(
            folder, self.id, role, window, catalogue, reserve_bytes=reserve_bytes, outbox=outbox
        )
        if day_keys:
            self.settings.ticket_keys.mkdir(parents=True, exist_ok=True)
            for day in (TODAY, "2026-11-24"):
                (self.settings.ticket_keys / f"{day}.key").write_text(ticket_key(MASTER, hall=HALL, day=day).hex())
        self._disks: list[Disk] = []
        self.restart()

    def __del__(self) -> None:
        for disk in self._disks:
            disk.close()

    def restart(self) -> None:
        """Start anew, as after a power cut: what was in memory is gone."""
        self.rng = FakeRng(len(self.central.seen) + 1)
        self.transport = FakeTransport()
        names = {
            Role.INTAKE: ("scanner", "document_camera", "call_display", "panel"),
            Role.STATION: ("scanner", "document_camera", "id_card_reader", "ticket_printer"),
            Role.KIOSK: ("id_card_reader", "ticket_printer"),
            Role.PICKUP: ("scanner", "id_card_reader", "call_display"),
            Role.BOARD: ("speaker",),
        }[self.settings.role]
        self.devices = FakeDevices(dict.fromkeys(names, True))
        for disk in self._disks:
            disk.close()
        self._disks = [Disk(self.settings.outbox), Disk(self.settings.seen)]
        self.outbox_storage = FailingStorage(self._disks[0])
        self.seen_storage = FailingStorage(self._disks[1])
        self.online = False
        self.core = make_core(
            self.settings,
            self.keys,
            Ports(
                clock=self.clock,
                rng=self.rng,
                outbox=self.outbox_storage,
                seen=self.seen_storage,
                ticket_keys=Disk(self.settings.ticket_keys),
                transport=self.transport,
                devices=self.devices,
            ),
        )

    @property
    def view(self) -> UnitView:
        return self.core.view()

    @property
    def outbox(self) -> Any:
        return self.core._house.outbox

    @property
    def link(self) -> Any:
        return self.core._house.link

    def handle(self, event: Event) -> None:
        self.core.handle(event)
        while self.devices.events:
            self.core.handle(self.devices.events.popleft())

    def start(self, command: Command) -> Future[Result]:
        """Ask for something, and do not wait."""
        answer: Future[Result] = Future()
        self.handle(Asked(command, answer))
        return answer

    def do(self, command: Command) -> Result:
        """Ask for something, let the network run as far as it is connected, and return the answer."""
        answer = self.start(command)
        if self.online:
            self.settle()
        return answer.result(0)

    def connect(self) -> None:
        self.online = True
        self.handle(LinkUp())
        self.settle()

    def handle_online(self) -> None:
        """The connection stands; nothing is carried until `settle`."""
        self.online = False
        self.handle(LinkUp())

    def handle_published(self, handle: int) -> None:
        self.handle(Published(handle))

    def handle_published_all(self) -> None:
        """The broker acknowledges all, and central sees none of it."""
        while self.transport.sent:
            _, _, qos, handle = self.transport.sent.popleft()
            if qos:
                self.handle(Published(handle))

    def pass_time_offline(self, ms: int) -> None:
        """Let time pass with nothing carried."""
        self.clock.advance(ms)
        self.handle(Ticked())

    def disconnect(self) -> None:
        self.online = False
        self.transport.sent.clear()
        self.handle(LinkDown("the cable is out"))

    def settle(self, lose: Callable[[str, bytes], bool] = lambda topic, payload: False) -> None:
        """Carry messages both ways until nothing moves. What `lose` says is lost, though the broker acknowledged it."""
        for _ in range(100_000):
            if not self.transport.sent:
                return
            topic, payload, qos, handle = self.transport.sent.popleft()
            answers = [] if lose(topic, payload) else self.central.take(topic, payload)
            if qos:
                self.handle(Published(handle))
            for answer_topic, answer in answers:
                if not lose(answer_topic, answer):
                    self.deliver((answer_topic, answer))
        raise AssertionError("the conversation does not end")

    def deliver(self, message: tuple[str, bytes]) -> None:
        self.handle(Arrived(*message))

    def pass_time(self, ms: int, step_ms: int = 250) -> None:
        """Let time pass, in steps, with the core woken as its timers want."""
        for _ in range(0, ms, step_ms):
            self.clock.advance(step_ms)
            self.handle(Ticked())
            if self.online:
                self.settle()

    def ticket_code(self, ticket: str = "A6001", day: str = TODAY, resident: Resident = RESIDENT) -> str:
        key = ticket_key(MASTER, hall=HALL, day=day)
        sealed = Ticket(ticket=ticket, day=day, resident=resident, issued_minute=541)
        return seal_ticket(sealed, key, hall=HALL, kiosk=f"{HALL}-kiosk")

    def open_visit(self, ticket: str = "A6001", resident: Resident = RESIDENT) -> str:
        return self.do(ScanText(self.ticket_code(ticket, resident=resident))).visit

    def lay_card(self, card: IdCard | None = None) -> None:
        self.handle(CardLaid(card or a_card()))


def settings_for(
    folder: Path,
    unit: UnitId,
    role: Role,
    window: int | None,
    catalogue: Path,
    *,
    reserve_bytes: int,
    outbox: Path | None,
) -> UnitSettings:
    groups: tuple[Group, ...] = ()
    if role is Role.KIOSK:
        groups = (Group("A", "社保医保"), Group("B", "就业创业"))
    elif role is Role.STATION:
        groups = (Group("S", "社区服务站"),)
    nothing = folder / "nothing"
    return UnitSettings(
        unit=unit,
        hall=HALL,
        hall_name="双井街道便民服务中心（演示）",
        role=role,
        window=window,
        addresses=(Address("localhost", 1),),
        ca=nothing,
        certificate=nothing,
        key=nothing,
        signing_key=nothing,
        sealing_key=nothing,
        central_sealing_key=nothing,
        central_receipt_key=nothing,
        ticket_keys=folder / "ticket",
        devices=DeviceSettings(),
        console=ConsoleSettings(),
        catalogue=catalogue,
        groups=groups,
        number_base=1000 if role is Role.STATION else 6000,
        outbox=outbox or folder / "outbox",
        seen=folder / "seen",
        reserve_bytes=reserve_bytes,
        keep_receipted_days=14,
    )


def a_card(**changes: Any) -> IdCard:
    return replace(IdCard(name=NAME, id_number=NUMBER, kind="citizen"), **changes)


def as_json(view: UnitView) -> str:
    """Everything that a view holds, as text: to look for what must not stand in it."""
    return json.dumps(dataclasses.asdict(view), ensure_ascii=False, default=str)


__all__ = ["NAME", "NUMBER", "RESIDENT", "START_MS", "TODAY", "UnitRig", "a_page", "packet_id", "some_papers"]

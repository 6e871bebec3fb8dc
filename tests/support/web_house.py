"""A hall with a real book on disk and real residents, for the tests of the pages and for looking at them.

`a_web_house(folder)` makes it; `receive` and `issue` fill it the way that intake and the kiosk do, without a wire.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw, ImageFont
from werkzeug.test import TestResponse

from broker import events
from broker.messages import CallPurpose, IntakePacket, Page, Priority, Resident
from central.cases.opening import open_case
from central.catalogue.loading import load_catalogue
from central.catalogue.tsv import SAMPLE, read_catalogue
from central.ledger import facts
from central.queue.calling import call_next
from central.queue.tickets import issue_ticket, open_visit
from central.residents.keys import VaultKeys, seal_page
from central.residents.pages import PageFiles
from central.residents.vault import StoredVault
from central.staff.passwords import hash_password
from central.storage.book import Book, open_book, read_head
from central.storage.database import Database
from central.storage.migrate import migrate
from central.storage.reading import Reading
from central.storage.sessions import Sessions
from central.storage.statements import Runner
from central.web.house import House, WebSettings

HALL = "shuangjing"
PASSWORD = "a-password-of-the-tests"
_HASH: list[str] = []
FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
STAFF = (
    ("shebao1", "王建国", ("officer",), ("社会保障科",)),
    ("shebao2", "李秀英", ("officer",), ("社会保障科",)),
    ("jiuye1", "刘洋", ("officer",), ("就业服务科",)),
    ("zhuguan", "林峰", ("supervisor",), ()),
    ("chujian", "罗敏", ("pickup",), ()),
    ("qiantai", "孟洁", ("clerk",), ()),
    ("admin", "系统管理员", ("admin",), ()),
)


class WallClock:
    """A clock that a test may set; without, it is now."""

    def __init__(self, now_ms: int) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms


class SystemRng:
    def token_bytes(self, count: int) -> bytes:
        return os.urandom(count)


def at(clock: str, day: str = "2026-11-23") -> int:
    """Return the hall's time as Unix milliseconds."""
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return int(moment.timestamp() * 1000)


class WebHouse:
    """The house handed to the pages, and the hands that fill it."""

    def __init__(self, folder: Path, clock: Any, **web: Any) -> None:
        self.clock = clock
        self.database = Database(f"sqlite:///{folder / 'ledger.db'}")
        if not (folder / "ledger.db").exists():
            migrate(self.database)
        self.files = PageFiles(folder / "pages")
        self.keys = VaultKeys(vault_key=b"v" * 32, lookup_key=b"l" * 32)
        self.rng = SystemRng()
        self.house = House(
            settings=WebSettings(hall=HALL, hall_name="双井街道便民服务中心（演示）", **web),
            clock=clock,
            rng=self.rng,
            work=self.work,
            look=self.look,
            reading=Reading(self.database.engine, HALL),
            sessions=Sessions(self.database.engine, HALL),
        )
        self._made = 0

    def _vault(self, run: Runner, hall: str, now_ms: int) -> StoredVault:
        return StoredVault(run, hall, now_ms, keys=self.keys, files=self.files, rng=self.rng)

    @contextmanager
    def work(self) -> Iterator[Book]:
        with (
            self.database.connect() as connection,
            open_book(connection, HALL, now_ms=self.clock.now_ms(), rng=self.rng, make_vault=self._vault) as book,
        ):
            yield book

    @contextmanager
    def look(self) -> Iterator[Book]:
        with self.database.reading() as connection:
            run = Runner(connection)
            head = read_head(run, HALL)
            yield Book(run, HALL, now_ms=self.clock.now_ms(), rng=self.rng, make_vault=self._vault, head=head)

    def furnish(self) -> None:
        """Open the hall: groups, windows, staff, catalogue, units."""
        if not _HASH:
            _HASH.append(hash_password(PASSWORD))
        with self.work() as work:
            work.append(
                facts.HallOpened(
                    name="双井街道便民服务中心（演示）",
                    groups={"A": "社保医保", "B": "就业创业", "C": "民政综合"},
                    windows=(1, 2, 3, 4, 5, 6),
                    pickup_window=6,
                ),
                subject=HALL,
                actor="central",
            )
            for staff_id, name, roles, desks in STAFF:
                work.append(
                    facts.StaffAdded(staff_id=staff_id, name=name, roles=roles, desks=desks),
                    subject=staff_id,
                    actor="central",
                )
                work.staff.set_password_hash(staff_id, _HASH[0])
            for staff_id in ("shebao1", "jiuye1"):
                work.append(facts.OfficerPresence(staff_id=staff_id, present=True), subject=staff_id, actor=staff_id)
            load_catalogue(read_catalogue(SAMPLE), actor="central", work=work)
            for window in range(1, 7):
                role = "pickup" if window == 6 else "intake"
                work.append(
                    facts.UnitEnrolled(unit=f"{HALL}-w{window}", role=role, signing_key="00" * 32, window=window),
                    subject=f"{HALL}-w{window}",
                    actor="central",
                )
            for unit in ("kiosk", "station-1", "board"):
                work.append(
                    facts.UnitEnrolled(unit=f"{HALL}-{unit}", role=unit.split("-")[0], signing_key="00" * 32),
                    subject=f"{HALL}-{unit}",
                    actor="central",
                )
            work.commit()

    @property
    def day(self) -> str:
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, ZoneInfo("Asia/Shanghai")).date().isoformat()

    def issue(self, ticket: str, priority: Priority = Priority.NONE) -> None:
        with self.work() as work:
            event = events.TicketIssued(
                event_id=work.new_id(), ticket=ticket, day=self.day, at_ms=self.clock.now_ms(), priority=priority
            )
            issue_ticket(event, now_ms=self.clock.now_ms(), work=work)
            work.commit()

    def call(self, window: int) -> str:
        """Call the next number to a window and return it."""
        with self.work() as work:
            event = events.NextRequested(event_id=work.new_id(), window=window, at_ms=self.clock.now_ms())
            called = call_next(event, now_ms=self.clock.now_ms(), work=work)
            work.commit()
        return called.ticket

    def announce(self, ticket: str, window: int, purpose: CallPurpose = CallPurpose.INTAKE) -> int:
        """Put a call into the book as it is, without a queue; return its counter."""
        now_ms = self.clock.now_ms()
        with self.work() as work:
            entry = work.append(
                facts.TicketCalled(
                    call_id=work.new_id(),
                    ticket=ticket,
                    day=self.day,
                    window=window,
                    purpose=purpose,
                    text=f"请{ticket}号到{window}号窗口办理业务",
                    called_at_ms=now_ms,
                    expires_at_ms=now_ms + 60_000,
                ),
                subject=f"{self.day}/{ticket}",
                actor="central",
            )
            work.commit()
        return entry.seq

    def serve(self, ticket: str, window: int) -> None:
        with self.work() as work:
            event = events.TicketPresented(
                event_id=work.new_id(), window=window, ticket=ticket, day=self.day, at_ms=self.clock.now_ms()
            )
            open_visit(event, work=work)
            work.commit()

    def receive(
        self,
        item: str,
        *,
        name: str = "张晓三",
        id_number: str = "11010519491231002X",
        ticket: str = "A6001",
        window: int | None = 1,
        materials: Sequence[str] = ("居民身份证", "一寸照片"),
        form: dict[str, str] | None = None,
    ) -> str:
        """Enter a packet as intake does; return the case's number."""
        self._made += 1
        resident = Resident(name=name, id_number=id_number)
        pictures = [a_paper(material, self._made) for material in materials]
        now_ms = self.clock.now_ms()
        with self.work() as work:
            key = work.vault.key_for(resident)  # type: ignore[attr-defined]  # the vault as intake sees it
            assert work.vault.admit(resident, key)  # type: ignore[attr-defined]
            kept, pages = [], []
            for material, picture in zip(materials, pictures, strict=True):
                digest = hashlib.sha256(picture).hexdigest()
                sealed = seal_page(key.key, picture, digest)
                stored = hashlib.sha256(sealed).hexdigest()
                path = self.files.path(stored)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(sealed)
                kept.append(
                    facts.PageKept(
                        material=material,
                        plain_digest=digest,
                        stored_digest=stored,
                        stored_bytes=len(sealed),
                        width=826,
                        height=1169,
                    )
                )
                pages.append(
                    Page(
                        material=material,
                        digest=stored,
                        sealed_bytes=len(sealed),
                        plain_digest=digest,
                        width=826,
                        height=1169,
                    )
                )
            packet = IntakePacket(
                packet_id=work.new_id(),
                ticket=ticket,
                ticket_day=self.day,
                service_item=item,
                resident=resident,
                pages=tuple(pages),
                form=form or {"联系电话": "138****0000", "备注": "本人办理"},
                window=window,
                accepted_at_ms=now_ms,
                simulated=True,
            )
            digest = work.vault.keep_form(packet.packet_id, packet.form, key)  # type: ignore[attr-defined]
            opened = open_case(
                packet, resident_id=key.resident_id, pages=kept, form_digest=digest, now_ms=now_ms, work=work
            )
            work.commit()
        return opened.case_number


class Browser:
    """A test client that carries its form token as a page would."""

    def __init__(self, app: Flask, address: str = "127.0.0.1") -> None:
        self.client: FlaskClient = app.test_client()
        self.address = address

    def get(self, path: str, **headers: str) -> TestResponse:
        sent = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.get(path, headers=sent, environ_base={"REMOTE_ADDR": self.address})

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **headers: str) -> TestResponse:
        """Send a form with the token of this browser's newest page; `form_token=None` in fields leaves it out."""
        data: dict[str, Any] = {"form_token": self.form_token(), **(fields or {})}
        data = {name: value for name, value in data.items() if value is not None}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=data, headers=sent, environ_base={"REMOTE_ADDR": self.address})

    def form_token(self) -> str:
        page = self.client.get("/sign-in").get_data(as_text=True)
        return page.split('name="form_token" value="')[1].split('"')[0]

    def sign_in(self, staff_id: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/sign-in", {"name": staff_id, "password": password})

    @property
    def cookie(self) -> str:
        held = self.client.get_cookie("session")
        return "" if held is None else held.value


def a_paper(material: str, number: int) -> bytes:
    """Return a page as a camera's output would be after flattening: a form with a few lines, as JPEG."""
    page = Image.new("RGB", (826, 1169), (252, 251, 247))
    draw = ImageDraw.Draw(page)
    try:
        large, small = ImageFont.truetype(FONT, 44), ImageFont.truetype(FONT, 24)
    except OSError:
        large, small = (ImageFont.load_default(),) * 2  # type: ignore[assignment]  # no CJK font: the lines still show
    draw.text((413, 110), material, fill=(20, 20, 20), font=large, anchor="mm")
    for line in range(14):
        draw.line((90, 230 + line * 58, 736, 230 + line * 58), fill=(150, 150, 150), width=2)
        draw.text((100, 196 + line * 58), f"{line + 1}. 示例材料第 {number} 号", fill=(60, 60, 70), font=small)
    draw.ellipse((540, 900, 700, 1060), outline=(200, 40, 40), width=7)
    file = io.BytesIO()
    page.save(file, "JPEG", quality=82)
    return file.getvalue()


@contextmanager
def a_web_house(folder: Path, *, clock: Any = None, furnished: bool = True, **web: Any) -> Iterator[WebHouse]:
    """Make the house in a folder; its database is closed at the end.

    A furnished house of the fixed hour is made once and copied from then on: tests begin at the same book.
    """
    kept = folder / "ledger.db"
    if furnished and clock is None and not kept.exists():
        kept.write_bytes(_furnished_book())
        furnished = False
    made = WebHouse(folder, clock or WallClock(at("10:00")), **web)
    try:
        if furnished:
            made.furnish()
        yield made
    finally:
        made.database.close()


@cache
def _furnished_book() -> bytes:
    with TemporaryDirectory() as folder:
        made = WebHouse(Path(folder), WallClock(at("10:00")))
        made.furnish()
        made.database.close()  # the last connection to go writes the log back into the one file
        return (Path(folder) / "ledger.db").read_bytes()

"""A hall in the guest whose kiosk and window have wires: real processes, real drivers, their far ends in our hand.

The same folders, settings and programs as the demonstration hall; only `[devices]` of the two units names drivers. The
kiosk has a card reader on USB-serial and a USB printer; the window a gun that types, a document camera, the LED matrix,
the panel's header and a sound card.
"""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from firmware.simulators.desk import Desk
from firmware.simulators.escpos_paper import EscposPaper
from firmware.simulators.papers import draw_paper, kind_for_material
from firmware.simulators.persons import SamplePerson
from firmware.slip_escpos import WIDTHS_DOTS
from provisioning.demo_hall import make_demo_hall
from provisioning.demonstration import programs
from provisioning.demonstration.doors import Console
from provisioning.demonstration.processes import Processes
from provisioning.toml import render_toml
from tests.devices.inside.guest_rigs import CardReader, desk_jpeg
from tests.devices.inside.kernel import Camera, Header, HidGun, Matrix, PrinterGadget, SerialGadget, SoundCard
from tests.support.driver_rigs_serial import PrinterEnd
from tests.support.running_central import plan_on_free_ports

KIOSK, WINDOW = "shuangjing-kiosk", "shuangjing-w1"
START_SECONDS_MAX: Final = 120.0
WIDTH, HEIGHT = 1944, 2592  # of the camera's frames, upright


class WiredHall:
    """Everything that stands in the hall, and what is at the far end of each wire."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.header = Header()
        opened.callback(self.header.close)
        self.matrix = Matrix()
        self.sound = SoundCard()
        self.reader = CardReader()
        self.printer = PrinterEnd()
        self.gun = opened.enter_context(HidGun())
        self._reader_line = opened.enter_context(SerialGadget("Card Reader", "READER0009", self.reader.answer))
        opened.enter_context(PrinterGadget("PRINTER0009", self.printer.take))
        self.camera = Camera(folder, desk_jpeg(Desk(seed=3), WIDTH, HEIGHT), WIDTH, HEIGHT)
        opened.callback(self.camera.close)
        self._start(folder / "state", opened)

    def _start(self, state: Path, opened: ExitStack) -> None:
        plan = plan_on_free_ports()
        plan = replace(plan, units=tuple(unit for unit in plan.units if unit.unit in (KIOSK, WINDOW)))
        file = make_demo_hall(state, plan, now=datetime.now(UTC)).file
        _wire(state / "units" / KIOSK / "unit.toml", self._kiosk_devices())
        _wire(state / "units" / WINDOW / "unit.toml", self._window_devices())
        self.logs = state / "logs"
        self._book = state / "central"
        processes = opened.enter_context(Processes(self.logs))
        processes.start(programs.broker_program(state, file))
        processes.run(programs.central_init(state))
        processes.start(programs.central_programs(state, file)[0])
        for unit in (KIOSK, WINDOW):
            processes.start(programs.unit_program(state, file, unit))
        for _ in processes.wait_until_ready(START_SECONDS_MAX):
            pass
        self.died = processes.died
        consoles = {
            unit["id"]: Console(unit["name"], file.ports[unit["id"]], file.token) for unit in file.data["units"]
        }
        self.kiosk, self.window = consoles[KIOSK], consoles[WINDOW]

    def _kiosk_devices(self) -> dict[str, Mapping[str, Any]]:
        return {
            "id_card_reader": {"kind": "serial", "port": str(self._reader_line.node)},
            "ticket_printer": {
                "kind": "usb",
                "usb_vendor": "1d6b",
                "usb_product": "0104",
                "serial_number": "PRINTER0009",
            },
        }

    def _window_devices(self) -> dict[str, Mapping[str, Any]]:
        return {
            "scanner": {"kind": "hid", "device": str(self.gun.node)},
            "document_camera": {"kind": "v4l2", "device": str(self.camera.node), "width": WIDTH, "height": HEIGHT},
            "call_display": {"kind": "max7219"},
            "panel": {"kind": "gpio", "chip": self.header.chip},
            "speaker": {"kind": "alsa", "device": self.sound.PLAYS_INTO},
        }

    def lay_paper(self, material: str, person: SamplePerson, *, seed: int) -> None:
        """Lay a paper under the window's camera, in place of what lay there."""
        desk = Desk(seed=seed)
        desk.lay(draw_paper(kind_for_material(material), seed=seed, person=person))
        self.camera.jpeg = desk_jpeg(desk, WIDTH, HEIGHT)

    def printed_slip(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Return the last slip that the kiosk's printer has cut off, as a picture (BGR)."""
        paper = EscposPaper(WIDTHS_DOTS[58])
        paper.feed(self.printer.printed)
        return np.ascontiguousarray(np.asarray(paper.slips()[-1].convert("RGB"))[:, :, ::-1])

    def ledger(self) -> list[tuple[str, str]]:
        """Return kind and subject of each entry in central's book, in order, read as an auditor would."""
        path = self._book / "ledger.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as book:
            return [(row[0], row[1]) for row in book.execute("SELECT kind, subject FROM entries ORDER BY seq")]

    def pages_in_the_book(self, case: str) -> int:
        path = self._book / "ledger.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as book:
            return int(book.execute("SELECT count(*) FROM pages WHERE case_id = ?", (case,)).fetchone()[0])


def device(view: dict[str, Any], name: str) -> dict[str, Any]:
    """Return how a device is, as a unit's console has it."""
    return next(each for each in view["devices"] if each["name"] == name)


@contextmanager
def wired_hall(folder: Path) -> Iterator[WiredHall]:
    with ExitStack() as opened:
        yield WiredHall(folder, opened)


def _wire(path: Path, devices: Mapping[str, Mapping[str, Any]]) -> None:
    """Let a unit's settings name these drivers, and nothing simulated."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    tables["devices"] = dict(devices)
    path.write_text(render_toml(tables), encoding="utf-8")

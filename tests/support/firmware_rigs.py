"""A rig is a device on the test bench: the port under test, and the hand that unplugs it or does what a person would.

The contract tests run on every rig; a driver joins them by adding a rig here (a pty pair, a mock pin factory).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import qrcode

from firmware.ports import Device, IdCard, Pixels
from firmware.simulators.call_display import SimulatedCallDisplay
from firmware.simulators.desk import Desk
from firmware.simulators.document_camera import SimulatedDocumentCamera
from firmware.simulators.faults import FaultSwitches
from firmware.simulators.id_card_reader import SimulatedIdCardReader
from firmware.simulators.panel import SimulatedPanel
from firmware.simulators.papers import draw_paper
from firmware.simulators.persons import sample_person
from firmware.simulators.scanner import SimulatedScanner
from firmware.simulators.speaker import SimulatedSpeaker
from firmware.simulators.ticket_printer import SimulatedTicketPrinter
from tests.support.driver_rigs_camera import CAMERAS
from tests.support.driver_rigs_camera import SPEAKERS as ALSA_SPEAKERS
from tests.support.driver_rigs_pins import PIN_DISPLAYS, PIN_PANELS
from tests.support.driver_rigs_serial import WIRED_PRINTERS, WIRED_READERS, WIRED_SCANNERS


@dataclass
class Rig:
    """One implementation of one port."""

    device: Any
    unplug: Callable[[], None]
    replug: Callable[[], None]
    hang: Callable[[], None] | None = None  # None: this device cannot hang by itself
    do: Callable[..., Any] = lambda *_: None  # what a person does: hold a code, lay a card, press a button
    undo: Callable[[], None] = lambda: None


Opener = Callable[[], Any]


def _rig(device: Device, faults: FaultSwitches, **more: Any) -> Rig:
    can_hang = any(state.fault == "hung" for state in faults.states())
    return Rig(
        device,
        unplug=lambda: faults.set("unplugged", True),
        replug=lambda: faults.set("unplugged", False),
        hang=(lambda: faults.set("hung", True)) if can_hang else None,
        **more,
    )


@contextmanager
def simulated_scanner() -> Iterator[Rig]:
    with SimulatedScanner() as device:
        yield _rig(device, device.faults, do=lambda text: device.present(code_picture(text)))


@contextmanager
def simulated_document_camera() -> Iterator[Rig]:
    desk = Desk(seed=3)
    with SimulatedDocumentCamera(desk) as device:
        yield _rig(device, device.faults, do=lambda: desk.lay(draw_paper("id_card", seed=1)))


@contextmanager
def simulated_call_display() -> Iterator[Rig]:
    with SimulatedCallDisplay() as device:
        yield _rig(device, device.faults)


@contextmanager
def simulated_panel() -> Iterator[Rig]:
    with SimulatedPanel() as device:
        yield _rig(device, device.faults, do=device.press)


@contextmanager
def simulated_speaker() -> Iterator[Rig]:
    with SimulatedSpeaker() as device:
        yield _rig(device, device.faults)


@contextmanager
def simulated_id_card_reader() -> Iterator[Rig]:
    with SimulatedIdCardReader() as device:
        yield _rig(device, device.faults, do=device.lay, undo=device.lift)


@contextmanager
def simulated_ticket_printer() -> Iterator[Rig]:
    with SimulatedTicketPrinter() as device:
        yield _rig(device, device.faults)


SCANNERS: list[Opener] = [simulated_scanner, *WIRED_SCANNERS]
DOCUMENT_CAMERAS: list[Opener] = [simulated_document_camera, *CAMERAS]
CALL_DISPLAYS: list[Opener] = [simulated_call_display, *PIN_DISPLAYS]
PANELS: list[Opener] = [simulated_panel, *PIN_PANELS]
SPEAKERS: list[Opener] = [simulated_speaker, *ALSA_SPEAKERS]
ID_CARD_READERS: list[Opener] = [simulated_id_card_reader, *WIRED_READERS]
TICKET_PRINTERS: list[Opener] = [simulated_ticket_printer, *WIRED_PRINTERS]
EVERY: list[Opener] = [
    *SCANNERS,
    *DOCUMENT_CAMERAS,
    *CALL_DISPLAYS,
    *PANELS,
    *SPEAKERS,
    *ID_CARD_READERS,
    *TICKET_PRINTERS,
]


def code_picture(text: str, *, box: int = 5) -> Pixels:
    """Return a picture of a QR code with a white border, as a ticket shows it."""
    code = qrcode.QRCode(box_size=box, border=6)
    code.add_data(text)
    code.make(fit=True)
    return np.ascontiguousarray(np.asarray(code.make_image().get_image().convert("RGB")))


def picture_bytes(pixels: Pixels, kind: str = "PNG") -> bytes:
    """Return the picture as a file's bytes."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(pixels[:, :, ::-1]).save(data, kind)
    return data.getvalue()


def a_card(seed: int = 1) -> IdCard:
    """Return the card of an invented citizen."""
    return sample_person(seed).id_card()

"""Level 1: the project's driver on the real picamera2, on libcamera's virtual camera; what comes of its frames.

Run in the Debian root by level_1.py; not collected by `make test`, which has no libcamera.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from broker.messages import Priority, Resident
from edge.capture import VerdictCode, capture, read_codes
from edge.slip import SlipFacts, ticket_slip
from edge.ticket import Ticket, open_ticket, seal_ticket
from firmware.bench import DeviceSettings, open_bench
from firmware.drivers import document_camera_picamera2
from firmware.ports import CameraMissing, CameraNotReady, Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import draw_paper, slip_sheet
from firmware.simulators.persons import sample_person
from firmware.simulators.ticket_printer import SimulatedTicketPrinter
from tests.devices.inside import virtual_camera

HALL, KIOSK, DAY, KEY = "bench", "bench-kiosk", "2026-11-23", bytes(range(32))
PERSON = sample_person(11)
OPEN_SECONDS_MAX = 20.0


def a_ticket() -> str:
    resident = Resident(name=PERSON.name, id_number=PERSON.id_number)
    ticket = Ticket(ticket="A6027", day=DAY, resident=resident, issued_minute=540)
    return seal_ticket(ticket, KEY, hall=HALL, kiosk=KIOSK)


def a_printed_slip() -> Pixels:
    facts = SlipFacts(
        hall_name="双井街道便民服务中心",
        group_name="社保医保",
        ticket="A6027",
        priority=Priority.NONE,
        people_ahead=2,
        issued_at_ms=1_795_395_600_000,
        code=a_ticket(),
        simulated=True,
    )
    with SimulatedTicketPrinter() as printer:
        printer.print_slip(ticket_slip(facts))
        picture = Image.open(io.BytesIO(printer.slips()[-1])).convert("RGB")
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def seen_by_a_camera(desk: Desk) -> bytes:
    size = (virtual_camera.WIDTH, virtual_camera.HEIGHT)
    done, data = cv2.imencode(".jpg", cv2.resize(desk.frame("photograph"), size, interpolation=cv2.INTER_AREA))
    assert done
    return data.tobytes()


@pytest.fixture(scope="module", autouse=True)
def virtual_cameras(tmp_path_factory: pytest.TempPathFactory) -> None:
    with_page, with_ticket = Desk(seed=3), Desk(seed=4)
    with_page.lay(draw_paper("application_form", seed=5, person=PERSON))
    with_ticket.lay(slip_sheet(a_printed_slip()))
    pictures = {"Page0": seen_by_a_camera(with_page), "Ticket0": seen_by_a_camera(with_ticket)}
    virtual_camera.install(pictures, tmp_path_factory.mktemp("frames"))


@pytest.fixture(autouse=True)
def real_library(monkeypatch: pytest.MonkeyPatch) -> None:
    picamera2 = virtual_camera.on_a_virtual_camera()
    monkeypatch.setattr(document_camera_picamera2, "picamera2_class", lambda: picamera2)


@contextmanager
def a_camera(name: str, *, there: bool = True) -> Iterator[Any]:
    """Open the camera by the words of a unit.toml; wait until it is open."""
    options = {
        "camera": name,
        "width": virtual_camera.WIDTH,
        "height": virtual_camera.HEIGHT,
        "format": "NV12",
        "luma_range": "full",
        "preview_width": 0,
        "lock_exposure": False,
        "mains_hz": 0,
    }
    table = {"document_camera": {"kind": "picamera2", **options}}
    with open_bench(DeviceSettings.from_table(table, folder=Path())) as bench:
        camera = bench.document_camera
        assert camera is not None
        if there:
            until(lambda: camera.preview(2.0))
        yield camera


def until(ask: Callable[[], Any]) -> Any:
    """Ask again while the camera is being opened."""
    deadline = time.monotonic() + OPEN_SECONDS_MAX
    while True:
        try:
            return ask()
        except CameraMissing:
            raise
        except CameraNotReady:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_the_real_library_gives_photographs_and_previews() -> None:
    with a_camera("Page0") as camera:
        camera.check()
        photograph, preview = camera.photograph(), camera.preview()

    assert photograph.pixels.shape == (virtual_camera.HEIGHT, virtual_camera.WIDTH, 3)
    assert 640 <= preview.pixels.shape[1] <= 1280
    assert not photograph.simulated
    assert camera.simulated is False


def test_colours_and_brightness_come_out_as_they_went_in() -> None:
    desk = Desk(seed=3)
    desk.lay(draw_paper("application_form", seed=5, person=PERSON))
    shown = cv2.imdecode(np.frombuffer(seen_by_a_camera(desk), np.uint8), cv2.IMREAD_COLOR)

    with a_camera("Page0") as camera:
        seen = camera.photograph().pixels

    assert shown is not None
    difference = np.abs(shown.astype(np.int16) - seen.astype(np.int16)).mean(axis=(0, 1))
    assert difference.max() < 6, difference


def test_a_page_under_the_camera_is_captured_and_judged() -> None:
    with a_camera("Page0") as camera:
        page = capture(camera.photograph().pixels)

    assert page.corners is not None
    assert page.verdict.code is VerdictCode.GOOD
    assert page.jpeg.startswith(b"\xff\xd8")


def test_a_ticket_under_the_camera_is_read_and_opened() -> None:
    with a_camera("Ticket0") as camera:
        codes = [code for code in read_codes(camera.preview().pixels) if code.is_ours]

    assert len(codes) == 1
    ticket = open_ticket(codes[0].text, {DAY: KEY}, hall=HALL, today=DAY)
    assert ticket.ticket == "A6027"
    assert ticket.resident.name == PERSON.name


def test_two_cameras_are_told_apart_by_their_ids() -> None:
    with a_camera("Page0") as page_camera, a_camera("Ticket0") as ticket_camera:
        on_page = [code for code in read_codes(page_camera.preview().pixels) if code.is_ours]
        on_ticket = [code for code in read_codes(ticket_camera.preview().pixels) if code.is_ours]

    assert (len(on_page), len(on_ticket)) == (0, 1)


def test_a_camera_that_is_not_there_is_missing() -> None:
    with a_camera("Nobody0", there=False) as camera, pytest.raises(CameraMissing):
        until(lambda: camera.photograph(1.0))


def test_a_camera_is_closed_and_opened_again() -> None:
    for _ in range(3):
        with a_camera("Page0") as camera:
            assert camera.photograph().pixels.size


def test_the_command_makes_the_same_page_of_a_photograph(tmp_path: Path) -> None:
    with a_camera("Page0") as camera:
        pixels = camera.photograph().pixels
    cv2.imwrite(str(tmp_path / "sheet.png"), pixels)

    command = [sys.executable, "-m", "edge", "capture", str(tmp_path / "sheet.png"), "--out", str(tmp_path / "pages")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    line = json.loads(done.stdout)
    assert line["found"]
    assert line["verdict"] == "good"
    assert list((tmp_path / "pages").iterdir())

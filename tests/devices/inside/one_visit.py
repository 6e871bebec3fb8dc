"""Level 2: one resident's way through a hall of wires, from the card on the reader to the entry in central's ledger.

One test after the other on one hall, in the order of the way. Each asserts what the far end of a wire saw, or what the
unit shows of what came over it.
"""

from __future__ import annotations

import array
import functools
import shutil
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edge.capture import read_codes
from firmware.led_matrix import matrix_dots
from firmware.ports import Button, Lamp
from firmware.simulators.persons import sample_person
from firmware.wiring import pin
from tests.devices.inside.guest_rigs import press
from tests.devices.inside.kernel import wait_until
from tests.devices.inside.wired_hall import WiredHall, device, wired_hall

ITEM = "RS001"
PERSON = sample_person(11)
SECONDS_MAX = 60.0


@dataclass
class Story:
    """What one step of the way leaves for the next."""

    hall: WiredHall
    folder: Path
    ticket: str = ""
    code: str = field(default="", repr=False)
    visit: str = ""
    packet: str = ""
    materials: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("hall")
    with wired_hall(folder) as hall:
        yield Story(hall, folder)
        shutil.copytree(hall.logs, "/srv/results/hall-logs", dirs_exist_ok=True)
        died = [line for each in hall.died() for line in each.splitlines()[:1]]
    assert died == []


def test_every_wired_device_is_well_and_none_is_simulated(story: Story) -> None:
    for console in (story.hall.kiosk, story.hall.window):
        view = console.wait_for(
            "well devices",
            lambda view: view if view["devices"] and all(each["ok"] for each in view["devices"]) else None,
            seconds_max=SECONDS_MAX,
        )
        assert not view["simulated"]
    assert len(story.hall.window.view()["devices"]) == 5


def test_a_card_on_the_reader_becomes_a_printed_ticket_with_its_code(story: Story) -> None:
    story.hall.reader.lay(PERSON.id_card())
    card = story.hall.kiosk.wait_for("the card", lambda view: view["card"], seconds_max=SECONDS_MAX)
    assert card["masked_number"].endswith(PERSON.id_number[-1])

    story.ticket = story.hall.kiosk.do("issue_ticket", group="A", priority="none")["ticket"]
    story.hall.kiosk.wait_for(
        "the slip", lambda view: view["issued"] and view["issued"]["printed"], seconds_max=SECONDS_MAX
    )
    story.hall.reader.reader.lift()

    codes = [code for code in read_codes(story.hall.printed_slip()) if code.is_ours]
    assert len(codes) == 1
    story.code = codes[0].text


def test_the_button_calls_and_the_matrix_shows_and_the_voice_says_the_number(story: Story) -> None:
    recording = story.folder / "call.wav"
    wanted = matrix_dots(story.ticket, blink=False, seconds=0)
    story.hall.window.wait_for(
        "someone who waits", lambda view: view["queue"] and view["queue"], seconds_max=SECONDS_MAX
    )

    with story.hall.sound.recorded(recording):
        press(story.hall.header, Button.NEXT)
        call = story.hall.window.wait_for("the call", lambda view: view["call"], seconds_max=SECONDS_MAX)
        wait_until("the number on the matrix", lambda: np.array_equal(story.hall.matrix.dots(), wanted), SECONDS_MAX)
        story.hall.window.wait_for("the voice's end", lambda view: view["calls"][0]["spoken"], seconds_max=SECONDS_MAX)

    assert call["ticket"] == story.ticket
    loudness, seconds = _heard(recording)
    assert loudness > 2000
    assert seconds > 2


def _heard(path: Path) -> tuple[int, float]:
    """Return the loudest sample, 0 to 32767, and for how many seconds there was sound."""
    data = path.read_bytes()[44:]  # its head is not finished when the recorder is stopped
    samples = np.abs(np.frombuffer(array.array("h", data[: len(data) // 2 * 2]), np.int16).astype(np.int32))
    with wave.open(str(path)) as head:
        blocks = samples[: len(samples) // 2205 * 2205].reshape(-1, head.getframerate() // 10)
    return int(samples.max(initial=0)), float((blocks.max(axis=1) > 200).sum()) / 10


def test_the_ticket_typed_by_the_gun_opens_the_visit_with_its_identity(story: Story) -> None:
    story.hall.gun.type(story.code)

    front = story.hall.window.wait_for(
        "the visit", lambda view: view["front"] and view["front"]["visit"] and view["front"], seconds_max=SECONDS_MAX
    )
    assert front["ticket"] == story.ticket
    assert front["masked_number"].endswith(PERSON.id_number[-1])
    assert front["masked_name"].startswith(PERSON.name[0])
    story.visit = front["visit"]


def test_papers_under_the_camera_become_accepted_pages(story: Story) -> None:
    window = story.hall.window
    window.do("choose_item", code=ITEM, visit=story.visit)
    checklist = window.wait_for("the checklist", lambda view: view["front"]["checklist"], seconds_max=SECONDS_MAX)
    story.materials = [line["name"] for line in checklist]
    assert story.materials

    for number, material in enumerate(story.materials):
        story.hall.lay_paper(material, PERSON, seed=3 + number)
        page = window.do("take_page", material=material, visit=story.visit)["page"]
        taken = window.wait_for("the page", functools.partial(_page, page), seconds_max=SECONDS_MAX)
        assert taken["width"] > 200


def _page(page: str, view: dict[str, object]) -> dict[str, int] | None:
    front = view["front"]
    assert isinstance(front, dict)
    return next((each for each in front["pages"] if each["page"] == page), None)


def test_the_accepted_packet_is_in_centrals_ledger_with_all_its_pages(story: Story) -> None:
    window = story.hall.window
    story.packet = window.do("accept_visit", visit=story.visit)["packet"]

    line = window.wait_for("central's receipt", lambda view: _entered(view, story.packet), seconds_max=SECONDS_MAX)

    assert ("case-opened/1", story.packet) in story.hall.ledger()
    assert story.hall.pages_in_the_book(story.packet) == len(story.materials)
    assert line["case_number"]
    window.do("end_visit", visit=story.visit)


def _entered(view: dict[str, object], packet: str) -> dict[str, str] | None:
    accepted = view["accepted"]
    assert isinstance(accepted, list)
    return next((line for line in accepted if line["packet"] == packet and line["case_number"]), None)


@pytest.mark.parametrize("name", ["scanner", "panel", "document_camera"])
def test_a_device_that_is_unplugged_is_told_and_well_again_when_it_is_back(story: Story, name: str) -> None:
    hall = story.hall
    unplug, replug = {
        "scanner": (hall.gun.unplug, hall.gun.plug),
        "panel": (hall.header.unplug, hall.header.plug),
        "document_camera": (hall.camera.unplug, hall.camera.plug),
    }[name]

    unplug()
    hall.window.do("retry_devices")
    told = hall.window.wait_for(
        "the fault", lambda view: None if device(view, name)["ok"] else device(view, name), seconds_max=SECONDS_MAX
    )
    assert told["notice"].endswith("。")
    if name != "panel":
        lamp = pin("panel", "gpio", f"lamp-{Lamp.FAULT}")
        wait_until("the fault lamp", lambda: hall.header.level(lamp) == 1, SECONDS_MAX)

    replug()
    hall.window.do("retry_devices")
    hall.window.wait_for("the device", lambda view: device(view, name)["ok"], seconds_max=SECONDS_MAX)

"""The simulated desk: real simulators behind the console; pictures in, pictures out, faults by name."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge import commands as ask
from edge.console.app import create_console
from edge.console.settings import PICTURE_BYTES_MAX, ConsoleSettings
from edge.view import Role
from firmware.bench import Bench, DeviceSettings, open_bench
from tests.support.console_fake_unit import FakeUnit, a_picture, a_view

HOST = "127.0.0.1:8103"
TOKEN = "a-token-for-programs-in-tests"
HEADERS = {"Host": HOST, "Authorization": f"Bearer {TOKEN}"}
ALL = ("scanner", "document_camera", "call_display", "panel", "speaker", "id_card_reader", "ticket_printer")


class Program:
    def __init__(self, bench: Bench, unit: FakeUnit, pocket: Path) -> None:
        told = ConsoleSettings(port=8103, token=TOKEN, pocket=pocket)
        self.bench = bench
        self.unit = unit
        self.pocket = pocket
        self.client = create_console(unit, bench, told).test_client()  # type: ignore[arg-type]  # keeps Unit's promise

    def get(self, path: str) -> Any:
        return self.client.get(path, headers={"Host": HOST, "Accept": "application/json"})

    def say(self, action: str, **data: Any) -> Any:
        return self.client.post(f"/simulated/api/{action}", data=json.dumps(data), headers=HEADERS)

    def show(self, action: str, picture: bytes, kind: str = "image/png", query: str = "") -> Any:
        address = f"/simulated/api/{action}{query}"
        return self.client.post(address, data=picture, headers=HEADERS | {"Content-Type": kind})


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with open_bench(DeviceSettings.from_table(dict.fromkeys(ALL, "simulated"), folder=Path())) as opened:
        yield opened


@pytest.fixture
def program(bench: Bench, tmp_path: Path) -> Iterator[Program]:
    yield Program(bench, FakeUnit(a_view(Role.KIOSK, window=None)), tmp_path / "pocket")
    assert bench.simulators is not None
    bench.simulators.clear_faults()
    bench.simulators.clear_desk()


def test_a_card_of_an_invented_resident_is_laid_and_read(program: Program) -> None:
    reader = program.bench.id_card_reader
    assert reader is not None

    assert program.say("card", person=7).get_json() == {"ok": True}

    card = reader.read(2.0)
    assert card is not None
    assert card.id_number.startswith("1199")
    assert program.say("card", lift=True).status_code == 200


def test_a_picture_without_a_code_does_not_beep(program: Program) -> None:
    assert program.show("scan", a_picture("nothing", (300, 300), kind="PNG")).get_json() == {
        "ok": True,
        "beeped": False,
    }


def test_papers_come_under_the_camera_and_go(program: Program) -> None:
    camera = program.bench.document_camera
    assert camera is not None
    kind = program.get("/simulated/api/state").get_json()["papers"][0]["key"]

    empty = camera.preview().pixels.mean()
    assert program.say("desk", paper=kind, person=3, seed=5).status_code == 200
    laid = camera.preview().pixels.mean()
    assert program.say("desk", clear=True).status_code == 200

    assert abs(laid - empty) > 3
    assert program.say("desk", material="居民身份证", person=3).get_json()["paper"]
    assert program.show("desk", a_picture("mine", (800, 600)), "image/jpeg").status_code == 200


def test_buttons_lamps_led_and_voice_are_there(program: Program) -> None:
    assert program.say("button", button="next").status_code == 200
    led = program.get("/simulated/api/led.png")
    assert Image.open(io.BytesIO(led.data)).format == "PNG"
    assert set(program.get("/simulated/api/state").get_json()["lamps"]) == {"ready", "waiting", "fault", "whistle"}
    assert program.get("/simulated/api/speech.wav").status_code in (200, 404)


def test_every_fault_goes_on_and_off_by_its_name(program: Program) -> None:
    faults = program.get("/simulated/api/state").get_json()["faults"]
    assert len({fault["device"] for fault in faults}) >= 6

    for fault in faults:
        assert program.say("fault", device=fault["device"], fault=fault["fault"], on=True).status_code == 200
    assert all(fault["on"] for fault in program.get("/simulated/api/state").get_json()["faults"])
    program.say("fault", device=faults[0]["device"], fault=faults[0]["fault"], on=False)
    assert not program.get("/simulated/api/state").get_json()["faults"][0]["on"]
    program.say("fault", clear=True)
    assert not any(fault["on"] for fault in program.get("/simulated/api/state").get_json()["faults"])


@pytest.mark.parametrize(
    ("action", "data", "code"),
    [
        ("card", {"person": 0}, "field-refused"),
        ("card", {"person": "seven"}, "field-refused"),
        ("card", {"person": 10**9}, "field-refused"),
        ("card", {"person": True}, "field-refused"),
        ("desk", {}, "field-refused"),
        ("desk", {"paper": "no such"}, None),
        ("desk", {"paper": 7}, "field-refused"),
        ("desk", {"sheet": "../../etc/passwd"}, None),
        ("desk", {"pocket": "../../etc/passwd"}, "slip-unknown"),
        ("scan", {}, "picture-refused"),
        ("scan", {"pocket": "1234567890123-x.png"}, "slip-unknown"),
        ("button", {"button": "self-destruct"}, "field-refused"),
        ("button", {}, "field-refused"),
        ("fault", {"device": "scanner", "fault": "no such"}, "fault-unknown"),
        ("fault", {"device": "toaster", "fault": "unplugged"}, "fault-unknown"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(program: Program, action: str, data: Any, code: str | None) -> None:
    answer = program.say(action, **data)

    assert 400 <= answer.status_code < 500
    assert answer.get_json()["notice"]
    assert code is None or answer.get_json()["code"] == code


@pytest.mark.parametrize("picture", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, b"\xff\xd8\xff\xe0cut"])
def test_a_picture_that_is_none_is_refused(program: Program, picture: bytes) -> None:
    for action in ("scan", "desk"):
        answer = program.show(action, picture)
        assert 400 <= answer.status_code < 500
        assert answer.get_json()["notice"]


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(program: Program) -> None:
    answer = program.show("desk", b"\xff" * (PICTURE_BYTES_MAX + 1), "image/jpeg")

    assert (answer.status_code, answer.get_json()["code"]) == (413, "too-large")


def test_an_unknown_action_or_slip_is_not_there(program: Program) -> None:
    assert program.say("explode").status_code == 404
    assert program.get("/simulated/api/slips/99.png").get_json()["code"] == "slip-unknown"
    assert program.get("/simulated/api/pocket/..%2fhall.json").status_code == 404


def test_a_printed_slip_is_carried_in_the_pocket_to_the_next_unit(program: Program) -> None:
    printer = program.bench.ticket_printer
    assert printer is not None
    from firmware.ports import Slip, SlipLine

    printer.print_slip(Slip(lines=(SlipLine(text="A6001", size="huge"),)))
    issue = program.client.post("/api/do/issue_ticket", data=b'{"group": "A"}', headers=HEADERS)
    names = program.get("/simulated/api/state").get_json()["pocket"]

    assert issue.status_code == 200
    assert isinstance(program.unit.said[0], ask.IssueTicket)
    assert len(names) == 1
    assert program.get(f"/simulated/api/pocket/{names[0]}").data == program.get("/simulated/api/slips/last.png").data
    assert program.say("scan", pocket=names[0]).status_code == 200


def test_the_page_shows_all_that_can_be_done(program: Program) -> None:
    text = program.get("/simulated").get_data(as_text=True)

    for heading in ("身份证阅读器", "扫描枪", "高拍仪下的桌面", "打印机出纸口", "故障开关"):
        assert heading in text
    assert 'class="demo"' in text
    assert program.get("/live/simulated").get_json()["parts"]["sim_faults"]


def test_the_pages_form_does_the_same(program: Program) -> None:
    page = program.get("/simulated").get_data(as_text=True)
    match = re.search(r'name="csrf" content="([0-9a-f]{64})"', page)
    assert match is not None
    own = {"Host": HOST, "Origin": f"http://{HOST}", "X-CSRF-Token": match[1], "Accept": "application/json"}

    file = (io.BytesIO(a_picture("slip", (384, 600), kind="PNG")), "slip.png")
    scanned = program.client.post("/simulated/do/scan", data={"picture": file}, headers=own)
    laid = program.client.post("/simulated/do/card", data={"person": "3"}, headers=own)

    assert scanned.get_json() == {"ok": True, "beeped": False}
    assert laid.get_json() == {"ok": True}

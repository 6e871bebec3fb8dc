"""The simulated desk, the papers on it and the camera over it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from broker.errors import PictureRefused
from firmware.bench import DRIVERS, DeviceSettings, DeviceSettingsRefused, open_bench
from firmware.ports import CameraNotReady, Slip, SlipLine
from firmware.simulators.desk import FRAMES, Desk
from firmware.simulators.document_camera import SimulatedDocumentCamera
from firmware.simulators.faults import FaultUnknown
from firmware.simulators.papers import PAPER_KINDS, PaperUnknown, draw_paper, kind_for_material
from firmware.simulators.persons import sample_person
from firmware.simulators.simulated_bench import SimulatedBench
from tests.support.firmware_rigs import code_picture, picture_bytes

EVERYTHING = DeviceSettings.from_table(dict.fromkeys(DRIVERS, "simulated"), folder=Path("."))


@pytest.mark.parametrize("kind", [paper.key for paper in PAPER_KINDS])
def test_a_paper_is_the_same_for_the_same_seed_and_person(kind: str) -> None:
    paper, again = draw_paper(kind, seed=2), draw_paper(kind, seed=2)
    other = draw_paper(kind, seed=2, person=sample_person(9))

    assert np.array_equal(paper.pixels, again.pixels)
    assert paper.pixels.shape != other.pixels.shape or not np.array_equal(paper.pixels, other.pixels)
    dots_per_inch = paper.pixels.shape[1] / paper.width_mm * 25.4
    assert dots_per_inch >= 199


@pytest.mark.parametrize(
    ("material", "kind"),
    [
        ("居民身份证", "id_card"),
        ("户口簿首页及本人页复印件", "household_register"),
        ("本人银行卡", "bank_card"),
        ("一寸照片", "photo"),
        ("社会保障卡（非必要）", "social_security_card"),
        ("残疾人证", "certificate"),
        ("北京市老年人养老服务补贴津贴申请表", "application_form"),
        ("火化证明", "proof_letter"),
        ("人事档案", "proof_letter"),
    ],
)
def test_a_material_of_the_catalogue_leads_to_a_paper(material: str, kind: str) -> None:
    assert kind_for_material(material) == kind


def test_invented_persons_have_numbers_that_nobody_can_have_and_that_check() -> None:
    weights = [2 ** (17 - place) % 11 for place in range(18)]
    for seed in range(200):
        number = sample_person(seed).id_number
        values = [10 if digit == "X" else int(digit) for digit in number]
        assert number.startswith("1199")  # no region of China
        assert sum(weight * value for weight, value in zip(weights, values, strict=True)) % 11 == 1


def test_a_frame_has_the_cameras_size_and_new_noise_on_the_same_picture() -> None:
    desk = Desk(seed=4)
    desk.lay(draw_paper("id_card", seed=1))

    first, second = desk.frame("preview"), desk.frame("preview")

    assert first.shape == (FRAMES["preview"][1], FRAMES["preview"][0], 3)
    assert not np.array_equal(first, second)
    assert np.abs(first.astype(int) - second.astype(int)).mean() < 4


def test_a_whole_sheet_of_a4_lies_within_the_frame_wherever_chance_puts_it() -> None:
    desk = Desk(seed=5)
    for _ in range(12):
        desk.lay(draw_paper("proof_letter", seed=1))
        frame = desk.frame("preview")
        border = np.concatenate([frame[:4].reshape(-1, 3), frame[-4:].reshape(-1, 3), frame[:, :4].reshape(-1, 3)])
        # wood is brown: its blue is far below its red; paper is not
        assert (border[:, 2].astype(int) - border[:, 0] > 25).mean() > 0.99


def test_preview_and_photograph_show_the_same_desk() -> None:
    desk = Desk(seed=6)
    desk.lay(draw_paper("household_register", seed=1))
    preview = desk.frame("preview")

    photograph = Image.fromarray(desk.frame("photograph")).resize(FRAMES["preview"], Image.Resampling.BOX)

    assert np.abs(np.asarray(photograph).astype(int) - preview).mean() < 6


@pytest.mark.parametrize("fault", ["blur", "dark", "glare", "cut_edge", "hand"])
def test_a_fault_spoils_the_frame_and_ends_with_the_switch(fault: str) -> None:
    desk = Desk(seed=7)
    desk.lay(draw_paper("household_register", seed=1))
    with SimulatedDocumentCamera(desk) as camera:
        good = camera.preview().pixels.astype(int)
        camera.faults.set(fault, True)
        spoiled = camera.preview().pixels.astype(int)
        camera.faults.clear()

        assert np.abs(spoiled - good).mean() > np.abs(camera.preview().pixels - good).mean() * 1.2


def test_half_a_frame_is_no_frame() -> None:
    with SimulatedDocumentCamera(Desk()) as camera:
        camera.faults.set("half_frame", True)

        with pytest.raises(CameraNotReady, match="cut off"):
            camera.photograph()


def test_a_photograph_is_the_frame_itself_in_its_own_shape() -> None:
    desk = Desk()
    desk.show_photograph(np.full((600, 900, 3), 77, np.uint8))

    assert desk.frame("preview").shape == (853, 1280, 3)
    assert desk.frame("photograph").shape == (2176, 3264, 3)
    assert (desk.frame("preview") == 77).all()


def test_frames_of_a_desk_where_nothing_moves_are_drawn_faster_than_a_camera() -> None:
    """Generous on a busy machine; measured alone a preview takes 2 ms and a photograph 15 ms."""
    desk = Desk()
    desk.lay(draw_paper("proof_letter", seed=1))
    desk.frame("preview"), desk.frame("photograph")

    def best(size: str) -> float:
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            desk.frame(size)  # type: ignore[arg-type]
            times.append(time.perf_counter() - begun)
        return min(times)

    assert best("preview") < 0.025
    assert best("photograph") < 0.15


# The bench and its controls


def test_a_bench_opens_what_the_settings_name_and_nothing_else() -> None:
    with open_bench(DeviceSettings(scanner="simulated", panel="simulated")) as bench:
        assert set(bench.devices()) == {"scanner", "panel"}
        assert bench.document_camera is None
        assert bench.simulated
        assert all(device.simulated for device in bench.devices().values())

    with open_bench(DeviceSettings()) as bench:
        assert bench.devices() == {}
        assert bench.simulators is None


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("webcam", "one of none, simulated"),
        ("Simulated", "one of none"),
        ("", "one of"),
    ],
)
def test_a_driver_that_is_not_here_is_an_error_and_never_a_simulator(kind: str, said: str) -> None:
    with pytest.raises(DeviceSettingsRefused, match=said):
        open_bench(DeviceSettings(scanner=kind))


@pytest.mark.parametrize(
    "table", [{"scaner": "simulated"}, {"scanner": 1}, {"seed": "1"}, {"seed": True}, {"sheets": ["a"]}]
)
def test_a_devices_table_with_a_slip_of_the_pen_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(DeviceSettingsRefused, match=r"\[devices\]"):
        DeviceSettings.from_table(table, folder=Path("/unit"))


def test_a_devices_table_is_read_with_its_folder_of_sheets() -> None:
    settings = DeviceSettings.from_table(
        {"scanner": "simulated", "sheets": "../papers", "seed": 7}, folder=Path("/hall/unit")
    )

    assert settings == DeviceSettings(scanner="simulated", sheets=Path("/hall/unit/../papers"), seed=7)
    assert DeviceSettings.from_table({"sheets": ""}, folder=Path("/unit")).sheets is None


def test_a_ticket_goes_from_the_printer_through_its_picture_to_the_gun() -> None:
    with open_bench(EVERYTHING) as bench:
        assert bench.simulators is not None
        assert bench.ticket_printer is not None
        assert bench.scanner is not None
        bench.ticket_printer.print_slip(Slip(lines=(SlipLine(text="A6027", size="huge"), SlipLine(qr="OW1TICKET"))))

        assert bench.simulators.show_code(bench.simulators.slips()[-1])

        scan = bench.scanner.read(timeout_seconds=0.5)
        assert scan is not None
        assert scan.text == "OW1TICKET"


def test_the_folder_of_sheets_is_shown_one_after_another_and_never_left(tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    folder.mkdir()
    (tmp_path / "outside.png").write_bytes(picture_bytes(code_picture("X")))
    for name in ("b.jpg", "a.PNG"):
        (folder / name).write_bytes(picture_bytes(code_picture(name), "JPEG" if name == "b.jpg" else "PNG"))
    (folder / "notes.txt").write_text("no picture")
    bench = SimulatedBench(["document_camera"], sheets=folder)

    try:
        assert bench.sheets() == ("a.PNG", "b.jpg")
        assert [bench.lay_next_sheet() for _ in range(3)] == ["a.PNG", "b.jpg", "a.PNG"]
        assert bench.desk.sheets() == ("photograph",)
        for name in ("../outside.png", str(tmp_path / "outside.png"), "notes.txt", ""):
            with pytest.raises(PaperUnknown):
                bench.lay_sheet(name)
    finally:
        bench.close()


def test_no_folder_of_sheets_has_no_next_one() -> None:
    bench = SimulatedBench(["document_camera"])

    assert bench.sheets() == ()
    assert bench.lay_next_sheet() is None
    bench.close()


def test_a_hostile_upload_leaves_the_desk_as_it_was() -> None:
    with open_bench(EVERYTHING) as bench:
        assert bench.simulators is not None
        bench.simulators.lay_paper("id_card")

        for hostile in (b"", b"<svg/>", b"\x89PNG\r\n\x1a\n" + bytes(40)):
            with pytest.raises(PictureRefused):
                bench.simulators.lay_picture(hostile)
            with pytest.raises(PictureRefused):
                bench.simulators.show_code(hostile)

        assert bench.simulators.desk.sheets() == ("id_card",)


def test_up_to_four_sheets_lie_beside_each_other() -> None:
    bench = SimulatedBench(["document_camera"])
    bench.lay_paper("id_card")
    for seed in range(2, 7):
        bench.lay_paper("bank_card", seed=seed, add=True)

    assert bench.desk.sheets() == ("bank_card",) * 4
    bench.clear_desk()
    assert bench.desk.sheets() == ()
    with pytest.raises(PaperUnknown):
        bench.lay_paper("passport")
    bench.close()


def test_every_fault_of_every_device_is_named_in_chinese_and_can_be_switched() -> None:
    with open_bench(EVERYTHING) as bench:
        simulators = bench.simulators
        assert simulators is not None
        assert {state.device for state in simulators.faults()} == set(DRIVERS)
        for state in simulators.faults():
            assert not state.title.isascii()
            simulators.set_fault(state.device, state.fault, True)

        assert all(state.on for state in simulators.faults())
        simulators.clear_faults()
        assert not any(state.on for state in simulators.faults())


def test_a_fault_or_device_that_is_not_there_is_refused() -> None:
    bench = SimulatedBench(["scanner"])

    for device, fault in (("scanner", "on_fire"), ("panel", "dead"), ("kettle", "dry")):
        with pytest.raises(FaultUnknown):
            bench.set_fault(device, fault, True)
    with pytest.raises(FaultUnknown):
        bench.lift_card()
    bench.close()

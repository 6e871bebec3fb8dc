"""`onewindow-edge devices`: one line a device, nothing of what was read, and a status that a script can use."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.__main__ import main
from edge.devices_command import SELF_TEST_CODE, check_devices, watch_device
from edge.workers import _TEST_SLIP
from firmware.bench import Bench, DeviceSettings, open_bench
from firmware.ports import Button, SlipLine
from firmware.simulators.scanner import SimulatedScanner
from firmware.simulators.ticket_printer import SimulatedTicketPrinter
from tests.support.driver_rigs_serial import serial_scanner
from tests.support.firmware_rigs import a_card, code_picture

UNIT = """
[unit]
id = "shuangjing-w3"
hall = "shuangjing"
hall_name = "双井"
role = "intake"
window = 3
[broker]
addresses = ["localhost:8883"]
ca = "keys/ca.pem"
certificate = "keys/tls.pem"
key = "keys/tls.key"
[keys]
signing = "keys/signing.pem"
sealing = "keys/sealing.pem"
central_sealing = "keys/central-sealing.pub"
central_receipt = "keys/central-receipt.pub"
tickets = "keys/ticket"
[console]
port = 8103
[catalogue]
items = "service_items.tsv"
"""
ALL = DeviceSettings(scanner="simulated", id_card_reader="simulated", panel="simulated")


def a_unit(folder: Path, devices: str) -> str:
    path = folder / "unit.toml"
    path.write_text(UNIT + devices, encoding="utf-8")
    return str(path)


def test_each_device_gets_one_line_and_all_well_is_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--settings", a_unit(tmp_path, '[devices]\nscanner = "simulated"\n')]) == 0

    assert capsys.readouterr().out == "扫描枪  simulated（演示）  正常 OK\n"


def test_a_device_that_is_away_is_told_with_its_remedy_and_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wired = f'[devices.scanner]\nkind = "serial"\nport = "{tmp_path}/nothing"\n'

    assert main(["devices", "--settings", a_unit(tmp_path, wired)]) == 1

    assert capsys.readouterr().out == (
        "扫描枪  serial  扫描枪没有连接，请插好后重试；也可以把号票放在高拍仪下识别。（scanner-missing）\n"
    )


def test_one_device_that_fails_hides_no_other() -> None:
    lines: list[str] = []
    with open_bench(ALL) as bench:
        assert bench.simulators is not None
        bench.id_card_reader.faults.set("unplugged", True)  # type: ignore[union-attr]

        assert check_devices(bench, ALL, say=lines.append) == 1

    assert [line.split()[0] for line in lines] == ["扫描枪", "按钮盒", "身份证阅读器"]
    assert sum(line.endswith("OK") for line in lines) == 2


@pytest.mark.parametrize(("text", "tells"), [(SELF_TEST_CODE, "与自检码一致"), ("OW1SECRET", "不是自检码")])
def test_watching_a_gun_tells_length_and_self_test_and_never_the_text(text: str, tells: str) -> None:
    lines: list[str] = []
    with open_bench(ALL) as bench:
        bench.scanner.present(code_picture(text))  # type: ignore[union-attr]

        assert watch_device(bench, "scanner", seconds=2.0, times=1, say=lines.append) == 0

    assert lines[-1] == f"扫描枪：读到 {len(text)} 个字符，码制 qr，{tells}"
    assert text not in "".join(lines)


@pytest.mark.parametrize("symbology", ["qr", "code128"])
def test_both_codes_of_the_printers_test_slip_are_the_self_test_code(symbology: str) -> None:
    """The handbook has the gun read a QR from the slip, which had a linear code only: many guns are set to one kind."""
    codes = [line for line in _TEST_SLIP.lines if (line.qr if symbology == "qr" else line.code128)]
    slip = replace(_TEST_SLIP, lines=(SlipLine(text="测试条"), *codes))
    with SimulatedTicketPrinter() as printer, SimulatedScanner() as scanner:
        printer.print_slip(slip)
        picture = Image.open(io.BytesIO(printer.slips()[-1])).convert("RGB")
        assert scanner.present(np.ascontiguousarray(np.asarray(picture)))
        scan = scanner.read(timeout_seconds=0.0)

    assert scan is not None
    assert (scan.text, scan.symbology) == (SELF_TEST_CODE, symbology)


def test_watching_a_wired_gun_tells_the_same() -> None:
    lines: list[str] = []
    with serial_scanner() as rig:
        bench = Bench()
        bench.scanner = rig.device
        rig.do(SELF_TEST_CODE)

        assert watch_device(bench, "scanner", seconds=2.0, times=1, say=lines.append) == 0

    assert lines[-1] == "扫描枪：读到 9 个字符，与自检码一致"


def test_watching_a_card_tells_its_kind_and_nothing_else() -> None:
    lines: list[str] = []
    card = a_card()
    with open_bench(ALL) as bench:
        bench.id_card_reader.lay(card)  # type: ignore[union-attr]

        assert watch_device(bench, "id_card_reader", seconds=2.0, times=1, say=lines.append) == 0

    assert lines[-1] == "身份证阅读器：读到一张证件（居民身份证）"
    assert card.name not in "".join(lines)


def test_watching_buttons_names_each() -> None:
    lines: list[str] = []
    with open_bench(ALL) as bench:
        panel = bench.panel
        assert panel is not None
        real = panel.on_press

        def press_when_listening(callback: object) -> None:
            real(callback)  # type: ignore[arg-type]
            panel.press(Button.NEXT)  # type: ignore[attr-defined]

        panel.on_press = press_when_listening  # type: ignore[method-assign]

        assert watch_device(bench, "panel", seconds=3.0, times=1, say=lines.append) == 0

    assert lines[-1] == "按钮盒：按下了“下一位”"


@pytest.mark.parametrize("name", ["scanner", "id_card_reader", "panel"])
def test_nothing_used_in_time_is_one_and_so_is_a_device_that_is_not_wired(name: str) -> None:
    lines: list[str] = []
    with open_bench(ALL) as bench, open_bench(DeviceSettings()) as empty:
        assert watch_device(bench, name, seconds=0.1, times=1, say=lines.append) == 1
        assert watch_device(empty, name, seconds=0.1, times=1, say=lines.append) == 1

    assert all(line.endswith("。") for line in lines)

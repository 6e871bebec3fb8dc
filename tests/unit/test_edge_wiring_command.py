"""`onewindow-edge wiring`: what a technician sees on the screen and on paper."""

from __future__ import annotations

import io
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.wiring_command import header_svg, write_wiring
from firmware.wiring import WIRES, wired

ONE_UNIT = wired({"panel": "gpio", "call_display": "max7219"})


def columns_of(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in line)


def printed(*groups: tuple[object, ...], colours: bool = False) -> str:
    out = io.StringIO()
    write_wiring(groups, out, colours=colours)  # type: ignore[arg-type]
    return out.getvalue()


def test_every_wire_is_printed_and_no_line_is_wider_than_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wiring"]) == 0

    text = capsys.readouterr().out
    assert all(wire.what in text for wire in WIRES)
    assert max(map(columns_of, text.splitlines())) <= 80
    assert "\x1b" not in text  # not a terminal


def test_the_picture_has_each_pin_of_the_header_once() -> None:
    picture = printed(ONE_UNIT).split("插针图")[1]

    assert picture.count("●") == len(ONE_UNIT)
    assert picture.count("●") + picture.count("○") == 40


def test_colours_change_nothing_but_the_dots() -> None:
    import re

    assert re.sub(r"\x1b\[\d+m", "", printed(ONE_UNIT, colours=True)) == printed(ONE_UNIT)


@pytest.mark.parametrize(
    ("devices", "there", "absent"),
    [
        ('panel = "gpio"\ncall_display = "simulated"', "按钮 下一位", "点阵屏"),
        ('call_display = "multi-character"', "数码管 第4位", "按钮 "),
        ('[devices.call_display]\nkind = "max7219"\nbrightness = 3', "点阵屏 DIN", "数码管"),
        ('[devices.scanner]\nkind = "serial"\nport = "/dev/ttyACM0"', "没有接在针脚上的设备", "按钮"),
    ],
)
def test_with_settings_only_what_the_unit_has_is_shown(
    devices: str, there: str, absent: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "unit.toml"
    settings.write_text(f"[devices]\n{devices}\n", encoding="utf-8")

    assert main(["wiring", "--settings", str(settings)]) == 0

    text = capsys.readouterr().out
    assert there in text
    assert absent not in text


@pytest.mark.parametrize(
    "content", ["devices = 3", "[devices]\nbutton_box = 'gpio'", "[devices", "[devices]\npanel = 3"]
)
def test_settings_that_are_wrong_are_refused_with_a_sentence(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "unit.toml"
    settings.write_text(content, encoding="utf-8")

    assert main(["wiring", "--settings", str(settings)]) == 2
    assert capsys.readouterr().err.strip().endswith("。")
    assert main(["wiring", "--settings", str(tmp_path / "none.toml")]) == 2


def test_the_drawing_names_every_wire_and_is_well_formed(tmp_path: Path) -> None:
    drawing = tmp_path / "header.svg"

    assert main(["wiring", "--svg", str(drawing)]) == 0

    text = drawing.read_text(encoding="utf-8")
    ElementTree.fromstring(text)  # noqa: S314 - our own drawing
    assert all(wire.what.split("（")[0] in text for wire in WIRES)
    assert ElementTree.fromstring(header_svg([])).tag.endswith("svg")  # noqa: S314

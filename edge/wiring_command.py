"""`onewindow-edge wiring`: what sits on which pin, as a table, as a picture of the header, and as SVG to print.

Comes from `firmware/wiring.py`, which the drivers use too; with `--settings` only what that unit's `[devices]` has.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TextIO
from xml.sax.saxutils import escape

from broker.errors import Refused
from edge.errors import SettingsRefused
from firmware.bench import DRIVERS, DeviceSettings
from firmware.wiring import AVOIDED, HEADER, WIRES, HeaderPin, Wire, wired

_DIRECTIONS: Final = {"in": "输入", "out": "输出", "power": "电源"}
_DEVICES: Final = {
    ("panel", "gpio"): "按钮盒",
    ("call_display", "max7219"): "叫号屏（MAX7219 点阵）",
    ("call_display", "multi-character"): "叫号屏（四位数码管）",
}
# Terminal colours by what a wire is; SVG colours by the wire's own colour.
_ANSI: Final = {"5V": "31", "3V3": "33", "GND": "90", "in": "36", "out": "32"}
_PAINT: Final = {
    "黑": "#1b1b1b", "棕": "#8a5a2b", "红": "#d3262b", "橙": "#ef8a17", "黄": "#f2c500",
    "绿": "#2f9e44", "蓝": "#1f6fd0", "紫": "#8b46b5", "灰": "#8d939a", "白": "#ffffff",
}  # fmt: skip
_SIDE_COLUMNS: Final = 30


def add_wiring_command(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `wiring` to the commands."""
    parser = subparsers.add_parser("wiring", help="print which device sits on which pin of the header")
    parser.add_argument("--settings", type=Path, help="a unit.toml: only what its [devices] has")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also write a drawing of the header")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    groups = [wires for wires in _wired_groups(arguments.settings) if wires]
    write_wiring(groups, sys.stdout, colours=sys.stdout.isatty())
    if arguments.svg is not None:
        arguments.svg.write_text(header_svg(groups), encoding="utf-8")
        sys.stdout.write(f"已写入 {arguments.svg}\n")
    return 0


def _wired_groups(settings: Path | None) -> list[tuple[Wire, ...]]:
    """Return the wires that belong together in one picture: one unit's, or those of each possible call display."""
    if settings is not None:
        return [wired(_kinds(settings))]
    displays = [kind for device, kind in _DEVICES if device == "call_display"]
    return [wired({"panel": "gpio", "call_display": kind}) for kind in displays]


def _kinds(settings: Path) -> Mapping[str, str]:
    """Return each device's kind; the rest of the file is not looked at: the bench may not have its keys yet.

    Raises:
        SettingsRefused: the file cannot be read or its [devices] is wrong.
    """
    try:
        table = tomllib.loads(settings.read_text(encoding="utf-8")).get("devices", {})
        if not isinstance(table, dict):
            raise SettingsRefused(f"{settings}: devices is a table")
        devices = DeviceSettings.from_table(table, folder=settings.parent)
    except OSError as error:
        raise SettingsRefused(f"{settings}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{settings}: is not TOML: {error}") from None
    except SettingsRefused:
        raise
    except Refused as refusal:
        raise SettingsRefused(f"{settings}: {refusal}") from None
    return {device: devices.kind_of(device) for device in DRIVERS}


def write_wiring(groups: Iterable[tuple[Wire, ...]], out: TextIO, *, colours: bool) -> None:
    """Write table and picture of each group; at most 80 columns wide."""
    groups = list(groups)
    if not groups:
        print("这台装置没有接在针脚上的设备（扫描枪、高拍仪、打印机等走 USB 或网线）。", file=out)
        return
    wires = [wire for wire in WIRES if any(wire in group for group in groups)]
    for line in _table(wires):
        print(line, file=out)
    for group in groups:
        names = dict.fromkeys(_DEVICES[wire.device, wire.kind] for wire in group)
        print(f"\n插针图 Header：{' + '.join(names)}", file=out)
        print("（板子的 USB 口朝下、插针在右上方时所见；1 号针是方焊盘）", file=out)
        for line in _picture(group, colours=colours):
            print(line, file=out)
    print("\n不要使用的针 Do not use:", file=out)
    for bcm, reason in AVOIDED.items():
        header = next(each.header for each in HEADER if each.bcm == bcm)
        print(f"  {header:>2}  {f'GPIO{bcm}':<7} {reason}", file=out)


def _table(wires: list[Wire]) -> Iterable[str]:
    columns = (4, 8, 32, 6, 6, 4)
    yield _row(("针", "编号", "接什么", "方向", "上拉", "线色"), columns)
    yield _row(("Pin", "BCM", "What", "Way", "Pull", "Wire"), columns)
    group = None
    for wire in wires:
        if group != (wire.device, wire.kind):
            group = (wire.device, wire.kind)
            yield f"── {_DEVICES[group]} " + "─" * (72 - _width(_DEVICES[group]))
        name = HEADER[wire.header - 1].name
        pull = "内部" if wire.pull == "up" else "—"
        yield _row((str(wire.header), name, wire.what, _DIRECTIONS[wire.direction], pull, wire.colour), columns)


def _picture(wires: tuple[Wire, ...], *, colours: bool) -> Iterable[str]:
    by_pin = {wire.header: wire for wire in wires}
    edge = " " * (_SIDE_COLUMNS + 1)
    yield f"{edge}┌{'─' * 13}┐"
    for left, right in zip(HEADER[::2], HEADER[1::2], strict=True):
        dots = _dot(left, by_pin, colours), _dot(right, by_pin, colours)
        text = f"{_padded(_label(left, by_pin), _SIDE_COLUMNS, right=True)} │ {left.header:>2} {dots[0]} "
        text += f"{dots[1]} {right.header:>2}   │ {_label(right, by_pin)}"
        yield text.rstrip()
    yield f"{edge}└{'─' * 13}┘"


def _label(pin: HeaderPin, by_pin: Mapping[int, Wire]) -> str:
    """Return what sits on the pin, short enough for its side; the bare name when nothing does."""
    wire = by_pin.get(pin.header)
    if wire is None:
        return pin.name
    return f"{wire.what.split('（')[0]} {wire.colour}线 {pin.name}"


def _dot(pin: HeaderPin, by_pin: Mapping[int, Wire], colours: bool) -> str:
    wire = by_pin.get(pin.header)
    dot = "●" if wire is not None else "○"
    if not colours or wire is None:
        return dot
    return f"\x1b[{_ANSI.get(pin.name, _ANSI.get(wire.direction, '0'))}m{dot}\x1b[0m"


def _row(cells: tuple[str, ...], columns: tuple[int, ...]) -> str:
    return " ".join(_padded(cell, width) for cell, width in zip(cells, columns, strict=True)).rstrip()


def _padded(text: str, columns: int, *, right: bool = False) -> str:
    space = " " * max(0, columns - _width(text))
    return space + text if right else text + space


def _width(text: str) -> int:
    """Return the columns of a terminal that the text takes: a Chinese character has two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


_SVG_ROW: Final = 26
_SVG_WIDTH: Final = 860
_SVG_TOP: Final = 74


def header_svg(groups: Iterable[tuple[Wire, ...]]) -> str:
    """Return a drawing of the header for each group, one below the other, to be printed and hung up."""
    parts: list[str] = []
    top = 0
    for group in groups:
        parts += _svg_header(group, top)
        top += _SVG_TOP + 20 * _SVG_ROW + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SVG_WIDTH} {max(top, 40)}" '
        f'width="{_SVG_WIDTH}" height="{max(top, 40)}" font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" '
        f'font-size="14">\n<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _svg_header(wires: tuple[Wire, ...], top: int) -> list[str]:
    by_pin = {wire.header: wire for wire in wires}
    names = " + ".join(dict.fromkeys(_DEVICES[wire.device, wire.kind] for wire in wires))
    middle = _SVG_WIDTH // 2
    begin = top + _SVG_TOP
    parts = [
        f'<text x="{middle}" y="{top + 34}" text-anchor="middle" font-size="20" font-weight="bold">'
        f"一窗 接线图：{escape(names)}</text>",
        f'<text x="{middle}" y="{top + 56}" text-anchor="middle" fill="#555">'
        "USB 口朝下、插针在右上方时所见，1 号针是方焊盘</text>",
        f'<rect x="{middle - 42}" y="{begin - 4}" width="84" height="{20 * _SVG_ROW + 8}" rx="6" fill="#20242a"/>',
    ]
    for index, pin in enumerate(HEADER):
        inner = index % 2 == 0
        parts += _svg_pin(pin, by_pin.get(pin.header), middle, begin + index // 2 * _SVG_ROW + _SVG_ROW // 2, inner)
    return parts


def _svg_pin(pin: HeaderPin, wire: Wire | None, middle: int, y: int, inner: bool) -> list[str]:
    side = -1 if inner else 1
    x, anchor = middle + side * 18, "end" if inner else "start"
    shape = (
        f'<rect x="{x - 8}" y="{y - 8}" width="16" height="16" fill="#d9b23c"/>'
        if pin.header == 1
        else f'<circle cx="{x}" cy="{y}" r="8" fill="#d9b23c"/>'
    )
    number = f'<text x="{x}" y="{y + 4}" text-anchor="middle" font-size="10" fill="#111">{pin.header}</text>'
    if wire is None:
        free = f'<text x="{middle + side * 60}" y="{y + 5}" text-anchor="{anchor}" fill="#aaa">{pin.name}</text>'
        return [shape, number, free]
    paint, end = _PAINT[wire.colour], middle + side * 118
    # A white wire is seen by its dark border, so all have one.
    lines = [
        f'<line x1="{x + side * 9}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}" stroke-width="{width}" '
        'stroke-linecap="round"/>'
        for colour, width in (("#333", 8), (paint, 6))
    ]
    dashed = "（可选）" if wire.optional else ""
    what = escape(f"{wire.what.split('（')[0]}{dashed}　{wire.colour}线　{pin.name}")
    text = f'<text x="{end + side * 10}" y="{y + 5}" text-anchor="{anchor}">{what}</text>'
    return [*lines, shape, number, text]

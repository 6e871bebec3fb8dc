"""Every pin of the 40-pin header that One Window uses: the one table that drivers, the handbook and technicians share.

Drivers take their pins from here and nowhere else; `onewindow-edge wiring` prints it, WIRING.md repeats it (a test
compares). Numbers, functions and levels at power-on are those of "BCM2835 ARM Peripherals", table 6-31, and of the
header of every Raspberry Pi since the B+ (pinout.xyz).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from firmware.ports import Button, Lamp

Direction = Literal["in", "out", "power"]
Pull = Literal["up", "none"]  # "none" for what is driven by us or is no signal


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderPin:
    """One of the 40 pins as the board has it."""

    header: int  # 1 to 40, as counted on the board; odd ones in the inner row
    bcm: int | None  # None: supply or ground
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One wire from the header to a device."""

    header: int  # 1 to 40
    bcm: int | None  # None: supply or ground
    role: str  # what the driver calls it, for example "button-next" or "digit-1"
    what: str  # what the technician calls it
    direction: Direction  # seen from the Raspberry Pi
    colour: str
    plug: str  # wires of one plug have different colours
    device: str  # as in unit.toml [devices]
    kind: str
    pull: Pull = "none"
    optional: bool = False


_BCM: Final = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25, 23: 11,
    24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}  # fmt: skip
_SUPPLY: Final = {1: "3V3", 17: "3V3", 2: "5V", 4: "5V"}
HEADER: Final = tuple(
    HeaderPin(
        header=number,
        bcm=_BCM.get(number),
        name=f"GPIO{_BCM[number]}" if number in _BCM else _SUPPLY.get(number, "GND"),
    )
    for number in range(1, 41)
)

# Pins that no table of ours may use, by BCM number, and why.
AVOIDED: Final[Mapping[int, str]] = {
    0: "开机时读取扩展板的 EEPROM，接了东西可能认错板子",
    1: "开机时读取扩展板的 EEPROM，接了东西可能认错板子",
    2: "板上有 1.8 kΩ 固定上拉，留给时钟模块（I2C）",
    3: "板上有 1.8 kΩ 固定上拉，留给时钟模块；拉低会唤醒或影响开机",
    14: "串口控制台的发送，开机时会吐字，灯会乱闪",
    15: "串口控制台的接收，接了按钮会打断开机",
}


def _signal(
    header: int,
    role: str,
    what: str,
    colour: str,
    plug: str,
    device: str,
    kind: str,
    direction: Direction = "out",
    pull: Pull = "none",
) -> Wire:
    return Wire(
        header=header,
        bcm=_BCM[header],
        role=role,
        what=what,
        direction=direction,
        colour=colour,
        plug=plug,
        device=device,
        kind=kind,
        pull=pull,
    )


def _supply(
    header: int, what: str, colour: str, plug: str, device: str, kind: str, *, optional: bool = False, role: str = ""
) -> Wire:
    return Wire(
        header=header,
        bcm=None,
        role=role or HEADER[header - 1].name.lower(),
        what=what,
        direction="power",
        colour=colour,
        plug=plug,
        device=device,
        kind=kind,
        optional=optional,
    )


# The panel has the last six rows: buttons on the inner side, lamps on the outer side, one plug each. The lamps sit on
# pins that are pulled down at power-on (9 to 27), so that none lights before the program runs.
_PANEL: Final = ("panel", "gpio")
_BUTTONS: Final = (
    (29, Button.NEXT, "按钮 下一位", "白"),
    (31, Button.RECALL, "按钮 重呼", "灰"),
    (33, Button.PASS, "按钮 过号", "紫"),
    (35, Button.WHISTLE, "按钮 吹哨", "蓝"),
    (37, Button.PHOTOGRAPH, "按钮 拍照", "绿"),
)
_LAMPS: Final = (
    (32, Lamp.READY, "灯 就绪", "绿"),
    (36, Lamp.WAITING, "灯 待传", "黄"),
    (38, Lamp.FAULT, "灯 故障", "棕"),
    (40, Lamp.WHISTLE, "灯 吹哨应答", "蓝"),
)
_MATRIX: Final = ("call_display", "max7219")
_DIGITS: Final = ("call_display", "multi-character")
SEGMENTS: Final = ("a", "b", "c", "d", "e", "f", "g")
DIGITS: Final = 4
# The transistors that switch the digits sit on pins pulled down at power-on: the display stays dark until we draw.
_SEGMENT_PINS: Final = ((7, "棕"), (11, "黄"), (12, "绿"), (13, "蓝"), (15, "紫"), (16, "灰"), (18, "白"))
_DIGIT_PINS: Final = ((19, "棕"), (21, "黄"), (22, "绿"), (23, "蓝"))

WIRES: Final[tuple[Wire, ...]] = (
    *(
        _signal(header, f"button-{button}", what, colour, "按钮插头", *_PANEL, direction="in", pull="up")
        for header, button, what, colour in _BUTTONS
    ),
    _supply(39, "按钮 公共地", "黑", "按钮插头", *_PANEL),
    _supply(17, "按钮 外接上拉（线长超过2米才接）", "橙", "按钮插头", *_PANEL, optional=True),
    *(_signal(header, f"lamp-{lamp}", what, colour, "指示灯插头", *_PANEL) for header, lamp, what, colour in _LAMPS),
    _supply(34, "灯 公共地", "黑", "指示灯插头", *_PANEL),
    _supply(2, "点阵屏 VCC", "红", "点阵屏插头", *_MATRIX),
    _supply(25, "点阵屏 GND", "黑", "点阵屏插头", *_MATRIX),
    _signal(19, "mosi", "点阵屏 DIN（经电平转换）", "蓝", "点阵屏插头", *_MATRIX),
    _signal(24, "ce0", "点阵屏 CS（经电平转换）", "黄", "点阵屏插头", *_MATRIX),
    _signal(23, "sclk", "点阵屏 CLK（经电平转换）", "白", "点阵屏插头", *_MATRIX),
    *(
        _signal(header, segment, f"数码管 段 {segment}", colour, "数码管段插头", *_DIGITS)
        for segment, (header, colour) in zip(SEGMENTS, _SEGMENT_PINS, strict=True)
    ),
    *(
        _signal(header, f"digit-{place}", f"数码管 第{place}位（经三极管）", colour, "数码管位插头", *_DIGITS)
        for place, (header, colour) in enumerate(_DIGIT_PINS, start=1)
    ),
    _supply(20, "数码管 三极管公共地", "黑", "数码管位插头", *_DIGITS),
)


def wires_of(device: str, kind: str) -> tuple[Wire, ...]:
    """Return the wires of one kind of device; none for what has no wire on the header (USB, network)."""
    return tuple(wire for wire in WIRES if (wire.device, wire.kind) == (device, kind))


def wired(kinds: Mapping[str, str]) -> tuple[Wire, ...]:
    """Return the wires of a unit, given the kind of each of its devices, for example {"panel": "gpio"}."""
    return tuple(wire for wire in WIRES if kinds.get(wire.device) == wire.kind)


def pin(device: str, kind: str, role: str) -> int:
    """Return the BCM number of a signal.

    Raises:
        KeyError: the table has no such signal.
    """
    for wire in wires_of(device, kind):
        if wire.role == role and wire.bcm is not None:
            return wire.bcm
    raise KeyError(f"{device} {kind} has no signal {role}")

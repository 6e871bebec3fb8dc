"""`onewindow-edge devices`: a technician's look at the unit's devices, a line each; `--watch` tries one by hand.

Opens the bench that unit.toml names, as the unit itself does; stop the unit first, for a gun or a line has one reader.
What is read under `--watch` is never shown: it may be a resident's. Only its length and kind are, and whether it is the
code of the self-test.
"""

from __future__ import annotations

import argparse
import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from edge.devices import LABELS
from edge.settings import read_settings
from firmware.bench import DRIVERS, NONE, SIMULATED, Bench, DeviceSettings, open_bench
from firmware.ports import Button, CameraMissing, CameraNotReady, DeviceError, IdCardReader, Panel, Scanner

SELF_TEST_CODE: Final = "TEST-8888"
_BUTTONS: Final = {
    Button.NEXT: "下一位",
    Button.RECALL: "重呼",
    Button.PASS: "过号",
    Button.WHISTLE: "吹哨",
    Button.PHOTOGRAPH: "拍照",
}
_CARDS: Final = {"citizen": "居民身份证", "residence": "港澳台居民居住证", "foreign": "外国人永久居留证"}
_WATCHED: Final = ("scanner", "id_card_reader", "panel")
_STEP_SECONDS: Final = 0.5
_CAMERA_SECONDS: Final = 15.0  # what a camera may need to open and to learn its light


def add_devices_command(subparsers: Any) -> None:
    devices = subparsers.add_parser("devices", help="check every device that the settings name, one line each")
    devices.add_argument("--settings", type=Path, required=True, help="the unit's unit.toml")
    devices.add_argument("--watch", choices=_WATCHED, help="wait for one device to be used, and say that it was")
    devices.add_argument("--seconds", type=float, default=30.0, help="how long to watch (default 30)")
    devices.add_argument("--times", type=int, default=1, help="after how many readings to stop (default 1)")
    devices.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    devices = read_settings(arguments.settings).devices
    with open_bench(devices) as bench:
        if arguments.watch:
            return watch_device(bench, arguments.watch, seconds=arguments.seconds, times=arguments.times, say=_say)
        return check_devices(bench, devices, say=_say)


def check_devices(bench: Bench, devices: DeviceSettings, *, say: Callable[[str], None]) -> int:
    """Say one line for each device that the settings name; return 1 when any is not well, else 0."""
    open_devices, failed = bench.devices(), False
    for name in DRIVERS:
        label, kind = LABELS.get(name, name), devices.kind_of(name)
        if kind == NONE:
            continue
        device = open_devices.get(name)
        fault = None if device is None else _fault_of(device)
        failed = failed or fault is not None
        mark = "（演示）" if kind == SIMULATED else ""
        if device is None:
            say(f"{label}  {kind}  由高拍仪代替")
        elif fault is None:
            say(f"{label}  {kind}{mark}  正常 OK")
        else:
            say(f"{label}  {kind}{mark}  {fault.notice}（{fault.code}）")
    return 1 if failed else 0


def watch_device(bench: Bench, name: str, *, seconds: float, times: int, say: Callable[[str], None]) -> int:
    """Say each time the device is used, never what was read; return 1 when it failed or was not used often enough."""
    device: Any = bench.devices().get(name)
    label = LABELS[name]
    if device is None:
        say(f"{label}：设置中没有接这个设备。")
        return 1
    say(f"{label}：请使用设备，最多等 {seconds:g} 秒。")
    readings = _WATCHES[name](device)
    deadline, seen = time.monotonic() + seconds, 0
    while seen < times and time.monotonic() < deadline:
        try:
            reading = next(readings)
        except DeviceError as error:
            say(f"{label}：{error.notice}（{error.code}）")
            return 1
        if reading:
            seen += 1
            say(f"{label}：{reading}")
    if seen < times:
        say(f"{label}：等待 {seconds:g} 秒，共 {seen} 次，应有 {times} 次。")
        return 1
    return 0


def _scans(scanner: Scanner) -> Iterator[str]:
    while True:
        scan = scanner.read(_STEP_SECONDS)
        if scan is None:
            yield ""
            continue
        code = f"，码制 {scan.symbology}" if scan.symbology else ""
        test = "，与自检码一致" if scan.text == SELF_TEST_CODE else "，不是自检码"
        yield f"读到 {len(scan.text)} 个字符{code}{test}"


def _cards(reader: IdCardReader) -> Iterator[str]:
    while True:
        card = reader.read(_STEP_SECONDS)
        yield "" if card is None else f"读到一张证件（{_CARDS[card.kind]}）"


def _presses(panel: Panel) -> Iterator[str]:
    pressed: queue.Queue[Button] = queue.Queue()
    panel.on_press(pressed.put)
    while True:
        panel.check()
        try:
            yield f"按下了“{_BUTTONS[pressed.get(timeout=_STEP_SECONDS)]}”"
        except queue.Empty:
            yield ""


_WATCHES: Final[dict[str, Callable[[Any], Iterator[str]]]] = {
    "scanner": _scans,
    "id_card_reader": _cards,
    "panel": _presses,
}


def _fault_of(device: Any) -> DeviceError | None:
    """Return what is wrong. A camera is well when it photographs: its check also passes while it is still opening."""
    deadline = time.monotonic() + _CAMERA_SECONDS
    while True:
        try:
            device.photograph() if hasattr(device, "photograph") else device.check()
        except CameraMissing as error:
            return error
        except CameraNotReady as error:
            if time.monotonic() > deadline:
                return error
        except DeviceError as error:
            return error
        else:
            return None


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # this is the command's product

"""The board's health: each bound and the step past it, several findings at once, and what Linux tells."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from central.web.words import DEVICES, REMEDIES, health_word
from edge.board_reporter import BoardReporter
from edge.devices import LABELS
from edge.events import DeviceChecked, Event
from firmware import board_health, ports
from firmware.board_health import BoardReadings, judge
from firmware.drivers.board import VCGENCMD_SECONDS_MAX, LinuxBoard, Settings, ask_firmware
from firmware.ports import BoardFinding, BoardPart, BoardTrouble, BoardWarning, DeviceError
from firmware.simulators.board import FAULTS, HEALTHY, SimulatedBoard

GIB = 1 << 30

# What is read, and what is found: None is a reading just within its bound.
BOUNDS: list[tuple[dict[str, Any], str | None]] = [
    ({"temperature_celsius": 74.9}, None),
    ({"temperature_celsius": 75.0}, "warm"),
    ({"temperature_celsius": 79.9}, "warm"),
    ({"temperature_celsius": 80.0}, "too-hot"),
    ({"throttled": 1 << 3}, "too-hot"),
    ({"throttled": 1 << 0}, "under-voltage"),
    ({"throttled": 0, "under_voltage": True}, "under-voltage"),
    ({"throttled": 1 << 2}, "slowed"),
    ({"throttled": 1 << 16}, "under-voltage-before"),
    ({"throttled": 1 << 19}, None),
    ({"throttled": None, "is_pi": True}, "board-unreadable"),
    ({"throttled": None, "is_pi": True, "under_voltage": True}, "under-voltage"),
    ({"throttled": None, "is_pi": False}, None),
    ({"card_life_tenths": 8}, None),
    ({"card_life_tenths": 9}, "card-worn"),
    ({"card_life_tenths": 10}, "card-worn-out"),
    ({"card_pre_eol": 1}, None),
    ({"card_pre_eol": 2}, "card-worn"),
    ({"card_pre_eol": 3}, "card-worn-out"),
    ({"card_written_bytes": 29 * GIB * 300 - 1}, None),
    ({"card_written_bytes": 29 * GIB * 300}, "card-worn"),
    ({"card_errors": 1}, "card-errors"),
    ({"card_errors": 1, "card_read_only": True}, "read-only"),
    ({"free_bytes": 2_900 << 20, "space_bytes": 29_000 << 20}, None),
    ({"free_bytes": 2_899 << 20, "space_bytes": 29_000 << 20}, "space-low"),
    ({"free_bytes": 200 << 20, "space_bytes": 1 << 30}, None),
    ({"free_bytes": (200 << 20) - 1, "space_bytes": 1 << 30}, "disk-full"),
    ({"inodes": 1000, "free_inodes": 100}, None),
    ({"inodes": 1000, "free_inodes": 99}, "files-full"),
    ({"memory_bytes": 1000, "memory_available_bytes": 100}, None),
    ({"memory_bytes": 1000, "memory_available_bytes": 99}, "memory-low"),
    ({"memory_bytes": 1000, "memory_available_bytes": 39}, "memory-full"),
    ({"clock_synchronised": False, "up_seconds": 299}, None),
    ({"clock_synchronised": False, "up_seconds": 300}, "clock-unsynchronised"),
    ({"clock_year": 2023}, "clock-wrong"),
    ({"load_per_core": 1.5}, None),
    ({"load_per_core": 1.51}, "overloaded"),
]


@pytest.mark.parametrize(("changes", "code"), BOUNDS)
def test_each_reading_is_judged_at_its_bound_and_a_step_past_it(changes: dict[str, Any], code: str | None) -> None:
    found = judge(replace(HEALTHY, **changes))

    assert [finding.code for finding in found] == ([] if code is None else [code])


def test_a_board_that_says_nothing_of_itself_is_well() -> None:
    assert judge(BoardReadings()) == ()


def test_every_finding_is_a_sentence_with_a_remedy_and_central_has_words_for_it() -> None:
    found = [finding for changes, code in BOUNDS if code for finding in judge(replace(HEALTHY, **changes))]

    assert {finding.part for finding in found} == set(BoardPart)
    for finding in found:
        assert finding.notice.endswith("。")
        assert "，" in finding.notice, "what is wrong, and what to do"
        assert f"board.{finding.part.value}" in DEVICES
        assert f"board.{finding.part.value}" in LABELS
        assert finding.code in REMEDIES
        assert "异常" not in health_word(f"board.{finding.part.value}", finding.code)


def test_central_has_a_remedy_for_every_fault_of_every_device() -> None:
    faults = [kind for kind in vars(ports).values() if isinstance(kind, type) and issubclass(kind, DeviceError)]

    assert {kind.code for kind in faults} <= set(REMEDIES)


def test_every_fault_of_the_simulated_board_is_found_and_all_of_them_together() -> None:
    with SimulatedBoard() as board:
        board.check()
        assert board.findings() == ()
        for fault in FAULTS:
            board.faults.set(fault, True)
            with pytest.raises(BoardTrouble):
                board.check()
            board.faults.clear()

        for fault in set(FAULTS) - {"unreadable"}:
            board.faults.set(fault, True)

        assert len(board.findings()) == len(FAULTS) - 1


def test_the_gravest_finding_is_the_boards_fault() -> None:
    with SimulatedBoard() as board:
        board.faults.set("memory_low", True)
        with pytest.raises(BoardWarning) as warned:
            board.check()
        assert warned.value.code == "memory-low"

        board.faults.set("card_errors", True)
        with pytest.raises(BoardTrouble) as raised:
            board.check()

    assert not isinstance(raised.value, BoardWarning)
    assert raised.value.code == "card-errors"
    assert BoardTrouble.code == "board-unreadable", "a finding's code is of that error alone"


def test_findings_are_told_part_by_part_once_and_taken_back() -> None:
    told: list[Event] = []
    board = SimulatedBoard()
    reporter = BoardReporter(board, told.append)

    board.faults.set("hot", True)
    board.faults.set("space_low", True)
    reporter.check()
    reporter.check()
    board.faults.set("hot", False)
    reporter.check()

    assert [_told(event) for event in told] == [
        ("board.temperature", "too-hot"),
        ("board.space", "space-low"),
        ("board.temperature", "ok"),
    ]


def _told(event: Event) -> tuple[str, str]:
    assert isinstance(event, DeviceChecked)
    return event.device, "ok" if event.error is None else event.error.code


# What Linux tells.


class FakeLinux:
    """A folder with the files of a Pi, as its kernel writes them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        device = os.stat(folder).st_dev
        self.block = folder / "sys/devices/mmc0/block/mmcblk0/mmcblk0p2"
        self.put("sys/class/thermal/thermal_zone0/temp", "61200\n")
        self.put("sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
        self.put("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
        self.put("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
        self.put("sys/devices/mmc0/block/mmcblk0/device/life_time", "0x03 0x09\n")
        self.put("sys/devices/mmc0/block/mmcblk0/device/pre_eol_info", "0x01\n")
        self.put("sys/devices/mmc0/block/mmcblk0/mmcblk0p2/partition", "2\n")
        self.put("sys/fs/ext4/mmcblk0p2/errors_count", "4\n")
        self.put("sys/fs/ext4/mmcblk0p2/lifetime_write_kbytes", "1024\n")
        self.put("proc/meminfo", "MemTotal:        1000 kB\nMemAvailable:     500 kB\nHugePages_Total:   0\n")
        self.put("proc/uptime", "7200.50 100.0\n")
        self.put("proc/loadavg", "0.10 0.20 4.00 1/100 4242\n")
        link = folder / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
        link.parent.mkdir(parents=True)
        link.symlink_to(self.block)

    def put(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="ascii")


def space(**more: int) -> Callable[[str], Any]:
    values = {
        "f_flag": 0,
        "f_frsize": 4096,
        "f_blocks": 1000,
        "f_bavail": 900,
        "f_files": 50,
        "f_favail": 40,
    }
    return lambda _: SimpleNamespace(**(values | more))


def test_a_pis_files_are_read(tmp_path: Path) -> None:
    linux = FakeLinux(tmp_path)
    board = LinuxBoard(
        Settings(data=str(tmp_path)), root=tmp_path, synchronised=lambda: False, statvfs=space(f_flag=os.ST_RDONLY)
    )

    read = board.read()

    assert linux.block.exists()
    assert read.temperature_celsius == 61.2
    assert read.throttled == 0x50005
    assert read.under_voltage is True
    assert (read.card_life_tenths, read.card_pre_eol, read.card_errors) == (9, 1, 4)
    assert read.card_written_bytes == 1 << 20
    assert read.card_read_only
    assert (read.space_bytes, read.free_bytes, read.inodes, read.free_inodes) == (4_096_000, 3_686_400, 50, 40)
    assert (read.memory_bytes, read.memory_available_bytes) == (1_024_000, 512_000)
    assert (read.clock_synchronised, read.has_rtc) == (False, False)
    assert read.up_seconds == 7200.5
    assert read.load_per_core == 4.0 / (os.cpu_count() or 1)


def test_a_board_without_a_pis_files_is_read_too(tmp_path: Path) -> None:
    read = LinuxBoard(Settings(data=str(tmp_path)), root=tmp_path / "empty", synchronised=lambda: None).read()

    assert (read.temperature_celsius, read.throttled, read.card_errors, read.card_life_tenths) == (None,) * 4
    assert read.free_bytes


PI_5 = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"


def a_pi(folder: Path, *, node: str = "", firmware: str | None = None) -> LinuxBoard:
    """Return a Pi 5 whose kernel has the node that is named, and whose vcgencmd says `firmware` (None: nothing)."""
    linux = FakeLinux(folder)
    (folder / "sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    linux.put("proc/device-tree/compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0")
    if node:
        linux.put(node, "50000\n")
    return LinuxBoard(Settings(data=str(folder)), root=folder, statvfs=space(), firmware=lambda: firmware)


def test_a_pi_5_tells_its_throttling_under_its_own_name_in_sys(tmp_path: Path) -> None:
    """A Pi 5's node has the address of its soc in its name; it was looked for under a Pi 4's, and "none" was "well"."""
    assert a_pi(tmp_path, node=PI_5).read().throttled == 0x50000


def test_a_pi_without_the_node_is_asked_by_its_own_command(tmp_path: Path) -> None:
    assert a_pi(tmp_path, firmware="throttled=0x50005").read().throttled == 0x50005


@pytest.mark.parametrize("answer", [None, "", "throttled=", "VCHI initialization failed"])
def test_a_pi_that_does_not_tell_of_its_supply_is_a_finding(tmp_path: Path, answer: str | None) -> None:
    board = a_pi(tmp_path, firmware=answer)
    board_without_alarm = replace(board.read(), under_voltage=None)

    (power,) = [finding for finding in judge(board_without_alarm) if finding.part is BoardPart.POWER]

    assert power.notice.startswith("读不到供电状态")
    assert power.severity == "warning"


def test_a_machine_that_is_no_pi_is_not_asked_for_its_firmware(tmp_path: Path) -> None:
    def asked() -> str | None:
        raise AssertionError("vcgencmd is a Pi's")

    board = LinuxBoard(Settings(data=str(tmp_path)), root=tmp_path / "empty", firmware=asked)

    assert not board.read().is_pi
    assert BoardPart.POWER not in {finding.part for finding in board.findings()}


@pytest.mark.parametrize(
    ("script", "answer"),
    [("echo throttled=0x50005", "throttled=0x50005"), ("echo broken; exit 1", None), ("exec sleep 30", None)],
)
def test_vcgencmd_is_believed_when_it_succeeds_and_costs_half_a_second_when_it_hangs(
    script: str, answer: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "vcgencmd"
    command.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    begun = time.monotonic()

    assert ask_firmware() == answer
    assert time.monotonic() - begun < VCGENCMD_SECONDS_MAX + 2.0


def test_files_that_hold_nonsense_are_left_out(tmp_path: Path) -> None:
    linux = FakeLinux(tmp_path)
    for path in (
        "sys/class/thermal/thermal_zone0/temp",
        "sys/devices/platform/soc/soc:firmware/get_throttled",
        "sys/fs/ext4/mmcblk0p2/errors_count",
        "sys/devices/mmc0/block/mmcblk0/device/pre_eol_info",
    ):
        linux.put(path, "<unreadable>\n")

    read = LinuxBoard(Settings(data=str(tmp_path)), root=tmp_path, synchronised=lambda: True, statvfs=space()).read()

    assert (read.temperature_celsius, read.throttled, read.card_errors, read.card_pre_eol) == (None,) * 4


def test_a_card_that_cannot_be_looked_at_is_said(tmp_path: Path) -> None:
    with pytest.raises(BoardTrouble), LinuxBoard(Settings(data=str(tmp_path / "gone"))) as board:
        board.findings()


def test_this_machine_can_be_looked_at() -> None:
    with LinuxBoard(Settings()) as board:
        assert all(isinstance(finding, BoardFinding) for finding in board.findings())
    assert board_health.judge(board.read()) is not None

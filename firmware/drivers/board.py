"""The board's own state as Linux tells it: /sys and /proc, the file system, the kernel's clock, a Pi's firmware.

Settings of unit.toml go in, `BoardHealth` comes out; what the readings mean is judged in firmware/board_health.py.
What a board does not have is left out; what a Pi must have and does not tell is said.
"""

from __future__ import annotations

import ctypes
import datetime
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from firmware.board_health import BoardReadings, judge
from firmware.ports import BoardFinding, BoardTrouble, board_trouble

_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised
VCGENCMD_SECONDS_MAX: Final = 0.5  # it asks the firmware by mailbox: some 10 ms, unless the firmware hangs
_TIMEX_BYTES: Final = 1024  # more than struct timex has anywhere; all zero, it asks and sets nothing


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "linux"`."""

    data: str = "/"  # a folder on the card that the outbox lies on


def open_device(settings: Settings) -> LinuxBoard:
    return LinuxBoard(settings)


def is_synchronised() -> bool | None:
    """Return whether the kernel's clock is kept right by NTP, whichever program does it; None: it does not say."""
    try:
        answer: int = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != _TIME_ERROR


def ask_firmware() -> str | None:
    """Return what `vcgencmd get_throttled` says, for example "throttled=0x50005"; None: no such command, or no answer.

    It opens /dev/vcio, which belongs to the group video.
    """
    command = shutil.which("vcgencmd")
    if command is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # no word of it comes from outside
            [command, "get_throttled"], stdin=subprocess.DEVNULL, capture_output=True, timeout=VCGENCMD_SECONDS_MAX
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("ascii", "replace").strip() if done.returncode == 0 else None


class LinuxBoard:
    """`root` is where /sys and /proc are looked for; a test has its own."""

    simulated = False

    def __init__(
        self,
        settings: Settings,
        *,
        root: Path = Path("/"),
        synchronised: Callable[[], bool | None] = is_synchronised,
        statvfs: Callable[[str], os.statvfs_result] = os.statvfs,
        firmware: Callable[[], str | None] = ask_firmware,
    ) -> None:
        self._data = settings.data
        self._root = root
        self._synchronised = synchronised
        self._statvfs = statvfs
        self._firmware = firmware

    def findings(self) -> tuple[BoardFinding, ...]:
        return judge(self.read())

    def check(self) -> None:
        for finding in sorted(self.findings(), key=lambda each: each.severity):  # "bad" before "warning"
            raise board_trouble(finding)

    def read(self) -> BoardReadings:
        """Return the readings of now.

        Raises:
            BoardTrouble: the folder of the settings cannot be looked at.
        """
        try:
            space = self._statvfs(self._data)
        except OSError as error:
            raise BoardTrouble(f"the card's folder cannot be read: {error.strerror}") from None
        disk, part = self._disk()
        memory = self._memory()
        life = [_number(word, 16) or 0 for word in (self._text(disk / "device/life_time") or "").split()]
        written = self._number(part, "lifetime_write_kbytes")
        is_pi = "raspberrypi," in (self._text(self._root / "proc/device-tree/compatible") or "")
        return BoardReadings(
            temperature_celsius=self._temperature(),
            throttled=self._throttled(is_pi),
            under_voltage=self._under_voltage(),
            is_pi=is_pi,
            card_life_tenths=max(life, default=None),
            card_pre_eol=_number(self._text(disk / "device/pre_eol_info"), 16),
            card_errors=self._number(part, "errors_count"),
            card_written_bytes=written * 1024 if written is not None else None,
            card_read_only=bool(space.f_flag & os.ST_RDONLY),
            space_bytes=space.f_blocks * space.f_frsize,
            free_bytes=space.f_bavail * space.f_frsize,
            inodes=space.f_files or None,  # btrfs and FAT count none
            free_inodes=space.f_favail,
            memory_bytes=memory.get("MemTotal"),
            memory_available_bytes=memory.get("MemAvailable"),
            clock_synchronised=self._synchronised(),
            clock_year=datetime.datetime.now(datetime.UTC).year,
            has_rtc=any((self._root / "sys/class/rtc").glob("rtc*")),
            up_seconds=float((self._text(self._root / "proc/uptime") or "0").split()[0]),
            load_per_core=self._load(),
        )

    def close(self) -> None:
        """Nothing is held open."""

    def __enter__(self) -> LinuxBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _temperature(self) -> float | None:
        """Return the hottest zone: a Pi has one, other boards several."""
        zones = (self._root / "sys/class/thermal").glob("thermal_zone*/temp")
        celsius = [int(text) / 1000 for zone in zones if (text := self._text(zone)) and text.lstrip("-").isdecimal()]
        return max(celsius, default=None)

    def _throttled(self, is_pi: bool) -> int | None:
        # drivers/firmware/raspberrypi.c of Raspberry Pi's kernel: the bits of `vcgencmd get_throttled`, without 0x. The
        # device is named after its place in the device tree: soc/soc:firmware up to the Pi 4, on a Pi 5
        # soc@107c000000/soc@107c000000:firmware. A kernel without the attribute leaves only the command.
        for node in sorted((self._root / "sys/devices/platform").glob("soc*/soc*:firmware/get_throttled")):
            if (bits := _number(self._text(node), 16)) is not None:
                return bits
        answer = self._firmware() if is_pi else None
        return _number(answer.partition("=")[2], 16) if answer else None

    def _under_voltage(self) -> bool | None:
        for folder in (self._root / "sys/class/hwmon").glob("hwmon*"):
            if self._text(folder / "name") == "rpi_volt":
                return self._text(folder / "in0_lcrit_alarm") == "1"
        return None

    def _disk(self) -> tuple[Path, str]:
        """Return the folder in /sys of the disk that the data lies on, and its partition's name; "" when unknown."""
        try:
            device = os.stat(self._data).st_dev
        except OSError:
            return self._root / "nowhere", ""
        return self._disk_of(f"{os.major(device)}:{os.minor(device)}")

    def _disk_of(self, number: str) -> tuple[Path, str]:
        link = self._root / "sys/dev/block" / number
        if not link.exists():
            return self._root / "nowhere", ""
        block = link.resolve()
        return (block.parent if (block / "partition").exists() else block), block.name

    def _number(self, part: str, name: str) -> int | None:
        return _number(self._text(self._root / "sys/fs/ext4" / part / name), 10) if part else None

    def _memory(self) -> dict[str, int]:
        lines = (self._text(self._root / "proc/meminfo") or "").splitlines()
        words = [line.split() for line in lines]
        return {line[0].rstrip(":"): int(line[1]) * 1024 for line in words if len(line) == 3 and line[1].isdecimal()}

    def _load(self) -> float | None:
        words = (self._text(self._root / "proc/loadavg") or "").split()
        return float(words[2]) / (os.cpu_count() or 1) if len(words) >= 3 else None

    def _text(self, path: Path) -> str | None:
        try:
            return path.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            return None  # not on this board, or not to be read


def _number(text: str | None, base: int) -> int | None:
    try:
        return int(text, base) if text else None
    except ValueError:
        return None

"""How the unit's own board is: readings -> what to tell the people at it, each with its remedy. Pure.

Readings come from drivers/board.py or the simulator, findings go to the console and, as part and code, to central. At
most one finding a part, the gravest. A reading that a board does not have is None and finds nothing; one that it must
have and does not give is a finding of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmware.ports import BoardFinding, BoardPart, BoardTrouble

# Raspberry Pi documentation, "Frequency management and thermal control": slowed from 80 °C, hard limit at 85 °C.
WARM_CELSIUS: Final = 75.0
HOT_CELSIUS: Final = 80.0
# `vcgencmd get_throttled` (Raspberry Pi documentation): the same 16 bits higher is "since the start".
UNDER_VOLTAGE: Final = 1 << 0
FREQUENCY_CAPPED: Final = 1 << 1
THROTTLED: Final = 1 << 2
SOFT_LIMIT: Final = 1 << 3
SINCE_START: Final = 16
# JEDEC JESD84-B51, EXT_CSD DEVICE_LIFE_TIME_EST and PRE_EOL_INFO: tenths of its life used; 2 warning, 3 urgent.
LIFE_TENTHS_WARNING: Final = 9  # 80 to 90 % used
LIFE_TENTHS_BAD: Final = 10  # 90 to 100 %, and 11 for more
PRE_EOL_WARNING: Final = 2
PRE_EOL_URGENT: Final = 3
# An SD card tells nothing of its wear. Its cells bear some 1,000 writes (TLC), and small writes cost about three.
CARD_OVERWRITES_MAX: Final = 300
FREE_SHARE_WARNING: Final = 0.10
FREE_BYTES_BAD: Final = 200 << 20  # a day's papers of a busy window
MEMORY_SHARE_WARNING: Final = 0.10
MEMORY_SHARE_BAD: Final = 0.04
CLOCK_GRACE_SECONDS: Final = 300.0  # after a start the network and the time need a while
CLOCK_YEAR_MIN: Final = 2024
LOAD_PER_CORE_MAX: Final = 1.5  # over 15 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardReadings:
    """What was read at one moment. None: this board does not say."""

    temperature_celsius: float | None = None
    throttled: int | None = None  # bits of get_throttled
    under_voltage: bool | None = None  # hwmon's alarm, where the bits are not to be had
    is_pi: bool = False  # a Pi has those bits: on one, not reading them is a finding and not good health
    card_life_tenths: int | None = None  # the more worn of an eMMC's two kinds of cells
    card_pre_eol: int | None = None
    card_errors: int | None = None  # ext4's own count since the file system was made
    card_written_bytes: int | None = None
    card_read_only: bool = False
    space_bytes: int | None = None
    free_bytes: int | None = None
    inodes: int | None = None
    free_inodes: int | None = None
    memory_bytes: int | None = None
    memory_available_bytes: int | None = None
    clock_synchronised: bool | None = None
    clock_year: int | None = None
    has_rtc: bool | None = None
    up_seconds: float = 0.0
    load_per_core: float | None = None  # 15 minutes' average


def judge(readings: BoardReadings) -> tuple[BoardFinding, ...]:
    """Return what is wrong, in the order of BoardPart; empty when all is well."""
    found = (
        _temperature(readings),
        _power(readings),
        _card(readings),
        _space(readings),
        _memory(readings),
        _clock(readings),
        _load(readings),
    )
    return tuple(finding for finding in found if finding is not None)


def _temperature(now: BoardReadings) -> BoardFinding | None:
    celsius = now.temperature_celsius
    bits = now.throttled or 0
    if (celsius is not None and celsius >= HOT_CELSIUS) or bits & SOFT_LIMIT:
        told = f"已到{celsius:.0f}°C，" if celsius is not None else ""
        return _bad(BoardPart.TEMPERATURE, "too-hot", f"装置过热，{told}已自动降速，请检查风扇，清理通风口。")
    if celsius is not None and celsius >= WARM_CELSIUS:
        return _warning(BoardPart.TEMPERATURE, "warm", f"装置偏热，{celsius:.0f}°C，请清理通风口，检查风扇是否转动。")
    return None


def _power(now: BoardReadings) -> BoardFinding | None:
    bits = now.throttled or 0
    if bits & UNDER_VOLTAGE or now.under_voltage:
        return _bad(BoardPart.POWER, "under-voltage", "供电不足，可能随时重启，请换用原装电源，拔掉多余的USB设备。")
    if bits & (FREQUENCY_CAPPED | THROTTLED) and not bits & SOFT_LIMIT:
        return _warning(BoardPart.POWER, "slowed", "装置被降速运行，请检查电源和散热。")
    if bits & (UNDER_VOLTAGE << SINCE_START):
        return _warning(BoardPart.POWER, "under-voltage-before", "开机以来出现过供电不足，请更换原装电源和电源线。")
    if now.is_pi and now.throttled is None:
        # Under the board's own code: central has its remedy, and the part says that it is the supply.
        return _warning(
            BoardPart.POWER,
            BoardTrouble.code,
            "读不到供电状态，欠压和降速不会提示，请技术员检查 vcgencmd get_throttled 和用户组 video，然后重启装置。",
        )
    return None


def _card(now: BoardReadings) -> BoardFinding | None:
    if now.card_read_only:
        return _bad(BoardPart.CARD, "read-only", "存储卡变为只读，不能受理新的材料，请联系技术员更换存储卡。")
    if now.card_errors:
        return _bad(BoardPart.CARD, "card-errors", "存储卡出现读写错误，请等材料发送完后联系技术员更换存储卡。")
    life, pre_eol = now.card_life_tenths or 0, now.card_pre_eol or 0
    if life >= LIFE_TENTHS_BAD or pre_eol >= PRE_EOL_URGENT:
        return _bad(BoardPart.CARD, "card-worn-out", "存储卡寿命将尽，请联系技术员尽快更换存储卡。")
    written, size = now.card_written_bytes or 0, now.space_bytes or 0
    if life >= LIFE_TENTHS_WARNING or pre_eol >= PRE_EOL_WARNING or (size and written >= size * CARD_OVERWRITES_MAX):
        return _warning(BoardPart.CARD, "card-worn", "存储卡已用旧，请技术员在一个月内更换存储卡。")
    return None


def _space(now: BoardReadings) -> BoardFinding | None:
    if now.free_bytes is not None and now.free_bytes < FREE_BYTES_BAD:
        return _bad(
            BoardPart.SPACE, "disk-full", f"存储空间只剩{now.free_bytes >> 20} MB，请联系技术员清理或更换存储卡。"
        )
    if now.free_bytes is not None and now.space_bytes and now.free_bytes < now.space_bytes * FREE_SHARE_WARNING:
        share = 100 * now.free_bytes // now.space_bytes
        return _warning(BoardPart.SPACE, "space-low", f"存储空间只剩{share}%，请技术员清理或更换更大的存储卡。")
    if now.free_inodes is not None and now.inodes and now.free_inodes < now.inodes * FREE_SHARE_WARNING:
        return _warning(BoardPart.SPACE, "files-full", "存储卡上的文件太多，快要不能再建新文件，请联系技术员清理。")
    return None


def _memory(now: BoardReadings) -> BoardFinding | None:
    if now.memory_available_bytes is None or not now.memory_bytes:
        return None
    share = now.memory_available_bytes / now.memory_bytes
    if share < MEMORY_SHARE_BAD:
        return _bad(BoardPart.MEMORY, "memory-full", "内存将用尽，请在没有居民时重启装置，并告诉技术员。")
    if share < MEMORY_SHARE_WARNING:
        return _warning(BoardPart.MEMORY, "memory-low", "内存紧张，请在下班后重启装置，反复出现请告诉技术员。")
    return None


def _clock(now: BoardReadings) -> BoardFinding | None:
    if now.clock_year is not None and now.clock_year < CLOCK_YEAR_MIN:
        return _bad(BoardPart.CLOCK, "clock-wrong", "装置时钟不对，已按中心的时间办理，请检查网络对时。")
    if now.clock_synchronised is False and now.up_seconds >= CLOCK_GRACE_SECONDS:
        battery = "，装置没有时钟电池，请勿断电" if now.has_rtc is False else ""
        return _warning(BoardPart.CLOCK, "clock-unsynchronised", f"时钟没有对时{battery}，请检查网络和对时服务器。")
    return None


def _load(now: BoardReadings) -> BoardFinding | None:
    if now.load_per_core is not None and now.load_per_core > LOAD_PER_CORE_MAX:
        return _warning(BoardPart.LOAD, "overloaded", "装置一直很忙，反应会变慢，请在没有居民时重启装置。")
    return None


def _bad(part: BoardPart, code: str, notice: str) -> BoardFinding:
    return BoardFinding(part=part, code=code, notice=notice, severity="bad")


def _warning(part: BoardPart, code: str, notice: str) -> BoardFinding:
    return BoardFinding(part=part, code=code, notice=notice, severity="warning")

"""扫描枪 in keyboard mode by evdev: grabbed, so that nothing it types reaches the browser, and read by key codes.

The settings name the gun; nothing is ever grabbed that they do not name. Key codes go through `key_codes.py` to
`scan_assembly.py`, with the kernel's own times. Grabbed anew when the gun is back, whatever its event number then.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import msgspec

from firmware.drivers.device_nodes import hung_up, same_place, wait_readable
from firmware.drivers.input_nodes import find_gun_nodes
from firmware.drivers.scanner_gun import ScannerGun
from firmware.key_codes import TYPING_KEYS, KeyDecoder
from firmware.ports import ScannerMissing
from firmware.scan_assembly import Encoding, Suffix

_EV_SYN: Final = 0
_EV_KEY: Final = 1
_SYN_DROPPED: Final = 3
_EVIOCSCLOCKID: Final = 0x400445A0  # _IOW('E', 0xa0, int), linux/input.h
_CLOCK_MONOTONIC: Final = 1
_QUIET_SECONDS: Final = 0.05  # after a grab: longer than a gun pauses between two keys
_QUIET_TRIES_MAX: Final = 10

Usb = Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{4}$")]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands beside `kind = "hid"` in `[devices.scanner]`: a path, or what the gun calls itself on the bus."""

    device: Annotated[str, msgspec.Meta(max_length=255)] = ""  # best /dev/input/by-id/…-event-kbd
    usb_vendor: Usb | None = None  # four hexadecimal digits as lsusb prints them, with usb_product
    usb_product: Usb | None = None
    name: Annotated[str, msgspec.Meta(max_length=255)] = ""  # the whole name, as /proc/bus/input/devices has it
    suffix: Suffix = "enter"
    encoding: Encoding = "utf-8"

    def __post_init__(self) -> None:
        by_ids = self.usb_vendor is not None and self.usb_product is not None
        if (self.usb_vendor is None) != (self.usb_product is None):
            raise ValueError("usb_vendor and usb_product stand together")
        # Without this a gun could be "the first keyboard there is", and the clerk's own be taken from her.
        if bool(self.device) == (by_ids or bool(self.name)):
            raise ValueError("the gun is named by device, or by usb_vendor with usb_product, or by name")


class NotAGun(ScannerMissing):
    """The settings name something that types no figures, or several guns. Nothing was grabbed."""

    code = "scanner-not-a-gun"
    notice = "设置中的扫描枪设备不对：它不会输入数字，或同时符合的不止一把，请技术员核对 device。"


class InputEvent(Protocol):
    @property
    def type(self) -> int: ...
    @property
    def code(self) -> int: ...
    @property
    def value(self) -> int: ...
    def timestamp(self) -> float: ...


class InputNode(Protocol):
    """What is used of evdev's InputDevice."""

    @property
    def fd(self) -> int: ...
    def grab(self) -> None: ...
    def read(self) -> Iterable[Any]: ...
    def active_keys(self) -> list[int]: ...
    def close(self) -> None: ...


class HidScanner(ScannerGun):
    """扫描枪 that types."""

    def __init__(
        self,
        settings: Settings,
        *,
        open_node: Callable[[str], InputNode] | None = None,
        sys_folder: Path = Path("/sys/class/input"),
        dev_folder: Path = Path("/dev/input"),
    ) -> None:
        """`open_node` opens an event node; the tests hand in one that plays recorded bytes."""
        super().__init__(settings.suffix, settings.encoding)
        self._settings = settings
        self._open_node = open_node or _open_evdev
        self._folders = (sys_folder, dev_folder)
        self._nodes: dict[str, tuple[InputNode, str]] = {}  # path → node, and where the path led
        self._keys = KeyDecoder()

    def _open(self) -> bool:
        if self._nodes:
            if all(same_place(path, real) and not hung_up(node.fd) for path, (node, real) in self._nodes.items()):
                return False
            self._shut()
        paths = self._paths()
        if not paths:
            raise FileNotFoundError(errno.ENOENT, "no such scanner gun")
        try:
            for path in paths:
                node = self._open_node(path)
                self._nodes[path] = (node, os.path.realpath(path))
                node.grab()
            self._keys.reset()
            self._let_pass_what_went_before()
        except OSError:
            self._shut()
            raise
        return True

    def _paths(self) -> list[str]:
        sys_folder, dev_folder = self._folders
        if self._settings.device:
            return [self._settings.device] if os.path.exists(self._settings.device) else []
        return find_gun_nodes(
            vendor=self._settings.usb_vendor or "",
            product=self._settings.usb_product or "",
            name=self._settings.name,
            sys_folder=sys_folder,
            dev_folder=dev_folder,
        )

    def _let_pass_what_went_before(self) -> None:
        """Throw away a scan that had begun before the grab: its head went to the desktop, its tail is no scan."""
        for _ in range(_QUIET_TRIES_MAX):
            held = any(node.active_keys() for node, _ in self._nodes.values())
            if not wait_readable(self._descriptors(), _QUIET_SECONDS) and not held:
                return
            for node, _ in self._nodes.values():
                for _event in _events_of(node):
                    pass

    def _take(self, wait_seconds: float) -> bool:
        if not wait_readable(self._descriptors(), wait_seconds):
            return False
        came = False
        for node, _ in self._nodes.values():
            for event in _events_of(node):
                self._take_event(event)
                came = True
        if not came and any(hung_up(node.fd) for node, _ in self._nodes.values()):
            raise OSError(errno.ENODEV, "the gun is gone")
        return came

    def _take_event(self, event: InputEvent) -> None:
        at_ms = round(event.timestamp() * 1000)
        if event.type == _EV_SYN and event.code == _SYN_DROPPED:
            # The kernel ran out of room and threw events away: what is under way has a hole.
            self._keys.reset()
            self._assembly.spoil(at_ms)
        elif event.type == _EV_KEY and event.value in (0, 1):  # 2 is the kernel's own repeat, never the gun
            typed = self._keys.press(event.code) if event.value else self._keys.release(event.code)
            if typed is None:
                self._assembly.spoil(at_ms)
            elif typed:
                self._assembly.feed(typed, at_ms)

    def _descriptors(self) -> list[int]:
        return [node.fd for node, _ in self._nodes.values()]

    def _shut(self) -> None:
        nodes, self._nodes = self._nodes, {}
        for node, _ in nodes.values():
            node.close()


def open_device(settings: Settings) -> HidScanner:
    """Return the gun, also when it is not plugged in at the moment."""
    scanner = HidScanner(settings)
    scanner.open_if_there()
    return scanner


def _events_of(node: InputNode) -> Iterable[Any]:
    try:
        return list(node.read())
    except BlockingIOError:
        return ()


def _open_evdev(path: str) -> InputNode:
    import evdev  # imported when opened: a unit without such a gun needs none

    node: InputNode = evdev.InputDevice(path)
    try:
        keys = node.capabilities().get(_EV_KEY, [])  # type: ignore[attr-defined]
        if not set(keys) >= TYPING_KEYS:
            raise NotAGun("the input device named in the settings has no figures or no Enter")
        # Times that do not jump when the unit's clock is set.
        fcntl.ioctl(node.fd, _EVIOCSCLOCKID, struct.pack("i", _CLOCK_MONOTONIC))
    except OSError:
        node.close()
        raise
    return node

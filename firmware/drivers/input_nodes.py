"""Find the event nodes of one named gun in /sys, without opening any keyboard to look at it.

Asked by `scanner_hid.py` when the settings give USB ids or a name in place of a path. A gun may show several nodes;
those that can type figures are all returned: only one of them carries the keys, and which one is the model's secret.
"""

from __future__ import annotations

from pathlib import Path

from firmware.key_codes import TYPING_KEYS
from firmware.ports import ScannerMissing


class SeveralGuns(ScannerMissing):
    """Two devices are what the settings name. Neither was opened."""

    code = "scanner-ambiguous"
    notice = "有两把相同的扫描枪，请技术员在设置中用 device 写明是哪一把。"


def find_gun_nodes(*, vendor: str, product: str, name: str, sys_folder: Path, dev_folder: Path) -> list[str]:
    """Return the paths of the event nodes that type, of the one device that has these ids and this name ("" is any).

    Raises:
        SeveralGuns: two devices match.
    """
    assert (vendor and product) or name, "a gun is named"
    found: dict[tuple[str, str], list[str]] = {}
    for node in sorted(sys_folder.glob("event*")):
        about = node / "device"
        if vendor and (_text(about / "id/vendor"), _text(about / "id/product")) != (vendor.lower(), product.lower()):
            continue
        if name and _text(about / "name") != name:
            continue
        if not _keys(_text(about / "capabilities/key")) >= TYPING_KEYS:
            continue
        # "usb-0000:01:00.0-1.2/input1": what stands before the slash is the plug.
        plug = _text(about / "phys").rpartition("/")[0]
        found.setdefault((plug, _text(about / "uniq")), []).append(str(dev_folder / node.name))
    if len(found) > 1:
        raise SeveralGuns(f"{len(found)} devices have the ids or the name in the settings")
    return next(iter(found.values()), [])


def _keys(bitmap: str) -> set[int]:
    """Return the key codes in the kernel's bitmap: hexadecimal words, the lowest last."""
    bits = 64 if any(len(word) > 8 for word in bitmap.split()) else _word_bits()
    keys: set[int] = set()
    for place, word in enumerate(reversed(bitmap.split())):
        value = int(word, 16)
        keys.update(place * bits + bit for bit in range(bits) if value >> bit & 1)
    return keys


def _word_bits() -> int:
    import struct

    return 8 * struct.calcsize("l")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""  # unplugged while we looked, or it has none

"""`onewindow-edge outbox`: see what a unit's card still holds, and copy what was not sent off a unit that is broken.

Reads only: the card may be an old one, in another machine. What is copied is sealed to central; nobody on the way can
read it.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from broker import envelope
from broker.errors import Refused
from broker.ids import is_id
from edge.kept import Place
from edge.settings import read_settings


def add_outbox_command(subparsers: Any) -> None:
    outbox = subparsers.add_parser("outbox", help="look into a unit's outbox")
    what = outbox.add_subparsers(required=True, metavar="WHAT")
    listing = what.add_parser("list", help="print one JSON line for each packet and waiting event")
    rescue = what.add_parser("rescue", help="copy the packets and events that central has not receipted to a folder")
    rescue.add_argument("--to", type=Path, required=True, help="a folder; what is there already is left alone")
    for parser, run in ((listing, _list), (rescue, _rescue)):
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--settings", type=Path, help="the unit's unit.toml")
        where.add_argument("--folder", type=Path, help="the outbox folder itself, of a card in another machine")
        parser.set_defaults(run=run)


def _list(arguments: argparse.Namespace) -> int:
    for line in _lines(_folder(arguments)):
        print(json.dumps(line, ensure_ascii=False))  # noqa: T201  # this is the command's product
    return 0


def _rescue(arguments: argparse.Namespace) -> int:
    folder, copied = _folder(arguments), 0
    for source in _unreceipted(folder):
        target = arguments.to / source.relative_to(folder)
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
        copied += 1
    print(json.dumps({"copied": copied}))  # noqa: T201  # this is the command's product
    return 0


def _folder(arguments: argparse.Namespace) -> Path:
    folder: Path = arguments.folder or read_settings(arguments.settings).outbox
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such outbox", str(folder))
    return folder


def _unreceipted(folder: Path) -> Iterator[Path]:
    for name in (Place.WAITING, Place.REFUSED, Place.DAMAGED, "events"):
        yield from sorted((folder / name).glob("*"))


def _lines(folder: Path) -> Iterator[dict[str, Any]]:
    for place in Place:
        for packet in sorted((folder / place).glob("*")):
            if packet.is_dir() and is_id(packet.name):
                yield {"place": place.value, "packet": packet.name, **_manifest(packet / "manifest")} | {
                    "pages": len(list(packet.glob("*.page")))
                }
    for event in sorted((folder / "events").glob("*")):
        yield {"place": "events", **_manifest(event)}


def _manifest(path: Path) -> dict[str, Any]:
    try:
        header = envelope.read(path.read_bytes()).header
    except (OSError, Refused):
        return {"readable": False}
    return {
        "readable": True,
        "kind": header.kind,
        "boot": header.boot,
        "seq": header.seq,
        "sent_at_ms": header.sent_at_ms,
    }

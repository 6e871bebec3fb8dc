"""`onewindow-edge capture FILE…` and `onewindow-edge scan FILE…`: the eyes, for anyone who wants to see or score them.

Files come in through `firmware.decoding` (bounded, in a child); one JSON line for each goes out on standard output.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from broker.errors import OneWindowError
from edge.capture.page import CapturedPage, capture
from edge.capture.scan import read_codes
from firmware.decoding import decode_picture
from firmware.ports import Pixels


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `capture` and `scan`. Each sets `run`: a function of the parsed arguments that returns the exit status."""
    taking = subparsers.add_parser("capture", help="find, flatten and judge the sheet in photographs")
    taking.add_argument("files", nargs="+", type=Path, metavar="FILE")
    taking.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pages")
    taking.add_argument("--empty-desk", type=Path, metavar="FILE", help="photograph of the desk with nothing on it")
    taking.set_defaults(run=run_capture)
    scanning = subparsers.add_parser("scan", help="read the codes in photographs")
    scanning.add_argument("files", nargs="+", type=Path, metavar="FILE")
    scanning.set_defaults(run=run_scan)


def run_capture(arguments: argparse.Namespace) -> int:
    """Write each photograph's page to DIR/<name>.page.jpg and print its line. Exit status 1 if a file was refused."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    desk = _decoded(arguments.empty_desk) if arguments.empty_desk else None

    written: set[Path] = set()

    def _free(folder: Path, name: str) -> Path:
        # Photographs from two folders may have one name; an earlier run's pages are written anew.
        target, count = folder / f"{name}.page.jpg", 1
        while target in written:
            count += 1
            target = folder / f"{name}-{count}.page.jpg"
        return target

    def one(path: Path, frame: Pixels) -> dict[str, Any]:
        page = capture(frame, empty_desk=desk)
        target = _free(arguments.out, path.stem)
        written.add(target)
        target.write_bytes(page.jpeg)
        return _page_line(page) | {"page": str(target)}

    return _each(arguments.files, one)


def run_scan(arguments: argparse.Namespace) -> int:
    """Print each photograph's codes as [symbology, text]. Exit status 1 if a file was refused."""
    return _each(
        arguments.files, lambda _, frame: {"codes": [[code.symbology, code.text] for code in read_codes(frame)]}
    )


def _page_line(page: CapturedPage) -> dict[str, Any]:
    return {
        "found": page.found.value if page.corners else None,
        "corners": page.corners,
        "second_corners": page.second_corners,
        "card_sides": [side.value if side else None for side in page.card_sides],
        "turned_degrees": page.turned_degrees,
        "width": page.width,
        "height": page.height,
        "verdict": page.verdict.code.value,
        "notice": page.verdict.notice,
        "measures": {name: round(value, 4) for name, value in asdict(page.measures).items()},
    }


def _each(paths: list[Path], work: Callable[[Path, Pixels], dict[str, Any]]) -> int:
    status = 0
    for path in paths:
        line: dict[str, Any] = {"file": str(path)}
        try:
            frame = _decoded(path)
            began = time.perf_counter()
            line |= work(path, frame)
            line["milliseconds"] = round((time.perf_counter() - began) * 1000, 2)
        except (OneWindowError, OSError) as error:
            line |= {"error": error.code if isinstance(error, OneWindowError) else "file-unreadable"}
            line["notice"] = error.notice if isinstance(error, OneWindowError) else "文件打不开，请检查路径。"
            status = 1
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return status


def _decoded(path: Path) -> Pixels:
    return decode_picture(path.read_bytes())

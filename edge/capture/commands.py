"""`onewindow-edge capture FILE…` and `onewindow-edge scan FILE…`: the eyes, for anyone who wants to see or score them.

Files come in through `files.py` and `firmware.decoding` (bounded, in a child kept for the run); one JSON line for each
goes out on standard output. Every line has all keys, and one bad file never costs the next its line.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from broker.errors import OneWindowError
from edge.capture.files import LookFailed, read_photograph, write_page
from edge.capture.page import CapturedPage, Found, capture
from edge.capture.scan import read_codes
from edge.capture.threads import one_thread_a_picture
from firmware.decoding import PHOTOGRAPHS, PictureDecoder
from firmware.ports import Pixels

log = logging.getLogger(__name__)

Line = dict[str, Any]
Look = Callable[[Path, Pixels, Line], None]
"""Writes what a photograph shows into its line."""

_PIXELS: Final = """\
Photographs are turned upright as their EXIF orientation says before anything else: corners are [x, y] in pixels of the
upright photograph, from its upper left, clockwise from the corner that is upper left on the upright page.
"""
_PHOTOGRAPHS: Final = """\
JPEG, PNG, WebP, BMP, TIFF and GIF are read, up to 160 MB and 110 megapixels; of several pictures in a file the first.
Transparent parts count as white.
"""
_LINES: Final = """\
One JSON line for each file, in their order. "milliseconds" is the time of looking, "decode_milliseconds" that of
reading and decoding; where that failed, "milliseconds" is the time until then. A file that fails has "error" (a stable
code), "rule" (what it broke) and "notice" besides, and the exit status is 1.
"""


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `capture` and `scan`. Each sets `run`: a function of the parsed arguments that returns the exit status."""
    taking = _command(subparsers, "capture", "find, flatten and judge the sheet in photographs", _PIXELS)
    taking.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pages")
    taking.add_argument(
        "--empty-desk",
        type=Path,
        metavar="FILE",
        help='photograph of the desk with nothing on it, of the same size; each line says in "empty_desk" whether it'
        ' was "used", or left aside because the photograph is of "another-size"',
    )
    taking.set_defaults(run=run_capture)
    scanning = _command(subparsers, "scan", "read the codes in photographs", "")
    scanning.set_defaults(run=run_scan)


def _command(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, does: str, more: str
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=f"{_PHOTOGRAPHS}\n{more or 'EXIF orientation is applied first.'}\n{_LINES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    return parser


def run_capture(arguments: argparse.Namespace) -> int:
    """Write each photograph's page to DIR/<name>.page.jpg and print its line. Exit status 1 if a file failed.

    Raises:
        FileUnreadable, NotAFile, PhotographRefused: the empty desk is no photograph. Nothing was done.
    """
    written: set[Path] = set()

    def free(folder: Path, name: str) -> Path:
        # Photographs from two folders may have one name; an earlier run's pages are written anew.
        target, count = folder / f"{name}.page.jpg", 1
        while target in written:
            count += 1
            target = folder / f"{name}-{count}.page.jpg"
        return target

    with PictureDecoder(bounds=PHOTOGRAPHS) as decoder:
        desk = _decoded(decoder, arguments.empty_desk) if arguments.empty_desk else None

        def one(path: Path, frame: Pixels, line: Line) -> None:
            if desk is not None:
                line["empty_desk"] = "used" if desk.shape == frame.shape else "another-size"
            page = capture(frame, empty_desk=desk)
            line.update(_page_line(page))
            target = free(arguments.out, path.stem)
            write_page(page.jpeg, target)
            written.add(target)
            line["page"] = str(target)

        return _each(arguments.files, decoder, one, _NO_PAGE)


def run_scan(arguments: argparse.Namespace) -> int:
    """Print each photograph's codes as [symbology, text]. Exit status 1 if a file failed."""

    def one(path: Path, frame: Pixels, line: Line) -> None:
        del path
        line["codes"] = [[code.symbology, code.text] for code in read_codes(frame)]

    with PictureDecoder(bounds=PHOTOGRAPHS) as decoder:
        return _each(arguments.files, decoder, one, {"codes": []})


_NO_PAGE: Final[Line] = {
    "found": Found.NOTHING.value,
    "corners": None,
    "second_corners": None,
    "card_sides": [],
    "turned_degrees": 0,
    "width": None,
    "height": None,
    "verdict": None,
    "notice": None,
    "measures": {},
    "page": None,
    "empty_desk": None,
}


def _page_line(page: CapturedPage) -> Line:
    return {
        "found": page.found.value,
        "corners": page.corners,
        "second_corners": page.second_corners,
        "card_sides": [side.value if side else None for side in page.card_sides],
        "turned_degrees": page.turned_degrees,
        "width": page.width,
        "height": page.height,
        "verdict": page.verdict.code.value,
        "notice": page.verdict.notice,
        "measures": {
            name: value if isinstance(value, bool) else round(value, 4) for name, value in asdict(page.measures).items()
        },
    }


def _each(paths: list[Path], decoder: PictureDecoder, look: Look, nothing: Line) -> int:
    """Print a line for each file: `nothing`, and what looking writes over it."""
    one_thread_a_picture()
    status = 0
    for number, path in enumerate(paths, 1):
        line: Line = {"file": str(path)} | nothing | {"milliseconds": 0.0, "decode_milliseconds": 0.0}
        began = time.perf_counter()
        try:
            frame = _decoded(decoder, path)
            line["decode_milliseconds"] = _since(began)
            began = time.perf_counter()
            look(path, frame, line)
        except OneWindowError as error:
            status = 1
            line |= _error(error)
        except Exception:
            # The fence around one photograph: whatever it does to us, the next has its line.
            status = 1
            log.exception("photograph %d of %d was given up; the others go on", number, len(paths))
            line |= _error(LookFailed("a photograph is looked at to its end"))
        line["milliseconds"] = _since(began)
        _print(line)
    return status


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)


def _error(error: OneWindowError) -> Line:
    return {"error": error.code, "rule": str(error), "notice": error.notice}


def _decoded(decoder: PictureDecoder, path: Path) -> Pixels:
    return decoder.decode(read_photograph(path, bytes_max=PHOTOGRAPHS.bytes_max))


def _print(line: Line) -> None:
    """Write one line of JSON, in Chinese where the terminal has it, and one line whatever a file is called.

    A name that is not UTF-8 comes as surrogates, which no character set writes, and a locale may know no Chinese:
    escaped, both are valid JSON, and `os.fsencode` of the name read back is the file's.
    """
    text = json.dumps(line, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
        whole = len(text.splitlines()) == 1
    except UnicodeEncodeError:
        whole = False
    sys.stdout.write((text if whole else json.dumps(line)) + "\n")
    sys.stdout.flush()

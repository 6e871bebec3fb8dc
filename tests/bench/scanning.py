"""Codes read, beside zxing-cpp's default call and pyzbar on the same pictures: drawn ones, or the folder SCAN_SET.

A set is a folder (searched deeply) of pictures, each with a .txt of the same name that holds its code's text; a picture
without one has no code. Pictures are taken in turn by all three readers, so that a slow moment hits all alike.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from pyzbar import pyzbar

from edge.capture import read_codes
from edge.capture.scan import quick_pass
from edge.capture.scan_live import LiveReader
from firmware.ports import Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import draw_paper
from tests.bench.figures import Figure
from tests.support.scan_generator import drawn_set, tilted_set

Labelled = tuple[str, Pixels, str | None]
"""Condition, picture, the text of its code or None."""
STREAM_GOAL = 1.1  # the quick pass and nothing else: 0.91 to 1.10 in 18 runs on two busy cores
FRAMES_PER_SECOND = 15  # of a camera's preview
BLOCK_FRAMES = 15
BLOCKS = 8  # of each kind, in turn
_IN_USE = ("QRCode", "Code128", "PDF417", "DataMatrix", "EAN13", "UPCA")


def figures(folder: Path) -> list[Figure]:
    place = os.environ.get("SCAN_SET")
    recall, wrong, seconds, codes = _scored(_folder_set(Path(place)) if place else drawn_set())
    tilted, _, _, tilted_codes = _scored(tilted_set())

    def one(name: str, value: float, unit: str, peer: float | None, peer_name: str, goal: float, lower: bool) -> Figure:
        return Figure(
            name=name,
            value=value,
            unit=unit,
            floor=peer,
            floor_name=peer_name,
            goal=goal,
            better="lower" if lower else "higher",
        )

    read = {who: sum(counted.values()) for who, counted in recall.items()}
    bars = {who: sum(counted.values()) for who, counted in tilted.items()}
    more = max(0, wrong["ours"] - wrong["zxing"])
    ours_ms, zxing_ms = _ms(seconds, "ours", codes), _ms(seconds, "zxing", codes)
    return [
        one("codes read", read["ours"], f"of {codes}", read["zxing"], "zxing-cpp", 1.04, False),
        one("codes read, again", read["ours"], f"of {codes}", read["pyzbar"], "pyzbar", 1.6, False),
        one("wrong readings", more, "more than zxing-cpp", None, "", 0, True),
        one("a picture with a code", ours_ms, "ms of processor time", zxing_ms, "ms: zxing-cpp", 0.75, True),
        one("tilted bars read", bars["ours"], f"of {tilted_codes}", bars["zxing"], "zxing-cpp", 2.5, False),
        *(
            _live_frame(name, lies)
            for name, lies in (("an empty desk", None), ("a page of text on it", "application_form"))
        ),
    ]


@dataclass(slots=True)
class _Clocks:
    """Seconds on the stream's own thread, by the clock on the wall and by the processor, and of all other threads."""

    wall: float = 0.0
    own: float = 0.0
    others: float = 0.0


def _live_frame(name: str, lies: str | None) -> Figure:
    """Return what a frame without a code costs the stream that it comes from, beside the quick pass alone.

    Frames come at a preview's rate, some with the reader and some with the quick pass in turn; while the quick pass
    alone is measured the second thread rests.
    """
    desk = Desk(seed=3)
    if lies:
        desk.lay(draw_paper(lies, seed=2))
    previews = [desk.frame("preview") for _ in range(BLOCK_FRAMES * BLOCKS)]
    alone, live = _Clocks(), _Clocks()
    with LiveReader() as reader:
        for block in range(BLOCKS):
            frames = previews[block * BLOCK_FRAMES : (block + 1) * BLOCK_FRAMES]
            _stream(frames, lambda frame: quick_pass(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)), alone)
            began, own = time.process_time(), time.thread_time()
            _stream(frames, reader.read, live)
            assert reader.wait(60.0), "the second thread did not come to an end"
            live.others += time.process_time() - began - (time.thread_time() - own)
    return Figure(
        name=f"a live frame, {name}",
        value=live.own * 1000 / len(previews),
        unit="ms",
        floor=alone.own * 1000 / len(previews),
        floor_name="ms: quick pass alone",
        goal=STREAM_GOAL,
        better="lower",
        note=(
            f"processor time of the stream's thread, mean over {len(previews)} frames at {FRAMES_PER_SECOND}/s; by the "
            f"clock on the wall, which feels what else runs, {live.wall / alone.wall:.2f}; the second thread works "
            f"besides for {live.others / alone.own:.2f} x the quick pass"
        ),
    )


def _stream(frames: list[Pixels], read: Callable[[Pixels], object], clocks: _Clocks) -> None:
    """Give frames to a reader at a preview's rate, and add up what it takes of the thread."""
    due = time.perf_counter()
    for frame in frames:
        time.sleep(max(0.0, due - time.perf_counter()))
        due += 1 / FRAMES_PER_SECOND
        wall, own = time.perf_counter(), time.thread_time()
        read(frame)
        clocks.own += time.thread_time() - own
        clocks.wall += time.perf_counter() - wall


def _ms(seconds: dict[str, float], who: str, codes: int) -> float:
    return seconds[who] * 1000 / max(1, codes)


def _scored(pictures: Iterator[Labelled]) -> tuple[dict[str, Counter[str]], Counter[str], dict[str, float], int]:
    recall: dict[str, Counter[str]] = {who: Counter() for who in ("ours", "zxing", "pyzbar")}
    wrong, total = Counter[str](), Counter[str]()
    seconds: dict[str, float] = dict.fromkeys(recall, 0.0)
    for condition, picture, label in pictures:
        total[condition] += label is not None
        for who, read in (("zxing", _zxing), ("ours", _ours), ("pyzbar", _pyzbar)):
            began = time.process_time()  # of all threads: other work on the machine hits the three unevenly
            texts = read(picture)
            taken = time.process_time() - began
            wrong[who] += any(text != label for text in texts)
            if label is not None:
                seconds[who] += taken
                recall[who][condition] += label in texts
    for condition in sorted(total):
        counted = ", ".join(f"{who} {recall[who][condition]}" for who in recall)
        print(f"  {condition}: {counted} of {total[condition]}")
    print(f"  wrong: {dict(wrong)}; seconds on codes: { {who: round(taken, 2) for who, taken in seconds.items()} }")
    return recall, wrong, seconds, sum(total.values())


def _ours(picture: Pixels) -> list[str]:
    return [code.text for code in read_codes(picture)]


def _zxing(picture: Pixels) -> list[str]:
    found = zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain)
    return [each.text for each in found if each.format in [getattr(zxingcpp.BarcodeFormat, name) for name in _IN_USE]]


def _pyzbar(picture: Pixels) -> list[str]:
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    symbols = [pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128, pyzbar.ZBarSymbol.EAN13]
    try:
        found = pyzbar.decode(gray, symbols=symbols)
    except ValueError:  # an orientation that libzbar does not know: the peer reads nothing there
        return []
    return [each.data.decode("utf-8", "replace") for each in found]


def _folder_set(folder: Path) -> Iterator[Labelled]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
            continue
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None:
            continue
        text = path.with_suffix(".txt")
        # Bytes first: a label's line ends are part of it.
        label = text.read_bytes().decode("utf-8", "replace") if text.exists() else None
        yield path.parent.name, np.asarray(picture, np.uint8), label

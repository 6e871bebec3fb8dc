"""Time a frame's way to its page, beside the floor, warp and JPEG alone: `python -m tests.support.capture_speed`.

All rounds are interleaved in one run on one thread and timed by the processor's clock of that thread, so the ratio
holds on another and on a busy machine too; the milliseconds do not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from edge.capture import capture, preview_outline
from edge.capture.curl import read_bend
from edge.capture.encode import QUALITY, encode
from edge.capture.find import SMALL_SIDE, find_sheet
from edge.capture.flatten import choose_format, even, flatten, thumb_size
from edge.capture.judge import Seen, measure
from edge.capture.light import measure_light
from edge.capture.quad import Quad
from edge.capture.shrink import shrink
from edge.capture.turn import find_turn
from firmware.ports import Pixels
from tests.support.capture_generator import FULL_RANGE, make_capture

RATIO_MAX = 2.2


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians of one run, in milliseconds."""

    steps: dict[str, float]
    whole: float
    floor: float
    preview: float

    @property
    def ratio(self) -> float:
        return self.whole / self.floor


def measure_speed(frame: Pixels, *, rounds: int = 7) -> Speed:
    """Return the medians over interleaved rounds, on one thread of OpenCV's."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return _measured(frame, rounds)
    finally:
        cv2.setNumThreads(threads)


def _measured(frame: Pixels, rounds: int) -> Speed:
    height, width = frame.shape[:2]
    small, factor = shrink(frame, SMALL_SIDE)
    sheet = find_sheet(frame, small=small)
    assert sheet is not None, "the frame to time must hold a sheet"
    shape = choose_format(sheet.quad, width, height)
    page = flatten(frame, sheet.quad, shape.width, shape.height)
    small_quad = (sheet.quad - (factor - 1) / 2) / factor
    thumb = flatten(small, small_quad, *thumb_size(shape))
    light = measure_light(thumb)
    seen = Seen(page, thumb, light, sheet.quad, sheet.support, 2000.0, 200.0, width, height)
    evened = even(page, light, shape.kind)
    preview, _ = shrink(frame, 1280)
    jpeg = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    jobs: dict[str, Callable[[], object]] = {
        "shrink": lambda: shrink(frame, SMALL_SIDE),
        "find": lambda: find_sheet(frame, small=small),
        "flatten": lambda: flatten(frame, sheet.quad, shape.width, shape.height),
        "bows": lambda: read_bend(small, sheet.quad, factor),
        "light": lambda: measure_light(flatten(small, small_quad, *thumb_size(shape))),
        "turn": lambda: find_turn(page, light.level),
        "judge": lambda: measure(seen),
        "even": lambda: even(page, light, shape.kind),
        "encode": lambda: encode(evened),
        "whole": lambda: capture(frame),
        "floor": lambda: cv2.imencode(".jpg", warped(frame, sheet.quad, shape.width, shape.height), jpeg),
        "preview": lambda: preview_outline(preview),
    }
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(rounds + 1):
        for name, job in jobs.items():
            began = time.thread_time()
            job()
            if turn:
                taken[name].append((time.thread_time() - began) * 1000)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    whole, floor, outline = (medians.pop(name) for name in ("whole", "floor", "preview"))
    return Speed(medians, whole, floor, outline)


def warped(frame: Pixels, quad: Quad, width: int, height: int) -> Pixels:
    """Return the page as everybody's recipe makes it, with OpenCV's own warp."""
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    warp = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    page: Pixels = cv2.warpPerspective(
        frame, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=3264, help="of the frame, 4:3; 4056 is a camera of 12 MP")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--scenes", nargs="*", default=["plain", "wood", "light", "shadow", "clutter", "idcard"])
    arguments = parser.parse_args()
    height = round(arguments.width * 3 / 4)
    ratios = []
    for name in arguments.scenes:
        frame = make_capture(FULL_RANGE[name], 1, width=arguments.width, height=height, name=name).pixels
        speed = measure_speed(frame, rounds=arguments.rounds)
        ratios.append(speed.ratio)
        steps = "  ".join(f"{step} {value:.1f}" for step, value in speed.steps.items())
        print(
            f"{name:<9} whole {speed.whole:6.1f} ms  floor {speed.floor:5.1f} ms  ratio {speed.ratio:4.2f}  | {steps}"
            f"  | preview {speed.preview:.1f}"
        )
    print(f"ratio, median of the scenes: {np.median(ratios):.2f} (at most {RATIO_MAX} is wanted)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Score the finder and the usual recipes: `python -m tests.support.capture_score --scenes 12 --seeds 12`.

Usable means that the found quad overlaps the true one by an IoU of 0.95 or more. All finders see the same pictures in
the same run. `--hard` takes the hard set, `--gate` scores the judge's two kinds of error instead.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from edge.capture import Measures, capture
from edge.capture.find import find_sheet
from firmware.ports import Pixels
from tests.support.capture_generator import FULL_RANGE, HARD, PLAIN, Capture, Points, make_capture
from tests.support.capture_peers import PEERS
from tests.support.capture_unseen import UNSEEN, unseen_set

USABLE_IOU = 0.95
SIZES = ((1600, 1200), (1280, 960), (1920, 1080), (2592, 1944))
Finder = Callable[[Capture], Points | None]


@dataclass(slots=True)
class Score:
    """One finder's results."""

    overlaps: dict[str, list[float]] = field(default_factory=dict)  # by scene
    corner_errors: list[float] = field(default_factory=list)  # % of the frame's diagonal, of usable ones
    milliseconds: list[float] = field(default_factory=list)

    @property
    def all(self) -> list[float]:
        return [value for values in self.overlaps.values() for value in values]

    def usable(self, scene: str | None = None) -> float:
        values = self.all if scene is None else self.overlaps[scene]
        return float(np.mean([value >= USABLE_IOU for value in values]))


def overlap(found: Points | None, true: Points) -> float:
    """Return intersection over union of two convex quads, 0 when nothing was found."""
    if found is None:
        return 0.0
    one, two = cv2.convexHull(found.astype(np.float32)), true.astype(np.float32)
    common, _ = cv2.intersectConvexConvex(one, two)
    union = cv2.contourArea(one) + cv2.contourArea(two) - common
    return float(common / max(union, 1e-9))


def corner_error(found: Points, true: Points, frame: Pixels) -> float:
    """Return the mean distance of corners in % of the frame's diagonal, whichever corner is called the first."""
    turns = [
        np.linalg.norm(np.roll(found[::way], shift, axis=0) - true, axis=1).mean()
        for way in (1, -1)
        for shift in range(4)
    ]
    return float(min(turns)) / float(np.hypot(*frame.shape[:2])) * 100


def ours(capture: Capture) -> Points | None:
    sheet = find_sheet(capture.pixels)
    return None if sheet is None else sheet.quad


def ours_with_desk(capture: Capture) -> Points | None:
    sheet = find_sheet(capture.pixels, capture.empty_desk)
    return None if sheet is None else sheet.quad


def finders(*, with_desk: bool) -> dict[str, Finder]:
    peers = {name: _peer(find) for name, find in PEERS.items()}
    return peers | {"ours": ours} | ({"ours + desk": ours_with_desk} if with_desk else {})


def _peer(find: Callable[[Pixels], Points | None]) -> Finder:
    return lambda capture: find(capture.pixels)


def score(captures: Iterable[Capture], compared: dict[str, Finder]) -> dict[str, Score]:
    """Return each finder's score over these captures."""
    scores = {name: Score() for name in compared}
    for picture in captures:
        for name, find in compared.items():
            began = time.perf_counter()
            found = find(picture)
            scores[name].milliseconds.append((time.perf_counter() - began) * 1000)
            value = overlap(found, picture.corners)
            scores[name].overlaps.setdefault(picture.scene, []).append(value)
            if found is not None and value >= USABLE_IOU:
                scores[name].corner_errors.append(corner_error(found, picture.corners, picture.pixels))
    return scores


def captures(scenes: Iterable[str], seeds: Iterable[int], *, with_desk: bool) -> Iterable[Capture]:
    everything = FULL_RANGE | HARD
    seeds = list(seeds)
    for name in scenes:
        for seed in seeds:
            width, height = SIZES[seed % len(SIZES)]
            yield make_capture(everything[name], seed, width=width, height=height, name=name, with_desk=with_desk)


def table(scores: dict[str, Score]) -> str:
    """Return the scores as a table for people."""
    lines = [f"{'finder':<15}{'IoU':>7}{'usable':>8}{'>=.98':>7}{'corner %':>10}{'ms':>7}  weak scenes (usable share)"]
    for name, result in scores.items():
        weak = [f"{scene} {result.usable(scene):.2f}" for scene in result.overlaps if result.usable(scene) < 0.95]
        fine = np.mean([value >= 0.98 for value in result.all])
        error = np.median(result.corner_errors) if result.corner_errors else float("nan")
        lines.append(
            f"{name:<15}{np.mean(result.all):>7.3f}{result.usable():>8.3f}{fine:>7.3f}{error:>10.2f}"
            f"{np.median(result.milliseconds):>7.1f}  {', '.join(weak)}"
        )
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Gated:
    """One capture as the judge saw it, beside what is true of it."""

    fault: str
    severity: float
    readable: bool | None  # None: people would not agree
    taken: bool
    code: str
    measures: Measures


SEVERITIES: dict[str, tuple[float, ...]] = {
    "none": (0.0,),
    "blur": (1.0, 1.5, 1.8, 2.4, 3.0, 3.6, 4.5),  # σ in page pixels of 200 dpi
    "motion": (3.0, 5.0, 8.0, 12.0, 16.0),  # length in page pixels
    "dark": (0.5, 0.2, 0.1, 0.06, 0.03, 0.012),  # of the light, at a noise of 4
    "glare": (0.1, 0.15, 0.25, 0.5, 0.9, 1.4),  # peak, in units of the paper's white
    "finger": (0.04, 0.08, 0.14, 0.22),  # reach over the sheet, of its width
    "cut": (0.02, 0.05, 0.10),  # of the frame's width
}


def gated(fault: str, severity: float, seed: int, *, width: int = 2592) -> Gated:
    """Return the judge's word on one capture with one fault, and the truth as the generator knows it."""
    scene = replace(PLAIN, desks=("dark", "wood", "light"), blur_px=(0.3, 0.5), fill=(0.9, 0.94), turn_degrees=(-3, 3))
    if fault == "blur":
        blur = severity * _page_scale(width)
        scene = replace(scene, blur_px=(blur, blur))
    elif fault == "motion":
        scene = replace(scene, motion_px=(severity * _page_scale(width),) * 2)
    elif fault == "dark":
        scene = replace(scene, light=(severity, severity), noise=(4.0, 4.0))
    elif fault == "glare":
        scene = replace(scene, glare=(severity, severity))
    elif fault == "finger":
        scene = replace(scene, finger=(severity, severity))
    elif fault == "cut":
        scene = replace(scene, push=severity)
    picture = make_capture(scene, seed, width=width, height=round(width * 3 / 4), name=f"{fault}{severity}")
    page = capture(picture.pixels)
    return Gated(fault, severity, _readable(fault, severity, picture), page.usable, page.verdict.code, page.measures)


def _page_scale(width: int) -> float:
    return width * 3 / 4 * 0.92 / 2339  # frame pixels per page pixel, as the gate's scene fills the frame


def _readable(fault: str, severity: float, picture: Capture) -> bool | None:
    """Return what is true: between the bounds people differ, and nothing is counted."""
    if fault == "glare" and picture.print_washed < 0.005:
        return True if picture.print_pale < 0.005 else None
    low, high, value = {
        "none": (1.0, 2.0, 0.0),
        "blur": (1.9, 2.9, severity),
        "motion": (5.5, 11.0, severity),
        "dark": (-3.0, -1.0, -0.84 * 245 * severity / 4.0),
        "glare": (0.0, 0.0, picture.print_washed),
        "finger": (0.0005, 0.005, picture.print_lost),
        "cut": (0.0, 0.0, severity),
    }[fault]
    return True if value < low else False if value > high else None


def gate_table(results: list[Gated]) -> str:
    """Return both kinds of error, by fault and severity, as a table for people."""
    lines = [f"{'fault':<8}{'severity':>9}{'taken':>8}{'readable refused':>18}{'unreadable passed':>19}  verdicts"]
    for fault, severity in dict.fromkeys((each.fault, each.severity) for each in results):
        some = [each for each in results if (each.fault, each.severity) == (fault, severity)]
        codes = Counter(each.code for each in some)
        lines.append(
            f"{fault:<8}{severity:>9g}{sum(each.taken for each in some):>4}/{len(some):<3}"
            f"{_errors(some, readable=True):>18}{_errors(some, readable=False):>19}"
            f"  {', '.join(f'{code} {count}' for code, count in codes.most_common())}"
        )
    lines.append(f"{'all':<25}{_errors(results, readable=True):>18}{_errors(results, readable=False):>19}")
    return "\n".join(lines)


def _errors(results: list[Gated], *, readable: bool) -> str:
    known = [each for each in results if each.readable is readable]
    return f"{sum(each.taken is not readable for each in known)}/{len(known)}" if known else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=len(FULL_RANGE), help="how many of the full range's scenes")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--hard", action="store_true", help="the hard set instead")
    parser.add_argument("--unseen", action="store_true", help="the held-out generator's pictures instead")
    parser.add_argument("--gate", action="store_true", help="the judge's errors instead")
    parser.add_argument("--desk", action="store_true", help="also with the empty desk as a reference")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    if arguments.gate:
        results = [
            gated(fault, value, seed) for fault, values in SEVERITIES.items() for value in values for seed in seeds
        ]
        print(gate_table(results))
        return 0
    if arguments.unseen:
        print(table(score(unseen_set(UNSEEN, seeds), finders(with_desk=False))))
        return 0
    names = list(HARD) if arguments.hard else list(FULL_RANGE)[: arguments.scenes]
    pictures = captures(names, seeds, with_desk=arguments.desk)
    print(table(score(pictures, finders(with_desk=arguments.desk))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

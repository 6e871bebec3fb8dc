"""Score the finder and the usual recipes on seeded captures: `python -m tests.support.capture_score --scenes 12 --seeds 12`.

Usable means that the found quad overlaps the true one by an IoU of 0.95 or more. All finders see the same pictures in the same run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from edge.capture.find import find_sheet
from firmware.ports import Pixels
from tests.support.capture_generator import FULL_RANGE, HARD, Capture, Points, make_capture
from tests.support.capture_peers import PEERS

USABLE_IOU = 0.95
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
    peers: dict[str, Finder] = {name: (lambda capture, find=find: find(capture.pixels)) for name, find in PEERS.items()}
    return peers | {"ours": ours} | ({"ours + desk": ours_with_desk} if with_desk else {})


def score(captures: Iterable[Capture], compared: dict[str, Finder]) -> dict[str, Score]:
    """Return each finder's score over these captures."""
    scores = {name: Score() for name in compared}
    for capture in captures:
        for name, find in compared.items():
            began = time.perf_counter()
            found = find(capture)
            scores[name].milliseconds.append((time.perf_counter() - began) * 1000)
            value = overlap(found, capture.corners)
            scores[name].overlaps.setdefault(capture.scene, []).append(value)
            if found is not None and value >= USABLE_IOU:
                scores[name].corner_errors.append(corner_error(found, capture.corners, capture.pixels))
    return scores


def captures(scenes: Iterable[str], seeds: Iterable[int], *, with_desk: bool) -> Iterable[Capture]:
    everything = FULL_RANGE | HARD
    seeds = list(seeds)
    for name in scenes:
        for seed in seeds:
            yield make_capture(everything[name], seed, name=name, with_desk=with_desk)


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=len(FULL_RANGE), help="how many of the full range's scenes")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--hard", action="store_true", help="the hard set instead")
    parser.add_argument("--desk", action="store_true", help="also with the empty desk as a reference")
    arguments = parser.parse_args()
    names = list(HARD) if arguments.hard else list(FULL_RANGE)[: arguments.scenes]
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    pictures = captures(names, seeds, with_desk=arguments.desk)
    print(table(score(pictures, finders(with_desk=arguments.desk))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

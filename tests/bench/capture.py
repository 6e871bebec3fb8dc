"""Where sheets lie, beside the usual recipes; how straight the print of curled ones becomes; and a camera's frame to
the encoded page, beside warp and JPEG alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from edge.capture import capture
from firmware.ports import Pixels
from tests.bench.figures import Figure
from tests.support.capture_generator import CURLED, FULL_RANGE, make_capture
from tests.support.capture_score import USABLE_IOU, Score, captures, finders, score
from tests.support.capture_speed import measure_speed
from tests.support.capture_unbent import compared, curled
from tests.support.capture_unseen import UNSEEN, UNSEEN_HARD, unseen_set

WIDTH, HEIGHT = 4056, 3040  # 12 MP
PAGE_GOAL = 2.2
PAGE_SCENES = ("wood", "plain", "light", "shadow", "clutter")  # sheets of A4: a card's floor is a tenth of its frame's
SEEDS = range(300, 302)  # two of each of the scenes; `capture_score` takes as many as one likes
HELD_OUT_SEEDS = range(300, 305)  # 95 pictures: of 38 a single one that is missed is 2.6 %
HARD_SEEDS = range(300, 304)
HARD_SCENES = ("white", "combo")
UNSEEN_SIZE = (1280, 960)


def figures() -> list[Figure]:
    """Return the finder's figures on both generators, and the time of a page."""
    tuned = score(captures(FULL_RANGE, SEEDS, with_desk=False), finders(with_desk=False))
    hard = score(captures(HARD_SCENES, HARD_SEEDS, with_desk=False), finders(with_desk=False))
    held_out = score(unseen_set(UNSEEN, HELD_OUT_SEEDS, UNSEEN_SIZE), finders(with_desk=False))
    return [
        *_found("full range", tuned, 1.25),
        *_found("held out", held_out, 1.25),
        _compared("hard set", hard, HARD_SCENES, 1.5),
        _compared("hard set, held out", held_out, UNSEEN_HARD, 1.5),
        _corners(tuned, held_out),
        unbent(),
        *frame_to_page(),
    ]


def _found(name: str, scores: dict[str, Score], ahead: float) -> list[Figure]:
    ours = scores["ours"]
    weak = [f"{scene} {ours.usable(scene):.2f}" for scene in ours.overlaps if ours.usable(scene) < 1]
    return [
        Figure(
            name=f"sheets found, {name}",
            value=ours.usable(),
            unit="of all",
            floor=None,
            floor_name="",
            goal=0.98,
            better="higher",
            note=f"IoU at least {USABLE_IOU}, {len(ours.all)} pictures; {', '.join(weak) or 'none missed'}",
        ),
        _compared(name, scores, tuple(ours.overlaps), ahead),
    ]


def _compared(name: str, scores: dict[str, Score], scenes: Iterable[str], ahead: float) -> Figure:
    shares = {
        finder: float(np.mean([value >= USABLE_IOU for scene in scenes for value in result.overlaps[scene]]))
        for finder, result in scores.items()
    }
    ours = shares.pop("ours")
    best = max(shares, key=lambda finder: shares[finder])
    return Figure(
        name=f"sheets found, {name}, beside recipes",
        value=ours,
        unit="of all",
        floor=max(shares[best], 1e-3),
        floor_name=f"of all: {best}",
        goal=ahead,
        better="higher",
        note=", ".join(f"{finder} {share:.2f}" for finder, share in shares.items()),
    )


def _corners(*runs: dict[str, Score]) -> Figure:
    """Compare the errors of corners where both found the sheet: the recipe is the best of them at this."""
    medians = {
        finder: float(np.median([error for run in runs for error in run[finder].corner_errors] or [100.0]))
        for finder in runs[0]
    }
    ours = medians.pop("ours")
    best = min(medians, key=lambda finder: medians[finder])
    return Figure(
        name="corner error of sheets found, median",
        value=ours,
        unit="% of diagonal",
        floor=medians[best],
        floor_name=f"%: {best}",
        goal=0.5,
        better="lower",
        note=", ".join(f"{finder} {error:.2f}" for finder, error in medians.items()),
    )


def unbent() -> Figure:
    """Compare curled sheets' pages with what their four corners alone would give."""
    pairs = [pair for picture in curled(CURLED, SEEDS) if (pair := compared(picture)) is not None]
    corners, bend = (float(np.mean([max(pair[i].rows, pair[i].columns) for pair in pairs])) for i in (0, 1))
    desk = ", ".join(f"{100 * np.mean([pair[i].desk + pair[i].cut for pair in pairs]):.2f}" for i in (0, 1))
    return Figure(
        name="print of curled sheets off the straight, at most, mean",
        value=bend,
        unit="page pixels",
        floor=corners,
        floor_name="page pixels: four corners alone",
        goal=0.3,
        better="lower",
        note=f"{len(pairs)} pictures; desk shown or sheet cut, % of the page, before and after: {desk}",
    )


def frame_to_page() -> list[Figure]:
    """Return the time of a page over its floor's, of the scene whose ratio is the median of all."""
    speeds = sorted((measure_speed(_frame(scene), rounds=5) for scene in PAGE_SCENES), key=lambda speed: speed.ratio)
    middle = speeds[len(speeds) // 2]
    steps = ", ".join(f"{name} {ms:.0f}" for name, ms in middle.steps.items())
    ratios = ", ".join(f"{speed.ratio:.2f}" for speed in speeds)
    return [
        Figure(
            name="frame to encoded page, p50",
            value=middle.whole,
            unit="ms",
            floor=middle.floor,
            floor_name="ms: warp + JPEG alone",
            goal=PAGE_GOAL,
            better="lower",
            note=f"12 megapixels, A4, one thread; {steps} ms; the median of {len(speeds)} scenes: {ratios}",
        )
    ]


def a_page() -> bytes:
    """Return one page as a window would send it."""
    return capture(_frame()).jpeg


def _frame(scene: str = "wood") -> Pixels:
    return make_capture(FULL_RANGE[scene], 1, width=WIDTH, height=HEIGHT, name=scene).pixels

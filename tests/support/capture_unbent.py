"""Score what is made of curled sheets: `python -m tests.support.capture_unbent --seeds 12`.

From the generator's truth: how far lines of print and columns are from straight on the page, how far places are from
where they belong, and how much of the page is desk or of the sheet is cut off; as found alone, and unbent.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from edge.capture.curl import read_bend
from edge.capture.find import SMALL_SIDE, find_sheet
from edge.capture.quad import Quad
from edge.capture.shrink import shrink
from tests.support.capture_curl import GRID
from tests.support.capture_generator import CURLED, Capture, Points, make_capture
from tests.support.capture_score import SIZES, overlap

_LONG = 2339  # pixels, of a page of A4


@dataclass(frozen=True, slots=True)
class Straightness:
    """One page, all in pixels of a page of A4 at 200 dpi, shares 0 to 1."""

    rows: float  # the most by which a line of print is off the straight
    columns: float
    rims: float  # the same of the four sides
    places: float  # mean distance of a place from where it belongs
    desk: float  # share of the page that shows desk
    cut: float  # share of the sheet that is not on the page
    overlap: float  # IoU of the corners


def straightness(picture: Capture, corners: Quad, seen: Points) -> Straightness:
    """Return how good a page is of which GRID × GRID × 2 places, evenly spread, were taken from `seen` in the frame."""
    assert picture.bent is not None, "a curled sheet is wanted"
    true = _turned_like(picture.bent, seen)
    miss = (seen - true).reshape(-1, 2)
    # What the frame's pixels are on the page: by the true sheet's own neighbours.
    across, down = np.gradient(true, axis=1).reshape(-1, 2), np.gradient(true, axis=0).reshape(-1, 2)
    frame_of = np.stack([across, down], axis=-1) * (GRID - 1)
    size = (_LONG / 2**0.5, _LONG) if picture.kind == "a4" else (_LONG, _LONG)
    away = np.linalg.solve(frame_of, miss[..., None])[..., 0].reshape(GRID, GRID, 2) * np.array(size)
    rows, columns = _off_straight(away[..., 1].T), _off_straight(away[..., 0])
    page = np.concatenate([seen[0], seen[:, -1], seen[-1, ::-1], seen[::-1, 0]])
    sheet = np.concatenate([true[0], true[:, -1], true[-1, ::-1], true[::-1, 0]])
    shape = picture.pixels.shape[:2]
    one, two = (
        cv2.fillPoly(np.zeros(shape, np.uint8), [np.int32(np.round(part * 16))], 1, shift=4) > 0
        for part in (page, sheet)
    )
    return Straightness(
        rows=float(rows.max()),
        columns=float(columns.max()),
        rims=float(max(rows[[0, -1]].max(), columns[[0, -1]].max())),
        places=float(np.linalg.norm(away, axis=-1).mean()),
        desk=float((one & ~two).sum() / one.sum()),
        cut=float((two & ~one).sum() / two.sum()),
        overlap=overlap(corners, picture.corners),
    )


def _turned_like(true: Points, seen: Points) -> Points:
    """Return the truth turned by the quarters that bring its corners nearest: the finder knows no up."""
    return min((np.rot90(true, quarters) for quarters in range(4)), key=lambda some: float(np.abs(some - seen).sum()))


def _off_straight(away: Points) -> Points:
    """Return for n places × m lines how far each line's places are off the line through its ends, the most: m."""
    share = np.linspace(0, 1, len(away))[:, None]
    return np.asarray(np.abs(away - away[:1] * (1 - share) - away[-1:] * share).max(axis=0))


def compared(picture: Capture) -> tuple[Straightness, Straightness] | None:
    """Return the page by its corners alone, and unbent: the same when no bend is seen. None: no sheet was found."""
    small, factor = shrink(picture.pixels, SMALL_SIDE)
    sheet = find_sheet(picture.pixels, small=small)
    if sheet is None:
        return None
    share = np.linspace(0, 1, GRID)
    plane = cv2.getPerspectiveTransform(
        np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), sheet.quad.astype(np.float32)
    )
    even = np.stack(np.meshgrid(share, share), axis=-1).reshape(1, -1, 2)
    before = straightness(picture, sheet.quad, cv2.perspectiveTransform(even, plane).reshape(GRID, GRID, 2))
    bend = read_bend(small, sheet.quad, factor)
    if bend is None:
        return before, before
    return before, straightness(picture, bend.quad, np.stack(bend.places(share, share), axis=-1))


def curled(scenes: Iterable[str], seeds: Iterable[int]) -> Iterable[Capture]:
    """Return the captures of these scenes of `CURLED` and seeds."""
    seeds = list(seeds)
    for name in scenes:
        for seed in seeds:
            width, height = SIZES[seed % len(SIZES)]
            yield make_capture(CURLED[name], seed, width=width, height=height, name=name)


def table(results: list[tuple[Capture, tuple[Straightness, Straightness] | None]], *, each: bool) -> str:
    """Return the scores as a table for people."""
    lines = [f"{'':<24}{'':>8}{'rows':>7}{'columns':>8}{'rims':>7}{'places':>7}{'desk %':>8}{'cut %':>7}{'IoU':>7}"]
    if each:
        for picture, pair in results:
            for name, one in zip(("found", "unbent"), pair or (), strict=False):
                lines.append(_line(f"{picture.scene} {picture.seed}", name, [one]))
    found = [pair for _, pair in results if pair]
    lines += [_line("mean", name, [pair[i] for pair in found]) for i, name in enumerate(("found", "unbent"))]
    changed = [pair for pair in found if pair[0] is not pair[1]]
    worse = sum(pair[1].places > pair[0].places for pair in changed)
    lines.append(f"{len(results)} sheets, {len(found)} found, {len(changed)} unbent, {worse} of them worse")
    return "\n".join(lines)


def _line(what: str, name: str, some: list[Straightness]) -> str:
    parts = [float(np.mean([getattr(one, part) for one in some])) for part in Straightness.__slots__]
    rows, columns, rims, places, desk, cut, iou = parts
    return (
        f"{what:<24}{name:>8}{rows:>7.1f}{columns:>8.1f}{rims:>7.1f}{places:>7.1f}"
        f"{100 * desk:>8.2f}{100 * cut:>7.2f}{iou:>7.3f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--each", action="store_true", help="a line for each sheet")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    results = [(picture, compared(picture)) for picture in curled(CURLED, seeds)]
    print(table(results, each=arguments.each))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Paper that does not lie flat: a sheet bent in one direction, exactly as paper bends, never stretched.

Goes to `capture_generator.py`, which draws it, and to `capture_unbent.py`, which scores what was made of it. Rulings,
the straight lines that every bent paper has, run along a side (a sheet that was rolled) or slanted (a corner that
stands up). Lengths on the paper are lengths along the bend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Project = Callable[[Points], Points]
"""n × 3 millimetres, the sheet's middle at 0, 0, 0 and z towards the camera -> n × 2 frame pixels."""
Maps = tuple[Floats, Floats]
"""Where on the paper each pixel of the frame lies, x and y, of its width and height; outside 0 to 1 there is desk."""

SHAPES = ("arch", "trough", "end", "corner")
GRID = 33  # places along and across at which the truth is stated
_STATIONS = 400


@dataclass(frozen=True, slots=True)
class Bend:
    """How one sheet is bent."""

    shape: str  # of SHAPES
    way: float  # radians: the direction along which it bends, 0 is from left to right
    rise: float  # mm
    size_mm: tuple[float, float]
    begin: float  # where a standing end or corner begins, 0 to 1 of the way along

    def lifted(self, points: Points) -> Points:
        """Return n × 3 mm for n × 2 points of the paper, mm from its middle."""
        way, across = self._ways()
        along, beside = points @ way, points @ across
        place, moved, height = self._profile()
        flat = np.outer(np.interp(along, place, moved), way) + np.outer(beside, across)
        return np.column_stack([flat, np.interp(along, place, height)])

    def slopes(self, points: Points) -> Points:
        """Return n × 2: by how much the paper rises there, to the right and downwards."""
        way, _ = self._ways()
        place, moved, height = self._profile()
        return np.outer(np.interp(points @ way, place, np.gradient(height, moved)), way)

    def _ways(self) -> tuple[Points, Points]:
        way = np.array([np.cos(self.way), np.sin(self.way)])
        return way, np.array([-way[1], way[0]])

    def _profile(self) -> tuple[Points, Points, Points]:
        """Return places along the paper, how far each comes to lie from the middle, and how high; all mm."""
        way, _ = self._ways()
        reach = (abs(way[0]) * self.size_mm[0] + abs(way[1]) * self.size_mm[1]) / 2
        share = np.linspace(0, 1, _STATIONS)
        height = (
            self.rise
            * {
                "arch": 4 * share * (1 - share),
                "trough": (2 * share - 1) ** 2,
                "end": np.maximum(0, (share - self.begin) / (1 - self.begin)) ** 2,
                "corner": np.maximum(0, (share - self.begin) / (1 - self.begin)) ** 2,
            }[self.shape]
        )
        place = (share * 2 - 1) * reach
        steep = np.clip(np.gradient(height, place), -0.7, 0.7)
        step = place[1] - place[0]
        moved = np.cumsum(np.sqrt(1 - steep**2)) * step
        rises = np.cumsum(steep) * step
        return place, moved - np.interp(0, place, moved), rises - rises.min()


def draw_bend(rng: np.random.Generator, rise: float, size_mm: tuple[float, float]) -> Bend:
    """Return a bend of that rise, as a share of the sheet's longer side."""
    shape = SHAPES[int(rng.integers(len(SHAPES)))]
    quarter = int(rng.integers(4)) * np.pi / 2
    slant = float(rng.uniform(np.pi / 6, np.pi / 3)) if shape == "corner" else 0.0
    begin = float(rng.uniform(0.6, 0.75) if shape == "corner" else rng.uniform(0.2, 0.6))
    return Bend(shape, quarter + slant, rise * max(size_mm), size_mm, begin)


def grid_points(size_mm: tuple[float, float]) -> Points:
    """Return GRID × GRID × 2 places on the paper, mm from its middle, row by row from the upper left."""
    shares = np.linspace(-0.5, 0.5, GRID)
    x, y = np.meshgrid(shares * size_mm[0], shares * size_mm[1])
    return np.stack([x, y], axis=-1)


def seen_grid(bend: Bend, project: Project) -> Points:
    """Return where the frame, before its lens, shows these places."""
    return project(bend.lifted(grid_points(bend.size_mm).reshape(-1, 2))).reshape(GRID, GRID, 2)


def paper_maps(bend: Bend, project: Project, width: int, height: int) -> tuple[Maps, Floats]:
    """Return for each pixel of the frame where on the paper it lies, and how much the paper there leans.

    The plane's homography, corrected by what the bend adds at the place found last, until it stays: the bend is slight.
    """
    wide, high = bend.size_mm
    shares = np.linspace(-0.75, 0.75, 121)
    some = np.stack(np.meshgrid(shares * wide, shares * high), axis=-1)
    on_desk = project(np.column_stack([some.reshape(-1, 2), np.zeros(some.size // 2)]))
    moved = (project(bend.lifted(some.reshape(-1, 2))) - on_desk).reshape(*some.shape).astype(np.float32)
    leans = bend.slopes(some.reshape(-1, 2)).reshape(some.shape).astype(np.float32)
    span = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    inverse = cv2.getPerspectiveTransform(
        project(np.column_stack([span, np.zeros(4)])).astype(np.float32),
        np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32),
    ).astype(np.float32)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    at_x, at_y = columns, rows
    for _ in range(9):
        scale = inverse[2, 0] * at_x + inverse[2, 1] * at_y + inverse[2, 2]
        x = (inverse[0, 0] * at_x + inverse[0, 1] * at_y + inverse[0, 2]) / scale
        y = (inverse[1, 0] * at_x + inverse[1, 1] * at_y + inverse[1, 2]) / scale
        cell_x, cell_y = (np.clip((part - 0.5 + 0.75) * 80, 0, 120) for part in (x, y))
        offset = cv2.remap(moved, cell_x, cell_y, cv2.INTER_LINEAR)
        at_x, at_y = columns - offset[..., 0], rows - offset[..., 1]
    return (x, y), np.asarray(cv2.remap(leans, cell_x, cell_y, cv2.INTER_LINEAR), np.float32)

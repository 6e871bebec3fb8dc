"""A thumbnail of the page -> how the light falls on its paper, without what is printed or lies on it.

The thumbnail is the flattened sheet at an eighth of the page's size. Its light goes to `flatten.py`, which evens the
page with it, and to `judge.py`, which compares what is there with what bare paper would look like.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.levels import middle
from firmware.ports import Pixels

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

THUMB: Final = 8  # page pixels to one of the thumbnail
_SHADOW_MIN: Final = 0.3  # of the light that the sheet's smooth light would have: darker is print, not shadow
_COLOUR_MAX: Final = (
    0.10  # how far a shadow's colour may differ from the paper's, as a ratio: more is a seal, photo, finger
)


@dataclass(frozen=True, slots=True)
class Light:
    """The light on one sheet."""

    level: Floats  # what bare paper has here, 1 to 255, thumbnail's height × width
    smooth: Floats  # the same without shadows and reflections: a surface of second degree
    colour: Floats  # 3: the paper's blue, green and red against its level
    foreign: Mask  # where something coloured and large hides the paper

    @property
    def brightness(self) -> float:
        """Return the paper's usual level, 1 to 255."""
        return middle(self.level[::3, ::3])


def measure_light(thumb: Pixels) -> Light:
    """Return the light on the sheet that this thumbnail shows."""
    height, width = thumb.shape[:2]
    reach = max(3, round(0.06 * min(height, width)) | 1)
    calm = cv2.blur(thumb, (3, 3))  # the brightest of many noisy pixels is no measure of paper
    closed = cv2.morphologyEx(calm, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (reach, reach)))
    closed = closed.astype(np.float32) + 0.5
    level = cv2.cvtColor(closed, cv2.COLOR_BGR2GRAY)
    ratios = closed / level[..., None]
    some = level[::3, ::3]
    lit = ratios[::3, ::3][some >= np.percentile(some, 55)]
    colour = np.array([middle(part) for part in lit.T], np.float32)
    blue, green, red = (
        cv2.absdiff(part / part_usual, 1.0) for part, part_usual in zip(cv2.split(ratios), colour, strict=True)
    )
    foreign = cv2.max(cv2.max(blue, green), red) > _COLOUR_MAX
    # What shines is white whatever the paper's colour is: no foreign thing.
    foreign &= level < 0.97 * np.percentile(some, 90)
    smooth = smooth_light(level, ~foreign)
    foreign |= level < _SHADOW_MIN * smooth
    foreign = cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    filled = cv2.GaussianBlur(np.where(foreign, smooth, level).astype(np.float32), (0, 0), 1.5)
    # Closing is a maximum, and in the dark the maximum is noise: brought down to what most of the bare paper has.
    share = (cv2.cvtColor(calm, cv2.COLOR_BGR2GRAY) + 0.5) / filled
    share, known = share[::3, ::3], ~foreign[::3, ::3]
    bare = share[(share >= np.quantile(share, 0.5)) & known]
    usual = float(np.clip(middle(bare), 0.5, 1.0)) if bare.size else 1.0
    return Light(np.clip(filled * usual, 1, 255), np.clip(smooth * usual, 1, 255), colour, foreign)


def smooth_light(level: Floats, trusted: Mask) -> Floats:
    """Return the second-degree surface through the paper's light; shadows and reflections are outvoted.

    Args:
        level: what bare paper has, grey levels.
        trusted: where to look; everywhere when that is too little.
    """
    height, width = level.shape
    step = max(1, min(height, width) // 28)
    some, use = level[::step, ::step], trusted[::step, ::step]
    rows, columns = np.mgrid[-1 : 1 : some.shape[0] * 1j, -1 : 1 : some.shape[1] * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(rows), columns, rows, columns * rows, columns**2, rows**2], axis=-1)
    if use.sum() < 30:
        use = np.ones_like(use)
    here, value = terms[use], some[use]
    weight = np.ones_like(value)
    answer = np.zeros(6, np.float32)
    ridge = np.eye(6) * 1e-4 * len(value)  # a sheet nearly all covered leaves little to hold on to
    for _ in range(6):
        weighed = here * weight[:, None]
        answer = np.linalg.solve(weighed.T @ weighed + ridge, weighed.T @ (value * weight)).astype(np.float32)
        miss = np.abs(here @ answer - value)
        weight = 1 / (1 + (miss / max(2.0, 1.5 * middle(miss))) ** 2)
    surface = cv2.resize((terms @ answer).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(surface, 1, 255), np.float32)

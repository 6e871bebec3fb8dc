"""A flat page -> how it must be turned so that its print stands upright.

Chinese print says it in each character: strokes hang from horizontal tops and open downwards. A very small network,
taught on printed characters (tests/support/capture_turn_training.py made `turn_weights.npz`), sees each of them in the
four turns and votes; a page turns only when the votes are far from chance. A blank or drawn page stays as it lies.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.light import Floats
from firmware.ports import Pixels

GLYPH: Final = 16  # pixels a side, as the network sees a character
GLYPHS_MAX: Final = 260  # of one page; fewer are as sure on most
_SIDE_MIN: Final = 7  # page pixels of a character
_SIDE_MAX: Final = 72
_SQUARE_MIN: Final = 0.62  # width over height, or the other way round
_INK: Final = 0.78  # of the paper's light: darker is ink
_WINDOW: Final = 1000  # page pixels: what is looked at, where most is printed
_WINDOW_QUICK: Final = 560  # as much of it as settles most pages, at a fifth of the time
_GLYPHS_QUICK: Final = 110
_PLAIN: Final = 5.0  # standard errors with which the quick look is enough
_VOTES_MIN: Final = 6
_SURE: Final = 3.2  # standard errors by which the best turn must lead the page as it lies

Glyphs = npt.NDArray[np.float32]
"""n × 256: characters of mean 0 and length 1, as they lie."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the print says."""

    quarters: int  # times 90° clockwise that the page must be turned: 0 to 3
    lead: float  # standard errors by which this turn leads the next; 0 when there is no print


def find_turn(page: Pixels, level: Floats) -> Turn:
    """Return the turn that makes this page's print upright.

    Args:
        page: flat, in its own light.
        level: what bare paper has, as `light.measure_light` says, of any size.
    """
    turn = _voted(glyphs(*_window(page, level, _WINDOW_QUICK), reaches=(3,), count_max=_GLYPHS_QUICK))
    return turn if turn.lead > _PLAIN else _voted(glyphs(*_window(page, level, _WINDOW)))


def turned(picture: Pixels, quarters: int) -> Pixels:
    """Return the picture turned clockwise by so many quarters."""
    ways = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}
    answer: Pixels = cv2.rotate(picture, ways[quarters]) if quarters else picture
    return answer


def glyphs(
    gray: npt.NDArray[np.uint8],
    bound: npt.NDArray[np.uint8],
    *,
    reaches: tuple[int, ...] = (1, 3, 5),
    count_max: int = GLYPHS_MAX,
) -> Glyphs:
    """Return what may be characters on this grey picture, what is below `bound` (of the same size) being ink.

    The same for a picture and the picture turned by quarters, but for the order.
    """
    ink = cv2.compare(gray, bound, cv2.CMP_LT)
    boxes = []
    for reach in reaches:  # a character's parts grow together at one of these, and lines of text at none
        solid = ink if reach == 1 else cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
        # Closed, what stays apart is four pixels apart: 250 × 250 at most, which 16 bits can number, in half the time.
        numbers = cv2.CV_16U if reach > 1 and max(ink.shape) <= _WINDOW else cv2.CV_32S
        stats = cv2.connectedComponentsWithStats(solid, connectivity=8, ltype=numbers)[2]
        boxes.append(_square_boxes(stats[1:]))
    found = np.concatenate(boxes)
    if not len(found):
        return np.empty((0, GLYPH * GLYPH), np.float32)
    if len(found) > count_max:
        found = found[np.linspace(0, len(found) - 1, count_max).astype(int)]
    lack = cv2.subtract(bound, gray)
    seen = np.empty((len(found), GLYPH, GLYPH), np.float32)
    for index, (left, top, width, height) in enumerate(found.tolist()):
        seen[index] = _framed(lack[top : top + height, left : left + width])
    flat = seen.reshape(len(found), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-3), np.float32)


def _square_boxes(stats: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    width, height, ink = stats[:, 2], stats[:, 3], stats[:, 4]
    large, small = np.maximum(width, height), np.minimum(width, height)
    share = ink / np.maximum(1, width * height)
    kept = (large >= _SIDE_MIN) & (large <= _SIDE_MAX) & (small >= _SQUARE_MIN * large) & (share > 0.12) & (share < 0.8)
    return stats[kept, :4]


def _framed(part: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the character in the middle of a square of GLYPH pixels."""
    height, width = part.shape
    side = max(height, width)
    down, across = (side - height) // 2, (side - width) // 2
    square = cv2.copyMakeBorder(
        part, down, side - height - down, across, side - width - across, cv2.BORDER_CONSTANT, value=0
    )
    kind = cv2.INTER_AREA if side > GLYPH else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (GLYPH, GLYPH), interpolation=kind), np.uint8)


def _window(page: Pixels, level: Floats, side: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the part of the page that holds most print, in grey, and the bound between paper and ink there."""
    height, width = page.shape[:2]
    bound = np.clip(level * _INK, 1, 255).astype(np.uint8)
    thumb = cv2.cvtColor(cv2.resize(page, level.shape[::-1], interpolation=cv2.INTER_NEAREST), cv2.COLOR_BGR2GRAY)
    inked = cv2.compare(thumb, bound, cv2.CMP_LT).astype(np.float32)
    scale = width / level.shape[1]
    reach = max(1, round(side / scale))
    sums = cv2.boxFilter(inked, -1, (reach, reach), normalize=False, borderType=cv2.BORDER_CONSTANT)
    row, column = np.unravel_index(int(np.argmax(sums)), sums.shape)
    top = int(np.clip(row * scale - side / 2, 0, max(0, height - side)))
    left = int(np.clip(column * scale - side / 2, 0, max(0, width - side)))
    part = page[top : top + side, left : left + side]
    rows = slice(int(top / scale), int((top + part.shape[0]) / scale) + 1)
    columns = slice(int(left / scale), int((left + part.shape[1]) / scale) + 1)
    paper = cv2.resize(bound[rows, columns], part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)), np.asarray(paper)


def uprightness(seen: Glyphs, weights: dict[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return n × 4: the logarithm of how likely each character becomes upright by 0 to 3 clockwise quarters."""
    square = seen.reshape(-1, GLYPH, GLYPH)
    ways = np.stack([np.rot90(square, -quarters, axes=(1, 2)).reshape(len(seen), -1) for quarters in range(4)], axis=1)
    hidden = np.maximum(0, ways @ weights["first"] + weights["offset"])
    score = hidden @ weights["second"]
    score = score - score.max(axis=1, keepdims=True)
    return np.asarray(score - np.log(np.exp(score).sum(axis=1, keepdims=True)), np.float32)


def _voted(seen: Glyphs) -> Turn:
    if len(seen) < _VOTES_MIN:
        return Turn(0, 0.0)
    votes = np.maximum(uprightness(seen, _weights()), -4)  # no single character decides
    total = votes.sum(axis=0)
    best = int(np.argmax(total))
    if best == 0:
        return Turn(0, _lead(votes, 0, int(np.argsort(total)[-2])))
    lead = min(_lead(votes, best, other) for other in range(4) if other != best)
    return Turn(best, lead) if lead > _SURE else Turn(0, 0.0)


def _lead(votes: npt.NDArray[np.float32], one: int, other: int) -> float:
    gap = votes[:, one] - votes[:, other]
    return float(gap.mean() / max(1e-6, float(gap.std()) / np.sqrt(len(gap))))


@functools.lru_cache(maxsize=1)
def _weights() -> dict[str, npt.NDArray[np.float32]]:
    with resources.as_file(resources.files("edge.capture") / "turn_weights.npz") as path, np.load(path) as stored:
        scale = stored["scale"].astype(np.float32)
        return {
            "first": stored["first"].astype(np.float32) * scale,
            "offset": stored["offset"].astype(np.float32),
            "second": stored["second"].astype(np.float32),
        }

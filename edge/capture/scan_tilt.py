"""Where bars may stand, at any tilt, and each such place turned upright: what no decoder does by itself.

Bars all have their edges in one direction. The structure tensor says for each place how strong edges are and how much
of one direction; where both are high lies a linear code or a PDF417, or text, hatching, cloth: the decoders decide.
Grey pixels come from `scan.py`, upright patches go back there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.scan_decoders import Gray, Points, Reading

_SIDE_MAX: Final = 400  # pixels of the picture that is searched
_PLACES_MAX: Final = 2
_REACHES: Final = (5, 11)  # pixels of the tensor, two of that small picture each
_SAMPLES: Final = 1000  # pixels of a place that are measured
_ENDS_MAX: Final = 4  # places among which two ends of one code are looked for
_CROOKED_MAX: Final = 10.0  # degrees
_COHERENT: Final = 0.42  # 0: edges in all directions, 1: in one
_EDGES_MIN: Final = 8.0  # grey levels per pixel, root mean square: paper noise has 3
_AREA_MIN: Final = 0.002  # of the picture
_MARGIN: Final = 0.14  # of the place's length, on each side: the quiet zone
_PATCH_SIDE_MAX: Final = 900  # pixels


@dataclass(frozen=True, slots=True)
class Place:
    """Where bars may stand: a turned rectangle in pixels of the picture."""

    centre: tuple[float, float]
    across: float  # pixels, across the bars: the code's length
    along: float  # pixels, along the bars: its height
    tilt: float  # degrees, of the direction across the bars, -90 to 90
    strength: float


@dataclass(frozen=True, slots=True)
class Patch:
    """A place cut out and turned so that its bars stand upright."""

    pixels: Gray
    back: npt.NDArray[np.float64]  # 2 x 3: from the patch to the picture

    def in_picture(self, reading: Reading) -> Reading:
        points: Points = reading.points @ self.back[:, :2].T + self.back[:, 2]
        return Reading(reading.symbology, reading.text, points, reading.lines)


def candidates(gray: Gray) -> list[Place]:
    """Return where bars may stand, strongest first: many, of which some overlap."""
    factor = max(1.0, max(gray.shape) / _SIDE_MAX)
    small = gray
    if factor > 1.0:
        small = cv2.resize(gray, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    right, down = (each.astype(np.float32) / 4 for each in cv2.spatialGradient(small))
    products = [
        cv2.resize(each, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for each in (right * right, down * down, right * down)
    ]
    found: list[Place] = []
    # Two reaches: a small one parts a code from text beside it, a large one holds a wide-barred code together.
    for reach in _REACHES:
        found += _places_at([cv2.blur(each, (reach, reach)) for each in products], 2 * factor)
    return sorted(found, key=lambda place: -place.strength)


def places(found: list[Place], known: Sequence[Reading] = ()) -> list[Place]:
    """Return of these candidates the places to look at, strongest first, at most three.

    Args:
        known: codes that need no place.
    """
    kept: list[Place] = []
    for place in found:
        if any(_same(place, reading) for reading in known):
            continue
        if all(not _alike(place, other) for other in kept):
            kept.append(place)
    ends = [joined for one, other in combinations(kept[:_ENDS_MAX], 2) if (joined := _joined(one, other)) is not None]
    return kept[:_PLACES_MAX] + sorted(ends, key=lambda place: -place.strength)[:1]


def _places_at(tensor: list[npt.NDArray[np.float32]], factor: float) -> Iterator[Place]:
    rr, dd, rd = tensor
    energy = rr + dd
    one_way = cv2.magnitude(rr - dd, 2 * rd)
    level = max(_EDGES_MIN**2, 0.15 * float(np.percentile(energy[::4, ::4], 99)))
    mask = ((energy > level) & (one_way > _COHERENT * energy)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    for i in np.argsort(-areas)[:4]:
        if areas[i] < max(12, _AREA_MIN * mask.size):
            return
        left, top, width, height = (int(each) for each in stats[i + 1, :4])
        box = (slice(top, top + height), slice(left, left + width))
        ys, xs = np.nonzero(labels[box] == i + 1)
        every = max(1, len(xs) // _SAMPLES)
        ys, xs = ys[::every] + top, xs[::every] + left
        tilt = 0.5 * float(np.arctan2(2 * rd[ys, xs].sum(), (rr - dd)[ys, xs].sum()))
        cosine, sine = np.cos(tilt), np.sin(tilt)
        a, b = np.sort(xs * cosine + ys * sine), np.sort(ys * cosine - xs * sine)
        few = len(a) // 100
        (a0, a1), (b0, b1) = (a[few], a[-1 - few]), (b[few], b[-1 - few])
        middle_a, middle_b = (a0 + a1) / 2, (b0 + b1) / 2
        x, y = middle_a * cosine - middle_b * sine, middle_a * sine + middle_b * cosine
        yield Place(
            ((float(x) + 0.5) * factor - 0.5, (float(y) + 0.5) * factor - 0.5),
            max(8.0, float(a1 - a0) * factor),
            max(4.0, float(b1 - b0) * factor),
            float(np.degrees(tilt)),
            float(one_way[ys, xs].sum()) * every,
        )


def _same(place: Place, reading: Reading) -> bool:
    """Say whether a place is where a code was read: the middle of one lies within the other."""
    hull = cv2.convexHull(reading.points.astype(np.float32))
    # A linear code's corners may be those of the few lines that were read of it.
    height = 0.2 * float(np.ptp(reading.points, axis=0).max())
    if cv2.pointPolygonTest(hull, place.centre, True) > -height:
        return True
    right, down = reading.points.mean(axis=0) - np.array(place.centre)
    cosine, sine = np.cos(np.radians(place.tilt)), np.sin(np.radians(place.tilt))
    across, along = abs(right * cosine + down * sine), abs(down * cosine - right * sine)
    return bool(across < place.across / 2 and along < place.along / 2)


def _alike(one: Place, other: Place) -> bool:
    apart = np.hypot(one.centre[0] - other.centre[0], one.centre[1] - other.centre[1])
    turned = abs((one.tilt - other.tilt + 90) % 180 - 90)
    larger, smaller = max(one.across, other.across), min(one.across, other.across)
    return bool(apart < 0.25 * smaller and turned < 3 and larger < 1.35 * smaller)


def _joined(one: Place, other: Place) -> Place | None:
    """Return the place that two places are the ends of: PDF417 has long bars there only."""
    (ax, ay), (bx, by) = one.centre, other.centre
    apart = float(np.hypot(bx - ax, by - ay))
    # The line from end to end is the better measure of tilt; the two ends' own say whether it is one.
    tilt = (float(np.degrees(np.arctan2(by - ay, bx - ax))) + 90) % 180 - 90
    crooked = max(abs((each.tilt - tilt + 90) % 180 - 90) for each in (one, other))
    heights = one.along, other.along
    reach = apart + (one.across + other.across) / 2
    if crooked > _CROOKED_MAX or max(heights) > 2 * min(heights) or not apart > max(one.across, other.across) / 2:
        return None
    middle = ((ax + bx) / 2, (ay + by) / 2)
    return Place(middle, reach * 1.05, max(heights) * 1.25, tilt, one.strength + other.strength)


def upright(gray: Gray, place: Place, *, scale: float = 1.0) -> Patch:
    """Return the place cut out of the picture with its quiet zones, its bars upright, `scale` times as large."""
    margin = _MARGIN * place.across + 8
    width, height = place.across + 2 * margin, place.along + 0.12 * place.across + 12
    scale = min(scale, _PATCH_SIDE_MAX / max(width, height))
    turn = np.radians(place.tilt)
    # From the patch to the picture.
    back = np.array([[np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0]]) / scale
    middle = np.array([width * scale / 2 - 0.5, height * scale / 2 - 0.5])
    back[:, 2] = np.array(place.centre) - back[:, :2] @ middle
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP  # cubic costs more and reads no more
    pixels: Gray = cv2.warpAffine(gray, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return Patch(pixels, back)

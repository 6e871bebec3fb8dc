"""Frame -> the codes in it: a cascade of two decoders, quick first, slow only where nothing has been read (ADR 0024).

`read_quickly` is the quick pass alone; `read_codes` takes all steps, for a photograph or a frame that deserves it, and
looks at what lies beside the codes that it has read; `read_beside` takes the slow steps for a frame in which some codes
are known. `scan_live.py` decides which frames of a stream deserve them. Our own codes begin with a prefix; what they
say is checked where it is opened, never here.

A linear code has one check digit. What the quick pass says of it is believed; any later step has changed the pixels or
uses the decoder that guesses more, so there two different steps must say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import cv2
import numpy as np

from edge.capture.quad import Corners
from edge.capture.scan_decoders import WEAKLY_CHECKED, Gray, Reading, zbar, zxing
from edge.capture.scan_dense import beside, code_places, dense_edges, thinned
from edge.capture.scan_tilt import Patch, Place, candidates, places, upright
from edge.capture.shrink import checked
from firmware.ports import Pixels

TEXT_MAX: Final = 512  # characters of a code of ours, as for a scanner gun (firmware.ports.Scan)
PREFIX: Final = "OW"  # begins every code that the house prints

_SLOW_SIDE_MAX: Final = 1600  # pixels: steps on the whole picture see at most so much of it
_DOUBLED_SIDE_MAX: Final = 1300
_QUICK_SIDE_MAX: Final = 2000  # larger pictures are first looked at in a small copy
_LINES_SURE: Final = 24  # scan lines of pyzbar that agree: as good as a second step
_EVERY_WAY_FIRST_MAX: Final = 640 * 480  # pixels: up to here the decoder's own full look is the cheapest step
_CLOSE_UP: Final = 0.4  # of the side of a picture up to there: a code so long is all that was photographed
_BESIDE_SIDE_MIN: Final = 600  # pixels: what is smaller is one code cut out, and any look beside it costs too much
_BARRED: Final = ("code128", "ean13", "pdf417")
_ENLARGED: Final = 1.7  # of the places where bars may stand
_MIN_SIDE: Final = 8  # pixels: nothing smaller holds a code, and the decoders need not be asked


@dataclass(frozen=True, slots=True)
class Code:
    """One code as read. Never logged: it may hold a sealed identity."""

    symbology: str  # "qr", "code128", "pdf417", "datamatrix" or "ean13" (UPC-A is that with a zero before it)
    text: str  # at least one character; bytes that are no text in any character set come as Latin-1; not yet trusted
    corners: Corners  # where it stands, in pixels of the frame

    @property
    def is_ours(self) -> bool:
        """Whether it claims to be printed by the house. A claim only."""
        return is_ours(self.text)

    def __repr__(self) -> str:
        return f"Code({self.symbology!r}, {len(self.text)} characters)"


def is_ours(text: str) -> bool:
    """Say whether a code of this text claims to be printed by the house. A claim only."""
    return text.startswith(PREFIX) and len(text) <= TEXT_MAX


def read_codes(frame: Pixels) -> list[Code]:
    """Return the codes in a photograph, ours first, then from top to bottom; an empty list when there is none.

    Takes some ms where a code is plain, and up to some hundred where none is.

    Raises:
        PictureRefused: not a BGR frame.
    """
    return in_order(read_gray(cv2.cvtColor(checked(frame), cv2.COLOR_BGR2GRAY)))


def read_quickly(frame: Pixels) -> list[Code]:
    """Return the codes that are plain to see: the quick pass alone.

    Raises:
        PictureRefused: not a BGR frame.
    """
    return in_order(quick_pass(cv2.cvtColor(checked(frame), cv2.COLOR_BGR2GRAY)))


def quick_pass(gray: Gray) -> list[Reading]:
    """Return what zxing-cpp reads at first sight: nothing turned, shrunk or inverted."""
    return zxing(gray) if min(gray.shape) >= _MIN_SIDE else []


def read_gray(gray: Gray) -> list[Reading]:
    """Return what the first step that reads anything reads of grey pixels, and what is beside that."""
    if min(gray.shape) < _MIN_SIDE:
        return []
    picture = _Picture(gray)
    found = quick_pass(gray)
    if max(gray.shape) > _QUICK_SIDE_MAX:
        # A large code is plain in the small copy only, a small one in the picture itself only.
        found = _united([_enlarged(reading, picture.factor) for reading in zxing(picture.small)], found)
    found = found or slow_steps(picture)
    return found + _beside(picture, found) if found else []


def read_beside(gray: Gray, known: Sequence[Reading]) -> list[Reading]:
    """Return what all steps read of grey pixels besides codes that are known."""
    if min(gray.shape) < _MIN_SIDE:
        return []
    fresh = [reading for reading in quick_pass(gray) if not is_known(reading, known)]
    picture = _Picture(gray)
    picture.know(known)
    return fresh or slow_steps(picture)


def _beside(picture: _Picture, known: list[Reading]) -> list[Reading]:
    """Return what is read at a few places beside codes that were read, if there are places that may hold one.

    Not all steps are taken: most often one code is all that there is, and then they would be in vain.
    """
    gray = picture.gray
    if max(gray.shape) < _BESIDE_SIDE_MIN:
        return []
    if gray.size <= _EVERY_WAY_FIRST_MAX and _longest(known) > _CLOSE_UP * max(gray.shape):
        return []
    thin = thinned(gray)
    dense = beside(gray, dense_edges(thin), known)
    if not dense.any():
        return []
    picture.know(known)
    votes = _Votes()
    believed = votes.add(_TILT[0], picture.fresh(picture.barred(_bars)))
    for again, look in _BARS_AGAIN:
        if votes.pending and not believed:
            believed = votes.add(again, picture.fresh(picture.barred(look)))
    if believed:
        picture.know([*known, *believed])
        dense = beside(gray, dense, believed)
    for rows, columns in code_places(gray, thin, dense):
        part = _Picture(np.ascontiguousarray(gray[rows, columns]))
        corner = (columns.start, rows.start)
        there = [_moved(reading, corner) for reading in part.whole(_everyway)]
        believed = _united(believed, votes.add("every way", picture.fresh(there)))
    return believed


def is_known(reading: Reading, known: Sequence[Reading]) -> bool:
    """Say whether a reading is of a code that is known: of the same text, or of the same place."""
    middle = reading.points.mean(axis=0)
    return any(
        reading.key == other.key
        or cv2.pointPolygonTest(cv2.convexHull(other.points.astype(np.float32)), (middle[0], middle[1]), False) >= 0
        for other in known
    )


def _united(one: list[Reading], other: list[Reading]) -> list[Reading]:
    return one + [reading for reading in other if all(reading.key != each.key for each in one)]


def _longest(readings: list[Reading]) -> float:
    return max(float(np.ptp(reading.points, axis=0).max()) for reading in readings)


def slow_steps(picture: _Picture) -> list[Reading]:
    """Return what the slow steps read, taken in turn until one is believed."""
    votes = _Votes()
    small = picture.gray.size <= _EVERY_WAY_FIRST_MAX
    for name, step in _STEPS_SMALL if small else _STEPS_LARGE:
        believed = votes.add(name, picture.fresh(step(picture)))
        if believed:
            return believed
        if votes.pending and (name == "tilt" or (name == "every way" and not small)):
            # Bars were read: the same bars made clearer say at once whether rightly.
            for again, look in _BARS_AGAIN:
                believed = votes.add(again, picture.fresh(picture.barred(look)))
                if believed:
                    return believed
    if votes.pending:
        for name, step in _SECOND_OPINIONS:
            believed = votes.add(name, picture.fresh(step(picture)))
            if believed:
                return believed
    return []


def in_order(readings: list[Reading]) -> list[Code]:
    """Return readings as codes, each once, ours first, then from top to bottom."""
    once = {reading.key: reading for reading in reversed(readings)}
    codes = [Code(each.symbology, each.text, _corners(each)) for each in once.values()]
    return sorted(codes, key=lambda code: (not code.is_ours, code.corners[0][1], code.corners[0][0]))


def _corners(reading: Reading) -> Corners:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((float(x), float(y)) for x, y in reading.points)
    return (ax, ay), (bx, by), (cx, cy), (dx, dy)


@dataclass(slots=True)
class _Votes:
    """Which step read what, until a reading is believed."""

    steps: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    @property
    def pending(self) -> bool:
        return bool(self.steps)

    def add(self, step: str, readings: list[Reading]) -> list[Reading]:
        """Count what a step read; return what is believed by now."""
        believed = []
        for reading in readings:
            voters = self.steps.setdefault(reading.key, set())
            voters.add(step)
            strong = reading.symbology not in WEAKLY_CHECKED
            if strong or len(voters) > 1 or reading.lines >= _LINES_SURE:
                believed.append(reading)
        return believed


class _Picture:
    """One picture and what several steps need of it, made when first asked for."""

    def __init__(self, gray: Gray) -> None:
        self.gray = gray
        self._known: Sequence[Reading] = ()  # codes that no step need read

    def know(self, readings: Sequence[Reading]) -> None:
        self._known = readings
        self.__dict__.pop("patches", None)

    @cached_property
    def factor(self) -> float:
        return max(1.0, float(max(self.gray.shape)) / _SLOW_SIDE_MAX)

    @cached_property
    def small(self) -> Gray:
        if self.factor == 1.0:
            return self.gray
        small: Gray = cv2.resize(self.gray, None, fx=1 / self.factor, fy=1 / self.factor, interpolation=cv2.INTER_AREA)
        return small

    @cached_property
    def sharp(self) -> Gray:
        return sharpened(self.small, 2.0, 1.5)

    @cached_property
    def candidates(self) -> list[Place]:
        return candidates(self.gray)

    @cached_property
    def patches(self) -> list[Patch]:
        return [upright(self.gray, place, scale=_ENLARGED) for place in places(self.candidates, self._known)]

    def fresh(self, readings: list[Reading]) -> list[Reading]:
        return [reading for reading in readings if not is_known(reading, self._known)]

    def whole(self, read: Callable[[Gray], list[Reading]], pixels: Gray | None = None) -> list[Reading]:
        seen = self.small if pixels is None else pixels
        factor = self.gray.shape[1] / seen.shape[1]
        return [_enlarged(reading, factor) for reading in read(seen)]

    def barred(self, read: Callable[[Gray], list[Reading]]) -> list[Reading]:
        return [patch.in_picture(reading) for patch in self.patches for reading in read(patch.pixels)]


def _enlarged(reading: Reading, factor: float) -> Reading:
    return Reading(reading.symbology, reading.text, (reading.points + 0.5) * factor - 0.5, reading.lines)


def _moved(reading: Reading, corner: tuple[int, int]) -> Reading:
    return Reading(reading.symbology, reading.text, reading.points + np.array(corner), reading.lines)


def sharpened(gray: Gray, sigma: float, amount: float) -> Gray:
    """Return the picture with its blur of about `sigma` pixels taken back."""
    calm = cv2.GaussianBlur(gray, (0, 0), sigma)
    sharp: Gray = cv2.addWeighted(gray, 1 + amount, calm, -amount, 0)
    return sharp


def _plain(gray: Gray) -> list[Reading]:
    return zxing(gray)


def _bars(gray: Gray) -> list[Reading]:
    return zxing(gray, _BARRED)


def _sharp_bars(gray: Gray) -> list[Reading]:
    return zxing(sharpened(gray, 3.0, 2.0), _BARRED)


def _calm_bars(gray: Gray) -> list[Reading]:
    """Bars stand upright here: a mean along them takes noise away and nothing else."""
    along = max(3, gray.shape[0] // 5)
    return zxing(sharpened(cv2.blur(gray, (1, along)), 3.0, 2.0), _BARRED)


def _calm_bars_otherwise(gray: Gray) -> list[Reading]:
    along = max(3, gray.shape[0] // 5)
    return zbar(sharpened(cv2.blur(gray, (1, along)), 4.0, 3.0))


def _everyway(gray: Gray) -> list[Reading]:
    return zxing(gray, rotated=True, shrunk=True, inverted=True)


def _even(gray: Gray) -> list[Reading]:
    return zxing(cv2.createCLAHE(2.0, (8, 8)).apply(gray))


def _doubled(gray: Gray) -> Gray:
    factor = min(2.0, _DOUBLED_SIDE_MAX / max(gray.shape))
    large: Gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return large


def _where_bars_are(step: _Step) -> _Step:
    return lambda picture: step(picture) if picture.patches else []


_Step = Callable[[_Picture], list[Reading]]
_EVERY_WAY: Final[tuple[str, _Step]] = ("every way", lambda picture: picture.whole(_everyway))
_TILT: Final[tuple[str, _Step]] = ("tilt", lambda picture: picture.barred(_bars))
# What a step costs by what it reads, on photographs and on drawn pictures, gives the order. Looking for places costs
# the same for any picture, the steps on the whole one grow with it.
_LATER: Final[tuple[tuple[str, _Step], ...]] = (
    ("double, sharp", lambda picture: picture.whole(_plain, sharpened(_doubled(picture.small), 3.0, 2.0))),
    ("even", lambda picture: picture.whole(_even)),
    ("pyzbar, sharp", lambda picture: picture.whole(zbar, picture.sharp)),
)
_STEPS_SMALL: Final = (_EVERY_WAY, _LATER[1], _LATER[2], _LATER[0], _TILT)
# What these two steps add are linear codes: where no bars were seen a large picture is spared them.
_STEPS_LARGE: Final = (_TILT, _EVERY_WAY, _LATER[0], *((name, _where_bars_are(step)) for name, step in _LATER[1:]))
_BARS_AGAIN: Final = (("tilt, sharp", _sharp_bars), ("tilt, calm", _calm_bars))
_SECOND_OPINIONS: Final[tuple[tuple[str, _Step], ...]] = (
    ("tilt, calm", lambda picture: picture.barred(_calm_bars)),
    ("pyzbar", lambda picture: picture.whole(zbar)),
    ("sharp", lambda picture: picture.whole(_plain, picture.sharp)),
    ("tilt, calm, pyzbar", lambda picture: picture.barred(_calm_bars_otherwise)),
)

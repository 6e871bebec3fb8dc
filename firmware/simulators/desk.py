"""The desk under the simulated document camera: what lies there, and how the camera sees it.

Sheets come in flat (`papers.Sheet`), a frame goes out as a camera gives it: wood, a cast of light from one side, the
sheets with perspective, a small turn and a shadow, the lens a little soft, noise that is new in every frame. All but
the noise is seeded and kept while nothing is moved. ADR 0011 says how large the frame is and why it stands upright.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from firmware.ports import Pixels
from firmware.simulators import desk_faults
from firmware.simulators.papers import Sheet

Size = Literal["photograph", "preview"]
# Width and height in pixels. A sensor of 8 megapixels, mounted upright as over a sheet of A4: 10.2 px/mm, 259 dpi.
FRAMES: Final[dict[Size, tuple[int, int]]] = {"photograph": (2448, 3264), "preview": (960, 1280)}
DESK_WIDTH_MM: Final = 240.0  # what the frame sees: A4 with a hand's breadth around
DESK_HEIGHT_MM: Final = 320.0
SHEETS_MAX: Final = 4  # side by side

_TURN_DEGREES_MAX: Final = 3.5
_SHIFT_MM_MAX: Final = 5.0
_TILT_MAX: Final = 0.018  # how much nearer one edge may be: the arm is never quite upright
_NOISE_SIGMA: Final = 2.2  # of 255, as after the camera's own processing
_NOISE_SIGMA_DARK: Final = 9.0  # with the gain turned up
_LENS_SIGMA: Final[dict[Size, float]] = {"photograph": 0.7, "preview": 0.45}
_WOOD: Final = (104, 138, 172)  # BGR
_SHADOW_MM: Final = 2.2
_SHADOW_DEPTH: Final = 0.42  # of the light that it takes


@dataclass(frozen=True, slots=True)
class _Laid:
    sheet: Sheet
    chance: int  # seeds where exactly it lies


@dataclass(frozen=True, slots=True)
class _Kept:
    """A frame without noise, and what it was drawn for."""

    key: tuple[object, ...] = ()
    pixels: Pixels = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8))


class Desk:
    """What lies under the camera. Thread-safe; drawing one frame keeps others waiting."""

    def __init__(self, *, seed: int = 1) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._laid: list[_Laid] = []
        self._photograph: Pixels | None = None
        self._layings = 0
        self._version = 0
        self._kept: dict[Size, _Kept] = {}
        self._empty: dict[Size, tuple[Pixels, Pixels]] = {}
        self._noise = np.random.default_rng([seed, 5])
        self._noise_tiles: dict[float, tuple[Pixels, Pixels]] = {}

    @property
    def version(self) -> int:
        """Goes up whenever something is moved."""
        with self._lock:
            return self._version

    def lay(self, sheet: Sheet, *, add: bool = False) -> None:
        """Lay a sheet in place of what lies there, or beside it; of more than four the oldest goes."""
        with self._lock:
            self._layings += 1
            laid = _Laid(sheet, self._layings)
            self._laid = [*self._laid, laid][-SHEETS_MAX:] if add else [laid]
            self._photograph = None
            self._version += 1

    def show_photograph(self, pixels: Pixels) -> None:
        """Let the camera see this photograph as its whole frame: it is of a desk already."""
        with self._lock:
            self._laid = []
            self._photograph = pixels
            self._version += 1

    def clear(self) -> None:
        """Leave the desk empty."""
        with self._lock:
            self._laid, self._photograph = [], None
            self._version += 1

    def sheets(self) -> tuple[str, ...]:
        """Return the kinds of the papers that lie there, for the console."""
        with self._lock:
            return ("photograph",) if self._photograph is not None else tuple(laid.sheet.kind for laid in self._laid)

    def frame(self, size: Size, faults: Set[str] = frozenset()) -> Pixels:
        """Return what the camera sees now, with the faults of `desk_faults.FAULTS` named.

        A photograph keeps its own shape and noise; its longest side becomes that of the frame.
        """
        with self._lock:
            clean = self._clean(size, faults)
            if self._photograph is not None and not faults:
                return clean.copy()
            return self._with_noise(clean, strong="dark" in faults)

    def _clean(self, size: Size, faults: Set[str]) -> Pixels:
        key = (self._version, frozenset(faults))
        kept = self._kept.get(size)
        if kept is None or kept.key != key:
            kept = _Kept(key, self._draw(size, faults))
            self._kept[size] = kept
        return kept.pixels

    def _draw(self, size: Size, faults: Set[str]) -> Pixels:
        width, height = FRAMES[size]
        if self._photograph is not None:
            picture = _scaled(self._photograph, max(width, height))
        else:
            picture = self._draw_desk(size, cut_edge="cut_edge" in faults)
        return desk_faults.spoil(picture, faults, seed=self._seed)

    def _draw_desk(self, size: Size, *, cut_edge: bool) -> Pixels:
        dots_per_mm = FRAMES[size][0] / DESK_WIDTH_MM
        if size not in self._empty:
            self._empty[size] = _empty_desk(*FRAMES[size], self._seed)
        empty, light = self._empty[size]
        picture = empty.copy()
        for place, laid in zip(_places(self._laid), self._laid, strict=True):
            rng = np.random.default_rng([self._seed, laid.chance])
            corners = _corners(laid.sheet, place, rng, cut_edge=cut_edge) * dots_per_mm
            _lay_on(picture, light, laid.sheet, corners, dots_per_mm)
        return _pixels(cv2.GaussianBlur(picture, (0, 0), _LENS_SIGMA[size]))

    def _with_noise(self, clean: Pixels, *, strong: bool) -> Pixels:
        """Add noise that is new in every frame: one large tile of it, taken from another place each time."""
        height, width = clean.shape[:2]
        sigma = _NOISE_SIGMA_DARK if strong else _NOISE_SIGMA
        if sigma not in self._noise_tiles:
            self._noise_tiles[sigma] = _noise_tile(self._noise, sigma)
        brighter, darker = self._noise_tiles[sigma]
        tile = brighter.shape[0]
        noisy = np.empty_like(clean)
        for top in range(0, height, tile // 2):
            for left in range(0, width, tile // 2):
                rows = slice(top, min(height, top + tile // 2))
                columns = slice(left, min(width, left + tile // 2))
                part = clean[rows, columns]
                y, x = (int(self._noise.integers(0, tile // 2)) for _ in range(2))
                at = (slice(y, y + part.shape[0]), slice(x, x + part.shape[1]))
                noisy[rows, columns] = cv2.subtract(cv2.add(part, brighter[at]), darker[at])
        return noisy


def _places(laid: list[_Laid]) -> list[tuple[float, float]]:
    """Return the middle of each sheet in mm: one in the middle, two below each other, more in a square."""
    w, h = DESK_WIDTH_MM, DESK_HEIGHT_MM
    if len(laid) <= 1:
        return [(w / 2, h / 2)][: len(laid)]
    if len(laid) == 2:
        return [(w / 2, h * 0.3), (w / 2, h * 0.7)]
    return [(w * x, h * y) for y in (0.3, 0.7) for x in (0.28, 0.72)][: len(laid)]


def _corners(
    sheet: Sheet, place: tuple[float, float], rng: np.random.Generator, *, cut_edge: bool
) -> npt.NDArray[np.float32]:
    """Return where the sheet's corners lie, in mm on the desk, clockwise from its upper left."""
    width, height = sheet.width_mm, sheet.height_mm
    if width > DESK_WIDTH_MM - 10 and height < width:  # a wide booklet is laid along the frame
        turn = 90.0
        width_seen, height_seen = height, width
    else:
        turn, width_seen, height_seen = 0.0, width, height
    fit = min(1.0, (DESK_WIDTH_MM - 12) / width_seen, (DESK_HEIGHT_MM - 12) / height_seen)
    # A sheet that almost fills the frame has little room to turn: no corner may leave the frame by chance.
    room = min(DESK_WIDTH_MM - width_seen * fit, DESK_HEIGHT_MM - height_seen * fit) / 2
    turn_max = min(_TURN_DEGREES_MAX, math.degrees(room * 0.55 / (max(width_seen, height_seen) / 2)))
    angle = math.radians(turn + float(rng.uniform(-turn_max, turn_max)))
    shift = rng.uniform(-1, 1, 2) * min(_SHIFT_MM_MAX, room * 0.15)
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * [width * fit / 2, height * fit / 2]
    turned = flat @ np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    middle = np.array(place) + shift + ([DESK_WIDTH_MM * 0.24, 0] if cut_edge else [0, 0])
    on_desk = turned + middle
    tilt_x, tilt_y = rng.uniform(-_TILT_MAX, _TILT_MAX, 2)
    centre = np.array([DESK_WIDTH_MM / 2, DESK_HEIGHT_MM / 2])
    relative = (on_desk - centre) / centre
    nearer = 1 + relative[:, :1] * tilt_x + relative[:, 1:] * tilt_y
    seen: npt.NDArray[np.float32] = (centre + (on_desk - centre) / nearer).astype(np.float32)
    return seen


def _lay_on(picture: Pixels, light: Pixels, sheet: Sheet, corners: npt.NDArray[np.float32], dots_per_mm: float) -> None:
    """Draw a sheet in its light, and its shadow, on the picture, in place; touches no more of it than they cover."""
    height, width = picture.shape[:2]
    shadow = max(2, round(_SHADOW_MM * dots_per_mm))
    left = max(0, math.floor(float(corners[:, 0].min())) - 2 * shadow)
    top = max(0, math.floor(float(corners[:, 1].min())) - 2 * shadow)
    right = min(width, math.ceil(float(corners[:, 0].max())) + 3 * shadow)
    bottom = min(height, math.ceil(float(corners[:, 1].max())) + 3 * shadow)
    if right <= left or bottom <= top:
        return
    part = picture[top:bottom, left:right]
    here = (corners - [left, top]).astype(np.float32)
    source = _as_large_as_seen(sheet, dots_per_mm)
    flat = np.array([[0, 0], [source.shape[1], 0], source.shape[1::-1], [0, source.shape[0]]], np.float32)
    warp = cv2.getPerspectiveTransform(flat, here)
    seen = cv2.warpPerspective(source, warp, part.shape[1::-1], flags=cv2.INTER_LINEAR)
    covers = _covers(sheet, source, warp, here, part.shape[:2])
    part[:] = cv2.subtract(part, _shadow(covers, shadow))
    cv2.copyTo(cv2.multiply(seen, light[top:bottom, left:right], scale=1 / 255), covers, part)


def _as_large_as_seen(sheet: Sheet, dots_per_mm: float) -> Pixels:
    """Return the sheet no larger than it is seen, so that warping does not alias."""
    scale = dots_per_mm * sheet.width_mm / sheet.pixels.shape[1]
    if scale >= 0.8:
        return sheet.pixels
    return _pixels(cv2.resize(sheet.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def _covers(
    sheet: Sheet, source: Pixels, warp: npt.NDArray[np.float64], here: npt.NDArray[np.float32], size: tuple[int, int]
) -> Pixels:
    """Return 255 where the sheet lies."""
    if not sheet.corner_mm:
        mask = np.zeros(size, np.uint8)
        cv2.fillConvexPoly(mask, here.round().astype(np.int32), 255)
        return mask
    height, width = source.shape[:2]
    radius = round(sheet.corner_mm * width / sheet.width_mm)
    card = np.zeros((height, width), np.uint8)
    cv2.rectangle(card, (radius, 0), (width - radius, height), 255, -1)
    cv2.rectangle(card, (0, radius), (width, height - radius), 255, -1)
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(card, (x, y), radius, 255, -1)
    return _pixels(cv2.warpPerspective(card, warp, size[::-1], flags=cv2.INTER_NEAREST))


def _shadow(covers: Pixels, shift: int) -> Pixels:
    """Return how much light a sheet takes from the desk: a soft border to its lower right."""
    small = cv2.resize(covers, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_LINEAR)
    moved = cv2.warpAffine(small, np.array([[1, 0, shift / 8], [0, 1, shift / 8]], np.float32), small.shape[1::-1])
    soft = cv2.GaussianBlur(moved, (0, 0), max(0.8, shift / 12)).astype(np.float32) / 255
    taken = (soft[:, :, None] * np.array(_WOOD, np.float32) * _SHADOW_DEPTH).astype(np.uint8)
    return _pixels(cv2.resize(taken, covers.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _empty_desk(width: int, height: int, seed: int) -> tuple[Pixels, Pixels]:
    """Return the desk in its light, and the light itself."""
    light = _light(width, height, seed)
    return _pixels(cv2.multiply(_wood(width, height, seed), light, scale=1 / 255)), light


def _wood(width: int, height: int, seed: int) -> Pixels:
    """Return a plain desk top with a faint grain, drawn small and stretched."""
    rng = np.random.default_rng([seed, 3])
    grain = cv2.GaussianBlur(rng.normal(0, 1, (160, 96)).astype(np.float32), (0, 0), sigmaX=0.6, sigmaY=9)
    grain = cv2.resize(grain / grain.std() * 5, (width // 4, height // 4), interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(rng.normal(0, 1, grain.shape).astype(np.float32), (0, 0), sigmaX=0.7, sigmaY=6)
    tone = (grain + fine * 6)[:, :, None] + np.array(_WOOD, np.float32)
    small = np.clip(tone, 0, 255).astype(np.uint8)
    return _pixels(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _light(width: int, height: int, seed: int) -> Pixels:
    """Return how much light falls where: a lamp on one side, the far corner at some three quarters, a warm tint."""
    rng = np.random.default_rng([seed, 4])
    y, x = np.mgrid[0:64, 0:48].astype(np.float32)
    lamp_x, lamp_y = rng.uniform(8, 40), rng.uniform(-8, 18)
    distance = np.hypot((x - lamp_x) / 48, (y - lamp_y) / 64)
    light = 250 * (1 - 0.22 * distance**1.5)
    tint = np.array([0.97, 0.99, 1.0], np.float32)
    small = np.clip(light[:, :, None] * tint, 0, 255).astype(np.uint8)
    return _pixels(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _noise_tile(rng: np.random.Generator, sigma: float) -> tuple[Pixels, Pixels]:
    """Return noise as what makes brighter and what darker: two saturating additions take less than one in floats."""
    noise = rng.normal(0, sigma, (1024, 1024, 3))
    return np.clip(noise, 0, 255).round().astype(np.uint8), np.clip(-noise, 0, 255).round().astype(np.uint8)


def _scaled(picture: Pixels, longest: int) -> Pixels:
    scale = longest / max(picture.shape[:2])
    if scale == 1:
        return picture.copy()
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return _pixels(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how))


def _pixels(picture: npt.NDArray[Any]) -> Pixels:
    """Name what OpenCV gives back: bytes went in, bytes come out."""
    return picture

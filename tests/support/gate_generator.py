"""Captures for the gate: a paper of any kind, one fault of a stated physical severity, and whether it can be read.

Papers come from `gate_papers.py`; captures go to `gate_score.py`. Light is added and blurred as light is, and goes
through a camera's tone curve after that; a reflection therefore takes contrast long before it saturates. The truth is
physical: each character's size in the frame, and what blur, noise, reflection or a hand leave of it. Where it counts
as read or as lost was found by an independent reader (`gate_reader.py`, ADR 0028); between the two people differ, and
nothing is counted.
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from firmware.ports import Pixels
from tests.support.gate_papers import GatePaper, gate_paper

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

# The independent reader reads 95 of 100 characters and more, or 60 and fewer.
BLUR_READ: Final = 0.09  # σ of all blur, in heights of the finest character
BLUR_LOST: Final = 0.14
SIZE_READ: Final = 9.0  # height of the finest character, frame pixels
SIZE_LOST: Final = 5.5
NOISE_READ: Final = 75.0  # ink's contrast over the noise's σ, times the character's height in frame pixels
NOISE_LOST: Final = 38.0
# For the eye, which does not stretch contrast as the reader does (it reads at 0.06).
CONTRAST_READ: Final = 0.35  # of what the character's contrast was
CONTRAST_LOST: Final = 0.10
HAND_READ: Final = 0.05  # of a character under a hand
HAND_LOST: Final = 0.5
CELLS_LOST: Final = 0.004  # of all characters; at least two
PICTURE_READ: Final = 0.02  # of a photo or portrait so bright by a reflection that its lighter tones are one white
CUT_READ: Final = 0.0  # of the sheet's width outside the frame
CUT_LOST: Final = 0.006

_LENS: Final = 0.45  # σ in frame pixels: of a lens and sensor in good order
_GAMMA: Final = 2.2
_HALF_TONE: Final = 0.75  # of the light: a middle grey reflects a quarter of it

# fault -> its severities, mild to severe, each with its unit
SEVERITIES: Final[dict[str, tuple[float, ...]]] = {
    "none": (0.0,),
    "blur": (0.05, 0.075, 0.15, 0.18, 0.25),  # σ in heights of the finest character
    "motion": (0.15, 0.25, 0.5, 0.7, 1.0),  # length in heights of the finest character
    "small": (16.0, 11.0, 5.0, 3.5),  # height of the finest character in frame pixels
    "dark": (0.35, 0.05, 0.0004, 0.0002),  # of the light
    "bright": (1.15, 1.5),  # of the light that the camera was set for
    "glare": (0.15, 0.4, 1.0, 2.5),  # peak, in the paper's own light
    "lamp": (0.05, 0.4, 1.0, 2.5),  # the same, with a wide veil around it
    "finger": (0.01, 0.12, 0.25),  # reach over the sheet, of its width
    "cut": (0.02, 0.06, 0.15),  # of the sheet's width
    "back": (0.0,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCapture:
    """One picture, and what is true of it."""

    pixels: Pixels
    kind: str
    fault: str
    severity: float
    seed: int
    readable: bool | None  # None: people would not agree
    corners: Points  # 4 × 2, frame pixels
    paper: GatePaper


@dataclass(slots=True)
class _Look:
    """How this camera sees this paper."""

    width: int
    height: int
    corners: Points
    char_px: float
    light: float = 1.0
    noise: float = 2.0
    blur: float = 0.0  # frame pixels
    motion: float = 0.0


def gate_capture(
    kind: str, fault: str, severity: float, seed: int, *, width: int = 1944, height: int = 2592
) -> GateCapture:
    """Return a labelled capture; the same arguments always give the same pixels."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{kind}/{fault}/{severity}".encode())])
    kind = "blank" if fault == "back" else kind
    wide, high = gate_paper(kind, seed % 4, 50).size_mm
    turned = wide > high and wide < 100 and rng.random() < 0.5
    span = (high, wide) if turned else (wide, high)
    room = min(width / span[0], height / span[1]) * 0.93
    most = {"card": 0.5, "receipt": 0.8, "cover": 0.62, "photo": 0.9}.get(kind, 1.0)
    finest = gate_paper(kind, seed % 4, 50).finest_mm
    scale = room * most * float(rng.uniform(0.93, 1.0))  # frame pixels per mm
    if fault == "small":
        scale = min(room * most, severity / finest)
    paper = gate_paper(kind, seed % 4, int(np.clip(round(scale * 25.4 * 1.2 / 25) * 25, 50, 400)))
    corners = _lay(rng, (wide, high), scale, width, height, turned=turned, cut=severity if fault == "cut" else 0.0)
    look = _Look(width, height, corners, finest * scale, noise=float(rng.uniform(1.2, 2.6)))
    if fault == "blur":
        look.blur = severity * look.char_px
    elif fault == "motion":
        look.motion = severity * look.char_px
    elif fault == "dark":
        look.light, look.noise = severity, 4.0
    elif fault == "bright":
        look.light = severity
    reflection = None
    if fault in ("glare", "lamp"):
        reflection = (_reflection if fault == "glare" else _lamp)(rng, look, severity)
    hand = _hand(rng, look, severity) if fault == "finger" else None
    pixels = _photograph(rng, paper, look, reflection, hand)
    return GateCapture(
        pixels=pixels,
        kind=kind,
        fault=fault,
        severity=severity,
        seed=seed,
        readable=_readable(paper, look, fault, severity, reflection, hand),
        corners=corners,
        paper=paper,
    )


def _lay(
    rng: np.random.Generator,
    size_mm: tuple[float, float],
    scale: float,
    width: int,
    height: int,
    *,
    turned: bool,
    cut: float,
) -> Points:
    wide, high = size_mm[0] * scale, size_mm[1] * scale
    points = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    angle = np.deg2rad(float(rng.uniform(-2, 2)) + (90 if turned else 0))
    points = points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points *= 1 + float(rng.uniform(-0.02, 0.02)) * points[:, 1:] / height  # not quite upright
    reach = np.abs(points).max(axis=0)
    spare = np.maximum(0, np.array([width, height]) / 2 - reach - 0.012 * width)
    shift = rng.uniform(-1, 1, 2) * spare
    if cut:
        axis = int(rng.integers(2))
        shift[axis] = float(rng.choice([-1, 1])) * ([width, height][axis] / 2 - reach[axis] + cut * wide)
    return np.asarray(points + np.array([width, height]) / 2 + shift)


def _photograph(
    rng: np.random.Generator, paper: GatePaper, look: _Look, reflection: Floats | None, hand: _Hand | None
) -> Pixels:
    size = (look.width, look.height)
    warp = _homography(paper, look.corners)
    picture = cv2.warpPerspective(paper.pixels, warp, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(paper.outline, warp, size, flags=cv2.INTER_LINEAR)
    scene = _desk(rng, look)
    cast = cv2.GaussianBlur(cv2.warpAffine(mask, np.array([[1, 0, 3], [0, 1, 4]], np.float32), size), (0, 0), 3)
    scene = cv2.subtract(scene, cv2.merge([cv2.convertScaleAbs(cast, alpha=0.18)] * 3))
    np.copyto(scene, picture, where=(mask > 127)[..., None])
    if hand is not None:
        np.copyto(scene, hand.pixels, where=(hand.mask > 0)[..., None])
    linear = cv2.LUT(scene, _linear())
    linear *= _light(rng, look)[..., None]
    if reflection is not None:
        linear += reflection[..., None]
    if look.motion > 1:
        linear = cv2.filter2D(linear, -1, _motion(look.motion, float(rng.random() * 180)))
    linear = cv2.GaussianBlur(linear, (0, 0), float(np.hypot(look.blur, _LENS)))
    toned = _tone()[np.clip(linear * (look.light * 4095), 0, 4095).astype(np.uint16)]
    noise = np.empty(toned.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(1 << 30)))
    cv2.randn(noise, (0.0,) * 3, (look.noise,) * 3)
    return np.asarray(cv2.add(toned.astype(np.int16), noise, dtype=cv2.CV_8U), np.uint8)


@functools.lru_cache(maxsize=1)
def _linear() -> Floats:
    return np.asarray((np.arange(256) / 255) ** _GAMMA, np.float32)


@functools.lru_cache(maxsize=1)
def _tone() -> npt.NDArray[np.uint8]:
    return np.asarray(np.round(255 * (np.arange(4096) / 4095) ** (1 / _GAMMA)), np.uint8)


def _homography(paper: GatePaper, corners: Points) -> Points:
    height, width = paper.pixels.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    return np.asarray(cv2.getPerspectiveTransform(source, corners.astype(np.float32)), np.float64)


def _desk(rng: np.random.Generator, look: _Look) -> Pixels:
    base = np.array([(52, 56, 60), (62, 92, 138), (120, 140, 150)][int(rng.integers(3))], np.float32)
    grain = cv2.resize(
        rng.normal(0, 5, (look.height // 40, look.width // 6)).astype(np.float32), (look.width, look.height)
    )
    return np.asarray(np.clip(base + grain[..., None], 0, 255).astype(np.uint8))


def _light(rng: np.random.Generator, look: _Look) -> Floats:
    rows, columns = np.mgrid[-0.5:0.5:64j, -0.5:0.5:48j].astype(np.float32)
    angle, fall = float(rng.random() * 2 * np.pi), float(rng.uniform(0.05, 0.35))
    small = 0.92 - fall * (columns * np.cos(angle) + rows * np.sin(angle) + 0.3)
    return np.asarray(cv2.resize(small.astype(np.float32), (look.width, look.height)), np.float32)


def _motion(length: float, degrees: float) -> Floats:
    side = (int(length) | 1) + 2
    kernel = np.zeros((side * 4, side * 4), np.float32)
    reach = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]) * length * 2
    start, end = (tuple(int(v) for v in np.round(side * 2 + way * reach)) for way in (-1, 1))
    cv2.line(kernel, start, end, 1.0, 4, cv2.LINE_AA)
    kernel = cv2.resize(kernel, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _reflection(rng: np.random.Generator, look: _Look, peak: float) -> Floats:
    """A lamp's image on the sheet: one or two soft spots, anywhere on it."""
    rows, columns = np.mgrid[0 : look.height : 4, 0 : look.width : 4].astype(np.float32)
    whole = np.zeros(rows.shape, np.float32)
    side = float(np.linalg.norm(look.corners[1] - look.corners[0]))
    for _ in range(int(rng.integers(1, 3))):
        x, y = rng.dirichlet(np.ones(4) * 2) @ look.corners
        wide = side * float(rng.uniform(0.05, 0.16))
        high = wide * float(rng.uniform(0.5, 1.6))
        spot = ((columns - x) / wide) ** 2 + ((rows - y) / high) ** 2
        # A lamp has an edge, a veil has none.
        whole += peak * np.exp(-(spot ** float(rng.uniform(1.0, 2.5))) / 2)
    return np.asarray(cv2.resize(whole, (look.width, look.height)), np.float32)


def _lamp(rng: np.random.Generator, look: _Look, peak: float) -> Floats:
    """A lamp just above the sheet: its image, and the veil that unpolished paper or foil throws around it."""
    rows, columns = np.mgrid[0 : look.height : 4, 0 : look.width : 4].astype(np.float32)
    side = float(np.linalg.norm(look.corners[1] - look.corners[0]))
    x, y = rng.dirichlet(np.ones(4) * 3) @ look.corners
    wide = side * float(rng.uniform(0.06, 0.2))
    high = wide * float(rng.uniform(0.5, 1.6))
    spot = (((columns - x) / wide) ** 2 + ((rows - y) / high) ** 2) / 2
    around = spot / float(rng.uniform(2.0, 4.0)) ** 2
    whole = peak * np.exp(-(spot ** float(rng.uniform(1.0, 2.0)))) + float(rng.uniform(0.1, 0.35)) * np.exp(-around)
    return np.asarray(cv2.resize(whole, (look.width, look.height)), np.float32)


@dataclass(slots=True)
class _Hand:
    pixels: Pixels
    mask: npt.NDArray[np.uint8]


def _hand(rng: np.random.Generator, look: _Look, reach: float) -> _Hand:
    """One to three fingers that come in over one side of the sheet."""
    pixels = np.zeros((look.height, look.width, 3), np.uint8)
    mask = np.zeros((look.height, look.width), np.uint8)
    skin = np.array(
        [(128, 162, 212), (96, 132, 186), (150, 180, 224), (70, 100, 150)][int(rng.integers(4))], np.float32
    )
    side = int(rng.integers(4))
    start, end = look.corners[side], look.corners[(side + 1) % 4]
    along = (end - start) / np.linalg.norm(end - start)
    inward = np.array([-along[1], along[0]])
    wide = float(np.linalg.norm(look.corners[1] - look.corners[0]))
    thick = look.width * 0.07 * float(rng.uniform(0.8, 1.15))
    slant = inward + along * float(rng.uniform(-0.35, 0.35))
    slant /= np.linalg.norm(slant)
    at = start + (end - start) * float(rng.uniform(0.2, 0.8))
    for i in range(int(rng.integers(1, 4))):
        root = at + along * thick * 1.12 * i
        tip = root + slant * (reach * wide - thick / 2)
        far = root - slant * look.width
        for share, shade in ((1.0, 0.72), (0.8, 0.86), (0.55, 1.0)):
            points = tuple(int(v) for v in tip), tuple(int(v) for v in far)
            cv2.line(pixels, *points, tuple(float(v) for v in skin * shade), max(1, round(thick * share)), cv2.LINE_AA)
            if share == 1.0:
                cv2.line(mask, *points, 255, max(1, round(thick)))
    return _Hand(pixels, mask)


def _readable(
    paper: GatePaper, look: _Look, fault: str, severity: float, reflection: Floats | None, hand: _Hand | None
) -> bool | None:
    if fault == "back":
        return False
    if fault == "cut":
        return _between(severity, CUT_READ, CUT_LOST)
    spread = float(np.sqrt(look.blur**2 + look.motion**2 / 12 + _LENS**2)) / look.char_px
    words = [_between(spread, BLUR_READ, BLUR_LOST), _between(-look.char_px, -SIZE_READ, -SIZE_LOST)]
    bare, ink = (float(_linear()[level]) * 0.85 for level in (paper.paper_level, paper.ink_level))
    usual = abs(float(_toned(bare * look.light) - _toned(ink * look.light)))
    words.append(_between(-usual / look.noise * look.char_px, -NOISE_READ, -NOISE_LOST))
    if reflection is not None:
        here = _at_cells(reflection, paper, look, 1).max(axis=1)
        left = np.abs(_toned(bare + here) - _toned(ink + here)) / max(1e-6, abs(_toned(bare) - _toned(ink)))
        words.append(_of_cells(left < CONTRAST_LOST, left < CONTRAST_READ))
        if _pictures_lost(reflection, paper, look) > PICTURE_READ:
            words.append(None)
    if hand is not None:
        covered = (_at_cells(hand.mask, paper, look, 4) > 127).mean(axis=1)
        words.append(_of_cells(covered > HAND_LOST, covered > HAND_READ))
    if False in words:
        return False
    return None if None in words else True


def _between(value: float, read: float, lost: float) -> bool | None:
    return True if value <= read else False if value >= lost else None


def _of_cells(lost: npt.NDArray[np.bool_], touched: npt.NDArray[np.bool_]) -> bool | None:
    """Say whether enough characters are lost to matter; True only when none is even touched."""
    if not touched.any():
        return True
    return False if lost.sum() >= max(2, CELLS_LOST * len(lost)) else None


def _pictures_lost(reflection: Floats, paper: GatePaper, look: _Look) -> float:
    """Return the share of the photos and portraits whose lighter tones are one white."""
    if not len(paper.pictures):
        return 0.0
    return float((_at_boxes(reflection, paper.pictures, paper, look, 24) > _HALF_TONE).mean())


def _toned(light: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(255 * np.clip(light, 0, 1) ** (1 / _GAMMA), np.float64)


def _at_cells(
    plane: Floats | npt.NDArray[np.uint8], paper: GatePaper, look: _Look, steps: int
) -> npt.NDArray[np.float64]:
    """Return the plane's values on a grid of `steps` × `steps` within each character, characters × steps²."""
    return _at_boxes(plane, paper.cells, paper, look, steps)


def _at_boxes(
    plane: Floats | npt.NDArray[np.uint8], boxes: npt.NDArray[np.float32], paper: GatePaper, look: _Look, steps: int
) -> npt.NDArray[np.float64]:
    at = (np.arange(steps) + 0.5) / steps
    x = (boxes[:, None, None, 0] + at[None, None, :] * boxes[:, None, None, 2]) + 0 * at[None, :, None]
    y = (boxes[:, None, None, 1] + at[None, :, None] * boxes[:, None, None, 3]) + 0 * at[None, None, :]
    points = np.stack([x, y], axis=-1).reshape(1, -1, 2).astype(np.float32)
    seen = cv2.perspectiveTransform(points, _homography(paper, look.corners))[0]
    columns = np.clip(np.round(seen[:, 0]).astype(int), 0, look.width - 1)
    rows = np.clip(np.round(seen[:, 1]).astype(int), 0, look.height - 1)
    return np.asarray(plane[rows, columns], np.float64).reshape(len(boxes), steps * steps)

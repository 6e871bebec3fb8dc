"""The held-out captures: another camera, other papers, other desks. The finder is scored on them, never tuned on them.

Shares nothing with `capture_generator.py` but the form of a labelled picture. Each pixel's ray is followed to a sheet
that may be bent, so that curl, its shading and the lamp's reflection agree; light is linear until a sensor with
shot noise, a colour cast and JPEG has seen it. What is drawn on paper stands in `capture_unseen_papers.py`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from firmware.ports import Pixels
from tests.support.capture_generator import Capture
from tests.support.capture_unseen_papers import Drawn, draw

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
SIZES = ((1280, 960), (1600, 1200), (1920, 1080), (2592, 1944), (1200, 1600))
LARGE = (4056, 3040)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A kind of trouble; its severity runs from 0 to 1 with the seed."""

    papers: tuple[str, ...] = ("form", "letter")
    desks: tuple[str, ...] = ("leather", "rings", "stone", "felt")
    size: tuple[float, float] = (0.6, 0.93)  # of the frame's height or width, whichever binds
    turn: float = 10.0  # degrees to either side
    tilt: tuple[float, float] = (0.0, 8.0)
    curl: float = 0.0  # of the sheet's height, at severity 1
    lens: float = 0.01
    lamp: float = 0.2  # how uneven
    shadow: float = 0.0
    shine: float = 0.0
    hand: float = 0.0  # reach over the sheet, of its width
    props: int = 0
    below: bool = False  # another sheet half under this one
    dim: float = 0.0
    soft: float = 0.8  # blur, σ in frame pixels


_BASE = Unseen()
UNSEEN: dict[str, Unseen] = {
    "calm": _BASE,
    "bright desk": replace(_BASE, desks=("bright", "birch"), lamp=0.35),
    "pattern": replace(_BASE, desks=("checks", "mat", "rings", "tiles")),
    "ruled": replace(_BASE, papers=("ruled",), desks=("leather", "rings", "bright", "stone")),
    "cover": replace(_BASE, papers=("cover",), desks=("bright", "birch", "stone", "felt"), size=(0.45, 0.85)),
    "coloured": replace(_BASE, papers=("coloured",)),
    "receipt": replace(_BASE, papers=("receipt",), size=(0.6, 0.95)),
    "card": replace(_BASE, papers=("card",), desks=("leather", "rings", "bright", "felt"), size=(0.27, 0.6)),
    "open booklet": replace(_BASE, papers=("open",), size=(0.6, 0.92)),
    "any angle": replace(_BASE, papers=("form", "card", "open", "ruled"), turn=180, size=(0.4, 0.8)),
    "leaning": replace(_BASE, tilt=(10, 28), lens=0.04, size=(0.55, 0.85)),
    "curl": replace(_BASE, curl=0.05),
    "shadow": replace(_BASE, shadow=0.65, lamp=0.4),
    "shine": replace(_BASE, shine=1.4, papers=("form", "card", "letter")),
    "hand": replace(_BASE, hand=0.16, desks=("leather", "rings", "felt", "birch", "stone")),
    "props": replace(_BASE, props=9, below=True, desks=("stone", "birch", "rings", "bright")),
    "dusk": replace(_BASE, dim=0.9, lamp=0.4),
    "all at once": replace(
        _BASE, desks=("bright", "birch"), lamp=0.45, shadow=0.5, shine=1.0, hand=0.12, curl=0.02, props=3
    ),
    "white on white": replace(_BASE, desks=("white",), lamp=0.25),
}
UNSEEN_HARD = ("all at once", "white on white")


def unseen(name: str, seed: int, size: tuple[int, int] | None = None) -> Capture:
    """Return the labelled picture of this kind and seed; the same arguments always give the same pixels."""
    kind = UNSEEN[name]
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), 99])
    severity = (seed * 0.37 + 0.19) % 1.0
    width, height = size or SIZES[int(rng.integers(len(SIZES)))]
    sheet = draw(kind.papers[int(rng.integers(len(kind.papers)))], int(rng.integers(1 << 20)))
    view = _view(rng, kind, sheet, severity, width, height)
    across, down, slope = _land(view, width, height)
    desk = _desk(kind.desks[int(rng.integers(len(kind.desks)))], rng, view, width, height)
    _put_props(desk, rng, kind.props, view, sheet, width, height)
    if kind.below:
        _put_below(desk, rng, view, sheet)
    albedo = _printed(desk, sheet, across, down, rng)
    light = _lamp(rng, kind, severity, view, slope, width, height)
    picture = albedo**2.2 * light[..., None]  # from here on in linear light
    if kind.hand:
        _put_hand(picture, rng, kind.hand * (0.3 + 0.7 * severity), view)
    if kind.shine:
        picture += _shine(rng, kind.shine * (0.2 + 0.8 * severity), view, width, height)[..., None]
    pixels = _sensor(picture, rng, kind, severity)
    return Capture(pixels=pixels, corners=view.corners, kind=sheet.kind, scene=name, seed=seed, empty_desk=pixels)


def unseen_desk(desk: str, seed: int, *, props: int = 0, size: tuple[int, int] = (1280, 960)) -> Pixels:
    """Return such a desk with no sheet on it, under the lamp, with or without things on it."""
    rng = np.random.default_rng([seed, zlib.crc32(desk.encode()), 98])
    kind = replace(UNSEEN["shadow"], shadow=0.4 * (seed % 2))
    sheet = draw("receipt", seed)
    view = _view(rng, kind, sheet, 0.3, *size)
    albedo = _desk(desk, rng, view, *size)
    _put_props(albedo, rng, props, view, sheet, *size)
    light = _lamp(rng, kind, 0.5, view, np.zeros(size[::-1], np.float32), *size)
    return _sensor(albedo**2.2 * light[..., None], rng, kind, 0.3)


def unseen_set(names: Iterable[str], seeds: Iterable[int], size: tuple[int, int] | None = None) -> Iterable[Capture]:
    """Return the pictures of these kinds and seeds, each of its own size or all of one."""
    seeds = list(seeds)
    return (unseen(name, seed, size) for name in names for seed in seeds)


@dataclass(frozen=True, slots=True)
class _View:
    """Where the camera stands: desk millimetres to frame pixels, with the sheet's middle at 0, 0."""

    matrix: Points  # 3 × 4
    lens: float
    wide: float  # mm, the sheet's
    high: float
    turn: float  # radians
    bend: float  # mm, how far the middle rises over the ends
    corners: Points

    def project(self, points: Points) -> Points:
        """Return frame pixels of n × 3 millimetres, after the lens."""
        seen = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        return _bent(seen[:, :2] / seen[:, 2:], self.lens, self.matrix)


def _view(rng: np.random.Generator, kind: Unseen, sheet: Drawn, severity: float, width: int, height: int) -> _View:
    wide, high = sheet.size_mm
    turn = np.deg2rad(rng.uniform(-kind.turn, kind.turn))
    tilt = np.deg2rad(kind.tilt[0] + (kind.tilt[1] - kind.tilt[0]) * severity)
    around = rng.random() * 2 * np.pi
    focal = rng.uniform(0.85, 1.5) * width
    axis = np.array([np.cos(around), np.sin(around), 0])
    cross = np.array([[0, 0, axis[1]], [0, 0, -axis[0]], [-axis[1], axis[0], 0]])
    lean = np.eye(3) + np.sin(tilt) * cross + (1 - np.cos(tilt)) * cross @ cross
    bend = kind.curl * severity * high
    lens = float(rng.uniform(-kind.lens, kind.lens))
    share = float(rng.uniform(*kind.size))
    span = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    flat = np.column_stack([span @ rotation.T, np.zeros(4)])
    distance, shift = 600.0, np.zeros(2)
    for _ in range(12):  # closer or farther until it fills its share of the frame, somewhere in it
        camera = np.diag([focal, focal, 1.0]) @ np.column_stack([lean @ np.diag([1, 1, -1]), [0, 0, distance]])
        camera[:2] += np.outer(np.array([width, height]) / 2 + shift, camera[2])
        seen = _View(camera, lens, wide, high, turn, bend, flat[:, :2]).project(flat)
        reach = (seen.max(axis=0) - seen.min(axis=0)) / (width, height)
        distance *= float(reach.max()) / share
        shift -= (seen.max(axis=0) + seen.min(axis=0)) / 2 - np.array([width, height]) / 2
    room = (1 - reach.clip(0, 0.97)) * (width, height) / 2 - 0.012 * width
    shift += rng.uniform(-1, 1, 2) * np.maximum(room, 0)
    camera = np.diag([focal, focal, 1.0]) @ np.column_stack([lean @ np.diag([1, 1, -1]), [0, 0, distance]])
    camera[:2] += np.outer(np.array([width, height]) / 2 + shift, camera[2])
    view = _View(camera, lens, wide, high, turn, bend, flat[:, :2])
    return replace(view, corners=view.project(flat))


def _bent(points: Points, lens: float, matrix: Points) -> Points:
    centre, radius = _centre(matrix)
    away = (points - centre) / radius
    return np.asarray(centre + away * (1 + lens * (away**2).sum(axis=1, keepdims=True)) * radius)


def _centre(matrix: Points) -> tuple[Points, float]:
    focal = float(np.linalg.norm(np.cross(matrix[0, :3], matrix[2, :3])))
    return np.array([float(matrix[0, :3] @ matrix[2, :3]), float(matrix[1, :3] @ matrix[2, :3])]), focal * 0.6


def _land(view: _View, width: int, height: int) -> tuple[Floats, Floats, Floats]:
    """Return where each pixel's ray meets the sheet: across and down in mm from its upper left, and its slope there.

    The lens is undone by a fixed point, the bent sheet met by another: z = bend · (1 - (2·down/high)²).
    """
    x, y, unbent = _rays(view, width, height)
    inverse = np.linalg.inv(unbent).astype(np.float32)
    lift = np.zeros_like(x)
    column = view.matrix[:, 2].astype(np.float32)
    cosine, sine = np.float32(np.cos(view.turn)), np.float32(np.sin(view.turn))
    for _ in range(6 if view.bend else 1):
        # A point at height z: the plane's homography of the pixel, less what the height adds.
        scale = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
        moved = inverse @ column
        weight = (1 + lift * moved[2]) / scale
        on_x = (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]) * weight - lift * moved[0]
        on_y = (inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]) * weight - lift * moved[1]
        across, down = on_x * cosine + on_y * sine, -on_x * sine + on_y * cosine
        lift = np.float32(view.bend) * np.clip(1 - (2 * down / np.float32(view.high)) ** 2, 0, 1)
    slope = np.float32(-8 * view.bend / view.high**2) * down
    return across + np.float32(view.wide / 2), down + np.float32(view.high / 2), slope


def _rays(view: _View, width: int, height: int) -> tuple[Floats, Floats, Points]:
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    centre, radius = _centre(view.matrix)
    away_x, away_y = (columns - np.float32(centre[0])) / radius, (rows - np.float32(centre[1])) / radius
    flat_x, flat_y = away_x.copy(), away_y.copy()
    for _ in range(5):
        factor = 1 + np.float32(view.lens) * (flat_x**2 + flat_y**2)
        flat_x, flat_y = away_x / factor, away_y / factor
    x = (flat_x * radius + centre[0]).astype(np.float32)
    y = (flat_y * radius + centre[1]).astype(np.float32)
    return x, y, view.matrix[:, [0, 1, 3]]


def _cloud(rng: np.random.Generator, width: int, height: int, *cells: tuple[float, float, float]) -> Floats:
    """Return the sum of smooth noises, each (pixels across, pixels down, strength)."""
    whole = np.zeros((height, width), np.float32)
    for across, down, strength in cells:
        shape = (max(2, int(height / max(1.0, down)) + 2), max(2, int(width / max(1.0, across)) + 2))
        noise = rng.uniform(-1, 1, shape).astype(np.float32)
        whole += strength * cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    return whole


def _desk(kind: str, rng: np.random.Generator, view: _View, width: int, height: int) -> Floats:
    """Return the desk's albedo, 0 to 1, BGR."""
    unit = width / 1600
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    fine = _cloud(rng, width, height, (2, 2, 0.015), (12 * unit, 12 * unit, 0.012), (300 * unit, 300 * unit, 0.03))
    if kind in ("rings", "birch"):
        low, high = (
            ((0.20, 0.34, 0.52), (0.10, 0.2, 0.36)) if kind == "rings" else ((0.66, 0.78, 0.86), (0.56, 0.7, 0.8))
        )
        wave = rows / (26 * unit) + 3.5 * _cloud(
            rng, width, height, (700 * unit, 90 * unit, 1.0), (160 * unit, 24 * unit, 0.3)
        )
        grain = (0.5 + 0.5 * np.sin(wave)) ** 2 * 0.7 + 0.3 * (
            _cloud(rng, width, height, (220 * unit, 3 * unit, 0.5)) + 0.5
        )
        base = np.array(low, np.float32) + grain[..., None] * (np.array(high, np.float32) - np.array(low, np.float32))
    elif kind == "checks":
        cell = float(rng.uniform(40, 110)) * unit
        pattern = (np.floor(columns / cell) + np.floor((rows + columns * 0.08) / cell)) % 2
        one, two = rng.uniform(0.15, 0.75, 3), rng.uniform(0.15, 0.75, 3)
        base = np.where(pattern[..., None] > 0, one, two).astype(np.float32)
    elif kind == "mat":
        cell = 50 * unit
        lines = ((columns % cell) < 1.5 * unit) | ((rows % cell) < 1.5 * unit)
        base = np.where(lines[..., None], (0.62, 0.72, 0.55), (0.30, 0.36, 0.16)).astype(np.float32)
    elif kind == "tiles":
        cell = 260 * unit
        lines = ((columns % cell) < 6 * unit) | (((rows + 70) % cell) < 6 * unit)
        base = np.where(lines[..., None], (0.3, 0.32, 0.34), (0.58, 0.62, 0.66)).astype(np.float32)
    else:
        shades = {
            "leather": (0.12, 0.12, 0.14), "stone": (0.42, 0.45, 0.47), "felt": (0.22, 0.38, 0.16),
            "bright": (0.68, 0.74, 0.78), "white": (0.86, 0.885, 0.895),
        }  # fmt: skip
        base = np.broadcast_to(np.array(shades[kind], np.float32), (height, width, 3)).copy()
        strength = {"stone": 0.06, "leather": 0.03, "felt": 0.03, "bright": 0.015, "white": 0.004}[kind]
        base += _cloud(rng, width, height, (9 * unit, 9 * unit, strength), (60 * unit, 50 * unit, strength))[..., None]
        fine = fine * (0.3 if kind == "white" else 1.0)
    if rng.random() < 0.25 and kind not in ("white",):  # the table ends somewhere
        edge = rows * 0.02 * rng.uniform(-1, 1) + columns < width * rng.uniform(0.01, 0.05)
        base[edge] = base[edge] * 0.25
    return np.asarray(np.clip(base + fine[..., None], 0.02, 0.97), np.float32)


def _put_props(
    desk: Floats, rng: np.random.Generator, count: int, view: _View, sheet: Drawn, width: int, height: int
) -> None:
    """Cables, a ruler, a keyboard's corner, pens, a mug, scraps: under the sheet or beside it."""
    unit = width / 1600
    for _ in range(count):
        thing, at = int(rng.integers(6)), rng.random(2) * (width, height)
        colour = tuple(float(v) for v in rng.uniform(0.03, 0.9, 3))
        if thing == 0:
            steps = np.cumsum(rng.normal(0, 1, (30, 2)), axis=0)
            path = at + cv2.GaussianBlur(steps.astype(np.float32), (1, 9), 3) * 45 * unit
            cv2.polylines(desk, [np.int32(path)], False, (0.05, 0.05, 0.06), max(2, int(7 * unit)), cv2.LINE_AA)
        elif thing == 1:
            box = cv2.boxPoints(((float(at[0]), float(at[1])), (520 * unit, 52 * unit), float(rng.uniform(0, 180))))
            cv2.fillConvexPoly(desk, np.int32(box), (0.6, 0.85, 0.9), cv2.LINE_AA)
            for share in np.linspace(0.02, 0.98, 31):
                one = (
                    box[0] + (box[3] - box[0]) * share
                    if np.linalg.norm(box[3] - box[0]) > 200 * unit
                    else box[0] + (box[1] - box[0]) * share
                )
                two = (
                    one
                    + ((box[1] - box[0]) if np.linalg.norm(box[3] - box[0]) > 200 * unit else (box[3] - box[0])) * 0.4
                )
                cv2.line(
                    desk, tuple(int(v) for v in one), tuple(int(v) for v in two), (0.1, 0.1, 0.1), max(1, int(2 * unit))
                )
        elif thing == 2:
            left, top = (int(v) for v in at)
            cv2.rectangle(desk, (left, top), (left + int(620 * unit), top + int(240 * unit)), (0.08, 0.08, 0.09), -1)
            for i in range(12):
                for j in range(4):
                    x, y = left + int((12 + i * 50) * unit), top + int((12 + j * 56) * unit)
                    cv2.rectangle(desk, (x, y), (x + int(42 * unit), y + int(46 * unit)), (0.16, 0.16, 0.17), -1)
        elif thing == 3:
            cv2.circle(desk, (int(at[0]), int(at[1])), int(85 * unit), colour, -1, cv2.LINE_AA)
            cv2.circle(desk, (int(at[0]), int(at[1])), int(72 * unit), (0.08, 0.12, 0.2), -1, cv2.LINE_AA)
        else:
            shape = (15 * unit, 330 * unit) if thing == 4 else tuple(float(v) * unit for v in rng.uniform(80, 330, 2))
            box = cv2.boxPoints(((float(at[0]), float(at[1])), shape, float(rng.uniform(0, 180))))
            cv2.fillConvexPoly(desk, np.int32(box), colour, cv2.LINE_AA)


def _put_below(desk: Floats, rng: np.random.Generator, view: _View, sheet: Drawn) -> None:
    """Another white sheet that looks out from under this one, at an angle."""
    wide, high = sheet.size_mm
    angle = view.turn + np.deg2rad(rng.uniform(8, 35) * rng.choice([-1, 1]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flat = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2 @ turn.T
    flat += rng.uniform(-0.35, 0.35, 2) * (wide, high)
    seen = view.project(np.column_stack([flat, np.zeros(4)]))
    cv2.fillConvexPoly(desk, np.int32(np.round(seen * 8)), (0.84, 0.87, 0.88), cv2.LINE_AA, 3)


def _printed(desk: Floats, sheet: Drawn, across: Floats, down: Floats, rng: np.random.Generator) -> Floats:
    wide, high = sheet.size_mm
    scale = sheet.pixels.shape[1] / wide
    # Averaged over what one pixel of the frame covers: thin strokes must not twinkle.
    covers = max(1.0, float(np.median(np.abs(np.diff(across[::7], axis=1)))) * scale)
    smooth = cv2.GaussianBlur(sheet.pixels, (0, 0), 0.4 * covers) if covers > 1.2 else sheet.pixels
    ink = cv2.remap(
        smooth.astype(np.float32) / 255, across * scale - 0.5, down * scale - 0.5, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    pixel = covers / scale
    radius = sheet.radius_mm
    if radius:
        far_x = np.abs(across - wide / 2) - (wide / 2 - radius)
        far_y = np.abs(down - high / 2) - (high / 2 - radius)
        inside = radius - np.hypot(np.maximum(far_x, 0), np.maximum(far_y, 0)) - np.minimum(np.maximum(far_x, far_y), 0)
    else:
        inside = np.minimum(np.minimum(across, wide - across), np.minimum(down, high - down))
    there = np.clip(inside / pixel + 0.5, 0, 1)[..., None]
    lift = float(rng.uniform(0.3, 1.6))  # mm of soft shadow round the sheet, heavier to one side
    way = rng.uniform(-1, 1, 2)
    shadow = np.clip(
        1 + (inside + way[0] * np.sign(across - wide / 2) + way[1] * np.sign(down - high / 2)) / (2 * lift), 0, 1
    )
    ground = desk * (1 - 0.35 * shadow * (inside < 0.5))[..., None]
    return np.asarray(ground * (1 - there) + ink * there, np.float32)


def _lamp(
    rng: np.random.Generator, kind: Unseen, severity: float, view: _View, slope: Floats, width: int, height: int
) -> Floats:
    """Return the light: one lamp that is nearer to one side, what it loses on a slope, and a cast shadow."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    far = 1.0 / max(0.05, kind.lamp * (0.4 + 0.6 * severity))
    x, y = rng.uniform(-0.3, 1.3, 2)
    gap = ((columns / width - x) ** 2 + (rows / height - y) ** 2) / far
    light = 1 / (1 + gap) ** 1.5
    light = light * (1 + np.clip(slope, -0.5, 0.5) * rng.uniform(-0.9, 0.9))
    if kind.shadow:
        middle = view.corners.mean(axis=0) + rng.uniform(-0.25, 0.25, 2) * (width, height)
        shape = np.zeros((height, width), np.float32)
        for _ in range(int(rng.integers(1, 4))):
            end = middle + rng.uniform(-1, 1, 2) * width
            cv2.line(
                shape,
                tuple(int(v) for v in middle),
                tuple(int(v) for v in end),
                1.0,
                int(rng.uniform(0.08, 0.3) * width),
            )
        light = light * (
            1 - kind.shadow * (0.3 + 0.7 * severity) * cv2.blur(shape, (int(rng.uniform(8, 70)) * 2 + 1,) * 2)
        )
    return np.asarray(light / np.quantile(light[::8, ::8], 0.9), np.float32)


def _put_hand(picture: Floats, rng: np.random.Generator, reach: float, view: _View) -> None:
    """A fist's back at the rim with two to four tapered fingers over the sheet; lit and mottled like skin."""
    side = int(rng.integers(4))
    start, end = view.corners[side], view.corners[(side + 1) % 4]
    along = (end - start) / np.linalg.norm(end - start)
    inward = np.array([-along[1], along[0]])
    span = float(np.linalg.norm(view.corners[1] - view.corners[0]))
    root = start + (end - start) * rng.uniform(0.2, 0.8)
    thick = 0.055 * span * float(rng.uniform(0.8, 1.3))
    skin = np.array([(0.42, 0.55, 0.78), (0.2, 0.3, 0.45), (0.5, 0.62, 0.86)][int(rng.integers(3))]) ** 2.2
    mask = np.zeros(picture.shape[:2], np.float32)
    palm = root - inward * (0.28 * span)
    cv2.ellipse(
        mask,
        (int(palm[0]), int(palm[1])),
        (int(0.24 * span), int(0.22 * span)),
        float(np.rad2deg(np.arctan2(along[1], along[0]))),
        0,
        360,
        1.0,
        -1,
        cv2.LINE_AA,
    )
    for i in range(int(rng.integers(2, 5))):
        base = palm + along * (i - 1.2) * thick * 1.1
        tip = root + along * (i - 1.2) * thick * 1.25 + inward * reach * span * rng.uniform(0.5, 1.0)
        for share in np.linspace(0, 1, 24):
            at = base + (tip - base) * share
            cv2.circle(mask, (int(at[0]), int(at[1])), max(2, int(thick * (0.62 - 0.2 * share))), 1.0, -1, cv2.LINE_AA)
    height, width = picture.shape[:2]
    round_ = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    shade = (
        0.45 + 0.55 * np.clip(round_ / (thick * 0.45), 0, 1) + _cloud(rng, width, height, (30, 30, 0.06), (5, 5, 0.03))
    )
    near = cv2.GaussianBlur(mask, (0, 0), thick * 0.25) * 0.45  # its own shadow on the paper
    picture *= (1 - near * (1 - mask))[..., None]
    picture *= (1 - mask)[..., None]
    picture += mask[..., None] * shade[..., None] * skin.astype(np.float32) * 0.9


def _shine(rng: np.random.Generator, strength: float, view: _View, width: int, height: int) -> Floats:
    """Return the reflection of one or two tubes or bulbs in the sheet's gloss."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = rng.dirichlet(np.ones(4)) @ view.corners
    long_side, short_side = rng.uniform(0.05, 0.3) * width, rng.uniform(0.02, 0.06) * width
    angle = rng.random() * np.pi
    one = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
    two = (rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)
    far = (np.maximum(np.abs(one) - long_side / 2, 0) / short_side) ** 2 + (two / short_side) ** 2
    return np.asarray(strength / (1 + far) ** 1.5, np.float32)


def _sensor(picture: Floats, rng: np.random.Generator, kind: Unseen, severity: float) -> Pixels:
    """Vignette, blur, exposure, colour cast, shot and read noise, gamma, a little sharpening, JPEG."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    picture = picture * (1 - rng.uniform(0, 0.18) * (rows**2 + columns**2) / 2)[..., None]
    picture = cv2.GaussianBlur(picture, (0, 0), 0.3 + kind.soft * severity)
    exposure = float(rng.uniform(0.75, 1.15)) * (1 - kind.dim * (0.3 + 0.7 * severity)) ** 1.3
    picture = picture * exposure * rng.uniform(0.86, 1.0, 3).astype(np.float32)
    noise = rng.standard_normal(picture.shape, np.float32)
    grain = float(rng.uniform(0.0005, 0.004))
    picture = picture + noise * np.sqrt(np.maximum(picture, 0) * grain * 0.12 + (grain * 0.8) ** 2)
    seen = np.clip(picture, 0, 1) ** (1 / 2.2)
    if rng.random() < 0.5:
        seen = seen + 0.6 * (seen - cv2.GaussianBlur(seen, (0, 0), 1.2))
    quality = int(rng.integers(55, 96))
    _, jpeg = cv2.imencode(
        ".jpg", np.clip(np.rint(seen * 255), 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)

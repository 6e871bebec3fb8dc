"""Seeded, labelled captures: a paper on a desk as a document camera sees it, with the faults of a counter.

Papers come from `capture_papers.py`; captures go to the tests, to `capture_score.py` and `capture_speed.py`. The same
scene, seed and size always give the same pixels. Corners are exact: the camera that draws the picture projects them.

Simpler than life: fingers are smooth, props are flat, paper curls in `CURLED` only. Figures made with it are an upper
estimate; the finder is tuned on it, and held to `capture_unseen.py`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from firmware.ports import Pixels
from tests.support.capture_curl import Maps, Project, draw_bend, paper_maps, seen_grid
from tests.support.capture_papers import SIZES_MM, Mask, Paper, paper
from tests.support.card_faces import FACES

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Desk = Literal["dark", "wood", "light", "white", "clutter"]
Range = tuple[float, float]
NONE: Range = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What may happen in a scene: each pair is a range from which the seed draws evenly."""

    kinds: tuple[str, ...] = ("a4",)
    desks: tuple[Desk, ...] = ("dark", "wood")
    turn_degrees: Range = (-8, 8)
    tilt_degrees: Range = (0, 6)
    lens: Range = (-0.01, 0.01)  # radial k1, of half the diagonal
    fill: Range = (0.78, 0.93)  # the paper's share of the frame's height or width, whichever binds
    gradient: Range = (0, 0.15)  # how much darker the far side is
    shadow: Range = NONE  # how much light a cast shadow takes
    glare: Range = NONE  # peak, in units of the paper's white
    glare_size: Range = (0.05, 0.10)  # σ, of the frame's width
    finger: Range = NONE  # how far it reaches in over the sheet, of the sheet's width
    blur_px: Range = (0.0, 0.7)  # σ in frame pixels
    motion_px: Range = NONE  # length of a movement in frame pixels, in any direction
    light: Range = (0.8, 1.0)
    noise: Range = (1.0, 3.0)  # σ in grey levels
    below: bool = False  # another sheet looks out from under this one
    objects: int = 0  # cables, a ruler, a keyboard, on the desk
    pair: bool = False  # a second paper beside it, of the next of `kinds`
    push: float = 0.0  # how far the paper is pushed out of the frame, of the frame's width
    curl: Range = NONE  # how high the paper stands up, of its longer side: see `capture_curl.py`


PLAIN = Scene()
FULL_RANGE: dict[str, Scene] = {
    "plain": PLAIN,
    "wood": replace(PLAIN, desks=("wood",), gradient=(0.1, 0.3)),
    "light": replace(PLAIN, desks=("light",), gradient=(0.1, 0.25)),
    "clutter": replace(PLAIN, desks=("clutter",)),
    "idcard": replace(PLAIN, kinds=("card",), desks=("dark", "wood", "light"), fill=(0.28, 0.6)),
    "booklet": replace(PLAIN, kinds=("booklet",), desks=("dark", "wood", "clutter"), fill=(0.6, 0.9)),
    "rotated": replace(PLAIN, turn_degrees=(-180, 180), kinds=("a4", "booklet", "card"), fill=(0.4, 0.75)),
    "tilted": replace(PLAIN, tilt_degrees=(10, 24), lens=(-0.04, 0.03), fill=(0.6, 0.8)),
    "shadow": replace(PLAIN, shadow=(0.3, 0.6), gradient=(0.1, 0.35)),
    "glare": replace(PLAIN, glare=(0.4, 1.2), kinds=("a4", "card", "booklet"), fill=(0.55, 0.85)),
    "finger": replace(PLAIN, finger=(0.04, 0.14)),
    "lowlight": replace(PLAIN, light=(0.10, 0.25), noise=(3, 6), gradient=(0.1, 0.35)),
    "framed": replace(PLAIN, kinds=("framed",), desks=("dark", "wood", "light")),
    "cover": replace(PLAIN, kinds=("cover",), desks=("light", "wood", "white"), fill=(0.45, 0.85)),
    "coloured": replace(PLAIN, kinds=("coloured",), desks=("dark", "wood", "light"), fill=(0.6, 0.97)),
    "receipt": replace(PLAIN, kinds=("receipt",), desks=("dark", "wood", "light"), fill=(0.55, 0.95)),
    "small": replace(PLAIN, fill=(0.47, 0.6), desks=("dark", "wood", "light", "clutter")),
    "objects": replace(PLAIN, objects=6, desks=("dark", "wood", "light"), fill=(0.6, 0.9)),
    "below": replace(PLAIN, below=True, desks=("dark", "wood", "light"), fill=(0.6, 0.85)),
}
HARD: dict[str, Scene] = {
    "white": replace(PLAIN, desks=("white",), gradient=(0.05, 0.2)),
    "combo": replace(
        PLAIN, desks=("light",), gradient=(0.2, 0.4), shadow=(0.3, 0.5), glare=(0.5, 1.0), finger=(0.04, 0.12)
    ),
    "fingers": replace(PLAIN, finger=(0.10, 0.2), desks=("wood", "light")),
}
CURLED: dict[str, Scene] = {
    "curl": replace(PLAIN, curl=(0.01, 0.05), desks=("dark", "wood", "light"), fill=(0.72, 0.9)),
    "curl, hand": replace(PLAIN, curl=(0.01, 0.05), finger=(0.04, 0.12), shadow=(0.2, 0.5), fill=(0.72, 0.9)),
    "curl, clutter": replace(PLAIN, curl=(0.01, 0.05), desks=("clutter", "wood"), objects=4, fill=(0.65, 0.85)),
}


_DRAWN = (
    *("turn_degrees", "tilt_degrees", "lens", "fill", "gradient", "shadow", "glare", "glare_size", "finger", "blur_px"),
    *("light", "noise", "motion_px"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One labelled picture."""

    pixels: Pixels
    corners: Points  # 4 × 2, exact: the paper's own top-left, top-right, bottom-right, bottom-left, in frame pixels
    kind: str
    scene: str
    seed: int
    beside: tuple[Points, ...] = ()  # the corners of other papers that are wanted too
    empty_desk: Pixels  # the same camera and light without the paper
    drawn: dict[str, float] = field(default_factory=dict)  # what the seed drew
    bent: Points | None = None  # of a curled paper: GRID × GRID × 2, where the frame shows places evenly spread on it
    page_scale: float = 1.0  # frame pixels per 200 dpi page pixel
    print_lost: float = 0.0  # share of the printed area under a finger
    print_washed: float = 0.0  # share of the printed area where glare leaves less than a quarter of the ink's contrast
    print_pale: float = 0.0  # the same for less than 0.45 of it: an officer reads it, and does not like it


def make_capture(
    scene: Scene, seed: int, *, width: int = 1600, height: int = 1200, name: str = "", with_desk: bool = False
) -> Capture:
    """Return the scene's capture of this seed. `with_desk` also draws the empty desk (it is costly)."""
    salt = zlib.crc32(name.encode())  # so that the same seed lies differently in each scene
    rng = np.random.default_rng([seed, salt])
    drawn = {part: float(rng.uniform(*getattr(scene, part))) for part in _DRAWN}
    drawn["motion_degrees"] = float(rng.random() * 180) if drawn["motion_px"] else 0.0
    kind = scene.kinds[int(rng.integers(len(scene.kinds)))]
    desk_kind = scene.desks[int(rng.integers(len(scene.desks)))]
    sheet = paper(kind, seed if kind in FACES else seed % 5, _paper_dpi(kind, width, drawn["fill"]))
    flat, project = _pose(rng, sheet, drawn, width, height, scene.push)
    curl = np.random.default_rng([seed, salt, 16])
    bend = draw_bend(curl, float(curl.uniform(*scene.curl)), sheet.size_mm) if scene.curl != NONE else None
    desk = _desk(desk_kind, np.random.default_rng([seed, salt, 5]), width, height)
    light = _light(np.random.default_rng([seed, salt, 6]), drawn, flat, width, height)
    reflection = _glare(np.random.default_rng([seed, salt, 8]), drawn, flat, width, height)
    hand, hand_mask = _finger(np.random.default_rng([seed, salt, 9]), drawn, flat, width, height)

    if scene.objects:
        _put_objects(desk, np.random.default_rng([seed, salt, 13]), scene.objects, flat)
    if scene.below:
        _put_below(desk, np.random.default_rng([seed, salt, 14]), flat)
    beside: tuple[Points, ...] = ()
    if scene.pair:
        flat, other = _side_by_side(flat, np.random.default_rng([seed, salt, 15]), width, height)
        other_kind = scene.kinds[(scene.kinds.index(kind) + 1) % len(scene.kinds)]
        desk = _lay(desk, paper(other_kind, (seed + 1) % 5, _paper_dpi(kind, width, drawn["fill"])), other, rng)
        beside = (_bend(other, drawn["lens"], width, height),)
    laid = np.random.default_rng([seed, salt, 10])
    bent = None
    if bend is None:
        scene_pixels = _lay(desk, sheet, flat, laid)
        box = _print_mask(sheet, flat, width, height)
    else:
        grid = seen_grid(bend, project)
        flat = grid[[0, 0, -1, -1], [0, -1, -1, 0]]
        bent = _bend(grid.reshape(-1, 2), drawn["lens"], width, height).reshape(grid.shape)
        maps, leans = paper_maps(bend, project, width, height)
        light = light * (1 + leans @ (np.array([0.5, 0.35]) * laid.choice([-1, 1], 2)).astype(np.float32))
        scene_pixels = _lay_bent(desk, sheet, maps, laid)
        box = _seen(_inked(sheet), maps) > 127
    scene_pixels = scene_pixels * (1 - hand_mask[..., None]) + hand * hand_mask[..., None]
    inked = max(1, int(box.sum()))
    finish_seed = [seed, salt, 11]
    pixels = _finish(scene_pixels, light, reflection, drawn, finish_seed)
    empty = _finish(desk, light, reflection, drawn, [seed, salt, 12]) if with_desk else pixels
    corners = _bend(flat, drawn["lens"], width, height)
    size = sheet.size_mm
    page_px = size[0] / 25.4 * 200
    # What is left between paper and the thin strokes of small print once the reflection has filled the sensor.
    gain = drawn["light"]
    bare, stroke = (np.minimum(1, gain * (albedo * light + reflection)) for albedo in (0.96, 0.45))
    left = (bare - stroke) / ((0.96 - 0.45) * light * gain)
    washed, pale = (box & (left < share) & (hand_mask < 0.5) for share in (0.25, 0.45))
    return Capture(
        pixels=pixels,
        corners=corners,
        kind=kind,
        scene=name,
        seed=seed,
        beside=beside,
        empty_desk=empty,
        drawn=drawn,
        bent=bent,
        page_scale=float(np.linalg.norm(corners[1] - corners[0])) / page_px,
        print_lost=float((box & (hand_mask > 0.5)).sum()) / inked,
        print_washed=float(washed.sum()) / inked,
        print_pale=float(pale.sum()) / inked,
    )


def empty_desk(desk: Desk, seed: int, *, width: int = 1600, height: int = 1200) -> Pixels:
    """Return a desk with nothing on it, evenly lit, with a little noise."""
    pixels = _desk(desk, np.random.default_rng([seed, 5]), width, height)
    ones = np.ones((height, width), np.float32)
    return _finish(pixels, ones * 0.9, ones * 0, {"lens": 0, "blur_px": 0.5, "light": 1, "noise": 2}, [seed, 12])


def _paper_dpi(kind: str, width: int, fill: float) -> int:
    wanted = width * fill / (max(SIZES_MM[kind]) / 25.4)
    return int(np.clip(round(wanted * 1.15 / 25) * 25, 75, 400))


def _pose(
    rng: np.random.Generator, sheet: Paper, drawn: dict[str, float], width: int, height: int, push: float
) -> tuple[Points, Project]:
    """Project the paper with a camera above the desk, and scale it so that it fills its share of the frame.

    Returns:
        The corners in the frame, and the camera.
    """
    wide, high = sheet.size_mm
    points = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    turn = np.deg2rad(drawn["turn_degrees"])
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = points @ rotation
    tilt, toward = np.deg2rad(drawn["tilt_degrees"]), rng.random() * 2 * np.pi
    axis = np.array([np.cos(toward), np.sin(toward)])
    distance = max(wide, high) * 1.3

    def on_desk(points: Points) -> tuple[Points, Points]:
        depth = 1 + np.sin(tilt) * (points @ axis)[:, None] / distance
        along = (points @ axis)[:, None] * axis
        return (points - along * (1 - np.cos(tilt))) / depth, depth

    seen, _ = on_desk(points)
    before = (seen.max(axis=0) + seen.min(axis=0)) / 2
    span = seen.max(axis=0) - seen.min(axis=0)
    scale = drawn["fill"] * min(width / span[0], height / span[1])
    seen = (seen - before) * scale
    room = np.maximum(0, (np.array([width, height]) - span * scale) / 2 - 0.015 * width)
    shift = rng.uniform(-1, 1, 2) * room
    if push:
        side = int(rng.integers(4))
        reach = span * scale / 2
        edge = np.array([width, height]) / 2
        way = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)][side], float)
        shift = shift * np.abs(way[::-1]) + way * (edge - reach + push * width)
    place = np.array([width, height]) / 2 + shift
    # What stands up moves away from where the desk's plumb line through the lens meets the picture.
    plumb = np.array([width, height]) / 2 - axis * np.tan(tilt) * distance * scale

    def project(lifted: Points) -> Points:
        flat, depth = on_desk(lifted[:, :2] @ rotation)
        below = (flat - before) * scale + place
        nearer = lifted[:, 2:] * np.cos(tilt)
        return np.asarray(below + nearer / (depth * distance - nearer) * (below - plumb))

    return np.asarray(seen + place), project


def _noise_field(rng: np.random.Generator, width: int, height: int, across: int, along: int) -> Floats:
    small = rng.normal(0, 1, (max(2, height // along), max(2, width // across))).astype(np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _desk(kind: Desk, rng: np.random.Generator, width: int, height: int) -> Floats:
    grain = _noise_field(rng, width, height, 6, 6) * 1.5 + _noise_field(rng, width, height, 160, 160) * 3
    if kind == "wood":
        colour = np.array([(62, 92, 138), (40, 62, 96), (96, 136, 178)][int(rng.integers(3))], np.float32)
        lines = _noise_field(rng, width, height, 400, 4) * 9 + _noise_field(rng, width, height, 900, 22) * 9
        planks = np.zeros((height, width), np.float32)
        for y in range(int(rng.integers(60, 200)), height, int(height * 0.23)):
            planks[y : y + max(2, height // 500)] = -30
        texture = lines + planks + grain
        return np.asarray(
            np.clip(colour + texture[..., None] * np.array([0.8, 1.0, 1.1], np.float32), 0, 255).astype(np.float32)
        )
    shades: dict[str, tuple[float, float, float]] = {
        "dark": (52, 56, 60),
        "light": (176, 190, 200),
        "white": (226, 231, 233),
        "clutter": (120, 126, 122),
    }
    base = np.array(shades[kind], np.float32) + rng.normal(0, 6, 3).astype(np.float32) * (kind != "white")
    desk: Floats = np.clip(base + (grain * (0.5 if kind == "white" else 1))[..., None], 0, 255).astype(np.float32)
    if kind == "clutter":
        _scatter(desk, rng, width, height)
    return desk


def _scatter(desk: Floats, rng: np.random.Generator, width: int, height: int) -> None:
    """Pens, a telephone, a cup, other papers: some will be half under the sheet."""
    for _ in range(int(rng.integers(7, 13))):
        centre = rng.random(2) * (width, height)
        colour = tuple(float(v) for v in rng.uniform(15, 240, 3))
        thing = rng.random()
        if thing < 0.35:
            size, angle = (width * 0.012, width * rng.uniform(0.12, 0.3)), rng.uniform(0, 180)
        elif thing < 0.6:
            size, angle = (width * 0.09, width * 0.18), rng.uniform(0, 180)
            colour = (24.0, 24.0, 28.0)
        elif thing < 0.8:
            size, angle = (width * rng.uniform(0.1, 0.3), width * rng.uniform(0.15, 0.3)), rng.uniform(0, 180)
            colour = (225.0, 230.0, 232.0)
        else:
            cv2.circle(desk, (int(centre[0]), int(centre[1])), int(width * 0.04), colour, -1, cv2.LINE_AA)
            cv2.circle(desk, (int(centre[0]), int(centre[1])), int(width * 0.028), (40, 50, 70), -1, cv2.LINE_AA)
            continue
        corners = cv2.boxPoints(((float(centre[0]), float(centre[1])), size, float(angle)))
        cv2.fillConvexPoly(desk, np.round(corners).astype(np.int32), colour, cv2.LINE_AA)


def _put_objects(desk: Floats, rng: np.random.Generator, count: int, flat: Points) -> None:
    """A cable, a ruler, a keyboard: long straight edges and dark grids, some of them right at the sheet."""
    height, width = desk.shape[:2]
    mm = float(np.linalg.norm(flat[1] - flat[0])) / 210
    for _ in range(count):
        thing = rng.random()
        at = (
            flat[int(rng.integers(4))] + rng.normal(0, 60 * mm, 2)
            if rng.random() < 0.5
            else rng.random(2) * (width, height)
        )
        if thing < 0.4:
            steps = np.cumsum(np.cumsum(rng.normal(0, 1, (40, 2)), axis=0), axis=0)
            path = at + steps / max(1.0, float(np.abs(steps).max())) * 300 * mm
            shade = float(rng.integers(10, 60))
            cv2.polylines(
                desk, [np.round(path).astype(np.int32)], False, (shade,) * 3, max(2, round(5 * mm)), cv2.LINE_AA
            )
        elif thing < 0.7:
            tint = [(120, 220, 236), (210, 214, 216), (60, 60, 66)][int(rng.integers(3))]
            box = cv2.boxPoints(((float(at[0]), float(at[1])), (300 * mm, 30 * mm), float(rng.uniform(0, 180))))
            cv2.fillConvexPoly(desk, np.round(box).astype(np.int32), tint, cv2.LINE_AA)
        else:
            for row in range(4):
                for column in range(12):
                    x, y = at + np.array([column * 19, row * 19]) * mm
                    corner = (round(x), round(y))
                    cv2.rectangle(desk, corner, (round(x + 19 * mm), round(y + 19 * mm)), (20, 20, 22), -1)
                    cv2.rectangle(desk, corner, (round(x + 16 * mm), round(y + 16 * mm)), (44, 44, 46), -1)


def _put_below(desk: Floats, rng: np.random.Generator, flat: Points) -> None:
    """Another white sheet, that looks out from under the one to find."""
    middle = flat.mean(axis=0)
    angle = float(np.deg2rad(rng.uniform(6, 40) * rng.choice([-1, 1])))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    size = np.linalg.norm(flat[2] - flat[0])
    other = (flat - middle) @ turn + middle + rng.uniform(-0.22, 0.22, 2) * size
    shade = rng.uniform(225, 250, 3)
    cv2.fillConvexPoly(desk, np.round(other).astype(np.int32), tuple(float(v) for v in shade), cv2.LINE_AA)


def _side_by_side(flat: Points, rng: np.random.Generator, width: int, height: int) -> tuple[Points, Points]:
    """Return two poses in place of one: the paper and its neighbour, each a little turned, both within the frame."""
    along = flat[1] - flat[0] if rng.random() < 0.5 else flat[3] - flat[0]
    gap = along * float(rng.uniform(1.04, 1.35)) / 2
    poses = []
    for side in (-1, 1):
        angle = float(np.deg2rad(rng.uniform(-5, 5)))
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        middle = flat.mean(axis=0)
        poses.append((flat - middle) @ turn + np.array([width, height]) / 2 + side * gap)
    both = np.concatenate(poses)
    reach = np.abs(both - np.array([width, height]) / 2).max(axis=0) / (np.array([width, height]) / 2)
    shrink = min(1.0, 0.95 / float(reach.max()))
    one, two = ((pose - np.array([width, height]) / 2) * shrink + np.array([width, height]) / 2 for pose in poses)
    return one, two


def _lay(desk: Floats, sheet: Paper, flat: Points, rng: np.random.Generator) -> Floats:
    height, width = desk.shape[:2]
    warp = _homography(sheet, flat)
    size = (width, height)
    picture = cv2.warpPerspective(sheet.pixels, warp, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    # The outline at four times the size, then averaged: an edge as soft as a lens of one pixel draws it.
    fine = np.diag([2.0, 2.0, 1.0]) @ warp
    fine[:2] += 0.5 * np.outer(np.ones(2), fine[2])
    mask = cv2.warpPerspective(sheet.outline, fine, (width * 2, height * 2), flags=cv2.INTER_LINEAR)
    alpha = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255)[..., None]
    # Paper lies on the desk with a thin, one-sided shadow of its own.
    offset = rng.uniform(0.6, 2.2, 2) * width / 1600 * rng.choice([-1, 1], 2)
    move = np.array([[1, 0, offset[0]], [0, 1, offset[1]]], np.float32)
    cast = cv2.GaussianBlur(cv2.warpAffine(alpha[..., 0], move, size), (0, 0), 1.6 * width / 1600)
    shaded = desk * (1 - 0.30 * cast[..., None])
    return np.asarray((shaded * (1 - alpha) + picture.astype(np.float32) * alpha).astype(np.float32))


def _lay_bent(desk: Floats, sheet: Paper, maps: Maps, rng: np.random.Generator) -> Floats:
    """Lay a bent paper; where it stands up its shadow is wider than a flat one's."""
    height, width = desk.shape[:2]
    picture, alpha = _seen(sheet.pixels, maps), (_seen(sheet.outline, maps).astype(np.float32) / 255)[..., None]
    offset = rng.uniform(1.5, 5, 2) * width / 1600 * rng.choice([-1, 1], 2)
    move = np.array([[1, 0, offset[0]], [0, 1, offset[1]]], np.float32)
    cast = cv2.GaussianBlur(cv2.warpAffine(alpha[..., 0], move, (width, height)), (0, 0), 3 * width / 1600)
    shaded = desk * (1 - 0.30 * cast[..., None])
    return np.asarray((shaded * (1 - alpha) + picture.astype(np.float32) * alpha).astype(np.float32))


def _seen(flat: npt.NDArray[np.uint8], maps: Maps) -> npt.NDArray[np.uint8]:
    """Return what the frame shows of a picture of the paper; black beyond its rim."""
    height, width = flat.shape[:2]
    x, y = maps[0] * np.float32(width) - 0.5, maps[1] * np.float32(height) - 0.5
    rim = cv2.BORDER_REPLICATE if flat.ndim == 3 else cv2.BORDER_CONSTANT
    return np.asarray(cv2.remap(flat, x, y, cv2.INTER_LINEAR, borderMode=rim))


def _homography(sheet: Paper, flat: Points) -> Points:
    height, width = sheet.pixels.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    return np.asarray(cv2.getPerspectiveTransform(source, flat.astype(np.float32)), np.float64)


def _inked(sheet: Paper) -> Mask:
    """Return where on the paper print stands: ink within the print box, and one millimetre round it."""
    left, top, right, bottom = sheet.print_box
    gray = cv2.cvtColor(sheet.pixels, cv2.COLOR_BGR2GRAY)
    mask: Mask = np.zeros(sheet.outline.shape, np.uint8)
    mask[top:bottom, left:right] = (gray[top:bottom, left:right] < 150) * np.uint8(255)
    reach = round(sheet.pixels.shape[1] / sheet.size_mm[0]) * 2 + 1
    mask = cv2.dilate(mask, np.ones((reach, reach), np.uint8))
    return np.asarray(mask)


def _print_mask(sheet: Paper, flat: Points, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Return where in the frame print stands."""
    return np.asarray(cv2.warpPerspective(_inked(sheet), _homography(sheet, flat), (width, height)) > 127)


def _light(rng: np.random.Generator, drawn: dict[str, float], flat: Points, width: int, height: int) -> Floats:
    angle = rng.random() * 2 * np.pi
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    along = (columns / width - 0.5) * np.cos(angle) + (rows / height - 0.5) * np.sin(angle)
    light = 1 - drawn["gradient"] * (along + 0.6)
    if drawn["shadow"] > 0:
        middle = flat.mean(axis=0)
        way = np.array([np.cos(angle + 1), np.sin(angle + 1)])
        reach = float(rng.uniform(-0.15, 0.2)) * width
        wide = float(rng.uniform(0.12, 0.35)) * width
        side = np.array([-way[1], way[0]])
        start = middle + side * reach
        corners = np.array(
            [
                start + side * wide,
                start - side * wide * 0.4,
                start - way * 2 * width,
                start + side * wide * 1.6 - way * 2 * width,
            ]
        )
        mask = np.zeros((height, width), np.float32)
        cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), 1.0, cv2.LINE_AA)
        soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(4, 22)) * width / 1600)
        light = light * (1 - drawn["shadow"] * soft)
    return np.asarray(np.clip(light, 0.05, 1.2).astype(np.float32))


def _glare(rng: np.random.Generator, drawn: dict[str, float], flat: Points, width: int, height: int) -> Floats:
    if drawn["glare"] <= 0:
        return np.zeros((height, width), np.float32)
    inside = rng.dirichlet(np.ones(4) * 2)
    x, y = inside @ flat
    spread = drawn["glare_size"] * width * np.array([1.0, float(rng.uniform(0.5, 1.0))])
    turn = float(rng.random() * np.pi)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    across = (columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)
    down = -(columns - x) * np.sin(turn) + (rows - y) * np.cos(turn)
    blob = drawn["glare"] * np.exp(-((across / spread[0]) ** 2 + (down / spread[1]) ** 2) / 2)
    return np.asarray(blob, np.float32)


def _finger(
    rng: np.random.Generator, drawn: dict[str, float], flat: Points, width: int, height: int
) -> tuple[Floats, Floats]:
    """One to three fingers that hold the sheet at one side: smooth capsules with a nail and a round shading."""
    colour = np.zeros((height, width, 3), np.float32)
    mask = np.zeros((height, width), np.float32)
    if drawn["finger"] <= 0:
        return colour, mask
    skin = np.array([(128, 162, 212), (96, 132, 186), (150, 180, 224)][int(rng.integers(3))], np.float32)
    side = int(rng.integers(4))
    start, end = flat[side], flat[(side + 1) % 4]
    inward = np.array([-(end - start)[1], (end - start)[0]]) / np.linalg.norm(end - start)
    sheet_wide = float(np.linalg.norm(flat[1] - flat[0]))
    thick = 16 / 210 * sheet_wide * float(rng.uniform(0.9, 1.2))
    at = float(rng.uniform(0.2, 0.8))
    slant = inward + (end - start) / np.linalg.norm(end - start) * float(rng.uniform(-0.4, 0.4))
    slant = slant / np.linalg.norm(slant)
    for i in range(int(rng.integers(1, 4))):
        root = start + (end - start) * at + (end - start) / np.linalg.norm(end - start) * thick * 1.15 * i
        tip = root + slant * (drawn["finger"] * sheet_wide - thick / 2 - abs(i - 1) * thick * 0.15)
        _capsule(colour, mask, tip, root - slant * width, thick / 2, skin)
    return colour, cv2.GaussianBlur(mask, (0, 0), 0.8)


def _capsule(colour: Floats, mask: Floats, tip: Points, root: Points, radius: float, skin: Floats) -> None:
    height, width = mask.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    length = float(np.linalg.norm(root - tip))
    way = (root - tip) / length
    along = np.clip((columns - tip[0]) * way[0] + (rows - tip[1]) * way[1], 0, length)
    distance = np.hypot(columns - tip[0] - along * way[0], rows - tip[1] - along * way[1]) / radius
    inside = distance <= 1
    shade = 0.62 + 0.38 * np.sqrt(np.clip(1 - distance**2, 0, 1))
    nail = inside & (along < radius * 0.9) & (distance < 0.62)
    tone = skin * shade[..., None]
    tone[nail] = tone[nail] * 0.55 + np.array([190, 196, 226], np.float32) * 0.45
    colour[inside] = tone[inside]
    mask[inside] = 1


def _finish(scene: Floats, light: Floats, reflection: Floats, drawn: dict[str, float], seed: list[int]) -> Pixels:
    """Light, reflection, lens, blur, exposure and noise, in the order in which they happen."""
    height, width = light.shape
    picture = scene * light[..., None] + (reflection * 255)[..., None]
    if drawn["lens"]:
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        half = np.float32(np.hypot(width, height) / 2)
        x, y = (columns - width / 2) / half, (rows - height / 2) / half
        factor = 1 + np.float32(drawn["lens"]) * (x * x + y * y)
        picture = cv2.remap(
            picture, x * factor * half + width / 2, y * factor * half + height / 2, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    if drawn["blur_px"] > 0.05:
        picture = cv2.GaussianBlur(picture, (0, 0), drawn["blur_px"])
    length = drawn.get("motion_px", 0.0)
    if length > 1:
        picture = cv2.filter2D(picture, -1, _motion(length, drawn.get("motion_degrees", 0.0)))
    picture = np.minimum(picture * drawn["light"], 255)
    noise = np.empty(picture.shape, np.float32)
    cv2.setRNGSeed(int(np.random.default_rng(seed).integers(1 << 30)))
    cv2.randn(noise, (0.0,) * 3, (drawn["noise"],) * 3)
    return np.asarray(np.clip(np.round(picture + noise), 0, 255).astype(np.uint8))


def _motion(length: float, degrees: float) -> Floats:
    side = int(length) | 1
    kernel = np.zeros((side + 2, side + 2), np.float32)
    middle = (side + 2) // 2
    reach = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]) * length / 2
    start, end = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, tuple(int(v) for v in start), tuple(int(v) for v in end), 1.0, 1, cv2.LINE_AA)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _bend(points: Points, lens: float, width: int, height: int) -> Points:
    """Return where the lens puts these points: the fixed point of `_finish`'s map."""
    middle, half = np.array([width / 2, height / 2]), np.hypot(width, height) / 2
    flat = (points - middle) / half
    bent = flat.copy()
    for _ in range(20):
        bent = flat / (1 + lens * (bent**2).sum(axis=1, keepdims=True))
    return np.asarray(bent * half + middle)


PAIR = replace(PLAIN, kinds=("card",), desks=("dark", "wood", "light"), fill=(0.3, 0.48), pair=True)
ALL_SCENES: dict[str, Scene] = {**FULL_RANGE, **HARD}
MakeCapture = Callable[[Scene, int], Capture]

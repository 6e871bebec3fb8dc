"""What goes wrong between the paper and the camera: dark, blurred, dazzled, a hand in the way. Drawn onto a frame."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final

import cv2
import numpy as np

from firmware.ports import Pixels

FAULTS: Final[Mapping[str, str]] = {
    "blur": "照片模糊（抖动、失焦）",
    "dark": "光线太暗",
    "glare": "台灯反光",
    "cut_edge": "纸张一半在画面外",
    "hand": "手压在纸上",
}
_SKIN: Final = (128, 158, 206)  # BGR


def spoil(picture: Pixels, faults: Set[str], *, seed: int) -> Pixels:
    """Return the frame with these faults; `cut_edge` is the desk's, where the sheet is laid."""
    rng = np.random.default_rng([seed, 11])
    if "hand" in faults:
        picture = _hand(picture, rng)
    if "glare" in faults:
        picture = _glare(picture, rng)
    if "dark" in faults:
        picture = cv2.convertScaleAbs(picture, alpha=0.055)
    if "blur" in faults:
        picture = cv2.GaussianBlur(picture, (0, 0), picture.shape[1] / 400)
    return picture


def _glare(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Add the reflection of a lamp: burnt out in the middle, a wide veil around."""
    height, width = picture.shape[:2]
    small_w, small_h = 96, max(1, round(96 * height / width))
    y, x = np.mgrid[0:small_h, 0:small_w].astype(np.float32)
    at_x, at_y = rng.uniform(0.35, 0.65) * small_w, rng.uniform(0.3, 0.6) * small_h
    distance = ((x - at_x) / (small_w * 0.15)) ** 2 + ((y - at_y) / (small_w * 0.1)) ** 2
    veil = 330 * np.exp(-distance) + 60 * np.exp(-distance / 8)
    light = cv2.resize(np.clip(veil, 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
    dazzled: Pixels = cv2.add(picture, cv2.merge([light, light, light]))
    return dazzled


def _hand(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Lay four fingers over the lower right: each a rounded bar with a nail and a soft edge."""
    height, width = picture.shape[:2]
    scale = 4  # drawn small and stretched: skin is soft
    skin = np.zeros((height // scale, width // scale, 3), np.uint8)
    cover = np.zeros(skin.shape[:2], np.uint8)
    thick = skin.shape[1] // 13
    for finger in range(4):
        tip = (
            int(skin.shape[1] * (0.56 + 0.02 * abs(finger - 1.4)) + rng.uniform(-6, 6)),
            int(skin.shape[0] * 0.62 + finger * thick * 1.12),
        )
        root = (skin.shape[1] + thick, tip[1] + thick // 2)
        tone = tuple(int(channel) - 7 * finger for channel in _SKIN)
        cv2.line(skin, tip, root, tone, thick, cv2.LINE_AA)
        cv2.line(cover, tip, root, 255, thick, cv2.LINE_AA)
        cv2.ellipse(skin, (tip[0] - thick // 10, tip[1]), (thick // 3, thick // 4), 0, 0, 360, (178, 190, 226), -1)
    cover = cv2.GaussianBlur(cover, (0, 0), 1.2)
    skin = cv2.GaussianBlur(skin, (0, 0), 1.5)
    weight = cv2.resize(cover, (width, height), interpolation=cv2.INTER_LINEAR)
    weight = cv2.merge([weight, weight, weight])
    large = cv2.resize(skin, (width, height), interpolation=cv2.INTER_LINEAR)
    mixed: Pixels = cv2.add(
        cv2.multiply(large, weight, scale=1 / 255), cv2.multiply(picture, cv2.bitwise_not(weight), scale=1 / 255)
    )
    return mixed

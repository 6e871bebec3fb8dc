"""Seeded pictures of codes on a desk, with what they say: every symbology in use, in the weather of a counter."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import zxingcpp

from firmware.ports import Pixels

Labelled = tuple[str, Pixels, str | None]
TEXTS = {
    "QRCode": "OW1%040d/",
    "Code128": "OW20261123-%05d",
    "PDF417": "The hall's slip number %09d",
    "DataMatrix": "paper %06d",
    "EAN13": "690%09d",
}
# name -> pixels a module, blur in pixels, noise and contrast in grey levels
WEATHER = {
    "plain": (3.0, 0.6, 4, 200),
    "fine": (1.7, 0.4, 3, 200),
    "blurred": (3.0, 1.5, 3, 200),
    "faint": (3.0, 0.8, 4, 40),
    "grainy": (3.0, 0.6, 22, 160),
}


def drawn_set(each: int = 4) -> Iterator[Labelled]:
    """Yield `each` pictures of each symbology in each weather, then desks without a code."""
    for weather, (module, blur, noise, contrast) in WEATHER.items():
        for kind in TEXTS:
            for seed in range(each):
                random = np.random.default_rng([seed, *map(ord, weather + kind)])
                tilt = float(random.uniform(-6, 6)) + 90 * int(random.integers(0, 4))
                yield f"{kind} {weather}", *_picture(kind, random, module, blur, noise, contrast, tilt)
    for seed in range(6):
        yield "no code", _desk_only(np.random.default_rng(seed)), None


def tilted_set() -> Iterator[Labelled]:
    """Yield linear codes tilted by 10 to 80 degrees and the same beyond each right angle."""
    for kind in ("Code128", "EAN13"):
        for seed, tilt in enumerate(range(10, 360, 10)):
            if tilt % 90:
                random = np.random.default_rng([seed, *map(ord, kind)])
                yield f"{kind} tilted", *_picture(kind, random, 3.0, 0.7, 4, 180, float(tilt))


def _picture(
    kind: str, random: np.random.Generator, module: float, blur: float, noise: float, contrast: float, tilt: float
) -> tuple[Pixels, str]:
    made = zxingcpp.create_barcode(TEXTS[kind] % random.integers(0, 99_999), getattr(zxingcpp.BarcodeFormat, kind))
    code = np.array(made.to_image(scale=4, add_quiet_zones=True))
    if kind in ("Code128", "EAN13"):
        code = np.repeat(code[:1], 160, axis=0)
    height, width = code.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    turn[:, 2] += np.array([1280 - width / 2, 960 - height / 2]) + random.uniform(-60, 60, 2)
    scene = cv2.warpAffine(code, turn, (2560, 1920), borderMode=cv2.BORDER_CONSTANT, borderValue=190)
    scale = module / 4
    seen = cv2.resize(scene, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    seen = seen[seen.shape[0] // 2 - 300 :, seen.shape[1] // 2 - 400 :][:600, :800]
    shade = np.linspace(float(random.uniform(0.75, 1.0)), 1.0, seen.shape[1], dtype=np.float32)
    seen = (235 - contrast + seen * contrast / 255) * shade
    gray = cv2.GaussianBlur(seen, (0, 0), blur) + random.normal(0, noise, seen.shape)
    return _as_photographed(np.clip(gray, 0, 255)), made.text


def _desk_only(random: np.random.Generator) -> Pixels:
    ys, xs = np.mgrid[0:600, 0:800]
    weave = 140 + 50 * np.sign(np.sin((xs + random.integers(0, 3) * ys) / random.uniform(2, 6)))
    return _as_photographed(np.clip(weave + random.normal(0, 8, weave.shape), 0, 255))


def _as_photographed(gray: np.ndarray) -> Pixels:
    coded = cv2.imencode(".jpg", np.repeat(gray.astype(np.uint8)[..., None], 3, axis=2))[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)

"""Teach `edge/capture/turn.py` which way is up: `python -m tests.support.capture_turn_training`, some two minutes.

Draws lines of common characters (the 3 755 of GB 2312's first level, figures, some Latin) in the faces that are
installed, as softly and as coarsely as a camera sees them, cuts them out as the page's reader does, and writes the
network's weights. The faces are free (OFL, Apache); none of their outlines is in the weights. The same faces give the
same weights.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from edge.capture.turn import GLYPH, Glyphs, glyphs, uprightness

FACES = (
    "Noto Sans CJK SC", "Noto Serif CJK SC", "Noto Sans CJK SC:bold", "Noto Serif CJK SC:bold", "Droid Sans Fallback",
)  # fmt: skip
HIDDEN = 64
PLACE = Path(__file__).resolve().parents[2] / "edge" / "capture" / "turn_weights.npz"
COMMON = "".join(
    bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)
)


def lines_of_text(rng: np.random.Generator, files: list[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return one picture of text lines in grey, and the bound between paper and ink."""
    size = int(rng.integers(9, 46))
    face = ImageFont.truetype(files[int(rng.integers(len(files)))], size)
    image = Image.new("L", (900, 500), int(rng.integers(200, 255)))
    draw = ImageDraw.Draw(image)
    ink = int(rng.integers(0, 110))
    gap = float(rng.uniform(1.25, 2.2))
    for y in np.arange(4, 500 - size, size * gap):
        text = "".join(_character(rng) for _ in range(int(900 / size)))
        draw.text((4, float(y)), text, font=face, fill=ink)
        if rng.random() < 0.2:
            draw.line((0, y - 0.1 * size, 900, y - 0.1 * size), fill=ink, width=1)
    middle = (450.0, 250.0)
    tilt = cv2.getRotationMatrix2D(middle, float(rng.normal(0, 1.2)), 1)
    tilt[0, :2] *= rng.uniform(0.94, 1.06)
    picture = cv2.warpAffine(np.asarray(image), tilt, (900, 500), borderMode=cv2.BORDER_REPLICATE)
    blur = float(rng.uniform(0.0, 0.055)) * size
    if blur > 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    noisy = picture + rng.normal(0, rng.uniform(0, 9), picture.shape)
    level = float(np.percentile(picture, 95)) * 0.78
    return np.clip(noisy, 0, 255).astype(np.uint8), np.full(picture.shape, round(level), np.uint8)


def _character(rng: np.random.Generator) -> str:
    if rng.random() < 0.86:
        return COMMON[int(rng.integers(len(COMMON)))]
    return "0123456789ABCDEFGHKLMNPRTVXYabdefghkmnprty年月日"[int(rng.integers(45))]


def taught(seen: Glyphs, rng: np.random.Generator, rounds: int) -> dict[str, npt.NDArray[np.float32]]:
    """Return the network that tells the first of four turns from the others, by Adam on its mean log likelihood."""
    first = rng.normal(0, 0.12, (GLYPH * GLYPH, HIDDEN)).astype(np.float32)
    weights = {
        "first": first,
        "offset": np.zeros(HIDDEN, np.float32),
        "second": rng.normal(0, 0.2, HIDDEN).astype(np.float32),
    }
    mean = {name: np.zeros_like(value) for name, value in weights.items()}
    spread = {name: np.zeros_like(value) for name, value in weights.items()}
    step = 0
    for turn in range(rounds):
        order = rng.permutation(len(seen))
        for start in range(0, len(order) - 255, 256):
            step += 1
            slopes = _slopes(_shaken(seen[order[start : start + 256]], rng), weights)
            rate = 0.003 * (1 - 0.9 * turn / rounds)
            for name, slope in slopes.items():
                mean[name] = 0.9 * mean[name] + 0.1 * slope
                spread[name] = 0.999 * spread[name] + 0.001 * slope**2
                ahead = mean[name] / (1 - 0.9**step) / (np.sqrt(spread[name] / (1 - 0.999**step)) + 1e-8)
                moved = weights[name] - rate * (ahead + 0.01 * weights[name])
                weights[name] = moved.astype(np.float32)
        right = (uprightness(seen[:4000], weights).argmax(axis=1) == 0).mean()
        print(f"round {turn + 1}: {right:.3f} of characters by themselves", flush=True)
    return weights


def _shaken(seen: Glyphs, rng: np.random.Generator) -> Glyphs:
    square = seen.reshape(-1, GLYPH, GLYPH)
    down, across = (int(v) for v in rng.integers(-1, 2, 2))
    return np.roll(square, (down, across), axis=(1, 2)).reshape(len(seen), -1)


def _slopes(seen: Glyphs, weights: dict[str, npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
    square = seen.reshape(-1, GLYPH, GLYPH)
    ways = np.stack([np.rot90(square, -quarters, axes=(1, 2)).reshape(len(seen), -1) for quarters in range(4)], axis=1)
    before = ways @ weights["first"] + weights["offset"]
    hidden = np.maximum(0, before)
    score = hidden @ weights["second"]
    likely = np.exp(score - score.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    likely[:, 0] -= 1
    likely /= len(seen)
    back = likely[..., None] * weights["second"] * (before > 0)
    return {
        "first": ways.reshape(-1, GLYPH * GLYPH).T @ back.reshape(-1, HIDDEN),
        "offset": back.sum(axis=(0, 1)),
        "second": np.einsum("nwh,nw->h", hidden, likely),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=420)
    parser.add_argument("--rounds", type=int, default=14)
    arguments = parser.parse_args()
    rng = np.random.default_rng(20)
    files = [
        subprocess.run(["fc-match", "--format=%{file}", face], check=True, capture_output=True, text=True).stdout
        for face in FACES
    ]
    seen = np.concatenate([glyphs(*lines_of_text(rng, files)) for _ in range(arguments.pictures)])
    print(f"{len(seen)} characters")
    weights = taught(seen[rng.permutation(len(seen))], rng, arguments.rounds)
    scale = np.abs(weights["first"]).max(axis=0) / 127
    np.savez_compressed(
        PLACE,
        first=np.rint(weights["first"] / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        offset=weights["offset"].astype(np.float32),
        second=weights["second"].astype(np.float32),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

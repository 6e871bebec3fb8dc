"""An independent reader's accuracy against blur, size, noise and contrast: where the gate's truth comes from.

`python -m tests.support.gate_reader`, with rapidocr-onnxruntime installed (it brings its models; no test needs it). It
recognises one line of sixteen characters at a time, without order or meaning, so that there is nothing to guess by.
ADR 0028 holds what it said.
"""

from __future__ import annotations

import difflib
import importlib
import random
import sys
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw

from firmware.ports import Pixels
from tests.support.gate_generator import Floats
from tests.support.gate_papers import WORDS, _font

_FINE = 4  # drawn so many times larger, so that blur and sampling are the only loss
_SEEDS = range(5)


def main() -> int:
    engine: Any = importlib.import_module("rapidocr_onnxruntime").RapidOCR(intra_op_num_threads=1)

    def read(height: int, blur_px: float, contrast: float = 1.0, noise: float = 2.0) -> str:
        lines = [_line(height, seed) for seed in _SEEDS]
        return (
            f"{np.mean([_accuracy(engine, text, _seen(line, blur_px, contrast, noise)) for text, line in lines]):.2f}"
        )

    heights = (8, 12, 18, 24, 32)
    print("blur, σ in heights of a character; across: heights in pixels", *heights)
    for share in (0.0, 0.05, 0.09, 0.10, 0.12, 0.14, 0.16):
        print(f"{share:5.2f}", *(read(height, share * height) for height in heights))
    print("height in pixels, with a lens of σ 0.6 px")
    for height in (4, 5, 6, 7, 8, 9):
        print(f"{height:5d}", read(height, 0.6))
    print("ink's contrast over the noise; across: heights", *heights[1:])
    for ratio in (1.0, 1.5, 2.0, 3.0, 4.0, 6.0):
        print(f"{ratio:5.1f}", *(read(height, 0.5, 0.3, 63 / ratio) for height in heights[1:]))
    print("contrast left, at a noise of 2; across: heights", *heights[1:])
    for left in (0.02, 0.04, 0.06, 0.1, 0.2):
        print(f"{left:5.2f}", *(read(height, 0.5, left) for height in heights[1:]))
    return 0


def _line(height: int, seed: int) -> tuple[str, Floats]:
    text = "".join(random.Random(seed).sample(WORDS, 16))  # noqa: S311  # not for secrets
    size = height * _FINE
    image = Image.new("L", (size * 17, int(size * 1.6)), 240)
    ImageDraw.Draw(image).text((size / 2, 0), text, font=_font(size), fill=30)
    return text, np.asarray(image, np.float32)


def _seen(line: Floats, blur_px: float, contrast: float = 1.0, noise: float = 2.0) -> Pixels:
    """Return the line as a camera sees it: light is blurred and sampled, then toned."""
    light = (line / 255) ** 2.2
    if blur_px:
        light = cv2.GaussianBlur(light, (0, 0), blur_px * _FINE)
    size = (line.shape[1] // _FINE, line.shape[0] // _FINE)
    toned = 255 * cv2.resize(light, size, interpolation=cv2.INTER_AREA) ** (1 / 2.2)
    toned = 240 + (toned - 240) * contrast - (120 if contrast < 1 else 0)
    toned = toned + np.random.default_rng(1).normal(0, noise, toned.shape)
    grey = np.clip(toned, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _accuracy(engine: Any, text: str, line: Pixels) -> float:
    found, _ = engine(line, use_det=False, use_cls=False, use_rec=True)
    read = "".join(part[0] for part in found or []).replace(" ", "")
    blocks = difflib.SequenceMatcher(None, text, read, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(text)


if __name__ == "__main__":
    sys.exit(main())

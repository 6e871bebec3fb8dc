"""How surely the sides of an identity card are told apart: drawn cards through the whole capture, counted.

    python -m tests.support.card_side_score 40 60

counts the seeds 40 to 59. The rule was tuned on 0 to 19.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from typing import Final

import numpy as np

from edge.capture import CardSide, Found, capture
from firmware.ports import Pixels
from tests.support.capture_generator import FULL_RANGE, Scene, make_capture
from tests.support.card_faces import OTHER_CARDS

SIDES: Final = {"id-portrait": CardSide.PORTRAIT, "id-emblem": CardSide.EMBLEM}
KINDS: Final = (*SIDES, *OTHER_CARDS, "card")
_CARD: Final = replace(FULL_RANGE["idcard"], turn_degrees=(-180, 180))
_NEAR: Final = replace(_CARD, fill=(0.4, 0.7))
SCENES: Final[dict[str, Scene]] = {
    "plain": _CARD,
    "tilted": replace(_NEAR, tilt_degrees=(8, 20), lens=(-0.03, 0.02)),
    "shadow": replace(_CARD, shadow=(0.3, 0.6), gradient=(0.1, 0.35)),
    "glare": replace(_NEAR, glare=(0.3, 1.0)),
    "finger": replace(_NEAR, finger=(0.04, 0.14)),
    "lowlight": replace(_CARD, light=(0.1, 0.25), noise=(3, 6), gradient=(0.1, 0.35)),
    "blur": replace(_CARD, blur_px=(0.7, 1.6)),
    "warm": _CARD,  # under a lamp of warm light
}
_LAMP: Final = np.array([0.72, 0.9, 1.0])


def card_frame(kind: str, scene: str, seed: int) -> Pixels:
    """Return the frame of this kind of card in this scene; the same arguments always give the same pixels."""
    pixels = make_capture(replace(SCENES[scene], kinds=(kind,)), seed, name=scene + kind).pixels
    return pixels if scene != "warm" else np.clip(pixels * _LAMP, 0, 255).astype(np.uint8)


def count_sides(kind: str, scene: str, seeds: range) -> Counter[str]:
    """Return how often the gate took the card, and what it was then called: right, wrong, unknown, named (no side)."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        page = capture(card_frame(kind, scene, seed))
        if page.found is not Found.CARD or not page.usable:
            continue
        (side,) = page.card_sides
        wanted = SIDES.get(kind)
        counts["taken"] += 1
        counts[
            "unknown" if side is None else "named" if wanted is None else "right" if side is wanted else "wrong"
        ] += 1
    return counts


if __name__ == "__main__":
    asked = range(int(sys.argv[1]), int(sys.argv[2]))
    for card in KINDS:
        total: Counter[str] = Counter()
        for place in SCENES:
            total += count_sides(card, place, asked)
        sys.stdout.write(f"{card}: {dict(total)}\n")
        sys.stdout.flush()

"""A camera's frame to the encoded page, beside warping and encoding that frame alone."""

from __future__ import annotations

from edge.capture import capture
from firmware.ports import Pixels
from tests.bench.figures import Figure
from tests.support.capture_generator import FULL_RANGE, make_capture
from tests.support.capture_speed import measure_speed

WIDTH, HEIGHT = 3264, 2448  # 8 MP, as document cameras have
GOAL = 2.0


def frame_to_page() -> list[Figure]:
    speed = measure_speed(_frame())
    steps = ", ".join(f"{name} {ms:.0f}" for name, ms in speed.steps.items())
    return [
        Figure(
            name="frame to encoded page, p50",
            value=speed.whole,
            unit="ms",
            floor=speed.floor,
            floor_name="ms: warp + JPEG alone",
            goal=GOAL,
            better="lower",
            note=f"one thread; {steps} ms",
        )
    ]


def a_page() -> bytes:
    """Return one page as a window would send it."""
    return capture(_frame()).jpeg


def _frame() -> Pixels:
    return make_capture(FULL_RANGE["wood"], 1, width=WIDTH, height=HEIGHT, name="wood").pixels

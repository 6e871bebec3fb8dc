"""What may be lines is found by outlines, with as many pixels as counting them one by one would find."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture import print_lines
from edge.capture.light import THUMB
from tests.support.gate_papers import gate_paper


@pytest.mark.parametrize("seed", range(12))
def test_outlines_tell_boxes_and_pixels_as_counting_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    cloud = cv2.GaussianBlur(random.random((200, 300)).astype(np.float32), (0, 0), random.uniform(0.5, 4), 0)
    mask = (cloud > np.quantile(cloud, random.uniform(0.5, 0.9))).astype(np.uint8)

    things = sorted(map(tuple, print_lines._things(mask, 4).tolist()))

    counted = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:]
    short, long = counted[:, 2:4].min(axis=1), counted[:, 2:4].max(axis=1)
    lines = counted[(short >= 4) & (short <= print_lines._TALLEST) & (long >= print_lines._LONG * short)]
    assert things == sorted(map(tuple, lines.tolist()))


def test_what_stands_within_a_frame_is_found_beside_it() -> None:
    mask = np.zeros((60, 300), np.uint8)
    cv2.rectangle(mask, (5, 5), (290, 50), 1, 2)
    cv2.rectangle(mask, (20, 20), (120, 35), 1, -1)

    boxes = print_lines._things(mask, 4)

    assert sorted(boxes[:, 2].tolist()) == [101, 288]
    assert boxes[boxes[:, 2] == 101][0].tolist() == [20, 20, 101, 16, 101 * 16]


def test_an_empty_mask_holds_nothing() -> None:
    assert print_lines._things(np.zeros((40, 40), np.uint8), 4).shape == (0, 5)


@pytest.mark.parametrize(("kind", "is_light"), [("cover", True), ("form", False), ("handwritten", False)])
@pytest.mark.parametrize("of_its_light", [1.0, 0.3])
def test_print_is_the_ink_and_not_the_ground_between_its_strokes(
    kind: str, of_its_light: float, *, is_light: bool
) -> None:
    page = cv2.convertScaleAbs(gate_paper(kind, 0, 200).pixels, alpha=of_its_light)

    lines = print_lines.find_lines(page, page.shape[0] // THUMB, page.shape[1] // THUMB, 0.5)

    assert len(lines.boxes)
    assert lines.is_light is is_light

"""The light is divided out, into whose memory soever."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from edge.capture.flatten import PAPER_WHITE, even
from edge.capture.light import measure_light
from firmware.ports import Pixels


def _page(height: int, width: int, level: int) -> Pixels:
    slope = np.linspace(0.6, 1.0, width)[None, :, None] * np.full((height, 1, 3), float(level))
    page: Pixels = slope.astype(np.uint8)
    page[height // 2 : height // 2 + 4, width // 4 : width // 2] //= 4
    return page


def _thumb(page: Pixels) -> Pixels:
    return np.ascontiguousarray(page[4::8, 4::8])


@pytest.mark.parametrize("kind", ["a4", "card"])
def test_a_page_may_be_evened_in_its_own_memory(kind: str) -> None:
    page = _page(480, 640, 200)
    light = measure_light(_thumb(page))
    apart = even(page, light, kind, 220.0)

    within = even(page, light, kind, 220.0, into=page)

    assert within is page or np.shares_memory(within, page)
    assert np.array_equal(within, apart)


def test_pages_of_other_sizes_and_light_do_not_mix() -> None:
    answers = []
    for height, width, level in ((480, 640, 200), (640, 480, 120), (480, 640, 90), (480, 640, 200)):
        page = _page(height, width, level)
        answers.append(even(page, measure_light(_thumb(page)), "a4"))

    for answer in answers:
        assert abs(float(np.median(answer)) - PAPER_WHITE) < 8
    assert np.array_equal(answers[0], answers[3])


def test_two_threads_even_their_pages_each_for_itself() -> None:
    pages = [_page(480, 640, level) for level in (200, 90)]
    lights = [measure_light(_thumb(page)) for page in pages]
    alone = [even(page, light, "a4") for page, light in zip(pages, lights, strict=True)]
    same = [True, True]
    start = threading.Barrier(2)

    def work(index: int) -> None:
        start.wait(10)
        for _ in range(60):
            same[index] &= np.array_equal(even(pages[index], lights[index], "a4"), alone[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert same == [True, True]

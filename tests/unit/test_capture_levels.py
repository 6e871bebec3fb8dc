"""Medians and quantiles by counting and by halves: the same numbers as numpy's own, whatever there is to sort."""

from __future__ import annotations

import numpy as np
import pytest

from edge.capture.levels import level_quantile, level_quantiles, middle


@pytest.mark.parametrize("count", [1, 2, 3, 4, 101, 1000])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 0.97, 1.0])
def test_a_share_of_grey_levels_lies_where_numpy_says(count: int, share: float) -> None:
    for high in (2, 17, 256):
        levels = np.random.default_rng(count).integers(0, high, count).astype(np.uint8)
        assert level_quantile(levels, share) == pytest.approx(float(np.quantile(levels, share)), abs=1e-9)


def test_a_share_falls_between_two_pixels() -> None:
    assert level_quantile(np.array([[10, 20]], np.uint8), 0.5) == 15.0
    assert level_quantile(np.array([0, 255], np.uint8), 0.97) == pytest.approx(247.35)


def test_of_several_shares_each_is_the_lower_pixels() -> None:
    levels = np.random.default_rng(5).integers(0, 256, 1000).astype(np.uint8)
    shares = (0.0, 0.03, 0.25, 0.5, 0.97, 1.0)
    assert level_quantiles(levels, shares) == [float(np.quantile(levels, share, method="lower")) for share in shares]


def test_a_part_of_a_picture_is_counted_as_it_is_cut() -> None:
    picture = np.arange(240, dtype=np.uint8).reshape(12, 20)
    assert level_quantile(picture[::4, ::4], 0.5) == float(np.median(picture[::4, ::4]))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 100, 101])
def test_the_middle_is_the_median(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count).astype(np.float32)
    before = values.copy()
    assert middle(values) == float(np.median(values))
    assert (values == before).all()
    assert middle(np.repeat(values, 2).reshape(2, -1)[:, ::-1]) == float(np.median(np.repeat(values, 2)))

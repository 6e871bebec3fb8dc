"""The picture's header: what is taken for a page, and the step past every bound."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from broker.errors import PictureRefused
from central.picture import jpeg_size
from tests.support.central_hall import jpeg


def real(mode: str = "RGB", form: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (320, 200)).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_real_photograph_has_its_size(mode: str, progressive: bool) -> None:
    assert jpeg_size(real(mode, progressive=progressive)) == (320, 200)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        real(form="PNG"),
        real(form="GIF"),
        real("CMYK"),
        real()[:-1],
        real()[: len(real()) // 2],
        real() + b"<script>",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 300 + b"\xff\xd9",
        b"\xff\xd8\xff\xe0\xff\xff\xff\xd9",
        jpeg(width=12_001, height=1),
        jpeg(width=0),
        jpeg(width=8000, height=8000),
        jpeg().replace(b"\xff\xc0", b"\xff\xc3", 1),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused):
        jpeg_size(data)


def test_too_many_bytes_are_not_looked_at() -> None:
    with pytest.raises(PictureRefused, match="at most"):
        jpeg_size(jpeg(body_bytes=5 * 1024 * 1024))


@given(st.binary(max_size=400))
def test_noise_is_refused_or_has_a_size_within_bounds(noise: bytes) -> None:
    try:
        size = jpeg_size(b"\xff\xd8" + noise + b"\xff\xd9")
    except PictureRefused:
        return
    assert 0 < size.width <= 12_000
    assert 0 < size.height <= 12_000

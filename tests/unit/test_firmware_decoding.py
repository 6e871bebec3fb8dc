"""Pictures from outside: RELIABILITY.md I1, each hostile kind, and the bound with the step past it."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from broker.errors import PhotographRefused, PictureRefused
from firmware.decoding import (
    PHOTOGRAPHS,
    PICTURE_BYTES_MAX,
    WIRE,
    PictureDecoder,
    PictureHeader,
    decode_picture,
    measure_picture,
)


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **more: object) -> bytes:
    data = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, size[::-1], np.uint8)
    Image.fromarray(noise).convert(mode).save(data, kind, **more)
    return data.getvalue()


def a_png_header(width: int, height: int, depth: int = 1, colours: int = 0) -> bytes:
    """A PNG that promises much and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack("!I", len(body)) + name + body + struct.pack("!I", zlib.crc32(name + body))

    head = struct.pack("!IIBBBBB", width, height, depth, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def photographs() -> Iterator[PictureDecoder]:
    """The decoder of the commands, which a person gives files to."""
    with PictureDecoder(bounds=PHOTOGRAPHS) as opened:
        yield opened


@pytest.fixture(scope="module")
def decoder() -> Iterator[PictureDecoder]:
    with PictureDecoder() as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "1")]
)
def test_a_jpeg_or_png_is_measured_and_decoded(kind: str, mode: str, decoder: PictureDecoder) -> None:
    data = a_picture(kind, mode=mode)

    assert measure_picture(data) == PictureHeader(kind.lower(), 60, 40)  # type: ignore[arg-type]
    assert decoder.decode(data).shape == (40, 60, 3)


def test_a_progressive_jpeg_with_restarts_is_measured() -> None:
    data = cv2.imencode(
        ".jpg", np.zeros((40, 60, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 2]
    )[1].tobytes()

    assert measure_picture(data) == PictureHeader("jpeg", 60, 40)


def test_pixels_come_out_as_they_went_in(decoder: PictureDecoder) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (30, 50, 3), np.uint8)
    data = cv2.imencode(".png", pixels)[1].tobytes()

    assert np.array_equal(decoder.decode(data), pixels)


def a_half_transparent(kind: str, **more: object) -> bytes:
    """Red above at half, black below that is not to be seen: as a paper cut out of its background is stored."""
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[:20] = (200, 0, 0, 128)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, kind, **more)
    return data.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF"])
def test_what_is_transparent_looks_as_on_white_paper(kind: str, photographs: PictureDecoder) -> None:
    pixels = photographs.decode(a_half_transparent(kind, **({"lossless": True} if kind == "WEBP" else {})))

    assert (pixels[30, 30] == 255).all()
    above = (0, 0, 200) if kind == "GIF" else (127, 127, 227)  # a GIF knows no half
    assert abs(pixels[10, 30].astype(int) - above).max() <= 1


@pytest.mark.parametrize("mode", ["LA", "P", "L", "1", "RGB"])
def test_transparency_of_each_kind_of_png_is_white(mode: str, decoder: PictureDecoder) -> None:
    picture = Image.new("L", (30, 20), 0)
    picture.paste(120, (0, 0, 30, 10))
    data = io.BytesIO()
    if mode == "LA":
        picture.putalpha(picture.point(lambda grey: 255 if grey else 0))
        picture.save(data, "PNG")
    else:
        key = {"RGB": (0, 0, 0), "P": 0}.get(mode, 0)
        picture = picture.point(lambda grey: 255 if grey else 0) if mode == "1" else picture
        picture.convert(mode).save(data, "PNG", transparency=key)

    pixels = decoder.decode(data.getvalue())

    assert (pixels[15, 15] == 255).all()
    assert (pixels[5, 15] == (255 if mode == "1" else 120)).all()


@pytest.mark.parametrize("kind", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_become_eight(kind: str, channels: int, photographs: PictureDecoder) -> None:
    deep = np.full((20, 30, channels), 0x6420, np.uint16)

    assert (photographs.decode(cv2.imencode(kind, deep)[1].tobytes()) == 0x64).all()


def test_sixteen_bits_with_transparency_look_as_on_white_paper(decoder: PictureDecoder) -> None:
    deep = np.zeros((300, 30, 4), np.uint16)
    deep[:20] = (0, 0, 50_000, 65_535)

    pixels = decoder.decode(cv2.imencode(".png", deep)[1].tobytes())

    assert tuple(pixels[10, 10]) in ((0, 0, 194), (0, 0, 195))
    assert (pixels[20:] == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_transparent_picture_is_turned_upright_as_any(
    kind: str, orientation: int, photographs: PictureDecoder
) -> None:
    pixels = np.full((40, 60, 4), 255, np.uint8)
    pixels[:10, :10] = (200, 0, 0, 255)
    pixels[-10:, :5] = (0, 0, 200, 255)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = []
    for alpha in (255, 254):
        pixels[20, 30, 3] = alpha
        data = io.BytesIO()
        Image.fromarray(pixels).save(data, kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))
        turned.append(photographs.decode(data.getvalue()))

    assert turned[0].shape == turned[1].shape
    assert abs(turned[0].astype(int) - turned[1]).max() <= 1


def test_forty_megapixels_of_transparent_sixteen_bits_decode_within_the_childs_memory() -> None:
    data = cv2.imencode(".png", np.zeros((5_000, 8_000, 4), np.uint16), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    in_any_time = replace(WIRE, processor_seconds_max=60, seconds_max=90.0)  # it is the memory that is asked about

    with PictureDecoder(bounds=in_any_time) as decoder:
        assert decoder.decode(data)[0, 0].tolist() == [255, 255, 255]


def test_a_photograph_is_turned_upright_as_its_exif_says(decoder: PictureDecoder) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    data = a_picture(exif=exif)

    assert decoder.decode(data).shape == (60, 40, 3)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (a_png_header(40_000, 40_000), "sides"),  # the bomb of RELIABILITY.md I1
        (a_png_header(8_000, 5_001), "40 megapixels"),
        (a_png_header(12_001, 10), "sides"),
        (a_png_header(0, 10), "sides"),
        (a_png_header(10, 10, depth=3), "colour type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG or PNG"),
        (b"%PDF-1.7 ", "JPEG or PNG"),
        (b"GIF89a" + a_picture(), "JPEG or PNG"),
        (b"", "JPEG or PNG"),
        (b"\xff\xd8\xff", "whole"),
        (b"\xff\xd8\xff\xd9", "frame and a scan"),
        (a_picture(mode="CMYK"), "CMYK"),
        (a_picture()[:-2], "whole"),
        (a_picture()[:400], "whole"),
        (a_picture("PNG")[:-12], "whole"),
        (a_picture() + bytes(PICTURE_BYTES_MAX), "12 MB"),
    ],
)
def test_a_hostile_picture_is_refused_by_its_header_and_the_rule_is_named(data: bytes, rule: str) -> None:
    with pytest.raises(PictureRefused, match=rule):
        measure_picture(data)


def test_an_animated_png_is_refused() -> None:
    data = io.BytesIO()
    frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
    frames[0].save(data, "PNG", save_all=True, append_images=frames[1:])

    with pytest.raises(PictureRefused, match="stands still"):
        measure_picture(data.getvalue())


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *((kind, "RGB") for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")),
        *((kind, "L") for kind in ("JPEG", "PNG", "BMP", "TIFF", "GIF")),
        *((kind, "1") for kind in ("PNG", "BMP", "TIFF")),
        *((kind, "P") for kind in ("PNG", "BMP", "TIFF", "GIF")),
        *((kind, "CMYK") for kind in ("JPEG", "TIFF")),
    ],
)
def test_a_photograph_that_a_person_names_may_be_of_any_usual_kind(
    kind: str, mode: str, photographs: PictureDecoder
) -> None:
    data = a_picture(kind, mode=mode)

    assert measure_picture(data, bounds=PHOTOGRAPHS) == PictureHeader(kind.lower(), 60, 40)  # type: ignore[arg-type]
    pixels = photographs.decode(data)
    assert pixels.shape == (40, 60, 3)
    if kind != "JPEG" and mode in ("RGB", "L"):
        shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[..., ::-1].astype(int)
        assert abs(shown - pixels).max() <= 1


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0"])
@pytest.mark.parametrize("lossless", [True, False])
def test_each_kind_of_webp_is_measured(lossless: bool, exif: bytes) -> None:
    data = a_picture("WEBP", size=(333, 17), lossless=lossless, exif=exif)

    assert measure_picture(data, bounds=PHOTOGRAPHS) == PictureHeader("webp", 333, 17)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_pictures_in_a_file_the_first_is_taken(kind: str, photographs: PictureDecoder) -> None:
    data = io.BytesIO()
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    frames[0].save(data, kind, save_all=True, append_images=frames[1:])

    pixels = photographs.decode(data.getvalue())

    assert pixels.shape == (20, 30, 3)
    assert pixels[10, 15, 2] > 200 > 60 > pixels[10, 15, 0]


@pytest.mark.parametrize("lacking", [1, 2])
def test_a_photograph_that_lacks_only_its_end_marker_is_whole(lacking: int, photographs: PictureDecoder) -> None:
    data = a_picture(size=(400, 400), quality=95)

    assert np.array_equal(photographs.decode(data[:-lacking]), photographs.decode(data))


def test_a_photograph_that_lacks_its_lower_half_is_refused(photographs: PictureDecoder) -> None:
    data = a_picture(size=(400, 400), quality=95)

    with pytest.raises(PhotographRefused, match="damaged"):
        photographs.decode(data[: len(data) // 2])


@pytest.mark.parametrize("kind", [".jpg", ".png", ".tiff", ".bmp"])
def test_a_telephones_48_megapixels_decode_within_the_childs_bounds(kind: str, photographs: PictureDecoder) -> None:
    data = cv2.imencode(kind, np.full((6_000, 8_000, 3), 90, np.uint8))[1].tobytes()

    assert photographs.decode(data).shape == (6_000, 8_000, 3)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "begins as"),
        (b"%PDF-1.7 ", "begins as"),
        (b"II+\0" + bytes(40), "begins as"),  # a TIFF of more than 4 GB
        (a_picture("WEBP")[:-30], "whole"),
        (a_picture("BMP")[:20], "header is whole"),
        (a_picture("GIF")[:7], "header is whole"),
        (a_picture("TIFF")[:40], "header is whole"),
        (b"II*\0" + struct.pack("<IH", 8, 65_000), "entries"),
        (b"BM" + bytes(12) + struct.pack("<Iii", 40, -5, 7), "sides"),
        (b"BM" + bytes(12) + struct.pack("<Iii", 40, 30_001, 7), "sides"),
        (b"GIF89a" + struct.pack("<HH", 30_000, 3_667), "110 megapixels"),
    ],
)
def test_what_is_no_photograph_is_refused_by_the_commands_own_rule(data: bytes, rule: str) -> None:
    with pytest.raises(PhotographRefused, match=rule):
        measure_picture(data, bounds=PHOTOGRAPHS)


def test_forty_megapixels_are_the_bound_and_decode_within_the_childs_memory(decoder: PictureDecoder) -> None:
    data = cv2.imencode(".png", np.zeros((5_000, 8_000), np.uint8))[1].tobytes()

    assert decoder.decode(data).shape == (5_000, 8_000, 3)


def test_what_a_camera_appends_after_the_end_is_never_looked_at(decoder: PictureDecoder) -> None:
    assert decoder.decode(a_picture() + b"\xff\xd8preview<script>").shape == (40, 60, 3)


def test_a_jpeg_cut_and_closed_again_is_refused_instead_of_filled_with_grey(decoder: PictureDecoder) -> None:
    data = a_picture(size=(400, 400), quality=95)

    with pytest.raises(PictureRefused, match="damaged"):
        decoder.decode(data[: len(data) // 2] + b"\xff\xd9")


def test_a_png_whose_pixels_are_missing_is_refused(decoder: PictureDecoder) -> None:
    with pytest.raises(PictureRefused):
        decoder.decode(a_png_header(4_000, 4_000, depth=8))


def test_a_child_that_dies_costs_one_picture_and_the_next_gets_a_fresh_one() -> None:
    with PictureDecoder() as decoder:
        decoder.decode(a_picture())
        assert decoder._child is not None
        first = decoder._child.pid
        os.kill(first, signal.SIGSTOP)
        os.kill(first, signal.SIGKILL)

        shapes: list[tuple[int, ...] | None] = []
        for _ in range(2):
            try:
                shapes.append(decoder.decode(a_picture()).shape)
            except PictureRefused:
                shapes.append(None)

        assert shapes[-1] == (40, 60, 3)
        assert decoder._child is not None
        assert decoder._child.pid != first


def test_a_child_that_hangs_costs_the_time_allowed_and_no_more() -> None:
    with PictureDecoder() as decoder:
        decoder.decode(a_picture())
        assert decoder._child is not None
        decoder._seconds_max = 0.1
        os.kill(decoder._child.pid, signal.SIGSTOP)

        with pytest.raises(PictureRefused, match="within 0.1 s"):
            decoder.decode(a_picture())


def test_a_decoder_is_closed_twice_without_harm_and_one_picture_needs_none() -> None:
    decoder = PictureDecoder()
    decoder.close()
    decoder.close()

    assert decode_picture(a_picture()).shape == (40, 60, 3)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [a_picture(progressive=True), *map(a_picture, ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF"))],
    ),
    st.data(),
)
def test_bytes_flipped_anywhere_are_measured_or_refused(picture: bytes, data: st.DataObject) -> None:
    spoiled = bytearray(picture)
    for at in data.draw(st.lists(st.integers(0, len(picture) - 1), min_size=1, max_size=6)):
        spoiled[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(spoiled)))

    for candidate in (bytes(spoiled), bytes(spoiled[:cut])):
        try:
            assert measure_picture(candidate, bounds=PHOTOGRAPHS).width > 0
            assert measure_picture(candidate).width > 0
        except PictureRefused as refusal:
            assert str(refusal)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_spoiled_picture_is_decoded_or_refused_and_the_process_lives(
    decoder: PictureDecoder, data: st.DataObject
) -> None:
    picture = bytearray(data.draw(st.sampled_from([a_picture(), a_picture("PNG")])))
    for at in data.draw(st.lists(st.integers(20, len(picture) - 3), min_size=1, max_size=8)):
        picture[at] = data.draw(st.integers(0, 255))

    with contextlib.suppress(PictureRefused):
        assert decoder.decode(bytes(picture)).ndim == 3

    assert decoder.decode(a_picture()).shape == (40, 60, 3)

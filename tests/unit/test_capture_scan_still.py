"""Whether a later frame still shows what was read in an earlier one: the same code is known, the next number is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from edge.capture.scan_decoders import Gray, Reading
from edge.capture.scan_still import still_there

NUMBERS = {
    "Code128": ("OW20261123-00042", "OW20261123-00043"),
    "QRCode": ("OW20261123-00042", "OW20261123-00043"),
    "PDF417": ("The hall's slip number 000000042", "The hall's slip number 000000043"),
    "DataMatrix": ("paper 000042", "paper 000043"),
    "EAN13": ("6901234567892", "6901234567809"),
}


def drawn(kind: str, text: str) -> Gray:
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    code = np.array(made.to_image(scale=3, add_quiet_zones=True))
    return np.repeat(code[:1], 120, axis=0) if kind in ("Code128", "EAN13") else code


def seen(
    code: Gray, *, shift: float = 0.0, tilt: float = 12.0, noise: float = 4.0, contrast: float = 0.8, seed: int = 1
) -> tuple[Gray, Reading]:
    """Return a frame of the code on a desk, and the reading that says where it is."""
    height, width = code.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    turn[:, 2] += (400 - width / 2 + shift, 300 - height / 2)
    desk = np.full((600, 800), 128, np.uint8)
    cv2.warpAffine(code, turn, (800, 600), dst=desk, borderMode=cv2.BORDER_TRANSPARENT)
    scene = 128 + (cv2.GaussianBlur(desk, (0, 0), 0.8).astype(np.float32) - 128) * contrast
    grain = np.random.default_rng(seed).normal(0, noise, scene.shape)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    frame = np.clip(scene + grain, 0, 255).astype(np.uint8)
    return frame, Reading("any", "text", corners @ turn[:, :2].T + turn[:, 2])


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize(("noise", "contrast"), [(4.0, 0.8), (24.0, 0.5), (12.0, 0.3)])
def test_a_code_that_lies_still_is_known_in_any_grain(kind: str, noise: float, contrast: float) -> None:
    code = drawn(kind, NUMBERS[kind][0])
    then, reading = seen(code, noise=noise, contrast=contrast, seed=1)
    now, _ = seen(code, noise=noise, contrast=contrast, seed=2)

    assert still_there([reading], then, now)


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("tilt", [0.0, 33.0])
def test_the_next_number_in_the_very_same_place_is_another(kind: str, tilt: float) -> None:
    first, following = NUMBERS[kind]
    then, reading = seen(drawn(kind, first), tilt=tilt)
    now, _ = seen(drawn(kind, following), tilt=tilt, seed=2)

    assert not still_there([reading], then, now)


@pytest.mark.parametrize("kind", NUMBERS)
def test_half_a_module_is_no_move_and_two_are_one(kind: str) -> None:
    code = drawn(kind, NUMBERS[kind][0])
    then, reading = seen(code)

    assert still_there([reading], then, seen(code, shift=0.7, seed=2)[0])
    assert not still_there([reading], then, seen(code, shift=6, seed=2)[0])


def test_other_light_and_things_elsewhere_change_nothing() -> None:
    then, reading = seen(drawn(*one("QRCode")))
    now = (seen(drawn(*one("QRCode")), seed=2)[0] * 0.6 + 30).astype(np.uint8)
    now[:100] = 20

    assert still_there([reading], then, now)


def test_a_hand_over_part_of_the_code_hides_it() -> None:
    then, reading = seen(drawn(*one("Code128")))
    now = then.copy()
    now[:, 420:] = 110

    assert not still_there([reading], then, now)


def test_of_two_codes_both_must_lie_there() -> None:
    then, reading = seen(drawn(*one("QRCode")))
    elsewhere = Reading("qr", "other", reading.points + (0, 150))
    then[450:, 350:450:8] = 0
    now = then.copy()
    now[450:] = 128

    assert still_there([reading, elsewhere], then, then)
    assert not still_there([reading, elsewhere], then, now)


def test_a_frame_of_another_size_shows_something_else() -> None:
    then, reading = seen(drawn(*one("QRCode")))

    assert not still_there([reading], then, then[:-1])


@pytest.mark.parametrize("place", [(0, 0), (799, 599), (400, 0), (-30, -30), (900, 700)])
def test_corners_on_one_point_at_the_rim_or_beyond_are_compared_by_what_is_nearest(place: tuple[int, int]) -> None:
    frame = np.random.default_rng(1).integers(0, 255, (600, 800), np.uint8)
    other = np.random.default_rng(2).integers(0, 255, (600, 800), np.uint8)
    reading = Reading("code128", "text", np.array([place] * 4, np.float64))

    assert still_there([reading], frame, frame)
    assert not still_there([reading], frame, other)


@pytest.mark.parametrize("shape", [(1, 1), (23, 800), (600, 23)])
def test_frames_smaller_than_what_is_compared_show_nothing_again(shape: tuple[int, int]) -> None:
    frame = np.random.default_rng(1).integers(0, 255, shape, np.uint8)
    reading = Reading("code128", "text", np.zeros((4, 2)))

    assert not still_there([reading], frame, frame)


def one(kind: str) -> tuple[str, str]:
    return kind, NUMBERS[kind][0]

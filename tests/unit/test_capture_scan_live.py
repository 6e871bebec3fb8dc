"""A stream of frames: quick where nothing lies, slow where something is unread, joined where one is not enough."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import zxingcpp

from edge.capture import scan_live
from edge.capture.scan import read_codes, read_gray
from edge.capture.scan_decoders import Gray, Reading
from edge.capture.scan_live import LiveReader, code_like, join
from firmware.ports import Pixels

TEXT = "OW20261123-00042"


def drawn(kind: str = "Code128", text: str = TEXT, *, scale: int = 3) -> Gray:
    code = np.array(
        zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind)).to_image(scale=scale, add_quiet_zones=True)
    )
    return np.repeat(code[:1], 40 * scale, axis=0) if kind in ("Code128", "EAN13") else code


def on_desk(code: Gray, *, tilt: float = 0.0, shift: float = 0.0, noise: float = 3.0, seed: int = 1) -> Pixels:
    desk = np.full((720, 1280), 150, np.uint8)
    height, width = code.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    turn[:, 2] += (640 - width / 2 + shift, 360 - height / 2 + shift)
    cv2.warpAffine(code, turn, (1280, 720), dst=desk, borderMode=cv2.BORDER_TRANSPARENT)
    grain = np.random.default_rng(seed).normal(0, noise, desk.shape)
    gray = np.clip(desk + grain, 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


@pytest.mark.parametrize("tilt", [20, 45, 70, 110, 160, 200, 290, 340])
@pytest.mark.parametrize(("kind", "text"), [("Code128", TEXT), ("EAN13", "6901234567892"), ("PDF417", TEXT * 2)])
def test_bars_are_read_at_any_tilt(kind: str, text: str, tilt: float) -> None:
    codes = read_codes(on_desk(drawn(kind, text), tilt=tilt))

    assert [code.text for code in codes] == [text]


def test_a_tilted_code_knows_where_it_stands() -> None:
    (code,) = read_codes(on_desk(drawn(), tilt=35))

    middle = np.mean(code.corners, axis=0)
    assert np.hypot(*(middle - (640, 360))) < 25


def test_a_frame_with_nothing_in_it_gets_no_slow_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(gray: Gray) -> list[Reading]:
        raise AssertionError("an empty desk is not worth it")

    monkeypatch.setattr(scan_live, "read_gray", slow)
    reader = LiveReader()

    assert [reader.read(on_desk(np.full((90, 300), 240, np.uint8), seed=i)) for i in range(6)] == [[]] * 6


def test_an_unread_code_gets_the_slow_steps_in_the_second_frame() -> None:
    reader = LiveReader()
    frames = [on_desk(drawn(), tilt=40, seed=i) for i in range(2)]

    assert reader.read(frames[0]) == []
    assert [code.text for code in reader.read(frames[1])] == [TEXT]


def test_slow_steps_come_ever_more_rarely_and_anew_when_something_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def a_slow_look(gray: Gray) -> list[Reading]:
        looks.append(1)
        return []

    monkeypatch.setattr(scan_live, "read_gray", a_slow_look)
    monkeypatch.setattr(scan_live, "quick_pass", lambda gray: [])
    reader = LiveReader()

    for i in range(20):
        reader.read(on_desk(drawn(), seed=i))
    assert len(looks) == 3  # in the frames 2, 5 and 17

    reader.read(on_desk(drawn(), shift=90, seed=20))
    assert len(looks) == 3
    reader.read(on_desk(drawn(), shift=90, seed=21))
    assert len(looks) == 4


def test_frames_laid_over_each_other_show_what_none_of_them_shows() -> None:
    code = cv2.GaussianBlur(drawn("QRCode", TEXT, scale=2), (0, 0), 0.8)
    faint = np.clip(150 + (code.astype(np.float32) - 128) * 0.18, 0, 255).astype(np.uint8)
    frames = [on_desk(faint, shift=i * 0.4, noise=16, seed=i)[..., 0].copy() for i in range(5)]

    together = join(frames)

    assert together is not None
    assert together.shape == (1440, 2560)
    assert together.std() < frames[0].std()


def test_frames_of_different_things_are_not_joined() -> None:
    random = np.random.default_rng(4)
    frames = [random.integers(0, 255, (240, 320), dtype=np.uint8) for _ in range(3)]

    assert join(frames) is None


def test_a_plain_sheet_is_not_code_like_and_a_code_is() -> None:
    assert not code_like(on_desk(np.full((300, 400), 240, np.uint8))[..., 0].copy())
    assert code_like(on_desk(drawn())[..., 0].copy())


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 900), (900, 7), (8, 8)])
def test_a_picture_too_small_for_a_code_has_none(height: int, width: int) -> None:
    assert read_gray(np.zeros((height, width), np.uint8)) == []


@pytest.mark.parametrize("seed", range(3))
def test_noise_hatching_and_cloth_are_no_codes(seed: int) -> None:
    random = np.random.default_rng(seed)
    ys, xs = np.mgrid[0:480, 0:640]
    cloth = 128 + 60 * np.sin(xs / (2 + seed)) * np.sin(ys / 3) + random.normal(0, 12, (480, 640))
    hatching = 128 + 90 * np.sign(np.sin((xs + (seed + 1) * ys) / 4.0)) + random.normal(0, 6, (480, 640))

    for picture in (cloth, hatching):
        assert read_gray(np.clip(picture, 0, 255).astype(np.uint8)) == []

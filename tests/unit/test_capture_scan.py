"""Codes in a frame: what is read, in which order, and what is left alone."""

from __future__ import annotations

import io

import barcode
import cv2
import numpy as np
import pytest
import qrcode
from barcode.writer import ImageWriter

from edge.capture import read_codes, scan_decoders
from firmware.ports import Pixels


def qr(text: str, module: int = 6) -> Pixels:
    code = qrcode.QRCode(box_size=module, border=4)
    code.add_data(text)
    picture = code.make_image().get_image().convert("RGB")
    return np.asarray(picture, np.uint8)[..., ::-1].copy()


def linear(kind: str, text: str) -> Pixels:
    buffer = io.BytesIO()
    barcode.get(kind, text, writer=ImageWriter()).write(buffer, options={"write_text": False, "module_width": 0.3})
    return np.asarray(cv2.imdecode(np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR), np.uint8)


def on_desk(*pictures: Pixels) -> Pixels:
    desk = np.full((960, 1280, 3), 150, np.uint8)
    top = 20
    for picture in pictures:
        height, width = picture.shape[:2]
        desk[top : top + height, 40 : 40 + width] = picture
        top += height + 20
    return desk


def test_a_ticket_and_a_case_number_are_read_ours_first() -> None:
    frame = on_desk(linear("code128", "20261123-00042"), qr("OW1ABC/"))

    codes = read_codes(frame)

    assert [(code.symbology, code.text, code.is_ours) for code in codes] == [
        ("qr", "OW1ABC/", True),
        ("code128", "20261123-00042", False),
    ]


def test_a_code_knows_where_it_stands() -> None:
    picture = qr("OW1ABC/")
    frame = on_desk(picture)

    (code,) = read_codes(frame)

    (left, top), _, (right, bottom), _ = code.corners
    assert 40 <= left < right <= 40 + picture.shape[1]
    assert 20 <= top < bottom <= 20 + picture.shape[0]


def test_a_symbology_that_nobody_here_uses_is_not_read() -> None:
    assert read_codes(on_desk(linear("code39", "ABC690123"))) == []


def test_the_number_on_a_parcel_is_read() -> None:
    (code,) = read_codes(on_desk(linear("ean13", "690123456789")))

    assert (code.symbology, code.text) == ("ean13", "6901234567892")


def test_an_empty_desk_has_no_codes() -> None:
    assert read_codes(on_desk()) == []


def test_a_text_that_is_too_long_is_none_of_ours() -> None:
    (longest,) = read_codes(on_desk(qr("OW1" + "A" * 509, module=4)))
    (longer,) = read_codes(on_desk(qr("OW1" + "A" * 510, module=4)))

    assert longest.is_ours
    assert not longer.is_ours


def test_a_code_never_shows_its_text() -> None:
    (code,) = read_codes(on_desk(qr("OW1SECRET/")))

    assert repr(code) == "Code('qr', 10 characters)"


def test_a_picture_that_pyzbar_gives_up_is_one_without_codes_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gives_up(*_: object, **__: object) -> None:
        raise ValueError("4294967295 is not a valid ZBarOrientation")

    monkeypatch.setattr("edge.capture.scan_decoders.pyzbar.decode", gives_up)

    assert scan_decoders.zbar(np.full((240, 320), 200, np.uint8)) == []

"""Faces of cards of ID-1 size: both sides of a resident's identity card, and cards that are none.

Drawn by us from public facts: what stands where, in millimetres (GA 448's layout: portrait right, number at the foot;
emblem upper left, two lines of title, authority and validity at the foot). Everybody on them is made up; seeded. Goes
to `capture_papers.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]
MakeFont = Callable[[float], ImageFont.FreeTypeFont]
_INK: Final = (34, 34, 38)
_BLUE: Final = (66, 98, 150)
_RED: Final = (196, 44, 48)
_LICENCE: Final = (
    ("证号", "000000199001010000"),
    ("姓名", "演示甲"),
    ("住址", "演示市样例区"),
    ("出生日期", "1990-01-01"),
    ("初次领证", "2012-03-12"),
    ("准驾车型", "C1"),
)


class _Face:
    """A card being drawn; lengths in mm from its upper left corner."""

    def __init__(self, rng: np.random.Generator, width: int, height: int, mm: float, make_font: MakeFont) -> None:
        self.rng, self.mm, self._font = rng, mm, make_font
        self.image = Image.new("RGB", (width, height))

    def pick(self, *choices: Colour) -> Colour:
        return choices[int(self.rng.integers(len(choices)))]

    def ground(self, tint: Colour, wave: float = 5, slope: float = 14) -> None:
        width, height = self.image.size
        rows, columns = np.mgrid[0:height, 0:width]
        phase = float(self.rng.random() * 6)
        waves = np.sin(rows / (1.1 * self.mm) + 2.5 * np.sin(columns / (9 * self.mm) + phase)) * wave
        base = np.array(tint) + waves[..., None] + ((columns / width - 0.5) * slope)[..., None]
        self.image = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, size: float, ink: Colour = _INK, gap: float = 0.0) -> None:
        """Write from the left, `y` being the middle of the line; `gap` is added between characters."""
        for character in text if gap else (text,):
            spot = (x * self.mm, y * self.mm)
            self.draw.text(spot, character, font=self._font(size * self.mm), fill=ink, anchor="lm")
            x += size + gap

    def box(self, *corners: float) -> tuple[float, float, float, float]:
        left, top, right, bottom = (value * self.mm for value in corners)
        return left, top, right, bottom

    def portrait(self, left: float, top: float, wide: float, high: float, *, framed: bool) -> None:
        """Head and shoulders; the ground behind them is the card's own, or a picture's."""
        patch = _Patch(self, left, top, wide, high)
        if framed:
            self.draw.rectangle(
                self.box(left, top, left + wide, top + high), fill=self.pick((150, 160, 176), (86, 120, 190))
            )
        hair, skin = self.pick((30, 26, 28), (70, 64, 62)), self.pick((204, 170, 150), (182, 144, 124))
        cloth = self.pick((54, 58, 76), (226, 228, 232), (120, 40, 46), (88, 104, 92))
        patch.ellipse(0.24, 0.06, 0.76, 0.62, hair)
        if self.rng.random() < 0.4:  # long hair
            patch.ellipse(0.20, 0.20, 0.80, 0.86, hair)
        patch.chord(0.04, 0.66, 0.96, 1.34, cloth)
        patch.ellipse(0.30, 0.16, 0.70, 0.66, skin)
        patch.ellipse(0.40, 0.58, 0.60, 0.74, skin)
        for x in (0.38, 0.54):
            patch.ellipse(x, 0.36, x + 0.08, 0.40, hair)

    def emblem(self, x: float, y: float, radius: float, red: Colour = _RED) -> None:
        """A red disc with a gilt rim and stars: of the national emblem its place, size and colours."""
        gold = (224, 176, 96)
        self.draw.ellipse(self.box(x - radius, y - radius, x + radius, y + radius), fill=red)
        inner = radius * 0.74
        self.draw.ellipse(
            self.box(x - inner, y - inner, x + inner, y + inner), outline=gold, width=max(1, round(0.5 * self.mm))
        )
        for dx, dy, size in ((0, -0.34, 0.2), (-0.3, -0.1, 0.09), (0.3, -0.1, 0.09), (0, 0.3, 0.22)):
            at = (x + dx * radius, y + dy * radius)
            reach = size * radius
            self.draw.ellipse(self.box(at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach), fill=gold)


class _Patch:
    """A part of a face, measured by shares of its sides."""

    def __init__(self, face: _Face, left: float, top: float, wide: float, high: float) -> None:
        self._layer = face
        self._at = (left, top, wide, high)

    def _box(self, *shares: float) -> tuple[float, float, float, float]:
        left, top, wide, high = self._at
        a, b, c, d = shares
        return self._layer.box(left + a * wide, top + b * high, left + c * wide, top + d * high)

    def ellipse(self, a: float, b: float, c: float, d: float, fill: Colour) -> None:
        self._layer.draw.ellipse(self._box(a, b, c, d), fill=fill)

    def chord(self, a: float, b: float, c: float, d: float, fill: Colour) -> None:
        self._layer.draw.chord(self._box(a, b, c, d), 180, 360, fill=fill)


def _id_portrait(face: _Face) -> None:
    face.ground(face.pick((196, 214, 226), (222, 214, 214), (206, 222, 214)))
    shift = float(face.rng.uniform(-0.7, 0.7))
    rows = (
        ("姓名", "演示甲乙"[: int(face.rng.integers(3, 5))]),
        ("性别", "女    民族  汉"),
        ("出生", "1990 年 1 月 1 日"),
    )
    for row, (label, value) in enumerate(rows):
        y = 9.0 + row * 6.8 + shift
        face.text(6 + shift, y, label, 2.6, _BLUE)
        face.text(15.5 + shift, y, value, 3.1)
    face.text(6 + shift, 29.6 + shift, "住址", 2.6, _BLUE)
    for row in range(int(face.rng.integers(1, 4))):
        face.text(15.5 + shift, 29.6 + row * 4.4 + shift, "演示市样例区样例路街道十二号"[: 11 if row == 0 else 8], 3.0)
    face.text(6 + shift, 45.6 + shift, "公民身份号码", 2.6, _BLUE)
    face.text(28.5 + shift, 45.6 + shift, "000000199001010000", 3.9, gap=-1.25)
    face.portrait(55.5 + shift, 7.5 + shift, 24, 30, framed=face.rng.random() < 0.35)


def _id_emblem(face: _Face) -> None:
    face.ground(face.pick((226, 214, 212), (214, 222, 214), (218, 216, 224)))
    shift = float(face.rng.uniform(-0.7, 0.7))
    for row in range(6):  # the Great Wall, a little darker than the ground, behind the issuer's line
        for hill in range(12):
            x, y = 4 + 6.5 * hill, 27 + 2 * row
            shade = int(face.rng.integers(196, 210))
            face.draw.line(face.box(x, y - hill % 2, x + 6.5, y - 1 + hill % 2), fill=(shade, shade, shade), width=2)
    face.emblem(14 + shift, 14.5 + shift, 8.6)
    face.text(29 + shift, 11.2 + shift, "中华人民共和国", 5.2, gap=1.7)
    face.text(27.5 + shift, 20.2 + shift, "居民身份证", 7.6, gap=2.8)
    face.text(18 + shift, 40.6 + shift, "签发机关", 2.7)
    face.text(34 + shift, 40.6 + shift, "演示市公安局样例分局"[: int(face.rng.integers(6, 11))], 3.0)
    face.text(18 + shift, 46.6 + shift, "有效期限", 2.7)
    face.text(34 + shift, 46.6 + shift, "2016.03.12-2036.03.12" if face.rng.random() < 0.8 else "2016.03.12-长期", 3.0)


def _bank(face: _Face) -> None:
    """A bank's card: its sign, a chip, an embossed number."""
    face.ground(face.pick((160, 30, 38), (24, 60, 120), (206, 210, 216), (232, 224, 208)), 3, 30)
    pale = float(np.asarray(face.image).mean()) > 150
    ink = _INK if pale else (226, 220, 206)
    if face.rng.random() < 0.6:
        face.emblem(11, 10, 5.5, _RED if pale else (210, 60, 60))
    face.text(20, 10, "演示商业银行", 5.0, ink)
    face.draw.rounded_rectangle(face.box(9, 20, 22, 30), 1.2 * face.mm, fill=(206, 176, 104))
    face.text(8, 36.5, "6200 0000 0000 0000 000", 4.6, ink)
    face.text(8, 46, "VALID THRU 12/30", 2.6, ink)
    face.text(64, 46, "UnionPay", 4.0, ink)


def _social(face: _Face) -> None:
    """A social security card: title, photograph left, print right of it, a chip."""
    face.ground(face.pick((214, 226, 236), (230, 222, 206)))
    face.emblem(11, 9, 5.0, face.pick(_RED, (44, 110, 170)))
    face.text(19, 8, "中华人民共和国社会保障卡", 4.2, face.pick(_INK, (160, 34, 40)))
    face.portrait(6, 18, 20, 26, framed=face.rng.random() < 0.6)
    for row, text in enumerate(("姓名  演示甲", "社会保障号码", "000000199001010000", "发卡日期 2020年3月")):
        face.text(31, 21 + row * 6.0, text, 3.0)
    if face.rng.random() < 0.5:
        face.draw.rounded_rectangle(face.box(66, 20, 78, 30), 1.2 * face.mm, fill=(206, 176, 104))


def _licence(face: _Face) -> None:
    """A driver's licence: title in the middle, rows between rules, photograph at the right foot, a red seal."""
    face.ground((232, 232, 226), 2)
    face.text(12, 6, "中华人民共和国机动车驾驶证", 4.6)
    for row in range(6):
        y = 11 + row * 6.6
        face.draw.line(face.box(5, y, 60 if row > 2 else 80, y), fill=(120, 130, 140), width=1)
        face.text(6, y + 3.3, ("证号", "姓名", "住址", "出生日期", "初次领证", "准驾车型")[row], 2.5, _BLUE)
        face.text(
            22, y + 3.3, ("000000199001010000", "演示甲", "演示市样例区", "1990-01-01", "2012-03-12", "C1")[row], 3.0
        )
    face.portrait(60, 24, 20, 26, framed=True)
    face.draw.rectangle(face.box(8, 40, 20, 51), outline=_RED, width=max(1, round(0.6 * face.mm)))


def _member(face: _Face) -> None:
    """A shop's or a library's card, a staff pass, a calling card: anything."""
    kind = int(face.rng.integers(4))
    face.ground(face.pick((240, 240, 238), (250, 236, 220), (60, 96, 80), (206, 60, 56)), 1, 10)
    pale = float(np.asarray(face.image).mean()) > 150
    ink = _INK if pale else (236, 236, 230)
    if kind == 0:
        face.portrait(8, 12, 22, 28, framed=True)
        for row in range(4):
            face.text(36, 14 + row * 8, ("工作证", "姓名 演示甲", "部门 综合科", "编号 000123")[row], 4.2, ink)
    elif kind == 1:
        face.emblem(14, 14, 8)
        face.text(30, 14, "演示图书馆", 7, ink)
        face.text(8, 44, "No. 000000123456", 4, ink)
    elif kind == 2:
        for row in range(6):
            face.text(8, 8 + row * 7.6, "演示样例街道办事处综合服务"[: int(face.rng.integers(5, 13))], 3.2, ink)
    else:
        face.portrait(56, 8, 22, 28, framed=True)
        face.text(8, 10, "门禁卡", 7, ink)
        face.text(8, 26, "演示大厦", 5, ink)


FACES: Final[dict[str, Callable[[_Face], None]]] = {
    "id-portrait": _id_portrait,
    "id-emblem": _id_emblem,
    "bank": _bank,
    "social": _social,
    "licence": _licence,
    "member": _member,
}
OTHER_CARDS: Final = ("bank", "social", "licence", "member")


def draw_face(
    kind: str, rng: np.random.Generator, width: int, height: int, mm: float, make_font: MakeFont
) -> tuple[Image.Image, Box]:
    """Return this kind of card at `mm` pixels a millimetre, and the box of its print."""
    face = _Face(rng, width, height, mm, make_font)
    FACES[kind](face)
    return face.image, (round(5 * mm), round(5 * mm), round(81 * mm), round(49 * mm))

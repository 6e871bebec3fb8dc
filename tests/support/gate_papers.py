"""Papers for the gate, with every character's place: forms, small print, cards, receipts, handwriting, seals, covers.

Goes to `gate_generator.py`. Seeded; nobody on them exists. The cells say where a reader must be able to read: a fault
is judged by what it does to them, never by what the gate measures.
"""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from firmware.ports import Pixels

Boxes = npt.NDArray[np.float32]
"""n × 4: left, top, width, height."""

WORDS: Final = (
    "申请人承诺所填内容真实有效如有虚假愿意承担相应法律责任窗口当场核对原件并退还本人妥善保管"
    "材料齐全符合法定形式的当日受理不齐全的一次告知补正期限自收到之日起计算逾期视为放弃"
    "社会保险登记号码与身份证号码一致单位名称以营业执照为准联系电话应当保持畅通"
)
SIZES_MM: Final = {
    "form": (210.0, 297.0),
    "dense": (210.0, 297.0),
    "handwritten": (210.0, 297.0),
    "sealed": (210.0, 297.0),
    "sparse": (210.0, 297.0),
    "blank": (210.0, 297.0),
    "photo": (148.0, 210.0),
    "receipt": (80.0, 170.0),
    "card": (85.6, 54.0),
    "cover": (105.0, 143.0),
}
KINDS: Final = tuple(kind for kind in SIZES_MM if kind != "blank")
_INK: Final = (30, 30, 34)


@dataclass(frozen=True, slots=True)
class GatePaper:
    """One paper, flat."""

    kind: str
    pixels: Pixels
    outline: npt.NDArray[np.uint8]  # 255 where there is paper
    cells: Boxes  # of the characters, in paper pixels
    finest_mm: float  # height of the smallest characters that count
    paper_level: int  # grey levels, 0 to 255: of the paper where it is bare
    ink_level: int  # of the palest text that must be read
    lines: tuple[tuple[str, tuple[float, float, float, float]], ...] = ()  # text and box, for a reader
    pictures: Boxes = field(default_factory=lambda: np.empty((0, 4), np.float32))  # photos and portraits

    @property
    def size_mm(self) -> tuple[float, float]:
        return SIZES_MM[self.kind]


@dataclass(slots=True)
class _Sheet:
    """A paper being drawn; lengths in mm."""

    rng: np.random.Generator
    image: Image.Image
    scale: float  # pixels per mm
    cells: list[tuple[float, float, float, float]] = field(default_factory=list)
    lines: list[tuple[str, tuple[float, float, float, float]]] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)
    pictures: list[tuple[float, float, float, float]] = field(default_factory=list)

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, size: float, ink: tuple[int, int, int] = _INK) -> float:
        """Write from the left; return where it ends."""
        face = _font(size * self.scale)
        self.draw.text((x * self.scale, y * self.scale), text, font=face, fill=ink)
        at = x
        for character in text:
            wide = face.getlength(character) / self.scale
            if not character.isspace():
                self.cells.append((at, y + 0.18 * size, wide, size))
            at += wide
        self.lines.append((text, (x, y, at, y + 1.45 * size)))
        self.sizes.append(size)
        return at

    def line(self, *points: float, ink: tuple[int, int, int] = _INK, width: float = 0.25) -> None:
        self.draw.line([value * self.scale for value in points], fill=ink, width=max(1, round(width * self.scale)))

    def words(self, count: int) -> str:
        start = int(self.rng.integers(len(WORDS)))
        return "".join(WORDS[(start + i) % len(WORDS)] for i in range(count))


@functools.lru_cache(maxsize=24)
def gate_paper(kind: str, seed: int, dots_per_inch: int) -> GatePaper:
    """Return the paper of this kind and seed; the same arguments always give the same paper."""
    rng = np.random.default_rng([seed, sum(map(ord, kind)), 3])
    scale = dots_per_inch / 25.4
    width, height = (round(side * scale) for side in SIZES_MM[kind])
    white = int(rng.integers(238, 252))
    ground = {"card": (206, 216, 226), "cover": (112, 26, 34)}.get(
        kind, (white, white, white - int(rng.integers(0, 8)))
    )
    sheet = _Sheet(rng, Image.new("RGB", (width, height), ground), scale)
    ink = _DRAWERS[kind](sheet)
    outline = Image.new("L", (width, height), 0)
    radius = 3.18 * scale if kind == "card" else 0
    ImageDraw.Draw(outline).rounded_rectangle((0, 0, width - 1, height - 1), radius, fill=255)
    pixels = cv2.cvtColor(np.asarray(sheet.image), cv2.COLOR_RGB2BGR)
    grey = cv2.cvtColor(np.array([[ground, ink]], np.uint8), cv2.COLOR_RGB2GRAY)[0]
    return GatePaper(
        kind=kind,
        pixels=pixels,
        outline=np.array(outline),
        cells=np.array(sheet.cells, np.float32).reshape(-1, 4) * np.float32(scale),
        finest_mm=min(sheet.sizes, default=3.2),
        paper_level=int(grey[0]),
        ink_level=int(grey[1]),
        lines=tuple((text, tuple(v * scale for v in box)) for text, box in sheet.lines),  # type: ignore[misc]
        pictures=np.array(sheet.pictures, np.float32).reshape(-1, 4) * np.float32(scale),
    )


@functools.lru_cache(maxsize=1)
def _font_file() -> str:
    asked = ["fc-match", "--format=%{file}", "Noto Sans CJK SC"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


@functools.lru_cache(maxsize=64)
def _font(pixels: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_file(), max(5, round(pixels)))


def _form(sheet: _Sheet) -> tuple[int, int, int]:
    sheet.text(62, 16, "社会保险补贴申请表", 7)
    pen = (24, 34, 116)
    y = 32.0
    for row in range(int(sheet.rng.integers(7, 11))):
        sheet.line(18, y, 192, y)
        sheet.line(18, y, 18, y + 10)
        sheet.line(192, y, 192, y + 10)
        sheet.text(21, y + 2.2, sheet.words(4), 3.7)
        sheet.line(46, y, 46, y + 10)
        sheet.text(49, y + 1.8, sheet.words(int(sheet.rng.integers(5, 22))), 4.2, pen if row % 2 else _INK)
        y += 10
    sheet.line(18, y, 192, y)
    y += 8
    while y < 240:
        sheet.text(18, y, sheet.words(int(sheet.rng.integers(30, 55))), 3.17)  # 小五
        y += 6
    sheet.text(120, 262, "申请人签名", 4.2)
    _seal(sheet, 165, 258, 19)
    return _INK


def _dense(sheet: _Sheet) -> tuple[int, int, int]:
    sheet.text(70, 14, "告知承诺书", 6)
    size = float(sheet.rng.choice([3.17, 2.65]))  # 小五, 六号
    y = 28.0
    while y < 280:
        sheet.text(16, y, sheet.words(int(178 / size) - int(sheet.rng.integers(0, 12))), size)
        y += 1.6 * size
    return _INK


def _handwritten(sheet: _Sheet) -> tuple[int, int, int]:
    """Each character turned and shifted a little, in a pen's thin line."""
    pen = (40, 50, 120)
    for row in range(int(sheet.rng.integers(10, 22))):
        y = 24 + row * 11.0
        sheet.line(16, y + 9, 194, y + 9, ink=(196, 206, 216), width=0.2)
        x = 18.0
        for character in sheet.words(int(sheet.rng.integers(12, 26))):
            size = float(sheet.rng.uniform(5.2, 6.8))
            side = round(size * sheet.scale * 1.5)
            glyph = Image.new("L", (side, side), 0)
            ImageDraw.Draw(glyph).text((side * 0.16, 0), character, font=_font(size * sheet.scale), fill=255)
            glyph = glyph.rotate(float(sheet.rng.uniform(-9, 9)), resample=Image.Resampling.BICUBIC)
            at = (round(x * sheet.scale), round((y + float(sheet.rng.uniform(-0.6, 0.6))) * sheet.scale))
            sheet.image.paste(pen, at, glyph)
            sheet.cells.append((x + 0.6, y + 1.0, size, size))
            sheet.sizes.append(5.2)
            x += size * 1.08
    return pen


def _sealed(sheet: _Sheet) -> tuple[int, int, int]:
    sheet.text(82, 30, "证明", 12)
    for row in range(int(sheet.rng.integers(4, 8))):
        sheet.text(24, 62 + row * 10, sheet.words(int(sheet.rng.integers(24, 32))), 5.3)  # 四号
    sheet.text(110, 168, "街道办事处便民服务中心", 5.3)
    sheet.text(120, 180, "二〇二六年三月十二日", 5.3)
    _seal(sheet, 150, 175, 21)
    return _INK


def _sparse(sheet: _Sheet) -> tuple[int, int, int]:
    """A mostly empty form: a title, a line or two, a signature."""
    sheet.text(80, 28, "委托书", 8)
    for row in range(int(sheet.rng.integers(1, 4))):
        sheet.text(24, 60 + row * 9, sheet.words(int(sheet.rng.integers(8, 26))), 4.2)
    if sheet.rng.random() < 0.5:
        sheet.text(24, 276, sheet.words(20), 3.17)
    return _INK


def _photo(sheet: _Sheet) -> tuple[int, int, int]:
    sheet.text(46, 12, "登记照片页", 6)
    sheet.pictures.append((30, 28, 88, 88))
    left, top, side = 30 * sheet.scale, 28 * sheet.scale, 88 * sheet.scale
    size = round(side)
    field_ = cv2.resize(
        sheet.rng.normal(120, 42, (9, 9, 3)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    sheet.image.paste(Image.fromarray(np.clip(field_, 20, 225).astype(np.uint8)), (round(left), round(top)))
    for row in range(4):
        sheet.text(24, 132 + row * 9, sheet.words(int(sheet.rng.integers(10, 24))), 3.7)
    return _INK


def _receipt(sheet: _Sheet) -> tuple[int, int, int]:
    pale = int(sheet.rng.integers(60, 110))
    ink = (pale, pale, pale + 6)
    sheet.text(18, 6, "综合受理回执", 6, ink)
    y = 20.0
    while y < 158:
        sheet.text(6, y, sheet.words(int(sheet.rng.integers(8, 22))), 2.9, ink)
        y += 6
    return ink


def _card(sheet: _Sheet) -> tuple[int, int, int]:
    width, height = sheet.image.size
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) / sheet.scale
    wave = np.sin(rows / 1.1 + 2.5 * np.sin(columns / 9 + float(sheet.rng.random() * 6))) * 5
    base = np.asarray(sheet.image, np.float32) + wave[..., None] + (columns / 85.6 * 12)[..., None]
    sheet.image = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))
    blue = (52, 84, 136)
    for row, (label, value) in enumerate(
        (("姓名", "演示甲"), ("性别", "女 民族 汉"), ("出生", "1990年1月1日"), ("住址", sheet.words(10)))
    ):
        sheet.text(5, 5 + row * 8.2, label, 2.6, blue)
        sheet.text(15, 4.6 + row * 8.2, value, 3.1)
    sheet.text(15, 36.4, sheet.words(9), 3.1)
    sheet.text(5, 44.6, "公民身份号码", 2.6, blue)
    sheet.text(31, 43.8, "000000199001010000", 3.6)
    sheet.pictures.append((59, 6, 21, 31.2))
    draw, scale = sheet.draw, sheet.scale
    draw.rectangle((59 * scale, 6 * scale, 80 * scale, 37 * scale), fill=(150, 160, 176))
    draw.ellipse((64 * scale, 11 * scale, 75 * scale, 24 * scale), fill=(196, 164, 144))
    draw.chord((61 * scale, 25 * scale, 78 * scale, 49 * scale), 180, 360, fill=(54, 58, 76))
    draw.rectangle((58 * scale, 37.2 * scale, 81 * scale, 42 * scale), fill=(208, 218, 228))
    return blue


def _cover(sheet: _Sheet) -> tuple[int, int, int]:
    """A dark cover with gilt letters."""
    gold = (214, 178, 96)
    sheet.text(24, 24, "居民户口簿", 11, gold)
    draw, scale = sheet.draw, sheet.scale
    draw.ellipse((40 * scale, 50 * scale, 65 * scale, 75 * scale), outline=gold, width=round(1.2 * scale))
    sheet.text(26, 112, "户籍管理机关监制", 6, gold)
    return gold


def _blank(sheet: _Sheet) -> tuple[int, int, int]:
    """The back of a form: nothing, or what is printed in front shining through, mirrored."""
    if sheet.rng.random() < 0.6:
        front = Image.new("RGB", sheet.image.size, sheet.image.getpixel((2, 2)))
        other = _Sheet(sheet.rng, front, sheet.scale)
        _dense(other)
        seen = np.asarray(other.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), np.float32)
        seen = cv2.GaussianBlur(seen, (0, 0), 0.5 * sheet.scale)
        paper = np.asarray(sheet.image, np.float32)
        share = float(sheet.rng.uniform(0.02, 0.06))
        sheet.image = Image.fromarray(np.clip(paper * (1 - share) + seen * share, 0, 255).astype(np.uint8))
    return _INK


def _seal(sheet: _Sheet, x: float, y: float, radius: float) -> None:
    layer = Image.new("RGBA", sheet.image.size, (0, 0, 0, 0))
    draw, scale, red = ImageDraw.Draw(layer), sheet.scale, (205, 30, 38, 185)
    box = tuple(value * scale for value in (x - radius, y - radius, x + radius, y + radius))
    draw.ellipse(box, outline=red, width=max(2, round(radius * 0.06 * scale)))
    star = []
    for i in range(10):
        angle, reach = np.pi * i / 5 - np.pi / 2, radius * (0.34 if i % 2 == 0 else 0.14)
        star.append(((x + reach * np.cos(angle)) * scale, (y + reach * np.sin(angle)) * scale))
    draw.polygon(star, fill=red)
    for i, character in enumerate("街道办事处演示专用章"):
        angle = np.pi * (0.80 + 1.4 * i / 9)
        spot = ((x + radius * 0.76 * np.cos(angle)) * scale, (y + radius * 0.76 * np.sin(angle)) * scale)
        draw.text(spot, character, font=_font(radius * 0.26 * scale), fill=red, anchor="mm")
    sheet.image = Image.alpha_composite(sheet.image.convert("RGBA"), layer).convert("RGB")


_DRAWERS: Final = {
    "form": _form,
    "dense": _dense,
    "handwritten": _handwritten,
    "sealed": _sealed,
    "sparse": _sparse,
    "blank": _blank,
    "photo": _photo,
    "receipt": _receipt,
    "card": _card,
    "cover": _cover,
}

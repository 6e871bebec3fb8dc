"""Papers to lay under a camera: a form, an identity card, an open booklet. Seeded; every person on them is made up.

Goes to `capture_generator.py`. A paper is a flat picture at a stated resolution, with its outline and the box of its
print.
"""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from firmware.ports import Pixels
from tests.support.card_faces import FACES, draw_face

Mask = npt.NDArray[np.uint8]
SIZES_MM = {
    "a4": (210.0, 297.0), "card": (85.6, 54.0), "booklet": (210.0, 143.0), "receipt": (76.0, 180.0),
    "cover": (105.0, 143.0), "framed": (210.0, 297.0), "coloured": (210.0, 297.0),
    **dict.fromkeys(FACES, (85.6, 54.0)),
}  # fmt: skip
TITLES = (
    "社会保障卡申领登记表",
    "灵活就业人员社会保险补贴申请表",
    "城乡居民基本医疗保险参保登记表",
    "就业创业证申领表",
    "居住证明",
)
LABELS = (
    "姓名",
    "性别",
    "民族",
    "出生日期",
    "公民身份号码",
    "户籍地址",
    "现居住地",
    "联系电话",
    "工作单位",
    "申请事项",
    "开户银行",
    "备注",
)
WORDS = (
    "本人承诺以上所填内容真实有效如有虚假愿意承担相应法律责任"
    "申请人须携带原件到窗口办理材料齐全的当场受理经审核符合条件予以登记"
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper, flat."""

    kind: str  # of SIZES_MM
    pixels: Pixels
    outline: Mask  # 255 where there is paper: a card's corners are round
    print_box: tuple[int, int, int, int]  # left, top, right, bottom of what must be readable, in paper pixels

    @property
    def size_mm(self) -> tuple[float, float]:
        return SIZES_MM[self.kind]


@functools.lru_cache(maxsize=64)
def paper(kind: str, seed: int, dots_per_inch: int = 200) -> Paper:
    """Return the paper of this kind and seed; the same arguments always give the same paper."""
    rng = np.random.default_rng([seed, len(kind), 7])
    scale = dots_per_inch / 25.4
    width, height = (round(side * scale) for side in SIZES_MM[kind])
    draw = functools.partial(_face, kind) if kind in FACES else {
        "a4": _form, "card": _card, "booklet": _booklet, "receipt": _receipt, "cover": _cover, "framed": _framed,
        "coloured": _coloured,
    }[kind]  # fmt: skip
    picture, box = draw(rng, width, height, scale)
    outline = Image.new("L", (width, height), 0)
    radius = 3.18 * scale if kind == "card" or kind in FACES else 0
    ImageDraw.Draw(outline).rounded_rectangle((0, 0, width - 1, height - 1), radius, fill=255)
    pixels = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2BGR)
    return Paper(kind, pixels, np.array(outline), box)


@functools.lru_cache(maxsize=1)
def _font_file() -> str:
    asked = ["fc-match", "--format=%{file}", "Noto Sans CJK SC"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


@functools.lru_cache(maxsize=64)
def font(pixels: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_file(), max(6, round(pixels)))


def _text(rng: np.random.Generator, length: int) -> str:
    start = int(rng.integers(0, len(WORDS)))
    return "".join(WORDS[(start + i) % len(WORDS)] for i in range(length))


def _form(
    rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    white = int(rng.integers(240, 253))
    image = Image.new("RGB", (width, height), (white, white, max(0, white - int(rng.integers(0, 8)))))
    draw = ImageDraw.Draw(image)
    ink = (28, 28, 32)
    margin = (15 + rng.random() * 8) * mm
    title = TITLES[int(rng.integers(0, len(TITLES)))]
    top = margin
    draw.text((width / 2, top + 4 * mm), title, font=font(6.4 * mm), fill=ink, anchor="mm")
    y = top + 14 * mm
    pen = (20, 30, 110) if rng.random() < 0.5 else ink
    for row in range(int(rng.integers(6, 11))):
        step = 9 * mm
        columns = 2 if row % 3 else 1
        for column in range(columns):
            left = margin + column * (width - 2 * margin) / columns
            right = left + (width - 2 * margin) / columns
            draw.rectangle((left, y, right, y + step), outline=ink, width=max(1, round(0.25 * mm)))
            draw.line((left + 26 * mm, y, left + 26 * mm, y + step), fill=ink, width=max(1, round(0.25 * mm)))
            label = LABELS[(row * 2 + column) % len(LABELS)]
            draw.text((left + 13 * mm, y + step / 2), label, font=font(3.7 * mm), fill=ink, anchor="mm")
            answer = _text(rng, 6 if columns == 2 else 18)
            draw.text((left + 29 * mm, y + step / 2), answer, font=font(3.7 * mm), fill=pen, anchor="lm")
        y += step
    y += 6 * mm
    size = 3.17 * mm  # 小五, 9 pt
    per_line = int((width - 2 * margin) / size)
    bottom = height - margin - 42 * mm
    while y < bottom:
        length = per_line if rng.random() < 0.8 else int(per_line * 0.6)
        draw.text((margin, y), _text(rng, length), font=font(size), fill=ink)
        y += size * 1.7
    draw.text((margin, height - margin - 20 * mm), "申请人（签名）：", font=font(4.2 * mm), fill=ink)
    _signature(rng, draw, margin + 36 * mm, height - margin - 18 * mm, mm)
    draw.text((margin, height - margin - 8 * mm), "2026年 3月 12日", font=font(4.2 * mm), fill=ink)
    image = _sealed(image, width - margin - 26 * mm, height - margin - 24 * mm, 20 * mm)
    box = (round(margin), round(margin), round(width - margin), round(height - margin))
    return image, box


def _signature(rng: np.random.Generator, draw: ImageDraw.ImageDraw, x: float, y: float, mm: float) -> None:
    points = [(x + i * 1.6 * mm, y + float(rng.normal(0, 2.2)) * mm) for i in range(14)]
    draw.line(points, fill=(20, 24, 60), width=max(1, round(0.5 * mm)), joint="curve")


def _sealed(image: Image.Image, x: float, y: float, radius: float) -> Image.Image:
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    red = (205, 30, 38, 190)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=red, width=max(2, round(radius * 0.06)))
    star = []
    for i in range(10):
        angle, reach = np.pi * i / 5 - np.pi / 2, radius * (0.34 if i % 2 == 0 else 0.14)
        star.append((x + reach * np.cos(angle), y + reach * np.sin(angle)))
    draw.polygon(star, fill=red)
    for i, character in enumerate("双井街道办事处演示章"):
        angle = np.pi * (0.80 + 1.4 * i / 9)
        spot = (x + radius * 0.76 * np.cos(angle), y + radius * 0.76 * np.sin(angle))
        draw.text(spot, character, font=font(radius * 0.26), fill=red, anchor="mm")
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _card(
    rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    rows, columns = np.mgrid[0:height, 0:width]
    phase = float(rng.random() * 6)
    wave = np.sin(rows / (1.1 * mm) + 2.5 * np.sin(columns / (9 * mm) + phase)) * 5
    tint = np.array([196, 214, 226]) if rng.random() < 0.6 else np.array([226, 208, 206])
    base = np.clip(tint + wave[..., None] + (columns / width * 14)[..., None], 0, 255).astype(np.uint8)
    image = Image.fromarray(base)
    draw = ImageDraw.Draw(image)
    ink = (32, 32, 36)
    lines = (("姓名", "演示甲"), ("性别", "女   民族 汉"), ("出生", "1990年 1月 1日"), ("住址", "演示市样例区样例路"))
    for row, (label, value) in enumerate(lines):
        y = (6 + row * 8.2) * mm
        draw.text((5 * mm, y), label, font=font(2.6 * mm), fill=(60, 90, 140))
        draw.text((15 * mm, y), value, font=font(3.1 * mm), fill=ink)
    draw.text((5 * mm, 44.5 * mm), "公民身份号码", font=font(2.6 * mm), fill=(60, 90, 140))
    draw.text((31 * mm, 44 * mm), "000000199001010000", font=font(3.6 * mm), fill=ink)
    left, top = 59 * mm, 6 * mm
    draw.rectangle((left, top, left + 21 * mm, top + 31 * mm), fill=(150, 160, 176))
    draw.ellipse((left + 5 * mm, top + 5 * mm, left + 16 * mm, top + 18 * mm), fill=(196, 164, 144))
    draw.chord((left + 2 * mm, top + 19 * mm, left + 19 * mm, top + 43 * mm), 180, 360, fill=(54, 58, 76))
    return image, (round(5 * mm), round(5 * mm), round(81 * mm), round(49 * mm))


def _face(
    kind: str, rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    return draw_face(kind, rng, width, height, mm, font)


def _booklet(
    rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    cream = (244, 238, 222)
    image = Image.new("RGB", (width, height), cream)
    draw = ImageDraw.Draw(image)
    ink = (40, 36, 40)
    for side in range(2):
        left = side * width / 2 + 9 * mm
        right = (side + 1) * width / 2 - 9 * mm
        draw.text(((left + right) / 2, 12 * mm), "常住人口登记卡", font=font(4.6 * mm), fill=ink, anchor="mm")
        for row in range(11):
            y = (20 + row * 10) * mm
            draw.rectangle((left, y, right, y + 10 * mm), outline=(120, 60, 60), width=max(1, round(0.25 * mm)))
            draw.text((left + 2 * mm, y + 5 * mm), LABELS[row], font=font(3.2 * mm), fill=(120, 60, 60), anchor="lm")
            draw.text((left + 30 * mm, y + 5 * mm), _text(rng, 8), font=font(3.4 * mm), fill=ink, anchor="lm")
    image = _sealed(image, width * 0.36, height * 0.72, 17 * mm)
    distance = np.abs(np.arange(width) - width / 2) / (7 * mm)
    fold = 1 - 0.28 * np.exp(-(distance**2))
    shaded = np.clip(np.asarray(image) * fold[None, :, None], 0, 255).astype(np.uint8)
    return Image.fromarray(shaded), (round(9 * mm), round(9 * mm), round(width - 9 * mm), round(height - 12 * mm))


def _receipt(
    rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    white = int(rng.integers(228, 250))
    image = Image.new("RGB", (width, height), (white, white, white))
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, 12 * mm), "缴费凭证", font=font(6 * mm), fill=(40, 40, 44), anchor="mm")
    for row in range(int((height / mm - 40) / 6)):
        y = (26 + 6 * row) * mm
        draw.text((4 * mm, y), _text(rng, 5), font=font(3.6 * mm), fill=(60, 60, 66))
        draw.text((width - 4 * mm, y), f"{rng.random() * 900:.2f}", font=font(3.6 * mm), fill=(60, 60, 66), anchor="ra")
    return image, (round(4 * mm), round(8 * mm), round(width - 4 * mm), round(height - 12 * mm))


def _cover(
    rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A closed booklet: dark to its very rim, a few golden words."""
    cloth = [(96, 20, 30), (24, 34, 70), (30, 56, 44), (86, 52, 26)][int(rng.integers(4))]
    image = Image.new("RGB", (width, height), cloth)
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, 40 * mm), "居民户口簿", font=font(12 * mm), fill=(208, 178, 100), anchor="mm")
    draw.ellipse((width / 2 - 14 * mm, 62 * mm, width / 2 + 14 * mm, 90 * mm), outline=(208, 178, 100), width=round(mm))
    draw.text((width / 2, 122 * mm), "演示市样例局", font=font(5 * mm), fill=(208, 178, 100), anchor="mm")
    return image, (round(20 * mm), round(30 * mm), round(width - 20 * mm), round(130 * mm))


def _framed(
    rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A table in a heavy frame near the rim, tinted or not: a plainer rectangle than the sheet itself."""
    image = Image.new("RGB", (width, height), (244, 245, 245))
    draw = ImageDraw.Draw(image)
    rim = float(rng.uniform(6, 18)) * mm
    tint = [(246, 247, 247), (224, 232, 238), (236, 226, 214)][int(rng.integers(3))]
    line = max(1, round(float(rng.uniform(0.4, 2.2)) * mm))
    draw.rectangle((rim, rim, width - rim, height - rim), fill=tint, outline=(26, 26, 30), width=line)
    step = float(rng.uniform(9, 15)) * mm
    for row in range(int((height - 2 * rim) / step)):
        y = rim + row * step
        draw.line((rim, y, width - rim, y), fill=(30, 30, 34), width=max(1, round(0.3 * mm)))
        draw.text((rim + 3 * mm, y + step / 2), LABELS[row % 12], font=font(3.8 * mm), fill=(30, 30, 34), anchor="lm")
        draw.text((rim + 40 * mm, y + step / 2), _text(rng, 10), font=font(3.8 * mm), fill=(20, 30, 110), anchor="lm")
    return image, (round(rim), round(rim), round(width - rim), round(height - rim))


def _coloured(
    rng: np.random.Generator, width: int, height: int, mm: float
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    image, box = _form(rng, width, height, mm)
    tint = np.array([(255, 206, 214), (196, 226, 255), (206, 244, 204), (255, 242, 170)][int(rng.integers(4))])
    return Image.fromarray((np.asarray(image) * (tint / 255)).astype(np.uint8)), box

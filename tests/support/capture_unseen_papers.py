"""What is drawn on the held-out captures' papers. Other layouts, sizes, colours and faces than `capture_papers.py`.

Every name and number on them is made up.
"""

from __future__ import annotations

import functools
import subprocess
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from firmware.ports import Pixels

_PAGE = (
    "根据有关规定现将办理情况通知如下请于收到本通知之日起十五个工作日内持有效身份证件到原受理窗口领取逾期未领的"
    "视为自行放弃如对本决定不服可以依法申请行政复议或者提起诉讼联系人及电话见附件特此告知以上内容已经本人确认无误"
)
_LATIN = "The applicant shall present the original document at the counter within fifteen working days. "


@dataclass(frozen=True, slots=True)
class Drawn:
    """One flat paper."""

    kind: str
    pixels: Pixels  # BGR
    size_mm: tuple[float, float]
    radius_mm: float = 0.0  # of its corners


_SIZES = {
    "form": (210, 297), "letter": (182, 257), "ruled": (210, 297), "cover": (105, 143), "coloured": (210, 297),
    "receipt": (80, 210), "card": (85.6, 54), "open": (210, 143),
}  # fmt: skip


def draw(kind: str, seed: int) -> Drawn:
    """Return the paper of this kind; 5.5 pixels a millimetre, a card 12."""
    rng = np.random.default_rng([seed, 3])
    wide, high = (float(side) for side in _SIZES[kind])
    if kind == "receipt":
        wide, high = float(rng.uniform(58, 82)), float(rng.uniform(120, 240))
    scale = 12.0 if kind == "card" else 5.5
    size = (round(wide * scale), round(high * scale))
    paint = {
        "form": _form, "letter": _letter, "ruled": _ruled, "cover": _cover, "coloured": _coloured,
        "receipt": _receipt, "card": _card, "open": _open,
    }[kind]  # fmt: skip
    image = paint(rng, *size, scale)
    pixels = np.ascontiguousarray(np.asarray(image)[..., ::-1])
    return Drawn(kind, pixels, (wide, high), 3.18 if kind == "card" else 0.0)


@functools.lru_cache(maxsize=2)
def _file(style: str) -> str:
    asked = ["fc-match", "--format=%{file}", f"Noto {style} CJK SC"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


@functools.lru_cache(maxsize=128)
def _face(pixels: int, style: str = "Serif") -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_file(style), max(6, pixels))


def _words(rng: np.random.Generator, count: int) -> str:
    start = int(rng.integers(len(_PAGE)))
    return (_PAGE * 3)[start : start + count]


def _sheet(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    tone = int(rng.integers(226, 254))
    cast: npt.NDArray[np.int64] = rng.integers(-7, 3, 3)
    return Image.new("RGB", (width, height), tuple(int(v) for v in np.clip(tone + cast, 0, 255)))


def _lines(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    box: tuple[float, float, float, float],
    size: float,
    ink: tuple[int, ...],
) -> None:
    left, top, right, bottom = box
    y, latin = top, rng.random() < 0.15
    while y + size < bottom:
        share = 1.0 if rng.random() < 0.75 else float(rng.uniform(0.2, 0.8))
        count = int((right - left) / size * share)
        text = (_LATIN * 4)[: count * 2] if latin else _words(rng, count)
        draw.text((left, y), text, font=_face(round(size)), fill=ink)
        y += size * 1.75


def _form(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    image = _sheet(rng, width, height)
    draw = ImageDraw.Draw(image)
    left, right = 18 * mm, width - 18 * mm
    draw.text(
        (width / 2, 24 * mm),
        _words(rng, 9) + "申请表",
        font=_face(round(7 * mm), "Sans"),
        fill=(20, 20, 20),
        anchor="mm",
    )
    y = 36 * mm
    for _ in range(int(rng.integers(4, 12))):
        step = float(rng.uniform(8, 13)) * mm
        draw.rectangle((left, y, right, y + step), outline=(40, 40, 40), width=2)
        for share in sorted(rng.uniform(0.15, 0.85, int(rng.integers(1, 4)))):
            x = left + (right - left) * share
            draw.line((x, y, x, y + step), fill=(40, 40, 40), width=2)
            draw.text(
                (x + 2 * mm, y + step / 2), _words(rng, 3), font=_face(round(3.8 * mm)), fill=(30, 30, 34), anchor="lm"
            )
        draw.text(
            (left + 2 * mm, y + step / 2), _words(rng, 4), font=_face(round(3.8 * mm)), fill=(30, 30, 34), anchor="lm"
        )
        y += step
    _lines(draw, rng, (left, y + 6 * mm, right, height - 50 * mm), 3.6 * mm, (30, 30, 34))
    x, y, radius = width - 50 * mm, height - 38 * mm, 19 * mm
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=(200, 40, 50), width=round(0.9 * mm))
    draw.text((x, y), "★", font=_face(round(11 * mm), "Sans"), fill=(200, 40, 50), anchor="mm")
    return image


def _letter(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    image = _sheet(rng, width, height)
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, 24 * mm), "通  知  书", font=_face(round(8 * mm), "Sans"), fill=(150, 20, 20), anchor="mm")
    bottom = height * float(rng.uniform(0.45, 0.88))
    _lines(draw, rng, (22 * mm, 42 * mm, width - 22 * mm, bottom), 4.9 * mm, (24, 24, 24))
    return image


def _ruled(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    """A form in a heavy frame, tinted inside: the frame is a better-looking rectangle than the sheet."""
    image = _sheet(rng, width, height)
    draw = ImageDraw.Draw(image)
    rim = float(rng.uniform(6, 20)) * mm
    inside = (width, height)
    tint = [(252, 252, 250), (226, 236, 240), (240, 226, 220)][int(rng.integers(3))]
    draw.rectangle(
        (rim, rim, inside[0] - rim, inside[1] - rim),
        fill=tint,
        outline=(20, 20, 24),
        width=round(float(rng.uniform(0.5, 2.5)) * mm),
    )
    step = float(rng.uniform(9, 16)) * mm
    y = rim + step
    while y < height - rim - 2:
        draw.line((rim, y, width - rim, y), fill=(30, 30, 34), width=3)
        draw.text(
            (rim + 3 * mm, y - step / 2),
            _words(rng, int(rng.integers(4, 16))),
            font=_face(round(4 * mm)),
            fill=(20, 24, 90),
            anchor="lm",
        )
        y += step
    return image


def _cover(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    """A closed booklet, dark to its rim."""
    colour = [(110, 22, 30), (24, 40, 84), (20, 60, 44), (70, 40, 24), (140, 60, 28)][int(rng.integers(5))]
    image = Image.new("RGB", (width, height), colour)
    draw = ImageDraw.Draw(image)
    gold = (206, 176, 96)
    radius = 17 * mm
    draw.ellipse(
        (width / 2 - radius, 26 * mm, width / 2 + radius, 26 * mm + 2 * radius), outline=gold, width=round(1.2 * mm)
    )
    draw.text(
        (width / 2, 84 * mm),
        ["居民户口簿", "结婚证", "退休证", "护照"][int(rng.integers(4))],
        font=_face(round(11 * mm), "Sans"),
        fill=gold,
        anchor="mm",
    )
    draw.text((width / 2, 122 * mm), _words(rng, 6), font=_face(round(4 * mm)), fill=gold, anchor="mm")
    return image


def _coloured(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    image = _form(rng, width, height, mm)
    tint = np.array([(255, 205, 215), (190, 225, 255), (205, 245, 200), (255, 240, 160)][int(rng.integers(4))])
    return Image.fromarray((np.asarray(image) * (tint / 255)).astype(np.uint8))


def _receipt(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    image = _sheet(rng, width, height)
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, 12 * mm), "收  款  收  据", font=_face(round(6 * mm), "Sans"), fill=(30, 30, 30), anchor="mm")
    y = 24 * mm
    while y < height - 14 * mm:
        draw.text(
            (4 * mm, y), _words(rng, int(rng.integers(3, 8))), font=_face(round(3.6 * mm), "Sans"), fill=(60, 60, 64)
        )
        draw.text(
            (width - 4 * mm, y),
            f"{int(rng.integers(1, 99999)) / 100:.2f}",
            font=_face(round(3.6 * mm), "Sans"),
            fill=(60, 60, 64),
            anchor="ra",
        )
        y += 6.2 * mm
    return image


def _card(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    tint = [(212, 228, 232), (236, 216, 220), (96, 140, 190), (196, 206, 180)][int(rng.integers(4))]
    rows, columns = np.mgrid[0:height, 0:width]
    weave = 6 * np.sin((rows + columns) / (1.7 * mm)) * np.sin((rows - columns) / (2.3 * mm))
    image = Image.fromarray(np.clip(np.array(tint) + weave[..., None], 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle((4 * mm, 9 * mm, 26 * mm, 38 * mm), fill=(120, 134, 160))
    draw.ellipse((10 * mm, 13 * mm, 20 * mm, 25 * mm), fill=(206, 176, 158))
    for row in range(4):
        draw.text(
            (30 * mm, (9 + 7 * row) * mm),
            _words(rng, int(rng.integers(4, 12))),
            font=_face(round(3.4 * mm), "Sans"),
            fill=(30, 32, 40),
        )
    draw.text((8 * mm, 43 * mm), "000000 00000000 0000", font=_face(round(4.4 * mm), "Sans"), fill=(24, 24, 28))
    return image


def _open(rng: np.random.Generator, width: int, height: int, mm: float) -> Image.Image:
    image = Image.new("RGB", (width, height), (238, 232, 216))
    draw = ImageDraw.Draw(image)
    for side in range(2):
        left, right = side * width / 2 + 8 * mm, (side + 1) * width / 2 - 8 * mm
        if rng.random() < 0.3:
            continue
        _lines(draw, rng, (left, 14 * mm, right, height - 12 * mm), 4.2 * mm, (50, 44, 44))
    gap = np.abs(np.arange(width) - width / 2) / (4 * mm)
    return Image.fromarray(
        np.clip(np.asarray(image) * (1 - 0.4 * np.exp(-gap))[None, :, None], 0, 255).astype(np.uint8)
    )

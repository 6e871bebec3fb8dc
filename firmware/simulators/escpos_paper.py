"""What ESC/POS bytes look like on paper: interprets the commands that `slip_escpos.py` uses, and draws.

A byte that is none of those commands is a fault of ours, not of the paper: it raises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import barcode
import qrcode
from PIL import Image, ImageDraw

from firmware.simulators.fonts import font

_CELL_DOTS: Final = 24  # height of one Chinese character in font A; a Latin one is half as wide
_SMALL_DOTS: Final = 17
_LINE_GAP_DOTS: Final = 6
_MARGIN_DOTS: Final = 16
_QUIET_MODULES: Final = 4
_MARK: Final = "演 示 · 样 本"
_PAPER: Final = 250
_CORRECTIONS: Final = {
    48: qrcode.ERROR_CORRECT_L,
    49: qrcode.ERROR_CORRECT_M,
    50: qrcode.ERROR_CORRECT_Q,
    51: qrcode.ERROR_CORRECT_H,
}


class EscposUnknown(AssertionError):
    """Bytes that this paper does not understand."""


@dataclass(frozen=True, slots=True)
class _Style:
    center: bool = False
    bold: bool = False
    small: bool = False
    size: int = 1


class EscposPaper:
    """A roll of paper that understands ESC/POS."""

    def __init__(self, width_dots: int) -> None:
        self._width = width_dots
        self._slips: list[Image.Image] = []
        self._begin()

    def feed(self, data: bytes) -> None:
        """Print these bytes; whole commands only."""
        at = 0
        while at < len(data):
            at = self._step(data, at)

    def slips(self) -> list[Image.Image]:
        """Return what was printed and cut, in order."""
        return list(self._slips)

    def _begin(self) -> None:
        self._style = _Style()
        self._strips: list[Image.Image] = []
        self._text = bytearray()
        self._qr_dots, self._qr_correction, self._qr_data = 3, 49, b""
        self._bar_height, self._bar_dots = 64, 2

    def _step(self, data: bytes, at: int) -> int:
        """Carry out what stands at `at`; return where the next thing stands."""
        lead, name = data[at], data[at + 1 : at + 2]
        if lead == 0x1B:
            return self._escape(name, data, at + 2)
        if lead == 0x1D:
            return self._group(name, data, at + 2)
        if lead == 0x1C and name == b"&":  # FS &: two-byte characters
            return at + 2
        if lead == 0x0A:
            self._end_line()
            return at + 1
        if lead < 0x20:
            raise EscposUnknown(f"control {lead:02X}")
        end = at
        while end < len(data) and data[end] >= 0x20:  # the bytes of a GB18030 character are all above
            end += 1
        self._text += data[at:end]
        return end

    def _escape(self, name: bytes, data: bytes, at: int) -> int:
        value = data[at] if at < len(data) else 0
        match name:
            case b"@":
                self._style = _Style()
                return at
            case b"!":
                self._style = replace(self._style, small=bool(value & 1), bold=bool(value & 8), size=1)
            case b"E":
                self._style = replace(self._style, bold=bool(value & 1))
            case b"a":
                self._style = replace(self._style, center=value in (1, 49))
            case b"M":
                self._style = replace(self._style, small=value in (1, 49))
            case b"d":
                self._end_line()
                self._strips.append(self._blank(value * (_CELL_DOTS + _LINE_GAP_DOTS) // 2))
            case _:
                raise EscposUnknown(f"ESC {name!r}")
        return at + 1

    def _group(self, name: bytes, data: bytes, at: int) -> int:
        match name:
            case b"!":
                self._style = replace(self._style, size=(data[at] & 7) + 1)
            case b"h":
                self._bar_height = data[at]
            case b"w":
                self._bar_dots = data[at]
            case b"H":
                pass  # the figures are always below
            case b"V":
                self._cut()
                return at + 2 if data[at] in (65, 66) else at + 1  # those feed first, by a second byte
            case b"k":
                kind, length = data[at], data[at + 1]
                if kind != 73:
                    raise EscposUnknown(f"GS k {kind}")
                self._code128(data[at + 2 : at + 2 + length])
                return at + 2 + length
            case b"(":
                length = int.from_bytes(data[at + 1 : at + 3], "little")
                self._two_dimensional(data[at + 3 : at + 3 + length])
                return at + 3 + length
            case _:
                raise EscposUnknown(f"GS {name!r}")
        return at + 1

    def _two_dimensional(self, body: bytes) -> None:
        kind, function, rest = body[0], body[1], body[2:]
        match (kind, function):
            case (49, 65):
                pass  # model 2
            case (49, 67):
                self._qr_dots = rest[0]
            case (49, 69):
                self._qr_correction = rest[0]
            case (49, 80):
                self._qr_data = rest[1:]
            case (49, 81):
                self._qr()
            case _:
                raise EscposUnknown(f"GS ( k {kind} {function}")

    def _qr(self) -> None:
        code = qrcode.QRCode(
            error_correction=_CORRECTIONS[self._qr_correction], box_size=self._qr_dots, border=_QUIET_MODULES
        )
        code.add_data(self._qr_data)
        code.make(fit=True)
        picture = code.make_image().get_image().convert("L")
        self._place(picture.point(lambda tone: min(tone, _PAPER)))

    def _code128(self, body: bytes) -> None:
        if not body.startswith(b"{B"):
            raise EscposUnknown("a Code 128 in another set than B")
        text = body[2:].replace(b"{{", b"{").decode("ascii")
        (modules,) = barcode.get_barcode_class("code128")(text).build()
        picture = Image.new("L", (len(modules) * self._bar_dots, self._bar_height), _PAPER)
        draw = ImageDraw.Draw(picture)
        for position, module in enumerate(modules):
            if module == "1":
                left = position * self._bar_dots
                draw.rectangle((left, 0, left + self._bar_dots - 1, self._bar_height), fill=0)
        self._place(picture)
        self._text += text.encode("ascii")
        self._style = replace(self._style, size=1)
        self._end_line()

    def _end_line(self) -> None:
        text = bytes(self._text).decode("gb18030")
        self._text.clear()
        dots = (_SMALL_DOTS if self._style.small else _CELL_DOTS) * self._style.size
        if not text.strip():
            if self._strips:
                self._strips.append(self._blank(dots // 2))
            return
        face = font(dots, bold=self._style.bold)
        for piece in _wrap(text, self._width, dots):
            width = round(face.getlength(piece))
            strip = self._blank(round(dots * 1.15) + _LINE_GAP_DOTS)
            left = (self._width - width) // 2 if self._style.center else 0
            ImageDraw.Draw(strip).text((max(0, left), -round(dots * 0.14)), piece, font=face, fill=16)
            self._strips.append(strip)

    def _place(self, picture: Image.Image) -> None:
        strip = self._blank(picture.height + _LINE_GAP_DOTS)
        strip.paste(picture, ((self._width - picture.width) // 2 if self._style.center else 0, 0))
        self._strips.append(strip)

    def _cut(self) -> None:
        mark = self._blank(_CELL_DOTS + 8)
        face = font(18)
        ImageDraw.Draw(mark).text(((self._width - face.getlength(_MARK)) / 2, 2), _MARK, font=face, fill=120)
        strips = [*self._strips, mark]
        height = sum(strip.height for strip in strips) + 2 * _MARGIN_DOTS
        slip = Image.new("L", (self._width + 2 * _MARGIN_DOTS, height), _PAPER)
        top = _MARGIN_DOTS
        for strip in strips:
            slip.paste(strip, (_MARGIN_DOTS, top))
            top += strip.height
        self._slips.append(slip)
        self._begin()

    def _blank(self, height: int) -> Image.Image:
        return Image.new("L", (self._width, max(1, height)), _PAPER)


def _wrap(text: str, width_dots: int, dots: int) -> list[str]:
    """Cut a text where the printer would: a Chinese character is as wide as high, a Latin one half."""
    pieces, piece, used = [], "", 0.0
    for character in text:
        wide = dots / 2 if ord(character) < 0x80 else dots
        if used + wide > width_dots and piece:
            pieces.append(piece)
            piece, used = "", 0.0
        piece += character
        used += wide
    return [*pieces, piece]

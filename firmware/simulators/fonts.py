"""The Chinese font that simulated papers, slips and displays are drawn with, found through fontconfig."""

from __future__ import annotations

import functools
import subprocess

from PIL import ImageFont

from firmware.ports import DeviceMissing

FAMILY = "Noto Sans CJK SC"


class FontMissing(DeviceMissing):
    """No Chinese font on this machine: simulated papers and slips cannot be drawn."""

    code = "font-missing"
    notice = "系统没有中文字体，模拟装置无法显示。请安装 fonts-noto-cjk。"


def font(size_px: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the Chinese font at this size.

    Raises:
        FontMissing: fontconfig or the font is not installed (Debian: fontconfig, fonts-noto-cjk).
    """
    return _load(size_px, bold)


@functools.lru_cache(maxsize=64)
def _load(size_px: int, bold: bool) -> ImageFont.FreeTypeFont:
    file, index = _find(bold)
    try:
        return ImageFont.truetype(file, size_px, index=index)
    except OSError as error:
        raise FontMissing("the Chinese font does not open; install fonts-noto-cjk") from error


@functools.cache
def _find(bold: bool) -> tuple[str, int]:
    pattern = f"{FAMILY}:weight={'bold' if bold else 'regular'}"
    try:
        answer = subprocess.run(  # noqa: S603
            ["fc-match", "--format=%{file}\n%{index}\n%{family}", pattern],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise FontMissing("fc-match does not run; install fontconfig") from error
    file, index, family = answer.split("\n", 2)
    if "CJK" not in family:  # fontconfig always answers with something, also with a font that has no Chinese
        raise FontMissing("there is no Noto Sans CJK; install fonts-noto-cjk")
    return file, int(index)

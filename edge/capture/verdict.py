"""What the judge may say of a page: one code and one sentence that says what to do. Spoken to the clerk while the
resident is still there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class VerdictCode(StrEnum):
    GOOD = "good"
    NOTHING_THERE = "nothing-there"
    EDGE_CUT = "edge-cut"
    EDGE_HIDDEN = "edge-hidden"
    TWO_SHEETS = "two-sheets"
    TOO_FAR = "too-far"
    TOO_DARK = "too-dark"
    BLURRED = "blurred"
    GLARE = "glare"
    COVERED = "covered"
    BLANK = "blank"
    SAME_SIDE = "same-side"  # said by the visit, which knows what was taken before


@dataclass(frozen=True, slots=True)
class Verdict:
    """One code for programs, one sentence for the clerk."""

    code: VerdictCode
    notice: str

    @property
    def usable(self) -> bool:
        return self.code is VerdictCode.GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What the verdict rests on. Numbers of the picture only, nothing of what stands on it."""

    found: float = 0.0  # 0 to 1: the weakest side's support; 0 when no sheet was found
    long_side_px: float = 0.0  # of the sheet in the frame
    dots_per_inch: float = 0.0  # of the frame on the sheet; 0 when the sheet's true size is not known
    brightness: float = 0.0  # 0 to 255: the paper's, before the light was evened
    ink_share: float = 0.0  # 0 to 1: of the sheet, that holds print
    contrast: float = 0.0  # 0 to 1: how much darker print is than the paper; 0 when nothing is printed
    blur_px: float = 0.0  # spread of the print's edges, in page pixels (σ)
    noise: float = 0.0  # grey levels (σ) on the bare paper
    glare_px: float = 0.0  # of print that a reflection has nearly taken, page pixels (area)
    burnt_share: float = 0.0  # 0 to 1: of what was found, as bright as the sensor can tell
    is_hidden: bool = False  # whether print must stand where a reflection leaves nothing to be seen
    covered_share: float = 0.0  # 0 to 1: of the printed area, under a finger or hand
    outside_px: float = 0.0  # how far the farthest corner lies outside the frame, in frame pixels
    runs_on: bool = False  # whether a side goes on beyond a corner: only a part of the sheet was found
    print_px: float = 0.0  # height of the finest characters, in frame pixels; 0 when no line of print was found
    spread: float = 0.0  # σ of their strokes, in heights of the characters


GOOD = Verdict(VerdictCode.GOOD, "页面清晰，可以使用。")
NOTHING_THERE = Verdict(VerdictCode.NOTHING_THERE, "没有找到纸张，请把材料平放在高拍仪下方中间，四边都露出来。")
EDGE_HIDDEN = Verdict(VerdictCode.EDGE_HIDDEN, "没有看清纸张的四边，请把材料放到画面中间，手不要压住边角，再拍一次。")
TWO_SHEETS = Verdict(VerdictCode.TWO_SHEETS, "画面里不止一份材料，请一份一份地拍（身份证两张可以并排）。")
TOO_FAR = Verdict(VerdictCode.TOO_FAR, "纸张在画面里太小，请放到画面中间，或把高拍仪调近一点。")
TOO_DARK = Verdict(VerdictCode.TOO_DARK, "画面太暗，请打开高拍仪补光灯后重拍。")
BLURRED = Verdict(VerdictCode.BLURRED, "字迹模糊，请压平纸张、手离开桌面，等画面清楚后重拍。")
GLARE = Verdict(VerdictCode.GLARE, "反光盖住了字，请把纸张转个方向或避开灯光后重拍。")
COVERED = Verdict(VerdictCode.COVERED, "手指挡住了字，请只按住纸张空白的边，再拍一次。")

BLANK = Verdict(VerdictCode.BLANK, "这一面没有字，请把材料翻过来再拍。")
SAME_SIDE = Verdict(VerdictCode.SAME_SIDE, "刚才拍的是同一面，请翻面再拍。")

_MOVES = {"left": ("左边", "往右"), "right": ("右边", "往左"), "top": ("上边", "往下"), "bottom": ("下边", "往上")}


def edge_cut(sides: tuple[str, ...]) -> Verdict:
    """Return the verdict for a sheet that runs out of the frame at these sides: left, right, top, bottom."""
    if {"left", "right"} <= set(sides) or {"top", "bottom"} <= set(sides):
        return Verdict(VerdictCode.EDGE_CUT, "纸张比画面大，请把高拍仪调高一点，让四边都进入画面。")
    where = "、".join(_MOVES[side][0] for side in sides)
    move = "、".join(_MOVES[side][1] for side in sides)
    return Verdict(VerdictCode.EDGE_CUT, f"纸张{where}超出画面，请{move}移一点。")

"""Lines of print and the light on them -> how much of the print a reflection has taken. For `judge.py`.

Blank paper may shine as it likes, and a reflection that leaves the ink its contrast takes nothing. What is wholly lost
cannot be seen; but on its way there a line of print fades, and it fades only where the paper is brighter than it should
be. That is looked for: pale ink within lines of print, in the shine, beyond what is pale outside it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from edge.capture.light import THUMB, Light, Mask
from edge.capture.print_lines import Lines

_BRIGHTER: Final = 1.04  # than the sheet's smooth light
_FULL: Final = 247.0  # grey levels: as bright as can be
_INK: Final = 0.1  # contrast that is surely print
_TRACE: Final = 0.012  # contrast that may have been
_FADED: Final = 0.30  # of the usual print's contrast
_ONWARD: Final = 2.5  # heights by which a line may go on where it is not seen any more
_LEAST: Final = 9  # of the thumbnail's pixels: most of a character of 小五
_PALE_ANYWAY: Final = 1.3  # times the share that is pale without any shine, of rules and pen strokes, may be pale in it
_LIT: Final = 110.0  # grey levels: a reflection is never dark
_RIM: Final = 3
_ON_COVERS: Final = 0.08  # gilt shines by itself


def faded_share(lines: Lines, light: Light) -> float:
    """Return the share of the print in the shine that has faded there, 0 to 1; 0 when it is too little to matter."""
    deep = cv2.dilate(lines.depth, np.ones((3, 3), np.uint8))  # a letter's margin is pale without fading
    sure = lines.depth > _INK
    if sure.sum() < 20:
        return 0.0
    usual = float(np.quantile(deep[sure], 0.6))
    shine = (light.level > _BRIGHTER * light.smooth) & (light.level > _LIT) | (light.level > _FULL)
    shines = cv2.dilate(shine.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    print_ = _along(lines) & (lines.depth > _TRACE)
    faded = print_ & (deep < _FADED * usual)
    within, lost = int((print_ & shines).sum()), int((faded & shines).sum())
    if lost < _LEAST:
        return 0.0
    anyway = int((faded & ~shines).sum()) / max(1, int((print_ & ~shines).sum()))
    share = max(0.0, lost / within - _PALE_ANYWAY * anyway)
    return share * _ON_COVERS if lines.is_light else share


def _along(lines: Lines) -> Mask:
    """Return where print stands, or would stand if each line went on a little, on the thumbnail's grid."""
    mask = np.zeros(lines.depth.shape, np.uint8)
    for left, top, width, height in lines.boxes / THUMB:
        short = min(width, height)
        more = (_ONWARD * short, 0.1 * short) if width >= height else (0.1 * short, _ONWARD * short)
        first = int(left - more[0]), int(top - more[1])
        cv2.rectangle(mask, first, (int(left + width + more[0]), int(top + height + more[1])), 1, -1)
    mask[:_RIM], mask[-_RIM:], mask[:, :_RIM], mask[:, -_RIM:] = 0, 0, 0, 0
    return np.asarray(mask > 0)

"""Print and the light on it -> how much print a reflection has nearly taken. For `judge.py`.

Blank paper may shine as it likes, and a reflection that leaves the ink its contrast takes nothing: where the paper is
not yet as bright as the sensor can tell, ink has at least two thirds of it left, since light adds before the camera's
tone curve. Within a saturated shine what is wholly lost cannot be seen; but on its way there print fades, and ink that
is much paler than the page's own is what says so, in a found line or not. That the paper is full is no fault by itself:
a page in too much light is so all over, and its print stands black on it beside pale watermarks. A shine is
brighter than the sheet's smooth light; or, where a lamp's wide veil is that smooth light, the lines of print themselves
grow pale towards it. `shine.py` says what stands around a shine in which nothing is seen at all.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.light import THUMB, Floats, Light, Mask
from edge.capture.print_lines import Lines
from firmware.ports import Pixels

_FULL: Final = 249.0  # grey levels: as bright as can be
_BRIGHTER: Final = 1.02  # than the sheet's smooth light
_LEAST: Final = 20  # of the thumbnail's pixels: so large is a shine
_INK: Final = 0.1  # contrast that is surely print
_PRINT: Final = 0.06  # contrast that is print where a line is
_TRACE: Final = 0.02  # contrast that may have been: in a saturated shine there is no noise
_FADED: Final = 0.28  # of the usual print's contrast; a character that is read has 0.35 left in its middle
_AROUND: Final = 41  # of the thumbnail's pixels, across: there the lines' own contrast is looked at
_GROWN_PALE: Final = 0.8  # of the usual print's contrast; in too much light it keeps 0.9, under a watermark all
_KNOWN: Final = 10  # of the thumbnail's pixels of print around: fewer say nothing
_OF_DEEPEST: Final = 0.5  # a fine stroke's contrast over a whole pixel of the thumbnail, of its own; a rule's is more
_ROUNDING: Final = 0.005  # of contrast
_ONWARD: Final = 2.5  # heights by which a line of light print may go on where it is not seen any more
_RED: Final = 0.1  # share of the paper's light by which a seal has more red than green: it is pale by itself
_PHOTO: Final = 5  # of the thumbnail's pixels: what is coloured and thicker is a photo, not a seal
_PATCHES: Final = 31  # of them that may lie between a photo's coloured parts
_RIM: Final = 3


def faded_px(thumb: Pixels, gray: Floats, lines: Lines, light: Light) -> float:
    """Return how much print has nearly faded in a saturated reflection: page pixels, of area.

    Args:
        thumb: the page's thumbnail.
        gray: the same in grey levels 0 to 255.
        lines: of the page.
        light: of the same thumbnail.
    """
    full = _whole(gray > _FULL)
    if cv2.countNonZero(full) < _LEAST:
        return 0.0
    deep = cv2.dilate(lines.depth, np.ones((3, 3), np.uint8))  # a character's margin is pale without fading
    anyway = _pale_anyway(thumb, light)
    usual = _usual(deep, lines, full > 0)
    pale = (lines.depth > _TRACE) & (deep < _FADED * usual) & ~anyway
    # A table's rule that runs between the places where depth was taken seems pale only there.
    pale &= 1 - gray / light.level < _OF_DEEPEST * deep + _ROUNDING
    if lines.is_light:
        pale &= _along(lines)  # a cover's emblem shines by itself
    pale[:_RIM], pale[-_RIM:], pale[:, :_RIM], pale[:, -_RIM:] = False, False, False, False
    # A table's rule is one pixel thick.
    pale = _opened(pale.astype(np.uint8), 2, 1) > 0
    beyond = _whole((gray > _FULL) & (gray > _BRIGHTER * light.smooth))
    if cv2.countNonZero(beyond) < _LEAST:
        beyond[:] = 0
    grown = full & _grown_pale(deep, lines, anyway, usual)
    within = cv2.dilate(beyond | grown, np.ones((3, 3), np.uint8)) > 0
    return float((pale & within).sum()) * THUMB**2


def _whole(mask: Mask) -> npt.NDArray[np.uint8]:
    """Return the mask over the ink within it, and without specks."""
    return _opened(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), 3, 3)


def _grown_pale(deep: Floats, lines: Lines, anyway: Mask, usual: float) -> npt.NDArray[np.uint8]:
    """Return 1 where the lines of print around are paler than usual."""
    print_ = (_along(lines, 0.0) & (lines.depth > _PRINT) & ~anyway).astype(np.float32)
    count, depth = (cv2.boxFilter(part, -1, (_AROUND, _AROUND), normalize=False) for part in (print_, print_ * deep))
    return np.asarray((count >= _KNOWN) & (depth < _GROWN_PALE * usual * count), np.uint8)


def _usual(deep: Floats, lines: Lines, full: Mask) -> float:
    """Return the contrast of the page's print outside the shine, or of all ink where no line was found there."""
    sure = lines.depth > _INK
    print_ = sure & _along(lines, 0.0) & ~full
    chosen = deep[print_ if print_.sum() >= _LEAST else sure]
    return float(np.quantile(chosen, 0.6)) if len(chosen) >= _LEAST else 0.0


def _pale_anyway(thumb: Pixels, light: Light) -> Mask:
    """Say where seals and photos are, which are pale at places without any shine."""
    green, red = (thumb[..., band] / light.colour[band] for band in (1, 2))
    seal = ((red - green) / light.level > _RED).astype(np.uint8)
    foreign = light.foreign.astype(np.uint8)
    photo = _opened(foreign, _PHOTO, _PHOTO)
    photo = cv2.morphologyEx(photo, cv2.MORPH_CLOSE, np.ones((_PATCHES, _PATCHES), np.uint8))
    for left, top, wide, high, _ in cv2.connectedComponentsWithStats(photo)[2][1:]:
        # A photo is a rectangle; the part of it that shines white is as much of it as the rest.
        cv2.rectangle(foreign, (int(left), int(top)), (int(left + wide), int(top + high)), 1, -1)
    beside = cv2.dilate(foreign, np.ones((9, 9), np.uint8)) | cv2.dilate(seal, np.ones((3, 3), np.uint8))
    return np.asarray(beside > 0)


def _along(lines: Lines, onward: float = _ONWARD) -> Mask:
    """Return where print stands, or would stand if each line went on a little, on the thumbnail's grid."""
    mask = np.zeros(lines.depth.shape, np.uint8)
    for left, top, width, height in lines.boxes / THUMB:
        more = onward * min(width, height)
        across, down = (more, 0.0) if width >= height else (0.0, more)
        first = int(left - across), int(top - down)
        cv2.rectangle(mask, first, (int(left + width + across), int(top + height + down)), 1, -1)
    return np.asarray(mask > 0)


def _opened(mask: npt.NDArray[np.uint8], tall: int, wide: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((tall, wide), np.uint8)), np.uint8)

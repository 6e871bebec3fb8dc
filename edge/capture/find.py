"""Frame -> where the sheet lies in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.capture.quad import Quad, area, is_convex, upright
from edge.capture.shrink import shrink, to_frame
from firmware.ports import Pixels


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as found."""

    quad: Quad  # in frame pixels, top-left first
    support: float  # 0 to 1: the weakest side's


def find_sheet(frame: Pixels) -> Sheet | None:
    """Return the sheet that lies under the camera, or None when there is none to be seen."""
    small, factor = shrink(frame, 820)
    gray = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    _, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    for share in (0.01, 0.02, 0.03, 0.05, 0.08):
        points = cv2.approxPolyDP(hull, share * cv2.arcLength(hull, True), True).reshape(-1, 2)
        if len(points) == 4:
            quad = upright(points.astype(np.float64))
            if is_convex(quad) and area(quad) > 0.02 * gray.size:
                return Sheet(upright(to_frame(quad, factor)), 0.5)
    return None

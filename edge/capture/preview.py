"""Preview frame -> the outline that the console draws over the live picture. Cheap: one quick look, no second."""

from __future__ import annotations

from edge.capture.find import find_sheet
from edge.capture.quad import Corners, as_corners
from edge.capture.shrink import checked
from firmware.ports import Pixels


def preview_outline(frame: Pixels) -> Corners | None:
    """Return the sheet's corners in pixels of this preview frame, or None when no sheet is plainly there.

    Raises:
        PictureRefused: not a BGR frame.
    """
    sheet = find_sheet(checked(frame), quick=True)
    return as_corners(sheet.quad) if sheet else None

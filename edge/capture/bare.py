"""Preview -> whether nothing lies on the desk, as sure as one look can be."""

from __future__ import annotations

from typing import Final

from edge.capture.find import find_sheet
from edge.capture.shrink import checked
from firmware.ports import Pixels

_DARK_MEAN: Final = 24.0  # grey levels: below it a white sheet may go unseen


def is_bare(preview: Pixels) -> bool:
    """Return True when no sheet is seen, neither quickly nor thoroughly; False also where it is too dark to say.

    Raises:
        PictureRefused: not a BGR frame.
    """
    if float(checked(preview).mean()) < _DARK_MEAN:
        return False
    return find_sheet(preview, quick=True) is None and find_sheet(preview) is None

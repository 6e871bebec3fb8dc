"""Frames that the quick pass read nothing of ours in -> what the slow steps read in the few that are worth it.

Called by the second thread of `scan_live.py`, frame by frame. One that shows nothing code-like costs a small look; one
that does gets the slow steps, ever more rarely while nothing moves, and then the frames before it are laid over each
other (`scan_join.py`). What is most likely print waits longer for its turn. Codes that are known, a parcel's beside a
ticket, are no reason to look. One thread's own: nothing here is locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.scan import is_known, quick_pass, read_beside, read_gray, sharpened
from edge.capture.scan_decoders import Gray, Reading
from edge.capture.scan_dense import Mask, beside, code_like, dense_edges, thinned
from edge.capture.scan_join import JOINED_MAX, in_frame, join

_FIRST_LOOK: Final = 2  # of the frames that show the same unread thing: what has just been laid down moves in the first
_FIRST_OF_PRINT: Final = 17  # nearly never a code, and what lies under the camera most
_LOOK_STEP: Final = 4  # a look in vain makes the wait for the next so many times as long: 2, 5, 17, 65, ...
_THUMB: Final = (40, 24)  # pixels: grain is gone in so small a picture
_MOVED_MIN: Final = 12.0  # grey levels that one pixel of it differs by when something has been moved
_SHARE_MIN: Final = 0.004  # of the frame: what print there is


class SlowLook:
    """Looks at one camera's unread frames, one after the other, and keeps those that may yet be joined."""

    def __init__(self) -> None:
        self._unread, self._next = 0, _FIRST_LOOK
        self._kept: list[Gray] = []
        self._thumb: npt.NDArray[np.float32] | None = None

    def look(self, gray: Gray, known: Sequence[Reading] = ()) -> list[Reading]:
        """Return what the frame, with those before it, lets the slow steps read; most often it is not their turn.

        Args:
            known: codes that were read in it, which are not read again.
        """
        thin = thinned(gray)
        dense = beside(gray, dense_edges(thin), known)
        if not dense.any():
            self.forget()
            return []
        if self._kept and self._kept[-1].shape != gray.shape:
            self.forget()
        self._kept = [*self._kept[-(JOINED_MAX - 1) :], gray]
        if self._moved(gray):
            self._unread, self._next = 0, _FIRST_LOOK
        self._unread += 1
        if not self._is_due(thin, dense):
            return []
        # Before the look: one that fails is one in vain, and the next is not tried at once.
        self._next = _LOOK_STEP * self._unread - 3
        found = (read_beside(gray, known) if known else read_gray(gray)) or self._joined(known)
        if found:
            self.forget()
        return found

    def forget(self) -> None:
        """Drop the frames kept so far: what lies there has changed, or is read."""
        self._unread, self._next, self._kept, self._thumb = 0, _FIRST_LOOK, [], None

    def _is_due(self, thin: Gray, dense: Mask) -> bool:
        if self._unread < self._next:
            return False
        if self._unread >= _FIRST_OF_PRINT and dense.mean() > _SHARE_MIN:
            return True
        return code_like(thin, dense)

    def _joined(self, known: Sequence[Reading]) -> list[Reading]:
        together = join(self._kept) if len(self._kept) > 1 else None
        if together is None:
            return []
        return self._fresh(together, known) or self._fresh(sharpened(together, 3.0, 2.0), known)

    @staticmethod
    def _fresh(together: Gray, known: Sequence[Reading]) -> list[Reading]:
        readings = [in_frame(each) for each in quick_pass(together)]
        return [reading for reading in readings if not is_known(reading, known)]

    def _moved(self, gray: Gray) -> bool:
        """Say whether the frame shows something else than the one before it, or the same elsewhere."""
        some = np.ascontiguousarray(gray[::2, ::2])  # a quarter of the pixels: enough for grain to be gone
        before, self._thumb = self._thumb, cv2.resize(some, _THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)
        return before is not None and float(np.abs(before - self._thumb).max()) > _MOVED_MIN

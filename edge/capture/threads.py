"""How many of the processor's cores OpenCV may take for one picture: one. For the programs that look at pictures."""

from __future__ import annotations

import cv2


def one_thread_a_picture() -> None:
    """Let OpenCV work on each picture in the thread that asked, in the whole of this process.

    Its own threads wait for work by spinning. On two cores they made nothing sooner, and a picture with a code cost an
    eighth more processor time (ADR 0024), which a unit's other threads and its browser lack.
    """
    cv2.setNumThreads(1)

"""A device's path in /dev: whether it is still the device that was opened, and why it could not be opened, in words.

Used by the drivers of everything that is plugged in. A by-id link goes when its device is unplugged, and leads to
another number when it is back: the open file then belongs to a device that is gone.
"""

from __future__ import annotations

import errno
import os
import select
from typing import Final, Literal

Cause = Literal["missing", "taken", "forbidden"]

_CAUSES: Final[dict[int, Cause]] = {
    errno.EBUSY: "taken",
    errno.EAGAIN: "taken",  # another program holds the lock on a serial line
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
}


def cause_of(error: OSError) -> Cause:
    """Return why opening failed; whatever is not another program or a permission is a device that is not there."""
    return _CAUSES.get(error.errno or 0, "missing")


def hung_up(descriptor: int) -> bool:
    """Tell whether the device behind an open file was taken away."""
    poll = select.poll()
    poll.register(descriptor, 0)  # hang-up and error are always told
    return bool(poll.poll(0))


def same_place(path: str, real_path: str) -> bool:
    """Tell whether a path still leads where it led when it was opened."""
    return os.path.exists(path) and os.path.realpath(path) == real_path


def wait_readable(descriptors: list[int], timeout_seconds: float) -> bool:
    """Return whether one of them has something to read, or was taken away, within the time."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0, round(timeout_seconds * 1000))))

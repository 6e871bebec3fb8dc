"""A V4L2 camera's controls by their kernel names: focus, exposure, mains frequency. Two ioctls on an open device.

OpenCV, which takes the frames, maps a part of the controls only and not the mains frequency. Ids and names are those
of linux/v4l2-controls.h and of `v4l2-ctl --list-ctrls`.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path
from typing import Final

CONTROLS: Final = {
    "brightness": 0x00980900,
    "contrast": 0x00980901,
    "white_balance_automatic": 0x0098090C,
    "gain": 0x00980913,
    "power_line_frequency": 0x00980918,  # 0 off, 1: 50 Hz, 2: 60 Hz
    "white_balance_temperature": 0x0098091A,
    "sharpness": 0x0098091B,
    "backlight_compensation": 0x0098091C,
    "auto_exposure": 0x009A0901,  # 0 auto, 1 manual, 2 shutter priority, 3 aperture priority (what most cameras offer)
    "exposure_time_absolute": 0x009A0902,  # in 100 µs
    "exposure_dynamic_framerate": 0x009A0903,
    "focus_absolute": 0x009A090A,
    "focus_automatic_continuous": 0x009A090C,
    "zoom_absolute": 0x009A090D,
}
_GET: Final = 0xC008561B  # VIDIOC_G_CTRL = _IOWR('V', 27, struct v4l2_control), of two 32-bit numbers
_SET: Final = 0xC008561C  # VIDIOC_S_CTRL


class V4l2Controls:
    """The controls of the device at a path. What a camera does not have is no error: it is left out."""

    def __init__(self, device: Path) -> None:
        self._handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)

    def get(self, name: str) -> int | None:
        """Return a control's value; None when the camera has no such control."""
        return self._ioctl(_GET, name, 0)

    def set(self, name: str, value: int) -> bool:
        """Set a control; return whether the camera took it."""
        return self._ioctl(_SET, name, value) is not None

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _ioctl(self, request: int, name: str, value: int) -> int | None:
        try:
            answer = fcntl.ioctl(self._handle, request, struct.pack("Ii", CONTROLS[name], value))
        except OSError:
            return None  # EINVAL: not this camera's; EBUSY, EIO: not now, and the next opening sets it again
        return int(struct.unpack("Ii", answer)[1])

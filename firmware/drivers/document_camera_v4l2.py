"""高拍仪 as a USB document camera by V4L2: OpenCV takes the frames as the camera sends them, we judge and decode them.

Settings of unit.toml go in, a `WatchedCamera` comes out (its time limits: watched_camera.py). A frame is taken
undecoded: a cut JPEG is dropped instead of shown half grey, a stale one costs nothing, and a preview is decoded at a
fraction of its size. Why OpenCV: ADR 0055.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import cv2
import msgspec
import numpy as np

from firmware.drivers.camera_pixels import Rotation, preview_factor, shrunk, upright
from firmware.drivers.v4l2_controls import CONTROLS, V4l2Controls
from firmware.drivers.watched_camera import Size, WatchedCamera
from firmware.jpeg_whole import is_whole
from firmware.light_watch import LightWatch
from firmware.ports import CameraMissing, CameraNotReady, Pixels

BUFFERS: Final = 2  # in the kernel's queue: the fewer, the fresher
_STALE_FRAMES: Final = BUFFERS + 1  # let go after a call when the frames' times cannot be believed
_STAMP_APART_MS_MAX: Final = 5_000  # a frame's time further from ours than this is of another clock
_REDUCED: Final = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_AUTO_EXPOSURES: Final = (3, 0)  # aperture priority, which most cameras mean by automatic, or else full automatic
_MANUAL_EXPOSURE: Final = 1


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "v4l2"`."""

    device: str = "/dev/video0"  # better a path under /dev/v4l/by-id, which stays the same at another socket
    width: int = 3264
    height: int = 2448
    format: Literal["MJPG", "YUYV"] = "MJPG"
    rotation: Rotation = 0
    focus: int | None = None  # focus_absolute of this camera at the desk; None: its autofocus is left alone
    lock_exposure: bool = True
    warm_up_seconds: float = 2.0  # after which exposure and white balance are held as they are
    mains_hz: Literal[0, 50, 60] = 50
    controls: dict[str, int] = {}  # more of them by their V4L2 names, set at every opening

    def __post_init__(self) -> None:
        if max(self.width, self.height) < 2480 or min(self.width, self.height) < 16:
            raise ValueError("a photograph's longest side is at least 2480 px")
        if unknown := set(self.controls) - set(CONTROLS):
            raise ValueError(f"controls: {', '.join(sorted(unknown))} is none of {', '.join(CONTROLS)}")
        if not 0 <= self.warm_up_seconds <= 10:
            raise ValueError("warm_up_seconds is 0 to 10")


class Capture(Protocol):
    """What we use of cv2.VideoCapture."""

    def isOpened(self) -> bool: ...  # noqa: N802
    def set(self, key: int, value: float, /) -> bool: ...
    def get(self, key: int, /) -> float: ...
    def grab(self) -> bool: ...
    def retrieve(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


class Controls(Protocol):
    """What we use of V4l2Controls."""

    def get(self, name: str) -> int | None: ...
    def set(self, name: str, value: int) -> bool: ...
    def close(self) -> None: ...


def open_device(settings: Settings) -> WatchedCamera:
    """Return the camera; it is opened in the background."""
    device = Path(settings.device)
    return WatchedCamera(lambda: V4l2Stream(settings, lambda: _capture(device), lambda: V4l2Controls(device)))


def _capture(device: Path) -> Capture:
    # The path as it stands, not its number: a camera that comes back may have another number behind the same link.
    capture: Capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)  # type: ignore[assignment,unused-ignore]
    return capture


class V4l2Stream:
    """One opened camera. `grab` waits up to OpenCV's own 10 s for a frame; `WatchedCamera` does not."""

    def __init__(
        self, settings: Settings, open_capture: Callable[[], Capture], open_controls: Callable[[], Controls]
    ) -> None:
        """Open and configure; streaming begins with the first frame.

        Raises:
            CameraMissing: there is no such device.
            CameraNotReady: it is in use, or gives neither the format nor the size of the settings.
        """
        self._settings = settings
        self._device = Path(settings.device)
        self._require_there()
        self._light = LightWatch()
        self._locked = False
        self._capture = open_capture()
        self._controls: Controls | None = None
        try:
            self._configure()
            self._controls = open_controls()
            self._set_controls(self._controls)
        except BaseException:
            self.close()
            raise
        self._learning_since = time.monotonic()

    def frame(self, size: Size, until: float) -> Pixels:
        self._require_there()
        factor = preview_factor(self._settings.width) if size == "preview" else 1
        self._let_go_stale(until)
        while (pixels := self._decoded(factor)) is None:
            self._grab(until)  # a cut or foreign frame is dropped, and the next one is as good: it is younger
        if size == "preview":
            pixels = shrunk(pixels)
            self._look_after_light(pixels)
        elif not self._locked:
            self._look_after_light(shrunk(pixels))
        return upright(pixels, self._settings.rotation)

    def close(self) -> None:
        if self._controls is not None:
            self._controls.close()
        self._capture.release()

    # --- opening

    def _require_there(self) -> None:
        if not self._device.exists():
            raise CameraMissing(f"{self._device} is not there")

    def _configure(self) -> None:
        capture, wanted = self._capture, self._settings
        if not capture.isOpened():
            raise CameraNotReady(f"{self._device} cannot be opened: in use, or no camera")
        code = cv2.VideoWriter.fourcc(*wanted.format)
        capture.set(cv2.CAP_PROP_FOURCC, code)  # first: the sizes that a camera offers depend on it
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, BUFFERS)
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
        size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        if size != (wanted.width, wanted.height) or int(capture.get(cv2.CAP_PROP_FOURCC)) != code:
            raise CameraNotReady(
                f"the camera gives {size[0]} × {size[1]}, not {wanted.width} × {wanted.height} {wanted.format}; "
                "`v4l2-ctl --list-formats-ext` names what it can"
            )

    def _set_controls(self, controls: Controls) -> None:
        wanted = self._settings
        if wanted.mains_hz:
            controls.set("power_line_frequency", 1 if wanted.mains_hz == 50 else 2)
        if wanted.focus is not None:
            controls.set("focus_automatic_continuous", 0)  # first: focus_absolute is refused while it runs
            controls.set("focus_absolute", wanted.focus)
        if wanted.lock_exposure:
            self._learn(controls)
        for name, value in wanted.controls.items():
            controls.set(name, value)

    # --- frames

    def _grab(self, until: float) -> None:
        if time.monotonic() >= until:
            raise CameraNotReady("no whole frame in time")
        if not self._capture.grab():
            self._require_there()
            raise CameraNotReady("the camera sends nothing")

    def _let_go_stale(self, until: float) -> None:
        """Grab until a frame was exposed after this call: by its time, or by count where that is of another clock."""
        called_ms = time.monotonic_ns() / 1e6
        for _ in range(_STALE_FRAMES):
            self._grab(until)
            stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            if called_ms <= stamp <= called_ms + _STAMP_APART_MS_MAX:
                return
        self._grab(until)

    def _decoded(self, factor: int) -> Pixels | None:
        """Return the frame last grabbed; None when it did not come whole."""
        ok, raw = self._capture.retrieve()
        if not ok or raw is None:
            return None
        data = np.asarray(raw, dtype=np.uint8)
        if self._settings.format == "MJPG":
            return self._from_jpeg(data.tobytes(), factor)
        if data.size != self._settings.width * self._settings.height * 2:
            return None
        pairs = data.reshape(self._settings.height, self._settings.width, 2)
        return np.asarray(cv2.cvtColor(pairs, cv2.COLOR_YUV2BGR_YUYV), dtype=np.uint8)

    def _from_jpeg(self, data: bytes, factor: int) -> Pixels | None:
        if not is_whole(data):
            return None
        reduced = max(step for step in _REDUCED if step <= factor)
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[reduced] | cv2.IMREAD_IGNORE_ORIENTATION)
        if pixels is None or abs(pixels.shape[1] * reduced - self._settings.width) >= reduced:
            return None
        return np.asarray(pixels, dtype=np.uint8)

    # --- exposure

    def _learn(self, controls: Controls) -> None:
        if not controls.set("auto_exposure", _AUTO_EXPOSURES[0]):
            controls.set("auto_exposure", _AUTO_EXPOSURES[1])
        controls.set("white_balance_automatic", 1)
        self._locked, self._learning_since = False, time.monotonic()

    def _look_after_light(self, preview: Pixels) -> None:
        now, controls = time.monotonic(), self._controls
        if controls is None or not self._settings.lock_exposure:
            return
        if not self._locked:
            if now - self._learning_since >= self._settings.warm_up_seconds:
                self._lock(controls, now)
        elif self._light.must_learn(preview, now):
            self._learn(controls)

    def _lock(self, controls: Controls, now: float) -> None:
        learned = {name: controls.get(name) for name in ("exposure_time_absolute", "gain", "white_balance_temperature")}
        controls.set("auto_exposure", _MANUAL_EXPOSURE)
        controls.set("white_balance_automatic", 0)
        for name, value in learned.items():  # some cameras fall back to a default of theirs when automatic ends
            if value is not None:
                controls.set(name, value)
        for name, value in self._settings.controls.items():
            controls.set(name, value)
        self._locked = True
        self._light.locked(now)

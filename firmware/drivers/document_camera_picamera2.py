"""高拍仪 as a Raspberry Pi camera, by picamera2: one stream for photographs, a small one for previews.

Settings of unit.toml go in, a `WatchedCamera` comes out (its time limits: watched_camera.py). Nothing is taken for
granted of a camera: lens, exposure and flicker are set only where it offers those controls, format and sizes stand in
the settings. Names of controls, formats and metadata are picamera2's (Picamera2 Manual, 4.2 and appendices B and C).
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final, Literal

import msgspec
import numpy as np

from firmware.drivers.camera_pixels import FORMATS, Range, Rotation, shrunk, to_bgr, upright
from firmware.drivers.watched_camera import Size, WatchedCamera
from firmware.light_watch import LightWatch
from firmware.ports import CameraMissing, CameraNotReady, DeviceError, Pixels

log = logging.getLogger(__name__)

_SETTLE_SECONDS_MIN: Final = 0.5  # a preview or two: before that AeLocked may still be of the last time
_STALE_FRAMES: Final = 2  # let go after a call when a camera does not say when a frame was exposed
_MANUAL: Final = 0  # libcamera's AfModeManual
_FLICKER_MANUAL: Final = 1
_AE_CONVERGED: Final = 2  # libcamera's AeStateConverged

Camera = Any  # a Picamera2: the library has no types of its own and is not installed where this is checked


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "picamera2"`."""

    camera: str | int = 0  # a part of the camera's Id (`rpicam-hello --list-cameras`), or its number
    width: int = 0  # of a photograph, before rotation; 0: all that the sensor has
    height: int = 0
    format: Literal["RGB888", "BGR888", "XRGB8888", "XBGR8888", "NV12", "NV21", "YUV420", "YVU420"] = "RGB888"
    luma_range: Range = "full"  # "limited" for a camera that gives video levels
    preview_width: int = 1280  # of a stream of its own; 0: previews are photographs, shrunk
    preview_height: int = 720
    rotation: Rotation = 0  # clockwise, as the camera is mounted
    lens_position: float | None = None  # dioptres: 1 / distance to the desk in metres, 2.5 at 40 cm; None: left alone
    lock_exposure: bool = True
    warm_up_seconds: float = 3.0  # the longest that exposure may take to settle on the empty desk
    mains_hz: Literal[0, 50, 60] = 50  # lamps flicker at twice that; 0: left alone
    buffers: int = 3

    def __post_init__(self) -> None:
        if self.format not in FORMATS or not 1 <= self.buffers <= 8:
            raise ValueError("buffers are 1 to 8")
        if (self.width == 0) != (self.height == 0) or not (self.width == 0 or max(self.width, self.height) >= 2480):
            raise ValueError("a photograph's longest side is at least 2480 px; 0 × 0 means the whole sensor")
        if self.preview_width and not 640 <= self.preview_width <= 1280:
            raise ValueError("a preview is 640 to 1280 px wide, or 0 for no stream of its own")
        if not 0.5 <= self.warm_up_seconds <= 10:
            raise ValueError("warm_up_seconds is 0.5 to 10")


def picamera2_class() -> Any:
    """Return the library's class. Replaced where the camera is not a Pi's (libcamera's virtual one, a test's)."""
    try:
        from picamera2 import Picamera2  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise CameraMissing("picamera2 is not installed; on Raspberry Pi OS: apt install python3-picamera2") from error
    return Picamera2


def open_device(settings: Settings) -> WatchedCamera:
    """Return the camera; it is opened in the background."""
    return WatchedCamera(lambda: Picamera2Stream(settings, picamera2_class()))


class Picamera2Stream:
    """One opened Picamera2. Every call may block in the library; `WatchedCamera` copes with that."""

    def __init__(self, settings: Settings, camera_class: Any) -> None:
        """Open, configure and start.

        Raises:
            CameraMissing: no such camera.
            Exception: whatever the library raises; the camera has been closed again.
        """
        self._settings = settings
        self._class = camera_class
        self._light = LightWatch()
        self._locked = False  # held: automatic exposure is off
        self._camera: Camera = camera_class(self._number())
        try:
            self._camera.configure(self._configuration())
            self._large = self._delivered("main")
            has_small = self._camera.camera_configuration().get("lores") is not None
            self._small = self._delivered("lores") if has_small else None
            self._has = frozenset(self._camera.camera_controls)
            self._locks = settings.lock_exposure and "AeEnable" in self._has
            if settings.lens_position is None and "LensPosition" in self._has:
                # It stands where it was left, after a start far off: a sheet at 40 cm is then too soft to be taken.
                log.warning(
                    "the camera's lens can be moved and is not set; write lens_position = 1 / metres from lens to desk"
                )
            self._set(self._fixed_controls())
            self._camera.start()
        except BaseException:
            self._camera.close()
            raise
        self._learning_since = time.monotonic()

    def frame(self, size: Size, until: float) -> Pixels:
        called_ns = time.monotonic_ns()
        self._number()  # a camera that was pulled out is missing, not merely silent
        if size == "photograph" and self._locks and not self._locked:
            self._settle(until)
        stream = "lores" if size == "preview" and self._small is not None else "main"
        request = self._request_after(called_ns, until) if size == "photograph" else self._request(until)
        try:
            metadata = request.get_metadata()
            pixels = self._pixels(request, stream)
        finally:
            request.release()
        if size == "preview":
            pixels = shrunk(pixels)
            self._look_after_light(metadata, pixels)
        return upright(pixels, self._settings.rotation)

    def close(self) -> None:
        self._camera.close()  # stops it first

    # --- opening

    def _number(self) -> int:
        wanted = self._settings.camera
        cameras = self._class.global_camera_info()
        for number, camera in enumerate(cameras):
            if wanted == number or (isinstance(wanted, str) and wanted in str(camera.get("Id", ""))):
                return number
        raise CameraMissing(f"libcamera sees {len(cameras)} cameras, none of them the one in the settings")

    def _configuration(self) -> Any:
        wanted = self._settings
        main: dict[str, Any] = {"format": wanted.format}
        if wanted.width:
            main["size"] = (wanted.width, wanted.height)
        lores = None
        if wanted.preview_width:
            lores = {"size": (wanted.preview_width, wanted.preview_height), "format": "YUV420"}
        return self._camera.create_still_configuration(main=main, lores=lores, raw=None, buffer_count=wanted.buffers)

    def _delivered(self, stream: str) -> tuple[str, int]:
        """Return format and width as they came out of the negotiation: libcamera may choose others."""
        given = self._camera.camera_configuration()[stream]
        pixel_format, width = str(given["format"]), int(given["size"][0])
        if pixel_format not in FORMATS:
            raise CameraNotReady(f"the camera gives {pixel_format}, which is none of {', '.join(FORMATS)}")
        return pixel_format, width

    def _fixed_controls(self) -> dict[str, Any]:
        wanted, controls = self._settings, dict[str, Any]()
        if wanted.lens_position is not None and {"AfMode", "LensPosition"} <= self._has:
            controls |= {"AfMode": _MANUAL, "LensPosition": wanted.lens_position}
        if wanted.mains_hz and {"AeFlickerMode", "AeFlickerPeriod"} <= self._has:
            controls |= {"AeFlickerMode": _FLICKER_MANUAL, "AeFlickerPeriod": 1_000_000 // (2 * wanted.mains_hz)}
        return controls

    # --- frames

    def _request(self, until: float) -> Any:
        seconds = until - time.monotonic()
        if seconds <= 0:
            raise CameraNotReady("no frame in time")
        try:
            return self._camera.capture_request(wait=seconds)
        except TimeoutError as error:
            if isinstance(error, DeviceError):
                raise
            raise CameraNotReady("no frame in time") from None

    def _request_after(self, called_ns: int, until: float) -> Any:
        """Return the first request whose exposure began after the call: what lies there now, not a moment ago."""
        untold = 0
        while True:
            request = self._request(until)
            metadata = request.get_metadata()
            stamp = metadata.get("SensorTimestamp")  # ns since start-up, when the first row was read out
            if stamp is None:
                untold += 1
                if untold > _STALE_FRAMES:
                    return request
            elif stamp - 1000 * metadata.get("ExposureTime", 0) >= called_ns:
                return request
            request.release()

    def _pixels(self, request: Any, stream: str) -> Pixels:
        pixel_format, width = self._small if stream == "lores" and self._small is not None else self._large
        array = np.asarray(request.make_array(stream))
        return to_bgr(array, pixel_format, width=width, luma_range=self._settings.luma_range)

    # --- exposure: learned on the empty desk, then held

    def _settle(self, until: float) -> None:
        """Let requests pass until exposure is locked, at most as long as the settings say, and leave time for one."""
        while not self._locked and time.monotonic() < until - 0.5:
            if time.monotonic() - self._learning_since > self._settings.warm_up_seconds:
                break
            request = self._request(until)
            metadata = request.get_metadata()
            request.release()
            if self._may_lock(metadata):
                self._lock(metadata)

    def _look_after_light(self, metadata: dict[str, Any], preview: Pixels) -> None:
        if not self._locks:
            return
        now = time.monotonic()
        if not self._locked:
            if self._may_lock(metadata):
                self._lock(metadata)
        elif self._light.must_learn(preview, now):
            self._set({key: True for key in ("AeEnable", "AwbEnable") if key in self._has})
            self._locked, self._learning_since = False, now

    def _may_lock(self, metadata: dict[str, Any]) -> bool:
        learning = time.monotonic() - self._learning_since
        if learning < _SETTLE_SECONDS_MIN:
            return False
        settled = bool(metadata.get("AeLocked")) or metadata.get("AeState") == _AE_CONVERGED
        return settled or learning >= self._settings.warm_up_seconds

    def _lock(self, metadata: dict[str, Any]) -> None:
        """Hold what the camera has learned. Automatics off first: a fixed value beside a running automatic is lost."""
        off = {key: False for key in ("AeEnable", "AwbEnable") if key in self._has}
        held = {key: metadata[key] for key in ("ExposureTime", "AnalogueGain", "ColourGains") if key in metadata}
        self._set(off | {key: value for key, value in held.items() if key in self._has})
        self._locked = True
        self._light.locked(time.monotonic())

    def _set(self, controls: dict[str, Any]) -> None:
        if controls:
            self._camera.set_controls(controls)

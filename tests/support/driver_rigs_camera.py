"""Rigs of camera and speaker drivers without hardware: libraries' objects that behave, hang, cut off and vanish.

`FakeCapture` stands for cv2.VideoCapture on V4L2, `FakePicamera2` for the library's class (same names, same order of
calls demanded, a TimeoutError where it waits), a file in a folder for the device node.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import cv2
import msgspec
import numpy as np
import pytest

from firmware.drivers import document_camera_picamera2 as pi
from firmware.drivers import document_camera_v4l2 as usb
from firmware.drivers.speaker import AlsaSpeaker, system_time
from firmware.drivers.speaker import Settings as SpeakerSettings
from firmware.drivers.watched_camera import WatchedCamera
from firmware.ports import Pixels

if TYPE_CHECKING:
    from tests.support.firmware_rigs import Rig

STUCK_SECONDS_MAX = 10.0  # no test leaves a thread behind for longer
FRAME_SECONDS = 0.01


class Scene:
    """What lies before the fake camera, and what is wrong with it. Each frame is one number bright."""

    def __init__(self, folder: Path) -> None:
        self.node = folder / "video0"
        self.node.touch()
        self.level = 120
        self.mend = threading.Event()  # cleared: the library stands still
        self.mend.set()
        self.opened = 0
        self.calls: list[str] = []  # what was asked of the library, in order

    def wait_while_hung(self) -> None:
        self.mend.wait(STUCK_SECONDS_MAX)


class FakeCapture:
    """cv2.VideoCapture on a V4L2 device: a queue that goes stale, frames raw as the camera sends them."""

    def __init__(self, scene: Scene, *, queued: int = usb.BUFFERS, stamped: bool = True) -> None:
        self.scene = scene
        self.values: dict[int, float] = {}
        self.sizes: tuple[int, int] | None = None  # None: whatever is asked for
        self.spoil: list[Callable[[bytes], bytes]] = []  # what happens to the next frames on their way
        self.stamped = stamped
        self._queue = [(scene.level, _now_ms()) for _ in range(queued)]
        self._taken: tuple[int, float] = (0, 0.0)
        self.released = False
        scene.opened += 1

    def isOpened(self) -> bool:  # noqa: N802
        return self.scene.node.exists()

    def set(self, key: int, value: float) -> bool:
        self.values[key] = value
        return True

    def get(self, key: int) -> float:
        if key == cv2.CAP_PROP_POS_MSEC:
            return self._taken[1] if self.stamped else 12.0
        if self.sizes is not None and key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            return self.sizes[key == cv2.CAP_PROP_FRAME_HEIGHT]
        return self.values.get(key, 0)

    def grab(self) -> bool:
        self.scene.wait_while_hung()
        if not self.scene.node.exists() or self.released:
            return False
        if self._queue:
            self._taken = self._queue.pop(0)
        else:
            begun = _now_ms()
            time.sleep(FRAME_SECONDS)
            self._taken = (self.scene.level, begun)
        return True

    def retrieve(self) -> tuple[bool, Any]:
        width, height = (int(self.values[key]) for key in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if int(self.values[cv2.CAP_PROP_FOURCC]) == cv2.VideoWriter.fourcc(*"YUYV"):
            raw = np.full((height, width, 2), 128, np.uint8)
            raw[:, :, 0] = self._taken[0]
            return True, raw
        data = a_jpeg(width, height, self._taken[0])
        if self.spoil:
            data = self.spoil.pop(0)(data)
        return True, np.frombuffer(data, np.uint8).reshape(1, -1)

    def release(self) -> None:
        self.released = True


class FakeControls:
    def __init__(self, scene: Scene, has: dict[str, int]) -> None:
        self.scene = scene
        self.has = has

    def get(self, name: str) -> int | None:
        return self.has.get(name)

    def set(self, name: str, value: int) -> bool:
        if name not in self.has:
            return False
        self.has[name] = value
        self.scene.calls.append(f"{name}={value}")
        return True

    def close(self) -> None:
        pass


class FakeRequest:
    def __init__(self, camera: FakePicamera2, level: int, stamp_ns: int) -> None:
        self._camera, self._level, self._stamp_ns = camera, level, stamp_ns

    def get_metadata(self) -> dict[str, Any]:
        if not self._camera.tells_time:
            return {}
        return {
            "SensorTimestamp": self._stamp_ns,
            "ExposureTime": 1_000,  # µs
            "AnalogueGain": 2.0,
            "ColourGains": (1.5, 1.75),
            "AeLocked": self._camera.settled,
        }

    def make_array(self, stream: str) -> Pixels:
        given = self._camera.configured[stream]
        width, height = given["size"]
        if given["format"] in ("YUV420", "NV12"):
            array = np.full((height * 3 // 2, width), 128, np.uint8)
            array[:height] = self._level
            return array
        return np.full((height, width, 3), self._level, np.uint8)

    def release(self) -> None:
        self._camera.out -= 1


class FakePicamera2:
    """Picamera2 as far as we use it. A subclass with its `scene` is handed in as the library's class."""

    scene: Scene
    sensor = (2592, 1944)
    has: tuple[str, ...] = ("AeEnable", "AwbEnable", "ExposureTime", "AnalogueGain", "ColourGains")
    settled = True
    tells_time = True
    pulled_format: str | None = None  # what libcamera makes of the format asked for; None: as asked

    def __init__(self, camera_num: int = 0) -> None:
        if camera_num >= len(self.global_camera_info()):
            raise IndexError("list index out of range")  # as the library does
        self.scene.opened += 1
        self.scene.calls.append("open")
        self.configured: dict[str, Any] = {}
        self.started = False
        self.out = 0  # requests not released
        self._stale = 2

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        if not cls.scene.node.exists():
            return []
        return [{"Model": "imx708", "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a", "Num": 0}]

    @property
    def camera_controls(self) -> dict[str, tuple[Any, Any, Any]]:
        return dict.fromkeys(self.has, (0, 1, 0))

    def create_still_configuration(
        self, main: dict[str, Any], lores: dict[str, Any] | None, raw: None, buffer_count: int
    ) -> dict[str, Any]:
        wanted = {"size": self.sensor, "format": "BGR888"} | main
        return {"main": wanted, "lores": lores, "raw": raw, "buffer_count": buffer_count}

    def configure(self, configuration: dict[str, Any]) -> None:
        self.configured = configuration
        if self.pulled_format is not None:
            configuration["main"]["format"] = self.pulled_format

    def camera_configuration(self) -> dict[str, Any]:
        assert self.configured, "configured first"
        return self.configured

    def set_controls(self, controls: dict[str, Any]) -> None:
        assert set(controls) <= set(self.has), "the library raises for a control that the camera has not"
        self.scene.calls += [f"{name}={value}" for name, value in controls.items()]

    def start(self) -> None:
        assert self.configured, "configured first"
        self.started = True
        self.scene.calls.append("start")

    def capture_request(self, wait: float) -> FakeRequest:
        assert self.started, "started first"
        begun = time.monotonic_ns()
        if not self.scene.mend.wait(min(wait, STUCK_SECONDS_MAX)) or not self.scene.node.exists():
            raise TimeoutError  # concurrent.futures' own: no word
        self.out += 1
        assert self.out <= self.configured["buffer_count"], "every request is released"
        if self._stale:
            self._stale -= 1
            return FakeRequest(self, 1, begun - 1_000_000_000)
        time.sleep(FRAME_SECONDS)
        return FakeRequest(self, self.scene.level, time.monotonic_ns())

    def close(self) -> None:
        self.started = False
        self.scene.wait_while_hung()  # stop() waits for the library's own thread without an end
        self.scene.calls.append("close")


def a_jpeg(width: int, height: int, level: int) -> bytes:
    """Return a grey JPEG with some grain, so that it is long enough to be cut."""
    picture = np.full((height, width, 3), level, np.uint8)
    picture[::16, ::16] = min(level + 8, 255)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    return data.tobytes()


@contextmanager
def scene() -> Iterator[Scene]:
    with TemporaryDirectory(prefix="onewindow-camera-") as folder:
        made = Scene(Path(folder))
        try:
            yield made
        finally:
            made.mend.set()


def v4l2_camera(
    before: Scene,
    capture: Callable[[], FakeCapture] | None = None,
    has: dict[str, int] | None = None,
    **options: Any,
) -> WatchedCamera:
    """Open the V4L2 driver on the fake."""
    settings = msgspec.convert({"device": str(before.node), "width": 2592, "height": 1944} | options, usb.Settings)
    open_capture = (lambda: FakeCapture(before)) if capture is None else capture
    return WatchedCamera(
        lambda: usb.V4l2Stream(settings, open_capture, lambda: FakeControls(before, {} if has is None else has))
    )


def pi_camera(before: Scene, kind: type[FakePicamera2] = FakePicamera2, **options: Any) -> WatchedCamera:
    """Open the picamera2 driver on the fake."""
    camera_class = type("Picamera2", (kind,), {"scene": before})
    settings = msgspec.convert(options, pi.Settings)
    return WatchedCamera(lambda: pi.Picamera2Stream(settings, camera_class))


def _rig(device: WatchedCamera, before: Scene) -> Rig:
    from tests.support.firmware_rigs import Rig  # it joins these rigs to the contract's lists

    device.preview()  # it is opened in the background: unplugged and hung are said of an open camera
    return Rig(
        device,
        unplug=before.node.unlink,
        replug=before.node.touch,
        hang=before.mend.clear,
    )


@contextmanager
def v4l2_document_camera() -> Iterator[Rig]:
    with scene() as before, v4l2_camera(before) as device:
        try:
            yield _rig(device, before)
        finally:
            before.mend.set()


@contextmanager
def picamera2_document_camera() -> Iterator[Rig]:
    with scene() as before, pi_camera(before) as device:
        try:
            yield _rig(device, before)
        finally:
            before.mend.set()


def _now_ms() -> float:
    return time.monotonic_ns() / 1e6


class SoundCard:
    """An ALSA configuration of its own whose card writes what it plays into a file; there, gone, or hung."""

    NAME = "onewindow_recorded"

    def __init__(self, folder: Path) -> None:
        self.configuration = folder / "asound.conf"
        self.heard = folder / "heard.wav"
        self._pipe = folder / "nobody-reads"
        os.mkfifo(self._pipe)
        self.plug_in()

    def plug_in(self) -> None:
        self._write(self.heard)

    def pull_out(self) -> None:
        self.configuration.write_text("", encoding="ascii")

    def hang(self) -> None:
        self._write(self._pipe)  # opening a pipe that nobody reads stands still, as a dead driver does

    def _write(self, file: Path) -> None:
        self.configuration.write_text(
            "pcm.nowhere { type null }\n"
            f'pcm.{self.NAME} {{ type file slave.pcm "nowhere" file "{file}" format wav }}\n',
            encoding="ascii",
        )


@contextmanager
def sound_card() -> Iterator[SoundCard]:
    """Let every aplay of this process see only this card."""
    with TemporaryDirectory(prefix="onewindow-sound-") as folder:
        card = SoundCard(Path(folder))
        before = os.environ.get("ALSA_CONFIG_PATH")
        os.environ["ALSA_CONFIG_PATH"] = str(card.configuration)
        try:
            yield card
        finally:
            if before is None:
                del os.environ["ALSA_CONFIG_PATH"]
            else:
                os.environ["ALSA_CONFIG_PATH"] = before


@contextmanager
def alsa_speaker() -> Iterator[Rig]:
    from tests.support.firmware_rigs import Rig  # it joins these rigs to the contract's lists

    if shutil.which("aplay") is None:
        pytest.skip("aplay is not installed (Debian: alsa-utils)")
    with sound_card() as card, AlsaSpeaker(SpeakerSettings(device=card.NAME), system_time) as device:
        yield Rig(device, unplug=card.pull_out, replug=card.plug_in, hang=card.hang)


SPEAKERS = [alsa_speaker]
CAMERAS = [v4l2_document_camera, picamera2_document_camera]

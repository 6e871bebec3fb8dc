"""The drivers of document cameras on libraries that hang, cut off, vanish and lie: what the port promises holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from firmware.bench import DeviceSettings, open_bench
from firmware.drivers import document_camera_v4l2 as usb
from firmware.drivers import watched_camera
from firmware.drivers.camera_pixels import preview_factor, to_bgr
from firmware.drivers.watched_camera import LOST_MAX, WatchedCamera
from firmware.jpeg_whole import is_whole
from firmware.light_watch import LightWatch, badly_lit
from firmware.ports import CameraMissing, CameraNotReady, Pixels
from tests.support.driver_rigs_camera import (
    FakeCapture,
    FakePicamera2,
    Scene,
    a_jpeg,
    pi_camera,
    scene,
    v4l2_camera,
)

CONTROLS = {
    "auto_exposure": 3,
    "exposure_time_absolute": 157,
    "white_balance_automatic": 1,
    "power_line_frequency": 2,
    "focus_automatic_continuous": 1,
    "focus_absolute": 0,
}


def level_of(pixels: Pixels) -> int:
    return round(float(np.median(pixels)))


# Time limits


def test_a_call_that_hangs_is_left_behind_and_the_camera_opened_anew() -> None:
    with scene() as before, v4l2_camera(before) as camera:
        camera.preview()
        before.mend.clear()
        begun = time.monotonic()
        with pytest.raises(CameraNotReady):
            camera.photograph(0.2)
        assert time.monotonic() - begun < 1.0

        before.mend.set()

        assert camera.photograph().pixels.shape == (1944, 2592, 3)
        assert before.opened == 2


def test_threads_stuck_in_the_library_are_bounded_and_come_back() -> None:
    with scene() as before, v4l2_camera(before) as camera:
        camera.preview()
        before.mend.clear()
        for _ in range(LOST_MAX + 3):
            with pytest.raises(CameraNotReady):
                camera.preview(0.05)

        assert camera.lost_count == LOST_MAX
        assert before.opened == LOST_MAX

        before.mend.set()
        deadline = time.monotonic() + 5
        while camera.lost_count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert camera.lost_count == 0
        assert camera.preview().pixels.size


def test_a_camera_that_is_slow_to_open_is_not_opened_twice() -> None:
    with scene() as before:
        before.mend.clear()

        def slow() -> FakeCapture:
            before.wait_while_hung()
            return FakeCapture(before)

        with v4l2_camera(before, slow) as camera:
            camera.check()  # being opened is no fault
            with pytest.raises(CameraNotReady, match="being opened"):
                camera.photograph(0.05)
            before.mend.set()

            assert camera.photograph().pixels.size
            assert before.opened == 1


def test_an_opening_that_never_ends_is_a_fault() -> None:
    with scene() as before:
        before.mend.clear()

        def stuck() -> Any:
            before.wait_while_hung()
            raise OSError("gone")

        with WatchedCamera(stuck, open_seconds_max=0.05) as camera:
            with pytest.raises(CameraNotReady):
                camera.preview(0.1)
            before.mend.set()


def test_a_library_that_raises_something_else_is_a_camera_not_ready_without_its_words() -> None:
    def broken() -> Any:
        raise RuntimeError("Camera __init__ sequence did not complete.")

    with WatchedCamera(broken) as camera, pytest.raises(CameraNotReady, match="RuntimeError"):
        camera.preview()


def test_a_closed_camera_says_so() -> None:
    with scene() as before, v4l2_camera(before) as camera:
        camera.close()

        with pytest.raises(CameraMissing):
            camera.preview()


def test_the_ports_limits_are_what_the_console_waits_for() -> None:
    assert watched_camera._CHECK_SECONDS <= 1.0


# V4L2


@pytest.mark.parametrize("stamped", [True, False])
def test_a_photograph_is_of_now_not_of_what_lay_there_before(stamped: bool) -> None:
    """The kernel's queue holds frames of seconds ago; some cameras' times are of another clock."""
    with scene() as before:
        before.level = 40
        with v4l2_camera(before, lambda: FakeCapture(before, stamped=stamped)) as camera:
            camera.preview()
            before.level = 200

            assert abs(level_of(camera.photograph().pixels) - 200) <= 2


def test_a_cut_frame_is_dropped_and_the_next_one_taken() -> None:
    with scene() as before:
        made: list[FakeCapture] = []

        def capture() -> FakeCapture:
            made.append(FakeCapture(before))
            made[0].spoil = [lambda data: data[: len(data) // 2], lambda _: b"", lambda data: data[:-1]]
            return made[0]

        with v4l2_camera(before, capture) as camera:
            frame = camera.photograph()

        assert not made[0].spoil
        assert abs(level_of(frame.pixels[-100:]) - before.level) <= 2, "no grey lower half"


def test_a_camera_that_sends_only_cut_frames_is_not_ready() -> None:
    with scene() as before:

        def capture() -> FakeCapture:
            made = FakeCapture(before)
            made.spoil = [lambda data: data[:-2]] * 10_000
            return made

        with v4l2_camera(before, capture) as camera, pytest.raises(CameraNotReady):
            camera.photograph(0.5)


def test_yuyv_is_taken_too_and_turned_upright() -> None:
    with scene() as before, v4l2_camera(before, format="YUYV", rotation=90) as camera:
        frame = camera.photograph()

        assert frame.pixels.shape == (2592, 1944, 3)
        assert camera.preview().pixels.shape[0] > camera.preview().pixels.shape[1]


def test_a_camera_that_gives_another_size_says_which() -> None:
    with scene() as before:

        def capture() -> FakeCapture:
            made = FakeCapture(before)
            made.sizes = (640, 480)
            return made

        with v4l2_camera(before, capture) as camera, pytest.raises(CameraNotReady, match="640 × 480"):
            camera.photograph()


@pytest.mark.parametrize("width", [2592, 3264, 4208, 4656])
def test_a_preview_is_a_whole_fraction_of_640_to_1280_px(width: int) -> None:
    with scene() as before, v4l2_camera(before, width=width) as camera:
        preview = camera.preview().pixels

    assert 640 <= preview.shape[1] <= 1280
    assert 640 <= width // preview_factor(width) <= 1280


def test_focus_stands_still_and_exposure_is_locked_in_this_order() -> None:
    with scene() as before, v4l2_camera(before, has=dict(CONTROLS), focus=68, warm_up_seconds=0) as camera:
        camera.photograph()
        camera.photograph()

    assert before.calls == [
        "power_line_frequency=1",
        "focus_automatic_continuous=0",
        "focus_absolute=68",
        "auto_exposure=3",
        "white_balance_automatic=1",
        "auto_exposure=1",  # only then does the camera take a time of exposure
        "white_balance_automatic=0",
        "exposure_time_absolute=157",
    ]


def test_a_camera_without_controls_works_as_it_is() -> None:
    with scene() as before, v4l2_camera(before, has={}, focus=10, warm_up_seconds=0) as camera:
        camera.photograph()

        assert before.calls == []


@pytest.mark.parametrize("options", [{"width": 1920, "height": 1080}, {"controls": {"fokus": 1}}, {"format": "H264"}])
def test_settings_that_cannot_be_kept_are_refused(options: dict[str, Any]) -> None:
    with scene() as before, pytest.raises(ValueError):  # noqa: PT011
        v4l2_camera(before, **options)


def test_something_that_is_no_camera_is_said_by_the_real_library() -> None:
    settings = usb.Settings(device="/dev/null")

    with usb.open_device(settings) as camera, pytest.raises(CameraNotReady, match="/dev/null"):
        camera.preview(5.0)


def test_a_device_that_is_not_there_is_missing_and_the_bench_opens_all_the_same() -> None:
    table = {"document_camera": {"kind": "v4l2", "device": "/dev/v4l/by-id/nothing-there"}}

    with open_bench(DeviceSettings.from_table(table, folder=Path())) as bench:
        assert bench.document_camera is not None
        with pytest.raises(CameraMissing):
            bench.document_camera.check()


# picamera2


class UnsettledPicamera2(FakePicamera2):
    settled = False


class Nv12Picamera2(FakePicamera2):
    """libcamera's virtual camera: NV12 whatever is asked for, no controls, no times."""

    pulled_format = "NV12"
    has = ()
    tells_time = False


class LensPicamera2(FakePicamera2):
    has = (*FakePicamera2.has, "AfMode", "LensPosition", "AeFlickerMode", "AeFlickerPeriod")


class FixedSizePicamera2(FakePicamera2):
    pulled_format = "MJPEG"


def test_a_pi_camera_photographs_now_at_the_sensors_size() -> None:
    with scene() as before, pi_camera(before) as camera:
        frame = camera.photograph()

        assert frame.pixels.shape == (1944, 2592, 3)
        assert level_of(frame.pixels) == before.level, "the stale requests are bright 1"


def test_a_camera_of_nv12_without_times_or_controls_works() -> None:
    with scene() as before:
        before.level = 16
        options: dict[str, Any] = {"format": "NV12", "luma_range": "limited", "preview_width": 0}
        with pi_camera(before, Nv12Picamera2, **options) as camera:
            frame = camera.photograph()

            assert level_of(frame.pixels) == 0, "limited range: black is 16"
            assert 640 <= camera.preview().pixels.shape[1] <= 1280


def test_a_format_that_we_do_not_know_is_said() -> None:
    with (
        scene() as before,
        pi_camera(before, FixedSizePicamera2) as camera,
        pytest.raises(CameraNotReady, match="MJPEG"),
    ):
        camera.photograph()


def test_the_lens_is_fixed_before_the_start_where_there_is_one() -> None:
    with scene() as before, pi_camera(before, LensPicamera2, lens_position=2.5) as camera:
        camera.preview()

        assert before.calls[:6] == [
            "open",
            "AfMode=0",
            "LensPosition=2.5",
            "AeFlickerMode=1",
            "AeFlickerPeriod=10000",
            "start",
        ]


@pytest.mark.parametrize(
    ("kind", "options", "warned"),
    [(LensPicamera2, {}, True), (LensPicamera2, {"lens_position": 2.5}, False), (FakePicamera2, {}, False)],
)
def test_a_lens_that_is_left_alone_is_warned_of_once_and_a_fixed_one_is_not(
    kind: type[FakePicamera2], options: dict[str, Any], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A bare `document_camera = "picamera2"` left the lens where it stood, and soft pages were the camera's fault."""
    with scene() as before, pi_camera(before, kind, **options) as camera:
        camera.preview()
        camera.preview()

    warnings = [record.getMessage() for record in caplog.records if "lens_position" in record.getMessage()]
    assert len(warnings) == int(warned)


def test_exposure_is_locked_when_it_has_settled_automatics_first() -> None:
    with scene() as before, pi_camera(before) as camera:
        camera.photograph()

        assert before.calls == [
            "open",
            "start",
            "AeEnable=False",
            "AwbEnable=False",
            "ExposureTime=1000",
            "AnalogueGain=2.0",
            "ColourGains=(1.5, 1.75)",
        ]


def test_exposure_that_never_settles_is_locked_when_its_time_is_up() -> None:
    with scene() as before, pi_camera(before, UnsettledPicamera2, warm_up_seconds=0.6) as camera:
        camera.photograph()
        camera.preview()

        assert "AeEnable=False" in before.calls


def test_exposure_that_need_not_be_locked_costs_no_warm_up() -> None:
    with scene() as before, pi_camera(before, UnsettledPicamera2, lock_exposure=False) as camera:
        camera.photograph(1.0)

        assert before.calls == ["open", "start"]


def test_the_camera_is_chosen_by_a_part_of_its_id() -> None:
    with scene() as before:
        with pi_camera(before, camera="imx708") as camera:
            camera.preview()
        with pi_camera(before, camera="imx477") as camera, pytest.raises(CameraMissing):
            camera.preview()


def test_a_missing_library_names_its_package() -> None:
    from firmware.drivers.document_camera_picamera2 import Settings, open_device

    with open_device(Settings()) as camera, pytest.raises(CameraMissing, match="python3-picamera2"):
        camera.preview()


# Pixels, JPEG and light


@pytest.mark.parametrize("kind", ["RGB888", "BGR888", "NV12", "NV21", "YUV420", "YVU420"])
def test_every_format_gives_the_same_blue(kind: str) -> None:
    blue = np.full((16, 32, 3), (200, 60, 30), np.uint8)  # BGR
    if kind == "RGB888":
        array = blue
    elif kind == "BGR888":
        array = blue[:, :, ::-1]
    else:
        planes = cv2.cvtColor(blue, cv2.COLOR_BGR2YCrCb)
        luma, red, cyan = (int(planes[0, 0, each]) for each in range(3))
        array = np.full((24, 32), luma, np.uint8)
        first, second = (cyan, red) if kind in ("NV12", "YUV420") else (red, cyan)
        if kind.startswith("NV"):
            array[16:, 0::2], array[16:, 1::2] = first, second
        else:
            array[16:20], array[20:] = first, second

    pixels = to_bgr(array, kind, width=30, luma_range="full")

    assert pixels.shape == (16, 30, 3)
    assert np.abs(pixels.astype(int) - (200, 60, 30)).max() <= 2


def test_a_jpeg_is_whole_or_it_is_not() -> None:
    data = a_jpeg(640, 480, 90)
    assert is_whole(data)
    assert is_whole(data + bytes(100)), "padded by the driver"

    for cut in (0, 1, 2, 3, 20, len(data) // 2, len(data) - 2, len(data) - 1):
        assert not is_whole(data[:cut])
    assert not is_whole(data[: len(data) // 2] + data), "the next frame begins within this one"
    assert not is_whole(bytes(1000))


def test_a_jpeg_whose_restart_was_lost_is_not_whole() -> None:
    done, encoded = cv2.imencode(".jpg", np.full((64, 640, 3), 90, np.uint8), [cv2.IMWRITE_JPEG_RST_INTERVAL, 4])
    data = encoded.tobytes()
    lost = data.index(b"\xff\xd2")

    assert done
    assert is_whole(data)
    assert not is_whole(data[:lost] + data[data.index(b"\xff\xd3") :])


def test_light_is_learned_anew_after_several_bad_frames_and_not_at_once_again() -> None:
    dark, fair, burnt = (np.full((720, 1280, 3), level, np.uint8) for level in (20, 140, 255))
    watch = LightWatch()
    watch.locked(0.0)

    assert [badly_lit(each) for each in (dark, fair, burnt)] == [True, False, True]
    assert not any(watch.must_learn(dark, 5.0) for _ in range(10)), "it was locked a moment ago"
    watch.must_learn(fair, 40.0)
    assert [watch.must_learn(burnt, 40.0) for _ in range(4)] == [False, False, False, True]


def test_a_fresh_scene_is_plain() -> None:
    """The fakes keep what they promise: a queue of stale frames as deep as the driver asks for."""
    with scene() as before:
        assert isinstance(before, Scene)
        assert len(FakeCapture(before)._queue) == usb.BUFFERS

"""A stream of frames: the quick pass at once, slow looks in a second thread, nothing given that lies there no more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
import zxingcpp

from edge.capture import scan_live, scan_look
from edge.capture.scan import read_codes, read_gray
from edge.capture.scan_decoders import Gray, Reading
from edge.capture.scan_dense import Mask, code_like, dense_edges, thinned
from edge.capture.scan_join import join
from edge.capture.scan_live import LiveReader
from edge.capture.scan_look import SlowLook
from firmware.ports import Pixels
from firmware.simulators.desk import Desk
from firmware.simulators.papers import draw_paper

TEXT = "OW20261123-00042"
NEXT = "OW20261123-00043"
PARCEL = "6901234567892"
SECONDS_MAX = 20.0


def drawn(kind: str = "Code128", text: str = TEXT, *, scale: int = 3) -> Gray:
    code = np.array(
        zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind)).to_image(scale=scale, add_quiet_zones=True)
    )
    return np.repeat(code[:1], 40 * scale, axis=0) if kind in ("Code128", "EAN13") else code


def on_desk(
    code: Gray,
    *,
    tilt: float = 0.0,
    shift: float = 0.0,
    noise: float = 3.0,
    seed: int = 1,
    size: tuple[int, int] = (1280, 720),
) -> Pixels:
    desk = np.full((size[1], size[0]), 150, np.uint8)
    height, width = code.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), tilt, 1.0)
    turn[:, 2] += (size[0] / 2 - width / 2 + shift, size[1] / 2 - height / 2 + shift)
    cv2.warpAffine(code, turn, size, dst=desk, borderMode=cv2.BORDER_TRANSPARENT)
    grain = np.random.default_rng(seed).normal(0, noise, desk.shape)
    gray = np.clip(desk + grain, 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def with_a_parcel(frame: Pixels) -> Pixels:
    """Return the frame with another house's code lying there too: plain, as every decoder reads it at first sight."""
    label = drawn("EAN13", PARCEL, scale=2)[:90]
    beside = frame.copy()
    beside[20 : 20 + label.shape[0], 20 : 20 + label.shape[1]] = label[..., None]
    return beside


def an_empty_desk(seed: int = 1) -> Pixels:
    return on_desk(np.full((90, 300), 240, np.uint8), seed=seed)


def looked(reader: LiveReader) -> None:
    assert reader.wait(SECONDS_MAX), "the slow look did not end"


@pytest.fixture
def reader() -> Iterator[LiveReader]:
    with LiveReader() as reader:
        yield reader


class Gate:
    """Stands in for the slow steps: a look begins, and ends when the test lets it."""

    def __init__(self, then: Callable[[Gray], list[Reading]] = read_gray) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._then = then

    def __call__(self, gray: Gray) -> list[Reading]:
        self.begun.set()
        assert self.go_on.wait(SECONDS_MAX)
        return self._then(gray)


@pytest.mark.parametrize("tilt", [20, 45, 70, 110, 160, 200, 290, 340])
@pytest.mark.parametrize(("kind", "text"), [("Code128", TEXT), ("EAN13", "6901234567892"), ("PDF417", TEXT * 2)])
def test_bars_are_read_at_any_tilt(kind: str, text: str, tilt: float) -> None:
    codes = read_codes(on_desk(drawn(kind, text), tilt=tilt))

    assert [code.text for code in codes] == [text]


@pytest.mark.parametrize("kind", ["Code128", "PDF417", "QRCode"])
@pytest.mark.parametrize("tilt", [35, 90, 140])
def test_a_photograph_gives_the_ticket_beside_a_plain_code_of_another_house(kind: str, tilt: float) -> None:
    codes = read_codes(with_a_parcel(on_desk(drawn(kind, scale=2), tilt=tilt)))

    assert [code.text for code in codes] == [TEXT, PARCEL]


def test_a_large_photograph_gives_its_large_and_its_small_code() -> None:
    """The small copy shows only the large code, and what it showed was all that was said."""
    frame = on_desk(drawn("QRCode", TEXT, scale=30), size=(4000, 3000))
    small = drawn("QRCode", NEXT, scale=3)
    frame[40 : 40 + small.shape[0], 40 : 40 + small.shape[1]] = small[..., None]

    assert {code.text for code in read_codes(frame)} == {TEXT, NEXT}


def test_a_tilted_code_knows_where_it_stands() -> None:
    (code,) = read_codes(on_desk(drawn(), tilt=35))

    middle = np.mean(code.corners, axis=0)
    assert np.hypot(*(middle - (640, 360))) < 25


def test_a_frame_with_nothing_in_it_gets_no_slow_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(gray: Gray) -> list[Reading]:
        raise AssertionError("an empty desk is not worth it")

    monkeypatch.setattr(scan_look, "read_gray", slow)
    look = SlowLook()

    assert [look.look(an_empty_desk(seed)[..., 0]) for seed in range(6)] == [[]] * 6


def test_the_stream_never_looks_slowly_itself(reader: LiveReader, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()

    def small_look(gray: Gray) -> Gray:
        threads.add(threading.get_ident())
        return thinned(gray)

    monkeypatch.setattr(scan_look, "thinned", small_look)
    monkeypatch.setattr(scan_live, "quick_pass", lambda gray: [])

    for seed in range(4):
        reader.read(on_desk(drawn(), seed=seed))
        looked(reader)

    assert threads
    assert threading.get_ident() not in threads


def test_a_code_read_slowly_is_given_with_the_frame_after_the_look_and_as_long_as_it_lies_there(
    reader: LiveReader,
) -> None:
    given = []
    for seed in range(8):
        given.append([code.text for code in reader.read(on_desk(drawn(), tilt=-40, seed=seed))])
        looked(reader)
    lifted = reader.read(an_empty_desk())

    assert given == [[], [], *[[TEXT]] * 6]
    assert lifted == []


@pytest.mark.parametrize("kind", ["Code128", "PDF417"])
def test_a_plain_code_of_another_house_does_not_keep_the_stream_from_a_ticket_that_is_hard_to_read(
    reader: LiveReader, kind: str
) -> None:
    """A parcel's EAN-13 beside a tilted ticket ended every frame's work: the ticket was not read in 80 frames."""
    given = []
    for seed in range(8):
        codes = reader.read(with_a_parcel(on_desk(drawn(kind, scale=2), tilt=-40, seed=seed)))
        given.append([code.text for code in codes])
        looked(reader)
    lifted = reader.read(with_a_parcel(an_empty_desk()))

    assert given == [[PARCEL], [PARCEL], *[[TEXT, PARCEL]] * 6]
    assert [code.text for code in lifted] == [PARCEL]


def test_a_parcel_that_lies_there_alone_gets_no_slow_looks(reader: LiveReader, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def a_slow_look(gray: Gray, known: list[Reading]) -> list[Reading]:
        looks.append(1)
        return []

    monkeypatch.setattr(scan_look, "read_beside", a_slow_look)

    for seed in range(6):
        assert [code.text for code in reader.read(with_a_parcel(an_empty_desk(seed)))] == [PARCEL]
        looked(reader)

    assert looks == []


def test_slow_looks_beside_a_parcel_are_as_rare_as_any(monkeypatch: pytest.MonkeyPatch, reader: LiveReader) -> None:
    looks: list[int] = []

    def a_slow_look(gray: Gray, known: list[Reading]) -> list[Reading]:
        looks.append(1)
        return []

    monkeypatch.setattr(scan_look, "read_beside", a_slow_look)
    monkeypatch.setattr(scan_look, "join", lambda frames: None)

    for seed in range(20):
        reader.read(with_a_parcel(on_desk(drawn(scale=2), tilt=-40, seed=seed)))
        looked(reader)

    assert len(looks) == 3  # in the frames 2, 5 and 17


def test_the_reader_says_when_a_slow_look_has_read_something() -> None:
    read = threading.Event()

    with LiveReader(on_read=read.set) as reader:
        for seed in range(2):
            reader.read(on_desk(drawn(), tilt=-40, seed=seed))
            looked(reader)

        assert read.wait(SECONDS_MAX)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(an_empty_desk(), id="lifted"),
        pytest.param(on_desk(drawn(text=NEXT), tilt=-40, seed=7), id="the next number in its very place"),
        pytest.param(on_desk(drawn(), tilt=-40, shift=3, seed=7), id="nudged"),
        pytest.param(on_desk(drawn(), tilt=-37, seed=7), id="turned"),
        pytest.param(on_desk(drawn(), tilt=-40, seed=7, size=(960, 720)), id="another size"),
    ],
)
def test_what_is_read_after_the_sheet_was_moved_is_not_given(
    reader: LiveReader, monkeypatch: pytest.MonkeyPatch, now: Pixels
) -> None:
    gate = Gate()
    monkeypatch.setattr(scan_look, "read_gray", gate)
    reader.read(on_desk(drawn(), tilt=-40, seed=0))
    looked(reader)
    reader.read(on_desk(drawn(), tilt=-40, seed=1))
    assert gate.begun.wait(SECONDS_MAX)

    during = reader.read(now)
    gate.go_on.set()
    looked(reader)
    after = reader.read(now)

    assert [during, after] == [[], []]


def test_a_sheet_under_a_hand_elsewhere_and_in_other_light_still_lies_there(reader: LiveReader) -> None:
    for seed in range(2):
        reader.read(on_desk(drawn(), tilt=-40, seed=seed))
        looked(reader)
    changed = (on_desk(drawn(), tilt=-40, seed=2) * 0.8).astype(np.uint8)
    changed[:, 1000:] = 90

    assert [code.text for code in reader.read(changed)] == [TEXT]


def test_a_code_that_the_quick_pass_reads_during_the_slow_look_is_given_once(
    reader: LiveReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(scan_look, "read_gray", gate)
    reader.read(on_desk(drawn(), tilt=-40, seed=0))
    looked(reader)
    reader.read(on_desk(drawn(), tilt=-40, seed=1))
    assert gate.begun.wait(SECONDS_MAX)

    quick = [code.text for code in reader.read(on_desk(drawn(), seed=2))]
    gate.go_on.set()
    looked(reader)
    lifted = reader.read(an_empty_desk())

    assert quick == [TEXT]
    assert lifted == []


def test_a_code_that_the_quick_pass_misses_in_one_frame_is_still_given(
    reader: LiveReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reader.read(on_desk(drawn(), seed=0))
    monkeypatch.setattr(scan_live, "quick_pass", lambda gray: [])

    assert reader.read(on_desk(drawn(), seed=1)) == first != []
    assert reader.read(on_desk(drawn(text=NEXT), seed=2)) == []
    assert reader.read(on_desk(drawn(), seed=3)) == []  # what was gone once is read anew


def test_forgotten_is_forgotten_even_by_the_look_under_way(reader: LiveReader, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr(scan_look, "read_gray", gate)
    reader.read(on_desk(drawn(), tilt=-40, seed=0))
    looked(reader)
    reader.read(on_desk(drawn(), tilt=-40, seed=1))
    assert gate.begun.wait(SECONDS_MAX)

    reader.forget()
    gate.go_on.set()
    looked(reader)

    assert reader.read(on_desk(drawn(), tilt=-40, seed=2)) == []


def test_while_a_look_takes_long_only_the_newest_frame_waits(
    reader: LiveReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(lambda gray: [])
    seen: list[float] = []

    def small_look(thin: Gray) -> Mask:
        seen.append(float(thin[0, 0]))
        return np.ones(thin.shape, np.bool_)

    monkeypatch.setattr(scan_look, "read_gray", gate)
    monkeypatch.setattr(scan_look, "dense_edges", small_look)
    monkeypatch.setattr(scan_look, "code_like", lambda thin, dense: True)
    levels = [np.full((300, 400, 3), level, np.uint8) for level in range(100, 110)]

    reader.read(levels[0])
    looked(reader)
    reader.read(levels[1])
    assert gate.begun.wait(SECONDS_MAX)
    for level in levels[2:]:
        reader.read(level)
    gate.go_on.set()
    looked(reader)

    assert seen == [100, 101, 109]


def test_a_failed_look_is_logged_without_the_code_and_the_stream_goes_on(
    reader: LiveReader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(gray: Gray) -> list[Reading]:
        monkeypatch.setattr(scan_look, "read_gray", read_gray)
        raise cv2.error("out of memory")

    monkeypatch.setattr(scan_look, "read_gray", fails)
    with caplog.at_level(logging.ERROR):
        for seed in range(6):
            reader.read(on_desk(drawn(), tilt=-40, seed=seed))
            looked(reader)

    assert [code.text for code in reader.read(on_desk(drawn(), seed=9))] == [TEXT]
    assert caplog.text.count("was given up") == 1
    assert TEXT not in caplog.text
    assert [code.text for code in reader.read(on_desk(drawn(), seed=10))] == [TEXT]


def test_a_reader_that_never_needed_a_slow_look_has_no_thread_and_closes_twice() -> None:
    before = threading.active_count()
    reader = LiveReader()

    assert [code.text for code in reader.read(on_desk(drawn()))] == [TEXT]
    assert threading.active_count() == before
    reader.close()
    reader.close()


def test_closing_ends_the_thread_and_the_quick_pass_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    reader = LiveReader()
    reader.read(an_empty_desk())
    (thread,) = set(threading.enumerate()) - before

    reader.close()

    assert not thread.is_alive()
    assert [code.text for code in reader.read(on_desk(drawn()))] == [TEXT]
    assert reader.read(an_empty_desk()) == []
    assert set(threading.enumerate()) <= before


def test_closing_does_not_wait_for_a_look_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr(scan_look, "read_gray", gate)
    monkeypatch.setattr(scan_live, "_CLOSE_SECONDS_MAX", 0.05)
    told: list[int] = []
    before = set(threading.enumerate())
    reader = LiveReader(on_read=lambda: told.append(1))
    for seed in range(2):
        reader.read(on_desk(drawn(), tilt=-40, seed=seed))
        if not seed:
            looked(reader)
    (thread,) = set(threading.enumerate()) - before
    assert gate.begun.wait(SECONDS_MAX)

    reader.close()
    assert thread.is_alive()
    gate.go_on.set()
    thread.join(SECONDS_MAX)

    assert not thread.is_alive()
    assert told == []
    assert reader.read(on_desk(drawn(), tilt=-40, seed=2)) == []


def test_slow_steps_come_ever_more_rarely_and_anew_when_something_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def a_slow_look(gray: Gray) -> list[Reading]:
        looks.append(1)
        return []

    monkeypatch.setattr(scan_look, "read_gray", a_slow_look)
    monkeypatch.setattr(scan_look, "quick_pass", lambda gray: [])
    look = SlowLook()

    for i in range(20):
        look.look(on_desk(drawn(), seed=i)[..., 0].copy())
    assert len(looks) == 3  # in the frames 2, 5 and 17

    look.look(on_desk(drawn(), shift=90, seed=20)[..., 0].copy())
    assert len(looks) == 3
    look.look(on_desk(drawn(), shift=90, seed=21)[..., 0].copy())
    assert len(looks) == 4


def test_frames_of_changing_size_are_looked_at_one_size_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[tuple[int, ...]] = []

    def a_slow_look(gray: Gray) -> list[Reading]:
        shapes.append(gray.shape)
        return []

    monkeypatch.setattr(scan_look, "read_gray", a_slow_look)
    look = SlowLook()

    for i, size in enumerate([(1280, 720), (640, 480), (640, 480), (1280, 720)]):
        look.look(on_desk(drawn(scale=2), seed=i, size=size)[..., 0].copy())

    assert shapes == [(480, 640)]


def faint_frames() -> list[Pixels]:
    code = cv2.GaussianBlur(drawn("QRCode", TEXT, scale=2), (0, 0), 0.8)
    faint = np.clip(150 + (code.astype(np.float32) - 128) * 0.5, 0, 255).astype(np.uint8)
    return [on_desk(faint, shift=i * 0.4, noise=24, seed=i) for i in range(6)]


def test_frames_laid_over_each_other_show_what_none_of_them_shows() -> None:
    frames = [frame[..., 0].copy() for frame in faint_frames()[:5]]

    together = join(frames)

    assert together is not None
    assert together.shape == (1440, 2560)
    assert together.std() < frames[0].std()


def test_the_stream_reads_from_joined_frames_what_no_single_frame_gives(reader: LiveReader) -> None:
    *frames, after = faint_frames()
    assert not any(read_codes(frame) for frame in frames)

    for frame in frames:
        reader.read(frame)
        looked(reader)

    (code,) = reader.read(after)
    assert code.text == TEXT
    assert np.hypot(*(np.mean(code.corners, axis=0) - (640, 360))) < 10


def test_frames_of_different_things_are_not_joined() -> None:
    random = np.random.default_rng(4)
    frames = [random.integers(0, 255, (240, 320), dtype=np.uint8) for _ in range(3)]

    assert join(frames) is None


def test_a_plain_sheet_shows_nothing() -> None:
    assert not dense_edges(thinned(an_empty_desk()[..., 0])).any()


@pytest.mark.parametrize("kind", ["Code128", "EAN13", "PDF417", "QRCode", "DataMatrix"])
@pytest.mark.parametrize(("noise", "contrast"), [(3.0, 1.0), (24.0, 0.5), (8.0, 0.4)])
@pytest.mark.parametrize("tilt", [0, 25, 90])
def test_a_code_on_the_desk_is_seen_as_one(kind: str, tilt: float, noise: float, contrast: float) -> None:
    code = drawn(kind, "6901234567892" if kind == "EAN13" else TEXT)
    pale = (150 + (code.astype(np.float32) - 128) * contrast).clip(0, 255).astype(np.uint8)

    thin = thinned(on_desk(pale, tilt=tilt, noise=noise)[..., 0])
    assert code_like(thin, dense_edges(thin))


@pytest.mark.parametrize("kind", ["application_form", "household_register"])
def test_a_page_of_text_is_seen_as_print(kind: str) -> None:
    desk = Desk(seed=3)
    desk.lay(draw_paper(kind, seed=2))

    thin = thinned(cv2.cvtColor(desk.frame("preview"), cv2.COLOR_BGR2GRAY))
    dense = dense_edges(thin)
    assert dense.any()
    assert not code_like(thin, dense)


def test_print_is_looked_at_slowly_much_later_and_a_code_beside_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    frame = 0

    def a_slow_look(gray: Gray) -> list[Reading]:
        looks.append(frame)
        return []

    def eighty_frames() -> None:
        nonlocal frame
        for number in range(1, 81):
            frame = number
            look.look(gray)

    monkeypatch.setattr(scan_look, "read_gray", a_slow_look)
    monkeypatch.setattr(scan_look, "join", lambda frames: None)
    monkeypatch.setattr(scan_look, "dense_edges", lambda thin: np.ones(thin.shape, np.bool_))
    monkeypatch.setattr(scan_look, "code_like", lambda thin, dense: frame in (9, 10))
    look, gray = SlowLook(), on_desk(drawn())[..., 0].copy()
    eighty_frames()

    assert looks == [9, 33]

    looks.clear()
    look.forget()
    monkeypatch.setattr(scan_look, "code_like", lambda thin, dense: False)
    eighty_frames()

    assert looks == [17, 65]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 900), (900, 7), (8, 8)])
def test_a_picture_too_small_for_a_code_has_none(height: int, width: int) -> None:
    assert read_gray(np.zeros((height, width), np.uint8)) == []


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 900), (900, 7), (8, 8)])
def test_frames_too_small_for_a_code_do_the_stream_no_harm(
    reader: LiveReader, height: int, width: int, caplog: pytest.LogCaptureFixture
) -> None:
    random = np.random.default_rng(1)
    for _ in range(5):
        assert reader.read(random.integers(0, 255, (height, width, 3), np.uint8)) == []
        looked(reader)

    assert not caplog.records


@pytest.mark.parametrize("seed", range(3))
def test_noise_hatching_and_cloth_are_no_codes(seed: int) -> None:
    random = np.random.default_rng(seed)
    ys, xs = np.mgrid[0:480, 0:640]
    cloth = 128 + 60 * np.sin(xs / (2 + seed)) * np.sin(ys / 3) + random.normal(0, 12, (480, 640))
    hatching = 128 + 90 * np.sign(np.sin((xs + (seed + 1) * ys) / 4.0)) + random.normal(0, 6, (480, 640))

    for picture in (cloth, hatching):
        assert read_gray(np.clip(picture, 0, 255).astype(np.uint8)) == []

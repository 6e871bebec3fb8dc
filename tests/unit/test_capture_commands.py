"""`onewindow-edge capture` and `scan`: one JSON line for each photograph, whatever the file is."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture import commands, files
from edge.capture.commands import add_commands
from firmware.decoding import PictureDecoder
from firmware.ports import Pixels
from tests.support.capture_generator import PLAIN, make_capture


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    chosen = parser.parse_args(arguments)
    return int(chosen.run(chosen))


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "form.jpg"
    cv2.imwrite(str(path), make_capture(PLAIN, 1).pixels)
    return path


def test_capture_writes_the_page_and_prints_its_line(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run("capture", str(photograph), "--out", str(tmp_path / "pages"))

    line = json.loads(capsys.readouterr().out)
    assert status == 0
    assert line["file"] == str(photograph)
    assert line["found"] == "other"  # A4 seen with fewer than 1600 pixels may be A5
    assert line["second_corners"] is None
    assert line["turned_degrees"] == 0
    assert len(line["corners"]) == 4
    assert line["verdict"] and line["notice"]
    assert line["measures"]["found"] > 0.5
    assert line["milliseconds"] > 0
    assert np.asarray(cv2.imread(line["page"])).shape[:2] == (line["height"], line["width"])


def test_scan_prints_one_line_for_each_file_and_goes_on_after_a_bad_one(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, missing = tmp_path / "bad.jpg", tmp_path / "missing.jpg"
    bad.write_bytes(b"no picture")

    status = run("scan", str(bad), str(missing), str(photograph))

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 1
    assert [line.get("error") for line in lines] == ["picture-refused", "file-unreadable", None]
    assert lines[2]["codes"] == []
    assert all(line["notice"] for line in lines[:2])
    assert lines[0]["rule"] == "a picture begins as JPEG, PNG, WebP, BMP, TIFF or GIF"


def test_two_photographs_of_one_name_do_not_overwrite_each_other(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other" / "form.jpg"
    other.parent.mkdir()
    cv2.imwrite(str(other), np.full((300, 400, 3), 80, np.uint8))

    run("capture", str(photograph), str(other), "--out", str(tmp_path / "pages"))

    pages = {json.loads(line)["page"] for line in capsys.readouterr().out.splitlines()}
    assert len(pages) == 2


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_line_has_every_key_whatever_became_of_the_file(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scorer that asked a refused file's line for its codes got a KeyError."""
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")

    run("scan", str(bad), str(photograph))
    refused, scanned = printed(capsys)
    run("capture", str(bad), str(photograph), "--out", str(tmp_path / "pages"))
    unseen, captured = printed(capsys)

    assert set(refused) == set(scanned) | {"error", "rule", "notice"}
    assert refused["codes"] == []
    assert set(unseen) == set(captured) | {"error", "rule"}
    assert (unseen["found"], unseen["corners"], unseen["page"], unseen["verdict"]) == ("nothing", None, None, None)
    for line in (refused, scanned, unseen, captured):
        assert isinstance(line["milliseconds"], float)
        assert isinstance(line["decode_milliseconds"], float)


def test_a_photograph_without_a_sheet_says_so_in_the_same_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.png"
    cv2.imwrite(str(bare), np.full((600, 800, 3), 80, np.uint8))

    assert run("capture", str(bare), "--out", str(tmp_path / "pages")) == 0

    (line,) = printed(capsys)
    assert (line["found"], line["corners"], line["verdict"]) == ("nothing", None, "nothing-there")


@pytest.mark.parametrize("locale", ["C.UTF-8", "ISO-8859-1"])
def test_a_name_that_is_no_utf8_and_a_locale_without_chinese_cost_no_line(tmp_path: Path, locale: str) -> None:
    """Either ended the whole run with a UnicodeEncodeError."""
    names = [b"bad\xff.jpg", "照片\u2028.jpg".encode(), b"two\nlines.jpg"]
    paths = [os.fsencode(tmp_path) + b"/" + name for name in names]
    for path in paths:
        Path(os.fsdecode(path)).write_bytes(b"no picture")
    told = subprocess.run(
        [sys.executable, "-m", "edge", "scan", *paths],
        env=os.environ | {"PYTHONIOENCODING": locale.replace("C.", "")},
        capture_output=True,
        check=False,
    )

    assert told.returncode == 1, told.stderr
    lines = [
        json.loads(line) for line in told.stdout.decode("ascii" if locale == "ISO-8859-1" else "utf-8").splitlines()
    ]
    assert [os.fsencode(line["file"]) for line in lines] == paths
    assert all("照片" in line["notice"] for line in lines)


def test_what_is_no_file_is_not_waited_for(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert run("scan", str(pipe), str(tmp_path), "/dev/zero", str(photograph)) == 1

    assert [line.get("error") for line in printed(capsys)] == ["not-a-file"] * 3 + [None]


def test_a_file_over_the_bound_is_not_read(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """6 GB were read whole before they were measured, and the run ended in a MemoryError."""
    huge = tmp_path / "huge.jpg"
    with huge.open("wb") as file:
        file.truncate(6 << 30)

    assert run("scan", str(huge), str(photograph)) == 1

    first, second = printed(capsys)
    assert (first["error"], first["rule"]) == ("picture-refused", "a picture has at most 160 MB")
    assert "error" not in second


@pytest.mark.parametrize("trouble", [MemoryError(), RuntimeError("what nobody expected")])
def test_whatever_a_photograph_does_the_next_has_its_line(
    photograph: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: Exception,
) -> None:
    looks = iter([trouble, None])

    def read(frame: Pixels) -> list[object]:
        if (error := next(looks)) is not None:
            raise error
        return []

    monkeypatch.setattr(commands, "read_codes", read)

    assert run("scan", str(photograph), str(photograph)) == 1

    first, second = printed(capsys)
    assert (first["error"], first["codes"]) == ("look-failed", [])
    assert "error" not in second
    assert type(trouble).__name__ in caplog.text


def test_one_child_decodes_all_files_of_a_run(photograph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[PictureDecoder] = []
    begin = PictureDecoder.__init__

    def counted(decoder: PictureDecoder, **more: object) -> None:
        started.append(decoder)
        begin(decoder, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(PictureDecoder, "__init__", counted)

    run("scan", *[str(photograph)] * 3)

    assert len(started) == 1
    assert started[0]._pictures == 3


@pytest.mark.parametrize("kind", ["webp", "bmp", "tiff", "png"])
def test_a_photograph_of_any_usual_kind_becomes_a_page(
    photograph: Path, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = photograph.with_suffix(f".{kind}")
    cv2.imwrite(str(other), np.asarray(cv2.imread(str(photograph))))

    assert run("capture", str(other), "--out", str(tmp_path / "pages")) == 0

    assert printed(capsys)[0]["verdict"]


def test_a_desk_of_another_size_is_said_to_be_left_aside(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, same = tmp_path / "small.png", tmp_path / "same.png"
    height, width = np.asarray(cv2.imread(str(photograph))).shape[:2]
    cv2.imwrite(str(small), np.full((height // 2, width // 2, 3), 90, np.uint8))
    cv2.imwrite(str(same), np.full((height, width, 3), 90, np.uint8))
    said = []
    for desk in ([], ["--empty-desk", str(small)], ["--empty-desk", str(same)]):
        run("capture", str(photograph), "--out", str(tmp_path / "pages"), *desk)
        said.append(printed(capsys)[0]["empty_desk"])

    assert said == [None, "another-size", "used"]


def test_a_page_that_cannot_be_written_is_not_blamed_on_the_photograph(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = photograph.with_name("长" * 83 + ".jpg")
    photograph.rename(long)
    pages = tmp_path / "pages"
    occupied = tmp_path / "occupied"
    occupied.write_bytes(b"")

    assert run("capture", str(long), "--out", str(pages)) == 1
    assert run("capture", str(long), "--out", str(occupied)) == 1

    for line in printed(capsys):
        assert (line["error"], line["page"], line["verdict"]) == ("page-unwritten", None, "good")
        assert "页面写不进输出目录" in str(line["notice"])
    assert list(pages.iterdir()) == []


def test_of_a_page_that_fills_the_disk_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fills(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fills)
    (tmp_path / "form.page.jpg").touch()

    with pytest.raises(files.PageUnwritten, match="No space left"):
        files.write_page(b"a page", tmp_path / "form.page.jpg")

    assert [each.name for each in tmp_path.iterdir()] == ["form.page.jpg"]
    assert (tmp_path / "form.page.jpg").stat().st_size == 0


def test_help_says_in_which_pixels_corners_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("capture", "--help")

    told = capsys.readouterr().out
    assert "EXIF orientation" in told
    assert "pixels of the\nupright photograph" in told

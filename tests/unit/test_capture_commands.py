"""`onewindow-edge capture` and `scan`: one JSON line for each photograph, whatever the file is."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.commands import add_commands
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


def test_two_photographs_of_one_name_do_not_overwrite_each_other(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other" / "form.jpg"
    other.parent.mkdir()
    cv2.imwrite(str(other), np.full((300, 400, 3), 80, np.uint8))

    run("capture", str(photograph), str(other), "--out", str(tmp_path / "pages"))

    pages = {json.loads(line)["page"] for line in capsys.readouterr().out.splitlines()}
    assert len(pages) == 2

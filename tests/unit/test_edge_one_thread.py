"""OpenCV's own threads wait by spinning: a unit and the commands that look at pictures do without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

import edge.bootstrap
import edge.settings
from edge.__main__ import main


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield
    cv2.setNumThreads(before)


@pytest.mark.parametrize("command", [["scan"], ["capture", "--out", "pages"]])
def test_a_command_looks_at_each_picture_with_one_thread(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cv2.getNumThreads() == 2

    assert main([*command, "missing.jpg"]) == 1

    assert cv2.getNumThreads() == 1


def test_a_unit_is_started_with_one_thread_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Started(Exception):
        pass

    def start(settings: object) -> None:
        raise Started(cv2.getNumThreads())

    monkeypatch.setattr(edge.settings, "read_settings", lambda path: path)
    monkeypatch.setattr(edge.bootstrap, "RunningUnit", start)

    with pytest.raises(Started, match="^1$"):
        main(["run", "--settings", str(tmp_path / "unit.toml")])

"""A call becomes one sound file: chime, words, words. Made once, in bounded time, or said to be impossible."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest

from broker.messages import CallPurpose
from central.web.voice import RATE, Voice, VoiceFailed, chime


def a_speaker(folder: Path, script: str) -> str:
    """Return a program that stands in for espeak-ng."""
    program = folder / "speaker"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def a_counting_speaker(folder: Path, kept_max: int = 8) -> tuple[Voice, Path]:
    """Return a voice that speaks a tone and counts how often it was asked."""
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(b"\1\0" * RATE)
    (folder / "tone.wav").write_bytes(sound.getvalue())
    counted = folder / "counted"
    return Voice(a_speaker(folder, f"cat > /dev/null; echo x >> {counted}; cat {folder}/tone.wav"), kept_max), counted


def test_espeak_speaks_a_call_after_the_chime() -> None:
    sound = Voice().call("A6027", 3, CallPurpose.INTAKE)

    with wave.open(io.BytesIO(sound)) as file:
        seconds = file.getnframes() / file.getframerate()
        opening = file.readframes(len(chime()) // 2)
    assert opening == chime()
    assert 6 < seconds < 25


def test_a_call_is_made_once_and_kept(tmp_path: Path) -> None:
    voice, counted = a_counting_speaker(tmp_path)

    first = voice.call("A6027", 3, CallPurpose.INTAKE)
    second = voice.call("A6027", 3, CallPurpose.INTAKE)
    voice.call("A6027", 3, CallPurpose.PICKUP)

    assert first == second
    assert counted.read_text().count("x") == 2


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    voice, counted = a_counting_speaker(tmp_path, kept_max=3)

    for number in (1, 2, 3, 4, 4, 1):
        voice.call(f"A{number:04d}", 1, CallPurpose.INTAKE)

    assert counted.read_text().count("x") == 5  # the fourth pushed the first out, so that it was made again


@pytest.mark.parametrize("script", ["exit 1", "cat > /dev/null; echo no sound", "cat > /dev/null"])
def test_a_speaker_that_fails_is_an_error_with_a_remedy(tmp_path: Path, script: str) -> None:
    voice = Voice(a_speaker(tmp_path, script))

    with pytest.raises(VoiceFailed) as failed:
        voice.call("A6027", 3, CallPurpose.INTAKE)
    assert "espeak-ng" in failed.value.notice


def test_a_missing_speaker_is_the_same_error(tmp_path: Path) -> None:
    with pytest.raises(VoiceFailed):
        Voice(str(tmp_path / "nothing")).call("A6027", 3, CallPurpose.INTAKE)

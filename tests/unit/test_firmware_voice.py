"""What is heard: the Mandarin that was meant, the chime, and silence that says so."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from broker.messages import CallPurpose
from broker.wording import call_speech
from firmware import voice
from firmware.ports import SpeakerFailed, Speech
from firmware.simulators.speaker import SPOKEN_KEPT, SimulatedSpeaker
from firmware.voice import chime, duration_seconds, phonemes, speech_wav

A_CALL = call_speech("A6027", 3, CallPurpose.INTAKE)


def samples(wav: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(wav)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_the_call_is_mandarin_syllable_for_syllable() -> None:
    """espeak-ng 1.51 reads Chinese characters, and figures that are not apart, as something else."""
    spoken = phonemes(A_CALL).replace("'", "").replace("_|", "").split()

    assert spoken[1:6] == ["ei55", "liou51", "li35N", "@r51", "tS;hi55"]  # A 6 0 2 7
    assert spoken[-4:] == ["pa51n", "li21", "jiE51", "wu51"]  # 办理业务
    assert "(en)" not in phonemes(A_CALL)


def test_every_figure_and_letter_of_a_ticket_is_spoken_in_the_one_voice() -> None:
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        assert "(en)" not in phonemes(call_speech(f"{letter}1834", 5, CallPurpose.PICKUP))


def test_an_announcement_is_longer_with_chime_and_with_each_time() -> None:
    once = duration_seconds(speech_wav(Speech(pinyin=A_CALL, chime=False, repeat=1)))
    twice = duration_seconds(speech_wav(Speech(pinyin=A_CALL, chime=False, repeat=2)))
    chimed = duration_seconds(speech_wav(Speech(pinyin=A_CALL, chime=True, repeat=1)))

    assert twice == pytest.approx(2 * once, abs=0.1)
    assert chimed == pytest.approx(once + len(chime()) / voice.RATE_HZ, abs=0.01)


def test_half_the_volume_is_half_as_high_and_none_is_silence() -> None:
    loud, half, none = (
        np.abs(samples(speech_wav(Speech(pinyin="qing3", repeat=1, volume_percent=volume)))).max()
        for volume in (100, 50, 0)
    )

    assert half == pytest.approx(loud / 2, rel=0.01)
    assert none == 0


@pytest.mark.parametrize(
    "speech",
    [
        Speech(pinyin="请A6027号"),
        Speech(pinyin=""),
        Speech(pinyin="a1 " * 200),
        Speech(pinyin="qing3", repeat=0),
        Speech(pinyin="qing3", repeat=4),
        Speech(pinyin="qing3", volume_percent=101),
    ],
)
def test_a_speech_beyond_a_bound_is_not_said(speech: Speech) -> None:
    with pytest.raises(SpeakerFailed):
        speech_wav(speech)


def test_a_text_never_becomes_an_option_of_the_program() -> None:
    assert duration_seconds(speech_wav(Speech(pinyin="--version qing3", repeat=1))) > 1


def test_a_missing_espeak_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(SpeakerFailed, match="not installed"):
        phonemes("qing3")


def test_the_last_announcements_are_kept_with_their_running_number() -> None:
    with SimulatedSpeaker() as speaker:
        for _ in range(SPOKEN_KEPT + 1):
            speaker.say(Speech(pinyin="qing3", chime=False, repeat=1))

        assert [spoken.number for spoken in speaker.spoken()] == list(range(2, SPOKEN_KEPT + 2))


def test_a_real_time_speaker_stops_when_it_is_closed() -> None:
    speaker = SimulatedSpeaker(real_time=True)
    speaker.close()

    with pytest.raises(SpeakerFailed):
        speaker.say(Speech(pinyin="qing3"))

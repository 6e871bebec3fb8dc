"""The loudspeaker's driver: what the card was given to play, what a hung card costs, clips and hours."""

from __future__ import annotations

import datetime
import shutil
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from broker.messages import CallPurpose
from broker.wording import call_speech
from firmware.bench import DeviceSettings, DeviceSettingsRefused, open_bench
from firmware.clips import RATE_HZ, Clips
from firmware.drivers import speaker as driver
from firmware.drivers.speaker import AlsaSpeaker, Loudness, Settings
from firmware.ports import SpeakerFailed, Speech
from firmware.voice import duration_seconds, speech_wav
from tests.support.driver_rigs_camera import SoundCard, sound_card

pytestmark = pytest.mark.skipif(shutil.which("aplay") is None, reason="aplay is not installed (Debian: alsa-utils)")

SHORT = Speech(pinyin="qing3", chime=False, repeat=1)
CALL = call_speech("A6027", 3, CallPurpose.INTAKE)
WORDS = ("qing3", "ei1", "liu4", "ling2", "er4", "qi1", "hao4", "dao4", "san1", "chuang1-kou3", "ban4-li3-ye4-wu4")


def at(hour: int, minute: int = 0, *, year: int = 2026) -> Callable[[], datetime.datetime]:
    return lambda: datetime.datetime(year, 11, 23, hour, minute, tzinfo=datetime.UTC)


@pytest.fixture
def card() -> Iterator[SoundCard]:
    with sound_card() as made:
        yield made


def heard(card: SoundCard) -> np.ndarray:
    with wave.open(str(card.heard)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        return np.frombuffer(file.readframes(10_000_000), "<i2").astype(np.int32)


def a_clip(folder: Path, name: str, level: int, *, seconds: float = 0.1, rate: int = RATE_HZ) -> None:
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.full(round(seconds * rate), level, "<i2").tobytes())


def test_the_card_plays_exactly_what_was_said(card: SoundCard) -> None:
    with AlsaSpeaker(Settings(device=card.NAME), at(10)) as speaker:
        speaker.say(SHORT)

    said, played = np.frombuffer(speech_wav(SHORT)[44:], "<i2"), heard(card)
    assert np.array_equal(played[: len(said)], said)
    assert not played[len(said) :].any(), "aplay fills its last period with silence"


def test_a_hung_card_costs_little_more_than_the_sound_and_plays_again(
    card: SoundCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "_GRACE_SECONDS", 0.2)
    with AlsaSpeaker(Settings(device=card.NAME), at(10)) as speaker:
        card.hang()
        begun = time.monotonic()
        with pytest.raises(SpeakerFailed, match="hangs"):
            speaker.say(SHORT)
        assert time.monotonic() - begun < duration_seconds(speech_wav(SHORT)) + 2

        card.plug_in()
        speaker.say(SHORT)


def test_a_card_that_was_pulled_out_is_said_and_plays_again_when_it_is_back(card: SoundCard) -> None:
    with AlsaSpeaker(Settings(device=card.NAME), at(10)) as speaker:
        card.pull_out()
        with pytest.raises(SpeakerFailed, match="audio open error"):
            speaker.say(SHORT)

        card.plug_in()
        speaker.check()
        speaker.say(SHORT)


def test_closing_ends_what_is_being_said(card: SoundCard) -> None:
    card.hang()
    speaker = AlsaSpeaker(Settings(device=card.NAME), at(10))
    failed: list[SpeakerFailed] = []

    def say() -> None:
        try:
            speaker.say(Speech(pinyin=CALL))
        except SpeakerFailed as error:
            failed.append(error)

    thread = threading.Thread(target=say)
    thread.start()
    deadline = time.monotonic() + 5
    while speaker._playing is None and time.monotonic() < deadline:
        time.sleep(0.01)
    speaker.close()
    thread.join(3)

    assert not thread.is_alive()
    assert len(failed) == 1
    with pytest.raises(SpeakerFailed):
        speaker.check()


def test_a_missing_player_names_its_package(card: SoundCard) -> None:
    speaker = AlsaSpeaker(Settings(device=card.NAME), at(10), player="no-such-player")

    with pytest.raises(SpeakerFailed, match="alsa-utils"):
        speaker.check()


# Volume by the time of day


@pytest.mark.parametrize(
    ("hour", "minute", "percent"),
    [(8, 29, 100), (8, 30, 40), (9, 29, 40), (9, 30, 100), (21, 59, 100), (23, 0, 10), (4, 0, 10), (5, 0, 100)],
)
def test_the_volume_follows_the_hour(card: SoundCard, hour: int, minute: int, percent: int) -> None:
    volumes = (Loudness("08:30", "09:30", 40), Loudness("22:00", "05:00", 10))
    with AlsaSpeaker(Settings(device=card.NAME, volumes=volumes), at(hour, minute)) as speaker:
        assert speaker._volume_percent() == percent


def test_a_quiet_hour_halves_what_the_card_plays(card: SoundCard) -> None:
    quiet = Settings(device=card.NAME, volumes=(Loudness("12:00", "14:00", 50),))
    with AlsaSpeaker(quiet, at(13)) as speaker:
        speaker.say(SHORT)
        softly = int(heard(card).max())
    with AlsaSpeaker(quiet, at(14)) as speaker:
        speaker.say(SHORT)

    assert abs(int(heard(card).max()) / softly - 2) < 0.01


def test_a_unit_that_does_not_know_the_time_is_loud(card: SoundCard) -> None:
    with AlsaSpeaker(Settings(device=card.NAME, volumes=(Loudness("00:00", "23:59", 0),)), at(8, year=1970)) as speaker:
        assert speaker._volume_percent() == 100


@pytest.mark.parametrize(
    "options",
    [
        {"device": "-evil"},
        {"volume_percent": 101},
        {"volumes": [{"since": "8:30", "until": "09:30", "percent": 50}]},
        {"volumes": [{"since": "08:30", "until": "24:00", "percent": 50}]},
        {"volumes": [{"since": "08:30", "until": "08:30", "percent": 50}]},
        {"volumes": [{"since": "08:30", "until": "09:30", "percent": -1}]},
    ],
)
def test_settings_out_of_bounds_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(DeviceSettingsRefused):
        open_bench(DeviceSettings(speaker="alsa", options={"speaker": options}))


# Recorded clips


def test_clips_speak_when_all_words_are_there_the_longest_first(tmp_path: Path) -> None:
    for number, word in enumerate(WORDS, start=1):
        a_clip(tmp_path, word, 100 * number)
    a_clip(tmp_path, "chuang1", 9_000)  # a part of a longer clip is not used

    spoken = Clips(tmp_path).spoken(CALL)

    assert spoken is not None
    levels = [int(level) for level in np.rint(spoken * 32768)]
    said = [level for index, level in enumerate(levels) if level and (index == 0 or levels[index - 1] != level)]
    order = (
        "qing3",
        "ei1",
        "liu4",
        "ling2",
        "er4",
        "qi1",
        "hao4",
        "dao4",
        "san1",
        "hao4",
        "chuang1-kou3",
        "ban4-li3-ye4-wu4",
    )
    assert said == [100 * (WORDS.index(word) + 1) for word in order]


@pytest.mark.parametrize("missing", ["ei1", "ban4-li3-ye4-wu4", "qing3"])
def test_one_missing_word_and_the_voice_says_the_whole(tmp_path: Path, missing: str) -> None:
    for word in WORDS:
        if word != missing:
            a_clip(tmp_path, word, 500)

    assert Clips(tmp_path).spoken(CALL) is None
    speech = Speech(pinyin=CALL, repeat=1)
    assert speech_wav(speech, Clips(tmp_path)) == speech_wav(speech)


def test_a_clip_of_another_rate_or_no_sound_at_all_is_not_used(tmp_path: Path) -> None:
    a_clip(tmp_path, "qing3", 500, rate=44_100)
    assert Clips(tmp_path).spoken("qing3") is None

    (tmp_path / "qing3.wav").write_bytes(b"RIFF and nothing more")
    assert Clips(tmp_path).spoken("qing3") is None


def test_nothing_but_syllables_becomes_a_files_name(tmp_path: Path) -> None:
    a_clip(tmp_path, "qing3", 500)

    for text in ("../qing3", "/qing3", "qing3 ../../etc/passwd", "", ",", "QING3"):
        assert Clips(tmp_path / "deeper").spoken(text) is None


def test_a_recorded_chime_replaces_the_drawn_one(tmp_path: Path, card: SoundCard) -> None:
    a_clip(tmp_path, "chime", 1000, seconds=0.2)
    a_clip(tmp_path, "qing3", 2000)
    with AlsaSpeaker(Settings(device=card.NAME, clips=str(tmp_path)), at(10)) as speaker:
        speaker.say(Speech(pinyin="qing3", repeat=1))

    played = heard(card)
    assert played[: RATE_HZ // 5].min() >= 998
    assert played.max() <= 2000

"""Speech and chime as sound: numbered pinyin goes to espeak-ng, a WAV comes back. For speakers wired or simulated.

The voice is `cmn-latn-pinyin`; the plain Mandarin voice reads characters as English on version 1.51
(device-bench/README.md). The wording comes from broker.wording.
"""

from __future__ import annotations

import functools
import io
import subprocess
import wave
from typing import Final

import numpy as np
import numpy.typing as npt

from firmware.clips import Clips
from firmware.ports import SpeakerFailed, Speech

VOICE: Final = "cmn-latn-pinyin"
WORDS_PER_MINUTE: Final = 165  # slow enough for a hall with an echo
RATE_HZ: Final = 22_050  # espeak-ng's own
PINYIN_CHARACTERS_MAX: Final = 400
REPEAT_MAX: Final = 3
SECONDS_MAX: Final = 10.0  # for espeak-ng, which needs some 50 ms a call on a small machine
_GAP_SECONDS: Final = 0.7  # between two times of saying it
_SPEECH_PEAK: Final = 0.85  # of full scale at 100 %
_CHIME_PEAK: Final = 0.5
# A falling fourth and third, "ding – dang – dong": notes in Hz and when each begins, in seconds.
_CHIME: Final = ((659.25, 0.0), (523.25, 0.38), (392.0, 0.76))
_CHIME_NOTE_SECONDS: Final = 1.1

Samples = npt.NDArray[np.float32]


def speech_wav(speech: Speech, clips: Clips | None = None) -> bytes:
    """Return a whole announcement as WAV (mono, 16 bits, 22,050 Hz): chime, then the words as often as asked.

    The words are of the recorded clips when all of them are there, otherwise of the voice.

    Raises:
        SpeakerFailed: espeak-ng is missing or does not answer, or the speech breaks a bound. There is no sound.
    """
    if not 1 <= speech.repeat <= REPEAT_MAX or not 0 <= speech.volume_percent <= 100:
        raise SpeakerFailed(f"a speech is said 1 to {REPEAT_MAX} times at 0 to 100 percent")
    recorded = clips.spoken(speech.pinyin) if clips is not None else None
    words = recorded if recorded is not None else _spoken(speech.pinyin)
    gap = np.zeros(round(_GAP_SECONDS * RATE_HZ), np.float32)
    parts: list[Samples] = [_chime_of(clips)] if speech.chime else []
    for _ in range(speech.repeat):
        parts += [words, gap]
    return _wav(np.concatenate(parts) * (speech.volume_percent / 100))


def phonemes(pinyin: str) -> str:
    """Return what the voice makes of a text, in espeak-ng's phoneme names: shows that the Mandarin is read as meant.

    Raises:
        SpeakerFailed: as for `speech_wav`.
    """
    return _espeak(["-q", "-x"], pinyin).decode("utf-8").strip()


def duration_seconds(wav: bytes) -> float:
    """Return how long a WAV of ours sounds."""
    with wave.open(io.BytesIO(wav)) as file:
        return float(file.getnframes() / file.getframerate())


def silence_wav(seconds: float) -> bytes:
    """Return silence as WAV, to see whether a loudspeaker takes sound."""
    return _wav(np.zeros(round(seconds * RATE_HZ), np.float32))


@functools.cache
def chime() -> Samples:
    """Return three struck notes, each with two overtones that die away sooner than it."""
    length = round((_CHIME[-1][1] + _CHIME_NOTE_SECONDS) * RATE_HZ)
    sound = np.zeros(length, np.float32)
    seconds = np.arange(round(_CHIME_NOTE_SECONDS * RATE_HZ)) / RATE_HZ
    strike = np.minimum(1.0, seconds / 0.004)  # 4 ms of rise: no click
    for note_hz, begins in _CHIME:
        note = sum(
            share * np.sin(2 * np.pi * note_hz * overtone * seconds) * np.exp(-seconds * fade)
            for overtone, share, fade in ((1, 1.0, 4.0), (2, 0.35, 7.0), (3.01, 0.12, 11.0))
        )
        at = round(begins * RATE_HZ)
        sound[at : at + len(seconds)] += (note * strike)[: length - at].astype(np.float32)
    scaled: Samples = sound * np.float32(_CHIME_PEAK / np.abs(sound).max())
    return scaled


def _chime_of(clips: Clips | None) -> Samples:
    recorded = clips.chime() if clips is not None else None
    return recorded if recorded is not None else chime()


def _spoken(pinyin: str) -> Samples:
    wav = _espeak(["--stdout"], pinyin)
    # espeak-ng writes to a pipe and cannot know the length yet: its header says 2 GB. The samples begin at byte 44.
    if wav[:4] != b"RIFF" or len(wav) <= 44 + 2:
        raise SpeakerFailed("espeak-ng gave no sound; is its voice data installed?")
    samples = np.frombuffer(wav[44 : 44 + (len(wav) - 44) // 2 * 2], "<i2").astype(np.float32)
    peak = float(np.abs(samples).max())
    if peak == 0:
        raise SpeakerFailed("espeak-ng gave silence; is its voice data installed?")
    spoken: Samples = samples * np.float32(_SPEECH_PEAK / peak)
    return spoken


def _espeak(options: list[str], pinyin: str) -> bytes:
    if not pinyin.isascii() or not 1 <= len(pinyin) <= PINYIN_CHARACTERS_MAX:
        raise SpeakerFailed(f"a speech is 1 to {PINYIN_CHARACTERS_MAX} ASCII characters of numbered pinyin")
    command = ["espeak-ng", "-v", VOICE, "-s", str(WORDS_PER_MINUTE), *options, "--stdin"]
    try:
        # By standard input: a text never becomes an option.
        done = subprocess.run(  # noqa: S603
            command, input=pinyin.encode("ascii"), capture_output=True, timeout=SECONDS_MAX, check=True
        )
    except FileNotFoundError as error:
        raise SpeakerFailed("espeak-ng is not installed") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise SpeakerFailed("espeak-ng does not answer") from error
    return bytes(done.stdout)


def _wav(samples: Samples) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return data.getvalue()

"""Recorded clips in place of the voice: a folder of WAV files named by what they say, in the pinyin of the speech.

    qing3.wav  ei1.wav (A)  bi4.wav (B) …  ling2.wav  yao1.wav … jiu3.wav  hao4.wav  dao4.wav  chuang1-kou3.wav
    chu1-jian4-chuang1-kou3.wav  ban4-li3-ye4-wu4.wav  ling3-qu3-ban4-li3-jie2-guo3.wav  and, if wanted, chime.wav

Syllables are those of broker.wording, joined by hyphens; the longest clip that fits is taken, so a folder may have
whole phrases or single words. All or nothing: when one word is missing the voice says the whole (half a person and
half a machine is what nobody understands). Files: mono, 16 bits, 22,050 Hz, at most 10 s.
"""

from __future__ import annotations

import logging
import re
import wave
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

RATE_HZ: Final = 22_050
CLIP_SECONDS_MAX: Final = 10
WORDS_IN_A_CLIP_MAX: Final = 8
CHIME: Final = "chime"
_PAUSE_SECONDS: Final = 0.25  # at a comma
_SYLLABLE: Final = re.compile(r"[a-z]+[1-5]")

Samples = npt.NDArray[np.float32]


class Clips:
    """A folder of clips, read when they are needed: clips can be added while the unit runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def chime(self) -> Samples | None:
        """Return the recorded chime, or None: then the drawn one is played."""
        return self._clip(CHIME)

    def spoken(self, pinyin: str) -> Samples | None:
        """Return a speech joined of clips, or None when a word of it was not recorded."""
        if not _SYLLABLE.search(pinyin):
            return None
        parts: list[Samples] = []
        for phrase in pinyin.split(","):
            words = phrase.split()
            if not all(_SYLLABLE.fullmatch(word) for word in words):  # nothing else becomes a file's name
                return None
            while words:
                found = self._longest(words)
                if found is None:
                    return None
                clip, count = found
                parts.append(clip)
                words = words[count:]
            parts.append(np.zeros(round(_PAUSE_SECONDS * RATE_HZ), np.float32))
        return np.concatenate(parts[:-1])

    def _longest(self, words: list[str]) -> tuple[Samples, int] | None:
        for count in range(min(len(words), WORDS_IN_A_CLIP_MAX), 0, -1):
            clip = self._clip("-".join(words[:count]))
            if clip is not None:
                return clip, count
        return None

    def _clip(self, name: str) -> Samples | None:
        path = self._folder / f"{name}.wav"
        try:
            with wave.open(str(path)) as file:
                if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE_HZ):
                    log.warning("clip %s.wav is not mono, 16 bits, %d Hz; the voice speaks instead", name, RATE_HZ)
                    return None
                data = file.readframes(CLIP_SECONDS_MAX * RATE_HZ)
        except FileNotFoundError:
            return None
        except (OSError, EOFError, wave.Error):
            log.warning("clip %s.wav cannot be read; the voice speaks instead", name)
            return None
        samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)
        return samples if samples.size else None

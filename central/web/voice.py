"""A call as a sound: chime, the words, and the words again, made by espeak-ng on the server and kept.

Comes from a call's numbers (`broker.wording.call_speech`), goes to the hall board as one WAV file a call, so that the
page plays one file after another and calls never overlap. Nothing a visitor sends reaches the command line: a ticket,
a window and a purpose are checked, and only calls of the book are spoken (board.py).
"""

from __future__ import annotations

import io
import math
import struct
import subprocess
import threading
import wave
from collections import OrderedDict
from functools import cache
from typing import Final

from broker.errors import OneWindowError
from broker.messages import CallPurpose
from broker.wording import call_speech

RATE: Final = 22_050  # Hz, 16 bit, mono: as espeak-ng writes
VOICE: Final = "cmn-latn-pinyin"
WORDS_PER_MINUTE: Final = 155
SPEAK_SECONDS_MAX: Final = 5
KEPT_MAX: Final = 128  # files of some 400 KB
_PAUSE_SECONDS: Final = 0.6


class VoiceFailed(OneWindowError, RuntimeError):
    """espeak-ng is missing, too slow or gave no sound. The board goes on in silence and says so."""

    code = "voice-failed"
    notice = "语音合成不可用，请检查是否已安装 espeak-ng。"


class Voice:
    """Speaks calls. At most one espeak-ng runs at a time; what was spoken is kept."""

    def __init__(self, command: str = "espeak-ng", kept_max: int = KEPT_MAX) -> None:
        self._command = command
        self._kept_max = kept_max
        self._kept: OrderedDict[tuple[str, int, CallPurpose, bool], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def call(self, ticket: str, window: int, purpose: CallPurpose, *, at_pickup_place: bool = False) -> bytes:
        """Return a WAV file: chime, call, call.

        Raises:
            VoiceFailed: nothing is kept; call again.
        """
        key = (ticket, window, purpose, at_pickup_place)
        with self._lock:
            known = self._kept.get(key)
            if known is None:
                words = self._speak(call_speech(ticket, window, purpose, at_pickup_place=at_pickup_place))
                silence = bytes(2 * round(RATE * _PAUSE_SECONDS))
                known = _wav(chime() + words + silence + words)
                self._kept[key] = known
                while len(self._kept) > self._kept_max:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
        return known

    def _speak(self, text: str) -> bytes:
        command = [self._command, "-v", VOICE, "-s", str(WORDS_PER_MINUTE), "--stdout", "--stdin"]
        try:
            done = subprocess.run(  # noqa: S603 - fixed arguments; the text goes in by stdin
                command, input=text.encode(), capture_output=True, timeout=SPEAK_SECONDS_MAX, check=True
            )
            return _samples(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as failure:
            raise VoiceFailed(f"espeak-ng gave no sound: {type(failure).__name__}") from None


@cache
def chime() -> bytes:
    """Return two soft tones, high then low, as 16-bit samples at RATE."""
    return _tone(880.0, 0.35) + _tone(659.3, 0.6) + bytes(2 * round(RATE * 0.15))


def _tone(hertz: float, seconds: float) -> bytes:
    count = round(RATE * seconds)
    samples = (
        round(9000 * math.exp(-4.0 * index / count) * math.sin(2 * math.pi * hertz * index / RATE))
        * min(1, index / 200 if index < 200 else 1)
        for index in range(count)
    )
    return struct.pack(f"<{count}h", *(round(sample) for sample in samples))


def _samples(file: bytes) -> bytes:
    """Return the samples of espeak-ng's WAV; its header's sizes are a guess when it writes to a pipe."""
    start = file.find(b"data")
    if file[:4] != b"RIFF" or start < 0 or struct.unpack_from("<I", file, 24)[0] != RATE or len(file) < start + 2008:
        raise ValueError("no sound")
    samples = file[start + 8 :]
    return samples[: len(samples) // 2 * 2]


def _wav(samples: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples)
    return file.getvalue()

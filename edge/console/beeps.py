"""The console's two sounds, drawn and not recorded: a page was taken; a page was refused. WAV for an <audio> element.

Two that cannot be mistaken for each other in a noisy hall: one short and high, two long and low.
"""

from __future__ import annotations

import functools
import io
import wave
from typing import Final, Literal

import numpy as np

_RATE: Final = 16_000  # samples a second
_EDGE_MS: Final = 6  # a tone that starts at once clicks
_LOUD: Final = 0.5
# each tone: hertz (0 is silence), milliseconds
_TONES: Final[dict[str, tuple[tuple[int, int], ...]]] = {
    "good": ((1760, 110),),
    "bad": ((392, 190), (0, 90), (392, 260)),
}


@functools.lru_cache(maxsize=2)
def beep_wav(kind: Literal["good", "bad"]) -> bytes:
    """Return the sound as a WAV file: 16 bit, one channel."""
    samples = np.concatenate([_tone(hertz, milliseconds) for hertz, milliseconds in _TONES[kind]])
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return made.getvalue()


def _tone(hertz: int, milliseconds: int) -> np.ndarray:
    time = np.arange(_RATE * milliseconds // 1000) / _RATE
    rim = np.minimum(1, np.minimum(time, time[::-1]) * 1000 / _EDGE_MS)
    return np.asarray(_LOUD * rim * np.sin(2 * np.pi * hertz * time))

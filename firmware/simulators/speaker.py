"""Drop-in for drivers/speaker.py: speaks the true sound into memory, where the console plays it. Never a fallback."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

from firmware.ports import SpeakerFailed, Speech
from firmware.simulators.faults import FaultSwitches
from firmware.voice import duration_seconds, speech_wav

FAULTS: Final[Mapping[str, str]] = {
    "unplugged": "音箱没有接好",
    "silent": "没有声音",
    "hung": "声卡卡住（最长3秒）",
}
HANG_SECONDS_MAX: Final = 3.0
SPOKEN_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Spoken:
    """One announcement as it was heard."""

    number: int  # 1 for the first since the start; a page plays those that it has not played yet
    pinyin: str
    seconds: float
    wav: bytes = field(repr=False)


class SimulatedSpeaker:
    """Says it with espeak-ng; returns at once, as if the hall's clock ran on, unless told to speak in real time."""

    simulated = True

    def __init__(self, *, real_time: bool = False) -> None:
        self.faults = FaultSwitches("speaker", FAULTS)
        self._real_time = real_time
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._spoken: deque[Spoken] = deque(maxlen=SPOKEN_KEPT)
        self._count = 0

    def check(self) -> None:
        if any(self.faults.on(fault) for fault in FAULTS) or self._closed.is_set():
            raise SpeakerFailed("the loudspeaker does not answer (simulated)")

    def say(self, speech: Speech) -> None:
        if self.faults.on("hung"):
            self.faults.hang("hung", HANG_SECONDS_MAX)
        self.check()
        wav = speech_wav(speech)
        seconds = duration_seconds(wav)
        with self._lock:
            self._count += 1
            self._spoken.append(Spoken(self._count, speech.pinyin, seconds, wav))
        if self._real_time and self._closed.wait(seconds):
            raise SpeakerFailed("the loudspeaker was closed within a speech")

    # What the console and the tests do.

    def spoken(self) -> tuple[Spoken, ...]:
        """Return the last few announcements, oldest first."""
        with self._lock:
            return tuple(self._spoken)

    def close(self) -> None:
        self._closed.set()

    def __enter__(self) -> SimulatedSpeaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

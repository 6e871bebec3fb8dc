"""音箱 by ALSA: an announcement is made as WAV (voice.py, clips.py) and played by `aplay`, a process that can be ended.

Settings of unit.toml go in; `say` returns when the sound has been played. A sound card that hangs is given up 3 s after
the sound should have ended. How loud it is at which hour stands in the settings (ADR 0056).
"""

from __future__ import annotations

import datetime
import logging
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from firmware.clips import Clips
from firmware.ports import SpeakerFailed, Speech
from firmware.voice import duration_seconds, silence_wav, speech_wav

log = logging.getLogger(__name__)

PLAYER: Final = "aplay"
_GRACE_SECONDS: Final = 3.0  # for opening the card and for what lies in its buffer
_CHECK_SECONDS: Final = 0.8
_SILENCE_SECONDS: Final = 0.05
_END_SECONDS: Final = 0.5  # for a killed player to go
_CLOCK_SET_SINCE: Final = 2024  # a Pi without the time wakes in 1970: then nobody knows the hour, and a call is loud
_HALL_TIME: Final = datetime.timezone(datetime.timedelta(hours=8))  # no summer time since 1991


class Loudness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From one time of day to another, hall time, so many percent. `until` before `since` goes over midnight."""

    since: str  # HH:MM, included
    until: str  # HH:MM, not included
    percent: int

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100 or _minutes(self.since) == _minutes(self.until):
            raise ValueError("a loudness is 0 to 100 percent, between two times of day")

    def holds_at(self, minutes: int) -> bool:
        since, until = _minutes(self.since), _minutes(self.until)
        return since <= minutes < until if since < until else minutes >= since or minutes < until


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "alsa"`."""

    device: str = "default"  # an ALSA PCM: `aplay -L`; with dmix or plug in front when several programs play
    clips: str = ""  # folder of recorded clips (clips.py), an absolute path; "": always the voice
    volume_percent: int = 100  # at hours that the table does not name
    volumes: tuple[Loudness, ...] = ()  # the first that holds counts

    def __post_init__(self) -> None:
        if not self.device or self.device.startswith("-") or not 0 <= self.volume_percent <= 100:
            raise ValueError("device is the name of an ALSA PCM, volume_percent is 0 to 100")


def system_time() -> datetime.datetime:
    """Return the system's time in the hall's zone."""
    return datetime.datetime.now(_HALL_TIME)


def open_device(settings: Settings) -> AlsaSpeaker:
    return AlsaSpeaker(settings, system_time)


class AlsaSpeaker:
    """One sound card. `close()` may come from another thread: it ends what is being said."""

    simulated = False

    def __init__(self, settings: Settings, local_time: Callable[[], datetime.datetime], player: str = PLAYER) -> None:
        self._settings = settings
        self._local_time = local_time
        self._player = player
        self._clips = Clips(Path(settings.clips)) if settings.clips else None
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._playing: subprocess.Popen[bytes] | None = None

    def check(self) -> None:
        """Play a twentieth of a second of silence: the card is there, free, and takes sound."""
        self._play(silence_wav(_SILENCE_SECONDS), _CHECK_SECONDS)

    def say(self, speech: Speech) -> None:
        volume = round(speech.volume_percent * self._volume_percent() / 100)
        wav = speech_wav(replace(speech, volume_percent=volume), self._clips)
        self._play(wav, duration_seconds(wav) + _GRACE_SECONDS)

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            if self._playing is not None:
                self._playing.kill()

    def __enter__(self) -> AlsaSpeaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _volume_percent(self) -> int:
        now = self._local_time()
        if now.year >= _CLOCK_SET_SINCE:
            for loudness in self._settings.volumes:
                if loudness.holds_at(now.hour * 60 + now.minute):
                    return loudness.percent
        return self._settings.volume_percent

    def _play(self, wav: bytes, seconds_max: float) -> None:
        process = self._started()
        try:
            _, said = process.communicate(wav, timeout=seconds_max)
        except subprocess.TimeoutExpired:
            raise SpeakerFailed(f"the sound card hangs: not played within {seconds_max:.1f} s") from None
        finally:
            self._end(process)
        if process.returncode != 0 or self._closed.is_set():
            # aplay names the card and what is wrong with it, never what was said.
            words = said.decode("utf-8", "replace").strip().splitlines()
            raise SpeakerFailed(f"aplay failed: {words[-1][:200] if words else process.returncode}")

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed.is_set():
                raise SpeakerFailed("the loudspeaker has been closed")
            if self._playing is not None and self._playing.poll() is None:
                raise SpeakerFailed("the last sound still hangs in the card's driver")
            try:
                self._playing = subprocess.Popen(  # noqa: S603
                    [self._player, "-q", "-t", "wav", "-D", self._settings.device, "-"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            except OSError as error:
                self._playing = None
                raise SpeakerFailed("aplay cannot be started; Debian's package is alsa-utils") from error
            return self._playing

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.kill()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                # Stuck inside the kernel. It stays `_playing`: no second one is started beside it.
                log.warning("a player of sound cannot be ended: it hangs in the card's driver")
        for pipe in (process.stdin, process.stderr):
            if pipe is not None:
                pipe.close()


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if not (len(hours) == len(minutes) == 2 and text.replace(":", "").isdecimal()):
        raise ValueError("a time of day is HH:MM")
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("a time of day is 00:00 to 23:59")
    return int(hours) * 60 + int(minutes)

"""A call -> the display over the window, and the voice where there is a speaker: never one over another.

Calls come from the core and wait in a queue; each is shown for a while before the next, and what came of it goes back
as `CallAnnounced`. In between stands what the core says (`led.py`). Display and speaker are served by this thread
alone. Two desks that call at once are the oldest complaint about queue systems (DOMAIN.md, threads): here the second
simply comes after the first.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from broker.messages import Call, CallPurpose
from broker.wording import call_speech
from edge.events import CallAnnounced, DeviceChecked, Event
from edge.led import Led, number_of
from firmware.ports import CallDisplay, DeviceError, DisplayFailed, Speaker, SpeakerFailed, Speech

log = logging.getLogger(__name__)

SHOWN_SECONDS_MIN: Final = 1.5
_SPOKEN_BEHIND_MAX: Final = 6  # calls waiting: above this they are only shown, or the voice would never catch up
_CHECK_SECONDS: Final = 30.0
_PICKUP_PLACE: Final = "出件窗口"

_FAILURES: Final[dict[str, type[DeviceError]]] = {"call_display": DisplayFailed, "speaker": SpeakerFailed}

_TRIAL_TEXT: Final = "8888"
_TRIAL_TICKET: Final = "A8888"
_TRIAL_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Announcement:
    call: Call
    aloud: bool


@dataclass(frozen=True, slots=True)
class _Trial:
    device: str


Job = _Announcement | Led | _Trial | None  # a call, what stands in between, a technician's trial, or a check


class Announcer:
    """Owns the display and the speaker. `close()` may be called twice."""

    def __init__(
        self,
        display: CallDisplay | None,
        speaker: Speaker | None,
        put: Callable[[Event], None],
        *,
        own_window: int | None,
        shown_seconds_min: float = SHOWN_SECONDS_MIN,
    ) -> None:
        self._display = display
        self._speaker = speaker
        self._put = put
        self._own_window = own_window
        self._shown_seconds_min = shown_seconds_min
        self._jobs: queue.Queue[Job] = queue.Queue()
        self._stopping = threading.Event()
        self._standing: Led | None = None  # what the core wants there between calls; None: it has not said
        self._on_display: Led | None = None  # what was shown last; None: nobody knows
        self._said: dict[str, str] = {}  # device -> the code last reported
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopping.set()
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def announce(self, call: Call, *, aloud: bool = True) -> None:
        """Show a call, and say it if `aloud`."""
        self._jobs.put(_Announcement(call, aloud))

    def show(self, led: Led) -> None:
        """Let this stand on the display from when the calls before it were announced until something else is asked."""
        self._jobs.put(led)

    def check(self) -> None:
        self._jobs.put(None)

    def try_device(self, device: str) -> None:
        """Show a test number for some seconds, or say one, after the calls that wait."""
        self._jobs.put(_Trial(device))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._jobs.get(timeout=_CHECK_SECONDS)
            except queue.Empty:
                job = None
            if self._stopping.is_set():
                return
            try:
                self._do(job)
            except Exception:
                # The outermost loop of this thread: one call that goes wrong must not end all calls.
                log.exception("announcer: a job failed and was given up; what waits behind it goes on")

    def _do(self, job: Job) -> None:
        if isinstance(job, _Announcement):
            self._announce(job.call, aloud=job.aloud)
        elif isinstance(job, _Trial):
            self._try(job.device)
        elif job is None:
            self._check()
        else:
            self._standing = job
            self._show_standing()

    def _announce(self, call: Call, *, aloud: bool) -> None:
        shown = self._show(Led(number_of(call.ticket, call.window, self._own_window), blink=True))
        self._put(CallAnnounced(call, shown, spoken=False))
        if aloud and self._speaker is not None:
            self._put(CallAnnounced(call, shown, spoken=self._say(call)))
        # A clerk who calls again at once, or a second desk's call on the board: each is seen for a while.
        self._stopping.wait(self._shown_seconds_min)
        if self._jobs.empty():
            self._show_standing()

    def _show_standing(self) -> None:
        """Show what stands between calls, unless it is there: a text shown anew would run and blink from the start."""
        if self._standing is not None and self._standing != self._on_display:
            self._show(self._standing)

    def _show(self, led: Led) -> bool:
        """Return whether it is shown. With no display the console's pages are what shows it."""
        display = self._display
        if display is None:
            return True
        done = self._attempt("call_display", lambda: display.show(led.text, blink=led.blink))
        self._on_display = led if done else None
        return done

    def _say(self, call: Call) -> bool:
        if self._jobs.qsize() > _SPOKEN_BEHIND_MAX:
            return False
        at_pickup = call.purpose is CallPurpose.PICKUP and _PICKUP_PLACE in call.text
        return self._speak(call.ticket, call.window, call.purpose, at_pickup_place=at_pickup)

    def _speak(
        self, ticket: str, window: int, purpose: CallPurpose, *, at_pickup_place: bool = False, repeat: int = 2
    ) -> bool:
        speaker = self._speaker
        return speaker is not None and self._attempt(
            "speaker",
            lambda: speaker.say(
                Speech(pinyin=call_speech(ticket, window, purpose, at_pickup_place=at_pickup_place), repeat=repeat)
            ),
        )

    def _try(self, device: str) -> None:
        if device == "call_display" and self._show(Led(_TRIAL_TEXT)):
            self._stopping.wait(_TRIAL_SECONDS)
            self._show(self._standing or Led())
        if device == "speaker":
            self._speak(_TRIAL_TICKET, self._own_window or 1, CallPurpose.INTAKE, repeat=1)

    def _check(self) -> None:
        for name, device in (("call_display", self._display), ("speaker", self._speaker)):
            if device is not None and self._attempt(name, device.check) and name == "call_display":
                self._show_standing()  # one that was away shows nothing, or what is over by now

    def _attempt(self, device: str, work: Callable[[], None]) -> bool:
        """Do one thing with a device; report how the device is, and say whether it was done."""
        try:
            work()
        except DeviceError as error:
            self._report(device, error)
            return False
        except Exception:
            # The fence around one thing that is asked of a device: whatever its driver did, the call has its answer.
            log.exception("%s: the driver failed; what was asked of it counts as not done", device)
            self._report(device, _FAILURES[device]("the driver failed"))
            return False
        self._report(device, None)
        return True

    def _report(self, device: str, error: DeviceError | None) -> None:
        code = "ok" if error is None else error.code
        if self._said.get(device) != code:
            self._said[device] = code
            self._put(DeviceChecked(device, error))

"""The clerk's five buttons and four lamps on the header, by gpiozero. Pins are those of `firmware/wiring.py`.

Edges come from gpiozero's thread with the kernel's times, go through a `PressFilter` each, and reach the callback from
the panel's own thread. Lamps keep the state they were told to have and get it again when the chip is back.

What `check()` can prove: the chip is there, the lines are ours, no button is stuck. A cable pulled out of the box looks
like buttons that nobody presses; only a person pressing them finds that out (ADR 0013).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Annotated, Any, Final

import msgspec

from firmware.drivers.pins import OpenPins, PinFactory, as_fault_of, close_pins, open_pins, pin_errors
from firmware.ports import Button, DeviceError, DeviceMissing, Lamp, LampState
from firmware.press_filter import PressFilter
from firmware.wiring import pin

log = logging.getLogger(__name__)

BLINK_SECONDS: Final = 0.5  # lit as long as dark
STUCK_SECONDS: Final = 60.0
_RETRY_SECONDS: Final = 2.0


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options beside `kind = "gpio"`."""

    chip: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None  # of /dev/gpiochip<n>; None: this Pi's header


class PanelMissing(DeviceMissing):
    code = "panel-missing"
    notice = "按钮盒用不了：针脚打不开。请改用屏幕上的按钮，并请技术员检查。"


class ButtonStuck(DeviceError):
    code = "button-stuck"
    notice = "有按钮一直处于按下状态，请检查是否卡住或接线短路。"


def open_device(settings: Settings) -> GpioPanel:
    return GpioPanel(functools.partial(open_pins, settings.chip))


class GpioPanel:
    """Buttons between a pin and ground, lamps between a pin and ground."""

    simulated = False

    def __init__(self, open_pins: OpenPins, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the pins, or try again every 2 s until they are there."""
        self._open_pins = open_pins
        self._clock = clock
        self._lock = threading.RLock()
        self._header: _Header | None = None
        self._retry_at = 0.0
        self._lamps: dict[Lamp, LampState] = dict.fromkeys(Lamp, "off")
        self._lit = False  # the phase of what blinks
        self._held_since: dict[Button, float] = {}
        self._callback: Callable[[Button], None] | None = None
        self._edges: queue.SimpleQueue[_Edge | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        with contextlib.suppress(DeviceMissing):
            self._opened()
        self._threads = [
            threading.Thread(target=self._call_back, name="panel-presses", daemon=True),
            threading.Thread(target=self._keep, name="panel-lamps", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        with self._lock, self._fault_is_loss():
            now = self._clock()
            for button, contact in self._opened().buttons.items():
                if not contact.is_active:
                    self._held_since.pop(button, None)
                elif now - self._held_since.setdefault(button, now) > STUCK_SECONDS:
                    raise ButtonStuck(f"the button {button} is down for over {STUCK_SECONDS:.0f} s")

    def on_press(self, callback: Callable[[Button], None]) -> None:
        self._callback = callback

    def set_lamp(self, lamp: Lamp, state: LampState) -> None:
        with self._lock:
            self._lamps[lamp] = state  # kept also while the chip is away
            with self._fault_is_loss():
                self._light(self._opened(), lamp)

    def close(self) -> None:
        self._stopping.set()
        self._edges.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=3.0)
        with self._lock:
            if self._header is not None:
                self._header.close(broken=False)
                self._header = None

    def __enter__(self) -> GpioPanel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _opened(self) -> _Header:
        """Return the header, opened anew if it was lost.

        Raises:
            PanelMissing: it cannot be opened; its notice says so if a package or a permission is what is missing.
        """
        if self._stopping.is_set():
            raise PanelMissing("the panel is closed")
        if self._header is None:
            try:
                self._header = _Header(self._open_pins(), self._edges.put)
            except DeviceMissing as error:
                raise as_fault_of(PanelMissing, error) from None
            except pin_errors() as error:
                raise PanelMissing(f"a line of the panel cannot be had: {error}") from None
            for lamp in Lamp:
                self._light(self._header, lamp)
        return self._header

    @contextlib.contextmanager
    def _fault_is_loss(self) -> Any:
        """Let the header go when a line of it fails: it is opened anew by the next call.

        Raises:
            PanelMissing: in place of the library's error.
        """
        try:
            yield
        except DeviceError:
            raise
        except pin_errors() as error:
            if self._header is not None:
                self._header.close(broken=True)
                self._header = None
            self._held_since.clear()
            raise PanelMissing(f"the GPIO chip does not answer: {error}") from None

    def _light(self, header: _Header, lamp: Lamp) -> None:
        state = self._lamps[lamp]
        lit = state == "on" or (state == "blink" and self._lit)
        header.lamps[lamp].value = lit

    def _call_back(self) -> None:
        """Turn edges into presses: the panel's own thread, one callback at a time."""
        filters = {button: PressFilter() for button in Button}
        while (edge := self._edges.get()) is not None:
            button, closed, at = edge
            if not closed:
                self._held_since.pop(button, None)
            if not filters[button].edge(closed, at) or self._callback is None:
                continue
            try:
                self._callback(button)
            except DeviceError as error:
                log.warning("a press was not carried out: %s", error)
            except Exception:
                log.exception("a press was not carried out; later ones will be")

    def _keep(self) -> None:
        """Blink the lamps that blink, and look for a header that is away."""
        while not self._stopping.wait(BLINK_SECONDS):
            self._lit = not self._lit
            with self._lock:
                if self._header is None and self._clock() < self._retry_at:
                    continue
                self._retry_at = self._clock() + _RETRY_SECONDS
                with contextlib.suppress(DeviceError), self._fault_is_loss():
                    header = self._opened()
                    for lamp, state in self._lamps.items():
                        if state == "blink":
                            self._light(header, lamp)


_Edge = tuple[Button, bool, float]  # which, whether it closed, when: seconds by the clock of the kernel's edges


class _Header:
    """The panel's lines while the chip is there."""

    def __init__(self, factory: PinFactory, put: Callable[[_Edge], None]) -> None:
        """Claim all lines; on an error none stays claimed.

        Raises:
            Exception: one of `pin_errors()`.
        """
        import gpiozero

        self._factory = factory
        self.buttons: dict[Button, Any] = {}
        self.lamps: dict[Lamp, Any] = {}
        try:
            for lamp in Lamp:
                self.lamps[lamp] = gpiozero.LED(pin("panel", "gpio", f"lamp-{lamp}"), pin_factory=factory)
            for button in Button:
                # No bounce_time: lgpio's filter reports a level only after it lasted, which loses a short tap.
                contact = gpiozero.Button(pin("panel", "gpio", f"button-{button}"), pull_up=True, pin_factory=factory)
                contact.when_pressed = functools.partial(_report, put, button, True)
                contact.when_released = functools.partial(_report, put, button, False)
                self.buttons[button] = contact
        except pin_errors():
            self.close(broken=False)
            raise

    def close(self, *, broken: bool) -> None:
        for contact in self.buttons.values():
            with contextlib.suppress(*pin_errors()):
                contact.pin.when_changed = None  # or lgpio would go on calling for a line of this number
        close_pins(self._factory, (*self.buttons.values(), *self.lamps.values()), broken=broken)


def _report(put: Callable[[_Edge], None], button: Button, closed: bool, contact: Any) -> None:
    # gpiozero tells the time since the edge by the kernel's stamp of it: a late thread does not shift edges together.
    since = contact.active_time if closed else contact.inactive_time
    put((button, closed, contact.pin_factory.ticks() - (since or 0.0)))

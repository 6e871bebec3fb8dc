"""Rigs of what hangs on the header, without a header: gpiozero's mock pins, a recorder for SPI, a pty for the LED bar.

What "unplugged" means here: a wire cannot be seen to be pulled, but its controller can go away. For pins that is the
GPIO chip (not to be opened, every line failing), for SPI the device node, for the bar its serial adapter.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from gpiozero.pins.mock import MockFactory, MockPin

from firmware.drivers.call_display_max7219 import Settings as MatrixSettings
from firmware.drivers.call_display_max7219 import matrix_display
from firmware.drivers.call_display_multi_character import Settings as DigitsSettings
from firmware.drivers.call_display_multi_character import digits_display
from firmware.drivers.call_display_serial import SerialCallDisplay
from firmware.drivers.call_display_serial import Settings as SerialSettings
from firmware.drivers.panel import GpioPanel
from firmware.ports import Button, DeviceMissing, DisplayFailed
from firmware.wiring import DIGITS, SEGMENTS, pin

if TYPE_CHECKING:
    from tests.support.firmware_rigs import Rig


class MockHeader:
    """A header that can be taken away."""

    def __init__(self) -> None:
        self.gone = False
        self.opened: list[Any] = []

    def open(self) -> Any:
        if self.gone:
            raise DeviceMissing("no such GPIO chip (rig)")
        self.opened.append(_Factory(self))
        return self.opened[-1]

    def pin(self, device: str, kind: str, role: str) -> Any:
        return self.opened[-1].pin(pin(device, kind, role))

    def lit(self, lamp: str) -> bool:
        return bool(self.pin("panel", "gpio", f"lamp-{lamp}").state)

    def close_contact(self, button: Button) -> None:
        self.pin("panel", "gpio", f"button-{button}").drive_low()

    def open_contact(self, button: Button) -> None:
        self.pin("panel", "gpio", f"button-{button}").drive_high()

    def press(self, button: Button) -> None:
        self.close_contact(button)
        self.open_contact(button)

    def take_away(self) -> None:
        self.gone = True

    def bring_back(self) -> None:
        self.gone = False


class _Factory(MockFactory):  # type: ignore[misc]
    def __init__(self, header: MockHeader) -> None:
        super().__init__(pin_class=_Pin)
        self.header = header
        self.clock: float | None = None  # a test's own time
        self.let_go = False

    def close(self) -> None:
        super().close()
        self.let_go = True

    def ticks(self) -> float:
        return float(super().ticks()) if self.clock is None else self.clock


class _Pin(MockPin):  # type: ignore[misc]
    # The chip "comes back" as another one: lines that were claimed on the old one stay dead.
    def _check(self) -> None:
        header = self.factory.header
        if self.factory.let_go:
            return  # as lgpio's pins do: nothing to say to a chip that is closed
        if header.gone or self.factory is not header.opened[-1]:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def _set_function(self, value: str) -> None:
        self._check()
        super()._set_function(value)

    def _get_state(self) -> bool:
        self._check()
        return bool(super()._get_state())

    def _set_state(self, value: float) -> None:
        self._check()
        super()._set_state(value)

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and self.factory.clock is not None:
            self._last_change = self.factory.clock
        return changed


class MatrixRecorder:
    """Four FC-16 blocks on SPI as they are made: what their registers hold, seen with the data input on the left.

    Each block shifts 16 bits on to the next, so what is sent first ends in the block farthest from the input. Register
    1 + n is a row of LEDs, the lowest first; its bit 0 is the leftmost LED.
    """

    def __init__(self, blocks: int = 4) -> None:
        self.blocks = blocks
        self.registers = [[0] * 16 for _ in range(blocks)]
        self.writes = 0
        self.gone = False
        self.closed = 0

    def open(self) -> MatrixRecorder:
        if self.gone:
            raise DisplayFailed("there is no SPI device (rig)")
        return self

    def data(self, sent: list[int]) -> None:
        if self.gone:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        assert len(sent) == 2 * self.blocks, "one register of each block"
        self.writes += 1
        for place, block in enumerate(reversed(self.registers)):
            block[sent[2 * place] & 15] = sent[2 * place + 1]

    def command(self, *sent: int) -> None:
        raise AssertionError(f"a MAX7219 has no commands, got {len(sent)} bytes")

    def cleanup(self) -> None:
        self.closed += 1

    def forget(self) -> None:
        """Lose everything, as in a dip of the supply."""
        self.registers = [[0] * 16 for _ in range(self.blocks)]

    def dots(self) -> npt.NDArray[np.bool_]:
        """Return which LEDs are lit: none of a block in shutdown."""
        lit = np.zeros((8, 8 * self.blocks), np.bool_)
        for number, block in enumerate(self.registers):
            if block[0x0C] != 1 or block[0x09] != 0 or block[0x0B] != 7:
                continue
            for row in range(8):
                for column in range(8):
                    lit[7 - row, 8 * number + column] = bool(block[1 + row] >> column & 1) or block[0x0F] == 1
        return lit


class LedBar:
    """The far end of a pty: answers frames as the AM03127 does, and remembers what it took."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bar"
        self.taken: list[bytes] = []
        self.mute = False
        self.answer_seconds = 0.0
        self._thread: threading.Thread | None = None
        self.plug()

    def plug(self) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._serve, args=(master, slave, self._stop_read), daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        if self._thread is not None:
            self.path.unlink()
            os.write(self._stop_write, b"x")
            self._thread.join(timeout=3.0)
            os.close(self._stop_write)
            os.close(self._stop_read)
            self._thread = None

    def _serve(self, master: int, slave: int, stop: int) -> None:
        import select

        received = b""
        while stop not in (ready := select.select([master, stop], [], [])[0]):
            assert ready
            received += os.read(master, 256)
            while b"<E>" in received:
                whole, _, received = received.partition(b"<E>")
                if not self.mute and whole.startswith(b"<ID01>"):
                    answer = self._answer(whole[6:-2], whole[-2:])
                    select.select([stop], [], [], self.answer_seconds)
                    os.write(master, answer)
        os.close(slave)
        os.close(master)

    def _answer(self, content: bytes, check: bytes) -> bytes:
        spoken = 0
        for byte in content:
            spoken ^= byte
        if b"%02X" % spoken != check:
            return b"NACK"
        self.taken.append(content)
        return b"ACK"


def digits_lit(header: MockHeader) -> list[set[str]]:
    """Return which segments each digit shows, after watching the digits being lit one after the other."""
    here = ("call_display", "multi-character")
    seen: list[set[str]] = [set() for _ in range(DIGITS)]
    for _ in range(400):
        with contextlib.suppress(OSError):
            lit = {segment for segment in SEGMENTS if header.pin(*here, segment).state}
            chosen = [place for place in range(DIGITS) if header.pin(*here, f"digit-{place + 1}").state]
            again = {segment for segment in SEGMENTS if header.pin(*here, segment).state}
            if lit == again:
                for place in chosen:
                    seen[place] = lit
        threading.Event().wait(0.0005)
    return seen


def _rig(device: Any, controller: MockHeader, **more: Any) -> Rig:
    from tests.support.firmware_rigs import Rig  # it imports this module for its lists

    return Rig(device, unplug=controller.take_away, replug=controller.bring_back, **more)


@contextlib.contextmanager
def panel_on_mock_pins() -> Iterator[Rig]:
    header = MockHeader()
    with GpioPanel(header.open) as device:
        yield _rig(device, header, do=header.press)


@contextlib.contextmanager
def digits_on_mock_pins() -> Iterator[Rig]:
    header = MockHeader()
    with digits_display(DigitsSettings(), header.open) as device:
        yield _rig(device, header)


@contextlib.contextmanager
def matrix_on_a_recorder() -> Iterator[Rig]:
    from tests.support.firmware_rigs import Rig

    recorder = MatrixRecorder()

    def gone(value: bool) -> None:
        recorder.gone = value

    with matrix_display(MatrixSettings(), recorder.open) as device:
        yield Rig(device, unplug=lambda: gone(True), replug=lambda: gone(False))


@contextlib.contextmanager
def led_bar_on_a_pty() -> Iterator[Rig]:
    from tests.support.firmware_rigs import Rig

    with TemporaryDirectory() as folder, contextlib.ExitStack() as opened:
        bar = LedBar(Path(folder))
        opened.callback(bar.unplug)

        def hang() -> None:
            bar.mute = True

        with SerialCallDisplay(SerialSettings(port=str(bar.path))) as device:
            yield Rig(device, unplug=bar.unplug, replug=bar.plug, hang=hang)


PIN_DISPLAYS = [matrix_on_a_recorder, digits_on_mock_pins, led_bar_on_a_pty]
PIN_PANELS = [panel_on_mock_pins]

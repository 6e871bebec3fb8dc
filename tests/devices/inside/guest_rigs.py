"""The real drivers on the guest's kernel devices, as rigs for the contract tests (tests/support/firmware_rigs.py).

Each opens its device through the bench by the words of a unit.toml, and unplugs what the kernel has: a USB device from
its socket, the GPIO chip, the SPI device's driver, the sound card's.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from firmware.bench import DeviceSettings, open_bench
from firmware.ports import Button, DeviceError, IdCard
from firmware.simulators.desk import Desk
from firmware.simulators.faults import FaultSwitches
from firmware.simulators.id_card_reader import FAULTS, ReaderDevice
from firmware.simulators.papers import draw_paper
from firmware.wiring import pin
from tests.devices.inside.kernel import (
    Camera,
    Header,
    HidGun,
    Matrix,
    PrinterGadget,
    SerialGadget,
    SoundCard,
    wait_until,
)
from tests.support.driver_rigs_serial import PrinterEnd
from tests.support.firmware_rigs import Rig

FINGER_SECONDS = 0.06  # a tap; and as long between letting go and the next


@contextlib.contextmanager
def opened(device: str, kind: str, /, **options: Any) -> Iterator[Any]:
    """Open one device as a unit does, by its settings; it is there and answers."""
    settings = DeviceSettings.from_table({device: {"kind": kind, **options}}, folder=Path())
    with open_bench(settings) as bench:
        port = getattr(bench, device)
        wait_until(f"the {device}", functools.partial(answers, port))
        yield port


def answers(port: Any) -> bool:
    try:
        port.check()
    except DeviceError:
        return False
    return True


@contextlib.contextmanager
def hid_gun_on_usb() -> Iterator[Rig]:
    gun = HidGun()
    with gun, opened("scanner", "hid", device=str(gun.node)) as port:

        def replug() -> None:
            gun.plug()
            wait_until("the gun", functools.partial(answers, port))

        yield Rig(port, unplug=gun.unplug, replug=replug, do=gun.type)


@contextlib.contextmanager
def serial_gun_on_usb() -> Iterator[Rig]:
    gun = SerialGadget("Serial Gun", "GUN0002")
    with gun, opened("scanner", "serial", port=str(gun.node)) as port:

        def replug() -> None:
            gun.plug()
            wait_until("the gun", functools.partial(answers, port))

        yield Rig(port, unplug=gun.unplug, replug=replug, do=lambda text: gun.send(text.encode() + b"\r"))


def desk_jpeg(desk: Desk, width: int, height: int) -> bytes:
    """Return what a camera over the desk sends, of this size."""
    picture = cv2.resize(desk.frame("photograph"), (width, height), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    assert done
    return data.tobytes()


@functools.cache
def a_desk() -> bytes:
    desk = Desk(seed=3)
    desk.lay(draw_paper("id_card", seed=1))
    return desk_jpeg(desk, 1944, 2592)


@contextlib.contextmanager
def camera_on_v4l2() -> Iterator[Rig]:
    with tempfile.TemporaryDirectory() as folder:
        camera = Camera(Path(folder), a_desk(), 1944, 2592)
        options = {"device": str(camera.node), "width": 1944, "height": 2592, "warm_up_seconds": 0.5}
        try:
            with opened("document_camera", "v4l2", **options) as port:
                wait_until("the first frame", functools.partial(_sees, port))

                def replug() -> None:
                    camera.close()
                    camera.plug()
                    wait_until("the camera's first frame", functools.partial(_sees, port))

                yield Rig(
                    port,
                    unplug=camera.unplug,
                    replug=replug,
                    hang=lambda: setattr(camera, "hangs", True),
                    do=lambda: None,
                )
        finally:
            camera.close()


def _sees(port: Any) -> bool:
    try:
        port.preview()
    except DeviceError:
        return False
    return True


@contextlib.contextmanager
def matrix_on_spi() -> Iterator[Rig]:
    matrix = Matrix()
    matrix.replug()
    try:
        with opened("call_display", "max7219") as port:
            yield Rig(port, unplug=matrix.unplug, replug=matrix.replug)
    finally:
        matrix.replug()


@contextlib.contextmanager
def digits_on_gpio() -> Iterator[Rig]:
    header = Header()
    try:
        with opened("call_display", "multi-character", chip=header.chip) as port:
            yield Rig(port, unplug=header.unplug, replug=header.plug)
    finally:
        header.close()


def press(header: Header, button: Button) -> None:
    """Tap a button as a finger does."""
    line = pin("panel", "gpio", f"button-{button}")
    for level in (0, 1):
        header.pull(line, level)
        time.sleep(FINGER_SECONDS)


@contextlib.contextmanager
def panel_on_gpio() -> Iterator[Rig]:
    header = Header()
    try:
        with opened("panel", "gpio", chip=header.chip) as port:
            yield Rig(port, unplug=header.unplug, replug=header.plug, do=lambda button: press(header, button))
    finally:
        header.close()


@contextlib.contextmanager
def speaker_on_a_loopback() -> Iterator[Rig]:
    card = SoundCard()
    card.replug()
    try:
        with opened("speaker", "alsa", device=card.PLAYS_INTO) as port:
            yield Rig(port, unplug=card.unplug, replug=card.replug)
    finally:
        card.replug()


class CardReader:
    """A card reader's own end: the simulator's frames on a real line."""

    def __init__(self) -> None:
        self.faults = FaultSwitches("id_card_reader", FAULTS)
        self.reader = ReaderDevice(self.faults)

    def answer(self, asked: bytes) -> bytes:
        self.reader.write(asked)
        return self.reader.read(8192, 0.0)

    def lay(self, card: IdCard) -> None:
        self.reader.lay(card)


@contextlib.contextmanager
def card_reader_on_usb_serial() -> Iterator[Rig]:
    end = CardReader()
    gadget = SerialGadget("Card Reader", "READER0001", end.answer)
    with gadget, opened("id_card_reader", "serial", port=str(gadget.node)) as port:

        def lift() -> None:
            end.reader.lift()
            port.read(timeout_seconds=0.0)  # the unit's thread asks three times a second: it has seen the empty field

        yield Rig(
            port,
            unplug=gadget.unplug,
            replug=gadget.plug,
            hang=lambda: end.faults.set("silent", True),
            do=end.lay,
            undo=lift,
        )


@contextlib.contextmanager
def printer_on_usb_serial() -> Iterator[Rig]:
    end = PrinterEnd()
    gadget = SerialGadget("Slip Printer", "PRINTER0002", end.take)
    with gadget, opened("ticket_printer", "serial", port=str(gadget.node), baud=115_200) as port:
        yield Rig(port, unplug=gadget.unplug, replug=gadget.plug, hang=lambda: setattr(end, "silent", True))


@contextlib.contextmanager
def printer_on_usb() -> Iterator[Rig]:
    end = PrinterEnd()
    gadget = PrinterGadget("PRINTER0001", end.take)
    with gadget, opened("ticket_printer", "usb", usb_vendor="1d6b", usb_product="0104") as port:

        def replug() -> None:
            gadget.plug()
            wait_until("the printer", functools.partial(answers, port))

        yield Rig(port, unplug=gadget.unplug, replug=replug, hang=lambda: setattr(end, "silent", True))


SCANNERS = [hid_gun_on_usb, serial_gun_on_usb]
DOCUMENT_CAMERAS = [camera_on_v4l2]
CALL_DISPLAYS = [matrix_on_spi, digits_on_gpio]
PANELS = [panel_on_gpio]
SPEAKERS = [speaker_on_a_loopback]
ID_CARD_READERS = [card_reader_on_usb_serial]
TICKET_PRINTERS = [printer_on_usb_serial, printer_on_usb]

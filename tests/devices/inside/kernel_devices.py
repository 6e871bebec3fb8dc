"""Level 2: what a driver does at the far end of its wire, where the contract tests cannot look.

Run in the guest by guest_tests.sh, on the kernel's devices; not collected by `make test`.
"""

from __future__ import annotations

import functools
import threading
import time
from pathlib import Path

import numpy as np

from edge.capture import capture
from firmware.led_matrix import matrix_dots
from firmware.ports import Button, Lamp, Slip, SlipLine, Speech
from firmware.wiring import pin
from tests.devices.inside import guest_rigs
from tests.devices.inside.kernel import Header, HidGun, Matrix, PrinterGadget, SoundCard, wait_until
from tests.support.driver_rigs_serial import PrinterEnd

TICKET = "OW1 $%*+-./:ABCXYZ0189/"  # every character that a ticket's code can have, base45's and ours


def test_every_character_of_a_tickets_code_passes_a_gun_that_types() -> None:
    with HidGun() as gun, guest_rigs.opened("scanner", "hid", device=str(gun.node)) as port:

        def type_it() -> None:
            for _ in range(5):
                gun.type(TICKET)

        typing = threading.Thread(target=type_it)
        typing.start()
        seen = [port.read(timeout_seconds=5.0) for _ in range(5)]
        typing.join()

    assert [scan.text for scan in seen if scan is not None] == [TICKET] * 5


def test_a_grabbed_gun_types_to_nobody_else() -> None:
    import evdev

    with HidGun() as gun:
        other = evdev.InputDevice(str(gun.node))
        with guest_rigs.opened("scanner", "hid", device=str(gun.node)) as port:
            gun.type("A6027")
            assert port.read(timeout_seconds=5.0) is not None

            try:
                others = list(other.read())
            except BlockingIOError:
                others = []

        other.close()
    assert [event for event in others if event.type == evdev.ecodes.EV_KEY] == []


def test_fifty_quick_presses_with_chatter_are_fifty_presses() -> None:
    header, presses = Header(), list[Button]()
    try:
        with guest_rigs.opened("panel", "gpio", chip=header.chip) as port:
            port.on_press(presses.append)
            line = pin("panel", "gpio", f"button-{Button.NEXT}")
            for _ in range(50):
                for level in (0, 1, 0):  # it chatters as it closes
                    header.pull(line, level)
                time.sleep(guest_rigs.FINGER_SECONDS)
                header.pull(line, 1)
                time.sleep(guest_rigs.FINGER_SECONDS)
            wait_until("the last press", lambda: len(presses) >= 50)
    finally:
        header.close()

    assert presses == [Button.NEXT] * 50


def test_lamps_set_their_lines_and_come_back_with_the_chip() -> None:
    header = Header()
    line = pin("panel", "gpio", f"lamp-{Lamp.READY}")
    try:
        with guest_rigs.opened("panel", "gpio", chip=header.chip) as port:
            port.set_lamp(Lamp.READY, "on")
            wait_until("the lamp", lambda: header.level(line) == 1)
            port.set_lamp(Lamp.READY, "blink")
            wait_until("the lamp's dark half", lambda: header.level(line) == 0)
            wait_until("the lamp's lit half", lambda: header.level(line) == 1)
            port.set_lamp(Lamp.READY, "on")

            header.unplug()
            wait_until("the fault", lambda: not guest_rigs.answers(port))
            header.plug()

            wait_until("the panel", lambda: guest_rigs.answers(port))
            wait_until("the lamp after it", lambda: header.level(line) == 1)
    finally:
        header.close()


def test_the_led_matrix_behind_spi_shows_the_text_dot_for_dot() -> None:
    matrix = Matrix()
    matrix.replug()

    with guest_rigs.opened("call_display", "max7219") as port:
        for text in ("A6027", "B1", "8888", ""):
            port.show(text)
            wait_until(f"the text {text}", functools.partial(_shows, matrix, text))


def _shows(matrix: Matrix, text: str) -> bool:
    return np.array_equal(matrix.dots(), matrix_dots(text, blink=False, seconds=0))


def test_the_led_matrix_shows_its_text_again_when_spi_is_back() -> None:
    matrix = Matrix()
    matrix.replug()

    with guest_rigs.opened("call_display", "max7219") as port:
        port.show("A6027")
        matrix.unplug()
        wait_until("the fault", lambda: not guest_rigs.answers(port))
        matrix.replug()

        wait_until("the display", lambda: guest_rigs.answers(port))
        wait_until("the text", functools.partial(_shows, matrix, "A6027"))


def test_a_slip_reaches_the_usb_printer_whole_and_is_cut_once() -> None:
    end = PrinterEnd()
    slip = Slip(lines=(SlipLine(text="双井街道便民服务中心"), SlipLine(text="A6027", size="huge"), SlipLine(qr="OW1/")))

    with PrinterGadget("PRINTER0003", end.take):
        ids = {"usb_vendor": "1d6b", "usb_product": "0104", "serial_number": "PRINTER0003"}
        with guest_rigs.opened("ticket_printer", "usb", **ids) as port:
            port.print_slip(slip)

    assert b"A6027" in end.printed
    assert "双井街道".encode("gb18030") in end.printed
    assert end.cuts == 1


def test_a_page_from_the_video_device_is_captured_and_judged() -> None:
    with guest_rigs.camera_on_v4l2() as rig:
        page = capture(rig.device.photograph(5.0).pixels)

    assert page.corners is not None
    assert page.usable, page.verdict.code


def test_what_is_said_is_heard_on_the_other_side_of_the_sound_card(tmp_path: Path) -> None:
    card, recording = SoundCard(), tmp_path / "said.wav"
    card.replug()

    with guest_rigs.opened("speaker", "alsa", device=card.PLAYS_INTO) as port, card.recorded(recording):
        port.say(Speech(pinyin="qing3 A liu4 ling2 er4 qi1 hao4", chime=True, repeat=1))

    samples = np.frombuffer(recording.read_bytes()[44:][: -1 if recording.stat().st_size % 2 else None], np.int16)
    assert np.abs(samples.astype(np.int32)).max(initial=0) > 2000

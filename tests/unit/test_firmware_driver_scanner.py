"""Wired scanner guns: bytes and keys on a wire become whole scans, or none."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import msgspec
import pytest

from firmware.drivers import scanner_hid, scanner_serial
from firmware.drivers.input_nodes import SeveralGuns, find_gun_nodes
from firmware.drivers.scanner_gun import ScannerForbidden, ScannerTaken, now_ms
from firmware.drivers.scanner_hid import HidScanner
from firmware.key_codes import KeyDecoder
from firmware.ports import ScannerMissing
from firmware.scan_assembly import SCAN_CHARACTERS_MAX, ScannerUnended
from tests.support.driver_rigs_serial import EV_KEY, EV_SYN, WireRig, hid_scanner, key_events, serial_scanner

ALT, CONTROL, CAPS_LOCK, NUM_LOCK, ENTER, F1 = 56, 29, 58, 69, 28, 59
KEYPAD = {"0": 82, "1": 79, "2": 80, "3": 81, "4": 75, "5": 76, "6": 77, "7": 71, "8": 72, "9": 73}


def texts(rig: WireRig, timeout_seconds: float = 0.3) -> list[str]:
    found = []
    while (scan := rig.device.read(timeout_seconds)) is not None:
        found.append(scan.text)
        timeout_seconds = 0.0
    return found


def stroke(code: int) -> list[tuple[int, int, int]]:
    return [(EV_KEY, code, 1), (EV_SYN, 0, 0), (EV_KEY, code, 0), (EV_SYN, 0, 0)]


def alt_code(figures: str) -> list[tuple[int, int, int]]:
    return [(EV_KEY, ALT, 1), *(event for figure in figures for event in stroke(KEYPAD[figure])), (EV_KEY, ALT, 0)]


# Serial


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_two_scans_back_to_back_in_one_read_are_two(end: bytes) -> None:
    with serial_scanner() as rig:
        rig.do(b"A6027" + end + b"A6028" + end)

        assert texts(rig) == ["A6027", "A6028"]


def test_a_gun_set_to_tab_ends_its_scans_with_tab_and_only_such_a_gun() -> None:
    with serial_scanner(suffix="tab") as tabbed, serial_scanner() as entered:
        tabbed.do(b"A6027\tA6028\t\r\n")
        entered.do(b"A\tB\r")

        assert texts(tabbed) == ["A6027", "A6028"]
        assert texts(entered) == ["A\tB"]


def test_512_characters_are_a_scan_and_513_are_none() -> None:
    with serial_scanner() as rig:
        rig.do(b"1" * (SCAN_CHARACTERS_MAX + 1) + b"\r" + b"2" * SCAN_CHARACTERS_MAX + b"\r")

        assert texts(rig) == ["2" * SCAN_CHARACTERS_MAX]


def test_half_a_scan_and_its_late_tail_leave_the_next_scan_whole() -> None:
    with serial_scanner() as rig:
        rig.do(b"A60")
        assert rig.device.read(timeout_seconds=0.0) is None  # waits for the rest and gives it up

        rig.do(b"27\rA6028\r")

        assert texts(rig) == ["A6028"]


def test_a_scan_that_begins_before_the_timeout_is_waited_for() -> None:
    with serial_scanner() as rig:
        rig.do(b"A60")
        rest = threading.Timer(0.05, rig.do, [b"27\r"])
        rest.start()

        assert texts(rig, timeout_seconds=0.0) == ["A6027"]
        rest.join()


def test_a_gun_that_never_ends_a_scan_costs_one_second_more_and_no_longer() -> None:
    with serial_scanner() as rig:
        stop = threading.Event()

        def chatter() -> None:
            while not stop.wait(0.02):
                rig.do(b"9")

        thread = threading.Thread(target=chatter)
        thread.start()
        begun = time.monotonic()
        try:
            assert rig.device.read(timeout_seconds=0.1) is None
            assert time.monotonic() - begun < 2.0
        finally:
            stop.set()
            thread.join()


def test_a_busy_unit_does_not_take_its_own_delay_for_the_guns_silence() -> None:
    """What lies in the kernel's buffer came at an unknown time: two halves of one scan were read 0.2 s apart."""
    with serial_scanner() as rig:
        rig.do(b"A60")
        assert rig.device._take(0.0)
        rig.do(b"27\r")
        time.sleep(0.15)  # the unit is busy

        assert texts(rig) == ["A6027"]


def test_a_gun_without_a_suffix_says_so_until_its_first_whole_scan() -> None:
    """Nothing came of any scan, and nothing was said: the technician could only guess that it was the suffix."""
    with serial_scanner() as rig:
        rig.device.check()
        for _ in range(2):
            rig.device._assembly.feed(b"A6027", now_ms())
            rig.device._assembly.pass_time(now_ms() + 200)
            rig.device._assembly._last_ms = now_ms() - 2000  # the next is scanned two seconds later

        for ask in (rig.device.check, lambda: rig.device.read(timeout_seconds=0.0)):
            with pytest.raises(ScannerUnended, match="suffix"):
                ask()

        rig.do(b"A6028\r")
        assert texts(rig) == ["A6028"]
        rig.device.check()


def test_bytes_that_are_no_utf8_are_dropped_and_chinese_is_read_as_the_gun_is_set() -> None:
    with serial_scanner() as utf8, serial_scanner(encoding="gb18030") as gb:
        utf8.do("双井".encode("gb18030") + b"\r" + "双井\r".encode() + b"\xff\xfe\r")
        gb.do("双井㐀".encode("gb18030") + b"\r" + b"A6027\r" + b"\xff\xff\r")

        assert texts(utf8) == ["双井"]
        assert texts(gb) == ["双井㐀", "A6027"]


def test_what_was_half_scanned_at_the_unplugging_is_never_joined_to_the_next() -> None:
    with serial_scanner() as rig:
        rig.do(b"A60")
        assert rig.device._take(0.5)
        rig.unplug()
        with pytest.raises(ScannerMissing):
            rig.device.read(timeout_seconds=0.1)

        rig.replug()
        rig.do(b"28\r")

        assert texts(rig) == ["28"]


def test_a_line_that_another_program_holds_is_said_to_be_taken() -> None:
    with serial_scanner() as rig:
        other = scanner_serial.open_device(scanner_serial.Settings(port=str(rig.far.path)))
        try:
            with pytest.raises(ScannerTaken) as raised:
                other.check()
            assert raised.value.notice.endswith("。")
        finally:
            other.close()


# Keyboard mode


def test_every_printable_ascii_character_is_typed_as_it_stands() -> None:
    every = "".join(chr(code) for code in range(32, 127))
    with hid_scanner() as rig:
        rig.far.play(key_events(every[:48] + "\r"))
        first = texts(rig)
        rig.far.play(key_events(every[48:] + "\r"))

        assert first + texts(rig) == [every[:48], every[48:]]


def test_caps_lock_and_num_lock_change_nothing() -> None:
    with hid_scanner() as rig:
        rig.far.play([*stroke(CAPS_LOCK), *stroke(NUM_LOCK), *key_events("aB1\r"), *stroke(CAPS_LOCK)])

        assert texts(rig) == ["aB1"]


def test_alt_codes_of_ascii_are_read_and_others_spoil_their_scan_only() -> None:
    with hid_scanner() as rig:
        rig.far.play([*alt_code("065"), *alt_code("66"), *stroke(ENTER)])
        rig.far.play([*key_events("X"), *alt_code("54992"), *stroke(ENTER)])
        rig.far.play(key_events("A6027\r"))

        assert texts(rig) == ["AB", "A6027"]


def test_control_m_ends_a_scan_and_a_function_key_spoils_it() -> None:
    with hid_scanner() as rig:
        rig.far.play([*key_events("A1"), (EV_KEY, CONTROL, 1), *stroke(50), (EV_KEY, CONTROL, 0)])
        rig.far.play([*key_events("A2"), *stroke(F1), *stroke(ENTER)])
        rig.far.play(key_events("A3\r"))

        assert texts(rig) == ["A1", "A3"]


def test_a_key_that_repeats_by_itself_is_typed_once() -> None:
    with hid_scanner() as rig:
        rig.far.play([(EV_KEY, 30, 1), (EV_KEY, 30, 2), (EV_KEY, 30, 2), (EV_KEY, 30, 0), *stroke(ENTER)])

        assert texts(rig) == ["a"]


def test_lost_key_events_drop_the_scan_that_has_the_hole() -> None:
    with hid_scanner() as rig:
        rig.far.play([*key_events("A60"), (EV_SYN, 3, 0), *key_events("27\r"), *key_events("B1\r")])

        assert texts(rig) == ["B1"]


def test_half_a_scan_by_the_kernels_times_is_dropped_though_both_are_read_at_once() -> None:
    with hid_scanner() as rig:
        now = time.monotonic()
        rig.far.play(key_events("A60"), at=now - 0.7)
        rig.far.play(key_events("27\r"), at=now - 0.5)
        rig.far.play(key_events("B1\r"), at=now)

        assert texts(rig) == ["B1"]


def test_keys_that_went_before_the_grab_never_become_a_scan() -> None:
    with hid_scanner() as rig:
        rig.unplug()
        with pytest.raises(ScannerMissing):
            rig.device.check()
        rig.far.before_the_grab = key_events("027\r")
        rig.far.held = [30]

        rig.replug()
        rig.do("A6028")

        assert texts(rig) == ["A6028"]
        assert rig.far.grabs == 2


def test_a_gun_back_under_another_event_number_is_grabbed_again() -> None:
    with hid_scanner() as rig:
        before = os.path.realpath(rig.far.path)
        rig.unplug()
        rig.replug()

        rig.do("A6027")

        assert os.path.realpath(rig.far.path) != before
        assert texts(rig) == ["A6027"]
        assert rig.far.grabs == 2


def test_a_grab_or_a_permission_that_is_missing_is_said_plainly_and_mended_by_trying_again() -> None:
    with hid_scanner() as rig:
        rig.unplug()
        rig.far.plug()
        rig.far.grabbed_elsewhere = True
        with pytest.raises(ScannerTaken, match="another program"):
            rig.device.read(timeout_seconds=0.0)
        rig.far.grabbed_elsewhere, rig.far.forbidden = False, True
        with pytest.raises(ScannerForbidden):
            rig.device.read(timeout_seconds=0.0)

        rig.far.forbidden = False
        rig.device.check()


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"usb_vendor": "1234"},
        {"device": "/dev/input/event1", "name": "Gun"},
        {"usb_vendor": "12G4", "usb_product": "5678"},
    ],
)
def test_settings_that_name_no_gun_or_two_are_refused(table: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, scanner_hid.Settings)


# Which node


def a_node(folder: Path, number: int, *, phys: str, keys: str, name: str = "Gun", product: str = "5678") -> None:
    about = folder / f"event{number}" / "device"
    for path, text in {
        "id/vendor": "1234", "id/product": product, "name": name, "phys": phys, "uniq": "", "capabilities/key": keys,
    }.items():  # fmt: skip
        (about / path).parent.mkdir(parents=True, exist_ok=True)
        (about / path).write_text(text + "\n")


ALL_KEYS = "ff ffffffffffffff fffffffffffffffe"
MEDIA_KEYS = "3f000 0 0 0"


def nodes(folder: Path, **wanted: str) -> list[str]:
    about = {"vendor": "1234", "product": "5678", "name": ""} | wanted
    return find_gun_nodes(**about, sys_folder=folder, dev_folder=Path("/dev/input"))


def test_of_a_guns_two_nodes_the_one_with_figures_is_taken_and_no_other_keyboard(tmp_path: Path) -> None:
    a_node(tmp_path, 1, phys="usb-1.1/input0", keys=ALL_KEYS, name="Clerk's keyboard", product="0001")
    a_node(tmp_path, 2, phys="usb-1.2/input0", keys=MEDIA_KEYS)
    a_node(tmp_path, 3, phys="usb-1.2/input1", keys=ALL_KEYS)

    assert nodes(tmp_path) == ["/dev/input/event3"]


def test_of_two_nodes_with_figures_both_are_taken(tmp_path: Path) -> None:
    a_node(tmp_path, 2, phys="usb-1.2/input0", keys=ALL_KEYS)
    a_node(tmp_path, 3, phys="usb-1.2/input1", keys=ALL_KEYS)

    assert nodes(tmp_path) == ["/dev/input/event2", "/dev/input/event3"]


def test_two_guns_of_one_model_are_not_guessed_between(tmp_path: Path) -> None:
    a_node(tmp_path, 2, phys="usb-1.2/input0", keys=ALL_KEYS)
    a_node(tmp_path, 3, phys="usb-1.3/input0", keys=ALL_KEYS)

    with pytest.raises(SeveralGuns):
        nodes(tmp_path)


def test_a_gun_that_is_not_there_is_none_and_its_scanner_missing(tmp_path: Path) -> None:
    assert nodes(tmp_path) == []
    settings = scanner_hid.Settings(usb_vendor="1234", usb_product="5678")

    with HidScanner(settings, sys_folder=tmp_path) as scanner, pytest.raises(ScannerMissing):
        scanner.check()


def test_no_key_and_no_order_of_keys_breaks_the_decoder() -> None:
    decoder = KeyDecoder()
    for code in range(768):
        decoder.press(code)
    for code in range(767, -1, -1):
        decoder.release(code)

    assert decoder.press(30) == b"a"

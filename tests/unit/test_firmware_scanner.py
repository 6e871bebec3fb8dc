"""Scans put together from a gun's bytes, and the simulated gun that reads pictures."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.ports import ScannerMissing
from firmware.scan_assembly import SCAN_CHARACTERS_MAX, SCANS_WAITING_MAX, ScanAssembly, ScannerUnended
from firmware.simulators.scanner import SimulatedScanner
from tests.support.firmware_rigs import code_picture


def scans(assembly: ScanAssembly) -> list[str]:
    found = []
    while (scan := assembly.next_scan()) is not None:
        found.append(scan)
    return found


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_scan_ends_with_cr_or_lf_or_both(end: bytes) -> None:
    assembly = ScanAssembly()
    assembly.feed(b"A6027" + end + b"A6028" + end, now_ms=0)

    assert scans(assembly) == ["A6027", "A6028"]


def test_the_rest_of_a_scan_may_come_until_100_ms_later_and_no_later() -> None:
    """A tail that came 150 ms late was delivered as a scan: "GHI/" of a ticket's code, told to be no ticket."""
    assembly = ScanAssembly()
    assembly.feed(b"A60", now_ms=0)
    assembly.feed(b"27\r", now_ms=100)
    assembly.feed(b"OW1ABCDEF", now_ms=200)
    assembly.feed(b"GHI/\r", now_ms=350)
    assembly.feed(b"A6028\r", now_ms=400)

    assert scans(assembly) == ["A6027", "A6028"]
    assert assembly.dropped == 1


@pytest.mark.parametrize(("pause_ms", "found"), [(999, []), (1000, ["A6028"])])
def test_what_comes_a_second_after_a_half_scan_is_a_new_one_and_no_tail(pause_ms: int, found: list[str]) -> None:
    assembly = ScanAssembly()
    assembly.feed(b"A60", now_ms=0)
    assembly.feed(b"A6028\r", now_ms=pause_ms)

    assert scans(assembly) == found


def test_a_tail_in_pieces_is_dropped_up_to_its_end_as_one_scan() -> None:
    assembly = ScanAssembly()
    for piece, now_ms in ((b"OW1", 0), (b"ABC", 300), (b"DEF", 600), (b"\r", 900), (b"A6028\r", 1000)):
        assembly.feed(piece, now_ms)

    assert scans(assembly) == ["A6028"]
    assert assembly.dropped == 1


def test_a_late_suffix_ends_the_half_scan_and_leaves_the_next_alone() -> None:
    assembly = ScanAssembly()
    assembly.feed(b"A6027", now_ms=0)
    assembly.feed(b"\r", now_ms=200)
    assembly.feed(b"A6028\r", now_ms=400)

    assert scans(assembly) == ["A6028"]


def test_a_gun_whose_scans_have_no_end_is_found_out_at_the_second_and_believed_at_the_first_whole_one() -> None:
    assembly = ScanAssembly()
    assembly.feed(b"A6027", now_ms=0)
    assembly.pass_time(2000)
    assembly.must_end()
    assembly.feed(b"A6028", now_ms=3000)
    assembly.pass_time(5000)

    with pytest.raises(ScannerUnended) as raised:
        assembly.must_end()
    assert "后缀" in raised.value.notice
    assert "A60" not in str(raised.value)

    assembly.feed(b"A6029\r", now_ms=6000)
    assembly.must_end()
    assert scans(assembly) == ["A6029"]


def test_an_unplugged_gun_is_judged_anew() -> None:
    assembly = ScanAssembly()
    for now_ms in (0, 2000, 4000):
        assembly.feed(b"A6027", now_ms)

    assembly.reset()

    assembly.must_end()


def test_a_scan_of_512_characters_is_taken_and_a_longer_one_dropped_whole() -> None:
    assembly = ScanAssembly()
    assembly.feed(b"1" * SCAN_CHARACTERS_MAX + b"\r" + b"2" * (SCAN_CHARACTERS_MAX + 1) + b"\r", now_ms=0)
    assembly.feed(b"3" * 1_000_000 + b"\rA6027\r", now_ms=1)

    assert scans(assembly) == ["1" * SCAN_CHARACTERS_MAX, "A6027"]
    assert assembly.dropped == 2


def test_bytes_that_are_no_text_are_dropped_and_chinese_is_kept() -> None:
    assembly = ScanAssembly()
    assembly.feed(b"\xff\xfe\x80\r" + "双井\r".encode(), now_ms=0)

    assert scans(assembly) == ["双井"]


def test_of_more_scans_than_anyone_fetches_the_newest_stay() -> None:
    assembly = ScanAssembly()
    for number in range(SCANS_WAITING_MAX + 1):
        assembly.feed(f"{number}\r".encode(), now_ms=number)

    assert scans(assembly)[0] == "1"


@given(st.lists(st.tuples(st.binary(max_size=700), st.integers(0, 300)), max_size=10))
def test_any_bytes_give_scans_within_their_bound(pieces: list[tuple[bytes, int]]) -> None:
    assembly, now_ms = ScanAssembly(), 0
    for data, wait_ms in pieces:
        now_ms += wait_ms
        assembly.feed(data, now_ms)

    assert all(0 < len(scan) <= SCAN_CHARACTERS_MAX for scan in scans(assembly))


def test_a_picture_without_a_code_makes_no_beep() -> None:
    with SimulatedScanner() as scanner:
        assert not scanner.present(np.full((400, 300, 3), 240, np.uint8))
        assert scanner.read(timeout_seconds=0.0) is None


def test_of_two_codes_the_gun_reads_the_one_it_is_aimed_at() -> None:
    aside, aimed = code_picture("ASIDE"), code_picture("AIMED")
    picture = np.full((900, 900, 3), 255, np.uint8)
    picture[: aside.shape[0], : aside.shape[1]] = aside
    top, left = 450 - aimed.shape[0] // 2, 450 - aimed.shape[1] // 2
    picture[top : top + aimed.shape[0], left : left + aimed.shape[1]] = aimed

    with SimulatedScanner() as scanner:
        assert scanner.present(picture)
        scan = scanner.read(timeout_seconds=0.0)

    assert scan is not None
    assert (scan.text, scan.symbology) == ("AIMED", "qr")


@pytest.mark.parametrize("fault", ["half", "garbage", "overlong"])
def test_a_faulty_transmission_gives_no_scan(fault: str) -> None:
    with SimulatedScanner() as scanner:
        scanner.faults.set(fault, True)
        assert scanner.present(code_picture("OW1ABC"))

        assert scanner.read(timeout_seconds=0.15) is None


def test_a_simulated_gun_without_a_suffix_says_so_as_a_wired_one_does() -> None:
    with SimulatedScanner() as scanner:
        scanner.faults.set("half", True)
        for _ in range(2):
            scanner.present(code_picture("OW1ABC"))
            with contextlib.suppress(ScannerUnended):
                assert scanner.read(timeout_seconds=1.1) is None

        with pytest.raises(ScannerUnended):
            scanner.check()

        scanner.faults.set("half", False)
        scanner.present(code_picture("OW1ABC"))
        scan = scanner.read(timeout_seconds=0.0)
        assert scan is not None
        scanner.check()


def test_a_silent_gun_does_not_beep_and_a_closed_one_is_missing() -> None:
    scanner = SimulatedScanner()
    scanner.faults.set("silent", True)
    assert not scanner.present(code_picture("OW1ABC"))

    scanner.close()

    with pytest.raises(ScannerMissing):
        scanner.read(timeout_seconds=0.0)


def test_a_scan_never_shows_in_its_repr() -> None:
    with SimulatedScanner() as scanner:
        scanner.present(code_picture("OW1SECRET"))

        assert "SECRET" not in repr(scanner.read(timeout_seconds=0.0))

"""What the display over a window, or of the hall board, shows: a number as long as it is waited for, and no longer."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from broker.messages import CallPurpose, ReadyCase
from edge.commands import (
    AcceptVisit,
    CallNext,
    ChooseItem,
    EndVisit,
    HandOver,
    HandToRear,
    PassTicket,
    ScanText,
    TakePage,
)
from edge.events import DeviceChecked
from edge.led import DEMO, NOTHING_SEES, SETUP, STORAGE_FULL, STORAGE_READ_ONLY, Led, led, number_of, trouble_of
from edge.view import Role
from firmware.ports import CameraMissing, ScannerMissing
from firmware.seven_segment import FONT
from firmware.simulators.call_display import SimulatedCallDisplay
from tests.support.edge_fixture import TODAY, UnitRig

BOTH = ("scanner", "document_camera")


# --- the rules --------------------------------------------------------------------------------------------------------


def test_a_number_wins_over_everything() -> None:
    assert led(called="A6027", served="A6001", linked=False, trouble=STORAGE_FULL, demo=True) == Led("A6027", True)
    assert led(served="A6001", linked=False, trouble=STORAGE_FULL, demo=True) == Led("A6001")


def test_without_a_number_the_technician_sees_what_is_wrong_first() -> None:
    assert led(linked=False, trouble=STORAGE_FULL, demo=True) == Led(SETUP)
    assert led(trouble=STORAGE_FULL, demo=True) == Led(STORAGE_FULL)
    assert led(demo=True) == Led(DEMO)
    assert led() == Led()


def test_the_window_stands_behind_the_number_where_it_is_another() -> None:
    assert (number_of("A6027", 3, 3), number_of("A6027", 3, None)) == ("A6027", "A6027-3")


@pytest.mark.parametrize(
    ("failing", "full", "read_only", "code"),
    [
        ((), False, False, ""),
        (("scanner",), False, False, ""),
        (("document_camera", "speaker"), False, False, ""),
        (BOTH, False, False, NOTHING_SEES),
        (BOTH, True, False, STORAGE_FULL),
        ((), True, True, STORAGE_READ_ONLY),
    ],
)
def test_a_window_that_cannot_take_papers_shows_a_code(
    failing: tuple[str, ...], full: bool, read_only: bool, code: str
) -> None:
    assert trouble_of(Role.INTAKE, BOTH, failing, full=full, read_only=read_only) == code


def test_where_the_camera_is_the_scanner_one_fault_is_enough_and_what_takes_no_papers_shows_no_code() -> None:
    camera = ("document_camera",)

    assert trouble_of(Role.STATION, camera, camera, full=False, read_only=False) == NOTHING_SEES
    assert trouble_of(Role.INTAKE, (), (), full=False, read_only=False) == ""
    for role in (Role.PICKUP, Role.BOARD, Role.KIOSK):
        assert trouble_of(role, BOTH, BOTH, full=True, read_only=True) == ""


@pytest.mark.parametrize("text", [SETUP, DEMO, STORAGE_FULL, STORAGE_READ_ONLY, NOTHING_SEES])
def test_every_word_is_drawn_by_the_matrix_and_by_seven_segments(text: str) -> None:
    display = SimulatedCallDisplay(clock=lambda: 0.0)
    display.show(text)

    lit = np.argwhere(display.dots())
    assert lit[:, 1].min() >= 1, "it stands still: what is wider runs"
    assert all(FONT[letter] != FONT["?"] for letter in text)
    picture = np.asarray(Image.open(io.BytesIO(display.picture())))
    assert picture[..., 0].max() > 200


# --- at a window ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rig(tmp_path: Path) -> UnitRig:
    rig = UnitRig(tmp_path)
    rig.connect()
    rig.deliver(rig.central.status(rig.id, {"A": 0}))
    return rig


def test_the_called_number_blinks_is_steady_while_it_is_served_and_goes_with_the_visit(rig: UnitRig) -> None:
    seen = [rig.devices.led]
    rig.central.queue = ["A6001"]
    rig.do(CallNext())
    seen.append(rig.devices.led)
    rig.open_visit("A6001")
    seen.append(rig.devices.led)
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    rig.do(AcceptVisit())
    rig.do(EndVisit())
    seen.append(rig.devices.led)

    assert seen == [Led(), Led("A6001", True), Led("A6001"), Led()]


def test_a_number_that_is_awaited_stays_beyond_its_calls_time_and_goes_when_it_is_passed(rig: UnitRig) -> None:
    rig.deliver(rig.central.call(rig.id, "A6001", 3, lasts_ms=1_000))
    rig.pass_time(11_000)
    assert rig.devices.led == Led("A6001", True)

    rig.do(PassTicket())

    assert rig.devices.led == Led()


def test_papers_that_go_to_the_rear_free_the_display(rig: UnitRig) -> None:
    rig.open_visit("A6001")
    rig.do(TakePage())
    rig.do(HandToRear())

    assert rig.devices.led == Led()


def test_the_display_is_told_only_of_changes(rig: UnitRig) -> None:
    rig.deliver(rig.central.call(rig.id, "A6001", 3))
    told = len(rig.devices.shown)
    rig.pass_time(30_000)

    assert len(rig.devices.shown) == told


# --- what is to be collected ------------------------------------------------------------------------------------------

READY = ReadyCase(case_number="20261123-00001", service_item="JY018", ticket="A6001", ticket_day=TODAY)


@pytest.fixture
def pickup(tmp_path: Path) -> UnitRig:
    rig = UnitRig(tmp_path, role=Role.PICKUP)
    rig.central.ready = (READY,)
    rig.connect()
    rig.deliver(rig.central.call(rig.id, "A6001", 6, purpose=CallPurpose.PICKUP, lasts_ms=300_000))
    return rig


def test_a_number_called_to_collect_goes_when_all_is_handed_over(pickup: UnitRig) -> None:
    """It stayed on the display over the pickup window, blinking, overnight."""
    assert pickup.devices.led == Led("A6001", True)
    pickup.do(ScanText(pickup.ticket_code("A6001")))

    pickup.do(HandOver(case_number="20261123-00001"))

    assert pickup.devices.led == Led()


def test_a_number_that_nobody_collects_goes_when_its_calls_time_is_up(pickup: UnitRig) -> None:
    pickup.pass_time(290_000, step_ms=5_000)
    assert pickup.devices.led == Led("A6001", True)

    pickup.pass_time(25_000, step_ms=5_000)

    assert pickup.devices.led == Led()


def test_no_number_stays_into_the_next_day(pickup: UnitRig) -> None:
    pickup.deliver(pickup.central.call(pickup.id, "A6002", 6, purpose=CallPurpose.PICKUP, lasts_ms=100 * 3_600_000))
    pickup.clock.advance(20 * 3_600_000)
    pickup.pass_time(11_000)

    assert pickup.devices.led == Led()


def test_a_number_that_was_never_passed_does_not_blink_into_the_next_day(rig: UnitRig) -> None:
    rig.deliver(rig.central.call(rig.id, "A6001", 3))
    rig.clock.advance(20 * 3_600_000)
    rig.pass_time(11_000)

    assert rig.devices.led == Led()


def test_the_older_of_two_numbers_comes_back_when_the_younger_was_collected(pickup: UnitRig) -> None:
    pickup.clock.advance(1_000)
    pickup.deliver(pickup.central.call(pickup.id, "A6002", 6, purpose=CallPurpose.PICKUP))
    assert pickup.devices.led == Led("A6002", True)
    pickup.central.ready = (replace(READY, case_number="20261123-00002", ticket="A6002"),)
    pickup.do(ScanText("20261123-00002"))

    pickup.do(HandOver(case_number="20261123-00002"))

    assert pickup.devices.led == Led("A6001", True)


def test_the_board_shows_the_youngest_call_with_its_window_until_its_time_is_up(tmp_path: Path) -> None:
    board = UnitRig(tmp_path, role=Role.BOARD)
    board.connect()
    board.deliver(board.central.call(board.id, "A6001", 2, lasts_ms=60_000))
    assert board.devices.led == Led("A6001-2", True)

    board.pass_time(71_000, step_ms=1_000)

    assert board.devices.led == Led()


# --- what a technician sees -------------------------------------------------------------------------------------------


def test_a_unit_that_has_never_heard_central_shows_setup_and_remembers_that_it_has(tmp_path: Path) -> None:
    rig = UnitRig(tmp_path)
    rig.pass_time_offline(1)
    assert rig.devices.led == Led(SETUP)

    rig.connect()
    rig.deliver(rig.central.status(rig.id, {"A": 0}))
    assert rig.devices.led == Led()
    rig.restart()
    rig.pass_time_offline(1)

    assert rig.devices.led == Led()


def test_a_window_whose_camera_and_gun_are_both_gone_says_so_to_the_hall(rig: UnitRig) -> None:
    rig.handle(DeviceChecked("scanner", ScannerMissing("unplugged")))
    assert rig.devices.led == Led()
    rig.handle(DeviceChecked("document_camera", CameraMissing("unplugged")))
    assert rig.devices.led == Led(NOTHING_SEES)
    rig.deliver(rig.central.call(rig.id, "A6001", 3))
    assert rig.devices.led == Led("A6001", True)
    rig.do(PassTicket())

    rig.handle(DeviceChecked("scanner"))

    assert rig.devices.led == Led()


def test_a_true_display_says_that_a_device_behind_it_is_simulated(rig: UnitRig) -> None:
    rig.devices.here["call_display"] = False
    rig.pass_time_offline(1)

    assert rig.devices.led == Led(DEMO)

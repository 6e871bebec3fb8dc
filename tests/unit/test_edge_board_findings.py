"""Several findings of the unit's board at once: on the console, at the lamp, and in what central is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker import codec
from broker.messages import UnitState
from central.web.words import health_word
from edge.events import DeviceChecked
from edge.view import DeviceView
from firmware.bench import DeviceSettings, open_bench
from firmware.ports import Lamp, board_trouble
from firmware.simulators.board import SimulatedBoard
from tests.support.edge_fixture import UnitRig

FAULTS = {"hot": "temperature", "under_voltage": "power", "card_errors": "card", "space_low": "space"}


@pytest.fixture
def rig(tmp_path: Path) -> UnitRig:
    rig = UnitRig(tmp_path)
    rig.devices.here["board"] = True
    rig.connect()
    return rig


def find(rig: UnitRig, *faults: str) -> None:
    """Let the board have these faults, and no others of FAULTS."""
    board = SimulatedBoard()
    for fault in faults:
        board.faults.set(fault, True)
    found = {finding.part.value: finding for finding in board.findings()}
    for part in FAULTS.values():
        rig.handle(DeviceChecked(f"board.{part}", board_trouble(found[part]) if part in found else None))


def board_rows(rig: UnitRig) -> list[DeviceView]:
    return [device for device in rig.view.devices if device.name.startswith("board")]


def test_all_findings_are_shown_each_with_its_remedy(rig: UnitRig) -> None:
    find(rig, *FAULTS)

    rows = board_rows(rig)
    assert [row.name for row in rows] == sorted(f"board.{part}" for part in FAULTS.values())
    assert all(not row.ok and row.notice.endswith("。") and row.simulated for row in rows)
    assert len({row.label for row in rows}) == len(FAULTS)


def test_a_board_in_good_health_is_one_line(rig: UnitRig) -> None:
    find(rig, "hot")
    find(rig)

    assert [(row.name, row.ok) for row in board_rows(rig)] == [("board", True)]


def test_the_lamp_blinks_for_what_is_bad_and_not_for_a_warning(rig: UnitRig) -> None:
    find(rig, "space_low")
    assert rig.devices.lamps[Lamp.FAULT] == "off"

    find(rig, "card_errors")
    assert rig.devices.lamps[Lamp.FAULT] == "blink"


def test_central_is_told_of_each_and_has_words_for_it(rig: UnitRig) -> None:
    find(rig, *FAULTS)

    state = rig.core.state(1)
    told = {part: state.health[f"board.{part}"] for part in FAULTS.values()}
    assert told == {"temperature": "too-hot", "power": "under-voltage", "card": "card-errors", "space": "space-low"}
    assert all("异常" not in health_word(f"board.{part}", code) for part, code in told.items())
    assert codec.decode(codec.encode(state), UnitState) == state


def test_the_settings_name_the_board_like_any_device() -> None:
    with open_bench(DeviceSettings(board="simulated")) as bench:
        assert bench.board is not None
        assert bench.board.simulated
    with open_bench(DeviceSettings.from_table({"board": {"kind": "linux", "data": "/"}}, folder=Path())) as bench:
        assert bench.board is not None
        assert not bench.board.simulated
        bench.board.findings()

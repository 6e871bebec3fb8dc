"""The kiosk: numbers without a gap and none twice, over any cut, offline, with and without paper."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from broker.events import TicketIssued
from broker.messages import Priority
from edge.commands import AcceptVisit, ChooseItem, EndVisit, ForgetCard, IssueTicket, ReprintSlip, TakePage
from edge.errors import (
    GroupUnknown,
    IdentityRefused,
    NoCard,
    NumbersUsedUp,
    SlipMissing,
    StepRefused,
    StorageFailed,
)
from edge.numbers import FILE, Numbers
from edge.slip import SlipFacts, ticket_slip
from edge.ticket import open_ticket
from edge.view import CardView, IssuedView, Role
from firmware.ports import PaperOut
from tests.support.edge_fixture import HALL, NAME, NUMBER, TODAY, PowerCut, UnitRig, a_card, as_json, os_error


@pytest.fixture
def kiosk(tmp_path: Path) -> UnitRig:
    return UnitRig(tmp_path, role=Role.KIOSK)


def issue(rig: UnitRig, group: str = "A", **changes: object) -> str:
    rig.lay_card()
    return rig.do(IssueTicket(group=group, **changes)).ticket  # type: ignore[arg-type]


def issued(rig: UnitRig) -> IssuedView:
    assert rig.view.issued is not None
    return rig.view.issued


def card(rig: UnitRig) -> CardView:
    assert rig.view.card is not None
    return rig.view.card


def has_card(rig: UnitRig) -> bool:
    return rig.view.card is not None


def told(rig: UnitRig) -> list[str]:
    return [event.ticket for event in rig.central.events if isinstance(event, TicketIssued)]


def test_each_group_counts_by_itself_from_its_base(kiosk: UnitRig) -> None:
    assert [issue(kiosk, group) for group in "ABA"] == ["A6001", "B6001", "A6002"]


def test_numbers_go_on_after_a_restart_and_begin_anew_the_next_day(kiosk: UnitRig) -> None:
    issue(kiosk)
    kiosk.restart()
    assert issue(kiosk) == "A6002"

    kiosk.clock.advance(86_400_000)

    assert issue(kiosk) == "A6001"


def test_a_clock_that_goes_back_a_day_gives_no_number_twice(kiosk: UnitRig) -> None:
    issue(kiosk)
    kiosk.clock.advance(86_400_000)
    issue(kiosk)
    kiosk.clock.unix_ms -= 86_400_000

    assert issue(kiosk) == "A6002"


def test_the_slip_says_what_a_resident_must_know_and_carries_the_sealed_identity(kiosk: UnitRig) -> None:
    kiosk.connect()
    kiosk.deliver(kiosk.central.status(kiosk.id, {"A": 4}))

    issue(kiosk, priority=Priority.PRIORITY)

    (slip,) = kiosk.devices.slips
    text = "\n".join(line.text for line in slip.lines)
    for word in ("A6001", "社保医保", "优先", "前面等候 4 人", "2026-11-23 09:00", "过号", "演示"):
        assert word in text
    assert NAME not in text
    code = next(line.qr for line in slip.lines if line.qr)
    ticket = open_ticket(code, kiosk.core._house.day_keys.by_day, hall=HALL, today=TODAY)
    assert (ticket.resident.id_number, ticket.ticket, ticket.priority) == (NUMBER, "A6001", Priority.PRIORITY)


@pytest.mark.parametrize("code", ["TK1.AB", ""])
def test_no_line_of_a_slip_is_broken_by_the_narrowest_roll(code: str) -> None:
    slip = ticket_slip(
        SlipFacts(
            hall_name="双井街道便民服务中心（演示）",
            group_name="社保医保",
            ticket="A6128",
            priority=Priority.PRIORITY,
            people_ahead=128,
            issued_at_ms=1_795_000_000_000,
            code=code,
            simulated=True,
        )
    )

    for line in slip.lines:
        columns = sum(2 if east_asian_width(character) in "WF" else 1 for character in line.text)
        assert columns * {"large": 2, "huge": 3}.get(line.size, 1) <= 32, "58 mm hold 32 letters or 16 characters"


def test_people_ahead_count_up_and_are_not_guessed_offline(kiosk: UnitRig) -> None:
    kiosk.connect()
    kiosk.deliver(kiosk.central.status(kiosk.id, {"A": 4}))
    issue(kiosk)
    issue(kiosk)
    assert issued(kiosk).people_ahead == 5

    kiosk.disconnect()
    issue(kiosk)

    assert issued(kiosk).people_ahead is None
    assert kiosk.view.groups[0].waiting is None


def test_a_morning_offline_is_told_in_order_when_the_network_is_back(kiosk: UnitRig) -> None:
    numbers = [issue(kiosk) for _ in range(20)]
    assert kiosk.view.link.waiting_events == 20

    kiosk.connect()
    kiosk.pass_time(500)

    assert told(kiosk) == numbers
    assert kiosk.view.link.waiting_events == 0


def test_a_kiosk_without_todays_key_gives_a_number_without_a_code(tmp_path: Path) -> None:
    kiosk = UnitRig(tmp_path, role=Role.KIOSK, day_keys=False)

    issue(kiosk)

    assert not any(line.qr for line in kiosk.devices.slips[0].lines)
    assert "携带身份证" in "".join(line.text for line in kiosk.devices.slips[0].lines)


def test_no_paper_is_said_and_the_same_slip_is_printed_again(kiosk: UnitRig) -> None:
    kiosk.devices.printer_error = PaperOut("out of paper")
    kiosk.lay_card()
    result = kiosk.do(IssueTicket(group="A"))
    assert (result.ticket, "缺纸" in result.notice) == ("A6001", True)
    assert not issued(kiosk).printed
    kiosk.devices.printer_error = None

    kiosk.do(ReprintSlip())

    assert issued(kiosk).printed
    assert len(kiosk.devices.slips) == 1
    assert issue(kiosk) == "A6002"


def test_a_number_that_was_perhaps_not_printed_is_named_after_a_restart(kiosk: UnitRig) -> None:
    kiosk.devices.printer_error = PaperOut("out of paper")
    issue(kiosk)
    kiosk.restart()

    assert kiosk.view.notice is not None
    assert "A6001" in kiosk.view.notice.text
    kiosk.connect()
    assert told(kiosk) == ["A6001"]
    assert issue(kiosk) == "A6002"


def test_a_card_is_used_once_and_forgotten_after_a_minute(kiosk: UnitRig) -> None:
    issue(kiosk)
    with pytest.raises(NoCard):
        kiosk.do(IssueTicket(group="A"))
    kiosk.lay_card()
    assert card(kiosk).masked_name == "赵*霞"
    kiosk.clock.advance(61_000)
    kiosk.pass_time_offline(1)
    assert not has_card(kiosk)
    kiosk.lay_card()
    kiosk.do(ForgetCard())
    assert not has_card(kiosk)


def test_a_wrong_check_character_on_a_card_is_a_warning_and_typed_an_error(kiosk: UnitRig) -> None:
    kiosk.lay_card(a_card(id_number="110105194912310021"))
    assert "校验位" in card(kiosk).warning
    assert kiosk.do(IssueTicket(group="A")).ticket == "A6001"
    with pytest.raises(IdentityRefused):
        kiosk.do(IssueTicket(group="A", name=NAME, id_number="110105194912310021"))


def test_an_unreadable_card_becomes_a_notice_without_its_text(kiosk: UnitRig) -> None:
    kiosk.lay_card(a_card(id_number="99999"))

    assert not has_card(kiosk)
    assert kiosk.view.notice is not None
    assert "99999" not in as_json(kiosk.view)


@pytest.mark.parametrize("group", ["C", "", "AA"])
def test_a_group_that_is_not_here_is_refused(kiosk: UnitRig, group: str) -> None:
    kiosk.lay_card()
    with pytest.raises(GroupUnknown):
        kiosk.do(IssueTicket(group=group))


def test_the_last_number_of_the_day_is_the_last(tmp_path: Path) -> None:
    from edge.disk import Disk

    numbers = Numbers(Disk(tmp_path), base=9998)
    numbers.take("A9999", TODAY, "e1", b"x")

    with pytest.raises(NumbersUsedUp):
        numbers.next_ticket(TODAY, "A")
    assert numbers.next_ticket(TODAY, "B") == "B9999"


def test_nothing_to_print_again_is_said(kiosk: UnitRig) -> None:
    with pytest.raises(SlipMissing):
        kiosk.do(ReprintSlip())


def test_nothing_of_the_resident_is_on_the_kiosks_card(kiosk: UnitRig, tmp_path: Path) -> None:
    issue(kiosk)

    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert NAME.encode() not in data
        assert NUMBER.encode() not in data
        assert b"OW1" not in data


# --- faults at every call of the card ---------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [False, True], ids=["clean", "torn"])
@pytest.mark.parametrize("where", ["seen", "outbox"])
@pytest.mark.parametrize(
    "fault",
    [os_error(errno.EIO), os_error(errno.ENOSPC), os_error(errno.EROFS), PowerCut()],
    ids=["EIO", "ENOSPC", "EROFS", "power"],
)
def test_no_gap_and_no_number_twice_whatever_call_fails(
    tmp_path: Path, where: str, fault: BaseException, torn: bool
) -> None:
    for at in range(1, 9):
        rig = UnitRig(tmp_path / str(at), role=Role.KIOSK)
        issue(rig)
        storage = rig.seen_storage if where == "seen" else rig.outbox_storage
        storage.fail(at, fault, torn=torn)
        printed_before = len(rig.devices.slips)
        rig.lay_card()
        with contextlib.suppress(StorageFailed, PowerCut):
            rig.do(IssueTicket(group="A"))
        printed = printed_before + (len(rig.devices.slips) > printed_before)
        slips = list(rig.devices.slips)
        storage.heal()

        rig.restart()
        rig.connect()
        issue(rig)
        rig.pass_time(20_000, step_ms=1000)

        numbers = [line.text for slip in [*slips, *rig.devices.slips] for line in slip.lines if line.size == "huge"]
        assert len(set(numbers)) == len(numbers), "a number was printed twice"
        assert told(rig) == [f"A{6000 + n}" for n in range(1, len(told(rig)) + 1)], "a gap, or one told twice"
        assert set(numbers) <= set(told(rig)), "printed and not told"
        assert printed <= len(told(rig))


def test_a_damaged_line_in_the_numbers_journal_does_not_give_a_number_again(kiosk: UnitRig) -> None:
    for _ in range(4):
        issue(kiosk)
    path = kiosk.settings.seen / FILE
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(bytes(data))

    kiosk.restart()

    assert issue(kiosk) == "A6005"


def test_old_days_are_tidied_away(kiosk: UnitRig) -> None:
    for _ in range(6):
        issue(kiosk)
        kiosk.clock.advance(86_400_000)
        kiosk.pass_time_offline(11_000)
        kiosk.restart()

    assert kiosk.core._issue is not None
    days = {number.day for number in kiosk.core._issue.numbers.taken()}
    assert len(days) <= 3


def test_a_restart_does_not_tell_again_what_was_told(kiosk: UnitRig) -> None:
    kiosk.connect()
    for _ in range(10):
        issue(kiosk)
    kiosk.settle()
    before = len(kiosk.central.seen)

    kiosk.restart()
    kiosk.connect()

    assert len([each for each in kiosk.central.seen[before:] if "ticket-issued" in each]) <= 1
    assert kiosk.central.altered == []
    assert told(kiosk) == [f"A{6000 + n}" for n in range(1, 11)]


# --- the station ------------------------------------------------------------------------------------------------------


def test_a_stations_ticket_is_for_no_queue_and_opens_the_visit_at_once(tmp_path: Path) -> None:
    station = UnitRig(tmp_path, role=Role.STATION)
    station.lay_card()

    result = station.do(IssueTicket())
    assert (result.ticket, station.view.front is not None) == ("S1001", True)
    with pytest.raises(StepRefused):
        station.do(IssueTicket(name=NAME, id_number=NUMBER))
    station.do(ChooseItem(code="RS001"))
    station.do(TakePage())
    station.do(AcceptVisit())
    station.do(EndVisit())
    station.connect()
    station.pass_time(500)

    issued = next(event for event in station.central.events if isinstance(event, TicketIssued))
    assert (issued.queued, issued.ticket) == (False, "S1001")
    (packet,) = station.central.entered
    assert (packet.window, packet.ticket, packet.resident.name) == (None, "S1001", NAME)

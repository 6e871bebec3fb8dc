"""What clerks, residents and devices can do at a unit, and what they are told when they cannot."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from broker.events import HandedOver, HandoverProof, TicketPresented, VisitEnded, VisitOutcome
from broker.messages import CallPurpose, IdKind, ReadyCase, Resident
from edge.commands import (
    AcceptVisit,
    AskPickup,
    CallNext,
    CancelVisit,
    ChooseItem,
    ClearPickup,
    Command,
    DismissRefused,
    EndVisit,
    FillForm,
    HandOver,
    HandToRear,
    IssueTicket,
    MovePage,
    NamePage,
    OpenByHand,
    PassTicket,
    RecallTicket,
    RemovePage,
    RetryDevices,
    ScanText,
    TakePage,
    TakePageAnyway,
)
from edge.errors import (
    Busy,
    IdentityRefused,
    ItemUnknown,
    LinkAway,
    NotOfThisRole,
    PageNotReadable,
    PageUnknown,
    StepRefused,
    TicketOfAnotherDay,
    TicketRefused,
    UnitStopped,
    VisitUnknown,
)
from edge.events import Event, Pressed, Scanned
from edge.unit import Inbox, Unit
from edge.view import Role, UnitView, masked_name, masked_number
from firmware.ports import Button, CameraNotReady, Lamp, Scan
from tests.support.edge_fixture import (
    NAME,
    NUMBER,
    RESIDENT,
    TODAY,
    UnitRig,
    a_card,
    a_page,
    as_json,
)


@pytest.fixture
def rig(tmp_path: Path) -> UnitRig:
    rig = UnitRig(tmp_path)
    rig.connect()
    return rig


def events_of(rig: UnitRig, kind: type) -> list[object]:
    return [event for event in rig.central.events if isinstance(event, kind)]


# --- the way of one visit -------------------------------------------------------------------------------------------


def test_one_resident_from_the_call_to_the_receipt(rig: UnitRig) -> None:
    rig.central.queue = ["A6001"]
    assert rig.do(CallNext()).ticket == "A6001"
    assert rig.view.call is not None
    assert rig.view.call.text == "请A6001号到3号窗口办理业务"

    rig.open_visit("A6001")
    rig.do(ChooseItem(code="JY018"))
    for _ in range(3):
        rig.do(TakePage())
    rig.do(FillForm(fields={"联系电话": "13800001234"}))
    packet = rig.do(AcceptVisit()).packet
    rig.do(EndVisit())

    (entered,) = rig.central.entered
    assert entered.packet_id == packet
    assert entered.resident == RESIDENT
    assert [page.material for page in entered.pages] == ["申请表", "居民身份证", "户口簿"]
    assert (entered.form, entered.window, entered.ticket) == ({"联系电话": "13800001234"}, 3, "A6001")
    assert rig.view.accepted[0].case_number == "20261123-00001"
    (ended,) = events_of(rig, VisitEnded)
    assert isinstance(ended, VisitEnded)
    assert (ended.ticket, ended.packets, ended.outcome) == ("A6001", 1, VisitOutcome.FINISHED)


def test_the_front_hands_over_and_is_free_while_the_rear_goes_on(rig: UnitRig) -> None:
    first = rig.open_visit("A6001")
    rig.do(TakePage())
    rig.do(HandToRear())
    second = rig.open_visit("A6002")

    assert rig.view.front is not None
    assert (rig.view.front.visit, [visit.visit for visit in rig.view.rear]) == (second, [first])
    page = rig.view.rear[0].pages[0].page
    rig.do(ChooseItem(code="RS001", visit=first))
    rig.do(NamePage(page=page, material="居民身份证", visit=first))
    rig.do(AcceptVisit(visit=first))

    assert rig.view.rear == ()
    assert rig.central.entered[0].accepted_by == "rear"


def test_two_items_in_one_visit_are_two_packets_of_one_resident(rig: UnitRig) -> None:
    rig.open_visit()
    for code in ("RS001", "JY018"):
        rig.do(ChooseItem(code=code))
        rig.do(TakePage())
        rig.do(AcceptVisit())
    rig.do(EndVisit())

    assert [packet.service_item for packet in rig.central.entered] == ["RS001", "JY018"]
    ended = events_of(rig, VisitEnded)[0]
    assert isinstance(ended, VisitEnded)
    assert ended.packets == 2


def test_calling_the_next_ends_a_visit_whose_papers_are_accepted(rig: UnitRig) -> None:
    rig.open_visit()
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    with pytest.raises(StepRefused) as refused:
        rig.do(CallNext())
    assert refused.value.code == "front-busy"
    rig.do(AcceptVisit())
    rig.central.queue = ["A6002"]

    assert rig.do(CallNext()).ticket == "A6002"

    assert rig.view.front is None
    assert len(events_of(rig, VisitEnded)) == 1


def test_everything_but_calling_goes_on_without_a_connection(tmp_path: Path) -> None:
    rig = UnitRig(tmp_path)

    rig.open_visit()
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    rig.do(AcceptVisit())
    rig.do(EndVisit())

    assert rig.view.accepted[0].state.value == "待发送"
    assert (rig.view.link.waiting_packets, rig.view.link.waiting_events) == (1, 2)
    assert "自动补发" in rig.view.link.notice
    for command in (CallNext(), AskPickup(case_number="20261123-00001")):
        with pytest.raises(LinkAway):
            rig.do(command)


# --- tickets at the window ------------------------------------------------------------------------------------------


def test_a_ticket_nobody_called_opens_with_a_warning(rig: UnitRig) -> None:
    rig.open_visit("A6005")

    assert rig.view.front is not None
    assert "没有叫到本窗口" in rig.view.front.warning


def test_another_ticket_while_one_is_awaited_asks_to_re_enter_the_queue(rig: UnitRig) -> None:
    rig.central.queue = ["A6001"]
    rig.do(CallNext())

    result = rig.do(ScanText(rig.ticket_code("A5999"[:0] + "A6000")))

    assert "已为A6000号登记" in result.notice
    assert rig.view.front is None
    (presented,) = events_of(rig, TicketPresented)
    assert isinstance(presented, TicketPresented)
    assert (presented.ticket, presented.serve) == ("A6000", False)


def test_the_same_ticket_scanned_twice_opens_one_visit(rig: UnitRig) -> None:
    first = rig.open_visit()

    assert rig.open_visit() == first
    assert len(events_of(rig, TicketPresented)) == 1


def test_a_passed_ticket_frees_the_window_also_offline(rig: UnitRig) -> None:
    rig.central.queue = ["A6001"]
    rig.do(CallNext())
    with pytest.raises(StepRefused) as refused:
        rig.do(CallNext())
    assert refused.value.code == "call-open"
    rig.disconnect()

    rig.do(PassTicket())

    assert rig.view.call is None
    assert rig.view.link.waiting_events == 1


def test_a_status_from_before_the_pass_brings_no_ghost_back(rig: UnitRig) -> None:
    """A clerk who passed a number and pressed 下一位 at once was told that the passed number was still awaited."""
    rig.central.queue = ["A6001", "A6002"]
    rig.do(CallNext())
    rig.do(PassTicket())

    rig.deliver(rig.central.status(rig.id, {"A": 1}, current="A6001"))

    assert rig.view.call is None
    assert rig.do(CallNext()).ticket == "A6002"


def test_a_call_repeated_after_the_pass_brings_no_ghost_back(rig: UnitRig) -> None:
    """Central repeats a call until it is shown; a busy voice shows it late. In `make day` a passed number was then
    taken for the answer to 下一位, and the resident who had been called stood at the window in vain."""
    repeated = rig.central.call(rig.id, "A6001", 3)
    rig.deliver(repeated)
    rig.do(PassTicket())

    rig.deliver(repeated)

    assert rig.view.call is None


def test_a_recall_comes_as_a_call_with_a_higher_count(rig: UnitRig) -> None:
    rig.central.queue = ["A6001", "A6001"]
    rig.do(CallNext())

    rig.do(RecallTicket())

    assert len(rig.devices.announced) == 2


@pytest.mark.parametrize("text", ["6901234567892", "OW1AAAA/", "", "\x00\x01", "x" * 10_000])
def test_any_other_code_is_refused_in_plain_words(rig: UnitRig, text: str) -> None:
    with pytest.raises(TicketRefused) as refused:
        rig.do(ScanText(text))

    assert refused.value.notice.endswith("。")
    assert rig.view.front is None


def test_yesterdays_slip_says_that_it_is_yesterdays(rig: UnitRig) -> None:
    code = rig.ticket_code("A6001")
    rig.clock.advance(86_400_000)

    with pytest.raises(TicketOfAnotherDay):
        rig.do(ScanText(code))


def test_a_visit_can_be_opened_by_hand(rig: UnitRig) -> None:
    rig.do(OpenByHand(ticket="a6009", name=NAME, id_number=NUMBER.lower()))

    assert rig.view.front is not None
    assert (rig.view.front.ticket, rig.view.front.masked_name) == ("A6009", "赵*霞")
    with pytest.raises(IdentityRefused):
        rig.do(OpenByHand(ticket="A6009", name=NAME, id_number="110105194912310021"))


def test_a_card_laid_at_the_window_opens_the_called_ticket_and_is_compared_later(rig: UnitRig) -> None:
    rig.central.queue = ["A6001"]
    rig.do(CallNext())
    rig.lay_card()
    assert rig.view.front is not None
    assert rig.view.front.ticket == "A6001"

    rig.lay_card(a_card(name="李四", id_number="34052419800101001X"))

    assert rig.view.notice is not None
    assert "不是同一人" in rig.view.notice.text


# --- a slip that still lies under the camera -------------------------------------------------------------------------


def come_to_light(rig: UnitRig, ticket: str) -> None:
    """The camera sees a slip again that it has told before, on a desk that was never bare since."""
    rig.handle(Scanned(Scan(rig.ticket_code(ticket), "qr", 1), still_lies=True))
    if rig.online:
        rig.settle()


@pytest.mark.parametrize("how", [EndVisit(), CancelVisit(), PassTicket()])
def test_a_slip_that_still_lies_there_opens_no_second_visit_of_a_ticket_that_was_let_go(
    rig: UnitRig, how: Command
) -> None:
    """After 结束 the slip lay on under the papers; lifting those opened the resident's visit a second time."""
    rig.central.queue = ["A6001"]
    rig.do(CallNext())
    if how != PassTicket():
        rig.open_visit("A6001")
    rig.do(how)
    told = len(events_of(rig, TicketPresented))

    come_to_light(rig, "A6001")

    assert rig.view.front is None
    assert len(events_of(rig, TicketPresented)) == told
    assert rig.view.notice is not None
    assert "还在高拍仪下" in rig.view.notice.text


def test_a_slip_let_go_does_not_enter_the_queue_again_while_the_next_ticket_is_awaited(rig: UnitRig) -> None:
    rig.open_visit("A6001")
    rig.do(EndVisit())
    rig.central.queue = ["A6002"]
    rig.do(CallNext())

    come_to_light(rig, "A6001")

    assert [event.serve for event in events_of(rig, TicketPresented)] == [True]  # type: ignore[attr-defined]


def test_a_slip_let_go_opens_again_when_it_is_laid_anew_scanned_by_the_gun_or_called_once_more(rig: UnitRig) -> None:
    for ticket in ("A6001", "A6002"):
        rig.open_visit(ticket)
        rig.do(EndVisit())

    rig.handle(Scanned(Scan(rig.ticket_code("A6001"), "qr", 1)))
    assert rig.view.front is not None
    rig.do(EndVisit())
    rig.deliver(rig.central.call(rig.id, "A6002", 3))
    come_to_light(rig, "A6002")

    assert rig.view.front is not None
    assert rig.view.front.ticket == "A6002"


def test_a_slip_under_the_papers_of_a_visit_that_is_open_is_no_news(rig: UnitRig) -> None:
    rig.open_visit("A6001")
    rig.do(TakePage())
    rig.do(HandToRear())

    come_to_light(rig, "A6001")

    assert rig.view.front is None
    assert len(rig.view.rear) == 1


def test_a_slip_laid_too_early_counts_once_it_is_awaited(rig: UnitRig) -> None:
    rig.central.queue = ["A6001"]
    rig.do(CallNext())

    come_to_light(rig, "A6001")

    assert rig.view.front is not None


# --- pages ----------------------------------------------------------------------------------------------------------


def test_the_gate_refuses_in_one_sentence_and_the_clerk_may_keep_it_anyway(rig: UnitRig) -> None:
    rig.open_visit()
    rig.devices.page = a_page(accepted=False)

    with pytest.raises(PageNotReadable) as refused:
        rig.do(TakePage())
    assert refused.value.notice == "画面模糊，请压平后重拍。"
    assert rig.view.front is not None
    assert rig.view.front.refused_page is not None
    page = rig.do(TakePageAnyway()).page

    assert rig.view.front.pages[0].page == page
    assert not rig.view.front.pages[0].accepted


def test_a_silent_camera_is_said_and_the_next_try_works(rig: UnitRig) -> None:
    rig.open_visit()
    rig.devices.camera_error = CameraNotReady("no frame within 3 s")
    with pytest.raises(CameraNotReady):
        rig.do(TakePage())
    rig.devices.camera_error = None

    assert rig.do(TakePage()).page


def test_a_visit_cancelled_while_the_camera_works_wants_nothing_of_the_page(rig: UnitRig) -> None:
    rig.open_visit()
    rig.devices.busy = True
    answer = rig.start(TakePage())
    with pytest.raises(StepRefused):
        rig.do(TakePage())
    rig.do(CancelVisit())

    rig.devices.finish_photograph()
    rig.pass_time_offline(1)

    with pytest.raises(VisitUnknown):
        answer.result(0)


def test_pages_are_named_moved_removed_and_seen(rig: UnitRig) -> None:
    rig.open_visit()
    first, second = (rig.do(TakePage()).page for _ in range(2))
    rig.do(MovePage(page=second, to_index=0))
    rig.do(NamePage(page=second, material="户口簿"))
    rig.do(RemovePage(page=first))

    assert rig.view.front is not None
    assert [(page.page, page.material) for page in rig.view.front.pages] == [(second, "户口簿")]
    with pytest.raises(PageUnknown):
        rig.do(RemovePage(page=first))
    assert rig.core._counter.page(second) == a_page().jpeg


def test_what_is_not_there_is_refused_by_name(rig: UnitRig) -> None:
    with pytest.raises(StepRefused) as refused:
        rig.do(TakePage())
    assert refused.value.code == "no-visit"
    rig.open_visit()
    with pytest.raises(ItemUnknown):
        rig.do(ChooseItem(code="XX999"))
    with pytest.raises(VisitUnknown):
        rig.do(AcceptVisit(visit="nobody"))


# --- pickup ---------------------------------------------------------------------------------------------------------

READY = ReadyCase(case_number="20261123-00001", service_item="JY018", ticket="A6001", ticket_day=TODAY)


@pytest.fixture
def pickup(tmp_path: Path) -> UnitRig:
    rig = UnitRig(tmp_path, role=Role.PICKUP)
    rig.central.ready = (READY, ReadyCase(**{**_fields(READY), "case_number": "20261123-00002", "state": "assigned"}))
    rig.connect()
    return rig


def _fields(case: ReadyCase) -> dict[str, str]:
    return {name: getattr(case, name) for name in ("case_number", "service_item", "ticket", "ticket_day", "state")}


@pytest.mark.parametrize("how", ["ticket", "receipt", "receipt with prefix", "number", "card"])
def test_what_is_ready_is_asked_for_in_every_way(pickup: UnitRig, how: str) -> None:
    if how == "ticket":
        pickup.do(ScanText(pickup.ticket_code("A6001")))
    elif how == "receipt":
        pickup.do(ScanText("20261123-00001"))
    elif how == "receipt with prefix":
        pickup.do(ScanText("OWC20261123-00001"))
    elif how == "number":
        pickup.do(AskPickup(id_number=NUMBER))
    else:
        pickup.lay_card()
        pickup.settle()

    assert pickup.view.pickup is not None
    assert [(case.case_number, case.state) for case in pickup.view.pickup.cases] == [
        ("20261123-00001", "ready"),
        ("20261123-00002", "assigned"),
    ]
    assert pickup.view.pickup.cases[0].item_name == "就业困难人员认定"


def test_a_slip_that_comes_to_light_under_the_results_does_not_empty_the_list(pickup: UnitRig) -> None:
    """At the pickup window the list was asked for anew, and what had been handed over was forgotten."""
    pickup.do(ScanText(pickup.ticket_code("A6001")))
    pickup.do(HandOver(case_number="20261123-00001"))
    before = pickup.view.pickup

    come_to_light(pickup, "A6001")
    assert pickup.view.pickup == before
    pickup.do(ClearPickup())
    come_to_light(pickup, "A6001")

    assert pickup.view.pickup is None


def test_only_what_is_ready_is_handed_over_and_only_once(pickup: UnitRig) -> None:
    pickup.do(ScanText("20261123-00001"))

    pickup.do(HandOver(case_number="20261123-00001", proof=HandoverProof.RECEIPT))

    for case in ("20261123-00001", "20261123-00002", "20261123-00003"):
        with pytest.raises(StepRefused):
            pickup.do(HandOver(case_number=case))
    assert len(events_of(pickup, HandedOver)) == 1
    assert pickup.view.pickup is not None
    assert pickup.view.pickup.cases[0].handed_over
    pickup.do(ClearPickup())
    assert pickup.view.pickup is None


def test_a_same_day_result_is_handed_out_at_the_window_that_took_it_in(rig: UnitRig) -> None:
    rig.central.ready = (READY,)
    rig.deliver(rig.central.call(rig.id, "A6001", 3, purpose=CallPurpose.PICKUP))

    assert not rig.view.calls[0].fetched

    rig.do(ScanText(rig.ticket_code("A6001")))
    rig.do(HandOver(case_number="20261123-00001"))

    assert rig.view.front is None
    assert len(events_of(rig, HandedOver)) == 1
    assert rig.view.calls[0].fetched, "nobody is waited for any more"


# --- calls ----------------------------------------------------------------------------------------------------------


def test_a_call_is_shown_once_however_often_it_comes_and_said_to_be_shown_each_time(rig: UnitRig) -> None:
    call = rig.central.call(rig.id, "A6001", 3)
    for _ in range(3):
        rig.deliver(call)
        rig.settle()
    rig.restart()
    rig.connect()
    rig.deliver(call)
    rig.settle()

    assert rig.devices.announced == []
    assert [view.ticket for view in rig.view.calls] == []
    assert sum(event.KIND == "call-shown/1" for event in rig.central.events) == 4


def test_an_older_call_that_was_overtaken_is_still_shown_and_an_expired_one_is_not(rig: UnitRig) -> None:
    older = rig.central.call(rig.id, "A6001", 3, counter=40)
    newer = rig.central.call(rig.id, "A6002", 4, counter=400)
    brief = rig.central.call(rig.id, "A6003", 5, counter=401, lasts_ms=1_000)
    rig.deliver(newer)
    rig.deliver(older)
    rig.clock.advance(2_000)
    rig.deliver(brief)

    assert [call.ticket for call in rig.devices.announced] == ["A6002", "A6001"]


def test_a_call_that_no_display_showed_is_not_said_to_be_shown(rig: UnitRig) -> None:
    rig.devices.shows_calls = False
    rig.deliver(rig.central.call(rig.id, "A6001", 3))
    rig.settle()

    assert not [event for event in rig.central.events if event.KIND == "call-shown/1"]


def shown_told(rig: UnitRig) -> int:
    return sum(event.KIND == "call-shown/1" for event in rig.central.events)


def test_a_call_that_the_display_refused_is_shown_when_central_repeats_it_and_spoken_once(rig: UnitRig) -> None:
    """The first try was noted before the display was asked, and the repeat was answered "shown" by a dark display."""
    call = rig.central.call(rig.id, "A6001", 3)
    rig.devices.shows_calls = False
    rig.deliver(call)
    rig.deliver(call)
    rig.settle()
    assert shown_told(rig) == 0

    rig.devices.shows_calls = True
    rig.deliver(call)
    rig.deliver(call)
    rig.settle()

    assert (len(rig.devices.announced), rig.devices.aloud) == (3, [True, False, False])
    assert shown_told(rig) == 2  # once when it was shown, once for the last repeat
    assert [view.ticket for view in rig.view.calls] == ["A6001"]


def test_a_call_that_waits_to_be_shown_is_neither_shown_twice_nor_said_to_be_shown(rig: UnitRig) -> None:
    call = rig.central.call(rig.id, "A6001", 3)
    rig.devices.busy_announcer = True
    rig.deliver(call)
    rig.deliver(call)
    rig.settle()
    assert (len(rig.devices.announced), shown_told(rig)) == (1, 0)

    rig.devices.finish_announcing()
    rig.pass_time(250)

    assert (len(rig.devices.announced), shown_told(rig)) == (1, 1)


def test_a_call_that_was_not_shown_before_the_power_failed_is_shown_after_the_start(rig: UnitRig) -> None:
    call = rig.central.call(rig.id, "A6001", 3)
    rig.devices.busy_announcer = True
    rig.deliver(call)

    rig.restart()
    rig.connect()
    rig.deliver(call)
    rig.settle()

    assert len(rig.devices.announced) == 1
    assert shown_told(rig) == 1


def test_after_a_restart_the_window_still_knows_whom_it_has_called(rig: UnitRig) -> None:
    rig.restart()
    rig.connect()
    rig.deliver(rig.central.status(rig.id, {"A": 4}, current="A6007"))

    assert rig.view.call is not None
    assert rig.view.call.ticket == "A6007"
    rig.clock.advance(1000)
    rig.deliver(rig.central.status(rig.id, {"A": 4}))
    assert rig.view.call is None


def test_the_board_shows_every_windows_calls(tmp_path: Path) -> None:
    board = UnitRig(tmp_path, role=Role.BOARD)
    board.connect()
    for window in (1, 2, 5):
        board.deliver(board.central.call(board.id, f"A600{window}", window))

    assert [(call.ticket, call.window) for call in board.view.calls] == [("A6005", 5), ("A6002", 2), ("A6001", 1)]
    assert board.view.call is None


# --- devices --------------------------------------------------------------------------------------------------------


def test_buttons_and_the_gun_do_what_the_page_does_and_refusals_become_the_notice(rig: UnitRig) -> None:
    rig.handle(Pressed(Button.NEXT))
    rig.settle()
    assert rig.view.notice is not None
    assert rig.view.notice.code == "queue-empty"

    rig.handle(Scanned(Scan(rig.ticket_code(), "qr", 1)))
    rig.handle(Pressed(Button.PHOTOGRAPH))

    assert rig.view.front is not None
    assert len(rig.view.front.pages) == 1


def test_the_whistle_button_answers_that_there_is_no_whistle_yet(rig: UnitRig) -> None:
    rig.handle(Pressed(Button.WHISTLE))

    assert rig.view.notice is not None
    assert rig.view.notice.text == "吹哨功能尚未启用。"
    assert Lamp.WHISTLE not in rig.devices.lamps, "nothing but the panel's trial lights it"


def test_a_ticket_is_looked_for_under_the_camera_only_while_one_is_awaited(rig: UnitRig) -> None:
    seen = [rig.devices.watching]
    rig.central.queue = ["A6001"]
    rig.do(CallNext())
    seen.append(rig.devices.watching)
    rig.open_visit("A6001")
    seen.append(rig.devices.watching)

    assert seen == [False, True, False]


def test_lamps_tell_of_the_connection_and_of_what_waits(tmp_path: Path) -> None:
    rig = UnitRig(tmp_path)
    rig.open_visit()
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    rig.do(AcceptVisit())
    assert (rig.devices.lamps[Lamp.READY], rig.devices.lamps[Lamp.WAITING]) == ("off", "on")

    rig.connect()

    assert (rig.devices.lamps[Lamp.READY], rig.devices.lamps[Lamp.WAITING]) == ("on", "off")
    rig.do(RetryDevices())
    assert rig.devices.checks == 1


def test_the_ready_lamp_goes_out_when_central_does_not_answer_though_the_broker_does(rig: UnitRig) -> None:
    """It said 与中心连通 while papers waited for a central that was down."""
    rig.open_visit()
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    answer = rig.start(AcceptVisit())
    assert answer.done()
    rig.online = False  # the broker acknowledges all, central sees none of it
    for _ in range(120):
        rig.handle_published_all()
        rig.pass_time_offline(1_000)
    assert rig.link.is_central_silent()

    assert rig.devices.lamps[Lamp.READY] == "off"
    rig.online = True
    rig.pass_time(60_000, step_ms=1_000)
    assert rig.devices.lamps[Lamp.READY] == "on"


# --- roles, secrets, views ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "command"),
    [
        (Role.BOARD, CallNext()),
        (Role.BOARD, ScanText("x")),
        (Role.KIOSK, TakePage()),
        (Role.INTAKE, IssueTicket(group="A")),
        (Role.PICKUP, CallNext()),
        (Role.STATION, CallNext()),
        (Role.STATION, AskPickup(case_number="20261123-00001")),
    ],
)
def test_what_is_not_the_units_business_is_refused(tmp_path: Path, role: Role, command: Command) -> None:
    with pytest.raises(NotOfThisRole):
        UnitRig(tmp_path, role=role).do(command)


def test_a_view_masks_and_a_log_line_names_nobody(rig: UnitRig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    rig.do(OpenByHand(ticket="A6001", name=NAME, id_number=NUMBER, id_kind=IdKind.CITIZEN))
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    rig.do(AcceptVisit())
    rig.do(EndVisit())
    rig.open_visit("A6002")

    for text in (as_json(rig.view), caplog.text):
        for secret in (NAME, NUMBER, NUMBER[6:14], "PLANTED", rig.ticket_code("A6002")[:20]):
            assert secret not in text
    assert "赵*霞" in as_json(rig.view)


def test_nothing_of_the_resident_is_ever_on_the_card(rig: UnitRig, tmp_path: Path) -> None:
    rig.open_visit()
    rig.do(ChooseItem(code="RS001"))
    rig.do(TakePage())
    rig.do(FillForm(fields={"备注": "PLANTED-FORM"}))
    rig.do(AcceptVisit())
    rig.disconnect()
    rig.open_visit("A6002", Resident(name="钱多多", id_number="34052419800101001X"))
    rig.do(TakePage())

    for path in tmp_path.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        for secret in (NAME, NUMBER, "钱多多", "34052419800101001X", "PLANTED-FORM", "PLANTED-PAGE"):
            assert secret.encode() not in data, path


@pytest.mark.parametrize(
    "command",
    [
        ScanText("OW1SECRET/"),
        OpenByHand(ticket="A6001", name=NAME, id_number=NUMBER),
        FillForm(fields={"a": "SECRET"}),
        AskPickup(id_number=NUMBER),
        IssueTicket(group="A", name=NAME, id_number=NUMBER),
    ],
)
def test_a_command_with_something_of_a_resident_does_not_show_it(command: Command) -> None:
    for secret in (NAME, NUMBER, "SECRET"):
        assert secret not in repr(command)


@pytest.mark.parametrize(
    ("name", "masked"), [("赵云霞", "赵*霞"), ("王芳", "王*"), ("阿卜杜热西提", "阿****提"), ("王", "*"), ("", "*")]
)
def test_names_are_masked(name: str, masked: str) -> None:
    assert masked_name(name) == masked


def test_numbers_are_masked() -> None:
    assert masked_number(NUMBER) == "110105********002X"
    assert masked_number("E12345678") == "E********"


def test_a_view_changes_only_when_something_has_changed(rig: UnitRig) -> None:
    before = rig.view
    rig.pass_time_offline(100)
    assert rig.view is before

    rig.open_visit()

    assert rig.view.version > before.version


def test_dismissing_what_is_not_refused_is_refused(rig: UnitRig) -> None:
    from edge.errors import PacketUnknown

    with pytest.raises(PacketUnknown):
        rig.do(DismissRefused(packet="x"))


# --- the door to the core's thread ----------------------------------------------------------------------------------


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    rig = UnitRig(tmp_path)
    inbox = Inbox()
    core = rig.core

    class WithDevices:
        """As in production, the devices' events come over the same queue."""

        def handle(self, event: Event) -> None:
            core.handle(event)
            while rig.devices.events:
                inbox.put(rig.devices.events.popleft())

        def wait_seconds(self) -> float:
            return core.wait_seconds()

        def view(self) -> UnitView:
            return core.view()

    unit = Unit(WithDevices(), inbox, core.catalogue, lambda: b"live")
    unit.start()
    unit.code = rig.ticket_code()  # type: ignore[attr-defined]
    return unit


def test_many_threads_ask_and_each_gets_its_own_answer(unit: Unit) -> None:
    unit.do(ScanText(unit.code))  # type: ignore[attr-defined]
    pages: list[str] = []

    def take() -> None:
        while True:
            try:
                pages.append(unit.do(TakePage()).page)
                return
            except StepRefused:
                time.sleep(0.001)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert len(set(pages)) == 8
    assert unit.page_jpeg(pages[0]) == a_page().jpeg
    with pytest.raises(PageUnknown):
        unit.page_jpeg("nobody")
    unit.close()


def test_a_page_waits_for_a_change_and_is_woken(unit: Unit) -> None:
    version = unit.view().version
    woken: list[int] = []
    thread = threading.Thread(target=lambda: woken.append(unit.wait_for_change(version, 10).version))
    thread.start()

    unit.do(ScanText(unit.code))  # type: ignore[attr-defined]
    thread.join(5)

    assert woken
    assert woken[0] > version
    assert unit.wait_for_change(10**9, 0.05).version == unit.view().version
    unit.close()


def test_a_stopped_unit_says_so(unit: Unit) -> None:
    unit.close()
    unit.close()

    with pytest.raises(UnitStopped):
        unit.do(TakePage())


def test_a_core_that_breaks_its_promise_stops_loudly_and_answers_those_who_wait(tmp_path: Path) -> None:
    class Broken:
        def __init__(self, view: UnitView) -> None:
            self._view = view

        def handle(self, event: Event) -> None:
            raise AssertionError("a fault of ours")

        def wait_seconds(self) -> float:
            return 10.0

        def view(self) -> UnitView:
            return self._view

    failures: list[BaseException] = []
    rig = UnitRig(tmp_path)
    unit = Unit(Broken(rig.view), Inbox(), rig.core.catalogue, lambda: b"", on_failure=failures.append)
    unit.start()

    with pytest.raises((UnitStopped, Busy)):
        unit.do(TakePage(), timeout_seconds=2)

    assert isinstance(failures[0], AssertionError)

"""A case's way from the packet to the resident's hand: each step, its refusals, and what it leaves in the book."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from broker.errors import Refused
from broker.events import HandedOver, HandoverProof, PickupAsked
from broker.messages import CallPurpose, ReadyCase
from central.assignment.assign import TaskTaken
from central.assignment.presence import come, leave
from central.cases import deciding, pickup
from central.cases.deciding import NotYourCase, ReasonMissing
from central.cases.looking import LookingReasonMissing, PersonErased, look_at_person, masked_person
from central.cases.opening import open_case
from central.cases.pickup import NumberOfAnotherDay
from central.cases.steps import CaseStepRefused, CaseUnknown
from central.ledger import facts
from central.ledger.states import CaseState
from central.ledger.work import CaseRecord
from central.queue.refusals import WindowNotYours
from central.staff.roles import Role, StaffRefused
from central.staff.roster import put_staff
from tests.support.rules_hall import DAY, HallInMemory, a_kept_page, a_packet, a_resident, at

NOW = at("10:00")


class Desks:
    """The hall with two officers of the social security desk, one of employment, a supervisor and an administrator."""

    def __init__(self) -> None:
        self.hall = HallInMemory()
        self.hall.vault.residents["r1"] = a_resident()
        with self.hall.work() as work:
            for staff_id, roles, desks in (
                ("officer-1", [Role.OFFICER], ["社会保障科"]),
                ("officer-2", [Role.OFFICER], ["社会保障科"]),
                ("officer-3", [Role.OFFICER], ["就业服务科", "综合服务岗"]),
                ("supervisor", [Role.SUPERVISOR], []),
                ("clerk", [Role.CLERK], []),
                ("admin", [Role.ADMIN], []),
            ):
                put_staff(staff_id, staff_id, roles, desks=desks, actor="init", work=work)

    def come(self, *officers: str) -> None:
        for officer in officers:
            with self.hall.work(NOW) as work:
                come(officer, work=work)

    def leave(self, officer: str) -> int:
        with self.hall.work(NOW) as work:
            return leave(officer, work=work)

    def open(self, now_ms: int = NOW, unit: str = "w3", resident_id: str = "r1", **packet: Any) -> str:
        made = a_packet(self.hall, **packet)
        with self.hall.work(now_ms, unit=unit) as work:
            return open_case(
                made, resident_id=resident_id, pages=[a_kept_page()], form_digest="", now_ms=now_ms, work=work
            ).case_id

    def case(self, case_id: str) -> CaseRecord:
        with self.hall.work() as work:
            found = work.cases.find(case_id)
        assert found is not None
        return found

    def approve(self, case_id: str, staff_id: str = "officer-1", now_ms: int = NOW) -> None:
        self.hall.do(deciding.approve, case_id, staff_id=staff_id, now_ms=now_ms)

    def correct(self, case_id: str, *reasons: str, staff_id: str = "officer-1") -> None:
        with self.hall.work(NOW) as work:
            deciding.ask_correction(case_id, reasons, staff_id=staff_id, work=work)

    def ask(self, window: int, unit: str = "", **by: Any) -> tuple[ReadyCase, ...]:
        event = PickupAsked(event_id=self.hall.new_id(), window=window, at_ms=0, **by)
        return self.hall.hear(unit or f"w{window}", pickup.ask_pickup, event, now_ms=NOW)

    def hand_over(self, window: int, case_id: str, unit: str = "") -> bool:
        event = HandedOver(
            event_id=self.hall.new_id(),
            window=window,
            case_number=self.case(case_id).case_number,
            proof=HandoverProof.TICKET,
            at_ms=0,
        )
        return self.hall.hear(unit or f"w{window}", pickup.hand_over, event, now_ms=NOW)


@pytest.fixture
def desks() -> Iterator[Desks]:
    made = Desks()
    made.come("officer-1")
    yield made
    made.hall.close()


def test_case_numbers_have_no_gaps_and_begin_anew_each_day(desks: Desks) -> None:
    today = [desks.case(desks.open()).case_number for _ in range(3)]
    tomorrow = desks.case(desks.open(now_ms=at("09:00", "2026-11-24"))).case_number

    assert today == ["20261123-00001", "20261123-00002", "20261123-00003"]
    assert tomorrow == "20261124-00001"


def test_a_same_day_case_goes_to_its_department_and_promises_no_day(desks: Desks) -> None:
    case = desks.case(desks.open(service_item="RS001"))

    assert (case.desk, case.kind, case.due_on) == ("社会保障科", "same_day", "")
    assert (case.state, case.officer) == (CaseState.ASSIGNED, "officer-1")


def test_a_promised_case_is_due_by_central_s_clock(desks: Desks) -> None:
    before = desks.case(desks.open(service_item="RS002", now_ms=at("17:00")))
    after = desks.case(desks.open(service_item="RS002", now_ms=at("17:00:01")))

    assert (before.due_on, after.due_on) == ("2026-11-26", "2026-11-27")
    assert not before.due_provisional


def test_a_promise_over_the_new_year_is_provisional(desks: Desks) -> None:
    case = desks.case(desks.open(service_item="JY001", now_ms=at("10:00", "2026-12-18")))

    assert (case.due_on, case.due_provisional) == ("2027-01-18", True)


def test_a_packet_of_an_item_that_is_gone_from_the_catalogue_is_not_lost(desks: Desks) -> None:
    desks.come("officer-3")

    case = desks.case(desks.open(service_item="XX999"))

    assert (case.desk, case.officer) == ("综合服务岗", "officer-3")


def test_what_a_same_day_case_gives_is_called_to_the_window_that_took_it_in(desks: Desks) -> None:
    case_id = desks.open(window=3)

    desks.approve(case_id)

    called = desks.hall.facts(facts.TicketCalled)[-1]
    assert (desks.case(case_id).state, desks.case(case_id).ready_window) == (CaseState.READY, 3)
    assert (called.purpose, called.window, called.ticket) == (CallPurpose.PICKUP, 3, "A6001")
    assert called.text == "请A6001号到3号窗口领取办理结果"
    assert called.case_number == desks.case(case_id).case_number


def test_what_a_promised_case_gives_is_called_to_the_pickup_window(desks: Desks) -> None:
    case_id = desks.open(service_item="RS002")

    desks.approve(case_id)

    called = desks.hall.facts(facts.TicketCalled)[-1]
    assert desks.case(case_id).ready_window == 6
    assert called.text == "请A6001号到出件窗口领取办理结果"


def test_what_a_station_sent_in_is_handed_out_at_the_pickup_window(desks: Desks) -> None:
    case_id = desks.open(window=None, ticket="S1001", unit="station-1")

    desks.approve(case_id)

    assert desks.case(case_id).ready_window == 6


def test_a_result_call_leaves_the_queue_as_it_is(desks: Desks) -> None:
    case_id = desks.open()

    desks.approve(case_id)

    with desks.hall.work() as work:
        assert work.tickets.at_window(DAY, 3) is None


def test_a_number_of_another_day_is_not_called_since_today_it_is_somebody_else_s(desks: Desks) -> None:
    case_id = desks.open(ticket_day="2026-11-20", service_item="RS002")

    desks.approve(case_id)

    assert desks.case(case_id).state is CaseState.READY
    assert desks.hall.facts(facts.TicketCalled) == []
    with pytest.raises(NumberOfAnotherDay):
        desks.hall.do(pickup.call_for_pickup, case_id, actor="clerk", now_ms=NOW)


def test_a_result_is_called_again_and_the_calls_are_counted(desks: Desks) -> None:
    case_id = desks.open()
    desks.approve(case_id)

    again = desks.hall.do(pickup.call_for_pickup, case_id, actor="clerk", now_ms=NOW)

    assert again.count == 2


def test_a_refusal_keeps_its_reason_and_is_handed_over_like_a_result(desks: Desks) -> None:
    case_id = desks.open(window=3)

    desks.hall.do(deciding.refuse, case_id, " 不符合申领条件 ", staff_id="officer-1", now_ms=NOW)

    case = desks.case(case_id)
    assert (case.state, case.reason, case.ready_window) == (CaseState.READY, "不符合申领条件", 3)
    assert desks.hand_over(3, case_id)


@pytest.mark.parametrize("reason", ["", "  ", "长" * 501, "有\x00空"])
def test_a_decision_against_the_resident_needs_its_reason(desks: Desks, reason: str) -> None:
    case_id = desks.open()

    with pytest.raises(ReasonMissing):
        desks.hall.do(deciding.refuse, case_id, reason, staff_id="officer-1", now_ms=NOW)
    with pytest.raises(ReasonMissing):
        desks.correct(case_id, "缺照片", reason)

    assert desks.case(case_id).state is CaseState.ASSIGNED


@pytest.mark.parametrize("count", [0, 21])
def test_a_notice_names_one_to_twenty_reasons(desks: Desks, count: int) -> None:
    case_id = desks.open()

    with pytest.raises(ReasonMissing, match="1 to 20"):
        desks.correct(case_id, *(["缺照片"] * count))


def test_a_correction_names_everything_at_once_and_stops_the_case(desks: Desks) -> None:
    case_id = desks.open()

    desks.correct(case_id, "缺户口簿", "照片不是白底")

    assert desks.case(case_id).state is CaseState.CORRECTION
    assert desks.case(case_id).reason == "缺户口簿\n照片不是白底"
    with pytest.raises(CaseStepRefused) as refusal:
        desks.approve(case_id)
    assert "补正" in refusal.value.notice


def test_after_a_correction_the_promise_runs_anew(desks: Desks) -> None:
    case_id = desks.open(service_item="RS002")
    desks.correct(case_id, "缺户口簿")

    later = at("10:00", "2026-11-30")
    desks.hall.do(deciding.take_correction, case_id, staff_id="officer-1", now_ms=later)

    case = desks.case(case_id)
    assert (case.state, case.officer, case.due_on) == (CaseState.ASSIGNED, "officer-1", "2026-12-03")


def test_only_who_has_the_case_or_a_supervisor_decides_it(desks: Desks) -> None:
    case_id = desks.open()

    with pytest.raises(NotYourCase):
        desks.approve(case_id, "officer-2")
    with pytest.raises(StaffRefused):
        desks.approve(case_id, "clerk")
    with pytest.raises(StaffRefused):
        desks.approve(case_id, "nobody")
    desks.approve(case_id, "supervisor")

    assert desks.case(case_id).state is CaseState.READY


def test_deciding_twice_is_refused_and_the_first_decision_stands(desks: Desks) -> None:
    case_id = desks.open()
    desks.approve(case_id)

    with pytest.raises(CaseStepRefused):
        desks.hall.do(deciding.refuse, case_id, "理由", staff_id="officer-1", now_ms=NOW)

    assert desks.case(case_id).reason == ""
    with pytest.raises(CaseUnknown):
        desks.approve("no-such-case")


def test_an_officer_takes_a_case_from_the_desk_s_list(desks: Desks) -> None:
    desks.leave("officer-1")
    case_id = desks.open()
    assert desks.case(case_id).state is CaseState.OPEN

    with desks.hall.work(NOW) as work:
        deciding.take_task(case_id, staff_id="officer-2", work=work)

    assert (desks.case(case_id).state, desks.case(case_id).officer) == (CaseState.ASSIGNED, "officer-2")


def test_two_officers_do_not_take_one_case(desks: Desks) -> None:
    case_id = desks.open()

    with desks.hall.work(NOW) as work:
        deciding.take_task(case_id, staff_id="officer-1", work=work)  # has it already: nothing happens
    with pytest.raises(TaskTaken), desks.hall.work(NOW) as work:
        deciding.take_task(case_id, staff_id="officer-2", work=work)
    with pytest.raises(StaffRefused), desks.hall.work(NOW) as work:
        deciding.take_task(case_id, staff_id="officer-3", work=work)  # of another desk

    assert len(desks.hall.facts(facts.CaseMoved)) == 0


def test_a_ticket_shows_its_own_cases_a_receipt_one_and_the_card_all(desks: Desks) -> None:
    desks.hall.vault.residents["r2"] = a_resident("李四", "34052419800101001X")
    first = desks.open(ticket="A6001")
    second = desks.open(ticket="A6002")
    desks.open(ticket="A6003", resident_id="r2")
    desks.approve(second)

    by_ticket = desks.ask(6, ticket="A6001", day=DAY)
    by_receipt = desks.ask(6, case_number=desks.case(second).case_number)
    by_card = desks.ask(6, id_number=a_resident().id_number)

    assert [case.case_number for case in by_ticket] == [desks.case(first).case_number]
    assert [(case.ticket, case.state) for case in by_receipt] == [("A6002", "ready")]
    assert [(case.ticket, case.state) for case in by_card] == [("A6002", "ready"), ("A6001", "assigned")]
    assert desks.ask(6, ticket="A6999", day=DAY) == ()


def test_what_is_handed_over_is_closed_and_no_longer_listed(desks: Desks) -> None:
    case_id = desks.open()
    desks.approve(case_id)

    assert desks.hand_over(3, case_id)
    assert not desks.hand_over(3, case_id)

    assert desks.case(case_id).state is CaseState.CLOSED
    assert desks.ask(3, ticket="A6001", day=DAY) == ()
    assert len(desks.hall.facts(facts.HandedOver)) == 1


def test_what_is_not_ready_is_not_handed_over(desks: Desks) -> None:
    case_id = desks.open()

    with pytest.raises(CaseStepRefused) as refusal:
        desks.hand_over(3, case_id)

    assert "审批" in refusal.value.notice


def test_a_unit_hands_over_and_asks_for_its_own_window_only(desks: Desks) -> None:
    case_id = desks.open()
    desks.approve(case_id)

    with pytest.raises(WindowNotYours):
        desks.hand_over(3, case_id, unit="w2")
    with pytest.raises(WindowNotYours):
        desks.ask(6, unit="w2", ticket="A6001", day=DAY)


def test_who_it_is_stays_masked_until_a_reason_is_given_and_the_reason_is_kept(desks: Desks) -> None:
    case_id = desks.open()

    with desks.hall.work(NOW) as work:
        resident = look_at_person(case_id, "核对身份", staff_id="officer-1", work=work)

    masked = masked_person(resident)
    assert (masked.name, masked.id_number) == ("张*三", "110105********002X")
    opened = desks.hall.facts(facts.PersonOpened)[-1]
    assert (opened.staff_id, opened.reason, opened.case_id) == ("officer-1", "核对身份", case_id)


@pytest.mark.parametrize(
    ("reason", "staff_id", "refusal"),
    [
        ("", "officer-1", LookingReasonMissing),
        (" 看 ", "officer-1", LookingReasonMissing),
        ("看" * 201, "officer-1", LookingReasonMissing),
        ("核对身份", "admin", StaffRefused),  # who runs the machines does not look at people
        ("核对身份", "nobody", StaffRefused),
    ],
)
def test_looking_without_reason_or_right_shows_nothing(
    desks: Desks, reason: str, staff_id: str, refusal: type[Refused]
) -> None:
    case_id = desks.open()

    with pytest.raises(refusal), desks.hall.work(NOW) as work:
        look_at_person(case_id, reason, staff_id=staff_id, work=work)

    assert desks.hall.facts(facts.PersonOpened) == []


def test_an_erased_person_stays_erased(desks: Desks) -> None:
    case_id = desks.open()
    desks.hall.vault.destroy("r1")

    with pytest.raises(PersonErased), desks.hall.work(NOW) as work:
        look_at_person(case_id, "核对身份", staff_id="officer-1", work=work)


def test_nothing_of_the_resident_stands_in_the_book(desks: Desks) -> None:
    case_id = desks.open()
    with desks.hall.work(NOW) as work:
        look_at_person(case_id, "核对身份", staff_id="officer-1", work=work)
    desks.approve(case_id)
    desks.hand_over(3, case_id)

    bodies = "".join(entry.body + entry.subject + entry.origin for entry in desks.hall.entries())

    assert "张小三" not in bodies
    assert "11010519491231002X" not in bodies

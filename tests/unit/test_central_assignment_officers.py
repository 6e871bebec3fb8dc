"""Who gets which case: the least loaded officer present, the earliest promise first, and nobody's case forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.assignment.presence import come, leave
from central.cases import deciding
from central.cases.opening import open_case
from central.ledger import facts
from central.ledger.states import CaseState
from central.ledger.work import CaseRecord
from central.staff.roles import Role, StaffRefused
from central.staff.roster import put_staff
from tests.support.rules_hall import HallInMemory, a_kept_page, a_packet, at

NOW = at("10:00")
DESK = "社会保障科"
OFFICERS = ("officer-1", "officer-2", "officer-3")


class Desk:
    def __init__(self) -> None:
        self.hall = HallInMemory()
        with self.hall.work() as work:
            for officer in OFFICERS:
                put_staff(officer, officer, [Role.OFFICER], desks=[DESK], actor="init", work=work)
            put_staff("other", "other", [Role.OFFICER], desks=["就业服务科"], actor="init", work=work)
            put_staff("clerk", "clerk", [Role.CLERK], actor="init", work=work)

    def come(self, officer: str) -> int:
        with self.hall.work(NOW) as work:
            return come(officer, work=work)

    def leave(self, officer: str) -> int:
        with self.hall.work(NOW) as work:
            return leave(officer, work=work)

    def open(self, service_item: str = "RS001", now_ms: int = NOW) -> str:
        packet = a_packet(self.hall, service_item=service_item)
        with self.hall.work(now_ms, unit="w3") as work:
            return open_case(
                packet, resident_id="r1", pages=[a_kept_page()], form_digest="", now_ms=now_ms, work=work
            ).case_id

    def case(self, case_id: str) -> CaseRecord:
        with self.hall.work() as work:
            found = work.cases.find(case_id)
        assert found is not None
        return found

    def officer(self, case_id: str) -> str:
        return self.case(case_id).officer

    def loads(self) -> dict[str, int]:
        with self.hall.work() as work:
            return {each.staff_id: each.open_tasks for each in work.staff.all() if each.staff_id in OFFICERS}

    def put(self, officer: str, *desks: str, active: bool = True) -> None:
        with self.hall.work(NOW) as work:
            put_staff(officer, officer, [Role.OFFICER], desks=desks, active=active, actor="admin", work=work)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.hall.close()


def test_cases_go_to_whoever_has_least_and_ties_by_staff_number(desk: Desk) -> None:
    desk.come("officer-2")
    desk.come("officer-1")

    officers = [desk.officer(desk.open()) for _ in range(4)]

    assert officers == ["officer-1", "officer-2", "officer-1", "officer-2"]


def test_only_the_item_s_desk_is_asked(desk: Desk) -> None:
    desk.come("other")

    case_id = desk.open()

    assert (desk.officer(case_id), desk.case(case_id).state) == ("", CaseState.OPEN)


def test_with_nobody_present_the_case_stays_on_the_desk_s_list_and_that_is_an_entry(desk: Desk) -> None:
    case_id = desk.open()

    assert desk.hall.facts(facts.CaseAssigned)[-1] == facts.CaseAssigned(case_id=case_id, desk=DESK, officer="")


def test_who_signs_in_next_gets_what_waits_the_earliest_promise_first(desk: Desk) -> None:
    late = desk.open("RS002", now_ms=at("10:00", "2026-11-25"))
    early = desk.open("RS002")
    same_day = desk.open("RS001")

    assert desk.come("officer-1") == 3

    moved = [fact.case_id for fact in desk.hall.facts(facts.CaseMoved)]
    assert moved == [same_day, early, late]
    assert {desk.officer(case_id) for case_id in moved} == {"officer-1"}


def test_coming_twice_is_one_entry(desk: Desk) -> None:
    desk.come("officer-1")
    desk.come("officer-1")

    assert len(desk.hall.facts(facts.OfficerPresence)) == 1


def test_what_is_decided_makes_room(desk: Desk) -> None:
    desk.come("officer-1")
    first = desk.open()
    desk.come("officer-2")
    desk.open()
    desk.hall.do(deciding.approve, first, staff_id="officer-1", now_ms=NOW)

    assert desk.loads() == {"officer-1": 0, "officer-2": 1, "officer-3": 0}
    assert desk.officer(desk.open()) == "officer-1"


def test_an_officer_who_leaves_keeps_nothing_to_decide(desk: Desk) -> None:
    desk.come("officer-1")
    cases = [desk.open() for _ in range(4)]
    desk.come("officer-2")
    desk.come("officer-3")

    assert desk.leave("officer-1") == 4

    assert Counter(map(desk.officer, cases)) == {"officer-2": 2, "officer-3": 2}
    assert {fact.reason for fact in desk.hall.facts(facts.CaseMoved)} == {"officer-left"}


def test_the_last_who_leaves_puts_the_cases_back_on_the_desk_s_list(desk: Desk) -> None:
    desk.come("officer-1")
    case_id = desk.open()

    desk.leave("officer-1")

    assert (desk.officer(case_id), desk.case(case_id).state) == ("", CaseState.OPEN)
    assert desk.come("officer-2") == 1
    assert desk.officer(case_id) == "officer-2"


def test_leaving_twice_is_one_entry(desk: Desk) -> None:
    desk.come("officer-1")
    desk.leave("officer-1")

    assert desk.leave("officer-1") == 0
    assert desk.leave("nobody") == 0
    assert len(desk.hall.facts(facts.OfficerPresence)) == 2


def test_a_case_that_waits_for_the_resident_stays_with_its_officer(desk: Desk) -> None:
    desk.come("officer-1")
    case_id = desk.open()
    with desk.hall.work(NOW) as work:
        deciding.ask_correction(case_id, ["缺照片"], staff_id="officer-1", work=work)
    desk.come("officer-2")

    assert desk.leave("officer-1") == 0

    assert (desk.officer(case_id), desk.case(case_id).state) == ("officer-1", CaseState.CORRECTION)


def test_only_an_active_officer_comes(desk: Desk) -> None:
    with pytest.raises(StaffRefused):
        desk.come("clerk")
    desk.put("officer-1", DESK, active=False)
    with pytest.raises(StaffRefused):
        desk.come("officer-1")


def test_who_is_no_longer_on_the_staff_leaves_and_gets_nothing_more(desk: Desk) -> None:
    desk.come("officer-1")
    case_id = desk.open()
    desk.come("officer-2")

    desk.put("officer-1", DESK, active=False)

    assert desk.officer(case_id) == "officer-2"
    assert desk.officer(desk.open()) == "officer-2"


def test_who_changes_the_desk_leaves_its_cases_there(desk: Desk) -> None:
    desk.come("officer-1")
    case_id = desk.open()
    desk.come("officer-2")

    desk.put("officer-1", "就业服务科")

    assert desk.officer(case_id) == "officer-2"
    assert desk.officer(desk.open("JY001")) == "officer-1"


steps = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from(OFFICERS)),
        st.tuples(st.just("leave"), st.sampled_from(OFFICERS)),
        st.tuples(st.just("open"), st.sampled_from(["RS001", "RS002"])),
        st.tuples(st.just("decide"), st.integers(min_value=0, max_value=20).map(str)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_whatever_happens_no_case_is_forgotten_and_loads_are_true(steps: list[tuple[str, str]]) -> None:
    desk = Desk()
    opened: list[str] = []
    present: set[str] = set()
    for step, what in steps:
        if step == "come":
            desk.come(what)
            present.add(what)
        elif step == "leave":
            desk.leave(what)
            present.discard(what)
        elif step == "open":
            opened.append(desk.open(what))
        elif opened and (case := desk.case(opened[int(what) % len(opened)])).state is CaseState.ASSIGNED:
            desk.hall.do(deciding.approve, case.case_id, staff_id=case.officer, now_ms=NOW)

        undecided = [case for case in map(desk.case, opened) if case.state is not CaseState.READY]
        assert all(case.officer in present if present else case.officer == "" for case in undecided)
        assert desk.loads() == {officer: sum(case.officer == officer for case in undecided) for officer in OFFICERS}
    desk.hall.close()


def test_the_same_history_gives_the_same_officers(desk: Desk) -> None:
    def story() -> list[str]:
        each = Desk()
        each.open()
        each.come("officer-3")
        each.come("officer-1")
        cases = [each.open() for _ in range(5)]
        each.leave("officer-1")
        officers = [each.officer(case_id) for case_id in cases]
        entries = [replace(entry, body="") for entry in each.hall.entries()]
        each.hall.close()
        return [*officers, *(entry.hash for entry in entries)]

    assert story() == story()

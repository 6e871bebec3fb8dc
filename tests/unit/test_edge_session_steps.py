"""The visit's state machine: every step in its order, every other refused, and nothing lost or doubled on the way."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker.events import VisitOutcome
from broker.messages import PAGES_MAX, Resident
from edge import session
from edge.catalogue import Material, ServiceItem
from edge.errors import FormRefused, PageUnknown, StepRefused
from edge.session import Stage, Visit, step
from tests.support.edge_fixture import RESIDENT, TODAY, a_page

ITEM = ServiceItem(
    code="JY018",
    name="就业困难人员认定",
    department="就业服务科",
    kind="promised",
    promise_working_days=5,
    materials=(Material("申请表"), Material("居民身份证"), Material("一寸照片", needed=False)),
)


def a_visit(**changes: object) -> Visit:
    fields: dict[str, object] = {
        "visit_id": "v",
        "ticket": "A6001",
        "day": TODAY,
        "resident": RESIDENT,
        "opened_at_ms": 1,
        **changes,
    }
    return Visit(**fields)  # type: ignore[arg-type]


def with_page(visit: Visit, page_id: str = "p1", material: str = "") -> Visit:
    visit, effects = step(visit, session.PhotographAsked(material))
    (photograph,) = effects
    assert isinstance(photograph, session.Photograph)
    return step(visit, session.PageTaken(page_id, photograph.material, a_page()))[0]


def test_pages_fill_the_checklist_in_its_order_needed_ones_first() -> None:
    visit = step(a_visit(), session.ItemChosen(ITEM))[0]

    for number in range(4):
        visit = with_page(visit, f"p{number}")

    assert [page.material for page in visit.pages] == ["申请表", "居民身份证", "一寸照片", "其他材料"]
    assert visit.missing == ()


def test_a_page_taken_before_the_item_is_unsorted_and_can_be_named() -> None:
    visit = with_page(a_visit())
    assert visit.pages[0].material == session.UNSORTED

    visit = step(visit, session.PageNamed("p1", "居民身份证"))[0]
    visit = step(visit, session.ItemChosen(ITEM))[0]

    assert visit.missing == ("申请表",)


def test_a_page_that_the_gate_refuses_waits_to_be_kept_or_taken_again() -> None:
    visit = step(a_visit(), session.PhotographAsked())[0]
    visit = step(visit, session.PageTaken("p1", "居民身份证", a_page(accepted=False)))[0]
    assert visit.pages == ()

    kept = step(visit, session.PageKeptAnyway())[0]
    again = step(visit, session.PhotographAsked())[0]

    assert [page.page_id for page in kept.pages] == ["p1"]
    assert again.refused is None


def test_accepting_at_the_front_keeps_the_visit_open_for_the_next_item() -> None:
    visit = with_page(step(a_visit(), session.ItemChosen(ITEM))[0])
    _, effects = step(visit, session.AcceptAsked())
    assert effects == (session.KeepPacket(),)

    visit = step(visit, session.PacketAccepted("k1"))[0]

    assert (visit.stage, visit.pages, visit.item, visit.packets) == (Stage.FRONT, (), None, ("k1",))
    _, told = step(visit, session.Ended())
    assert told == (session.TellVisitEnded(VisitOutcome.FINISHED, 1),)


def test_accepting_at_the_rear_ends_the_visit_and_tells_nobody_twice() -> None:
    visit = with_page(step(a_visit(), session.ItemChosen(ITEM))[0])

    visit, told = step(visit, session.HandedToRear())
    assert told == (session.TellVisitEnded(VisitOutcome.FINISHED, 0),)
    visit, effects = step(visit, session.PacketAccepted("k1"))

    assert (visit.stage, effects) == (Stage.ENDED, ())


def test_a_cancelled_visit_holds_nothing_of_the_pages() -> None:
    visit, told = step(with_page(a_visit()), session.Cancelled())

    assert (visit.pages, visit.form, visit.stage) == ((), {}, Stage.ENDED)
    assert told == (session.TellVisitEnded(VisitOutcome.CANCELLED, 0),)


@pytest.mark.parametrize(
    ("visit", "event", "code"),
    [
        (a_visit(), session.AcceptAsked(), "no-item"),
        (a_visit(item=ITEM), session.AcceptAsked(), "no-pages"),
        (a_visit(), session.HandedToRear(), "no-pages"),
        (a_visit(), session.PageKeptAnyway(), "no-page-refused"),
        (a_visit(photographing=True), session.PhotographAsked(), "photographing"),
        (a_visit(photographing=True), session.AcceptAsked(), "photographing"),
        (a_visit(photographing=True), session.Ended(), "photographing"),
        (a_visit(), session.PageTaken("p", "m", a_page()), "not-photographing"),
        (with_page(a_visit()), session.Ended(), "pages-open"),
        (a_visit(stage=Stage.REAR), session.HandedToRear(), "not-at-front"),
        (a_visit(stage=Stage.REAR), session.Ended(), "not-at-front"),
        (a_visit(stage=Stage.ENDED), session.PhotographAsked(), "visit-ended"),
        (with_page(a_visit()), session.PageNamed("p1", ""), "material-refused"),
        (with_page(a_visit()), session.PageNamed("p1", "x" * 121), "material-refused"),
    ],
)
def test_a_step_out_of_order_is_refused_by_name(visit: Visit, event: session.SessionEvent, code: str) -> None:
    with pytest.raises(StepRefused) as refused:
        step(visit, event)

    assert refused.value.code == code
    assert refused.value.notice.endswith("。")


def test_one_page_more_than_a_packet_holds_is_refused() -> None:
    visit = a_visit(pages=tuple(session.VisitPage(page_id=f"p{n}", material="m", taken=a_page(1)) for n in range(40)))
    assert len(visit.pages) == PAGES_MAX

    with pytest.raises(StepRefused, match="at most 40 pages"):
        step(visit, session.PhotographAsked())


@pytest.mark.parametrize("event", [session.PageRemoved("x"), session.PageMoved("x", 0), session.PageNamed("x", "m")])
def test_a_page_that_is_not_there_is_refused(event: session.SessionEvent) -> None:
    with pytest.raises(PageUnknown):
        step(with_page(a_visit()), event)


@pytest.mark.parametrize("fields", [{"": "x"}, {"x" * 41: "y"}, {"电话": "1" * 501}, {"电话": "a\x00b"}])
def test_a_form_out_of_bounds_is_refused_without_its_value(fields: dict[str, str]) -> None:
    with pytest.raises(FormRefused) as refused:
        step(a_visit(), session.FormFilled(fields))

    assert "1" * 20 not in str(refused.value)


def test_an_empty_value_takes_a_form_field_away_and_30_fields_are_the_most() -> None:
    full = {f"f{number}": "x" for number in range(30)}
    visit = step(a_visit(), session.FormFilled(full))[0]

    with pytest.raises(FormRefused, match="at most 30"):
        step(visit, session.FormFilled({"one more": "x"}))
    visit = step(visit, session.FormFilled({"f0": ""}))[0]

    assert len(visit.form) == 29


def test_nothing_of_the_resident_shows_in_a_repr() -> None:
    visit = a_visit(resident=Resident(name="赵云霞", id_number="11010519491231002X"))

    assert "赵" not in repr(visit)
    assert "1101" not in repr(visit)


class VisitMachine(RuleBasedStateMachine):
    """Any steps in any order: a visit never forgets a page that was not removed, and never accepts one twice."""

    @initialize()
    def open(self) -> None:
        self.visit = a_visit()
        self.there: list[str] = []  # pages that must be in the visit, in order
        self.accepted: list[str] = []
        self.told = 0
        self.number = 0

    def take(self, event: session.SessionEvent) -> tuple[session.Effect, ...] | None:
        """Take a step; None when it was refused, and then nothing may have changed."""
        before = self.visit
        try:
            self.visit, effects = step(self.visit, event)
        except (StepRefused, PageUnknown, FormRefused):
            assert self.visit is before
            return None
        self.told += sum(isinstance(effect, session.TellVisitEnded) for effect in effects)
        return effects

    @rule()
    def choose(self) -> None:
        self.take(session.ItemChosen(ITEM))

    @rule()
    def ask_photograph(self) -> None:
        self.take(session.PhotographAsked())

    @rule(good=st.booleans())
    def page_comes(self, good: bool) -> None:
        self.number += 1
        if self.take(session.PageTaken(f"p{self.number}", "m", a_page(1, accepted=good))) is not None and good:
            self.there.append(f"p{self.number}")

    @rule()
    def photograph_fails(self) -> None:
        self.take(session.PhotographFailed())

    @rule()
    def keep_anyway(self) -> None:
        refused = self.visit.refused
        if self.take(session.PageKeptAnyway()) is not None:
            assert refused is not None
            self.there.append(refused.page_id)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from(self.there))
        if self.take(session.PageRemoved(page)) is not None:
            self.there.remove(page)

    @precondition(lambda self: self.there)
    @rule(data=st.data(), to=st.integers(-3, 50))
    def move(self, data: st.DataObject, to: int) -> None:
        page = data.draw(st.sampled_from(self.there))
        if self.take(session.PageMoved(page, to)) is not None:
            self.there.remove(page)
            self.there.insert(max(0, min(to, len(self.there))), page)

    @rule()
    def hand_to_rear(self) -> None:
        self.take(session.HandedToRear())

    @rule()
    def accept(self) -> None:
        if self.take(session.AcceptAsked()) is not None:
            assert self.there
            self.take(session.PacketAccepted(f"k{len(self.accepted)}"))
            self.accepted += self.there
            self.there = []

    @rule()
    def cancel(self) -> None:
        if self.take(session.Cancelled()) is not None:
            self.there = []

    @rule()
    def end(self) -> None:
        self.take(session.Ended())

    @invariant()
    def holds_just_what_was_taken(self) -> None:
        assert [page.page_id for page in self.visit.pages] == self.there
        assert len(set(self.accepted)) == len(self.accepted)
        assert self.told == (self.visit.stage is not Stage.FRONT)


TestVisitMachine = VisitMachine.TestCase
TestVisitMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

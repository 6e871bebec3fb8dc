"""Which step may follow which: the whole table, every pair of it."""

from __future__ import annotations

import pytest

from central.cases.steps import CaseStepRefused, Step, may, require_step
from central.ledger.states import CaseState

ALLOWED = {
    Step.ASSIGN: {CaseState.OPEN, CaseState.ASSIGNED, CaseState.CORRECTION},
    Step.APPROVE: {CaseState.ASSIGNED},
    Step.REFUSE: {CaseState.ASSIGNED},
    Step.ASK_CORRECTION: {CaseState.ASSIGNED},
    Step.TAKE_CORRECTION: {CaseState.CORRECTION},
    Step.MAKE_READY: {CaseState.APPROVED, CaseState.REFUSED},
    Step.CALL_FOR_PICKUP: {CaseState.READY},
    Step.HAND_OVER: {CaseState.READY},
}


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("step", Step)
def test_every_step_from_every_state(step: Step, state: CaseState) -> None:
    assert may(step, state) == (state in ALLOWED[step])
    if may(step, state):
        require_step(step, state)
        return
    with pytest.raises(CaseStepRefused) as refusal:
        require_step(step, state)
    assert refusal.value.code == "case-step-refused"
    assert refusal.value.notice.startswith("这件办理")


def test_a_closed_case_goes_nowhere() -> None:
    assert not any(may(step, CaseState.CLOSED) for step in Step)

"""Which step may follow which on a case's way. Pure: a table, and a refusal that says what to do instead.

open ─► assigned ─► approved ─► ready ─► closed
           │  ▲ └──► refused ─► ready ─┘          (what is ready is the result, or the written refusal)
           ▼  │
        correction                                 (the promise stands still)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from broker.errors import Refused
from central.ledger.states import CaseState


class Step(StrEnum):
    """What somebody may do to a case."""

    ASSIGN = "assign"  # to an officer, or to another
    APPROVE = "approve"
    REFUSE = "refuse"
    ASK_CORRECTION = "ask_correction"
    TAKE_CORRECTION = "take_correction"  # what was asked for is there
    MAKE_READY = "make_ready"
    CALL_FOR_PICKUP = "call_for_pickup"
    HAND_OVER = "hand_over"


class CaseUnknown(Refused):
    code = "case-unknown"
    notice = "没有找到这件办理。请核对办件编号，或改用身份证查询。"


class CaseStepRefused(Refused):
    """The case is not where this step begins. It stays as it is."""

    code = "case-step-refused"
    notice = "这件办理的状态已经变化，操作没有执行。请刷新页面后再看。"

    def __init__(self, step: Step, state: CaseState) -> None:
        super().__init__(f"{step} does not follow {state}")
        self.notice = _NOTICES.get(state, self.notice)


_BEFORE: Final[Mapping[Step, frozenset[CaseState]]] = MappingProxyType(
    {
        Step.ASSIGN: frozenset({CaseState.OPEN, CaseState.ASSIGNED, CaseState.CORRECTION}),
        Step.APPROVE: frozenset({CaseState.ASSIGNED}),
        Step.REFUSE: frozenset({CaseState.ASSIGNED}),
        Step.ASK_CORRECTION: frozenset({CaseState.ASSIGNED}),
        Step.TAKE_CORRECTION: frozenset({CaseState.CORRECTION}),
        Step.MAKE_READY: frozenset({CaseState.APPROVED, CaseState.REFUSED}),
        Step.CALL_FOR_PICKUP: frozenset({CaseState.READY}),
        Step.HAND_OVER: frozenset({CaseState.READY}),
    }
)
_NOTICES: Final[Mapping[CaseState, str]] = MappingProxyType(
    {
        CaseState.OPEN: "这件办理还没有经办人。请先领取任务，或等科室人员签到。",
        CaseState.ASSIGNED: "这件办理还在审批，结果没有出来。请告知居民等候叫号。",
        CaseState.CORRECTION: "这件办理在等居民补正材料。材料补齐后先登记补正，再继续。",
        CaseState.APPROVED: "这件办理已经批准，结果正在制作，请稍候。",
        CaseState.REFUSED: "这件办理已决定不予办理，告知书正在制作，请稍候。",
        CaseState.READY: "这件办理已有结果，正等居民领取，不能再改。有误请联系主管。",
        CaseState.CLOSED: "这件办理已经办结并交给居民，不能再改。有误请重新受理。",
    }
)


def may(step: Step, state: CaseState) -> bool:
    """Say whether the step may be taken from this state."""
    return state in _BEFORE[step]


def require_step(step: Step, state: CaseState) -> None:
    """Let the step through.

    Raises:
        CaseStepRefused: the case is elsewhere on its way; the notice says where and what to do.
    """
    if not may(step, state):
        raise CaseStepRefused(step, state)

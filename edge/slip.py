"""What stands on a ticket's slip: hall, business, number, people ahead, time, the code, and the rule for 过号."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from broker.messages import Priority
from edge.clock import HALL_TIME
from firmware.ports import Slip, SlipLine

MISSED_RULE: Final = "过号后，凭本票到任一窗口扫码，可重新排队一次。"
MISSED_RULE_ENGLISH: Final = "Missed your call? Show this slip at any window today."
NO_CODE: Final = "本票无条码，请携带身份证到窗口办理。"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipFacts:
    hall_name: str
    group_name: str
    ticket: str
    priority: Priority
    people_ahead: int | None
    issued_at_ms: int
    code: str  # the ticket's code; "" when there is none
    simulated: bool
    queued: bool = True


def ticket_slip(facts: SlipFacts) -> Slip:
    issued = datetime.fromtimestamp(facts.issued_at_ms / 1000, UTC).astimezone(HALL_TIME)
    priority = "（优先）" if facts.priority is Priority.PRIORITY else ""
    lines = [
        SlipLine(text=facts.hall_name, align="center", bold=True),
        SlipLine(text=f"{facts.group_name}{priority}", size="large", align="center"),
        SlipLine(text=facts.ticket, size="huge", align="center", bold=True),
    ]
    if facts.people_ahead is not None:
        ahead = f"前面等候 {facts.people_ahead} 人  /  {facts.people_ahead} ahead of you"
        lines.append(SlipLine(text=ahead, align="center"))
    lines.append(SlipLine(text=f"{issued:%Y-%m-%d %H:%M}", align="center"))
    if facts.code:
        lines.append(SlipLine(qr=facts.code, align="center"))
    else:
        lines.append(SlipLine(text=NO_CODE, align="center", bold=True))
    if facts.queued:
        lines.append(SlipLine(text=MISSED_RULE, size="small"))
        lines.append(SlipLine(text=MISSED_RULE_ENGLISH, size="small"))
    if facts.simulated:
        lines.append(SlipLine(text="演示 DEMO", size="small", align="center"))
    return Slip(lines=tuple(lines))

"""What stands on a ticket's slip: hall, business, number, people ahead, time, the code, and the rule for 过号."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from broker.messages import Priority
from edge.clock import HALL_TIME
from firmware.ports import Slip, SlipLine

# Each piece fits the narrowest roll, 16 characters or 32 letters: a printer breaks a longer one wherever it ends.
MISSED_RULE: Final = ("过号后，凭本票到任一窗口扫码，", "可重新排队一次。")
MISSED_RULE_ENGLISH: Final = ("Missed your call? Show this", "slip at any window today.")
NO_CODE: Final = ("本票无条码，", "请携带身份证到窗口办理。")


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
        lines.append(SlipLine(text=f"前面等候 {facts.people_ahead} 人", align="center"))
        lines.append(SlipLine(text=f"{facts.people_ahead} ahead of you", size="small", align="center"))
    lines.append(SlipLine(text=f"{issued:%Y-%m-%d %H:%M}", align="center"))
    if facts.code:
        lines.append(SlipLine(qr=facts.code, align="center"))
    else:
        lines.extend(SlipLine(text=piece, align="center", bold=True) for piece in NO_CODE)
    if facts.queued:
        lines.extend(SlipLine(text=piece, size="small", align="center") for piece in MISSED_RULE)
        lines.extend(SlipLine(text=piece, size="small", align="center") for piece in MISSED_RULE_ENGLISH)
    if facts.simulated:
        lines.append(SlipLine(text="演示 DEMO", size="small", align="center"))
    return Slip(lines=tuple(lines))

"""One message of every kind, the same for ever: what the golden bytes were made of."""

from __future__ import annotations

from broker import events, messages
from broker.codec import Message
from broker.messages import CallPurpose, IdKind, Outcome, Page, Priority, ReadyCase, Resident

PACKET_ID = "019a0000-0000-7000-8000-000000000001"
EVENT_ID = "019a0000-0000-7000-8000-000000000002"
CALL_ID = "019a0000-0000-7000-8000-000000000003"
ORDER_ID = "019a0000-0000-7000-8000-000000000004"
DAY = "2026-11-23"
NOW_MS = 1_795_400_000_000


def a_page(number: int = 0) -> Page:
    return Page(
        material="居民身份证",
        digest=f"{number + 1:064x}",
        sealed_bytes=450_061,
        plain_digest=f"{number + 1001:064x}",
        width=1654,
        height=2339,
    )


def a_packet(**changes: object) -> messages.IntakePacket:
    fields: dict[str, object] = {
        "packet_id": PACKET_ID,
        "ticket": "A6027",
        "ticket_day": DAY,
        "service_item": "RS001",
        "resident": Resident(name="样本甲", id_number="11010519491231002X", id_kind=IdKind.CITIZEN),
        "pages": (a_page(0), a_page(1)),
        "form": {"联系电话": "13800000000"},
        "window": 3,
        "accepted_at_ms": NOW_MS,
        "called_at_ms": NOW_MS - 300_000,
        "opened_at_ms": NOW_MS - 240_000,
        "accepted_by": "w3-front",
        "simulated": True,
    }
    return messages.IntakePacket(**(fields | changes))  # type: ignore[arg-type]


def one_of_each() -> list[Message]:
    return [
        a_packet(),
        messages.Receipt(
            subject=PACKET_ID,
            content_hash="ab" * 32,
            outcome=Outcome.ENTERED,
            at_ms=NOW_MS,
            entry=42,
            entry_hash="cd" * 32,
            case_number="20261123-00042",
            due_on="2026-12-21",
            due_provisional=True,
        ),
        messages.Call(
            call_id=CALL_ID,
            counter=43,
            ticket="A6027",
            window=3,
            purpose=CallPurpose.INTAKE,
            text="请A6027号到3号窗口办理业务",
            called_at_ms=NOW_MS,
            expires_at_ms=NOW_MS + 120_000,
            ticket_day=DAY,
        ),
        messages.QueueStatus(
            order_id=ORDER_ID, counter=44, waiting={"A": 3, "B": 0}, current_ticket="A6027", at_ms=NOW_MS
        ),
        messages.PickupList(
            order_id=ORDER_ID,
            asked=EVENT_ID,
            cases=(ReadyCase(case_number="20261123-00042", service_item="RS001", ticket="A6027", ticket_day=DAY),),
        ),
        messages.TicketKeys(order_id=ORDER_ID, keys={DAY: "00" * 32}),
        messages.ResendAsked(order_id=ORDER_ID, head=44, at_ms=NOW_MS),
        messages.PacketDoubted(
            order_id=ORDER_ID,
            packet_id=PACKET_ID,
            doubts=(messages.PageDoubt(page=1, code="other-name"),),
            at_ms=NOW_MS,
        ),
        messages.UnitState(
            alive=True, role="intake", boot=7, clock_ms=NOW_MS, waiting_packets=2, health={"scanner": "ok"}
        ),
        events.TicketIssued(event_id=EVENT_ID, ticket="A6027", day=DAY, at_ms=NOW_MS, priority=Priority.PRIORITY),
        events.NextRequested(event_id=EVENT_ID, window=3, at_ms=NOW_MS),
        events.RecallRequested(event_id=EVENT_ID, window=3, ticket="A6027", day=DAY, at_ms=NOW_MS),
        events.TicketPassed(event_id=EVENT_ID, window=3, ticket="A6027", day=DAY, at_ms=NOW_MS),
        events.TicketPresented(event_id=EVENT_ID, window=3, ticket="A6027", day=DAY, at_ms=NOW_MS),
        events.VisitEnded(event_id=EVENT_ID, window=3, ticket="A6027", day=DAY, at_ms=NOW_MS, packets=1),
        events.CallShown(event_id=EVENT_ID, call_id=CALL_ID, at_ms=NOW_MS),
        events.PickupAsked(event_id=EVENT_ID, window=6, at_ms=NOW_MS, ticket="A6027", day=DAY),
        events.HandedOver(
            event_id=EVENT_ID,
            window=6,
            case_number="20261123-00042",
            proof=events.HandoverProof.TICKET,
            at_ms=NOW_MS,
        ),
    ]

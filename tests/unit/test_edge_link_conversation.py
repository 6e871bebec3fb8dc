"""The link: nothing lost, nothing doubled, oldest first, events before pages, and only central is believed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from broker import codec, envelope
from broker.envelope import Header, key_id
from broker.messages import IntakePacket, Outcome, PageDoubt, QueueStatus, Receipt, TicketKeys, UnitState
from broker.topics import Down, Up, down, read_up
from edge.commands import AcceptVisit, CallNext, ChooseItem, PassTicket, TakePage
from edge.delivery import PACKETS_IN_FLIGHT_MAX
from edge.errors import LinkAway, NoAnswer, RefusedByCentral
from edge.packet import seal_packet
from edge.view import Delivery as Delivered
from tests.support.edge_fixture import TODAY, UnitRig, a_page, packet_id, some_papers


def accept(rig: UnitRig, *, pages: int = 1, page_bytes: int = 500, item: str = "RS001") -> str:
    """Accept one packet at the window, through the clerk's own steps."""
    ticket = f"A{6000 + len(list(rig.outbox.packets())):04d}"
    rig.devices.page = a_page(page_bytes)
    if rig.view.front is None:
        rig.open_visit(ticket)
    rig.do(ChooseItem(code=item))
    for _ in range(pages):
        rig.do(TakePage())
    return rig.do(AcceptVisit()).packet


def keep(rig: UnitRig, count: int, *, page_bytes: int = 200, pages: int = 1) -> list[str]:
    """Put packets straight into the outbox: as many as a long day makes."""
    ids = []
    for number in range(count):
        boot, seq = rig.link.next_seq()
        papers = some_papers(packet_id(number + 1), page_bytes=page_bytes, pages=pages)
        rig.outbox.accept(seal_packet(papers, keys=rig.keys, unit=rig.id, boot=boot, seq=seq))
        ids.append(papers.packet_id)
    return ids


def entered(rig: UnitRig) -> list[str]:
    return [packet.packet_id for packet in rig.central.entered]


@pytest.fixture
def rig(tmp_path: Path) -> UnitRig:
    return UnitRig(tmp_path)


def test_a_day_without_central_arrives_whole_and_oldest_first(rig: UnitRig) -> None:
    accepted = [accept(rig, pages=2) for _ in range(12)]
    rig.pass_time(3_600_000, step_ms=60_000)
    assert rig.view.link.waiting_packets == 12

    rig.connect()
    rig.pass_time(1_000)

    assert entered(rig) == accepted
    assert rig.view.link.waiting_packets == 0
    assert {each.state for each in rig.view.accepted} == {Delivered.ENTERED}
    assert rig.view.accepted[0].case_number == "20261123-00012"


def test_the_pages_arrive_as_they_were_photographed(rig: UnitRig) -> None:
    rig.connect()

    packet = accept(rig, pages=3, page_bytes=700_000)
    rig.pass_time(1_000)

    assert rig.central.pictures[packet] == [a_page(700_000).jpeg] * 3


def test_events_overtake_pages(rig: UnitRig) -> None:
    keep(rig, 3, page_bytes=3_000_000)
    rig.handle_online()

    sent_before = [read_up(topic).family for topic, *_ in rig.transport.sent]
    rig.open_visit("A6500")
    families = [read_up(topic).family for topic, *_ in rig.transport.sent]

    assert families[: len(sent_before)] == sent_before
    assert families[len(sent_before)] is Up.EVENT  # behind what is on the way, before all further pages
    assert sent_before.count(Up.CHUNK) <= 4
    assert sum(len(payload) for topic, payload, *_ in rig.transport.sent) < 1_000_000


def test_no_more_than_a_few_packets_are_on_the_way_at_a_time(rig: UnitRig) -> None:
    keep(rig, 20)
    rig.handle_online()
    rig.settle(lose=lambda topic, payload: topic.endswith("receipt"))

    assert rig.central.seen.count("packet") == PACKETS_IN_FLIGHT_MAX


@pytest.mark.parametrize("seed", range(6))
def test_loss_doubling_and_reordering_lose_nothing_and_enter_nothing_twice(tmp_path: Path, seed: int) -> None:
    luck = random.Random(seed)
    rig = UnitRig(tmp_path)
    ids = keep(rig, 12, pages=2, page_bytes=250_000)
    rig.handle_online()

    for _ in range(600):
        pending = list(rig.transport.sent)
        rig.transport.sent.clear()
        if luck.random() < 0.5:
            luck.shuffle(pending)
        for topic, payload, qos, handle in pending:
            answers = []
            for _ in range(luck.choice((0, 1, 1, 2))):
                answers += rig.central.take(topic, payload)
            if qos and luck.random() < 0.95:
                rig.handle_published(handle)
            luck.shuffle(answers)
            for answer in answers:
                if luck.random() < 0.7:
                    rig.deliver(answer)
        if luck.random() < 0.02:
            rig.disconnect()
            rig.handle_online()
        rig.pass_time_offline(700)
        if not rig.outbox.waiting_count:
            break

    assert sorted(entered(rig)) == sorted(ids)
    assert rig.outbox.waiting_count == 0
    assert rig.central.altered == []


def test_only_the_manifest_goes_again_and_then_the_pages_that_are_missed(rig: UnitRig) -> None:
    keep(rig, 1, pages=3)
    rig.handle_online()
    rig.settle(lose=lambda topic, payload: topic.endswith("up/chunk") and codec.decode_chunk(payload).page == 1)

    assert rig.central.seen == ["state", "chunk", "chunk", "packet", "packet"]  # MISSING, and the page lost once more
    rig.online = True
    rig.pass_time(5_000)

    assert len(entered(rig)) == 1
    assert [each for each in rig.central.seen if each != "state"][-2:] == ["chunk", "packet"]


def test_without_a_receipt_the_manifest_is_sent_again_with_growing_patience(rig: UnitRig) -> None:
    keep(rig, 1)
    rig.handle_online()
    times = []
    rig.settle(lose=lambda topic, payload: topic.endswith("receipt"))
    before = rig.central.seen.count("packet")
    for second in range(120):
        rig.pass_time_offline(1000)
        rig.settle(lose=lambda topic, payload: topic.endswith("receipt"))
        if rig.central.seen.count("packet") > before:
            before = rig.central.seen.count("packet")
            times.append(second)

    gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert times[0] <= 2
    assert max(gaps) <= 16
    assert gaps[-1] >= 10
    assert rig.central.seen.count("chunk") == 1


def test_a_word_to_resend_makes_it_try_at_once(rig: UnitRig) -> None:
    keep(rig, 1)
    rig.handle_online()
    rig.settle(lose=lambda topic, payload: True)
    rig.pass_time_offline(40_000)
    rig.handle_published_all()

    rig.deliver(rig.central.resend(rig.id))
    rig.settle()

    assert len(entered(rig)) == 1


def test_one_packet_without_an_answer_does_not_hold_up_the_others_for_ever(rig: UnitRig) -> None:
    ids = keep(rig, 30)
    poison = set(ids[:4])
    rig.handle_online()

    def lose(topic: str, payload: bytes) -> bool:
        return topic.endswith("up/packet") and envelope.read(payload).header.subject in poison

    rig.settle(lose)
    for _ in range(60):
        rig.deliver(rig.central.status(rig.id, {"A": 1}))  # central is there, and answers others
        rig.pass_time_offline(1000)
        rig.settle(lose)

    assert set(entered(rig)) == set(ids) - poison
    rig.online = True
    rig.pass_time(120_000, step_ms=1000)
    assert set(entered(rig)) == set(ids)


def test_a_refused_packet_is_shown_and_never_sent_again(rig: UnitRig) -> None:
    rig.central.refuse[IntakePacket.KIND] = ("unit-revoked", "装置已停用，请联系管理员。")
    rig.connect()
    packet = accept(rig)
    rig.pass_time(60_000)

    assert [(each.packet, each.notice) for each in rig.view.refused] == [(packet, "装置已停用，请联系管理员。")]
    assert rig.central.seen.count("packet") == 1
    assert rig.view.link.waiting_packets == 0


def test_what_the_ledger_lost_is_offered_again(rig: UnitRig) -> None:
    rig.connect()
    ids = [accept(rig) for _ in range(3)]
    head = rig.outbox.find(ids[0]).entry
    rig.central.forget_after(head)
    assert entered(rig) == ids[:1]

    rig.deliver(rig.central.resend(rig.id))
    rig.settle()

    assert entered(rig) == ids


def test_a_restart_in_the_middle_goes_on_from_the_card(tmp_path: Path) -> None:
    rig = UnitRig(tmp_path)
    ids = [accept(rig) for _ in range(5)]
    rig.handle_online()
    rig.settle(lose=lambda topic, payload: topic.endswith("receipt"))

    rig.restart()
    assert rig.view.link.waiting_packets == 5
    rig.connect()
    rig.pass_time(2_000)

    assert entered(rig) == ids
    assert rig.outbox.waiting_count == 0


def test_each_start_counts_one_boot_more(rig: UnitRig) -> None:
    first = rig.link.next_seq()[0]

    rig.restart()

    assert rig.link.next_seq() == (first + 1, 1)


def test_a_lost_boot_counter_goes_on_above_what_waits_in_the_outbox(rig: UnitRig) -> None:
    for _ in range(3):
        rig.restart()
    accept(rig)
    (rig.settings.seen / "boot").write_bytes(b"\xff\xff")

    rig.restart()

    assert rig.link.next_seq()[0] == 5


# --- buttons ------------------------------------------------------------------------------------------------------


def test_a_button_without_a_connection_says_so_at_once(rig: UnitRig) -> None:
    with pytest.raises(LinkAway):
        rig.do(CallNext())


def test_a_button_that_central_does_not_answer_is_given_up_after_seconds(rig: UnitRig) -> None:
    rig.handle_online()
    answer = rig.start(CallNext())
    rig.transport.sent.clear()

    for _ in range(30):
        rig.pass_time_offline(200)

    with pytest.raises(NoAnswer):
        answer.result(0)
    again = [envelope.read(payload).header.kind for topic, payload, *_ in rig.transport.sent if topic.endswith("event")]
    assert 2 <= again.count("next-requested/1") <= 5


def test_an_empty_queue_is_said_in_centrals_words(rig: UnitRig) -> None:
    rig.connect()

    with pytest.raises(RefusedByCentral) as refused:
        rig.do(CallNext())

    assert (refused.value.code, refused.value.notice) == ("queue-empty", "现在没有等候的居民。")


def test_a_lasting_event_waits_for_its_receipt_over_a_restart(rig: UnitRig) -> None:
    rig.connect()
    rig.central.queue = ["A6001"]
    rig.do(CallNext())
    rig.disconnect()
    rig.do(PassTicket())
    rig.restart()
    assert rig.view.link.waiting_events == 1

    rig.connect()
    rig.pass_time(1_000)

    assert rig.central.events[-1].ticket == "A6001"
    assert rig.view.link.waiting_events == 0
    assert not list((rig.settings.outbox / "events").iterdir())


def test_silence_of_central_behind_a_working_broker_is_said(rig: UnitRig) -> None:
    keep(rig, 1)
    rig.handle_online()
    for _ in range(30):
        rig.pass_time_offline(1_000)
        rig.handle_published_all()

    assert "中心没有回应" in rig.view.link.notice
    assert rig.view.link.online


# --- what is believed ---------------------------------------------------------------------------------------------


def forged(rig: UnitRig, payload: bytes) -> list[bytes]:
    """Return messages that are nearly central's."""
    read = envelope.read(payload)
    stranger = rig.hall.unit()[0].signing
    header = replace(read.header, signing_key=key_id(stranger.public_key()))
    flipped = [bytearray(payload) for _ in range(0, len(payload), 7)]
    for number, each in enumerate(flipped):
        each[number * 7] ^= 1
    return [
        envelope.sign(header, read.body, stranger),
        envelope.sign(replace(header, sender="shuangjing-w4"), read.body, stranger),
        payload[:-1],
        payload + b"x",
        b"",
        b"\x00" * 300_000,
        *map(bytes, flipped),
    ]


def test_a_forged_or_altered_receipt_lets_nothing_go(rig: UnitRig) -> None:
    rig.handle_online()
    accept(rig)
    topic, payload = "", b""
    for sent_topic, sent_payload, *_ in list(rig.transport.sent):
        for answer_topic, answer in rig.central.take(sent_topic, sent_payload):
            if answer_topic.endswith("receipt"):
                topic, payload = answer_topic, answer

    for attempt in forged(rig, payload):
        rig.deliver((topic, attempt))
        assert rig.view.link.waiting_packets == 1

    rig.deliver((topic, payload))
    assert rig.view.link.waiting_packets == 0


def test_a_forged_call_is_not_shown(rig: UnitRig) -> None:
    topic, payload = rig.central.call(rig.id, "A6001", 3)

    for attempt in forged(rig, payload):
        rig.deliver((topic, attempt))

    assert rig.devices.announced == []
    rig.deliver((topic, payload))
    assert len(rig.devices.announced) == 1


def test_a_message_on_the_wrong_topic_is_refused(rig: UnitRig) -> None:
    _, call = rig.central.call(rig.id, "A6001", 3)

    for topic in (down(rig.id, Down.RECEIPT), down("shuangjing-w4", Down.CALL), "ow/1/x", "", "ow/1/../down/call"):  # type: ignore[arg-type]
        rig.deliver((topic, call))

    assert rig.devices.announced == []


def test_ticket_keys_come_sealed_or_not_at_all(tmp_path: Path) -> None:
    rig = UnitRig(tmp_path, day_keys=False)
    keys = TicketKeys(order_id=rig.central.new_id(), keys={TODAY: "ab" * 32})
    header = Header(
        kind=keys.KIND,
        sender="central",
        subject=keys.order_id,
        signing_key=key_id(rig.hall.receipt.public_key()),
    )
    plain = envelope.sign(header, codec.encode(keys), rig.hall.receipt)

    rig.deliver((down(rig.id, Down.ORDER), plain))
    assert rig.core._house.day_keys.by_day == {}
    rig.deliver(rig.central.sent(rig.id, Down.ORDER, keys))

    assert rig.core._house.day_keys.by_day == {TODAY: b"\xab" * 32}
    rig.restart()
    assert rig.core._house.day_keys.by_day == {TODAY: b"\xab" * 32}
    rig.clock.advance(86_400_000)
    rig.pass_time_offline(11_000)
    assert not list(rig.settings.ticket_keys.glob("*.key"))


def test_an_older_queue_status_does_not_replace_a_newer(rig: UnitRig) -> None:
    newer = rig.central.status(rig.id, {"A": 2})
    older = QueueStatus(order_id=rig.central.new_id(), counter=0, waiting={"A": 9})

    rig.deliver(newer)
    rig.deliver(rig.central.sent(rig.id, Down.ORDER, older))

    assert rig.view.queue is not None
    assert rig.view.queue.waiting == {"A": 2}


def test_the_state_says_what_waits_and_how_the_unit_is(rig: UnitRig) -> None:
    accept(rig)
    rig.handle_online()
    states = [codec.decode(payload, UnitState) for topic, payload, *_ in rig.transport.sent if topic.endswith("state")]

    assert (states[0].alive, states[0].waiting_packets, states[0].role, states[0].boot) == (True, 1, "intake", 1)


def test_an_unknown_receipt_is_passed_over(rig: UnitRig) -> None:
    receipt = Receipt(
        subject=packet_id(77), content_hash="0" * 64, outcome=Outcome.ENTERED, at_ms=rig.clock.unix_ms, entry=1
    )

    rig.deliver(rig.central.sent(rig.id, Down.RECEIPT, receipt))
    missing = replace(receipt, outcome=Outcome.MISSING, entry=0, missing=(3,))
    rig.deliver(rig.central.sent(rig.id, Down.RECEIPT, missing))

    assert rig.view.link.waiting_packets == 0


def test_a_packet_damaged_on_the_card_is_set_aside_and_the_next_goes(rig: UnitRig) -> None:
    first, second = accept(rig), accept(rig)
    page = next((rig.settings.outbox / "waiting" / first).glob("00-*"))
    page.write_bytes(page.read_bytes()[:-1])

    rig.connect()
    rig.pass_time(1_000)

    assert entered(rig) == [second]
    assert rig.view.storage.quarantined == (first,)
    assert rig.view.notice is not None
    assert rig.view.notice.code == "packet-damaged"


def test_the_second_looks_doubts_stand_in_the_list_and_are_said_once(rig: UnitRig) -> None:
    rig.connect()
    clean, doubtful = accept(rig), accept(rig, pages=2)
    rig.pass_time(1_000)

    rig.deliver(
        rig.central.doubt(
            rig.id,
            doubtful,
            PageDoubt(page=0, code="other-number"),
            PageDoubt(page=0, code="other-name"),
            PageDoubt(page=1, code="of-a-newer-central"),
        )
    )

    told = {packet.packet: packet.doubts for packet in rig.view.accepted}
    assert told == {clean: "", doubtful: "第1页证件号码、姓名与号票不一致；第2页需要核对。请当面核对。"}
    assert rig.view.notice is not None
    assert rig.view.notice.code == "second-look"
    assert told[doubtful] in rig.view.notice.text


def test_doubts_of_a_packet_that_is_not_ours_are_passed_over(rig: UnitRig) -> None:
    rig.connect()
    before = rig.view.notice

    rig.deliver(rig.central.doubt(rig.id, packet_id(77), PageDoubt(page=0, code="other-name")))

    assert rig.view.notice == before

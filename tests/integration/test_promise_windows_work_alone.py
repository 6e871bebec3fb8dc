"""Central away for a day: windows go on; then everything arrives, once, oldest first, and a call overtakes pages."""

from __future__ import annotations

from pathlib import Path

from tests.support.whole_hall import wait_until, whole_hall

PEOPLE = 6
ITEMS = ("RS001", "RS003", "RS005")
DRAIN_SECONDS_MAX = 60.0


def test_a_day_without_central_loses_nothing(tmp_path: Path) -> None:
    with whole_hall(tmp_path) as hall:
        walk, window = hall.walk, hall.walk.windows[1]
        first = walk.take_ticket(1, "A")
        wait_until(
            "the ticket in the queue", lambda: (window.view()["queue"] or {}).get("waiting", {}).get("A") == 1, 20
        )
        hall.kill("central-ledger")
        hall.kill("central-web")
        hall.kill("mosquitto")
        wait_until("the console to say that it is alone", lambda: not window.view()["link"]["online"], 40)

        # Tickets are printed, open and are served; nothing can be called, so residents come with their slips.
        packets = []
        tickets = [first, *(walk.take_ticket(person, "B") for person in range(2, PEOPLE + 1))]
        for person, ticket in enumerate(tickets, start=1):
            visit = walk.scan(window, ticket)
            checklist = walk.choose(window, visit, ITEMS[person % len(ITEMS)])
            walk.photograph(window, visit, checklist[0]["name"], person=person, seed=person)
            packets.append(walk.accept(window, visit))
            walk.end(window, visit)
        link = window.view()["link"]
        assert link["waiting_packets"] == PEOPLE
        assert link["notice"]

        # A unit that is cut off as well comes back with all that it had accepted.
        hall.kill("unit-shuangjing-w1")
        hall.start("unit-shuangjing-w1")
        hall.wait_until_ready()
        assert window.view()["link"]["waiting_packets"] == PEOPLE

        for name in ("mosquitto", "central-ledger", "central-web"):
            hall.start(name)
        hall.wait_until_ready()
        wait_until("an empty outbox", lambda: window.view()["link"]["waiting_packets"] == 0, DRAIN_SECONDS_MAX)

        lines = {line["packet"]: line for line in window.view()["accepted"]}
        numbers = [lines[packet]["case_number"] for packet in packets]
        assert all(numbers)
        assert numbers == sorted(numbers), "the oldest packet was not entered first"
        assert len(set(numbers)) == PEOPLE
        assert walk.windows[1].view()["refused"] == []

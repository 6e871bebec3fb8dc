"""One resident through the running hall, told line by line: `make visit`.

Everything is done through the doors that people use, and all input is pixels: the card's frames, the printed slip's
picture before the scanner, drawn papers under the camera. What is told is what the hall showed, with the time it took.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provisioning.catalogue import Item
from provisioning.demonstration.officers import Officers
from provisioning.demonstration.walk import Ticket, Walk
from provisioning.hall_file import HallFile

Say = Callable[[str], None]
_PEOPLE: Final = 100_000


@dataclass(slots=True)
class _Teller:
    """Prints each step with the seconds since the beginning and since the step before."""

    say: Say
    began: float
    before: float

    def tell(self, place: str, text: str) -> None:
        now = time.perf_counter()
        self.say(f"{now - self.began:7.2f} s  +{now - self.before:5.2f}  {place}  {text}")
        self.before = now


def visit(hall: HallFile, item: Item, group: str, *, say: Say, seed: int | None = None) -> None:
    """Send one resident through the hall for this item and tell it.

    Raises:
        DoorRefused, NotInTime: a step was refused or did not come; the lines before say how far it went.
    """
    chance = random.Random(seed)  # noqa: S311  # which invented person comes, and how the papers lie
    person, paper_seed = chance.randrange(1, _PEOPLE), chance.randrange(1, _PEOPLE)
    walk = Walk(hall)
    officers = Officers(hall, [item.department])
    now = time.perf_counter()
    teller = _Teller(say, now, now)
    kind = "即办件 same day" if item.same_day else f"承诺件 promised, {item.promise_days} working days"
    say(f"{item.code} {item.name} · {kind} · {len(officers)} officers at {item.department}")

    ticket = _at_the_kiosk(walk, person, group, teller)
    number, case_number = _at_the_window(walk, ticket, item, person, paper_seed, teller)
    officer = officers.of(case_number, item.department)
    teller.tell(
        "科室",
        f"case {case_number} stands on {officer.name}'s desk; papers opened: {officer.look_at_papers(case_number)}",
    )
    officer.approve(case_number)
    teller.tell("科室", f"{officer.name} approves")
    _collect(walk, ticket, case_number, number if item.same_day else min(walk.pickups), teller)
    say(f"Done: from card to result in {time.perf_counter() - teller.began:.1f} s, all through the hall's own doors.")


def _at_the_kiosk(walk: Walk, person: int, group: str, teller: _Teller) -> Ticket:
    card = walk.lay_card(person)
    teller.tell("取号", f"card read: {card['masked_name']} {card['masked_number']}")
    ticket = walk.print_ticket(group)
    walk.kiosk.simulate("card", lift=True)
    teller.tell("取号", f"ticket {ticket.number} printed ({len(ticket.slip)} bytes of picture), card taken away")
    return ticket


def _at_the_window(walk: Walk, ticket: Ticket, item: Item, person: int, seed: int, teller: _Teller) -> tuple[int, str]:
    number = _called(walk, ticket, teller)
    window = walk.windows[number]
    place = f"{number}号"
    visit = walk.scan(window, ticket)
    shown = window.view()["front"]
    teller.tell(place, f"ticket scanned, its code opened: {shown['masked_name']} {shown['masked_number']}")
    checklist = walk.choose(window, visit, item.code)
    teller.tell(place, f"item chosen: {item.name}, {len(checklist)} papers on the checklist")
    for index, line in enumerate(checklist):
        page = walk.photograph(window, visit, line["name"], person=person, seed=seed + index)
        anyway = f", kept anyway: {page.refused}" if page.refused else ""
        teller.tell(place, f"photographed: {line['name']}, {page.width}×{page.height} px{anyway}")
    window.simulate("desk", clear=True)
    packet = walk.accept(window, visit)
    teller.tell(place, f"已受理: packet {packet} is on the window's disk")
    line = walk.receipt(window, packet)
    due = f", due on {line['due_on']}{' (预计)' if line['due_provisional'] else ''}" if line["due_on"] else ""
    teller.tell(place, f"receipt from the ledger: case {line['case_number']}{due}")
    walk.end(window, visit)
    return number, line["case_number"]


def _called(walk: Walk, ticket: Ticket, teller: _Teller) -> int:
    """Press 下一位 at one window after the other until our number is called; others' numbers are passed over."""
    windows = sorted(walk.windows)
    for turn in range(500):
        number = windows[turn % len(windows)]
        window = walk.windows[number]
        if window.view()["front"] is not None or window.view()["call"] is not None:
            continue
        called = walk.call_next(window)
        if called == ticket.number:
            heard = walk.call_on_board(ticket.number)
            teller.tell("大厅", f"call heard: {heard['text']}")
            return number
        if called is not None:
            window.do("pass_ticket")
            teller.tell(f"{number}号", f"{called} was before us and did not come: passed")
    raise AssertionError("500 numbers were before ours")


def _collect(walk: Walk, ticket: Ticket, case_number: str, number: int, teller: _Teller) -> None:
    window = walk.place(number)
    call = walk.pickup_call(window, ticket.number)
    teller.tell("大厅", f"pickup call: {call['text']}")
    walk.hand_over(window, ticket, case_number)
    teller.tell(f"{number}号", f"result of {case_number} handed over against the ticket")

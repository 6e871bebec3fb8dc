"""The steps of a resident's way through the running hall, each done through the doors that people use.

Goes to `visit.py` (one resident, told line by line) and `day.py` (many at once). A step returns when the hall shows
that it has happened, or raises what the hall said.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from provisioning.demonstration.doors import Console, DoorRefused
from provisioning.hall_file import HallFile

PAGE_TRIES: Final = 3  # a page that the gate refuses is laid anew, a little differently
RECEIPT_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the resident holds in the hand: the printed slip as a picture. `number` is what stands on it."""

    number: str
    slip: bytes  # PNG


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """One page as the window took it."""

    width: int  # pixels
    height: int
    refused: str = ""  # what the gate had against it, when it was kept anyway


class Walk:
    """The doors of one running hall's units. Steps at one unit are done one at a time; units work side by side."""

    def __init__(self, hall: HallFile) -> None:
        consoles = {
            unit["id"]: Console(unit["name"], hall.ports[unit["id"]], hall.token) for unit in hall.data["units"]
        }
        units = hall.data["units"]
        self.kiosk = next(consoles[unit["id"]] for unit in units if unit["role"] == "kiosk")
        self.board = next(consoles[unit["id"]] for unit in units if unit["role"] == "board")
        self.windows: dict[int, Console] = {
            unit["window"]: consoles[unit["id"]] for unit in units if unit["role"] == "intake"
        }
        self.pickups: dict[int, Console] = {
            unit["window"]: consoles[unit["id"]] for unit in units if unit["role"] == "pickup"
        }
        self._at_kiosk = threading.Lock()
        self._sheets: dict[str, bool] = {}  # by console: whether the user's photographs lie under its camera

    def place(self, window: int) -> Console:
        """Return the console at this painted number."""
        return self.windows.get(window) or self.pickups[window]

    def take_ticket(self, person: int, group: str, *, priority: bool = False) -> Ticket:
        """Lay a resident's card on the kiosk, press the group's button, take card and slip away."""
        with self._at_kiosk:
            self.lay_card(person)
            try:
                return self.print_ticket(group, priority=priority)
            finally:
                self.kiosk.simulate("card", lift=True)

    def lay_card(self, person: int) -> dict[str, Any]:
        """Lay a card on the kiosk's reader; return what the kiosk shows of it, masked."""
        self.kiosk.simulate("card", person=person)
        card: dict[str, Any] = self.kiosk.wait_for("the card", lambda view: view["card"])
        return card

    def print_ticket(self, group: str, *, priority: bool = False) -> Ticket:
        issued = self.kiosk.do("issue_ticket", group=group, priority="priority" if priority else "none")
        number: str = issued["ticket"]
        self.kiosk.wait_for(
            "the printed slip",
            lambda view: view["issued"] and view["issued"]["ticket"] == number and view["issued"]["printed"],
        )
        return Ticket(number, self.kiosk.picture("/simulated/api/slips/last.png"))

    def call_next(self, window: Console) -> str | None:
        """Press 下一位; return the number called, or None when nobody waits.

        Raises:
            DoorRefused: refused for another reason.
        """
        try:
            called: str = window.do("call_next")["ticket"]
        except DoorRefused as refusal:
            if refusal.code == "queue-empty":
                return None
            if refusal.code != "call-open":  # called before, though the answer did not come
                raise
            called = ""
        # The answer may be there a moment before the view shows it: the view of before is not to be believed.
        if called:
            window.wait_for("the call", lambda view: view["call"] and view["call"]["ticket"] == called)
            return called
        return str(window.wait_for("the call", lambda view: view["call"])["ticket"])

    def call_on_board(self, ticket: str) -> dict[str, Any]:
        """Wait until the hall board shows the call of this number; return the call."""

        def shown(view: dict[str, Any]) -> dict[str, Any] | None:
            return next((call for call in view["calls"] if call["ticket"] == ticket), None)

        call: dict[str, Any] = self.board.wait_for("the call", shown)
        return call

    def scan(self, window: Console, ticket: Ticket) -> str:
        """Hold the slip before the scanner gun; return the visit that opens."""
        self.show_slip(window, ticket)
        visit: str = window.wait_for(
            "the visit",
            lambda view: view["front"] and view["front"]["ticket"] == ticket.number and view["front"]["visit"],
        )
        return visit

    def show_slip(self, window: Console, ticket: Ticket) -> None:
        window.show("scan", ticket.slip)

    def choose(self, window: Console, visit: str, item: str) -> list[dict[str, Any]]:
        """Choose the service item; return its checklist."""
        window.do("choose_item", code=item, visit=visit)
        checklist: list[dict[str, Any]] = window.wait_for(
            "the checklist",
            lambda view: view["front"] and view["front"]["item_code"] == item and view["front"]["checklist"],
        )
        return checklist

    def photograph(self, window: Console, visit: str, material: str, *, person: int, seed: int) -> Photograph:
        """Lay a paper under the camera and photograph it.

        One that the gate refuses is laid anew; after some tries it is kept anyway, as a clerk would.
        """
        refused = ""
        for attempt in range(PAGE_TRIES):
            self._lay_paper(window, material, person, seed + 1000 * attempt)
            try:
                page = window.do("take_page", material=material, visit=visit)["page"]
            except DoorRefused as refusal:
                refused = refusal.notice
            else:
                return self._photograph(window, page)
        page = window.do("take_page_anyway", visit=visit)["page"]
        return self._photograph(window, page, refused)

    def _photograph(self, window: Console, page: str, refused: str = "") -> Photograph:
        def shown(view: dict[str, Any]) -> dict[str, Any] | None:
            pages = view["front"]["pages"] if view["front"] else ()
            return next((each for each in pages if each["page"] == page), None)

        found: dict[str, Any] = window.wait_for("the page", shown)
        return Photograph(width=found["width"], height=found["height"], refused=refused)

    def _lay_paper(self, window: Console, material: str, person: int, seed: int) -> None:
        """Lay the paper that was asked for, or the next of the user's own photographs (SHEETS=)."""
        if self._own_photographs(window):
            window.simulate("desk", next_sheet=True)
        else:
            window.simulate("desk", material=material, person=person, seed=seed)

    def _own_photographs(self, window: Console) -> bool:
        if window.name not in self._sheets:
            self._sheets[window.name] = bool(window.simulated_state()["sheets"])
        return self._sheets[window.name]

    def photograph_all(
        self, window: Console, visit: str, checklist: Iterable[dict[str, Any]], *, person: int, seed: int
    ) -> tuple[int, int]:
        """Photograph every material; return how many pages, and how many of them the gate did not like."""
        materials = [line["name"] for line in checklist]
        taken = [
            self.photograph(window, visit, material, person=person, seed=seed + index)
            for index, material in enumerate(materials)
        ]
        window.simulate("desk", clear=True)
        return len(taken), sum(bool(photograph.refused) for photograph in taken)

    def accept(self, window: Console, visit: str) -> str:
        """Press 受理; return the packet, which is on the unit's disk now."""
        packet: str = window.do("accept_visit", visit=visit)["packet"]
        return packet

    def receipt(self, window: Console, packet: str) -> dict[str, Any]:
        """Wait for central's receipt; return the packet's line on the console."""

        def entered(view: dict[str, Any]) -> dict[str, Any] | None:
            mine = (line for line in view["accepted"] if line["packet"] == packet)
            return next((line for line in mine if line["case_number"]), None)

        line: dict[str, Any] = window.wait_for("the receipt", entered, seconds_max=RECEIPT_SECONDS_MAX)
        return line

    def end(self, window: Console, visit: str) -> None:
        window.do("end_visit", visit=visit)
        window.wait_for("the visit's end", lambda view: view["front"] is None)

    def pickup_call(self, window: Console, ticket: str) -> dict[str, Any]:
        """Wait until this window has shown the call to collect a result; return the call."""

        def called(view: dict[str, Any]) -> dict[str, Any] | None:
            mine = (call for call in view["calls"] if call["ticket"] == ticket)
            return next((call for call in mine if call["purpose"] == "pickup"), None)

        call: dict[str, Any] = window.wait_for("the pickup call", called, seconds_max=RECEIPT_SECONDS_MAX)
        return call

    def where_called(self, ticket: Ticket | None) -> int:
        """Wait until the hall board shows where this number collects its result; return the window."""
        assert ticket is not None
        return int(self.pickup_call(self.board, ticket.number)["window"])

    def hand_over(self, window: Console, ticket: Ticket, case_number: str) -> None:
        """Scan the slip at the window, find the result ready, hand it over."""
        self.show_slip(window, ticket)
        window.wait_for("the result on the pickup list", lambda view: _ready(view, case_number))
        window.do("hand_over", case_number=case_number, proof="ticket")
        window.wait_for("the result handed over", lambda view: _handed_over(view, case_number))
        window.do("clear_pickup")


def _ready(view: dict[str, Any], case_number: str) -> bool:
    cases = view["pickup"]["cases"] if view["pickup"] else ()
    return any(case["case_number"] == case_number and case["state"] == "ready" for case in cases)


def _handed_over(view: dict[str, Any], case_number: str) -> bool:
    cases = view["pickup"]["cases"] if view["pickup"] else ()
    return any(case["case_number"] == case_number and case["handed_over"] for case in cases)

"""Officers at central's pages: sign in, come to the desk, take a case, decide it, as their browser would.

Used by `visit.py` and `day.py`. Log-ins come from the demonstration hall's roster.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any, Final

from provisioning.demonstration.doors import Browser, DoorRefused, NotInTime, Page
from provisioning.hall_file import HallFile

_CASE_SECONDS_MAX: Final = 30.0


class Officer:
    """One member of staff with a browser, signed in."""

    def __init__(self, port: int, member: dict[str, Any]) -> None:
        """Sign in.

        Raises:
            DoorRefused: central does not let this log-in in.
        """
        self.name: str = member["name"]
        self.login: str = member["login"]
        self.desk: str = member["desk"]
        self.lock = threading.Lock()  # held by whoever works with this browser
        self._browser = Browser(port)
        page = self._browser.get("/sign-in")
        self._browser.submit(page.form("/sign-in"), name=member["login"], password=member["password"])

    def come(self) -> None:
        """Say 在岗: from now on cases are assigned to this officer."""
        self._browser.submit(self._browser.get("/desk").form("/desk/presence"), present="yes")

    def page_of(self, case_number: str) -> Page | None:
        """Return the case's page, or None when it is not on this officer's desk."""
        try:
            return self._browser.get(f"/cases/{case_number}")
        except DoorRefused as refusal:
            if refusal.code == "http-404":
                return None
            raise

    def is_assigned(self, case_number: str) -> bool:
        page = self.page_of(case_number)
        return page is not None and any("/approve" in form.action for form in page.forms)

    def look_at_papers(self, case_number: str) -> int:
        """Open every paper of the case; return how many."""
        page = self.page_of(case_number)
        pictures = {link for link in page.pictures if "/pages/" in link} if page else set()
        for picture in sorted(pictures):
            self._browser.bytes_of(picture)
        return len(pictures)

    def approve(self, case_number: str) -> None:
        self._decide(case_number, "/approve", reason="")

    def refuse(self, case_number: str, reason: str) -> None:
        self._decide(case_number, "/refuse", reason=reason)

    def ask_correction(self, case_number: str, reason: str) -> None:
        self._decide(case_number, "/correction", reason=reason)

    def resume(self, case_number: str) -> None:
        self._decide(case_number, "/resume")

    def _decide(self, case_number: str, action: str, **fields: str) -> None:
        page = self.page_of(case_number)
        if page is None:
            raise DoorRefused("http-404", "办件不在这个科室。", f"{self.login} {action}")
        self._browser.submit(page.form(action), **fields)


class Officers:
    """Some officers of the hall, all signed in and at their desks."""

    def __init__(self, hall: HallFile, desks: Iterable[str]) -> None:
        wanted = set(desks)
        self._all = [
            Officer(hall.ports["web"], member)
            for member in hall.data["staff"]
            if member["role"] == "officer" and member["desk"] in wanted
        ]
        for officer in self._all:
            officer.come()

    def __len__(self) -> int:
        return len(self._all)

    def of(self, case_number: str, desk: str) -> Officer:
        """Return the officer to whom a case of this desk was assigned.

        Raises:
            NotInTime: nobody has it after half a minute.
        """
        deadline = time.monotonic() + _CASE_SECONDS_MAX
        while time.monotonic() < deadline:
            for officer in self._all:
                if officer.desk == desk:
                    with officer.lock:
                        if officer.is_assigned(case_number):
                            return officer
            time.sleep(0.1)
        raise NotInTime(f"case {case_number}: no officer of {desk} has it after {_CASE_SECONDS_MAX:.0f} s")

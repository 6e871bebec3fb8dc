"""The officer's desk: tasks by promise, presence, and taking a case from the desk's list.

Comes from `Reading`, with masked people; goes to case.py. A supervisor sees every desk's list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from broker.ids import is_case_number
from central.storage.reading_rows import TaskRow
from central.web import acts
from central.web.board import stream
from central.web.guard import EVERYBODY, allowed, house, member, roles_of, token
from central.web.shown import Due, HallTime, Person, due, waiting_since
from central.web.words import CASE_STATES

PAGES: Final = Blueprint("desk", __name__)
PAGE: Final = 50  # lines
PAGES_MAX: Final = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """One task as its list shows it."""

    task: TaskRow
    due: Due
    person: Person
    waited: str
    officer: str  # name


@PAGES.get("/desk")
@allowed("officer", "supervisor")
def page() -> str:
    return render_template("desk.html", **_lists())


@PAGES.get("/desk/tasks")
@allowed("officer", "supervisor")
def tasks() -> str:
    """Return the lists alone: what the page puts in place of its own when the book has moved."""
    return render_template("desk_tasks.html", **_lists())


@PAGES.post("/desk/presence")
@allowed("officer", "supervisor")
def presence() -> AnyResponse:
    acts.set_presence(house(), member().staff_id, present=request.form.get("present") == "yes")
    return redirect(url_for("desk.page"), 303)


@PAGES.post("/desk/take/<case_number>")
@allowed("officer", "supervisor")
def take(case_number: str) -> AnyResponse:
    """Take a case from the desk's list; a second officer who asks later is refused by the use case."""
    acts.take_case(house(), find_case(case_number).case_id, member().staff_id)
    return redirect(url_for("case.page", case_number=case_number), 303)


@PAGES.get("/live/staff")
@allowed(*EVERYBODY)
def live() -> Response:
    return stream("staff", f"session {token()}")


def find_case(case_number: str) -> TaskRow:
    """Return the case if it is on this member's desk; anything else is not found, so that nothing can be tried out."""
    task = house().reading.case(case_number) if is_case_number(case_number) else None
    who = member()
    if task is None or not ("supervisor" in roles_of(who) or task.desk in who.desks or task.officer == who.staff_id):
        abort(404)
    return task


def lines(found: Sequence[TaskRow], names: Mapping[str, str]) -> list[Line]:
    """Return tasks with what only the present moment and the vault can say."""
    settings, now_ms = house().settings, house().clock.now_ms()
    time = HallTime(settings.timezone)
    people = acts.people(house(), [task.resident_id for task in found])
    return [
        Line(
            task,
            due(
                kind=task.kind,
                due_on=task.due_on,
                provisional=task.due_provisional,
                state=task.state,
                opened_on=time.day(task.opened_at_ms),
                today=time.day(now_ms),
                soon_days=settings.promise_soon_days,
            ),
            people[task.resident_id],
            waiting_since(task.opened_at_ms, now_ms),
            names.get(task.officer, task.officer),
        )
        for task in found
    ]


def _lists() -> dict[str, object]:
    """Return both lists of the page, and which one is open."""
    reading, who = house().reading, member()
    now_ms = house().clock.now_ms()
    supervisor = "supervisor" in roles_of(who)
    desks = sorted({item.department for item in reading.items()}) if supervisor else list(who.desks)
    mine, listed = reading.count_tasks(who.staff_id, desks)
    which = request.args.get("list", "mine" if mine or not listed else "desk")
    number = min(max(request.args.get("page", 1, type=int), 1), PAGES_MAX)
    offset = (number - 1) * PAGE
    if which == "desk":
        found = reading.tasks_of_desks(desks, limit=PAGE + 1, offset=offset)
    else:
        which, found = "mine", reading.tasks_of_officer(who.staff_id, limit=PAGE + 1, offset=offset)
    return {
        "which": which,
        "mine": mine,
        "listed": listed,
        "lines": lines(found[:PAGE], {}),
        "number": number,
        "more": len(found) > PAGE,
        "desks": desks,
        "done": done if is_case_number(done := request.args.get("done", "")) else "",
        "became": CASE_STATES.get(request.args.get("became", "")),
        "now_ms": now_ms,
    }

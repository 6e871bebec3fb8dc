"""One case on the officer's screen: its papers, its form, its history, and the decision.

Comes from the desk's list or a case number; each decision is one use case. People are masked until they are opened
with a reason, and the opening is an entry. A case of another desk is not found.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from broker.messages import Resident
from central.storage.reading_rows import EntryRow, PageRow, TaskRow
from central.web import acts
from central.web.desk import find_case, lines
from central.web.guard import allowed, house, member, roles_of
from central.web.words import DOUBTS

PAGES: Final = Blueprint("case", __name__, url_prefix="/cases/<case_number>")
REASON_MAX: Final = 500
MATERIALS_MAX: Final = 40


@PAGES.get("")
@allowed("officer", "supervisor")
def page(case_number: str) -> str:
    return _page(case_number)


@PAGES.post("/identity")
@allowed("officer", "supervisor")
def open_identity(case_number: str) -> str:
    """Show name and number in full, once, on this answer only; who looked and why is an entry."""
    task = find_case(case_number)
    person = acts.open_person(house(), task.case_id, member().staff_id, reason=_reason())
    return _page(case_number, person=person)


@PAGES.get("/pages/<int:index>")
@allowed("officer", "supervisor")
def picture(case_number: str, index: int) -> Response:
    """Return a page's picture, unsealed for this answer and kept nowhere on the way."""
    task = find_case(case_number)
    picture = acts.page_picture(house(), task.case_id, index)
    if picture is None:
        abort(404)
    response = Response(picture, mimetype="image/png" if picture.startswith(b"\x89PNG") else "image/jpeg")
    response.headers["Content-Disposition"] = "inline"
    return response


@PAGES.post("/approve")
@allowed("officer", "supervisor")
def approve(case_number: str) -> AnyResponse:
    acts.approve(house(), find_case(case_number).case_id, member().staff_id, note=_reason())
    return _next(case_number, "approved")


@PAGES.post("/correction")
@allowed("officer", "supervisor")
def ask_correction(case_number: str) -> AnyResponse:
    """一次性告知: everything that is missing, ticked and said once."""
    task = find_case(case_number)
    missing = tuple(material[:120] for material in request.form.getlist("missing")[:MATERIALS_MAX])
    reasons = [f"缺少或不合格：{material}" for material in missing] + ([said] if (said := _reason()) else [])
    acts.ask_correction(house(), task.case_id, member().staff_id, reasons=reasons, materials=missing)
    return _next(case_number, "correction")


@PAGES.post("/refuse")
@allowed("officer", "supervisor")
def refuse(case_number: str) -> AnyResponse:
    acts.refuse(house(), find_case(case_number).case_id, member().staff_id, reason=_reason())
    return _next(case_number, "refused")


@PAGES.post("/resume")
@allowed("officer", "supervisor")
def resume(case_number: str) -> AnyResponse:
    """补正完成: what was asked for is there."""
    acts.resume(house(), find_case(case_number).case_id, member().staff_id)
    return redirect(url_for("case.page", case_number=case_number), 303)


def _page(case_number: str, *, person: Resident | None = None) -> str:
    task = find_case(case_number)
    reading, who = house().reading, member()
    names = {person.staff_id: person.name for person in reading.staff(now_ms=house().clock.now_ms())}
    kept = reading.pages(task.case_id)
    item = reading.item(task.service_item)
    listed = item.materials if item else ()
    with house().look() as work:
        form = work.vault.form(task.case_id)
    return render_template(
        "case.html",
        line=lines([task], names)[0],
        person=person,
        form=form,
        pages=kept,
        materials=[*listed, *sorted({page.material for page in kept} - set(listed))],
        pages_of={
            material: [page.index for page in kept if page.material == material]
            for material in {page.material for page in kept}
        },
        doubts=_doubts(task, kept),
        history=[_told(entry, names) for entry in _history(task)],
        mine=task.officer == who.staff_id or "supervisor" in roles_of(who),
        others=reading.cases_of_residents([task.resident_id], limit=6),
    )


def _doubts(task: TaskRow, kept: Sequence[PageRow]) -> list[tuple[int, str, str]] | None:
    """Return what the second look points out, as page index, material and words; None while it has not looked."""
    found = house().reading.doubts(task.case_id)
    if found is None:
        return None
    materials = {page.index: page.material for page in kept}
    return [(page, materials.get(page, ""), DOUBTS[code].zh if code in DOUBTS else code) for page, code in found]


def _reason() -> str:
    """Return what was written as the reason; whether one is needed is the use case's rule."""
    return " ".join(request.form.get("reason", "").split())[:REASON_MAX]


def _next(case_number: str, became: str) -> AnyResponse:
    return redirect(url_for("desk.page", done=case_number, became=became), 303)


def _history(task: TaskRow) -> list[EntryRow]:
    """Return the case's entries, with those about its resident that name this case."""
    found = house().reading.history([task.case_id, task.case_number, task.resident_id])
    return [
        entry
        for entry in found
        if entry.subject != task.resident_id or json.loads(entry.body).get("case_id") == task.case_id
    ]


def _told(entry: EntryRow, names: dict[str, str]) -> dict[str, object]:
    """Return an entry with the reason that stands in it and the actor's name."""
    body = json.loads(entry.body)
    details = [body.get("reason") or body.get("note") or "", "、".join(body.get("materials") or ())]
    officer = body.get("officer") or ""
    if officer and officer != entry.actor:
        details.insert(0, f"→ {names.get(officer, officer)}")
    return {
        "entry": entry,
        "actor": names.get(entry.actor, entry.actor),
        "detail": "；".join(part for part in details if part),
    }

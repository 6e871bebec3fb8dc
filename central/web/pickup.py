"""统一窗口出件: what waits to be fetched, found by one scan and handed over against a proof.

Comes from `Reading.ready` and the scan box; a hand-over is one use case. What nobody fetches ages visibly. An ID
number typed into the box travels in the form's body, never in an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from broker.events import HandoverProof
from broker.ids import is_case_number, is_ticket
from central.storage.reading_rows import TaskRow
from central.web import acts
from central.web.desk import lines
from central.web.guard import allowed, house, member
from central.web.shown import HallTime, uncollected_tone, waiting_since

PAGES: Final = Blueprint("pickup", __name__, url_prefix="/pickup")
PAGE: Final = 50  # lines
PAGES_MAX: Final = 2000
_PREFIXES: Final = ("OWC", "OW-", "OW:")  # a receipt's Code 128 carries one; with or without it the number is meant


@PAGES.get("")
@allowed("pickup", "supervisor")
def page() -> str:
    return render_template("pickup.html", **_ready(), asked="", found=None)


@PAGES.get("/ready")
@allowed("pickup", "supervisor")
def ready() -> str:
    """Return the list alone, for the page's refreshing."""
    return render_template("pickup_ready.html", **_ready())


@PAGES.post("")
@allowed("pickup", "supervisor")
def find() -> str:
    """Find by receipt, ticket or ID number, whatever was scanned or typed."""
    asked = request.form.get("asked", "").strip().upper()[:64]
    found = _shown(_find(asked))
    known = is_ticket(asked) or is_case_number(asked) and len(asked) < 15
    return render_template("pickup.html", **_ready(), asked=asked if known else "", found=found)


@PAGES.post("/<case_number>/hand-over")
@allowed("pickup", "supervisor")
def hand_over(case_number: str) -> AnyResponse:
    if not is_case_number(case_number):
        abort(404)
    task = house().reading.case(case_number)
    proof = request.form.get("proof", "")
    if task is None or proof not in set(HandoverProof):
        abort(404 if task is None else 400)
    acts.hand_over(house(), task, member().staff_id, proof=HandoverProof(proof))
    return redirect(url_for("pickup.page", done=case_number), 303)


@PAGES.post("/<case_number>/call")
@allowed("pickup", "supervisor")
def call_again(case_number: str) -> AnyResponse:
    """Call the number of a result that waits once more."""
    task = house().reading.case(case_number) if is_case_number(case_number) else None
    if task is None:
        abort(404)
    acts.call_again(house(), task.case_id, member().staff_id)
    return redirect(url_for("pickup.page"), 303)


def _find(asked: str) -> list[TaskRow]:
    reading = house().reading
    if is_ticket(asked):
        return list(reading.cases_of_ticket(asked))
    number = next((asked.removeprefix(prefix) for prefix in _PREFIXES if asked.startswith(prefix)), asked)
    if is_case_number(number):
        task = reading.case(number)
        if task is not None:
            return [task]
    with house().look() as work:
        residents = work.vault.ids_of(asked) if 6 <= len(asked) <= 20 else ()
    return list(reading.cases_of_residents(residents)) if residents else []


def _shown(found: Sequence[TaskRow]) -> list[dict[str, object]]:
    now_ms = house().clock.now_ms()
    return [
        {
            "line": line,
            "waited": waiting_since(line.task.decided_at_ms or line.task.opened_at_ms, now_ms),
            "tone": uncollected_tone(line.task.decided_at_ms or line.task.opened_at_ms, now_ms),
        }
        for line in lines(found, {})
    ]


def _ready() -> dict[str, object]:
    reading = house().reading
    number = min(max(request.args.get("page", 1, type=int), 1), PAGES_MAX)
    done = request.args.get("done", "")
    today = HallTime(house().settings.timezone).day(house().clock.now_ms()).isoformat()
    total = reading.count_ready()
    found = reading.ready(limit=PAGE + 1, offset=(number - 1) * PAGE)
    return {
        "ready": _shown(found[:PAGE]),
        "total": total,
        "number": number,
        "more": len(found) > PAGE,
        "today": today,
        "done": done if is_case_number(done) else "",
        "proofs": [proof.value for proof in HandoverProof],
    }

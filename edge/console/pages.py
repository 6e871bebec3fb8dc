"""The pages that people look at, their pictures, and the forms that they post."""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from edge.commands import Command, IssueTicket, ReprintSlip, Result
from edge.console.beeps import beep_wav
from edge.console.current import console, wants_json
from edge.console.orders import command_from_form
from edge.console.parts import HOME, context_of
from edge.console.shown import item_kind
from edge.view import Role

_SEARCHING: Final = ("front", "rear")  # pages with the item search

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static")


@blueprint.get("/")
def home() -> str:
    return _page(HOME[console().unit.view().role])


@blueprint.get("/rear")
def rear() -> str:
    if console().unit.view().role is not Role.INTAKE:
        abort(404)
    return _page("rear")


@blueprint.get("/devices")
def devices() -> str:
    return _page("devices")


@blueprint.post("/do/<command>")
def do(command: str) -> AnyResponse:
    """Carry out what a form asks for; our script gets JSON, a browser without it its page again."""
    result = carry_out(command_from_form(command, request.form.to_dict()))
    if wants_json():
        return jsonify(ok=True, notice=result.notice, visit=result.visit, ticket=result.ticket, packet=result.packet)
    return redirect(urlsplit(request.referrer or "/").path or "/", code=303)


@blueprint.get("/items")
def items() -> Response:
    """Answer the search box: the likeliest items first."""
    here = console()
    catalogue = here.unit.catalogue
    found = [catalogue[code] for code in here.search.find(request.args.get("q", ""))]
    return jsonify(
        [
            {
                "code": item.code,
                "name": item.name,
                "department": item.department,
                "kind": item_kind(item.kind, item.promise_working_days),
            }
            for item in found
        ]
    )


@blueprint.get("/live.jpg")
def live_picture() -> Response:
    return Response(console().unit.live_frame(), mimetype="image/jpeg")


@blueprint.get("/pages/<page>.jpg")
def page_picture(page: str) -> Response:
    return Response(console().unit.page_jpeg(page[:64]), mimetype="image/jpeg")


@blueprint.get("/beep/<any(good, bad):kind>.wav")
def beep(kind: Literal["good", "bad"]) -> Response:
    return Response(beep_wav(kind), mimetype="audio/wav", headers={"Cache-Control": "max-age=86400"})


@blueprint.get("/slip.png")
def slip_picture() -> Response:
    picture = console().unit.slip_picture()
    if picture is None:
        abort(404)
    return Response(picture, mimetype="image/png")


def carry_out(command: Command) -> Result:
    """Have the unit do it. A slip that a simulated printer then gave out goes into the demonstration's pocket."""
    here = console()
    result = here.unit.do(command)
    simulators = here.bench.simulators
    if (
        isinstance(command, IssueTicket | ReprintSlip)
        and simulators is not None
        and simulators.ticket_printer is not None
    ):
        here.pocket.carry(simulators.slips())
    return result


def _page(name: str) -> str:
    view = console().unit.view()
    if name in _SEARCHING:
        console().search.prepare()
    return render_template(f"{name}.html", **context_of(name, view))

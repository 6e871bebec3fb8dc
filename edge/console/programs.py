"""The door for programs (`make visit`, `make day`, a hall's own tools): the view as JSON, commands as JSON.

A program shows its bearer token (settings); a browser's page is checked as everywhere. Nothing personal is unmasked.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from edge.console.current import console
from edge.console.errors import BodyRefused
from edge.console.orders import command_from
from edge.console.pages import carry_out
from edge.console.shown import for_programs

WAIT_SECONDS_MAX = 20.0

blueprint = Blueprint("programs", __name__)


@blueprint.get("/api/view")
def view() -> Response:
    """Return the view; with `?after=<version>` as soon as it is newer, or after 20 s as it is."""
    here = console()
    after = request.args.get("after", "")
    # A wait holds a thread as a listening page does: no more of both than there may be.
    if after.isascii() and after.isdecimal() and len(after) < 16 and here.streams.acquire(blocking=False):
        try:
            return jsonify(for_programs(here.unit.wait_for_change(int(after), WAIT_SECONDS_MAX)))
        finally:
            here.streams.release()
    return jsonify(for_programs(here.unit.view()))


@blueprint.post("/api/do/<command>")
def do(command: str) -> Response:
    """Carry out one command; its fields are the JSON object in the body (none: an empty body)."""
    result = carry_out(command_from(command, json_object()))
    return jsonify(
        ok=True,
        notice=result.notice,
        visit=result.visit,
        page=result.page,
        packet=result.packet,
        ticket=result.ticket,
    )


def json_object() -> dict[str, Any]:
    """Return the JSON object in the body.

    Raises:
        BodyRefused: it is none.
    """
    body = request.get_data()
    if not body:
        return {}
    try:
        data = request.get_json(force=True, silent=True)
    except RecursionError:  # 60 000 opening brackets
        data = None
    if not isinstance(data, dict):
        raise BodyRefused("the body is a JSON object")
    return data

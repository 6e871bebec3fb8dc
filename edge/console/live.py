"""Live pages: a stream that says "something changed", and the page's parts as they are now.

The stream carries version numbers only, so that nothing of a resident lies in a proxy or a browser's log; the page then
fetches its parts and exchanges those that differ. Streams are few (each holds a thread): a page that gets none asks
every few seconds instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template

from edge.console.current import Console, console
from edge.console.errors import StreamsFull
from edge.console.parts import PARTS, context_of
from edge.view import UnitView

STREAM_SECONDS_MAX = 120.0  # then the browser comes back
SIGN_SECONDS = 10.0  # of silence; a sign of life then finds out pages that were closed, and frees their thread
WAIT_SECONDS = 0.5  # at a time, so that a console that closes does not wait for its listeners

blueprint = Blueprint("live", __name__)


@blueprint.get("/events")
def events() -> Response:
    here = console()
    if not here.streams.acquire(blocking=False):
        raise StreamsFull("as many pages listen as there may")
    response = Response(_versions(here), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
    response.call_on_close(here.streams.release)
    return response


def _versions(here: Console) -> Iterator[str]:
    version = here.unit.view().version
    yield f"retry: 1000\ndata: {version}\n\n"
    silent_turns = 0
    for _ in range(int(STREAM_SECONDS_MAX / WAIT_SECONDS)):
        if here.closing.is_set():
            return
        newest = here.unit.wait_for_change(version, WAIT_SECONDS).version
        silent_turns = 0 if newest != version else silent_turns + 1
        if newest != version:
            version = newest
            yield f"data: {version}\n\n"
        elif silent_turns * WAIT_SECONDS >= SIGN_SECONDS:
            silent_turns = 0
            yield ": still here\n\n"


@blueprint.get("/live/<page>")
def parts(page: str) -> Response:
    """Return the page's parts as HTML, by name."""
    if page not in PARTS:
        abort(404)
    view = console().unit.view()
    return rendered(view, context_of(page, view))


def rendered(view: UnitView, context: dict[str, Any]) -> Response:
    """Return the parts of a context as the script takes them; `visit` is the one that the page now shows."""
    return jsonify(
        version=view.version,
        visit=context["visit"].visit if context["visit"] else "",
        parts={part: render_template(f"parts/{part}.html", **context) for part in context["parts"]},
    )

"""The console as a Flask application: puts the guard, the pages, the live parts and the programs' door together.

`create_console` is called by `bootstrap.py` (through `serve.py`) and by tests. Nothing here knows a queue, a camera or
a network: it asks the unit and shows what the unit shows.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, current_app, jsonify, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from broker.errors import OneWindowError, Refused
from edge.console import live, pages, programs, shown, simulated
from edge.console.current import Console, wants_json
from edge.console.guard import Guard
from edge.console.pocket import Pocket
from edge.console.search import ItemSearch
from edge.console.settings import BODY_BYTES_MAX, ConsoleSettings
from edge.unit import Unit
from firmware.bench import Bench

log = logging.getLogger(__name__)


def create_console(unit: Unit, bench: Bench, settings: ConsoleSettings) -> Flask:
    """Return the console of this unit, to be served by `serve.py`. Opens nothing and starts nothing."""
    app = Flask("edge.console")
    view = unit.view()
    guard = Guard(settings, cookie_name=f"onewindow-{view.unit}")
    app.extensions["onewindow"] = Console(
        unit=unit,
        bench=bench,
        settings=settings,
        guard=guard,
        search=ItemSearch(unit.catalogue.values()),
        pocket=Pocket(settings.pocket, view.unit),
    )
    app.config.update(MAX_CONTENT_LENGTH=BODY_BYTES_MAX, MAX_FORM_MEMORY_SIZE=BODY_BYTES_MAX, MAX_FORM_PARTS=100)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # Flask's own provider has it
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for name in ("clock", "full_day", "day", "minutes", "link_words", "waiting_words", "item_kind", "pickup_state"):
        app.jinja_env.filters[name] = getattr(shown, name)
    app.jinja_env.globals["csrf_token"] = guard.csrf_token
    app.before_request(lambda: guard.check(request))
    app.after_request(guard.dress)
    app.register_error_handler(OneWindowError, _refused)
    app.register_error_handler(HTTPException, _not_served)
    for blueprint in (pages.blueprint, live.blueprint, programs.blueprint):
        app.register_blueprint(blueprint)
    if bench.simulators is not None:
        app.register_blueprint(simulated.blueprint)
    return app


def _refused(error: OneWindowError) -> AnyResponse:
    log.info("%s %s refused: %s (%s)", request.method, request.endpoint or "?", error.code, error)
    return _answer(_STATUS.get(error.code, 409 if isinstance(error, Refused) else 503), error.code, error.notice)


def _not_served(error: HTTPException) -> AnyResponse:
    code, notice = _WORDS.get(error.code or 500, ("request-refused", "请求无法处理。"))
    return _answer(error.code or 500, code, notice)


def _answer(status: int, code: str, notice: str) -> AnyResponse:
    response: Response
    if wants_json():
        response = jsonify(ok=False, code=code, notice=notice)
    elif request.method == "GET" and status == 404 and request.path == "/favicon.ico":
        return redirect("/static/favicon.svg", code=302)
    else:
        response = current_app.make_response(render_template("refused.html", code=code, notice=notice))
    response.status_code = status
    return response


_STATUS = {
    "host-refused": 421,
    "origin-refused": 403,
    "csrf-refused": 403,
    "token-refused": 401,
    "command-unknown": 404,
    "page-unknown": 404,
    "slip-unknown": 404,
    "not-simulated": 404,
    "field-refused": 400,
    "body-refused": 400,
    "picture-refused": 400,
    "streams-full": 503,
}
_WORDS = {
    400: ("body-refused", "请求内容无法识别，没有执行。"),
    404: ("not-found", "没有这个页面。"),
    405: ("method-refused", "不能这样使用这个地址。"),
    413: ("too-large", "上传的内容太大，没有接收。"),
    415: ("body-refused", "请求内容无法识别，没有执行。"),
    500: ("failed", "控制台出现故障，请刷新；仍不行请联系技术员。"),
}

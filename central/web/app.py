"""Puts the pages together: one Flask application around a `House`. Nothing is opened here, no thread is started."""

from __future__ import annotations

import logging
from typing import Any, Final

from flask import Flask, Response, g, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from broker.errors import OneWindowError, Refused
from central.web import admin, board, case, desk, pickup, sign_in, words
from central.web.chain_watch import ChainWatch
from central.web.guard import PUBLIC, allowed, check_rights, form_token, guard, house, roles_of
from central.web.house import House
from central.web.kept import Kept
from central.web.live import Live, TooManyListeners
from central.web.shown import HallTime
from central.web.voice import Voice

log = logging.getLogger(__name__)

_HTTP_NOTICES: Final = {
    400: ("请求有误，没有受理。", "Bad request"),
    401: ("登录已过期，请重新登录。", "Please sign in again"),
    403: ("您的账号没有此项权限。如需办理，请联系管理员。", "Not permitted"),
    404: ("没有找到您要的页面或办件。请核对号码后重试。", "Not found"),
    405: ("此页面不支持这种操作。", "Method not allowed"),
    413: ("提交的内容过大，没有受理。", "Too large"),
    429: ("操作过于频繁，请稍候再试。", "Too many tries"),
    503: ("服务正忙，请稍候再试。", "Busy"),
}
_LEADS_TO: Final = (
    ("officer", "desk.page"),
    ("pickup", "pickup.page"),
    ("supervisor", "admin.overview"),
    ("admin", "admin.overview"),
)


def create_app(house: House) -> Flask:
    """Return the application. Every view has said who may ask for it, or there is none.

    Its live thread starts with the first listener; `app.extensions["onewindow.live"].stop()` ends it.
    """
    app = Flask(__name__)
    app.extensions["onewindow"] = house
    app.extensions["onewindow.voice"] = Voice()
    app.extensions["onewindow.figures"] = Kept(house.reading.day_figures)
    app.extensions["onewindow.counts"] = Kept(house.reading.counts)
    app.extensions["onewindow.chain"] = ChainWatch(house.reading)
    app.extensions["onewindow.live"] = Live(
        house.reading.watch,
        {"board": lambda: board.state(house), "staff": lambda: admin.tick(house)},
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    guard(app)
    for blueprint in (sign_in.PAGES, board.PAGES, desk.PAGES, case.PAGES, pickup.PAGES, admin.PAGES):
        app.register_blueprint(blueprint)
    app.add_url_rule("/", "home", _home)
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.add_url_rule("/favicon.ico", "icon", _icon)
    app.register_error_handler(HTTPException, _http_page)
    app.register_error_handler(OneWindowError, _refusal_page)
    app.register_error_handler(Exception, _fault_page)
    app.context_processor(_context)
    app.jinja_env.globals.update(say=say, words=words, time=HallTime(house.settings.timezone))
    check_rights(app)
    return app


def say(zh: str, en: str = "") -> Markup:
    """Return both languages; the sheet decides where the second is seen."""
    return Markup('{} <span class="en" lang="en">{}</span>').format(zh, en) if en else escape(zh)


@allowed(PUBLIC)
def _home() -> AnyResponse:
    held = roles_of(g.member)
    if not held:
        return redirect(url_for("sign_in.page"))
    for role, endpoint in _LEADS_TO:
        if role in held:
            return redirect(url_for(endpoint))
    return redirect(url_for("board.page"))


@allowed(PUBLIC)
def _healthz() -> Response:
    house().reading.head()
    return Response("ok\n", mimetype="text/plain")


@allowed(PUBLIC)
def _icon() -> AnyResponse:
    return redirect(url_for("static", filename="icon.svg"))


def _context() -> dict[str, Any]:
    found = g.get("member")
    held = roles_of(found)
    return {
        "settings": house().settings,
        "member": found,
        "roles": held,
        "can": lambda *roles: not held.isdisjoint(roles),
        "form_token": form_token,
        "english": request.cookies.get("language") == "en",
        "here": request.endpoint or "",
    }


def _http_page(error: HTTPException) -> tuple[str, int] | AnyResponse:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()
    notice, english = _HTTP_NOTICES.get(status, ("请求没有成功。", "The request failed"))
    return _message(status, notice, english)


def _refusal_page(error: OneWindowError) -> tuple[str, int]:
    # The log names code and rule; the person reads what to do. Neither holds a value.
    log.info("refused at %s: %s", request.endpoint, error.code)
    status = 503 if isinstance(error, TooManyListeners) else 409 if isinstance(error, Refused) else 500
    return _message(status, error.notice, error.code)


def _fault_page(_: Exception) -> tuple[str, int]:
    """Fence around one request: say nothing of the inside, keep serving the others."""
    log.exception("request to %s failed, nothing was committed", request.endpoint)
    return _message(500, "系统出现问题，刚才的操作没有保存。请稍后重试，仍不行请联系管理员。", "Something went wrong")


def _message(status: int, notice: str, english: str) -> tuple[str, int]:
    if request.headers.get("X-Refresh") == "1":
        return notice, status
    return render_template("message.html", status=status, notice=notice, notice_en=english), status

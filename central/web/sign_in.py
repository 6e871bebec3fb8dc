"""The door for staff: name and password in, a session out. Also the way out, and the second language.

Comes from the sign-in page, goes to `central.storage.sessions`. Throttled by name and by address; a wrong name and a
wrong password get the same answer in the same time.
"""

from __future__ import annotations

import logging
import math
import threading
from typing import Final

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from central.web import acts
from central.web.guard import EVERYBODY, PUBLIC, allowed, house, member, new_token, set_token, token
from central.web.throttle import Throttle

log = logging.getLogger(__name__)

PAGES: Final = Blueprint("sign_in", __name__)
NAME_MAX: Final = 40
PASSWORD_MAX: Final = 200
TRIES_OF_ADDRESS: Final = 30  # before an address has to wait: a hall's desks may share one
_CHECKS_AT_ONCE: Final = threading.Semaphore(2)  # argon2 takes 64 MiB a time; a flood of tries must not take the Pi


@PAGES.get("/sign-in")
@allowed(PUBLIC)
def page() -> Response:
    return _form()


@PAGES.post("/sign-in")
@allowed(PUBLIC)
def enter() -> Response:
    """Check name and password; on success the browser gets a new session id, whatever it held before."""
    name = request.form.get("name", "").strip()[:NAME_MAX]
    password = request.form.get("password", "")[:PASSWORD_MAX]
    now_ms = house().clock.now_ms()
    names, addresses = _throttles()
    address = request.remote_addr or ""
    wait_ms = max(names.wait_ms(name, now_ms=now_ms), addresses.wait_ms(address, now_ms=now_ms))
    if wait_ms > 0:
        return _form(f"尝试次数过多，请 {math.ceil(wait_ms / 1000)} 秒后再试。", "Too many tries", 429, name)
    with _CHECKS_AT_ONCE:
        right = acts.sign_in(house(), name, password)
    if not right:
        names.failed(name, now_ms=now_ms)
        addresses.failed(address, now_ms=now_ms)
        return _form("工号或口令不正确。", "Wrong name or password", 401, name)
    names.succeeded(name)
    if g.member is not None:
        house().sessions.close(token())
    fresh = new_token()
    house().sessions.open(fresh, name, now_ms=now_ms, hours=house().settings.session_hours)
    response = redirect(url_for("home"), 303)
    set_token(response, fresh)
    log.info("signed in: %s", name)
    return response


@PAGES.post("/sign-out")
@allowed(*EVERYBODY)
def leave() -> Response:
    house().sessions.close(token())
    log.info("signed out: %s", member().staff_id)
    response = redirect(url_for("sign_in.page"), 303)
    set_token(response, new_token())
    return response


@PAGES.post("/language")
@allowed(PUBLIC)
def language() -> Response:
    """Show or hide the second language; kept in a cookie that says nothing else."""
    asked = "en" if request.form.get("language") == "en" else "zh"
    response = redirect(url_for("home") if g.member else url_for("sign_in.page"), 303)
    response.set_cookie("language", asked, max_age=31_536_000, samesite="Lax", httponly=True)
    return response


def _form(notice: str = "", notice_en: str = "", status: int = 200, name: str = "") -> Response:
    fresh = "" if token() else new_token()
    g.fresh_token = fresh  # ties the form to this browser before there is a session (log-in CSRF)
    response = make_response(render_template("sign_in.html", notice=notice, notice_en=notice_en, name=name), status)
    if fresh:
        set_token(response, fresh)
    return response


def _throttles() -> tuple[Throttle, Throttle]:
    kept = current_app.extensions
    names: Throttle = kept.setdefault("onewindow.tries_of_name", Throttle())
    addresses: Throttle = kept.setdefault("onewindow.tries_of_address", Throttle(TRIES_OF_ADDRESS))
    return names, addresses

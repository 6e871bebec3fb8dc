"""The door of every page: host, size, session, rights, forged forms, and what browsers must be told.

A view says who may see it with `@allowed(...)`; a view that says nothing cannot be served (`check_rights`). Names of
attacks stand beside the lines that stop them (RELIABILITY.md W1).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from broker.errors import Refused
from central.storage.sessions import Member
from central.web.house import House

BODY_BYTES_MAX: Final = 64 * 1024  # every form is small; papers never come this way
FORM_FIELDS_MAX: Final = 60
TOKEN_BYTES: Final = 32  # 256 bits
PUBLIC: Final = "public"
EVERYBODY: Final = frozenset({"clerk", "officer", "pickup", "supervisor", "admin"})
_ALIASES: Final = {"administrator": "admin"}
_HEADERS: Final = {
    # Stored or reflected markup cannot run: no inline script or style, nothing from outside. Nobody may frame us.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "img-src 'self'; media-src 'self' blob:"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

View = TypeVar("View", bound=Callable[..., Any])


class FormForged(Refused):
    """The form does not come from a page of this session. Nothing was changed."""

    code = "form-forged"
    notice = "页面已失效（可能是重新登录过）。请返回并刷新页面后再试。"


def house() -> House:
    """Return what the pages were handed."""
    found: House = current_app.extensions["onewindow"]
    return found


def allowed(*roles: str) -> Callable[[View], View]:
    """Say who may ask for a view: role names, or PUBLIC."""

    def mark(view: View) -> View:
        view.allowed = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return mark


def check_rights(app: Flask) -> None:
    """Stop the start of a server with a view that says nobody's rights. Denying is the default."""
    for endpoint, view in app.view_functions.items():
        if endpoint != "static":
            assert getattr(view, "allowed", None), f"the view {endpoint} does not say who may ask for it"


def guard(app: Flask) -> None:
    """Put the door before every view of the app."""
    app.config.update(MAX_CONTENT_LENGTH=BODY_BYTES_MAX, MAX_FORM_MEMORY_SIZE=BODY_BYTES_MAX, MAX_FORM_PARTS=100)
    app.before_request(_admit)
    app.after_request(_tell_browser)


def member() -> Member:
    """Return who is signed in; only for views that are not public."""
    found: Member | None = g.get("member")
    assert found is not None
    return found


def roles_of(found: Member | None) -> frozenset[str]:
    return frozenset() if found is None else frozenset(_ALIASES.get(role, role) for role in found.roles)


def cookie_name() -> str:
    # The __Host- prefix makes browsers refuse a cookie set from a neighbouring host (session fixation).
    return "__Host-session" if house().settings.https else "session"


def token() -> str:
    """Return this browser's token: its session, or what ties a sign-in form to the browser that asked for it."""
    return request.cookies.get(cookie_name(), "")[:100]


def new_token() -> str:
    return house().rng.token_bytes(TOKEN_BYTES).hex()


def set_token(response: AnyResponse, value: str) -> None:
    settings = house().settings
    response.set_cookie(
        cookie_name(),
        value,
        max_age=settings.session_hours * 3600,
        httponly=True,
        secure=settings.https,
        samesite="Lax",
        path="/",
    )


def form_token() -> str:
    """Return what every form of this browser carries. It follows from the cookie, which a forger cannot read."""
    held = g.get("fresh_token") or token()
    return hmac.new(held.encode(), b"onewindow/form", hashlib.sha256).hexdigest() if held else ""


def _admit() -> AnyResponse | None:
    g.member = None
    if not _is_our_host(request.host):
        abort(400)  # DNS rebinding, poisoned Host header
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == "static":
        return None
    rights: frozenset[str] = getattr(view, "allowed", frozenset())
    held = token()
    if held:
        settings = house().settings
        now_ms = house().clock.now_ms()
        g.member = house().sessions.member(held, now_ms=now_ms, idle_minutes=settings.idle_minutes)
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        _refuse_forged()
    if PUBLIC in rights:
        return None
    if g.member is None:
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect(url_for("sign_in.page"))
        abort(401)
    if not rights & roles_of(g.member):
        abort(403)
    if request.headers.get("X-Refresh") != "1":  # a page that refreshes itself does not keep its session alive
        house().sessions.touch(held, now_ms=house().clock.now_ms())
    return None


def _refuse_forged() -> None:
    """Refuse a POST that another site made the browser send (CSRF), by its origin and by the form's token."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise FormForged("the form comes from another origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise FormForged("the form comes from another site")
    if len(request.form) > FORM_FIELDS_MAX:
        abort(413)
    sent = request.form.get("form_token", "")
    if not sent or not hmac.compare_digest(sent.encode(), form_token().encode()):
        raise FormForged("the form's token is missing or not this browser's")


def _is_our_host(host: str) -> bool:
    """Say whether the pages may be asked for under this name: an address, localhost, or a name from the settings."""
    name = urlsplit(f"//{host}").hostname or ""
    if name in {"localhost", *house().settings.names}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _tell_browser(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if house().settings.https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")  # a shared computer keeps nothing of a case
    return response

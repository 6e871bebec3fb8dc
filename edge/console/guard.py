"""Who may ask: checks every request before any view, and puts the protecting headers on every answer.

Three attacks are stopped here. A page elsewhere that turns its own name to 127.0.0.1 (DNS rebinding): the Host header
must be ours. A page elsewhere, or another unit's console on another port, that posts to us (CSRF; ports share cookies
and are "same site"): Origin must be ours and the token must belong to this browser. A page that frames or embeds ours:
the headers forbid it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from flask import Request, Response, g

from edge.console.errors import CsrfRefused, HostRefused, OriginRefused, TokenRefused
from edge.console.settings import ConsoleSettings

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    def __init__(self, settings: ConsoleSettings, cookie_name: str) -> None:
        self._settings = settings
        self._hosts = settings.allowed_hosts
        self._cookie_name = cookie_name  # the unit's own: consoles on other ports of one host share all cookies
        self._secret = secrets.token_bytes(32)  # of this run; pages of an earlier one are told to refresh

    def listens_on(self, port: int) -> None:
        """Say on which port it is served, when that was left to the system (port 0)."""
        own = (self._settings.host, "127.0.0.1", "localhost", "[::1]")
        self._hosts = frozenset(f"{name}:{port}" for name in own) | frozenset(self._settings.hosts)

    def check(self, request: Request) -> None:
        """Let a request pass, or say by which rule it does not.

        Raises:
            HostRefused, OriginRefused, CsrfRefused, TokenRefused.
        """
        if request.host not in self._hosts:
            raise HostRefused("the Host header is not one of this console's names")
        g.browser = request.cookies.get(self._cookie_name, "")
        if request.method in _SAFE_METHODS:
            return
        self._check_origin(request)
        if "Authorization" in request.headers:
            self._check_token(request)
        else:
            self._check_csrf(request)

    def csrf_token(self) -> str:
        """Return the token for the pages of the browser that asks now; makes its cookie's value if it has none."""
        if len(g.browser) != 43:
            g.browser = secrets.token_urlsafe(32)
            g.browser_is_new = True
        return self._token_of(g.browser)

    def dress(self, response: Response) -> Response:
        """Put the headers on an answer that keep it to this console's own pages."""
        headers = response.headers
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Referrer-Policy"] = "same-origin"
        headers.setdefault("Cache-Control", "no-store")
        if getattr(g, "browser_is_new", False):
            response.set_cookie(self._cookie_name, g.browser, httponly=True, samesite="Strict", path="/")
        return response

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("Origin")
        if origin is not None:
            if origin != f"http://{request.host}":
                raise OriginRefused("the Origin header is not this console")
        elif request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise OriginRefused("the request comes from another site")

    def _check_token(self, request: Request) -> None:
        kind, _, token = request.headers["Authorization"].partition(" ")
        known = self._settings.token
        if kind != "Bearer" or not known or not hmac.compare_digest(token.encode(), known.encode()):
            raise TokenRefused("the bearer token is not this console's")

    def _check_csrf(self, request: Request) -> None:
        sent = request.headers.get("X-CSRF-Token")
        if sent is None and request.mimetype == "application/x-www-form-urlencoded":
            sent = request.form.get("csrf")
        if not g.browser or not hmac.compare_digest((sent or "").encode(), self._token_of(g.browser).encode()):
            raise CsrfRefused("the CSRF token is missing or not this browser's")

    def _token_of(self, browser: str) -> str:
        return hmac.new(self._secret, browser.encode(), hashlib.sha256).hexdigest()

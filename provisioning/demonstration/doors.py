"""The doors by which a program takes part in the hall: a unit's console, and central's pages as a browser has them.

Both only over HTTP, as their READMEs list it: what a program can do here, hands can do at the same pages. A simulated
device is given pictures, never the text in them.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any, Final

from broker.errors import OneWindowError

ANSWER_SECONDS_MAX: Final = 30.0
_PAUSE_SECONDS: Final = 0.05


class DoorRefused(OneWindowError, RuntimeError):
    """A console or page refused what was asked. `code` and `notice` are its own."""

    def __init__(self, code: str, notice: str, where: str) -> None:
        super().__init__(f"{where} refused: {code}")
        self.code = code
        self.notice = notice


class NoAnswer(OneWindowError, ConnectionError):
    """A console or page did not answer. Whether what was asked happened is not known."""

    code = "no-answer"
    notice = "没有响应，请查看 state/logs 里的日志。"


class NotInTime(OneWindowError, TimeoutError):
    """Something that was waited for did not come."""

    code = "not-in-time"
    notice = "等待超时，请查看 state/logs 里的日志。"


class Console:
    """One unit's console, used by a program that holds the hall's token."""

    def __init__(self, name: str, port: int, token: str) -> None:
        self.name = name
        self._base = f"http://127.0.0.1:{port}"
        self._token = token

    def view(self) -> dict[str, Any]:
        """Return what the unit shows, nothing personal unmasked."""
        found: dict[str, Any] = json.loads(self._ask("/api/view"))
        return found

    def do(self, command: str, **fields: Any) -> dict[str, Any]:
        """Carry out one command of the unit's, as `take_page(material=…)`; return its result.

        Raises:
            DoorRefused: with the unit's own code and notice.
        """
        done: dict[str, Any] = json.loads(self._ask(f"/api/do/{command}", json.dumps(fields).encode()))
        return done

    def simulate(self, action: str, **fields: Any) -> dict[str, Any]:
        """Do with the simulated devices what hands would: `simulate("card", person=7)`."""
        done: dict[str, Any] = json.loads(self._ask(f"/simulated/api/{action}", json.dumps(fields).encode()))
        return done

    def simulated_state(self) -> dict[str, Any]:
        """Return what there is to lay and to switch at the simulated devices."""
        found: dict[str, Any] = json.loads(self._ask("/simulated/api/state"))
        return found

    def show(self, action: str, picture: bytes, **fields: str) -> dict[str, Any]:
        """Hold or lay a picture (PNG) before a simulated device: `show("scan", slip)`."""
        query = f"?{urllib.parse.urlencode(fields)}" if fields else ""
        done: dict[str, Any] = json.loads(self._ask(f"/simulated/api/{action}{query}", picture, "image/png"))
        return done

    def picture(self, path: str) -> bytes:
        return self._ask(path)

    def wait_for(
        self, what: str, look: Callable[[dict[str, Any]], Any], *, seconds_max: float = ANSWER_SECONDS_MAX
    ) -> Any:
        """Return what `look` finds in the view as soon as it finds something true.

        Raises:
            NotInTime: it found nothing. The text names the unit and `what`.
        """
        deadline = time.monotonic() + seconds_max
        while True:
            found = look(self.view())
            if found:
                return found
            if time.monotonic() > deadline:
                raise NotInTime(f"{self.name}: {what} did not come within {seconds_max:.0f} s")
            time.sleep(_PAUSE_SECONDS)

    def _ask(self, path: str, body: bytes | None = None, kind: str = "application/json") -> bytes:
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = kind
        request = urllib.request.Request(self._base + path, data=body, headers=headers)  # noqa: S310  # our own, http
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise _refusal(error, f"{self.name} {path}") from None
        except OSError as error:
            raise NoAnswer(f"{self.name} {path}: {type(error).__name__}") from None


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a page, with the values that it would send."""

    action: str
    fields: dict[str, str]
    buttons: tuple[tuple[str, str], ...]  # names and values of its submit buttons


@dataclass(frozen=True, slots=True)
class Page:
    """One page as a browser has it after a GET or a POST and its redirects."""

    url: str
    text: str
    forms: tuple[Form, ...] = field(default=())
    links: tuple[str, ...] = field(default=())
    pictures: tuple[str, ...] = field(default=())

    def form(self, action: str) -> Form:
        """Return the first form whose action contains this text.

        Raises:
            DoorRefused: there is none; the page says something else.
        """
        for form in self.forms:
            if action in form.action:
                return form
        raise DoorRefused("no-such-form", "页面上没有这个操作。", f"{urllib.parse.urlsplit(self.url).path}")


class Browser:
    """Somebody's browser at central's pages: keeps cookies, fills in forms, follows redirects."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> Page:
        return self._open(path, None)

    def submit(self, form: Form, **fields: str) -> Page:
        """Send a form of a page with these fields filled in; return the page that follows.

        Raises:
            DoorRefused: the page refused it.
        """
        return self._open(form.action, urllib.parse.urlencode({**form.fields, **fields}).encode())

    def bytes_of(self, path: str) -> bytes:
        """Return a picture of a page."""
        return self._answer(path, None)[1]

    def _open(self, path: str, body: bytes | None) -> Page:
        url, content = self._answer(path, body)
        return _page(url, content.decode())

    def _answer(self, path: str, body: bytes | None) -> tuple[str, bytes]:
        url = urllib.parse.urljoin(self._base, path)
        headers = {"Accept": "text/html"}
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  # our own, http
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS_MAX) as answer:
                return answer.geturl(), answer.read()
        except urllib.error.HTTPError as error:
            raise _refusal(error, f"central {urllib.parse.urlsplit(path).path}") from None
        except OSError as error:
            raise NoAnswer(f"central {urllib.parse.urlsplit(path).path}: {type(error).__name__}") from None


def _page(url: str, text: str) -> Page:
    reader = _Reader(url)
    reader.feed(text)
    return Page(url, text, tuple(reader.forms()), tuple(reader.links), tuple(reader.pictures))


class _Reader(HTMLParser):
    """Reads a page's forms and links; fields of a form may also name it (`form="…"`), as HTML allows."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._forms: list[tuple[str, str, dict[str, str], list[tuple[str, str]]]] = []
        self._select = ""
        self.links: list[str] = []
        self.pictures: list[str] = []

    def forms(self) -> Iterator[Form]:
        for action, _, fields, buttons in self._forms:
            yield Form(action, fields, tuple(buttons))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        if tag == "a" and "href" in has:
            self.links.append(urllib.parse.urljoin(self._url, has["href"]))
        elif has.get("data-source") or (tag == "img" and has.get("src")):  # what a script shows, or the page itself
            self.pictures.append(urllib.parse.urljoin(self._url, has.get("data-source") or has["src"]))
        elif tag == "form":
            action = urllib.parse.urljoin(self._url, has.get("action", ""))
            self._forms.append((action, has.get("id", ""), {}, []))
        elif tag in ("input", "button", "select", "textarea", "option") and self._forms:
            self._field(tag, has)

    def _field(self, tag: str, has: dict[str, str]) -> None:
        named = [form for form in self._forms if form[1] and form[1] == has.get("form")]
        _, _, fields, buttons = named[0] if named else self._forms[-1]
        kind = has.get("type", "submit" if tag == "button" else "text")
        name = has.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option":
            if self._select and ("selected" in has or self._select not in fields):
                fields[self._select] = has.get("value", "")
        elif kind == "submit":
            if name:
                buttons.append((name, has.get("value", "")))
        elif name and (kind not in ("checkbox", "radio") or "checked" in has):
            fields[name] = has.get("value", "")


def _refusal(error: urllib.error.HTTPError, where: str) -> DoorRefused:
    """Return what a console answers in JSON, or what a page says with its status."""
    body = error.read(4096)
    try:
        said = json.loads(body)
        return DoorRefused(str(said["code"]), str(said["notice"]), where)
    except (ValueError, KeyError, TypeError):
        return DoorRefused(f"http-{error.code}", "页面没有受理。", where)

"""The demonstration's browser fills in forms as a browser does; its page of addresses says what is where."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from provisioning.catalogue import group_of, read_items
from provisioning.demo_hall import CATALOGUE, make_demo_hall
from provisioning.demonstration import addresses
from provisioning.demonstration.doors import Browser, Console, DoorRefused, NotInTime
from provisioning.hall_plan import demonstration_plan

FORM = """
<a href="/cases/1">one</a> <img src="/cases/1/pages/0">
<form method="post" action="/do/approve"><input type="hidden" name="form_token" value="abc">
  <input name="reason"><input type="checkbox" name="missing" value="照片">
  <select name="desk"><option value="a">A</option><option value="b" selected>B</option></select>
  <button name="then" value="next">通过</button></form>
<form method="post" action="/do/refuse" id="refusal"><input type="hidden" name="form_token" value="def"></form>
<textarea name="reason" form="refusal"></textarea>
"""


class Pages(BaseHTTPRequestHandler):
    posted: list[tuple[str, dict[str, list[str]], str]]

    def do_GET(self) -> None:
        if self.path == "/api/view":
            self._answer(200, json.dumps({"card": None}), "application/json")
        else:
            self._answer(200, FORM, "text/html", cookie="session=xyz; Path=/")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path.startswith("/api/do/"):
            self._answer(409, json.dumps({"code": "queue-empty", "notice": "没有人等候。"}), "application/json")
            return
        type(self).posted.append((self.path, parse_qs(body, keep_blank_values=True), self.headers.get("Cookie", "")))
        self._answer(200, "<p>ok</p>", "text/html")

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def _answer(self, status: int, text: str, kind: str, cookie: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def port() -> Iterator[int]:
    Pages.posted = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_form_is_sent_with_its_own_values_and_those_filled_in(port: int) -> None:
    browser = Browser(port)

    browser.submit(browser.get("/desk").form("/approve"), reason="齐全")

    path, fields, cookie = Pages.posted[0]
    assert path == "/do/approve"
    assert fields == {"form_token": ["abc"], "reason": ["齐全"], "desk": ["b"]}
    assert cookie == "session=xyz"


def test_a_field_outside_its_form_belongs_to_the_form_that_it_names(port: int) -> None:
    browser = Browser(port)

    form = browser.get("/desk").form("/refuse")

    assert form.fields == {"form_token": "def", "reason": ""}


def test_pictures_and_links_are_those_of_the_page(port: int) -> None:
    page = Browser(port).get("/desk")

    assert [link.rpartition("/")[2] for link in page.links] == ["1"]
    assert page.pictures[0].endswith("/cases/1/pages/0")


def test_a_page_without_the_form_says_so(port: int) -> None:
    with pytest.raises(DoorRefused, match="no-such-form"):
        Browser(port).get("/desk").form("/correction")


def test_a_consoles_refusal_keeps_its_code_and_notice(port: int) -> None:
    with pytest.raises(DoorRefused) as refusal:
        Console("1号窗口", port, "token").do("call_next")

    assert (refusal.value.code, refusal.value.notice) == ("queue-empty", "没有人等候。")


def test_what_does_not_come_is_named_with_its_unit(port: int) -> None:
    with pytest.raises(NotInTime, match="取号机: the card did not come"):
        Console("取号机", port, "token").wait_for("the card", lambda view: view["card"], seconds_max=0.05)


def test_the_page_of_addresses_names_every_unit_and_log_in(tmp_path: Path) -> None:
    hall = make_demo_hall(tmp_path, demonstration_plan(), now=datetime.now(UTC), is_free=lambda _: True)

    shown = addresses.page(hall.file, tmp_path, seconds=9.9)

    for unit in hall.file.data["units"]:
        assert f"localhost:{hall.file.ports[unit['id']]}" in shown
        assert unit["name"] in shown
    for login in ("zhuguan", "chujian", "admin", "shebao1"):
        assert login in shown
        assert hall.file.passwords[login] in shown
    assert hall.file.token not in shown
    assert max(len(line) for line in shown.splitlines() if str(tmp_path) not in line) <= 100


def test_every_item_is_taken_in_under_a_letter_that_the_kiosk_has() -> None:
    plan = demonstration_plan()

    letters = {group_of(item, plan) for item in read_items(CATALOGUE)}

    assert letters == {group.letter for group in plan.groups}
    assert len(read_items(CATALOGUE)) == 153

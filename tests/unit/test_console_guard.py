"""Who may ask the console: hosts, origins, tokens, sizes, hostile fields. Every refusal has its name."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from edge import commands as ask
from edge.console.app import create_console
from edge.console.settings import BODY_BYTES_MAX, STREAMS_MAX, ConsoleSettings
from edge.errors import Busy, LinkAway, StepRefused
from edge.view import Role
from firmware.bench import Bench
from tests.support.console_fake_unit import FakeUnit, a_page, a_view, a_visit, an_accepted, with_item

HOST = "127.0.0.1:8103"
TOKEN = "a-token-for-programs-in-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
JSON = {"Accept": "application/json"}


class Browser:
    """A browser with one page of the console open: its cookie and its token."""

    def __init__(self, unit: FakeUnit, **settings: Any) -> None:
        told = ConsoleSettings(port=8103, **{"token": TOKEN, **settings})
        self.unit = unit
        self.app = create_console(unit, Bench(), told)  # type: ignore[arg-type]  # it keeps Unit's promise
        self.client: FlaskClient = self.app.test_client()
        text = self.get("/").get_data(as_text=True)
        match = re.search(r'name="csrf" content="([0-9a-f]{64})"', text)
        assert match is not None
        self.token = match[1]

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={"Host": HOST, **headers})

    def post(self, path: str, data: Any = None, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
        sent = {"Host": HOST, "Origin": f"http://{HOST}", "X-CSRF-Token": self.token, **JSON, **(headers or {})}
        return self.client.post(path, data=data, headers={k: v for k, v in sent.items() if v}, **more)

    def program(self, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        return self.client.post(path, data=data, headers={"Host": HOST, **BEARER, **headers})


@pytest.fixture
def browser() -> Browser:
    return Browser(FakeUnit())


def test_a_page_posts_and_the_unit_is_asked(browser: Browser) -> None:
    answer = browser.post("/do/call_next")

    assert answer.status_code == 200
    assert browser.unit.said == [ask.CallNext()]


def test_a_browser_without_script_is_led_back_to_its_page(browser: Browser) -> None:
    form = {"csrf": browser.token}
    answer = browser.post(
        "/do/call_next", form, headers={"Accept": "text/html", "X-CSRF-Token": "", "Referer": f"http://{HOST}/rear"}
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/rear")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8103", "127.0.0.1", "127.0.0.1:8104", "", "localhost:80"]
)
def test_a_host_that_is_not_ours_is_refused(browser: Browser, host: str) -> None:
    answer = browser.client.get("/", headers={"Host": host, **JSON})

    assert (answer.status_code, answer.get_json()["code"]) == (421, "host-refused")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:8104", "https://127.0.0.1:8103", "null"])
def test_a_page_elsewhere_posts_in_vain_even_with_the_token(browser: Browser, origin: str) -> None:
    answer = browser.post("/do/call_next", headers={"Origin": origin})

    assert (answer.status_code, answer.get_json()["code"]) == (403, "origin-refused")
    assert browser.unit.said == []


def test_a_post_from_another_site_that_hides_its_origin_is_refused(browser: Browser) -> None:
    answer = browser.post("/do/call_next", headers={"Origin": "", "Sec-Fetch-Site": "same-site"})

    assert answer.get_json()["code"] == "origin-refused"


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_post_without_this_browsers_token_is_refused(browser: Browser, token: str) -> None:
    answer = browser.post("/do/call_next", headers={"X-CSRF-Token": token.encode().decode("latin-1")})

    assert (answer.status_code, answer.get_json()["code"]) == (403, "csrf-refused")
    assert browser.unit.said == []


def test_a_token_without_its_cookie_is_refused(browser: Browser) -> None:
    browser.client.delete_cookie("onewindow-shuangjing-w3", domain="127.0.0.1")

    assert browser.post("/do/call_next").get_json()["code"] == "csrf-refused"


def test_the_cookie_is_the_units_own_and_leaves_to_no_other_site(browser: Browser) -> None:
    fresh = browser.app.test_client().get("/", headers={"Host": HOST})

    cookie = fresh.headers["Set-Cookie"]
    assert cookie.startswith("onewindow-shuangjing-w3=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_a_program_shows_its_token(browser: Browser) -> None:
    assert browser.program("/api/do/call_next").get_json() == {
        "ok": True, "notice": "", "visit": "", "page": "", "packet": "", "ticket": "A6027"
    }  # fmt: skip


@pytest.mark.parametrize("bearer", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_a_program_with_another_token_is_refused(browser: Browser, bearer: str) -> None:
    answer = browser.client.post("/api/do/call_next", headers={"Host": HOST, "Authorization": bearer})

    assert (answer.status_code, answer.get_json()["code"]) == (401, "token-refused")


def test_without_a_token_in_the_settings_no_program_is_admitted() -> None:
    browser = Browser(FakeUnit(), token="")

    answer = browser.client.post("/api/do/call_next", headers={"Host": HOST, "Authorization": "Bearer "})
    assert answer.get_json()["code"] == "token-refused"


def test_every_answer_carries_the_protecting_headers(browser: Browser) -> None:
    for path in ("/", "/rear", "/devices", "/api/view", "/live/front", "/live.jpg", "/pages/page-1.jpg", "/nothing"):
        headers = browser.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_no_page_has_script_or_style_in_its_text() -> None:
    for role, path in (
        (Role.INTAKE, "/"),
        (Role.INTAKE, "/rear"),
        (Role.KIOSK, "/"),
        (Role.PICKUP, "/"),
        (Role.BOARD, "/"),
    ):
        unit = FakeUnit(a_view(role, front=a_visit() if role is Role.INTAKE else None))
        text = Browser(unit).get(path).get_data(as_text=True)
        assert "style=" not in text
        assert not re.search(r"\son[a-z]+=", text)
        assert re.findall(r"<script[^>]*>", text) == ['<script src="/static/app.js" defer>']


@pytest.mark.parametrize(
    ("command", "body", "code"),
    [
        ("no_such_command", {}, "command-unknown"),
        ("__class__", {}, "command-unknown"),
        ("call_next", {"visit": "x"}, "field-refused"),
        ("choose_item", {}, "field-refused"),
        ("choose_item", {"code": 7}, "field-refused"),
        ("choose_item", {"code": None}, "field-refused"),
        ("choose_item", {"code": ["RS001"]}, "field-refused"),
        ("choose_item", {"code": "RS999"}, "item-unknown"),
        ("choose_item", {"code": "R" * 513}, "field-refused"),
        ("choose_item", {"code": "RS001\x00"}, "field-refused"),
        ("choose_item", {"code": "RS001", "visit": "another"}, "visit-unknown"),
        ("move_page", {"page": "p", "to_index": "many"}, "field-refused"),
        ("move_page", {"page": "p", "to_index": 10**9}, "field-refused"),
        ("move_page", {"page": "p", "to_index": True}, "field-refused"),
        ("issue_ticket", {"priority": "emperor"}, "field-refused"),
        ("fill_form", {"fields": {f"f{n}": "x" for n in range(31)}}, "field-refused"),
        ("fill_form", {"fields": {"备注": "x" * 501}}, "field-refused"),
        ("fill_form", {"fields": {"n" * 41: "x"}}, "field-refused"),
        ("fill_form", {"fields": {"": "x"}}, "field-refused"),
        ("fill_form", {"fields": {"备注": "\x1b[2J"}}, "field-refused"),
        ("fill_form", {"fields": {"备注": {"deep": 1}}}, "field-refused"),
        ("fill_form", [], "body-refused"),
        ("fill_form", "text", "body-refused"),
        ("fill_form", b"{", "body-refused"),
        ("fill_form", b"[" * 60_000, "body-refused"),
        ("fill_form", b"\xff\xfe", "body-refused"),
    ],
)
def test_hostile_fields_are_refused_by_name(browser: Browser, command: str, body: Any, code: str) -> None:
    browser.unit.show(front=a_visit())
    before = browser.unit.view()

    answer = browser.program(f"/api/do/{command}", body)

    assert answer.status_code in (400, 404, 409)
    assert answer.get_json()["code"] == code
    assert browser.unit.view() is before


def test_the_last_of_each_bound_is_taken(browser: Browser) -> None:
    browser.unit.show(front=a_visit())
    fields = {f"字段{n}": "字" * 500 for n in range(30)}

    assert browser.program("/api/do/fill_form", {"fields": fields}).status_code == 200
    assert browser.program("/api/do/fill_form", {"fields": {"备注": "两\n行"}}).status_code == 200


def test_a_form_names_its_fields_for_the_packet(browser: Browser) -> None:
    browser.unit.show(front=a_visit())

    browser.post("/do/fill_form", {"visit": "visit-1", "field:联系电话": " 13800138000 ", "field:备注": "一\r\n二"})

    assert browser.unit.said == [ask.FillForm(fields={"联系电话": "13800138000", "备注": "一\n二"}, visit="visit-1")]


def test_a_body_that_is_too_large_is_refused(browser: Browser) -> None:
    answer = browser.program("/api/do/scan_text", b"x" * (BODY_BYTES_MAX + 1))

    assert (answer.status_code, answer.get_json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("path", ["/pages/nothing.jpg", "/pages/..%2f..%2fetc.jpg", "/live/none", "/slip.png", "/x"])
def test_what_is_not_there_is_said_so(browser: Browser, path: str) -> None:
    assert browser.get(path, **JSON).status_code == 404


def test_the_units_refusal_is_shown_with_its_notice(browser: Browser) -> None:
    browser.unit.fails = StepRefused("out of order", "请先办完当前居民。")
    assert browser.post("/do/call_next").get_json() == {
        "ok": False, "code": "step-out-of-order", "notice": "请先办完当前居民。"
    }  # fmt: skip

    for failure in (LinkAway("away"), Busy("busy")):
        browser.unit.fails = failure
        answer = browser.post("/do/call_next", headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert failure.notice in answer.get_data(as_text=True)


def test_the_view_for_programs_unmasks_nothing(browser: Browser) -> None:
    form = {"联系电话": "13800138000", "代办人姓名": "李大四", "代办人证件号": "11010519491231002X", "备注": "住在某处"}
    browser.unit.show(front=a_visit(form=form))

    text = browser.get("/api/view").get_data(as_text=True)

    for secret in ("13800138000", "李大四", "11010519491231002X", "住在某处"):
        assert secret not in text
    view = json.loads(text)
    assert view["front"]["masked_name"] == "张*三"
    assert view["front"]["form"]["联系电话"] == "138********"
    assert view["accepted"] == []


def test_the_view_waits_for_a_change_when_asked(browser: Browser) -> None:
    version = browser.unit.view().version
    browser.unit.show(accepted=(an_accepted(1),))

    assert browser.get(f"/api/view?after={version}").get_json()["version"] == version + 1
    for hostile in ("x", "-1", "９", "1" * 40):
        assert browser.get(f"/api/view?after={hostile}").status_code == 200


def test_no_more_pages_listen_than_may(browser: Browser) -> None:
    streams = [browser.get("/events") for _ in range(STREAMS_MAX)]

    assert browser.get("/events", **JSON).get_json()["code"] == "streams-full"

    streams[0].close()
    again = browser.get("/events")
    assert again.status_code == 200
    for stream in (*streams[1:], again):
        stream.close()


def test_the_stream_says_versions_and_nothing_else(browser: Browser) -> None:
    stream = browser.get("/events")
    lines = stream.response
    first = next(iter(lines))
    browser.unit.show(front=a_visit())

    assert first == b"retry: 1000\ndata: 1\n\n"
    assert next(iter(lines)) == b"data: 2\n\n"
    stream.close()


def test_the_search_box_is_answered(browser: Browser) -> None:
    assert [item["code"] for item in browser.get("/items?q=sbk gs").get_json()] == ["RS005"]
    assert browser.get("/items").get_json() == []
    assert browser.get("/items?q=" + "x" * 4000).get_json() == []


def test_texts_of_others_are_shown_and_never_become_markup(browser: Browser) -> None:
    evil = '<script>alert(1)</script>"'
    browser.unit.show(front=with_item(a_visit(warning=evil, pages=(a_page(1, evil),)), "RS001"))

    for path in ("/", "/live/front"):
        text = browser.get(path).get_data(as_text=True)
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def test_a_kiosk_has_no_rear_seat() -> None:
    assert Browser(FakeUnit(a_view(Role.KIOSK))).get("/rear").status_code == 404


def test_without_simulated_devices_there_is_no_simulated_page(browser: Browser) -> None:
    for path in ("/simulated", "/simulated/api/state", "/simulated/api/led.png"):
        assert browser.get(path).status_code == 404
    assert browser.program("/simulated/api/card", {"person": 1}).status_code == 404

"""Signing in, staying in and getting out: the door for staff, and what browsers are told at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from central.ledger import facts
from central.storage.tables import sessions
from central.web import create_app
from central.web.throttle import FREE_TRIES
from tests.support.web_house import PASSWORD, Browser, WebHouse, a_web_house

MINUTE = 60_000


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebHouse]:
    with a_web_house(tmp_path) as made:
        yield made


@pytest.fixture
def app(web: WebHouse) -> Flask:
    return create_app(web.house)


def is_in(browser: Browser) -> bool:
    return browser.get("/admin", Accept="*/*").status_code == 200


def test_signing_in_gives_a_new_session_id_whatever_was_held_before(app: Flask) -> None:
    """Session fixation: an id planted in the browser before the sign-in opens nothing after it."""
    browser = Browser(app)
    browser.client.set_cookie("session", "planted" * 8)

    browser.sign_in("admin")

    assert browser.cookie != "planted" * 8
    assert len(browser.cookie) == 64  # 256 bits
    thief = Browser(app)
    thief.client.set_cookie("session", "planted" * 8)
    assert is_in(browser)
    assert not is_in(thief)


def test_signing_in_again_ends_the_session_before(app: Flask) -> None:
    browser = Browser(app)
    browser.sign_in("admin")
    before = browser.cookie

    browser.sign_in("admin")

    old = Browser(app)
    old.client.set_cookie("session", before)
    assert not is_in(old)


def test_the_database_holds_no_token_that_signs_in(app: Flask, web: WebHouse) -> None:
    browser = Browser(app)
    browser.sign_in("admin")

    with web.database.connect() as connection:
        kept = connection.execute(select(sessions.c.token_hash)).scalars().all()

    assert browser.cookie not in kept
    thief = Browser(app)
    thief.client.set_cookie("session", kept[0])
    assert not is_in(thief)


@pytest.mark.parametrize(
    ("name", "password"),
    [("admin", "wrong"), ("nobody-here", PASSWORD), ("", ""), ("admin", ""), ("admin' OR '1'='1", "x' OR '1'='1")],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(app: Flask, name: str, password: str) -> None:
    answer = Browser(app).sign_in(name, password)

    assert answer.status_code == 401
    assert "工号或口令不正确" in answer.get_data(as_text=True)


def test_a_name_tried_too_often_must_wait_and_a_colleague_need_not(app: Flask, web: WebHouse) -> None:
    browser = Browser(app)
    for _ in range(FREE_TRIES):
        assert browser.sign_in("admin", "wrong").status_code == 401

    waiting = browser.sign_in("admin")

    assert waiting.status_code == 429
    assert "秒后再试" in waiting.get_data(as_text=True)
    assert browser.sign_in("zhuguan").status_code == 303
    web.clock.at_ms += MINUTE
    assert Browser(app).sign_in("admin").status_code == 303


def test_an_address_that_tries_many_names_must_wait(app: Flask) -> None:
    browser = Browser(app, address="192.0.2.7")
    for number in range(30):
        browser.sign_in(f"name-{number}", "wrong")

    assert browser.sign_in("admin").status_code == 429
    assert Browser(app, address="192.0.2.8").sign_in("admin").status_code == 303


def test_an_idle_session_ends(app: Flask, web: WebHouse) -> None:
    browser = Browser(app)
    browser.sign_in("admin")

    web.clock.at_ms += 29 * MINUTE
    still = is_in(browser)
    web.clock.at_ms += 29 * MINUTE
    used_meanwhile = is_in(browser)
    web.clock.at_ms += 30 * MINUTE

    assert (still, used_meanwhile, is_in(browser)) == (True, True, False)


def test_a_page_that_refreshes_itself_does_not_keep_its_session_alive(app: Flask, web: WebHouse) -> None:
    browser = Browser(app)
    browser.sign_in("admin")

    for _ in range(6):
        web.clock.at_ms += 5 * MINUTE
        browser.get("/admin/state", X_Refresh="1")

    assert not is_in(browser)


def test_a_session_ends_after_its_hours_however_busy_it_is(app: Flask, web: WebHouse) -> None:
    browser = Browser(app)
    browser.sign_in("admin")

    for _ in range(8 * 4 - 1):
        web.clock.at_ms += 15 * MINUTE
        assert is_in(browser)
    web.clock.at_ms += 15 * MINUTE

    assert not is_in(browser)


def test_signing_out_ends_the_session_on_the_server(app: Flask) -> None:
    browser = Browser(app)
    browser.sign_in("admin")
    held = browser.cookie

    browser.post("/sign-out")

    copy = Browser(app)
    copy.client.set_cookie("session", held)
    assert not is_in(browser)
    assert not is_in(copy)


def test_an_administrator_ends_a_colleagues_sessions(app: Flask) -> None:
    admin, officer = Browser(app), Browser(app)
    admin.sign_in("admin")
    officer.sign_in("shebao1")

    admin.post("/admin/staff/shebao1/end-sessions")

    assert officer.get("/desk", Accept="*/*").status_code == 401
    assert is_in(admin)


def test_who_leaves_the_staff_is_out_at_once(app: Flask, web: WebHouse) -> None:
    officer = Browser(app)
    officer.sign_in("shebao1")

    with web.work() as work:
        gone = facts.StaffAdded(staff_id="shebao1", name="王建国", roles=("officer",), active=False)
        work.append(gone, subject="shebao1", actor="admin")
        work.commit()

    assert officer.get("/desk", Accept="*/*").status_code == 401
    assert officer.sign_in("shebao1").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(app: Flask) -> None:
    answer = Browser(app).sign_in("admin")

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_behind_tls_the_cookie_is_secure_and_bound_to_its_host(tmp_path: Path) -> None:
    with a_web_house(tmp_path, https=True) as web:
        answer = create_app(web.house).test_client().get("/sign-in", base_url="https://localhost")

        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-session=")
        assert "Secure" in cookie
        assert "max-age=" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("path", ["/sign-in", "/board", "/nothing-here", "/static/house.css", "/board/state.json"])
def test_every_answer_tells_browsers_what_they_may_not_do(app: Flask, path: str) -> None:
    with Browser(app).get(path) as answer:
        headers = answer.headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "[", "127.0.0.1.nip.io"])
def test_a_host_that_is_not_ours_is_refused(app: Flask, host: str) -> None:
    """DNS rebinding: a page of another name that resolves to this machine gets nothing."""
    assert app.test_client().get("/board", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "192.168.1.20:8080", "[::1]:8080"])
def test_addresses_and_localhost_are_ours(app: Flask, host: str) -> None:
    assert app.test_client().get("/board", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}]
)
def test_a_form_sent_by_another_site_is_refused(app: Flask, headers: dict[str, str]) -> None:
    browser = Browser(app)
    browser.sign_in("admin")

    answer = browser.post("/admin/staff/admin/end-sessions", {}, **headers)

    assert answer.status_code == 409
    assert is_in(browser)


def test_signing_in_is_an_entry_and_failing_is_none(app: Flask, web: WebHouse) -> None:
    before = web.house.reading.head()[0]

    Browser(app).sign_in("admin", "wrong")
    failed = web.house.reading.head()[0]
    Browser(app).sign_in("admin")

    assert failed == before
    assert web.house.reading.newest_entries(limit=1)[0].kind == facts.SignedIn.KIND


def test_a_body_over_the_bound_is_refused_unread(app: Flask) -> None:
    answer = Browser(app).post("/sign-in", {"name": "a" * 70_000})

    assert answer.status_code == 413
    assert "过大" in answer.get_data(as_text=True)


def test_a_form_with_too_many_fields_is_refused(app: Flask) -> None:
    answer = Browser(app).post("/sign-in", {f"field{number}": "x" for number in range(70)})

    assert answer.status_code == 413


def test_a_page_that_is_not_there_says_so_and_no_more(app: Flask) -> None:
    answer = Browser(app).get("/nothing/<script>alert(1)</script>")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "没有找到" in text
    assert "<script>alert" not in text


def test_a_fault_of_ours_shows_a_notice_and_nothing_of_the_inside(
    app: Flask, web: WebHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(app)
    browser.sign_in("admin")

    def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("central.web.admin._overview", broken)
    answer = browser.get("/admin")

    assert answer.status_code == 500
    assert "系统出现问题" in answer.get_data(as_text=True)
    assert "secret detail" not in answer.get_data(as_text=True)


def test_the_second_language_is_a_cookie(app: Flask) -> None:
    browser = Browser(app)

    browser.post("/language", {"language": "en"})

    assert 'class="english"' in browser.get("/sign-in").get_data(as_text=True)


def test_there_is_no_redirect_to_elsewhere(app: Flask) -> None:
    """Open redirect: whatever an address carries, the way on after signing in is our own."""
    browser = Browser(app)
    answer = browser.post(
        "/sign-in?next=https://evil.example", {"name": "admin", "password": PASSWORD, "next": "//evil"}
    )

    assert answer.headers["Location"] == "/"

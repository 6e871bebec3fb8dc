"""Every route × every role × GET and POST: who is let in, who is refused, and that nothing is left to chance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from central.web import create_app
from central.web.guard import EVERYBODY, PUBLIC, check_rights
from tests.support.web_house import Browser, WebHouse, a_web_house

WHO = {
    "nobody": None,
    "clerk": "qiantai",
    "officer": "shebao1",
    "pickup": "chujian",
    "supervisor": "zhuguan",
    "admin": "admin",
}
OFFICE, COUNTER, HOUSE = {"officer", "supervisor"}, {"pickup", "supervisor"}, {"admin", "supervisor"}
ALL = set(WHO)
STAFF = ALL - {"nobody"}
# (method, rule) -> who is let in. Written out by hand: a route that is missing here fails the test below.
MATRIX: dict[tuple[str, str], set[str]] = {
    ("GET", "/"): ALL,
    ("GET", "/healthz"): ALL,
    ("GET", "/favicon.ico"): ALL,
    ("GET", "/board"): ALL,
    ("GET", "/board/state.json"): ALL,
    ("GET", "/live/board"): ALL,
    ("GET", "/board/voice/<int:counter>.wav"): ALL,
    ("GET", "/sign-in"): ALL,
    ("POST", "/sign-in"): ALL,
    ("POST", "/language"): ALL,
    ("POST", "/sign-out"): STAFF,
    ("GET", "/live/staff"): STAFF,
    ("GET", "/desk"): OFFICE,
    ("GET", "/desk/tasks"): OFFICE,
    ("POST", "/desk/presence"): OFFICE,
    ("POST", "/desk/take/<case_number>"): OFFICE,
    ("GET", "/cases/<case_number>"): OFFICE,
    ("GET", "/cases/<case_number>/pages/<int:index>"): OFFICE,
    ("POST", "/cases/<case_number>/identity"): OFFICE,
    ("POST", "/cases/<case_number>/approve"): OFFICE,
    ("POST", "/cases/<case_number>/correction"): OFFICE,
    ("POST", "/cases/<case_number>/refuse"): OFFICE,
    ("POST", "/cases/<case_number>/resume"): OFFICE,
    ("GET", "/pickup"): COUNTER,
    ("POST", "/pickup"): COUNTER,
    ("GET", "/pickup/ready"): COUNTER,
    ("POST", "/pickup/<case_number>/hand-over"): COUNTER,
    ("POST", "/pickup/<case_number>/call"): COUNTER,
    ("GET", "/admin"): HOUSE,
    ("GET", "/admin/state"): HOUSE,
    ("GET", "/admin/ledger"): HOUSE,
    ("GET", "/admin/catalogue"): HOUSE,
    ("GET", "/admin/staff"): {"admin"},
    ("POST", "/admin/staff/<staff_id>/end-sessions"): {"admin"},
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with a_web_house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def app(web: WebHouse) -> Iterator[Flask]:
    made = create_app(web.house)
    yield made
    made.extensions["onewindow.live"].stop()


@pytest.fixture(scope="module")
def browsers(app: Flask) -> dict[str, Browser]:
    made = {}
    for role, staff_id in WHO.items():
        made[role] = Browser(app)
        if staff_id is not None:
            assert made[role].sign_in(staff_id).status_code == 303
    return made


def as_path(rule: str) -> str:
    """Return an address of the rule at which there is nothing: a right is asked for before a thing."""
    return (
        rule.replace("<case_number>", "20200101-00001")
        .replace("<int:index>", "0")
        .replace("<int:counter>", "999999")
        .replace("<staff_id>", "nobody-here")
    )


def test_the_matrix_names_every_route(app: Flask) -> None:
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE", "PATCH"}
    }

    assert served == set(MATRIX)


@pytest.mark.parametrize("role", list(WHO))
@pytest.mark.parametrize(("method", "rule"), list(MATRIX))
def test_who_is_let_in(method: str, rule: str, role: str, browsers: dict[str, Browser], app: Flask) -> None:
    browser, let_in = browsers[role], role in MATRIX[method, rule]
    if rule == "/sign-out" and (staff_id := WHO[role]) is not None:
        browser = Browser(app)  # the others go on using theirs
        browser.sign_in(staff_id)

    if method == "GET":
        answer = browser.get(as_path(rule), Accept="*/*")
    else:
        answer = browser.post(as_path(rule), {"name": "nobody", "password": "a wrong one"} if "sign-in" in rule else {})
    answer.close()

    if let_in:
        assert answer.status_code != 403
        assert answer.status_code != 401 or rule == "/sign-in"
    else:
        assert answer.status_code == (401 if role == "nobody" else 403)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("rule", ["/desk", "/admin", "/sign-in", "/pickup"])
def test_other_methods_are_not_allowed(app: Flask, method: str, rule: str) -> None:
    answer = app.test_client().open(rule, method=method)

    assert answer.status_code == 405
    assert "此页面不支持这种操作" in answer.get_data(as_text=True)


@pytest.mark.parametrize(("method", "rule"), [key for key in MATRIX if key[0] == "POST"])
def test_every_form_needs_its_token(method: str, rule: str, browsers: dict[str, Browser]) -> None:
    role = next(iter(sorted(MATRIX[method, rule] - {"nobody"})))
    browser = browsers[role]

    without = browser.post(as_path(rule), {"form_token": None})
    wrong = browser.post(as_path(rule), {"form_token": "0" * 64})
    foreign = browser.post(as_path(rule), {"form_token": browsers["clerk"].form_token()} if role != "clerk" else {})

    assert (without.status_code, wrong.status_code) == (409, 409)
    assert role == "clerk" or foreign.status_code == 409
    assert browser.get("/", Accept="text/html").status_code == 302


def test_a_get_changes_nothing(browsers: dict[str, Browser]) -> None:
    for method, rule in MATRIX:
        if method == "POST" and ("GET", rule) not in MATRIX:
            assert browsers["admin"].get(as_path(rule)).status_code == 405


def test_a_view_that_names_no_rights_stops_the_start(web: WebHouse) -> None:
    app = create_app(web.house)
    app.add_url_rule("/forgotten", "forgotten", lambda: "open to all")

    with pytest.raises(AssertionError, match="forgotten"):
        check_rights(app)


def test_the_roles_of_the_matrix_are_those_of_the_house() -> None:
    assert set(EVERYBODY) == STAFF
    assert PUBLIC not in EVERYBODY

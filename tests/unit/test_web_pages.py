"""The pages at work: board, desk, case, pickup and house, on a real book with real residents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, text

from broker.messages import CallPurpose, Priority
from central.ledger import facts
from central.storage.tables import unit_states
from central.web import create_app
from tests.support.web_house import HALL, Browser, WebHouse, a_web_house

NAME, NUMBER = "张晓三", "11010519491231002X"
DAY_MS = 86_400_000


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebHouse]:
    with a_web_house(tmp_path) as made:
        yield made


@pytest.fixture
def app(web: WebHouse) -> Flask:
    return create_app(web.house)


def signed_in(app: Flask, staff_id: str) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(staff_id).status_code == 303
    return browser


def promised_item(web: WebHouse) -> str:
    return next(
        item.code for item in web.house.reading.items() if item.kind == "promised" and item.department == "社会保障科"
    )


def state_of(web: WebHouse, case_number: str) -> str:
    task = web.house.reading.case(case_number)
    assert task is not None
    return task.state


def kinds(web: WebHouse, limit: int = 20) -> list[str]:
    return [entry.kind for entry in web.house.reading.newest_entries(limit=limit)]


# The hall board.


def test_the_board_shows_the_newest_call_and_how_many_wait(app: Flask, web: WebHouse) -> None:
    for ticket in ("A6001", "A6002", "B6001"):
        web.issue(ticket)
    web.issue("C6001", Priority.PRIORITY)
    called = web.call(3)

    state = Browser(app).get("/board/state.json").get_json()

    assert (state["calls"][0]["ticket"], state["calls"][0]["window"]) == (called, 3)
    assert sum(group["count"] for group in state["waiting"]) == 3
    assert [group["letter"] for group in state["waiting"]] == ["A", "B", "C"]


def test_the_board_never_shows_a_name(app: Flask, web: WebHouse) -> None:
    web.receive("RS001", name=NAME, id_number=NUMBER)
    web.announce("A6001", 1)

    shown = Browser(app).get("/board").get_data(as_text=True)

    assert NAME not in shown
    assert NUMBER not in shown
    assert "张" not in shown


def test_a_recall_moves_its_number_up_and_fills_no_second_line(app: Flask, web: WebHouse) -> None:
    web.announce("A6001", 1)
    web.announce("A6002", 2)
    web.announce("A6001", 1)

    calls = Browser(app).get("/board/state.json").get_json()["calls"]

    assert [call["ticket"] for call in calls] == ["A6001", "A6002"]


def test_yesterdays_calls_are_gone_in_the_morning(app: Flask, web: WebHouse) -> None:
    web.announce("A6001", 1)
    web.clock.at_ms += DAY_MS

    assert Browser(app).get("/board/state.json").get_json()["calls"] == []


def test_calls_of_the_last_minute_are_to_be_spoken_and_older_ones_not(app: Flask, web: WebHouse) -> None:
    web.announce("A6001", 1)
    web.clock.at_ms += 60_001
    newest = web.announce("A6002", 2)

    speak = Browser(app).get("/board/state.json").get_json()["speak"]

    assert [call["counter"] for call in speak] == [newest]


def test_a_call_of_the_book_is_spoken_and_nothing_else(app: Flask, web: WebHouse) -> None:
    counter = web.announce("A6001", 6, CallPurpose.PICKUP)

    sound = Browser(app).get(f"/board/voice/{counter}.wav")

    assert sound.status_code == 200
    assert sound.data[:4] == b"RIFF"
    assert Browser(app).get(f"/board/voice/{counter + 1}.wav").status_code == 404


# The officer's desk.


def test_the_desk_lists_by_promise_with_masked_people(app: Flask, web: WebHouse) -> None:
    late = web.receive(promised_item(web), name=NAME, id_number=NUMBER)
    web.clock.at_ms += 60 * DAY_MS
    today = web.receive("RS001", name="李雷", id_number="34052419800101001X")

    shown = signed_in(app, "shebao1").get("/desk").get_data(as_text=True)

    assert shown.index(today) < shown.index(late)
    assert "已超期" in shown
    assert "当日办结" in shown
    assert "张*三" in shown
    assert NAME not in shown
    assert NUMBER not in shown


def test_an_officer_sees_no_other_desk(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001")
    officer = signed_in(app, "jiuye1")

    assert number not in officer.get("/desk").get_data(as_text=True)
    assert officer.get(f"/cases/{number}").status_code == 404
    assert officer.get(f"/cases/{number}/pages/0").status_code == 404
    assert officer.post(f"/cases/{number}/approve").status_code == 404
    assert officer.post(f"/cases/{number}/identity", {"reason": "好奇想看"}).status_code == 404
    assert officer.post(f"/desk/take/{number}").status_code == 404
    assert state_of(web, number) == "assigned"


def test_leaving_the_desk_and_coming_back_moves_the_cases(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001")
    officer = signed_in(app, "shebao1")

    officer.post("/desk/presence", {"present": "no"})
    listed = state_of(web, number)
    officer.post("/desk/presence", {"present": "yes"})

    assert listed == "open"
    assert state_of(web, number) == "assigned"


def test_a_case_is_taken_once(app: Flask, web: WebHouse) -> None:
    first, second = signed_in(app, "shebao1"), signed_in(app, "shebao2")
    first.post("/desk/presence", {"present": "no"})
    number = web.receive("RS001")

    took = first.post(f"/desk/take/{number}")
    late = second.post(f"/desk/take/{number}")

    assert took.status_code == 303
    assert late.status_code == 409
    assert "同事已经领取" in late.get_data(as_text=True)


def test_a_case_shows_its_papers_form_and_history(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001", form={"联系电话": "13800000000"})
    officer = signed_in(app, "shebao1")

    shown = officer.get(f"/cases/{number}").get_data(as_text=True)
    picture = officer.get(f"/cases/{number}/pages/0")

    assert "13800000000" in shown
    assert "一寸照片" in shown
    assert "受理" in shown
    assert picture.data[:2] == b"\xff\xd8"
    assert picture.headers["Cache-Control"] == "no-store"
    assert officer.get(f"/cases/{number}/pages/2").status_code == 404


def test_the_second_looks_doubts_stand_before_the_decision_with_a_way_to_the_page(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001")
    officer = signed_in(app, "shebao1")
    assert "第二眼" not in officer.get(f"/cases/{number}").get_data(as_text=True)
    task = web.house.reading.case(number)
    assert task is not None

    def look(*doubts: facts.PageDoubted) -> str:
        with web.work() as book:
            fact = facts.SecondLookTaken(case_id=task.case_id, doubts=doubts, pages_read=2, reader="test")
            book.append(fact, subject=task.case_id, actor="second-look")
            book.commit()
        return officer.get(f"/cases/{number}").get_data(as_text=True)

    clean = look()
    doubtful = look(facts.PageDoubted(page=1, code="other-name"))

    assert "未发现" in clean
    assert doubtful.index("姓名与号票不一致") < doubtful.index('id="approve"')
    assert '<button type="button" data-page="1">2</button>' in doubtful


def test_a_damaged_page_says_what_to_do(app: Flask, web: WebHouse, tmp_path: Path) -> None:
    number = web.receive("RS001")
    for file in (tmp_path / "pages").rglob("*"):
        if file.is_file():
            file.write_bytes(b"something else")

    answer = signed_in(app, "shebao1").get(f"/cases/{number}/pages/0")

    assert answer.status_code == 500
    assert "从备份恢复" in answer.get_data(as_text=True)


def test_approving_calls_the_number_to_its_window(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001", ticket="A6009", window=2)

    answer = signed_in(app, "shebao1").post(f"/cases/{number}/approve")

    assert answer.status_code == 303
    assert number in answer.headers["Location"]
    assert state_of(web, number) == "ready"
    board = Browser(app).get("/board/state.json").get_json()
    assert (board["calls"][0]["ticket"], board["calls"][0]["window"], board["calls"][0]["pickup"]) == ("A6009", 2, True)


def test_a_correction_names_everything_at_once(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001")
    officer = signed_in(app, "shebao1")

    officer.post(f"/cases/{number}/correction", {"missing": ["一寸照片", "居民身份证"], "reason": "照片请用白底"})

    task = web.house.reading.case(number)
    assert task is not None
    assert task.state == "correction"
    assert "一寸照片" in task.reason
    assert "照片请用白底" in task.reason
    assert officer.post(f"/cases/{number}/resume").status_code == 303
    assert state_of(web, number) == "assigned"


@pytest.mark.parametrize("decision", ["correction", "refuse"])
def test_a_decision_against_the_resident_needs_its_reason(app: Flask, web: WebHouse, decision: str) -> None:
    number = web.receive("RS001")

    answer = signed_in(app, "shebao1").post(f"/cases/{number}/{decision}", {"reason": "   "})

    assert answer.status_code == 409
    assert "请写明理由" in answer.get_data(as_text=True)
    assert state_of(web, number) == "assigned"


def test_a_refusal_is_handed_over_as_a_notice(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001")

    signed_in(app, "shebao1").post(f"/cases/{number}/refuse", {"reason": "不符合申领条件"})

    shown = signed_in(app, "chujian").get("/pickup").get_data(as_text=True)
    assert "告知书" in shown


def test_a_person_is_opened_with_a_reason_once_and_it_is_an_entry(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001", name=NAME, id_number=NUMBER)
    officer = signed_in(app, "shebao1")

    opened = officer.post(f"/cases/{number}/identity", {"reason": "核对照片与本人"}).get_data(as_text=True)
    after = officer.get(f"/cases/{number}").get_data(as_text=True)

    assert NAME in opened
    assert NUMBER in opened
    assert kinds(web, 1) == [facts.PersonOpened.KIND]
    assert NAME not in after
    assert "核对照片与本人" in after
    assert NUMBER not in web.house.reading.newest_entries(limit=1)[0].body


@pytest.mark.parametrize("reason", ["", " ", "看"])
def test_without_a_reason_nobody_is_opened(app: Flask, web: WebHouse, reason: str) -> None:
    number = web.receive("RS001", name=NAME, id_number=NUMBER)

    answer = signed_in(app, "shebao1").post(f"/cases/{number}/identity", {"reason": reason})

    assert answer.status_code == 409
    assert NAME not in answer.get_data(as_text=True)
    assert facts.PersonOpened.KIND not in kinds(web)


def test_an_erased_resident_leaves_a_case_that_can_be_read(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001", name=NAME, id_number=NUMBER)
    task = web.house.reading.case(number)
    assert task is not None
    with web.work() as work:
        work.vault.destroy(task.resident_id)
        work.commit()
    officer = signed_in(app, "shebao1")

    assert "已销毁" in officer.get("/desk").get_data(as_text=True)
    assert officer.get(f"/cases/{number}").status_code == 200
    assert officer.get(f"/cases/{number}/pages/0").status_code == 404


def test_a_damaged_record_does_not_take_the_list_away(app: Flask, web: WebHouse) -> None:
    web.receive("RS001", name=NAME, id_number=NUMBER)
    sound = web.receive("RS002", name="李雷", id_number="34052419800101001X")
    with web.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE residents SET identity = x'00112233' WHERE resident_id = :id"),
            {"id": web.house.reading.tasks_of_officer("shebao1", limit=1)[0].resident_id},
        )

    shown = signed_in(app, "shebao1").get("/desk")

    assert shown.status_code == 200
    assert "档案损坏" in shown.get_data(as_text=True)
    assert sound in shown.get_data(as_text=True)


def test_long_lists_are_read_page_by_page(app: Flask, web: WebHouse) -> None:
    for _ in range(53):
        web.receive("RS001", materials=("居民身份证",))
    officer = signed_in(app, "shebao1")

    first = officer.get("/desk").get_data(as_text=True)
    second = officer.get("/desk?list=mine&page=2").get_data(as_text=True)

    assert first.count('class="task-item"') == 50
    assert second.count('class="task-item"') == 3


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "1e9"])
def test_a_page_number_that_is_none_is_the_nearest(app: Flask, web: WebHouse, page: str) -> None:
    assert signed_in(app, "shebao1").get(f"/desk?page={page}").status_code == 200


# The pickup window.


def a_ready_case(app: Flask, web: WebHouse, **about: str) -> str:
    number = web.receive("RS001", **about)  # type: ignore[arg-type]
    assert signed_in(app, "shebao1").post(f"/cases/{number}/approve").status_code == 303
    return number


@pytest.mark.parametrize("asked", ["20261123-00001", "A6009", "a6009", NUMBER, NUMBER.lower()])
def test_a_result_is_found_by_receipt_ticket_or_card(app: Flask, web: WebHouse, asked: str) -> None:
    number = a_ready_case(app, web, ticket="A6009", name=NAME, id_number=NUMBER)

    answer = signed_in(app, "chujian").post("/pickup", {"asked": asked})

    shown = answer.get_data(as_text=True)
    assert f"/pickup/{number}/hand-over" in shown
    assert NAME not in shown
    assert NUMBER not in shown


@pytest.mark.parametrize(
    "asked", ["", "Z9999", "20200101-99999", "%", "' OR 1=1 --", "../../etc/passwd", "\x00", "鬼" * 64]
)
def test_what_is_not_there_is_not_found(app: Flask, web: WebHouse, asked: str) -> None:
    a_ready_case(app, web)

    answer = signed_in(app, "chujian").post("/pickup", {"asked": asked})

    assert answer.status_code == 200
    assert "没有找到办件" in answer.get_data(as_text=True)


def test_handing_over_closes_the_case_and_names_who_did_it(app: Flask, web: WebHouse) -> None:
    number = a_ready_case(app, web)
    pickup = signed_in(app, "chujian")

    answer = pickup.post(f"/pickup/{number}/hand-over", {"proof": "ticket"})

    assert answer.status_code == 303
    assert state_of(web, number) == "closed"
    assert web.house.reading.newest_entries(limit=1)[0].actor == "chujian"


@pytest.mark.parametrize("proof", ["", "nothing", "ticket'--"])
def test_nothing_is_handed_over_without_a_proof(app: Flask, web: WebHouse, proof: str) -> None:
    number = a_ready_case(app, web)

    answer = signed_in(app, "chujian").post(f"/pickup/{number}/hand-over", {"proof": proof})

    assert answer.status_code == 400
    assert state_of(web, number) == "ready"


def test_what_is_not_ready_is_not_handed_over(app: Flask, web: WebHouse) -> None:
    number = web.receive("RS001")

    answer = signed_in(app, "chujian").post(f"/pickup/{number}/hand-over", {"proof": "ticket"})

    assert answer.status_code == 409
    assert state_of(web, number) == "assigned"


def test_an_uncollected_result_ages_visibly(app: Flask, web: WebHouse) -> None:
    a_ready_case(app, web)
    web.clock.at_ms += 31 * DAY_MS

    shown = signed_in(app, "chujian").get("/pickup").get_data(as_text=True)

    assert re.search(r'badge bad">31 天', shown)


def test_a_result_is_called_again_on_its_day_only(app: Flask, web: WebHouse) -> None:
    number = a_ready_case(app, web)
    pickup = signed_in(app, "chujian")

    today = pickup.post(f"/pickup/{number}/call")
    web.clock.at_ms += DAY_MS
    tomorrow = signed_in(app, "chujian").post(f"/pickup/{number}/call")

    assert (today.status_code, tomorrow.status_code) == (303, 409)


# The house.


def test_the_overview_says_how_the_units_are_and_what_to_do(app: Flask, web: WebHouse) -> None:
    now_ms = web.clock.now_ms()
    bodies = {
        "w1": (now_ms, {"health": {"ticket_printer": "paper-out", "scanner": "ok"}, "simulated": True}),
        "w2": (now_ms - 60_000, {"waiting_packets": 4, "oldest_waiting_ms": now_ms - 600_000}),
    }
    with web.database.engine.begin() as connection:
        for unit, (heard, body) in bodies.items():
            connection.execute(
                insert(unit_states).values(
                    hall=HALL, unit=f"{HALL}-{unit}", alive=True, heard_at_ms=heard, boot=1, body=json.dumps(body)
                )
            )

    shown = signed_in(app, "admin").get("/admin").get_data(as_text=True)

    assert "缺纸：请换上新的纸卷" in shown
    assert "失去联系" in shown
    assert "最久 10 分钟" in shown
    assert "演示" in shown
    assert "未连接" in shown


def test_the_overview_counts_cases_by_state(app: Flask, web: WebHouse) -> None:
    a_ready_case(app, web)
    web.receive("RS001")
    closed = a_ready_case(app, web)
    signed_in(app, "chujian").post(f"/pickup/{closed}/hand-over", {"proof": "receipt"})

    counts = web.house.reading.counts("2026-11-23")

    assert counts.total == 3
    assert {state: count for state, count in counts.by_state.items() if count} == {
        "assigned": 1,
        "ready": 1,
        "closed": 1,
    }


def test_the_ledger_page_shows_kinds_and_ids_and_that_the_chain_holds(app: Flask, web: WebHouse) -> None:
    web.receive("RS001", name=NAME, id_number=NUMBER)

    shown = signed_in(app, "admin").get("/admin/ledger").get_data(as_text=True)

    assert "首尾相连" in shown
    assert "受理" in shown
    assert NAME not in shown
    assert NUMBER not in shown


def test_an_altered_book_is_seen_at_a_glance(app: Flask, web: WebHouse) -> None:
    web.receive("RS001")
    with web.database.engine.begin() as connection:
        connection.execute(text("UPDATE entries SET actor = 'somebody else' WHERE seq = 9"))

    admin = signed_in(app, "admin")

    assert "台账校验发现问题：第 9 条起不可信" in admin.get("/admin").get_data(as_text=True)
    assert "断链" in admin.get("/admin/ledger").get_data(as_text=True)


def test_the_catalogue_says_what_is_verified_and_what_is_sample(app: Flask) -> None:
    shown = signed_in(app, "admin").get("/admin/catalogue").get_data(as_text=True)

    assert "名称 已核实" in shown
    assert "类型 示例数据" in shown


# Attacks that are no page's own.


def test_what_a_clerk_or_a_resident_typed_is_text_and_never_markup(app: Flask, web: WebHouse) -> None:
    evil = "<script>alert(1)</script>"
    number = web.receive("RS001", materials=(f"材料{evil}",), form={"备注": evil})
    officer = signed_in(app, "shebao1")
    officer.post(f"/cases/{number}/correction", {"reason": evil})

    shown = officer.get(f"/cases/{number}").get_data(as_text=True)

    assert evil not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    "path",
    [
        "/cases/..%2f..%2fetc%2fpasswd",
        "/cases/20261123-00001%0d%0aX-Evil:1",
        "/cases/' OR '1'='1",
        "/static/..%2f..%2fapp.py",
        "/static/../app.py",
        "/board/voice/-1.wav",
        "/board/voice/99999999999999999999999999.wav",
    ],
)
def test_addresses_made_up_by_hand_find_nothing(app: Flask, web: WebHouse, path: str) -> None:
    web.receive("RS001")

    answer = signed_in(app, "shebao1").get(path)

    assert answer.status_code == 404
    assert "X-Evil" not in answer.headers


def test_no_address_of_ours_carries_a_person(app: Flask, web: WebHouse) -> None:
    number = a_ready_case(app, web, name=NAME, id_number=NUMBER)
    pickup, officer = signed_in(app, "chujian"), signed_in(app, "shebao1")
    pages = [
        officer.get("/desk"),
        officer.get(f"/cases/{number}"),
        pickup.post("/pickup", {"asked": NUMBER}),
        officer.post(f"/cases/{number}/identity", {"reason": "核对照片"}),
    ]

    addresses = " ".join(
        address
        for page in pages
        for address in re.findall(r'(?:href|action|src|data-\w+)="([^"]*)"', page.get_data(as_text=True))
    )

    assert NUMBER not in addresses
    assert NAME not in addresses


def test_nothing_of_a_resident_is_logged(app: Flask, web: WebHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    number = a_ready_case(app, web, name=NAME, id_number=NUMBER)
    officer = signed_in(app, "shebao1")
    officer.post(f"/cases/{number}/identity", {"reason": "核对照片"})
    signed_in(app, "chujian").post("/pickup", {"asked": NUMBER})
    officer.post(f"/cases/{number}/approve")

    assert NUMBER not in caplog.text
    assert NAME not in caplog.text

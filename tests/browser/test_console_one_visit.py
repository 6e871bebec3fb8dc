"""One visit by keyboard alone, in a real browser, and a scanner gun that types into the page and presses nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from edge import commands as ask
from edge.view import Role
from tests.support.console_browser import CHROMEDRIVER, CHROMIUM, a_browser, a_console, wait_until
from tests.support.console_fake_unit import FakeUnit, a_page, a_pickup, a_view, a_visit, with_item

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM.exists() and CHROMEDRIVER.exists()), reason="Chromium is not installed"),
]

GUN_SECONDS_APART = 0.005  # a person's keys are 0.09 s apart and more (app.js)
_HOLD_TIMERS = """
    const held = new Map(), start = window.setTimeout, stop = window.clearTimeout;
    let last = 1e9;  // no timer that runs already has such a number
    window.setTimeout = (does, after) => { held.set(++last, [does, after]); return last; };
    window.clearTimeout = (number) => held.delete(number) || stop(number);
    window.goOn = () => {
        window.setTimeout = start;
        window.clearTimeout = stop;
        for (const [does, after] of held.values()) start(does, after);
    };
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with a_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


class Clerk:
    """Looks at the page and presses keys; has no mouse."""

    def __init__(self, browser: Chrome, address: str) -> None:
        self.browser = browser
        browser.get(address)

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def sees(self, text: str, part: str = "body") -> None:
        wait_until(lambda: text in self.reads(part), f"the page shows {text}")

    def reads(self, part: str = "body") -> str:
        return str(self.browser.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", part))

    def gun_types(self, text: str) -> None:
        """Type as a scanner gun does: a character each few milliseconds, then Enter.

        By the page's clocks, whatever this machine is busy with: each key brings the time at which it went down, and
        the page's timers wait until all are typed.
        """
        self.browser.execute_script(_HOLD_TIMERS)
        began = time.time()
        for place, character in enumerate([*text, "\r"]):
            key = {"type": "keyDown", "key": "Enter" if character == "\r" else character, "text": character}
            at = {"timestamp": began + place * GUN_SECONDS_APART}
            self.browser.execute_cdp_cmd("Input.dispatchKeyEvent", key | at)
            self.browser.execute_cdp_cmd("Input.dispatchKeyEvent", key | at | {"type": "keyUp", "text": ""})
        self.browser.execute_script("window.goOn()")


def test_one_visit_by_keyboard_alone(browser: Chrome) -> None:
    unit = FakeUnit()
    with a_console(unit) as address:
        clerk = Clerk(browser, address)
        clerk.sees("按 F2 叫下一位")

        clerk.press(Keys.F2)
        clerk.sees("A6027", "[data-testid=number]")
        clerk.press(Keys.F3)
        clerk.sees("第 2 次")

        unit.open("A6027")  # the scanner gun, which the unit reads itself, opens the visit
        clerk.sees("张*三", "[data-testid=who]")
        clerk.sees("按 F6 选事项")

        clerk.press(Keys.F6, "sbk")
        clerk.sees("社会保障卡申领", "#found")
        clerk.press(Keys.ARROW_DOWN)
        clerk.press(Keys.ARROW_UP)
        clerk.press(Keys.ENTER)
        clerk.sees("居民身份证", ".checklist")

        unit.blurred = True
        clerk.press(Keys.F8)
        clerk.sees("画面模糊", ".step")
        clerk.press(Keys.F8)
        clerk.sees("1/2", "[data-part=item]")
        clerk.press(Keys.F8)
        clerk.sees("材料已齐：按 F9 受理")

        clerk.press(Keys.F9)
        clerk.sees("待发送", ".accepted")
        clerk.sees("1 件待发送")
        unit.receipt()
        clerk.sees("20261123-00042", ".accepted")

        clerk.press(Keys.F7)
        clerk.sees("按 F2 叫下一位")

    assert [type(said) for said in unit.said] == [
        ask.CallNext,
        ask.RecallTicket,
        ask.ChooseItem,
        ask.TakePage,
        ask.TakePage,
        ask.TakePage,
        ask.AcceptVisit,
        ask.EndVisit,
    ]


def test_missing_papers_are_confirmed_by_a_second_press(browser: Chrome) -> None:
    visit = with_item(a_visit(pages=(a_page(1, "申请书"),)), "MZ009")
    unit = FakeUnit(a_view(front=visit))
    with a_console(unit) as address:
        clerk = Clerk(browser, address)
        clerk.sees("受理", ".actions")

        clerk.press(Keys.F9)
        clerk.sees("还缺 3 样材料，再按一次受理")
        assert unit.said == []
        clerk.press(Keys.F9)
        wait_until(lambda: unit.said, "the second press accepts")

    assert isinstance(unit.said[0], ask.AcceptVisit)


@pytest.mark.parametrize("focus", ["body", "button", "search"])
def test_a_scanner_gun_that_types_into_the_page_triggers_nothing(browser: Chrome, focus: str) -> None:
    """A gun in keyboard mode types digits, letters and Enter at whatever has the focus."""
    unit = FakeUnit(a_view(Role.PICKUP, pickup=a_pickup()) if focus != "search" else a_view(front=a_visit()))
    with a_console(unit) as address:
        clerk = Clerk(browser, address)
        clerk.sees("出件" if focus != "search" else "选事项")
        if focus == "button":
            browser.execute_script("document.querySelector('.results button').focus()")
        if focus == "search":
            clerk.press(Keys.F6)

        clerk.gun_types("OW1A1B2C3 D4E5F6 123456")
        clerk.sees("没有采用", "#toast")

        assert unit.said == []
        if focus == "search":
            assert browser.execute_script("return document.querySelector('#search').value") == ""


def test_results_are_handed_over_with_one_key(browser: Chrome) -> None:
    unit = FakeUnit(a_view(Role.PICKUP, pickup=a_pickup()))
    with a_console(unit) as address:
        clerk = Clerk(browser, address)
        clerk.sees("出件")

        clerk.press("1")
        clerk.sees("已交给居民")
        clerk.press("1")  # the next one has moved up
        clerk.sees("都已交给居民")
        clerk.press(Keys.F7)
        clerk.sees("请出示号票、回执或身份证")

    handed = [said.case_number for said in unit.said if isinstance(said, ask.HandOver)]
    assert handed == ["20261120-00007", "20261118-00031"]


def test_the_rear_seat_sorts_fills_in_and_sends_by_keyboard(browser: Chrome) -> None:
    pages = (a_page(1, "居民身份证"), a_page(2, "居民身份证"))
    unit = FakeUnit(a_view(rear=(with_item(a_visit(seat="rear", pages=pages), "RS001"),)))
    with a_console(unit) as address:
        clerk = Clerk(browser, address + "/rear")
        clerk.sees("还缺“一寸照片”")

        clerk.press("]")
        wait_until(lambda: unit.view().rear[0].pages[0].page == "page-2", "the page has moved")
        browser.execute_script("document.querySelector('[name=\"field:联系电话\"]').focus()")
        clerk.press("13800138000", Keys.TAB)
        wait_until(lambda: unit.view().rear[0].form == {"联系电话": "13800138000"}, "the form is kept")
        clerk.press(Keys.ESCAPE)
        clerk.press(Keys.F9)
        clerk.sees("再按一次受理")
        clerk.press(Keys.F9)
        clerk.sees("待发送", ".accepted")

    assert unit.view().rear == ()


def test_a_kiosk_gives_a_number_for_two_touches_and_goes_home(browser: Chrome) -> None:
    unit = FakeUnit(a_view(Role.KIOSK, window=None))
    with a_console(unit) as address:
        clerk = Clerk(browser, address)
        _touch(browser, "[data-kiosk=priority]")
        _touch(browser, "[data-group=C]")
        clerk.sees("请放身份证")

        unit.lay_card("张大三", "11010519491231002X")  # the second gesture: the card
        clerk.sees("C6027", "[data-testid=issued]")
        _touch(browser, ".issued-screen [data-kiosk=home]")
        clerk.sees("请选择业务")

    issued = next(said for said in unit.said if isinstance(said, ask.IssueTicket))
    assert (issued.group, issued.priority.value) == ("C", "priority")


def test_a_kiosk_checks_a_number_typed_by_hand(browser: Chrome) -> None:
    unit = FakeUnit(a_view(Role.KIOSK, window=None))
    with a_console(unit) as address:
        clerk = Clerk(browser, address)
        _touch(browser, "[data-group=A]")
        _touch(browser, "[data-kiosk=hand]")
        clerk.press("张大三")
        for digit in "110105194912310021":
            _touch(browser, f'[data-pad="{digit}"]')
        clerk.sees("号码不对", "#hand-check")
        assert not browser.find_element(By.CSS_SELECTOR, "[data-kiosk=send]").is_enabled()

        _touch(browser, '[data-pad="back"]')
        clerk.sees("还差 1 位", "#hand-check")
        _touch(browser, '[data-pad="X"]')
        clerk.sees("号码正确", "#hand-check")
        _touch(browser, "[data-kiosk=send]")
        clerk.sees("A6027", "[data-testid=issued]")

    assert isinstance(unit.said[0], ask.IssueTicket)
    assert unit.said[0].name == "张大三"


def test_nothing_is_clipped_at_the_counters_size(browser: Chrome) -> None:
    visit = with_item(a_visit(pages=tuple(a_page(n, "申请书") for n in range(4))), "MZ009")
    views: list[tuple[Any, str]] = [
        (a_view(), "/"),
        (a_view(front=visit), "/"),
        (a_view(rear=(visit,)), "/rear"),
        (a_view(), "/devices"),
        (a_view(Role.PICKUP, pickup=a_pickup()), "/"),
        (a_view(Role.KIOSK), "/"),
        (a_view(Role.BOARD), "/"),
        (a_view(Role.STATION), "/"),
    ]
    for view, path in views:
        with a_console(FakeUnit(view)) as address:
            browser.get(address + path)
            page = "const page = document.documentElement; "
            fits = page + "return page.scrollWidth <= innerWidth && page.scrollHeight <= innerHeight"
            assert browser.execute_script(fits), (view.role, path)
            said: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
            assert [line["message"] for line in said if "Content Security" in line["message"]] == []


def _touch(browser: Chrome, selector: str) -> None:
    element = wait_until(
        lambda: next((each for each in browser.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()), None),
        f"{selector} can be touched",
    )
    element.click()


def test_a_card_is_to_be_turned_over_and_half_of_it_is_confirmed_by_a_second_press(browser: Chrome) -> None:
    visit = with_item(a_visit(pages=(a_page(1, "居民身份证", side="人像面"), a_page(2, "一寸照片"))), "RS001")
    card, photo = visit.checklist
    hint = "请翻面，再拍国徽面"
    half = replace(visit, checklist=(replace(card, hint=hint), photo), half_taken=("居民身份证",), turn_over="国徽面")
    unit = FakeUnit(a_view(front=half))
    with a_console(unit) as address:
        clerk = Clerk(browser, address)
        clerk.sees(hint, ".checklist")
        clerk.sees(hint, ".step")
        clerk.sees("人像面", ".thumbs")

        clerk.press(Keys.F9)
        clerk.sees("身份证只有一面，再按一次受理", ".actions")
        assert unit.said == []

        same = a_page(3, "居民身份证", accepted=False, verdict="刚才拍的是同一面，请翻面再拍。", side="人像面")
        unit.show(front=replace(half, refused_page=same))
        clerk.sees("刚才拍的是同一面，请翻面再拍；放好后按 F8 重拍", ".step")
        clerk.sees("仍然采用", ".camera-keys")
        clerk.press(Keys.F8)
        wait_until(lambda: unit.said, "the picture is taken again")

    assert unit.said == [ask.TakePage(visit="visit-1")]

"""The pages in a real browser, as a clerk uses them: one story across desk, board and pickup window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.console_browser import CHROMIUM, a_browser
from tests.support.web_house import PASSWORD, WebHouse
from tests.support.web_server import WebServer, a_web_server

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")]
DEADLINE_SECONDS = 15.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WebServer, WebHouse]]:
    with a_web_server(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with a_browser(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture
def browser(chromium: webdriver.Chrome, served: tuple[WebServer, WebHouse]) -> webdriver.Chrome:
    """A browser of one tab in which nobody is signed in."""
    for handle in chromium.window_handles[1:]:
        chromium.switch_to.window(handle)
        chromium.close()
    chromium.switch_to.window(chromium.window_handles[0])
    chromium.get(f"{served[0].address}/healthz")
    chromium.delete_all_cookies()
    complaints(chromium)  # those of the test before
    return chromium


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def text_of(browser: webdriver.Chrome, selector: str) -> str:
    return str(browser.execute_script(f"return document.querySelector({selector!r})?.innerText ?? ''"))


def sign_in(browser: webdriver.Chrome, server: WebServer, staff_id: str) -> None:
    browser.get(f"{server.address}/sign-in")
    browser.find_element(By.ID, "name").send_keys(staff_id)
    browser.find_element(By.ID, "password").send_keys(PASSWORD, Keys.ENTER)
    until(lambda: "/sign-in" not in browser.current_url)


def press(browser: webdriver.Chrome, keys: str) -> None:
    webdriver.ActionChains(browser).send_keys(keys).perform()


def complaints(browser: webdriver.Chrome) -> list[str]:
    told: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in told if entry["level"] == "SEVERE"]


def test_from_the_desk_to_the_board_to_the_residents_hand(
    served: tuple[WebServer, WebHouse], browser: webdriver.Chrome
) -> None:
    server, web = served
    browser.get(f"{server.address}/board")
    board = browser.current_window_handle
    browser.switch_to.new_window("tab")
    sign_in(browser, server, "shebao1")
    assert "没有待审批的任务" in text_of(browser, "main")

    # A packet arrives while the officer looks at the list: it appears by itself.
    number = web.receive("RS001", ticket="A6031", window=2, name="张晓三")
    until(lambda: number in text_of(browser, "main"))
    assert "张*三" in text_of(browser, "main")

    # The papers, by keys alone.
    browser.find_element(By.LINK_TEXT, "办理").click()
    until(lambda: browser.execute_script("return document.querySelector('#picture').naturalWidth") == 826)
    fitted = float(browser.find_element(By.ID, "viewer").get_attribute("data-zoom") or 0)
    press(browser, "++")
    until(lambda: float(browser.find_element(By.ID, "viewer").get_attribute("data-zoom") or 0) > fitted * 1.5)
    press(browser, "r")
    until(lambda: browser.find_element(By.ID, "viewer").get_attribute("data-turn") == "90")
    press(browser, Keys.ARROW_RIGHT)
    until(lambda: text_of(browser, "#caption") == "一寸照片")

    # Approved by one key; the board, never reloaded, calls the number.
    press(browser, Keys.F9)
    until(lambda: "已记入台账" in text_of(browser, "main"))
    desk = browser.current_window_handle
    browser.switch_to.window(board)
    until(lambda: text_of(browser, "#ticket") == "A6031")
    assert "2" in text_of(browser, "#to")
    assert "领取办理结果" in text_of(browser, "#sub")
    assert complaints(browser) == []

    # Fetched at the window.
    browser.switch_to.window(desk)
    browser.delete_all_cookies()
    sign_in(browser, server, "chujian")
    press(browser, number + Keys.ENTER)  # a gun types wherever the focus is
    until(lambda: "核对后交付" in text_of(browser, "main"))
    browser.find_element(By.CSS_SELECTOR, "button[value=ticket]").click()
    until(lambda: "已交付" in text_of(browser, "main"))
    assert "没有待领取的结果" in text_of(browser, "main")
    assert complaints(browser) == []


def test_the_board_says_when_it_is_cut_and_misses_nothing(
    served: tuple[WebServer, WebHouse], browser: webdriver.Chrome
) -> None:
    server, web = served
    browser.get(f"{server.address}/board")
    web.announce("A6001", 1)
    until(lambda: text_of(browser, "#ticket") == "A6001")

    server.stop()
    web.announce("A6002", 2)
    web.announce("A6003", 3)
    until(lambda: browser.execute_script("return document.body.classList.contains('is-cut')"))
    server.start()

    until(lambda: text_of(browser, "#ticket") == "A6003")
    assert "A6002" in text_of(browser, "#recent")
    assert not browser.execute_script("return document.body.classList.contains('is-cut')")


def test_calls_are_spoken_one_after_another(served: tuple[WebServer, WebHouse], browser: webdriver.Chrome) -> None:
    server, web = served
    browser.get(f"{server.address}/board")
    browser.execute_script(
        """
        window.overlaps = 0; window.playing = 0; window.played = [];
        HTMLMediaElement.prototype.play = function () {  // a sound card of our own: each call takes a fifth of a second
          if (++window.playing > 1) window.overlaps++;
          window.played.push(this.src.match(/(\\d+)\\.wav/)[1]);
          setTimeout(() => { window.playing--; this.onended(); }, 200);
          return Promise.resolve();
        };
        """
    )
    browser.find_element(By.ID, "voice").click()

    counters = [str(web.announce(f"A600{number}", number)) for number in (1, 2, 3)]

    until(lambda: len(browser.execute_script("return window.played")) >= 3)
    assert browser.execute_script("return window.played") == counters
    assert browser.execute_script("return window.overlaps") == 0


def test_no_page_is_wider_than_its_screen(served: tuple[WebServer, WebHouse], browser: webdriver.Chrome) -> None:
    server, web = served
    web.receive("RS001")
    sign_in(browser, server, "zhuguan")
    for width in (390, 1366):
        told = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", told)
        for path in ("/desk", "/pickup", "/admin", "/admin/ledger", "/admin/catalogue"):
            browser.get(server.address + path)

            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, path
            assert complaints(browser) == []

"""Hands free in a real browser: the switch by its key, the step over the live picture, a beep for each page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from edge import commands as ask
from edge.view import HandsFreeView
from tests.support.console_browser import CHROMEDRIVER, CHROMIUM, a_browser, a_console, wait_until
from tests.support.console_fake_unit import FakeUnit, a_view, a_visit, with_item

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM.exists() and CHROMEDRIVER.exists()), reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with a_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def test_hands_free_is_switched_by_f5_and_says_each_step(browser: Chrome) -> None:
    unit = FakeUnit(a_view(front=with_item(a_visit(), "MZ009")))
    run: Callable[..., Any] = browser.execute_script

    def press() -> None:
        ActionChains(browser).send_keys(Keys.F5).perform()

    with a_console(unit) as address:
        browser.get(address)

        def reads(part: str) -> str:
            return str(run("return document.querySelector(arguments[0])?.innerText ?? ''", part))

        wait_until(lambda: "自动拍摄：关" in reads(".camera-keys"), "the switch is off at first")

        press()
        wait_until(lambda: "请放上材料" in reads(".desk-step"), "the step stands over the picture")
        assert "自动拍摄：开" in reads(".camera-keys")
        run("document.querySelector('#beep-good').play = function () { window.beeped = 1; return Promise.resolve(); }")
        unit.show(hands_free=HandsFreeView(on=True, step="taken", notice="已拍，请换下一张", beeps=1, beep="good"))
        wait_until(lambda: "已拍，请换下一张" in reads(".desk-step"), "the next step is shown")
        wait_until(lambda: run("return window.beeped") == 1, "a page beeps")

        press()
        wait_until(lambda: "自动拍摄：关" in reads(".camera-keys"), "it is off again")

    assert unit.said == [ask.SetHandsFree(on=True), ask.SetHandsFree(on=False)]

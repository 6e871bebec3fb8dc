"""A real browser on a console of a fake unit, for tests that look and press as a clerk does. Offline by its flags."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from edge.console.serve import ConsoleServer
from edge.console.settings import ConsoleSettings
from firmware.bench import Bench
from tests.support.console_fake_unit import FakeUnit

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
TOKEN = "a-token-for-programs-in-tests"


@contextmanager
def a_browser(folder: Path, size: tuple[int, int] = (1366, 768)) -> Iterator[webdriver.Chrome]:
    """Yield Chromium with a page of this size, without network of its own and with a profile in `folder`."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        "--hide-scrollbars",
        f"--user-data-dir={folder}",
        f"--window-size={size[0]},{size[1]}",
    ):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER)))
    try:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
        )
        yield browser
    finally:
        browser.quit()


@contextmanager
def a_console(unit: FakeUnit, bench: Bench | None = None, **settings: Any) -> Iterator[str]:
    """Serve the console of this unit on a free loopback port; yield its address."""
    told = ConsoleSettings(port=0, token=TOKEN, **settings)
    with ConsoleServer(unit, bench or Bench(), told) as server:  # type: ignore[arg-type]  # it keeps Unit's promise
        yield f"http://127.0.0.1:{server.port}"


def wait_until(holds: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    """Return what `holds` returns as soon as it is true; fail with `what` at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)

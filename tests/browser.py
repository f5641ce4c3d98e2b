"""A real browser for tests of pages: the distribution's Chromium, without a window, driven through Selenium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

WAIT_SECONDS = 60.0  # at most; a machine that draws WebGL in software may be slow


def _programs() -> tuple[str, str]:
    """The browser and its driver; skips the test where there is none."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium with chromedriver on this machine: apt install chromium chromium-driver")
    return browser, driver


@contextmanager
def open_browser(profile: Path, width: int = 1280, height: int = 900, *options: str) -> Iterator[Any]:
    """A browser with a fresh profile and no network. What it says on its console is in `console(browser)`."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    program, driver = _programs()
    chosen = webdriver.ChromeOptions()
    chosen.binary_location = program
    for option in (
        "--headless=new",
        "--no-sandbox",  # containers run tests as root
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
        *options,
    ):
        chosen.add_argument(option)
    chosen.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=chosen, service=Service(driver))
    try:
        browser.set_page_load_timeout(WAIT_SECONDS)
        browser.set_script_timeout(WAIT_SECONDS)
        yield browser
    finally:
        browser.quit()


def wait(browser: Any, holds: Callable[[Any], Any]) -> Any:
    """What `holds` gives once it gives something; fails after `WAIT_SECONDS`."""
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, WAIT_SECONDS, poll_frequency=0.1).until(holds)


def console(browser: Any) -> list[str]:
    """What the page has said on the console since the last call, warnings and errors."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]


def requests(browser: Any) -> list[str]:
    """The addresses that were asked for since the last call, those of files too, in order."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

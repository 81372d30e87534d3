"""A headless browser that opens pages on screens of any width."""

from __future__ import annotations

import pytest

import mot_fast as mot
from support.browser import CHROMEDRIVER, CHROMIUM, SCREEN, rows, wait


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    flags = ["headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"]
    flags += ["disable-component-update", "disable-sync", f"user-data-dir={tmp_path_factory.mktemp('profile')}"]
    for flag in flags:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(CHROMEDRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def open_page(browser, tmp_path):
    """Writes the report of an alignment, or takes a page, and opens it on a screen of some width."""

    def show(width=1280, scheme="light", *, alignment=None, page=None, **options):
        if alignment is not None:
            page = tmp_path / "report.html"
            mot.write_report(alignment, page, **options)
        browser.get("about:blank")
        browser.get_log("performance")
        screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd(SCREEN, screen)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": features})
        browser.get(page.as_uri())
        if alignment is not None:
            wait(browser, lambda: rows(browser))
        return browser

    yield show
    assert browser.get_log("browser") == []  # not one line on the console

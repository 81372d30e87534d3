"""What tests in a browser share: whether there is one, waiting, and the table of matches that a reader sees."""

from __future__ import annotations

import shutil

import pytest
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, CHROMEDRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MARKS = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.skipif(
        CHROMIUM is None or CHROMEDRIVER is None,
        reason="needs Chromium and its driver (Debian: chromium, chromium-driver)",
    ),
]
SCREEN = "Emulation.setDeviceMetricsOverride"


def wait(browser, condition):
    return WebDriverWait(browser, 20).until(lambda _: condition())


def rows(browser):
    """The table of matches, as it is read."""
    script = "return [...document.querySelectorAll('#matches tr')].map(row => [...row.cells].map(td => td.textContent))"
    return browser.execute_script(script)

"""A real browser: Debian's Chromium, headless."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from support.servers import missing


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start it, without its sandbox, which containers do not allow.

    Playwright keeps an event loop running as long as it is on, in which no other test could run
    one: so it must not be on for longer than a module of tests.
    """
    binary = shutil.which("chromium")
    if binary is None:
        missing("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        yield browser
        browser.close()

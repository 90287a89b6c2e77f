"""A real browser, started once for a module; each test has pages of its own in it."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from support.servers import missing


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; without its sandbox, which containers do not allow.

    Playwright keeps an event loop running as long as it is on, in which no other test could run
    one: hence it ends with the module.
    """
    binary = shutil.which("chromium")
    if binary is None:
        missing("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address: open_page(address, color_scheme="dark", viewport={...}, ...).

    At the end nothing may have been said on the console, and nothing asked for elsewhere.
    """
    contexts, said, asked = [], [], []

    def open_one(address: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        if options.get("java_script_enabled", True):
            page.clock.install()
        page.goto(address)
        return page

    open_one.said, open_one.asked = said, asked  # type: ignore[attr-defined]
    yield open_one
    for context in contexts:
        context.close()
    assert said == []

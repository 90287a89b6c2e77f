"""A real browser, started once for a module; each test has pages of its own in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from support.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


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

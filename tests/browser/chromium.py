"""Debian's Chromium for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    """A page of its own, once its scripts have run; a script that fails is the test's failure."""
    context = browser.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: print(f"page error: {error}"))  # noqa: T201 - shown on failure
    page.goto(url)
    page.wait_for_function("window.isReady === true")
    yield page
    context.close()

"""The dashboard as a person uses it, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect

from tests.browser.packages import NODE_MODULES

PAGES: Final = {
    "files": "Files",
    "jobs": "Jobs",
    "presets": "Presets",
    "security/api_keys": "API keys",
    "security/jwt_certificates": "JWT certificates",
    "explain": "Explain",
    "usage": "Usage",
    "users": "Users",
    "audit_log": "Audit log",
    "settings": "Settings",
    "profile": "Your profile",
}
"""Every page below `/dashboard`, with its heading."""

_AXE: Final = Path(NODE_MODULES) / "axe-core" / "axe.min.js"


@contextmanager
def signed_in(browser: Browser, api: str, email: str, password: str) -> Iterator[Page]:
    """A page in which the user has signed in; scripts that fail are the test's failure."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    page.on("request", lambda asked: hosts.add(asked.url.split("/")[2]))
    page.goto(f"{api}/dashboard")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Files")).to_be_visible()
    yield page
    context.close()
    assert complaints == []
    outside = [host for host in hosts if host and not host.startswith("127.0.0.1:")]
    assert outside == []


def go_to(page: Page, api: str, path: str) -> None:
    """Open one of `PAGES` and wait until it is there."""
    page.goto(f"{api}/dashboard/{path}")
    expect(page.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong by WCAG 2.2 AA."""
    page.evaluate(_AXE.read_text("utf-8"))
    found = page.evaluate(
        """async () => {
          const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
          const { violations } = await axe.run(document, { runOnly });
          return violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
        }"""
    )
    return [str(each) for each in found]

"""Takes a picture of every page of the dashboard in both themes, into docs/screenshots.

Run `make screenshots`. A server of its own is filled with the pictures of docs/samples, a few
folders and keys, and asked for each page in Debian's Chromium.
"""

from __future__ import annotations

import secrets
import subprocess
import tempfile
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium
from tests.browser.dashboard import PAGES, go_to, signed_in
from tests.e2e.server import COMMAND, Server, serving

ROOT: Final = Path(__file__).parents[2]
OUT: Final = ROOT / "docs" / "screenshots"
EMAIL: Final = "ana@example.com"
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


def fill(page: Page, api: str) -> None:
    """Something to look at."""
    go_to(page, api, "files")
    for name in ("photos", "invoices", "avatars"):
        page.get_by_role("button", name="New folder").click()
        page.get_by_role("dialog").get_by_label("Name").fill(name)
        page.get_by_role("dialog").get_by_role("button", name="Create").click()
        expect(page.get_by_role("option").filter(has_text=name)).to_be_visible()
    pictures = sorted((ROOT / "docs" / "samples").glob("*.webp"))[:12]
    page.locator("input[type=file]").set_input_files(pictures)
    expect(page.get_by_text(f"Uploads: {len(pictures)} of {len(pictures)}")).to_be_visible()
    go_to(page, api, "presets")
    page.get_by_role("button", name="New preset").click()
    page.get_by_role("dialog").get_by_label("Name").fill("thumbnail")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="thumbnail", exact=True)).to_be_visible()


def take(page: Page, name: str, theme: str) -> None:
    """One picture."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=OUT / f"{name}-{theme}.png")


def tour(browser: Browser, server: Server, password: str, theme: Literal["light", "dark"]) -> None:
    """Every page, and what opens on them."""
    with signed_in(browser, server.api, EMAIL, password) as page:
        page.emulate_media(color_scheme=theme)
        if theme == THEMES[0]:
            fill(page, server.api)
        for path in PAGES:
            go_to(page, server.api, path)
            take(page, path.rpartition("/")[2], theme)
        go_to(page, server.api, "files")
        page.get_by_role("option").filter(has_text="invoices").dblclick()
        page.get_by_role("button", name="Permissions").click()
        page.get_by_role("dialog").get_by_role("radio", name="Private").check()
        expect(page.get_by_role("dialog")).to_contain_text("become hidden")
        take(page, "folder_permissions", theme)
        go_to(page, server.api, "security/api_keys")
        page.get_by_role("link", name="public").last.click()
        page.get_by_role("tab", name="Permissions").click()
        take(page, "api_key_permissions", theme)
        go_to(page, server.api, "explain")
        page.get_by_label("Path", exact=True).fill("/photos/cat.jpg")
        page.get_by_role("button", name="Explain").click()
        expect(page.locator(".verdict")).to_be_visible()
        take(page, "explain", theme)


def main() -> None:
    """Take them all."""
    OUT.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(18)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "data") as server:
        add_user = ["user", "add", EMAIL, "--role", "owner", "--password-stdin"]
        subprocess.run(
            [*COMMAND, *add_user, "--data", str(server.data)],
            input=f"{password}\n".encode(),
            check=True,
            capture_output=True,
        )
        with chromium() as browser:
            for theme in THEMES:
                tour(browser, server, password, theme)
    print(f"{len(list(OUT.glob('*.png')))} pictures in {OUT.relative_to(ROOT)}")  # noqa: T201 - for who runs it


if __name__ == "__main__":
    main()

"""The reference page at `/docs`: read, searched and linked to in Chromium, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import chromium
from tests.e2e.server import Server, serving

pytestmark = pytest.mark.browser

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")

# Elements with text of their own whose contrast with what is behind them is below WCAG AA.
LOW_CONTRAST: Final = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map(
      (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = channels(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].filter((element) => {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!hasText || !element.checkVisibility()) return false;
    const pair = [light(channels(getComputedStyle(element).color)), light(behind(element))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05) < 4.5;
  }).map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("docs") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, at the end of which nothing was complained about or asked of another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    complaints: list[str] = []
    hosts: set[str] = set()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: hosts.add("/".join(asked.url.split("/")[:3])))
    opened.goto(f"{server.api}/docs")
    yield opened
    context.close()
    assert complaints == []
    assert hosts - {"data:,"} == {server.api}


def test_it_is_searched_and_walked_by_keyboard(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("storage putfolder")
    expect(page.locator("#found")).to_contain_text("operation")
    expect(page.locator("article#PutFolder")).to_be_visible()
    expect(page.locator("article#ListUploadParts")).to_be_hidden()
    expect(page.locator("nav").get_by_role("link", name="ListUploadParts")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("article#ListUploadParts")).to_be_visible()


def test_the_first_stop_of_the_keyboard_skips_the_list(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#content"


def test_a_link_leads_to_an_operation_even_from_a_search(page: Page) -> None:
    page.locator("#search").fill("putfolder")
    page.locator("article#PutFolder").get_by_role("link", name="FolderSettingsUpdate").click()
    expect(page.locator("#shape-FolderSettingsUpdate")).to_be_in_viewport()


def test_a_deep_link_opens_at_its_operation(page: Page, server: Server) -> None:
    page.goto(f"{server.api}/docs#ListFolder")
    expect(page.locator("article#ListFolder h3")).to_be_in_viewport()
    current = page.locator("nav a[aria-current]")
    expect(current).to_contain_text("ListFolder")


def test_a_sample_is_copied_whole(page: Page, server: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.api)
    figure = page.locator("article#DeleteFile figure").first
    figure.get_by_role("button", name="Copy curl").click()
    expect(figure.get_by_role("button")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == figure.locator("code").text_content()
    assert copied.startswith("curl -X DELETE")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_fits_and_can_be_read_in_both_themes(
    page: Page, scheme: Literal["light", "dark"], width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(LOW_CONTRAST) == []


def test_the_menu_of_a_narrow_screen_closes_when_something_was_chosen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    link = page.locator("nav").get_by_role("link", name="GetJob")
    expect(link).to_be_hidden()
    page.locator("nav summary").click()
    link.click()
    expect(link).to_be_hidden()
    expect(page.locator("article#GetJob h3")).to_be_in_viewport()


def test_it_can_be_read_without_any_script(browser: Browser, server: Server) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(f"{server.api}/docs")
    expect(opened.locator("article#PutFolder h3")).to_be_visible()
    expect(opened.locator("#search")).to_be_hidden()
    context.close()

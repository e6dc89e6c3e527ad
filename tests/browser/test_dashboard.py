"""The dashboard in Chromium: each job done as a person would, and seen to work from outside."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyotp
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser.chromium import chromium
from tests.browser.dashboard import PAGES, go_to, signed_in, violations
from tests.browser.packages import NODE_MODULES
from tests.e2e.dashboard_user import PASSWORD, add_user
from tests.e2e.server import Server, request, serving

pytestmark = pytest.mark.browser

EMAIL: Final = "ana@example.test"
_NODE: Final = shutil.which("node") or "node"
PNG: Final = Path(__file__).parents[2] / "docs/samples"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("dashboard") / "data") as started:
        add_user(started, EMAIL, "owner")
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with signed_in(browser, server.api, EMAIL, PASSWORD) as opened:
        yield opened


def upload(page: Page, name: str, content: bytes = b"hello", mime: str = "text/plain") -> None:
    """Through the picker, until the queue says that it is done."""
    page.locator("input[type=file]").set_input_files(
        FilePayload(name=name, mimeType=mime, buffer=content)
    )
    row = page.get_by_role("listitem").filter(has_text=name)
    expect(row.get_by_text("done")).to_be_visible()


def make_folder(page: Page, name: str) -> None:
    page.get_by_role("button", name="New folder").click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("option").filter(has_text=name)).to_be_visible()


def test_a_folder_is_made_private_and_its_public_url_fails(page: Page, server: Server) -> None:
    make_folder(page, "holiday")
    page.get_by_role("option").filter(has_text="holiday").dblclick()
    expect(page.get_by_role("navigation", name="Path")).to_contain_text("holiday")
    upload(page, "beach.txt")
    url = f"{server.cdn}/{server.account_id}/raw/holiday/beach.txt"
    assert request("GET", url).body == b"hello"
    page.get_by_role("button", name="Permissions").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("public from /")
    dialog.get_by_role("radio", name="Private").check()
    expect(dialog).to_contain_text("1 file becomes hidden")
    expect(dialog).to_contain_text("/holiday/beach.txt")
    expect(dialog).to_contain_text("may still hand out copies")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Permissions")).to_contain_text("private")
    assert request("GET", url).status == 403
    go_to(page, server.api, "explain")
    page.get_by_label("Path", exact=True).fill("/holiday/beach.txt")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".verdict")).to_have_text("Denied")
    page.get_by_role("link", name="Open the folder /holiday").first.click()
    expect(page.get_by_role("button", name="Permissions")).to_contain_text("private")


SDK: Final = """
const { UploadManager, FileApi } = require("@bytescale/sdk");
const [apiKey, apiUrl, cdnUrl, accountId] = process.argv.slice(2);
(async () => {
  const out = {};
  for (const folderPath of ["/my_folder", "/my_folder/deep/er", "/elsewhere"]) {
    try {
      const manager = new UploadManager({ apiKey, apiUrl, cdnUrl });
      const { filePath } = await manager.upload({
        data: "by the sdk", mime: "text/plain", path: { folderPath, fileName: "x.txt" } });
      const files = new FileApi({ apiKey, apiUrl, cdnUrl });
      const bytes = await files.downloadFile({ accountId, filePath });
      out[folderPath] = await bytes.text();
    } catch (error) {
      out[folderPath] = error.errorCode ?? String(error);
    }
  }
  console.log(JSON.stringify(out));
})();
"""


def test_a_public_key_is_given_uploads_and_downloads_and_the_sdk_uses_it(
    page: Page, server: Server, tmp_path: Path
) -> None:
    go_to(page, server.api, "files")
    page.get_by_role("button", name="Permissions").click()
    page.get_by_role("dialog").get_by_role("radio", name="Private").check()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    go_to(page, server.api, "security/api_keys")
    page.get_by_role("button", name="New API key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("web page")
    dialog.get_by_label("Kind").select_option("public")
    dialog.get_by_role("button", name="Create").click()
    text = page.get_by_role("dialog").get_by_label("API key", exact=True).input_value()
    assert text.startswith(f"public_{server.account_id}")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.get_by_role("link", name="web page").click()
    page.get_by_role("tab", name="Permissions").click()
    for pattern in ("/*", "/*/**"):
        page.get_by_role("button", name=f"Remove {pattern}", exact=True).click()
    for pattern in ("/my_folder/*", "/my_folder/*/**"):
        page.get_by_role("button", name="Add Path Permission").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Path").fill(pattern)
        dialog.get_by_label("Uploads").check()
        dialog.get_by_label("Downloads").check()
        expect(dialog.get_by_label("Deletes")).to_be_disabled()
        dialog.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Save Changes").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    script = tmp_path / "use.cjs"
    script.write_text(SDK)
    done = subprocess.run(
        [_NODE, str(script), text, server.api, server.cdn, server.account_id],
        env={"NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "/my_folder": "by the sdk",
        "/my_folder/deep/er": "by the sdk",
        "/elsewhere": "authorization_failed_permission_denied",
    }


def test_a_second_factor_is_set_up_and_asked_for(browser: Browser, server: Server) -> None:
    add_user(server, "totp@example.test", "member")
    with signed_in(browser, server.api, "totp@example.test", PASSWORD) as page:
        go_to(page, server.api, "profile")
        page.get_by_role("button", name="Set up").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_alt_text("QR code of the secret")).to_be_visible()
        secret = dialog.get_by_label("The same for typing").input_value()
        totp = pyotp.TOTP(secret)
        dialog.get_by_label("Code").fill(totp.now())
        dialog.get_by_role("button", name="Turn on").click()
        codes = page.get_by_role("dialog").get_by_label("Recovery codes").input_value().split()
        assert len(codes) == 10
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("E-mail").fill("totp@example.test")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Code").fill("000000")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("Sign-in failed")
        page.get_by_label("Code").fill(codes[0])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_somebody_is_invited_and_looks_only(page: Page, browser: Browser, server: Server) -> None:
    go_to(page, server.api, "users")
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill("guest@example.test")
    dialog.get_by_label("Role").select_option("viewer")
    dialog.get_by_role("button", name="Make a link").click()
    link = page.get_by_role("dialog").get_by_label("Link").input_value()
    guest = browser.new_context().new_page()
    guest.goto(link)
    expect(guest.get_by_label("E-mail")).to_have_value("guest@example.test")
    guest.get_by_label("Password").fill(PASSWORD)
    guest.get_by_role("button", name="Set password and sign in").click()
    expect(guest.get_by_role("heading", name="Files")).to_be_visible()
    expect(guest.get_by_role("button", name="Upload")).to_be_hidden()
    expect(guest.get_by_role("link", name="API keys")).to_be_hidden()
    guest.context.close()


def test_entries_are_walked_chosen_and_deleted_by_keyboard(page: Page) -> None:
    make_folder(page, "keys")
    page.get_by_role("option").filter(has_text="keys").dblclick()
    expect(page.get_by_role("navigation", name="Path")).to_contain_text("keys")
    for name in ("a.txt", "b.txt", "c.txt"):
        upload(page, name)
    expect(page.get_by_role("option")).to_have_count(3)
    page.get_by_role("listbox").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("toolbar")).to_contain_text("2 entries selected")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("listbox").focus()
    page.keyboard.press("Home")
    page.keyboard.press("F2")
    page.get_by_role("dialog").get_by_label("New name").fill("d.txt")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("option")).to_contain_text("d.txt")
    page.get_by_role("listbox").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("/keys/d.txt")
    expect(page.get_by_role("dialog").locator("pre").first).to_have_text("hello")


def test_an_image_has_a_thumbnail_and_a_live_transformation(page: Page) -> None:
    picture = min(PNG.glob("*.webp")).read_bytes()
    upload(page, "picture.webp", picture, "image/webp")
    row = page.get_by_role("option").filter(has_text="picture.webp")
    expect(row.locator("img.thumb")).to_be_visible()
    row.dblclick()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_alt_text("Preview of /picture.webp")).to_be_visible()
    dialog.get_by_label("Width").fill("40")
    dialog.get_by_label("Height").fill("30")
    shown = dialog.get_by_alt_text("The transformed image")
    expect(shown).to_have_js_property("naturalWidth", 40)
    link = dialog.get_by_label("Link to the transformed image").input_value()
    dialog.get_by_label("Good for").select_option("An hour")
    dialog.get_by_role("button", name="Sign a link").click()
    signed = dialog.get_by_label("Signed link to the file").input_value()
    assert request("GET", signed).body == picture
    assert re.search(r"/image/picture\.webp\?w=40&h=30&fit=crop&f=webp$", link)


def test_an_upload_is_paused_and_goes_on(page: Page, server: Server) -> None:
    content = bytes(range(256)) * 4096 * 12
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2**20}
    network.send("Network.emulateNetworkConditions", slow)
    page.locator("input[type=file]").set_input_files(
        FilePayload(name="large.bin", mimeType="application/octet-stream", buffer=content)
    )
    row = page.get_by_role("listitem").filter(has_text="large.bin")
    row.get_by_role("button", name="Pause").click()
    expect(row.get_by_role("button", name="Resume")).to_be_visible()
    key = {"Authorization": f"Bearer {server.secret_key}"}
    target = f"{server.api}/v2/accounts/{server.account_id}/files/details?filePath=/large.bin"
    assert request("GET", target, headers=key).status == 404
    network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    row.get_by_role("button", name="Resume").click()
    expect(row.get_by_text("done")).to_be_visible(timeout=30_000)
    url = f"{server.cdn}/{server.account_id}/raw/large.bin"
    assert request("GET", url, headers=key).body == content


def test_files_are_dropped_on_the_folder(page: Page) -> None:
    transfer = page.evaluate_handle(
        """() => {
          const transfer = new DataTransfer();
          for (const name of ["dropped-1.txt", "dropped-2.txt"])
            transfer.items.add(new File(["dropped"], name, { type: "text/plain" }));
          return transfer;
        }"""
    )
    page.dispatch_event(".listing, .empty", "drop", {"dataTransfer": transfer})
    for name in ("dropped-1.txt", "dropped-2.txt"):
        expect(page.get_by_role("option").filter(has_text=name)).to_be_visible()


def test_a_folder_of_many_entries_costs_no_more_rows_than_the_screen_shows(
    page: Page, server: Server
) -> None:
    key = {"Authorization": f"Bearer {server.secret_key}", "Content-Type": "text/plain"}
    base = f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath=/many/f"
    for number in range(120):
        assert request("POST", f"{base}{number:03}.txt", headers=key, body=b"x").status == 200
    page.goto(f"{server.api}/dashboard/files/many")
    expect(page.get_by_text("120 entries")).to_be_visible()
    assert page.get_by_role("option").count() < 60
    page.get_by_role("listbox").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("option").filter(has_text="f119.txt")).to_be_visible()


def test_a_preset_a_certificate_and_the_audit_log(page: Page, server: Server) -> None:
    go_to(page, server.api, "presets")
    page.get_by_role("button", name="New preset").click()
    page.get_by_role("dialog").get_by_label("Name").fill("tiny")
    page.get_by_role("dialog").get_by_label("Parameters").fill("w=10\nh=10")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="tiny")).to_be_visible()
    go_to(page, server.api, "security/jwt_certificates")
    page.get_by_role("button", name="Add certificate").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("app")
    pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----"
    dialog.get_by_label("Public key (PEM)").fill(pem)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("alert")).to_contain_text("this is a private key")
    go_to(page, server.api, "audit_log")
    page.get_by_label("What").select_option("preset.*")
    expect(page.get_by_role("cell").filter(has_text="preset.create")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(browser: Browser, server: Server, scheme: str) -> None:
    with signed_in(browser, server.api, EMAIL, PASSWORD) as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for path in PAGES:
            go_to(page, server.api, path)
            assert violations(page) == [], path


def test_pages_fit_a_small_screen(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        go_to(page, server.api, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Explain")).to_be_visible()


def test_the_first_load_is_small_and_nothing_of_it_is_inline(server: Server) -> None:
    document = request("GET", f"{server.api}/dashboard").body.decode()
    assert "<script>" not in document
    assert "<style" not in document
    scripts = re.findall(r'(?:src|href)="(/dashboard/assets/[^"]+\.js)"', document)
    assert scripts
    packed = sum(
        len(request("GET", server.api + each, headers={"Accept-Encoding": "gzip"}).body)
        for each in scripts
    )
    assert packed < 200_000

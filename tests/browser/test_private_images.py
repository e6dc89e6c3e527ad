"""A private image on a web page: broken for strangers, shown in a session, broken after it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.web_app import web_app
from tests.e2e.server import Server, request, run_command, serving

pytestmark = pytest.mark.browser

ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def png(width: int) -> bytes:
    """A black picture of one row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    row = zlib.compress(b"\0" * (width + 1))
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


@dataclass(frozen=True)
class World:
    server: Server
    app_port: int

    @property
    def cdn_port(self) -> str:
        return self.server.cdn.rpartition(":")[2]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(tmp_path_factory.mktemp("browser") / "data") as server:
        account = server.account_id
        private = {"folderPath": "/private", "publicPermissions": []}
        server.apply({"accounts": [{"accountId": account, "folders": [private]}]})
        html = b"<script>document.title = 'ran'</script><p>page</p>"
        store(server, "/private/p.png", "image/png", png(7))
        store(server, "/open/p.png", "image/png", png(9))
        store(server, "/open/page.html", "text/html", html)
        arguments = ["token", "sign", "jwt", "--key", str(server.data.parent / "jwt.pem")]
        arguments += ["--create", "--account", account, "--sub", "u1", "--read", "/private/*"]
        arguments += ["--write", "/private/*"]
        signed = run_command(*arguments, data=server.data)
        with web_app(signed.stdout.decode().strip(), server.cdn) as port:
            yield World(server, port)


def store(server: Server, path: str, mime: str, body: bytes) -> None:
    answer = request(
        "POST",
        f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath={path}",
        headers={"Authorization": f"Bearer {server.secret_key}", "Content-Type": mime},
        body=body,
    )
    assert answer.status == 200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, world: World) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(f"http://localhost:{world.app_port}/")
    opened.wait_for_function("window.isReady === true")
    yield opened
    context.close()


BEGIN: Final = """async ([accountId, cdnUrl, script]) => {
  await Bytescale.AuthManager.beginAuthSession({
    accountId, authUrl: "/auth", authHeaders: async () => ({}),
    ...(script === null ? {} : { serviceWorkerScript: script }), options: { cdnUrl },
  });
}"""


def width(page: Page, url: str) -> int:
    seen: int = page.evaluate("url => widthOf(url)", url)
    return seen


@pytest.mark.parametrize(
    ("host", "script"),
    [
        pytest.param("localhost", None, id="cookie, same site"),
        pytest.param("127.0.0.1", "/auth-sw.js", id="the client's service worker, cross site"),
        pytest.param("127.0.0.1", "/byteward-sw.js", id="our service worker, cross site"),
    ],
)
def test_a_private_image_renders_in_a_session_only(
    world: World, page: Page, host: str, script: str | None
) -> None:
    cdn = f"http://{host}:{world.cdn_port}"
    image = f"{cdn}/{world.server.account_id}/raw/private/p.png"
    assert width(page, f"{image}?n=1") == 0
    page.evaluate(BEGIN, [world.server.account_id, cdn, script])
    if script is not None:
        page.wait_for_function("navigator.serviceWorker.controller !== null")
    assert width(page, f"{image}?n=2") == 7
    page.evaluate("async () => await Bytescale.AuthManager.endAuthSession()")
    # What a browser was given it may keep for its max-age: another query is another picture to it.
    assert width(page, f"{image}?n=3") == 0


def test_a_hostile_page_cannot_read_what_the_visitors_cookie_opens(
    world: World, page: Page
) -> None:
    cdn = f"http://localhost:{world.cdn_port}"
    image = f"{cdn}/{world.server.account_id}/raw/private/p.png"
    page.evaluate(BEGIN, [world.server.account_id, cdn, None])
    assert width(page, f"{image}?n=4") == 7
    read = """async url => {
      try { return (await fetch(url, { credentials: "include" })).status }
      catch { return "blocked" }
    }"""
    assert page.evaluate(read, f"{image}?n=5") == "blocked"


def test_a_public_image_can_be_drawn_and_read_by_another_origin(world: World, page: Page) -> None:
    url = f"http://127.0.0.1:{world.cdn_port}/{world.server.account_id}/raw/open/p.png"
    read = """async url => {
      const image = new Image();
      image.crossOrigin = "anonymous";
      image.src = url;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL().startsWith("data:image/png");
    }"""
    assert page.evaluate(read, url) is True


def test_an_uploaded_page_runs_no_script(world: World, page: Page) -> None:
    url = f"http://127.0.0.1:{world.cdn_port}/{world.server.account_id}/raw/open/page.html"
    page.goto(url)
    assert page.text_content("p") == "page"
    assert page.title() != "ran"


def test_a_file_is_uploaded_from_the_page_with_the_sessions_rights(
    world: World, page: Page
) -> None:
    cdn = f"http://localhost:{world.cdn_port}"
    page.evaluate(BEGIN, [world.server.account_id, cdn, None])
    upload = """async ([apiKey, apiUrl, cdnUrl]) => {
      const uploads = new Bytescale.UploadManager({ apiKey, apiUrl, cdnUrl });
      const data = new File(["from the page"], "note.txt", { type: "text/plain" });
      const { filePath } = await uploads.upload({
        data, path: { folderPath: "/private", fileName: "note.txt" } });
      return filePath;
    }"""
    arguments = [world.server.public_key, world.server.api, cdn]
    assert page.evaluate(upload, arguments) == "/private/note.txt"

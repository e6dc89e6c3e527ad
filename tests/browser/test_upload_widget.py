"""Case 129: the Upload Widget from npm, driven like a visitor drives it: choose, crop, done.

The crop is a second upload, of a JSON file beside the picture, with the same public key. Pictures
that a browser can show are previewed from the visitor's own file, so no transformation is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Request

from tests.browser.chromium import chromium, opened
from tests.browser.packages import page_with
from tests.browser.test_private_images import png
from tests.e2e.server import Server, request, serving

pytestmark = pytest.mark.browser

PACKAGES: Final = {
    "@bytescale/upload-widget": "@bytescale/upload-widget/dist/main.js",
    "@bytescale/sdk": "@bytescale/sdk/dist/browser/cjs/main.js",
    "classnames": "classnames/index.js",
    "preact": "preact/dist/preact.js",
    "preact/compat": "preact/compat/dist/compat.js",
    "preact/hooks": "preact/hooks/dist/hooks.js",
    "preact/jsx-runtime": "preact/jsx-runtime/dist/jsxRuntime.js",
}
OPEN: Final = """config => {
  window.finished = undefined;
  const { UploadWidget } = load("@bytescale/upload-widget");
  const onUpdate = ({ uploadedFiles }) => { window.uploaded = uploadedFiles.length };
  UploadWidget.open({ ...config, onUpdate }).then(
    files => { window.finished = files.map(each => ({
      filePath: each.filePath, fileUrl: each.fileUrl,
      original: each.originalFile.originalFileName,
      edited: each.editedFile ? each.editedFile.filePath : null })) },
    error => { window.finished = { error: error.message } });
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("widget") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with page_with(PACKAGES) as url, opened(browser, url) as loaded:
        yield loaded


def open_widget(page: Page, server: Server, **options: object) -> None:
    config = {"apiKey": server.public_key, "apiUrl": server.api, "cdnUrl": server.cdn}
    page.evaluate(OPEN, {**config, **options})
    page.wait_for_selector("input[type=file]", state="attached")


def choose(page: Page, *files: tuple[str, str, bytes]) -> None:
    page.set_input_files(
        "input[type=file]",
        [FilePayload(name=name, mimeType=mime, buffer=body) for name, mime, body in files],
    )


def results(page: Page) -> Any:  # noqa: ANN401 - JSON
    page.wait_for_function("window.finished !== undefined")
    return page.evaluate("window.finished")


def stored(server: Server, path: str) -> tuple[Any, bytes]:
    """A file's details and its bytes."""
    key = {"Authorization": f"Bearer {server.secret_key}"}
    account = server.account_id
    details = f"{server.api}/v2/accounts/{account}/files/details?filePath={quote(path, safe='')}"
    body = request("GET", f"{server.cdn}/{account}/raw{quote(path)}").body
    return request("GET", details, headers=key).json, body


def test_129_a_picture_is_uploaded_and_its_crop_beside_it(server: Server, page: Page) -> None:
    begun: list[Any] = []

    def note(asked: Request) -> None:
        if asked.method == "POST" and urlsplit(asked.url).path.endswith("/uploads"):
            begun.append(asked.post_data_json)

    page.on("request", note)
    picture = png(40)
    open_widget(page, server, maxFileCount=1, tags=[], metadata={"from": "widget"})
    choose(page, ("my pic.png", "image/png", picture))
    page.wait_for_selector(".upload-widget__image-cropper__clip")
    page.click(".upload-widget .btn--primary")
    [done] = results(page)

    original = done["original"]
    assert original == "my pic.png"
    path = done["filePath"].removesuffix(".crop")
    assert path.endswith("-my pic.png")
    details, body = stored(server, path)
    assert body == picture
    assert (details["mime"], details["metadata"]) == ("image/png", {"from": "widget"})

    assert done["edited"] == done["filePath"] == f"{path}.crop"
    details, body = stored(server, f"{path}.crop")
    assert details["mime"] == "application/json"
    assert details["originalFileName"] == "my pic.png.crop"
    crop = json.loads(body)
    assert crop["inputPath"] == path.rpartition("/")[2]
    assert crop["pipeline"]["steps"][0]["type"] == "crop"

    assert [each["protocol"] for each in begun] == ["1.1", "1.1"]
    assert begun[1]["path"] == f"{path}.crop"
    # Of `fileUrl`, where `/raw/` stands once before the path; the host is the widget's own choice.
    assert urlsplit(done["fileUrl"]).path == f"/{server.account_id}/image{quote(path)}.crop"


def test_several_files_of_any_kind_are_uploaded_together(server: Server, page: Page) -> None:
    open_widget(page, server, multi=True, editor={"images": {"crop": False, "preview": False}})
    files = [(f"n{number}.txt", "text/plain", b"x" * (number + 1)) for number in range(3)]
    choose(page, *files)
    page.wait_for_function("window.uploaded === 3")
    page.click("a[href='#done']:not(.disabled)")
    done = results(page)
    assert sorted(each["original"] for each in done) == ["n0.txt", "n1.txt", "n2.txt"]
    sizes = {each["original"]: stored(server, each["filePath"])[0]["size"] for each in done}
    assert sizes == {"n0.txt": 1, "n1.txt": 2, "n2.txt": 3}


def test_a_refusal_is_shown_with_the_servers_words(server: Server, page: Page) -> None:
    limit = {"accountId": server.account_id, "settings": {"maxUploadBytes": 1000}}
    server.apply({"accounts": [limit]})
    try:
        open_widget(page, server, maxFileCount=1)
        choose(page, ("big.bin", "application/octet-stream", b"x" * 1001))
        page.wait_for_selector("text=up to 1000 are taken")
    finally:
        limit = {"accountId": server.account_id, "settings": {"maxUploadBytes": 5_368_709_120}}
        server.apply({"accounts": [limit]})

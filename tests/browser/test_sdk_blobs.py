"""Case 80: what a browser knows of a file reaches the server through the official client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import chromium, opened
from tests.browser.packages import page_with
from tests.e2e.server import Server, request, serving

pytestmark = pytest.mark.browser

PACKAGES: Final = {"@bytescale/sdk": "@bytescale/sdk/dist/browser/cjs/main.js"}
UPLOAD: Final = """async ([config, kind]) => {
  const { UploadManager } = load("@bytescale/sdk");
  const data = {
    untyped: () => new Blob(["abc"]),
    named: () => new File(["abc"], "é.png", { type: "image/png" }),
    big: () => new Blob([new Uint8Array(11 * 1024 * 1024)], { type: "video/mp4" }),
  }[kind]();
  const { filePath } = await new UploadManager(config).upload({ data });
  return filePath;
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("blobs") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser, page_with(PACKAGES) as url, opened(browser, url) as loaded:
        yield loaded


@pytest.mark.parametrize(
    ("kind", "mime", "name", "size"),
    [
        ("untyped", "application/octet-stream", None, 3),
        ("named", "image/png", "é.png", 3),
        ("big", "video/mp4", None, 11 * 1024 * 1024),
    ],
)
def test_080_type_name_and_size_of_a_blob_are_kept(
    server: Server, page: Page, kind: str, mime: str, name: str | None, size: int
) -> None:
    config = {"apiKey": server.public_key, "apiUrl": server.api, "cdnUrl": server.cdn}
    path = page.evaluate(UPLOAD, [config, kind])
    url = f"{server.api}/v2/accounts/{server.account_id}/files/details?filePath={quote(path)}"
    headers = {"Authorization": f"Bearer {server.secret_key}"}
    details: Any = request("GET", url, headers=headers).json
    seen = (details["mime"], details["originalFileName"], details["size"])
    assert seen == (mime, name, size)

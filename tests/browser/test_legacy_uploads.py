"""Cases 13 and 81: `upload-js` 2.1 and 2.24 from npm, in a browser, on another origin.

They send Basic credentials in credentialed XHR. Version 2.1 speaks protocol 1.0 and types the PUT
of a part with `content-type` and `content-disposition`; 2.24 speaks 1.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Response

from tests.browser.chromium import chromium, opened
from tests.browser.packages import page_with
from tests.e2e.server import Server, request, run_command, serving

pytestmark = pytest.mark.browser

CLIENT: Final = "@upload-io/upload-api-client-upload-js"
BIG: Final = 12 * 1024 * 1024 + 17
PACKAGES: Final = {
    "upload-js-2.1": "upload-js-2.1/dist/main.js",
    "upload-js-2.24": "upload-js-2.24/dist/main.js",
    CLIENT: f"{CLIENT}/dist/main.js",
    "progress-smoother": "progress-smoother/dist/main.js",
}
VERSIONS: Final = ["upload-js-2.1", "upload-js-2.24"]

# Bytes that differ from part to part; their sum is compared on this side.
UPLOAD: Final = """async ([version, config, size, file, params, session]) => {
  const { Upload } = load(version);
  // As in an application: one instance for the page, which is the one that sessions belong to.
  const key = version + config.apiKey;
  window.instances ??= {};
  const upload = (window.instances[key] ??= Upload(config));
  if (session) await upload.beginAuthSession("/jwt", async () => ({}));
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 7 + (at >> 13)) & 255;
  const progress = [];
  try {
    const done = await upload.uploadFile(
      new File([bytes], file.name, { type: file.type }),
      { ...params, onProgress: each => progress.push(each.progress) });
    return { ok: true, filePath: done.filePath, size: done.size, mime: done.mime,
             name: done.originalFileName, url: upload.url(done.filePath),
             last: progress[progress.length - 1] };
  } catch (error) {
    return { ok: false, code: error.errorCode ?? null, message: error.message };
  } finally {
    if (session) await upload.endAuthSession();
  }
}"""


def content(size: int) -> bytes:
    return bytes((at * 7 + (at >> 13)) & 255 for at in range(size))


@dataclass(frozen=True)
class World:
    server: Server
    page_url: str

    @property
    def config(self) -> dict[str, Any]:
        """The client's configuration; it takes the server's addresses in `internal`."""
        internal = {"apiUrl": self.server.api, "cdnUrl": self.server.cdn}
        return {"apiKey": self.server.public_key, "internal": internal}

    def details(self, path: str) -> Any:  # noqa: ANN401 - JSON
        url = f"{self.server.api}/v2/accounts/{self.server.account_id}/files/details?filePath="
        headers = {"Authorization": f"Bearer {self.server.secret_key}"}
        return request("GET", url + quote(path, safe=""), headers=headers).json


@dataclass
class Wire:
    """What went over the wire, by operation."""

    seen: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def note(self, response: Response) -> None:
        asked = response.request
        path = urlsplit(asked.url).path
        self.seen.append((asked.method, path, asked.all_headers(), response.all_headers()))

    def of(self, method: str, end: str) -> tuple[dict[str, str], dict[str, str]]:
        """Headers of the request and of the answer of the last such exchange."""
        found = [each for each in self.seen if each[0] == method and each[1].endswith(end)]
        return found[-1][2], found[-1][3]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving(tmp_path_factory.mktemp("legacy") / "data") as server:
        account = server.account_id
        private = {"folderPath": "/private", "publicPermissions": []}
        server.apply({"accounts": [{"accountId": account, "folders": [private]}]})
        arguments = ["token", "sign", "jwt", "--key", str(server.data.parent / "jwt.pem")]
        arguments += ["--create", "--account", account, "--sub", "u1"]
        arguments += ["--read", "/private/*", "--write", "/private/*"]
        signed = run_command(*arguments, data=server.data)
        assert signed.returncode == 0, signed.stderr.decode()
        with page_with(PACKAGES, {"/jwt": signed.stdout.decode().strip()}) as url:
            yield World(server, url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def page(browser: Browser, world: World) -> Iterator[Page]:
    with opened(browser, world.page_url) as loaded:
        yield loaded


def upload(
    page: Page,
    world: World,
    version: str,
    size: int,
    *,
    file: dict[str, str],
    session: bool = False,
    **params: object,
) -> Any:  # noqa: ANN401 - JSON
    return page.evaluate(UPLOAD, [version, world.config, size, file, params, session])


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [0, 5, BIG])
def test_081_a_file_is_uploaded_and_comes_back_whole(
    world: World, page: Page, version: str, size: int
) -> None:
    file = {"name": "é photo.png", "type": "image/png"}
    done = upload(page, world, version, size, file=file, metadata={"k": 1})
    assert done["ok"], done
    assert (done["size"], done["mime"], done["name"]) == (size, "image/png", "é photo.png")
    answer = request("GET", world.server.cdn + quote(urlsplit(done["url"]).path, safe="/%"))
    assert answer.status == 200
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(content(size)).digest()
    details = world.details(done["filePath"])
    assert (details["mime"], details["metadata"]) == ("image/png", {"k": 1})
    assert details["originalFileName"] == "é photo.png"


@pytest.mark.parametrize("version", VERSIONS)
def test_013_credentialed_requests_with_basic_credentials_pass(
    world: World, page: Page, version: str
) -> None:
    wire = Wire()
    page.on("response", wire.note)
    assert upload(page, world, version, 5, file={"name": "a.txt", "type": "text/plain"})["ok"]
    asked, answered = wire.of("POST", "/uploads")
    assert asked["authorization"].startswith("Basic ")
    origin = world.page_url.removesuffix("/")
    assert answered["access-control-allow-origin"] == origin == asked["origin"]
    assert answered["access-control-allow-credentials"] == "true"


def test_073_version_2_1_speaks_protocol_1_0_with_typed_puts(world: World, page: Page) -> None:
    wire = Wire()
    page.on("response", wire.note)
    bodies: list[Any] = []

    def note_begin(asked: Request) -> None:
        if asked.method == "POST" and asked.url.endswith("/uploads"):
            bodies.append(asked.post_data_json)

    page.on("request", note_begin)
    file = {"name": "é.txt", "type": "text/plain"}
    for version in VERSIONS:
        assert upload(page, world, version, 5, file=file)["ok"]
    assert ["protocol" in body for body in bodies] == [False, True]
    puts = [each for each in wire.seen if each[0] == "PUT" and each[1].endswith("/content")]
    assert puts[0][2]["content-type"] == "text/plain"
    assert puts[0][2]["content-disposition"].startswith("inline; filename=")
    assert "content-disposition" not in puts[1][2]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_lets_a_visitor_upload_where_the_jwt_says(
    world: World, page: Page, version: str
) -> None:
    file = {"name": "a.txt", "type": "text/plain"}
    path = f"/private/{version}.txt"
    twice = [upload(page, world, version, 5, file=file, session=True, path=path) for _ in "ab"]
    assert [done["ok"] for done in twice] == [True, True], twice
    assert world.details(path)["size"] == 5
    # Without the session the key may not overwrite what is there.
    refused = upload(page, world, version, 5, file=file, path=path)
    assert (refused["ok"], refused["code"]) == (False, "authorization_failed_permission_denied")


@pytest.mark.parametrize("version", VERSIONS)
def test_refusals_reach_the_page_with_their_codes(world: World, page: Page, version: str) -> None:
    config = {**world.config, "apiKey": world.server.public_key + "x"}
    arguments = [version, config, 5, {"name": "a", "type": "a/b"}, {}, False]
    refused = page.evaluate(UPLOAD, arguments)
    assert (refused["ok"], refused["code"]) == (False, "authentication_failed_credentials_denied")
    refused = upload(page, world, version, 5, file={"name": "a", "type": "a/b"}, path="/a/../b")
    assert (refused["ok"], refused["code"]) == (False, "invalid_path")

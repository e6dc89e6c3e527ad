"""Links that the dashboard signs, used by somebody without any other credential."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.e2e.dashboard_user import add_user, bearer_of
from tests.e2e.server import COMMAND, Answer, Server, request, serving

PASSWORD: Final = "quiet river under the hill"
EMAIL: Final = "ana@example.test"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("signed") / "data") as started:
        add_user(started, EMAIL, "admin")
        private = [{"folderPath": "/", "publicPermissions": []}]
        started.apply({"accounts": [{"accountId": started.account_id, "folders": private}]})
        key = {"Authorization": f"Bearer {started.secret_key}"}
        base = f"{started.api}/v2/accounts/{started.account_id}/uploads/binary?filePath="
        for name in ("a%20b.txt", "other.txt"):
            assert request("POST", f"{base}/{name}", headers=key, body=b"hello").status == 200
        yield started


def key_id(server: Server, kind: str) -> str:
    export = [*COMMAND, "export", "--json", "--data", str(server.data)]
    done = subprocess.run(export, capture_output=True, check=True)
    keys: list[dict[str, Any]] = json.loads(done.stdout)["accounts"][0]["apiKeys"]
    return str(next(each["id"] for each in keys if each["kind"] == kind))


def sign(server: Server, **body: Any) -> Answer:  # noqa: ANN401 - of JSON
    return request(
        "POST",
        f"{server.api}/v2/admin/accounts/{server.account_id}/signedUrls",
        headers={**bearer_of(server, EMAIL), "Content-Type": "application/json"},
        body=json.dumps(body).encode(),
    )


def test_a_signed_link_reads_one_private_file_for_a_while(server: Server) -> None:
    secret = key_id(server, "secret")
    made = sign(server, keyId=secret, path="/a b.txt", expiresInSeconds=600)
    assert made.status == 200, made.body
    url = made.json["url"]
    assert request("GET", url.partition("?")[0]).status == 403
    assert request("GET", url).body == b"hello"
    assert request("GET", url.replace("a%20b", "other")).status == 403


def test_a_key_that_cannot_read_the_file_signs_nothing_for_it(server: Server) -> None:
    public = key_id(server, "public")
    made = sign(server, keyId=public, path="/a b.txt", expiresInSeconds=600)
    assert (made.status, made.code) == (403, "authorization_failed_permission_denied")
    unknown = sign(server, keyId="unknown1", path="/a b.txt", expiresInSeconds=600)
    assert (unknown.status, unknown.code) == (404, "api_key_not_found")

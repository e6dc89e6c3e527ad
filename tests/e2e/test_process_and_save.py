"""ProcessFileAndSave on a running server: results become files, decided like reads and uploads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

import pytest

from tests.e2e.server import Answer, Server, request, serving
from tests.unit.transform.engine.pictures import opened, picture

PRESETS: Final = [
    {"name": "thumbnail", "transformation": "image", "params": [{"w": 10}, {"f": "webp"}]}
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("saving") / "data") as started:
        keys = [
            {
                "name": "writer",
                "kind": "secret",
                "pathPermissions": [
                    rule("/in", downloadFile=["image"]),
                    rule("/out", createFile=True),
                ],
            },
            {
                "name": "reader",
                "kind": "secret",
                "pathPermissions": [
                    rule("/in", downloadFile=["raw"]),
                    rule("/out", createFile=True),
                ],
            },
        ]
        private = {"folderPath": "/in", "publicPermissions": []}
        account = {
            "accountId": started.account_id,
            "folders": [private],
            "presets": PRESETS,
            "apiKeys": keys,
        }
        result = started.apply({"accounts": [account]})
        started.extra["made"] = result
        headers = {
            "Authorization": f"Bearer {started.secret_key}",
            "Content-Type": "image/png",
            "X-Upload-Metadata": '{"a":2}',
        }
        url = f"{started.api}/v2/accounts/{started.account_id}/uploads/binary?filePath=/in/q.png"
        stored = request(
            "POST",
            f"{url}&tag=x&originalFileName=photo.png",
            headers=headers,
            body=picture("QUAD"),
        )
        assert stored.status == 200, stored.body
        yield started


def rule(folder: str, **file: object) -> dict[str, object]:
    """Permissions on everything below a folder."""
    read = {name: value for name, value in file.items() if name == "downloadFile"}
    write = {name: value for name, value in file.items() if name != "downloadFile"}
    permissions: dict[str, object] = {}
    if read:
        permissions["read"] = {"file": read}
    if write:
        permissions["write"] = {"file": write}
    return {"match": {"path": folder, "scope": "Children"}, "permissions": permissions}


def save(
    server: Server,
    target: str,
    body: object = None,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    lines = {"Authorization": f"Bearer {key or server.secret_key}"}
    content = None
    if body is not None:
        lines["Content-Type"] = "application/json"
        content = json.dumps(body).encode()
    url = f"{server.cdn}/{server.account_id}/save/{target}"
    return request("POST", url, headers=lines if headers is None else headers, body=content or b"")


def details(server: Server, path: str) -> Answer:
    url = f"{server.api}/v2/accounts/{server.account_id}/files/details?filePath={quote(path)}"
    return request("GET", url, headers={"Authorization": f"Bearer {server.secret_key}"})


def test_057_a_result_becomes_a_file(server: Server) -> None:
    answer = save(server, "image/in/q.png?w=10&f=jpg", {"destination": "/out57/o.jpg"})
    assert answer.status == 200, answer.body
    assert answer.json == {
        "async": False,
        "accountId": server.account_id,
        "filePath": "/out57/o.jpg",
        "fileUrl": f"{server.cdn}/{server.account_id}/raw/out57/o.jpg",
    }
    assert answer.headers["cache-control"] == "no-store"
    served = request("GET", answer.json["fileUrl"])
    assert (served.status, served.headers["content-type"]) == (200, "image/jpeg")
    assert opened(served.body).width == 10
    shown = details(server, "/out57/o.jpg").json
    assert (shown["originalFileName"], shown["mime"]) == ("photo.jpeg", "image/jpeg")
    assert (shown["metadata"], shown["tags"]) == ({"a": 2}, ["x"])


def test_063_metadata_and_tags_are_merged_or_replaced(server: Server) -> None:
    merged = {
        "destination": "/out63/a",
        "metadata": {"value": {"k": 1}, "merge": True, "setForAllArtifacts": False},
        "tags": {"value": ["y"], "merge": True},
    }
    assert save(server, "image/in/q.png?w=10", merged).status == 200
    shown = details(server, "/out63/a").json
    assert (shown["metadata"], shown["tags"]) == ({"a": 2, "k": 1}, ["x", "y"])
    replaced = {"destination": "/out63/b", "metadata": {}, "tags": {"value": ["z"]}}
    assert save(server, "image/in/q.png?w=10", replaced).status == 200
    shown = details(server, "/out63/b").json
    assert (shown["metadata"], shown["tags"]) == ({}, ["z"])


def test_the_destination_may_be_made_of_variables_or_left_to_the_key(server: Server) -> None:
    asked = {
        "destination": {
            "folderPath": "/vars",
            "fileName": "{ORIGINAL_FILE_NAME}-small{ORIGINAL_FILE_EXT}",
        }
    }
    answer = save(server, "image/in/q.png?w=10&f=webp", asked)
    assert answer.json["filePath"] == "/vars/photo-small.webp"
    plain = save(server, "image/in/q.png?w=10&f=avif")
    assert plain.status == 200, plain.body
    assert plain.json["filePath"].startswith("/uploads/")
    assert plain.json["filePath"].endswith(".avif")


def test_parameters_of_the_body_come_behind_those_of_the_url(server: Server) -> None:
    for name, params in (("a", {"w": 12, "f": "png"}), ("b", [{"w": 12}, {"f": "png"}])):
        asked = {"destination": f"/ext/{name}", "extendedParams": params}
        assert save(server, "image/in/q.png?w=30", asked).status == 200
        url = f"{server.cdn}/{server.account_id}/raw/ext/{name}"
        assert opened(request("GET", url).body).width == 12
    many = {"extendedParams": {"text": "x" * 410_000}}
    assert save(server, "image/in/q.png", many).code == "payload_too_large"
    nested = {"extendedParams": {"w": {"deep": 1}}}
    assert save(server, "image/in/q.png", nested).code == "invalid_request"
    assert save(server, "image/in/q.png", {"extendedParams": 5}).code == "invalid_request"
    assert save(server, "image/in/q.png", {"more": 1}).code == "invalid_request"


def test_a_preset_is_saved_as_it_is(server: Server) -> None:
    asked = {"destination": "/preset/o", "extendedParams": {"w": 99}}
    assert save(server, "thumbnail/in/q.png?w=50", asked).status == 200
    stored = request("GET", f"{server.cdn}/{server.account_id}/raw/preset/o")
    assert (opened(stored.body).width, stored.headers["content-type"]) == (10, "image/webp")
    assert save(server, "nothing/in/q.png").code == "transformation_not_found"


def test_json_is_told_in_the_answer(server: Server) -> None:
    answer = save(server, "image/in/q.png?f=meta", {"destination": "/meta/o.json"})
    stored = request("GET", answer.json["fileUrl"])
    assert answer.json["summary"] == stored.json


def test_reading_and_writing_are_both_decided(server: Server) -> None:
    keys = {each["name"]: each["key"] for each in server.extra["made"]["generatedKeys"]}
    asked = {"destination": "/out/o.png"}
    writer, reader = keys["writer"], keys["reader"]
    assert save(server, "image/in/q.png?w=10", asked, key=writer).status == 200
    again = save(server, "image/in/q.png?w=10", asked, key=writer)
    assert (again.status, again.code) == (403, "authorization_failed_permission_denied")
    elsewhere = save(server, "image/in/q.png?w=10", {"destination": "/x/o"}, key=writer)
    assert elsewhere.status == 403
    unread = save(server, "image/in/q.png?w=10", {"destination": "/out/n"}, key=reader)
    assert unread.status == 403
    assert save(server, "image/in/none.png", {"destination": "/out/n"}, key=reader).status == 403
    missing = save(server, "image/in/none.png", {"destination": "/out/n"}, key=writer)
    assert (missing.status, missing.code) == (404, "file_not_found")
    assert details(server, "/out/n").status == 404


def test_nobody_saves_without_a_credential_in_a_header(server: Server) -> None:
    bare = save(server, "image/in/q.png", headers={})
    assert (bare.status, bare.code) == (401, "authentication_failed_no_credentials")
    cookie = {"Cookie": f"access-token-{server.account_id}=x"}
    assert save(server, "image/in/q.png", headers=cookie).status == 401


def test_what_cannot_be_made_leaves_nothing(server: Server) -> None:
    for target, code in (
        ("image/in/q.png?w=x", "invalid_parameter"),
        ("raw/in/q.png", "transformation_not_found"),
    ):
        answer = save(server, target, {"destination": "/nothing/o"})
        assert (answer.status // 100, answer.code) == (4, code)
    assert details(server, "/nothing/o").status == 404

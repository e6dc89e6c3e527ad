"""Numbered cases of authentication and uploads that need both planes, or had no test yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.api_plane import API_URL, BASE, Plane, api_plane
from tests.e2e.server import Answer, Server, request, serving

BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("uploads") / "data") as running:
        yield running


def call(server: Server, method: str, path: str, body: object = None, **headers: str) -> Answer:
    """A request to the API with the secret key; a body that is no bytes is sent as JSON."""
    lines = {"Authorization": f"Bearer {server.secret_key}"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and not isinstance(body, bytes):
        lines.setdefault("Content-Type", "application/json")
        body = json.dumps(body).encode()
    url = f"{server.api}/v2/accounts/{server.account_id}{path}"
    return request(method, url, headers=lines, body=body)


def store(server: Server, path: str, body: bytes, mime: str = "text/plain") -> Answer:
    target = f"/uploads/binary?filePath={quote(path, safe='')}"
    return call(server, "POST", target, body, Content_Type=mime)


def access(path: str, scope: str, **grants: bool) -> dict[str, Any]:
    match = {"path": path, "scope": scope}
    return {"pathPermissions": [{"match": match, "permissions": {"write": {"file": grants}}}]}


def test_011_a_preflight_allows_what_the_clients_send(plane: Plane) -> None:
    headers = {
        "origin": "https://app.test",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,authorization-token",
    }
    answer = plane.call("OPTIONS", f"{BASE}/uploads", headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://app.test"
    allowed = answer.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert {"authorization", "content-type", "authorization-token"} <= set(allowed)
    assert {"PUT", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))


def test_016_an_expired_jwt_as_bearer_is_told_so(plane: Plane) -> None:
    token = plane.jwt(exp=int(plane.now) - 1)
    answer = plane.send_json("POST", f"{BASE}/uploads", {"size": 1}, key=token)
    assert (answer.status, answer.code) == (401, "authentication_failed_jwt_expired")


def test_017_018_a_keyless_jwt_deletes_children_and_nothing_deeper(plane: Plane) -> None:
    plane.put("/t/b.txt")
    plane.put("/t/sub/c.txt")
    token = plane.jwt(access("/t", "Children", deleteFile=True))
    assert plane.call("DELETE", f"{BASE}/files?filePath=%2Ft%2Fb.txt", key=token).status == 204
    deeper = plane.call("DELETE", f"{BASE}/files?filePath=%2Ft%2Fsub%2Fc.txt", key=token)
    assert (deeper.status, deeper.code) == (403, "authorization_failed_permission_denied")


def test_022_041_what_was_uploaded_is_served_with_its_type(server: Server) -> None:
    for body in (b"hi", b""):
        stored = store(server, f"/served/{len(body)}.txt", body)
        served = request("GET", stored.json["fileUrl"])
        assert (served.status, served.body) == (200, body)
        assert served.headers["content-type"].startswith("text/plain")
        assert served.headers["content-length"] == str(len(body))


def test_032_twenty_unique_digits_are_base58(plane: Plane) -> None:
    target = f"{BASE}/uploads/binary?folderPath=/d&fileName=%7BUNIQUE_DIGITS_20%7D"
    path = plane.call("POST", target, key="PK", body=b"x").json["filePath"]
    digits = path.removeprefix("/d/")
    assert len(digits) == 20
    assert set(digits) <= set(BASE58)


def test_038_metadata_of_exactly_2048_bytes_is_kept(plane: Plane) -> None:
    value = json.dumps({"a": "x" * (2048 - 8)}, separators=(",", ":"))
    assert len(value) == 2048
    for text, status in ((value, 200), (value.replace('"}', 'x"}'), 400)):
        headers = {"x-upload-metadata": text, "content-type": "text/plain"}
        target = f"{BASE}/uploads/binary?filePath=/m"
        assert plane.call("POST", target, key="SK", headers=headers, body=b"x").status == status
    assert plane.details("/m").json["metadata"] == json.loads(value)


def test_044_045_long_and_odd_names_are_served_at_their_file_url(server: Server) -> None:
    odd = store(server, "/ü !(1)'*~#?%.jpg", b"odd", "image/jpeg")
    assert odd.json["fileUrl"].endswith("/%C3%BC%20%21(1)'*~%23%3F%25.jpg")
    assert request("GET", odd.json["fileUrl"]).body == b"odd"
    long = store(server, "/" + "a" * 511, b"long")
    assert request("GET", long.json["fileUrl"]).body == b"long"
    assert store(server, "/" + "a" * 512, b"x").status == 400


def test_063_the_put_of_a_part_needs_no_credential_and_shows_its_etag_to_pages(
    plane: Plane,
) -> None:
    begun = plane.send_json("POST", f"{BASE}/uploads", {"size": 5, "protocol": "1.1"})
    target = begun.json["uploadParts"]["first"]["uploadUrl"].removeprefix(API_URL)
    headers = {"origin": "https://app.test", "content-length": "5"}
    sent = plane.call("PUT", target, headers=headers, body=b"12345")
    assert sent.status == 200
    assert sent.headers["etag"] == '"827ccb0eea8a706c4c34a16891f84e7b"'
    exposed = sent.headers["access-control-expose-headers"].replace(" ", "").split(",")
    assert "ETag" in exposed


def test_066_072_a_file_of_three_parts_is_nowhere_before_the_last_and_everywhere_after(
    server: Server,
) -> None:
    content = bytes(range(256)) * 4096 * 10 + b"!"
    wanted = {"size": len(content), "protocol": "1.1", "path": "/three/parts.bin"}
    begun = call(server, "POST", "/uploads", wanted).json
    upload = f"/uploads/{begun['uploadId']}/parts"
    url = begun["file"]["fileUrl"]

    def seen() -> tuple[int, int, list[str]]:
        details = call(server, "GET", "/files/details?filePath=%2Fthree%2Fparts.bin").status
        listed = call(server, "GET", "/folders/list?folderPath=%2Fthree").json["items"]
        served = request("GET", url)
        if served.status == 200:
            assert served.body == content
        return details, served.status, [item["filePath"] for item in listed]

    statuses = []
    for index in (2, 0, 1):
        assert seen() == (404, 404, [])
        part = call(server, "GET", f"{upload}/{index}").json
        piece = content[part["range"]["inclusiveStart"] : part["range"]["inclusiveEnd"] + 1]
        etag = request("PUT", part["uploadUrl"], body=piece).headers["etag"]
        done = call(server, "PUT", f"{upload}/{index}", {"etag": etag}).json
        statuses.append(done["status"])
    assert statuses == ["Pending", "Pending", "Completed"]
    assert seen() == (200, 200, ["/three/parts.bin"])


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("rel/x.txt", "/uploads/2024/05/25/rel/x.txt"),
        ("/{UTC_DATE}", "/{UTC_DATE}"),
        ({"folderPath": "/f"}, "/f/"),
        ({"fileName": "n.bin"}, "/uploads/2024/05/25/n.bin"),
        ({"folderPath": "sub"}, "/uploads/2024/05/25/sub/"),
    ],
)
def test_074_075_076_both_forms_of_a_path(plane: Plane, path: object, where: str) -> None:
    begun = plane.send_json("POST", f"{BASE}/uploads", {"size": 1, "path": path})
    found = begun.json["file"]["filePath"]
    if where.endswith("/"):
        assert found.startswith(where)
        assert found.removeprefix(where).startswith("4kbAqbHE")
    else:
        assert found == where


def test_078_of_two_uploads_to_one_path_the_slower_is_told(plane: Plane) -> None:
    wanted = {"size": 1, "protocol": "1.1", "path": "/same"}
    begun = [plane.send_json("POST", f"{BASE}/uploads", wanted, key="PK") for _ in range(2)]
    answers = []
    for each in begun:
        target = each.json["uploadParts"]["first"]["uploadUrl"].removeprefix(API_URL)
        sent = plane.call("PUT", target, headers={"content-length": "1"}, body=b"x")
        part = f"{BASE}/uploads/{each.json['uploadId']}/parts/0"
        etag = {"etag": sent.headers["etag"]}
        answers.append(plane.send_json("PUT", part, etag, key="PK"))
    assert answers[0].json["status"] == "Completed"
    assert (answers[1].status, answers[1].code) == (409, "path_taken")


def test_127_on_the_other_plane_too_an_expired_file_is_gone(server: Server) -> None:
    rule = {"tag": "brief", "ttlSeconds": 1}
    server.apply({"accounts": [{"accountId": server.account_id, "tagRules": [rule]}]})
    target = "/uploads/binary?filePath=%2Fbrief.txt&tag=brief"
    stored = call(server, "POST", target, b"x", Content_Type="text/plain")
    url = stored.json["fileUrl"]
    first = request("GET", url)
    while request("GET", url).status == 200:
        pass
    gone = request("GET", url)
    assert (gone.status, gone.code) == (404, "file_not_found")
    # Served while it was there; no cache may keep it longer than it lives.
    assert first.status == 404 or first.headers["cache-control"] in (
        "public, max-age=1",
        "no-store",
    )
    assert call(server, "GET", "/files/details?filePath=%2Fbrief.txt").status == 404

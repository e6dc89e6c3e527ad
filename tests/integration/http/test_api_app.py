"""Routing, CORS, JSON bodies and authentication of the API plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from byteward.http.app import account_in
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Body


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


@pytest.mark.parametrize(
    "target",
    [
        "/v2/nope", "/", "/v2", "/v2/accounts", BASE, f"{BASE}/uploads/x", f"{BASE}//files",
        f"{BASE}/files//", f"{BASE}%2Ffiles", f"/v2/accounts/{ACCOUNT}%2f..%2fx/files",
        f"{BASE}/../files", f"{BASE}/%66iles", f"{BASE}/files/details/x", "/v2/accounts/é/files",
    ],
)  # fmt: skip
def test_unknown_path_names_itself(plane: Plane, target: str) -> None:
    target = target.encode().decode("latin-1")
    answer = plane.call("GET", target, key="SK")
    assert (answer.status, answer.code) == (404, "check_path")
    assert answer.json["error"]["details"]["path"].rstrip("/") == target.rstrip("/")


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("PATCH", f"{BASE}/files", "DELETE, OPTIONS"),
        ("POST", f"{BASE}/folders", "DELETE, GET, HEAD, PUT, OPTIONS"),
        ("GET", f"{BASE}/uploads", "POST, OPTIONS"),
        ("GET", f"{BASE}/uploads/binary", "POST, OPTIONS"),
        ("HEAD", f"{BASE}/uploads", "POST, OPTIONS"),
        ("BREW", f"{BASE}/files/details", "GET, HEAD, OPTIONS"),
    ],
)
def test_other_method_is_told_which_are_allowed(
    plane: Plane, method: str, target: str, allow: str
) -> None:
    answer = plane.call(method, target, key="SK")
    assert (answer.status, answer.headers["allow"]) == (405, allow)


def test_one_trailing_slash_is_ignored(plane: Plane) -> None:
    assert plane.call("POST", f"{BASE}/uploads/binary/", key="PK", body=b"x").status == 200
    assert plane.call("GET", f"{BASE}/folders/?folderPath=/", key="SK").status == 200


def test_head_is_get_without_the_body(plane: Plane) -> None:
    target = f"{BASE}/folders?folderPath=/"
    get, head = plane.call("GET", target, key="SK"), plane.call("HEAD", target, key="SK")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.body))


def test_answers_are_json_that_nobody_caches(plane: Plane) -> None:
    answer = plane.call("GET", f"{BASE}/folders?folderPath=/", key="SK")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


def test_preflight_is_answered_without_a_credential(plane: Plane) -> None:
    headers = {
        "origin": "https://app.test",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization,content-type,content-disposition",
    }
    answer = plane.call("OPTIONS", f"{BASE}/uploads", headers=headers)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.test"
    assert "content-disposition" in answer.headers["access-control-allow-headers"]
    assert {"PUT", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))


def test_errors_carry_cors_headers_too(plane: Plane) -> None:
    answer = plane.call("POST", f"{BASE}/uploads", headers={"origin": "https://app.test"})
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == "https://app.test"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "ETag" in answer.headers["access-control-expose-headers"]


def test_key_is_bound_to_its_origins_and_its_jwt(plane: Plane) -> None:
    target = f"{BASE}/uploads/binary"
    bad = plane.call("POST", target, key="PKro", headers={"origin": "https://bad.test"}, body=b"x")
    assert (bad.status, bad.code) == (403, "origin_not_allowed")
    good = plane.call("POST", target, key="PKro", headers={"origin": "https://ok.test"}, body=b"x")
    assert good.status == 200
    assert plane.call("POST", target, key="PKj", body=b"x").code == "jwt_required"
    with_jwt = {"authorization-token": plane.jwt()}
    assert plane.call("POST", target, key="PKj", headers=with_jwt, body=b"x").status == 200
    expired = {"authorization-token": plane.jwt(exp=int(plane.now) - 1)}
    answer = plane.call("POST", target, key="PKj", headers=expired, body=b"x")
    assert answer.code == "authentication_failed_jwt_expired"


JSON_BODIES = [
    (b"{bad", 400, "invalid_json"),
    (b"", 400, "invalid_json"),
    (b"{}x", 400, "invalid_json"),
    (b'{"size":NaN}', 400, "invalid_json"),
    (b'{"size":1,"path":"\\ud800"}', 400, "invalid_json"),
    (b'{"size":1,"path":"\xff"}', 400, "invalid_json"),
    (b"[" * 33 + b"]" * 33, 400, "invalid_json"),
    (b"[" * 100_000, 400, "invalid_json"),
    (b'{"metadata":' + b'{"a":' * 100_000, 400, "invalid_json"),
    (b"{" + b",".join(b'"%d":1' % n for n in range(2001)) + b"}", 400, "invalid_json"),
    (b" " * 1_048_577, 413, "payload_too_large"),
    (b'\xef\xbb\xbf{"size":1}', 200, ""),
]


@pytest.mark.parametrize(("body", "status", "code"), JSON_BODIES)
def test_json_is_strict_and_bounded(plane: Plane, body: bytes, status: int, code: str) -> None:
    answer = plane.call("POST", f"{BASE}/uploads", key="SK", body=body)
    assert (answer.status, answer.code) == (status, code)
    pieces = Body([body[at : at + 65536] for at in range(0, len(body), 65536)])
    assert plane.call("POST", f"{BASE}/uploads", key="SK", body=pieces).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json; charset=utf-8"}, 200),
        ({"content-type": "application/vnd.x+json"}, 200),
        ({"content-type": "Application/JSON"}, 200),
        ({}, 200),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
    ],
)
def test_content_type_of_json(plane: Plane, headers: dict[str, str], status: int) -> None:
    answer = plane.call("POST", f"{BASE}/uploads", key="SK", headers=headers, body=b'{"size":1}')
    assert answer.status == status


def test_json_body_that_is_cut_off_is_refused(plane: Plane) -> None:
    body = Body([b'{"size":1}'], is_cut_off=True)
    assert plane.call("POST", f"{BASE}/uploads", key="SK", body=body).status == 400


@pytest.mark.parametrize(
    ("raw_path", "account_id"),
    [
        (b"/v2/accounts/A623uY2/files", "A623uY2"),
        (b"/v2/accounts/A623uY2", "A623uY2"),
        (b"/v2/accounts/A623uY2x/files", None),
        (b"/v2/nope", None),
        (b"/v2/accounts/%00/x", None),
    ],
)
def test_account_of_a_path(raw_path: bytes, account_id: str | None) -> None:
    assert account_in(raw_path) == account_id

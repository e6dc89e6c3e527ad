"""What old clients send, without those clients: cases 13, 20, 73, 81 and 130.

The packages themselves are driven in `tests/browser/test_legacy_uploads.py` and
`tests/e2e/test_old_clients.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

import pytest

from tests.api_plane import API_URL, BASE, Plane, api_plane
from tests.asgi_client import Response

ORIGIN: Final = "https://app.test"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def basic(plane: Plane, key: str = "PK", user: str = "apikey") -> dict[str, str]:
    """The headers of a credentialed XHR of `upload-js`."""
    pair = base64.b64encode(f"{user}:{plane.keys[key]}".encode()).decode()
    return {"authorization": f"Basic {pair}", "origin": ORIGIN}


def put(plane: Plane, begun: Response, content: bytes, **headers: str) -> Response:
    """Send the first part as XHR does: no credential, and whatever headers the version adds."""
    target = begun.json["uploadParts"]["first"]["uploadUrl"].removeprefix(API_URL)
    lines = {"origin": ORIGIN, "content-length": str(len(content))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return plane.call("PUT", target, headers=lines, body=content)


def test_013_credentialed_xhr_with_basic_credentials_is_answered_for_its_origin(
    plane: Plane,
) -> None:
    begun = plane.send_json("POST", f"{BASE}/uploads", {"size": 1}, key=None, headers=basic(plane))
    assert begun.status == 200
    assert begun.headers["access-control-allow-origin"] == ORIGIN
    assert begun.headers["access-control-allow-credentials"] == "true"
    assert "Origin" in begun.headers["vary"]


@pytest.mark.parametrize("user", ["foo", "APIKEY", ""])
def test_basic_takes_one_user_name_and_never_asks_a_browser_for_it(plane: Plane, user: str) -> None:
    headers = basic(plane, user=user)
    refused = plane.send_json("POST", f"{BASE}/uploads", {"size": 1}, key=None, headers=headers)
    assert (refused.status, refused.code) == (401, "authentication_failed_no_credentials")
    assert "apikey" in refused.json["error"]["message"]
    assert refused.headers["www-authenticate"] == "Bearer"


def test_073_a_typed_put_of_protocol_1_0_makes_the_file_before_any_completion(
    plane: Plane,
) -> None:
    wanted = {"size": 5, "mime": "text/plain", "originalFileName": "é.txt", "path": "/p.txt"}
    begun = plane.send_json("POST", f"{BASE}/uploads", wanted, key=None, headers=basic(plane))
    preflight = plane.call(
        "OPTIONS",
        begun.json["uploadParts"]["first"]["uploadUrl"].removeprefix(API_URL),
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "PUT",
            "access-control-request-headers": "content-disposition,content-type",
        },
    )
    assert preflight.status == 204
    allowed = preflight.headers["access-control-allow-headers"].lower().replace(" ", "")
    assert {"content-disposition", "content-type"} <= set(allowed.split(","))
    disposition = "inline; filename=\"%C3%A9.txt\"; filename*=UTF-8''%C3%A9.txt"
    sent = put(plane, begun, b"12345", content_type="text/plain", content_disposition=disposition)
    assert sent.status == 200
    assert "ETag" in sent.headers["access-control-expose-headers"]
    assert plane.content("/p.txt") == b"12345"
    part = f"{BASE}/uploads/{begun.json['uploadId']}/parts/0"
    etag = {"etag": sent.headers["etag"]}
    done = plane.send_json("PUT", part, etag, key=None, headers=basic(plane))
    assert done.json == {"status": "Completed", "etag": plane.details("/p.txt").json["etag"]}


def test_081_the_sequence_of_upload_js_2_24_ends_in_a_file(plane: Plane) -> None:
    wanted = {"size": 5, "mime": "image/png", "protocol": "1.1", "path": {"fileName": "x.png"}}
    begun = plane.send_json("POST", f"{BASE}/uploads", wanted, key=None, headers=basic(plane))
    path = begun.json["file"]["filePath"]
    etag = put(plane, begun, b"12345", content_type="image/png").headers["etag"]
    assert plane.details(path).status == 404
    part = f"{BASE}/uploads/{begun.json['uploadId']}/parts/0"
    done = plane.send_json("PUT", part, {"etag": etag}, key=None, headers=basic(plane))
    assert done.json["status"] == "Completed"
    assert plane.content(path) == b"12345"


def test_a_token_beside_basic_credentials_adds_its_rights(plane: Plane) -> None:
    plane.put("/u/f")
    rule = {"write": {"file": {"overwriteFile": True}}}
    match = {"path": "/u", "scope": "Children"}
    token = plane.jwt({"pathPermissions": [{"match": match, "permissions": rule}]})
    body = {"size": 1, "path": "/u/f"}
    alone = plane.send_json("POST", f"{BASE}/uploads", body, key=None, headers=basic(plane))
    assert alone.status == 403
    headers = {**basic(plane), "authorization-token": token}
    both = plane.send_json("POST", f"{BASE}/uploads", body, key=None, headers=headers)
    assert both.status == 200


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v1/files"),
        ("POST", "/v1/files/basic"),
        ("GET", "/v1/files?accountId=A623uY2"),
        ("GET", "/v1/files/A623uY2abcdefghijkmnopqr/upload_parts"),
        ("GET", "/v1/files/A623uY2abcdefghijkmnopqr/upload_parts/0"),
        ("PUT", "/v1/files/A623uY2abcdefghijkmnopqr/upload_parts/0"),
        ("DELETE", "/v1"),
    ],
)
def test_130_version_1_says_that_it_is_gone(plane: Plane, method: str, target: str) -> None:
    gone = plane.send_json(method, target, {"accountId": "A623uY2"}, key=None, headers=basic(plane))
    assert (gone.status, gone.code) == (410, "api_version_retired")
    assert gone.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("target", ["/v1x", "/v10/files", "/v2/v1/files", "/v1//files"])
def test_what_only_looks_like_version_1_is_an_unknown_path(plane: Plane, target: str) -> None:
    assert plane.call("GET", target, key="SK").code == "check_path"


def test_020_a_slash_at_the_end_changes_nothing(plane: Plane) -> None:
    headers = {**basic(plane), "content-type": "text/plain"}
    target = f"{BASE}/uploads/binary/?filePath=/s"
    assert plane.call("POST", target, headers=headers, body=b"x").json["filePath"] == "/s"
    begun = plane.send_json("POST", f"{BASE}/uploads/", {"size": 1}, key="PK")
    assert begun.status == 200

"""Who may read: public floor, keys, JWTs, cookies, secure URLs; and what the refused learn."""

from __future__ import annotations

import json

import pytest

from byteward.identity.encrypted_url import encrypt_url
from byteward.identity.signed_url import sign_url
from tests.integration.delivery.cdn_plane import (
    ACCOUNT,
    KEY_ID,
    NOW,
    OTHER,
    SECURE_URL_KEY,
    CdnPlane,
    Response,
)

RAW = f"/{ACCOUNT}/raw"
SECRET = f"{RAW}/private/secret.txt"
MISSING = f"{RAW}/private/does-not-exist"
SESSIONS = f"/api/v1/access_tokens/{ACCOUNT}"
APP = "https://app.example"
PUBLISHED_SIGNATURE = "1.BMCyGyFk.SEilyH6A2nIgarY1nylO7-kxjtdeNqAzDNUGFaPSH9U"
"""Of `upcdn.io/W142hJk/raw/private/secret.txt?exp=4102444800` under the key 00…1f."""


def code(response: Response) -> str:
    return str(json.loads(response.body)["error"]["code"])


def without_request_id(response: Response) -> list[tuple[bytes, bytes]]:
    return [line for line in response.lines if line[0] != b"x-request-id"]


def signed(target: str, exp: str = "4102444800", key_id: str = KEY_ID) -> str:
    url = sign_url(f"http://upcdn.io{target}", key_id=key_id, key=SECURE_URL_KEY, exp=exp)
    return url.removeprefix("http://upcdn.io")


def encrypted(target: str, path: str | None = None) -> str:
    url = encrypt_url(
        f"http://upcdn.io{target}", key_id=KEY_ID, key=SECURE_URL_KEY, exp="inf", path=path
    )
    return url.removeprefix("http://upcdn.io")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (SECRET, 403),
        (MISSING, 403),
        (f"{RAW}/private/deep/q.jpg", 403),
        (f"{RAW}/private/open/o.jpg", 200),
        (f"{RAW}/limited/x.jpg", 403),
        (f"/{ACCOUNT}/image/limited/x.jpg?w=1", 403),
        (f"/{ACCOUNT}/thumbnail/limited/x.jpg", 403),
        (f"/{ACCOUNT}/thumbnail-sm/limited/x.jpg", 404),
        (f"{SECRET}?auth=true", 403),
        (f"{RAW}/example.jpg?path=/private/secret.txt", 403),
    ],
)
def test_anonymous(cdn: CdnPlane, target: str, status: int) -> None:
    assert cdn.get(target).status == status


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"range": "bytes=0-1"},
        {"range": "bytes=99999-"},
        {"if-none-match": "*"},
        {"if-match": '"x"'},
        {"if-modified-since": "Thu, 02 Jan 2025 03:04:05 GMT"},
        {"origin": APP},
        {"cookie": f"access-token-{ACCOUNT}=a.b.c"},
        {"authorization": "Bearer notarealkey"},
        {"authorization": f"Bearer secret_{ACCOUNT}notakeyatall"},
    ],
)
@pytest.mark.parametrize("query", ["", "?download=true", "?cache-ttl=5", "?sig=1.x.y&exp=inf"])
def test_a_refused_file_and_a_refused_nothing_are_answered_alike(
    cdn: CdnPlane, method: str, headers: dict[str, str], query: str
) -> None:
    real, nothing = (cdn.get(t + query, headers, method=method) for t in (SECRET, MISSING))
    assert real.status == nothing.status
    assert real.status in {401, 403}
    assert real.body == nothing.body
    assert without_request_id(real) == without_request_id(nothing)
    assert real.headers["cache-control"] == "no-store"


def test_a_key_reads_privately(cdn: CdnPlane) -> None:
    response = cdn.get(SECRET, {**cdn.bearer("SK"), "origin": APP})
    assert (response.status, response.body) == (200, b"secret")
    headers = response.headers
    assert headers["cache-control"] == "private, max-age=3600"
    assert headers["vary"] == "Authorization, Authorization-Token, Cookie, Origin"
    assert headers["access-control-allow-credentials"] == "true"
    missing = cdn.get(MISSING, cdn.bearer("SK"))
    assert (missing.status, code(missing)) == (404, "file_not_found")
    assert missing.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "status", "expected"),
    [
        ("SKR", 403, "authorization_failed_permission_denied"),
        ("SKE", 401, "authentication_failed_credentials_denied"),
        ("SKB", 401, "authentication_failed_credentials_denied"),
    ],
)
def test_keys_that_may_not(cdn: CdnPlane, name: str, status: int, expected: str) -> None:
    response = cdn.get(SECRET, cdn.bearer(name))
    assert (response.status, code(response)) == (status, expected)
    assert ("www-authenticate" in response.headers) is (status == 401)
    assert cdn.get(f"{RAW}/example.jpg", cdn.bearer(name)).status == 200


def test_a_public_file_stays_public_whoever_asks(cdn: CdnPlane) -> None:
    for headers in ({"authorization": "junk"}, cdn.bearer("SK"), {"cookie": "access-token-x=1"}):
        response = cdn.get(f"{RAW}/example.jpg", headers)
        assert response.headers["cache-control"] == "public, max-age=3600"
        assert response.headers["vary"] == "Origin"


def test_a_jwt_reads_what_it_grants_until_it_ends(cdn: CdnPlane) -> None:
    token = cdn.jwt("/users/u1", accountId=ACCOUNT, seconds=100)
    headers = {"authorization": f"Bearer {token}"}
    response = cdn.get(f"{RAW}/users/u1/f.jpg", headers)
    assert (response.status, response.headers["cache-control"]) == (200, "private, max-age=100")
    assert cdn.get(SECRET, headers).status == 403
    cdn.now += 100
    try:
        late = cdn.get(f"{RAW}/users/u1/f.jpg", headers)
    finally:
        cdn.now = NOW
    assert (late.status, code(late)) == (401, "authentication_failed_jwt_expired")


def test_a_cookie_without_allowed_origins_is_no_licence_for_scripts(cdn: CdnPlane) -> None:
    cookie = {"cookie": f"access-token-{ACCOUNT}={cdn.jwt('/users/u1')}", "origin": APP}
    response = cdn.get(f"{RAW}/users/u1/f.jpg", cookie)
    assert response.status == 200
    assert "access-control-allow-credentials" not in response.headers
    tied = cdn.jwt("/users/u1", allowedOrigins=[APP])
    tied_cookie = {"cookie": f"access-token-{ACCOUNT}={tied}", "origin": APP}
    response = cdn.get(f"{RAW}/users/u1/f.jpg", tied_cookie)
    assert response.headers["access-control-allow-credentials"] == "true"
    assert (
        cdn.get(f"{RAW}/users/u1/f.jpg", {**tied_cookie, "origin": "https://evil.example"}).status
        == 403
    )


def test_a_stale_cookie_is_as_good_as_none(cdn: CdnPlane) -> None:
    cookie = {"cookie": f"access-token-{ACCOUNT}={cdn.jwt('/users/u1', seconds=-1)}"}
    assert cdn.get(f"{RAW}/users/u1/f.jpg", cookie).status == 403
    assert cdn.get(f"{RAW}/example.jpg", cookie).status == 200


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        (
            f"{SECRET}?exp=4102444800&sig=1.BMCyGyFk.SEilyH6A2nIgarY1nylO7-kxjtdeNqAzDNUGFaPSH9U",
            "upcdn.io",
            200,
        ),
        (signed(SECRET), "upcdn.io", 200),
        (signed(SECRET), "UPCDN.io", 200),
        (signed(SECRET, exp="inf"), "upcdn.io", 200),
        (signed(f"{SECRET}?meta-user=1"), "upcdn.io", 200),
        (signed(f"{SECRET}?meta-user=1").replace("user=1", "user=2"), "upcdn.io", 403),
        (signed(SECRET) + "&w=1", "upcdn.io", 403),
        (signed(SECRET).replace("secret.txt", "photo.jpg"), "upcdn.io", 403),
        (signed(SECRET)[:-2] + "AA", "upcdn.io", 403),
        (signed(SECRET, exp=str(NOW)), "upcdn.io", 403),
        (signed(f"{RAW}/example.jpg", exp=str(NOW)), "upcdn.io", 403),
        (signed(SECRET, key_id="SKRSKRSK"), "upcdn.io", 403),
        (signed(SECRET, key_id="SKESKESK"), "upcdn.io", 403),
        (signed(SECRET, key_id="SKBSKBSK"), "upcdn.io", 403),
        (f"{RAW}/example.jpg?sig=1.BMCyGyFk.x", "upcdn.io", 403),
        (f"{SECRET}?sig={PUBLISHED_SIGNATURE}", "upcdn.io", 403),
    ],
)
def test_signed_urls(cdn: CdnPlane, target: str, host: str, status: int) -> None:
    assert cdn.get(target, host=host).status == status


def test_pairs_of_a_signed_url_may_be_swapped(cdn: CdnPlane) -> None:
    path, _, query = signed(SECRET).partition("?")
    exp, _, sig = query.partition("&")
    assert cdn.get(f"{path}?{sig}&{exp}").status == 200


def test_a_secure_url_is_a_credential_and_cached_like_one(cdn: CdnPlane) -> None:
    response = cdn.get(signed(SECRET, exp=str(NOW + 50)))
    assert response.headers["cache-control"] == "private, max-age=50"
    response = cdn.get(signed(f"{RAW}/example.jpg", exp=str(NOW + 50)))
    assert response.headers["cache-control"] == "public, max-age=50"


def test_a_better_header_does_not_help_a_refused_secure_url(cdn: CdnPlane) -> None:
    assert cdn.get(signed(SECRET, key_id="SKRSKRSK"), cdn.bearer("SK")).status == 403


def test_an_encrypted_url_hides_the_path(cdn: CdnPlane) -> None:
    target = encrypted(f"{RAW}/photo.jpg?download=true", path="/private/photo.jpg")
    response = cdn.get(target)
    assert (response.status, response.body) == (200, b"photo")
    assert response.headers["content-disposition"].startswith('attachment; filename="photo.jpg"')
    assert response.headers["cache-control"] == "private, max-age=3600"


def test_an_encrypted_url_is_good_for_its_own_path_and_query_only(cdn: CdnPlane) -> None:
    target = encrypted(f"{RAW}/private/photo.jpg")
    assert cdn.get(target).status == 200
    assert cdn.get(target.replace("photo.jpg", "secret.txt")).status == 403
    flipped = target[:-1] + ("A" if target[-1] != "A" else "B")
    assert cdn.get(flipped).status == 403
    assert cdn.get(f"{target}&w=9999").status == 400


def test_secure_urls_are_for_reading_only(cdn: CdnPlane) -> None:
    assert cdn.get(signed(SECRET), method="POST").status == 405


def test_saving_takes_a_header_credential_and_decides_first(cdn: CdnPlane) -> None:
    target = f"/{ACCOUNT}/save/image/private/photo.jpg"
    cookie = {"cookie": f"access-token-{ACCOUNT}={cdn.jwt('/private')}"}
    assert cdn.get(target, method="POST").status == 401
    assert cdn.get(target, cookie, method="POST").status == 401
    assert cdn.get(target, cdn.bearer("SKR"), method="POST").status == 403
    unknown = target.replace("/image/", "/nothing/")
    allowed = cdn.get(unknown, cdn.bearer("SK"), method="POST")
    assert (allowed.status, code(allowed)) == (404, "transformation_not_found")


def put(cdn: CdnPlane, body: object, query: str = "", **headers: str) -> Response:
    lines = {"content-type": "application/json", **headers}
    return cdn.get(SESSIONS + query, lines, method="PUT", body=json.dumps(body).encode())


def test_a_session_is_a_cookie_that_reads(cdn: CdnPlane) -> None:
    token = cdn.jwt("/private", seconds=600)
    response = put(cdn, {"accessToken": token}, "?set-cookie=true", origin=APP)
    assert json.loads(response.body) == {"accessToken": token, "ttlSeconds": 600}
    headers = response.headers
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["cache-control"] == "no-store"
    name_and_value, *attributes = headers["set-cookie"].split("; ")
    assert {"Path=/W142hJk/", "HttpOnly", "Secure", "SameSite=None"} <= set(attributes)
    assert cdn.get(SECRET, {"cookie": name_and_value}).status == 200
    assert "set-cookie" in put(cdn, {"accessToken": token}).headers
    assert "set-cookie" not in put(cdn, {"accessToken": token}, "?set-cookie=false").headers


def test_a_session_ends_whether_or_not_there_was_one(cdn: CdnPlane) -> None:
    response = cdn.get(f"{SESSIONS}?set-cookie=true", method="DELETE")
    assert response.status == 204
    assert f"access-token-{ACCOUNT}=;" in response.headers["set-cookie"]
    assert "Max-Age=0" in response.headers["set-cookie"]
    kept = cdn.get(f"{SESSIONS}?set-cookie=false", method="DELETE")
    assert (kept.status, "set-cookie" in kept.headers) == (204, False)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"accessToken":"a.b.c"}', "application/json", 401),
        (b"{}", "application/json", 400),
        (b"not json", "application/json", 400),
        (b"accessToken=a.b.c", "application/x-www-form-urlencoded", 415),
        (b'{"accessToken":"a.b.c"}', "text/plain", 415),
        (b'{"accessToken":"' + b"a" * 17000 + b'"}', "application/json", 413),
    ],
)
def test_bad_sessions_are_refused(
    cdn: CdnPlane, body: bytes, content_type: str, status: int
) -> None:
    headers = {"content-type": content_type, "origin": APP}
    response = cdn.get(SESSIONS, headers, method="PUT", body=body)
    assert response.status == status
    assert "set-cookie" not in response.headers
    assert response.headers["access-control-allow-origin"] == APP


def test_a_session_token_must_be_good_for_this_account_and_origin(cdn: CdnPlane) -> None:
    expired = put(cdn, {"accessToken": cdn.jwt("/", seconds=-5)})
    assert (expired.status, code(expired)) == (401, "authentication_failed_jwt_expired")
    assert put(cdn, {"accessToken": cdn.jwt("/", accountId=OTHER)}).status == 401
    tied = cdn.jwt("/", allowedOrigins=[APP])
    assert put(cdn, {"accessToken": tied}, origin=APP).status == 200
    assert put(cdn, {"accessToken": tied}, origin="https://evil.example").status == 403
    assert cdn.get(f"{SESSIONS[:-7]}AAAAAAA", method="DELETE").status == 404

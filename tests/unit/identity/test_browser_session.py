"""The rules of the endpoint that turns a token into a cookie."""

from __future__ import annotations

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.identity.browser_session import (
    MAX_BODY_BYTES,
    check_browser_origin,
    close_session,
    cookie_style,
    open_session,
    read_access_token,
    wants_cookie,
)
from byteward.identity.cookies import MAX_TOKEN_BYTES, CookieStyle
from byteward.identity.jwt import VerifiedJwt, verify_jwt
from tests.unit.identity.memory_facts import ACCOUNT, NOW, certificate, claims, token

TOKEN = token()


def verified(text: str = TOKEN) -> VerifiedJwt:
    return verify_jwt(text, [certificate()], account_id=ACCOUNT, now=NOW)


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON ; charset=utf-8", "application/json;"]
)
def test_the_token_is_read_from_the_body(content_type: str) -> None:
    assert read_access_token(b'{"accessToken":"a.b.c","more":1}', content_type) == "a.b.c"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b'{"accessToken":"x"}', None, "unsupported_media_type"),
        (b'{"accessToken":"x"}', "text/plain", "unsupported_media_type"),
        (b'{"accessToken":"x"}', "text/plain;application/json", "unsupported_media_type"),
        (b"accessToken=x", "application/x-www-form-urlencoded", "unsupported_media_type"),
        (b" " * (MAX_BODY_BYTES + 1), "application/json", "payload_too_large"),
        (b"", "application/json", "invalid_json"),
        (b"not json", "application/json", "invalid_json"),
        (b'{"accessToken":"x","accessToken":"y"}', "application/json", "invalid_json"),
        (b"{}", "application/json", "invalid_request"),
        (b"[]", "application/json", "invalid_request"),
        (b'{"accessToken":""}', "application/json", "invalid_request"),
        (b'{"accessToken":1}', "application/json", "invalid_request"),
        (b'{"accessToken":null}', "application/json", "invalid_request"),
    ],
)
def test_other_bodies_are_refused(body: bytes, content_type: str | None, code: str) -> None:
    with pytest.raises(BytewardError) as refused:
        read_access_token(body, content_type)
    assert refused.value.code == code


def test_a_body_at_the_limit_is_read() -> None:
    body = b'{"accessToken":"x"}'.ljust(MAX_BODY_BYTES)
    assert read_access_token(body, "application/json") == "x"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(None, True), ("true", True), ("", True), ("False", True), ("false", False)],
)
def test_only_false_means_no_cookie(value: str | None, wanted: bool) -> None:
    assert wants_cookie(value) is wanted


def test_listed_origins_may_open_sessions_and_without_a_list_any_may() -> None:
    check_browser_origin([], None)
    check_browser_origin([], "https://evil.example")
    check_browser_origin(["https://app.example.com"], "https://app.example.com")
    for origin in (None, "null", "https://evil.example", "http://app.example.com"):
        with pytest.raises(BytewardError) as refused:
            check_browser_origin(["https://app.example.com"], origin)
        assert refused.value.code is ErrorCode.ORIGIN_NOT_ALLOWED


@pytest.mark.parametrize(
    ("is_https", "host", "is_secure"),
    [
        (False, "localhost:8081", False),
        (False, "LOCALHOST", False),
        (False, "127.0.0.1:8081", False),
        (False, "[::1]:8081", False),
        (False, "[::1]", False),
        (False, "cdn.example", True),
        (False, "localhost.example:80", True),
        (False, "127.0.0.1.example", True),
        (False, "", True),
        (True, "localhost:8081", True),
    ],
)
def test_only_plain_http_on_loopback_goes_without_secure(
    is_https: bool, host: str, is_secure: bool
) -> None:
    style = cookie_style(is_https=is_https, host=host, is_partitioned=True)
    assert style.is_secure is is_secure


def test_the_answer_carries_the_token_its_time_and_the_cookie() -> None:
    session = open_session(ACCOUNT, TOKEN, verified(), now=NOW + 0.5, style=CookieStyle())
    assert (session.access_token, session.ttl_seconds) == (TOKEN, 3599)
    assert session.set_cookie == (
        f"access-token-A623uY2={TOKEN}; Path=/A623uY2/; Max-Age=3599; "
        "HttpOnly; Secure; SameSite=None; Partitioned"
    )


def test_without_a_cookie_none_is_set() -> None:
    assert open_session(ACCOUNT, TOKEN, verified(), now=NOW, style=None).set_cookie is None


def test_the_time_left_is_never_zero() -> None:
    session = open_session(ACCOUNT, TOKEN, verified(), now=NOW + 3599.9, style=None)
    assert session.ttl_seconds == 1


def of_length(length: int) -> str:
    """A valid token of about that length, then exactly by the claim that nobody reads."""
    missing = length - len(token(claims(pad="")))
    return next(
        text
        for count in range(missing * 3 // 4 - 4, missing * 3 // 4 + 5)
        if len(text := token(claims(pad="p" * count))) == length
    )


def test_a_token_that_fits_no_cookie_is_refused_only_with_a_cookie() -> None:
    fits, too_long = of_length(MAX_TOKEN_BYTES), of_length(MAX_TOKEN_BYTES + 2)
    assert open_session(ACCOUNT, fits, verified(fits), now=NOW, style=CookieStyle()).set_cookie
    without = open_session(ACCOUNT, too_long, verified(too_long), now=NOW, style=None)
    assert without.access_token == too_long
    with pytest.raises(BytewardError) as refused:
        open_session(ACCOUNT, too_long, verified(too_long), now=NOW, style=CookieStyle())
    assert refused.value.code is ErrorCode.JWT_TOO_LARGE_FOR_COOKIE


def test_closing_removes_the_cookie() -> None:
    assert close_session(ACCOUNT, CookieStyle()).startswith(
        "access-token-A623uY2=; Path=/A623uY2/; Max-Age=0;"
    )

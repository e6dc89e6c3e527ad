"""The cookie reader sees one value or none, whatever else is in the header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.identity.cookies import (
    CookieStyle,
    expired_session_cookie,
    read_session_cookie,
    session_cookie,
)

ACCOUNT = "A623uY2"
NAME = b"access-token-A623uY2"


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([NAME + b"=a.b.c"], "a.b.c"),
        ([b"x=1; " + NAME + b"=a.b.c; y=2"], "a.b.c"),
        ([b'x="a;b\\054"; =; ;;' + NAME + b"=a.b.c"], "a.b.c"),
        ([b"x=\xff\x00; " + NAME + b"=a.b.c"], "a.b.c"),
        ([b"\t" + NAME + b" = a.b.c \t"], "a.b.c"),
        ([b"x=1", NAME + b"=a.b.c"], "a.b.c"),
        ([NAME + b"=a.b.c; " + NAME + b"=a.b.c"], "a.b.c"),
        ([NAME + b"=a.b.c; " + NAME + b"=d.e.f"], None),
        ([NAME + b"=a.b.c", NAME + b"=d.e.f"], None),
        ([NAME + b"=a.b.c; " + NAME + b"="], None),
        ([NAME + b"="], None),
        ([NAME], None),
        ([NAME + b'="a.b.c"'], None),
        ([NAME + b"=a,b"], None),
        ([NAME + b"=\xff"], None),
        ([NAME + b"x=a.b.c"], None),
        ([b"x" + NAME + b"=a.b.c"], None),
        ([NAME.lower() + b"=a.b.c"], None),
        ([b"access-token-B7xk3Qz=a.b.c"], None),
        ([b""], None),
        ([], None),
    ],
)
def test_the_account_s_token_is_found(headers: list[bytes], value: str | None) -> None:
    assert read_session_cookie(headers, ACCOUNT) == value


@given(st.lists(st.binary(max_size=60) | st.just(NAME + b"=a.b.c"), max_size=3))
def test_no_header_makes_the_reader_fail(headers: list[bytes]) -> None:
    value = read_session_cookie(headers, ACCOUNT)
    assert value is None or value.isascii()


@given(st.text(alphabet="abcXYZ019_.-", min_size=1, max_size=40), st.booleans())
def test_what_is_written_is_read(token: str, is_secure: bool) -> None:
    written = session_cookie(ACCOUNT, token, 60, CookieStyle(is_secure))
    assert read_session_cookie([written.partition(";")[0].encode()], ACCOUNT) == token


def test_attributes_over_https_and_on_a_loopback_address() -> None:
    assert session_cookie(ACCOUNT, "a.b.c", 60, CookieStyle()) == (
        "access-token-A623uY2=a.b.c; Path=/A623uY2/; Max-Age=60; "
        "HttpOnly; Secure; SameSite=None; Partitioned"
    )
    assert session_cookie(ACCOUNT, "t", 1, CookieStyle(is_partitioned=False)).endswith(
        "HttpOnly; Secure; SameSite=None"
    )
    assert session_cookie(ACCOUNT, "t", 1, CookieStyle(is_secure=False)).endswith(
        "Max-Age=1; HttpOnly; SameSite=Lax"
    )


def test_the_expired_cookie_has_the_same_name_path_and_flags() -> None:
    assert expired_session_cookie(ACCOUNT, CookieStyle()) == (
        "access-token-A623uY2=; Path=/A623uY2/; Max-Age=0; "
        "HttpOnly; Secure; SameSite=None; Partitioned"
    )

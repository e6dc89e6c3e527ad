"""CORS: which pages may read what."""

from __future__ import annotations

import pytest

from byteward.http.cors import answer_headers, preflight_headers

APP = "https://app.example"
EVIL = "https://evil.example"
ORIGIN, CREDENTIALS = "access-control-allow-origin", "access-control-allow-credentials"


def as_dict(lines: list[tuple[bytes, bytes]]) -> dict[str, str]:
    assert len({name for name, _ in lines}) == len(lines)
    return {name.decode(): value.decode() for name, value in lines}


def test_without_an_origin_only_vary_is_sent() -> None:
    assert as_dict(answer_headers(None)) == {"vary": "Origin"}


def test_an_origin_is_echoed_with_credentials() -> None:
    sent = as_dict(answer_headers(APP))
    assert (sent[ORIGIN], sent[CREDENTIALS], sent["vary"]) == (APP, "true", "Origin")
    assert "ETag" in sent["access-control-expose-headers"]


def test_a_cookie_that_nothing_ties_to_the_page_gives_no_credentials() -> None:
    sent = as_dict(answer_headers(APP, is_cookie_only=True, vary="Cookie"))
    assert sent[ORIGIN] == APP
    assert CREDENTIALS not in sent
    assert sent["vary"] == "Cookie, Origin"


@pytest.mark.parametrize("is_cookie_only", [True, False])
def test_with_a_list_only_listed_origins_get_credentials(is_cookie_only: bool) -> None:
    listed = answer_headers(
        "https://APP.example:443", browser_origins=(APP,), is_cookie_only=is_cookie_only
    )
    assert as_dict(listed)[CREDENTIALS] == "true"
    other = answer_headers(EVIL, browser_origins=(APP,), is_cookie_only=is_cookie_only)
    assert CREDENTIALS not in as_dict(other)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://a.example https://b.example",
        "https://a.example/path",
        "file://",
        "https://user@a.example",
        "https://a.example\x7f",
        "https://a.example:99999",
    ],
)
def test_what_is_no_web_origin_is_never_reflected(origin: str) -> None:
    public = as_dict(answer_headers(origin))
    assert public[ORIGIN] == "*"
    assert CREDENTIALS not in public
    assert ORIGIN not in as_dict(answer_headers(origin, vary="Cookie"))
    assert ORIGIN not in as_dict(preflight_headers(origin, "range"))


@pytest.mark.parametrize("origin", ["https://app.example.evil.example", "https://evilapp.example"])
def test_an_origin_is_compared_whole(origin: str) -> None:
    assert CREDENTIALS not in as_dict(answer_headers(origin, browser_origins=(APP,)))


def test_a_preflight_allows_what_it_was_asked() -> None:
    sent = as_dict(preflight_headers(APP, "Authorization, Range,x-custom"))
    allowed = sent["access-control-allow-headers"].split(", ")
    assert {"authorization", "range", "x-custom", "if-none-match"} <= set(allowed)
    assert (sent[ORIGIN], sent[CREDENTIALS]) == (APP, "true")
    assert "PATCH" in sent["access-control-allow-methods"]


@pytest.mark.parametrize(
    "requested", ["a\r\nb", "a b", ",".join(f"x{n}" for n in range(51)), "x" * 2049, "é"]
)
def test_a_preflight_echoes_tokens_only(requested: str) -> None:
    sent = as_dict(preflight_headers(APP, requested))
    assert (
        sent["access-control-allow-headers"]
        == as_dict(preflight_headers(APP, None))["access-control-allow-headers"]
    )


def test_routes_that_set_cookies_answer_no_preflight_of_an_unlisted_origin() -> None:
    lines = preflight_headers(EVIL, None, browser_origins=(APP,), needs_listed_origin=True)
    assert list(as_dict(lines)) == ["vary"]
    lines = preflight_headers(EVIL, None, browser_origins=(APP,))
    assert CREDENTIALS not in as_dict(lines)
    lines = preflight_headers(APP, None, browser_origins=(APP,), needs_listed_origin=True)
    assert as_dict(lines)[CREDENTIALS] == "true"

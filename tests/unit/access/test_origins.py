from __future__ import annotations

import pytest

from byteward.access.origins import normalise_origin, origin_allowed, origin_of_referer

APP = ("https://app.example.com",)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("HTTPS://APP.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("https://app.example.com:8443/a?b#c", "https://app.example.com:8443"),
        ("https://app.example.com?x", "https://app.example.com"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://app.example.com:0443", "https://app.example.com"),
        ("https://app.example.com:65536", None),
        ("https://app.example.com:", None),
        ("https://app.example.com@evil.example", None),
        ("https://app.example.com:443@evil.example", None),
        ("https://app.example.com\\@evil.example", None),
        ("https://*.example.com", None),
        ("https://", None),
        ("https:///x", None),
        ("app.example.com", None),
        ("ftp://app.example.com", None),
        ("null", None),
        ("", None),
        (" https://app.example.com", None),
        ("https://app.example.com\n", None),
        ("https://app.example.com:٤٤٣", None),
        ("https://ápp.example.com", None),
    ],
)
def test_origin_has_one_spelling(text: str, normalised: str | None) -> None:
    assert normalise_origin(text) == normalised


def test_no_list_is_no_restriction() -> None:
    assert origin_allowed(None, None, None)
    assert origin_allowed(None, "https://evil.example", None)


def test_empty_list_allows_nothing() -> None:
    assert not origin_allowed((), "https://app.example.com", None)


def test_listed_origin_is_allowed_in_any_spelling() -> None:
    assert origin_allowed(APP, "https://APP.example.com:443", None)
    assert origin_allowed(("https://APP.example.com/",), "https://app.example.com", None)


def test_other_origin_scheme_or_port_is_refused() -> None:
    for origin in (
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://xapp.example.com",
    ):
        assert not origin_allowed(APP, origin, None)


def test_referer_stands_in_for_a_missing_origin() -> None:
    assert origin_of_referer("https://app.example.com/x") == "https://app.example.com"
    assert origin_allowed(APP, None, "https://app.example.com/x")
    assert not origin_allowed(APP, None, "https://evil.example/https://app.example.com")


def test_request_that_names_no_origin_is_refused() -> None:
    assert not origin_allowed(APP, None, None)
    assert not origin_allowed(APP, None, "")


def test_null_or_empty_origin_is_refused_whatever_the_referer() -> None:
    for origin in ("null", ""):
        assert not origin_allowed(APP, origin, "https://app.example.com/x")


def test_elements_that_are_no_origin_never_match() -> None:
    for element in ("*", "null", "https://*.example.com", ""):
        for origin in ("https://app.example.com", "null", ""):
            assert not origin_allowed((element,), origin, None)

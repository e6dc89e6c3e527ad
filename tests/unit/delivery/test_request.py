"""URL → DeliveryRequest: grammar, aliases, limits, and that no text is read twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.delivery.request import MAX_TTL_SECONDS, DeliveryRequest, parse_request
from byteward.errors import BytewardError, ErrorCode
from byteward.paths import FilePath, url_path


def parse(target: str) -> DeliveryRequest:
    raw_path, _, query = target.encode("latin-1").partition(b"?")
    return parse_request(raw_path, query, max_url_bytes=1000, max_pairs=200)


def refused(target: str) -> BytewardError:
    with pytest.raises(BytewardError) as caught:
        parse(target)
    return caught.value


def test_account_slug_and_path_come_from_the_raw_target() -> None:
    request = parse("/W142hJk/raw/a%20b/%C3%BC%21.txt")
    assert (request.account_id, request.slug) == ("W142hJk", "raw")
    assert request.path.segments == ("a b", "ü!.txt")


@pytest.mark.parametrize(
    ("target", "segments"),
    [
        ("/W142hJk/raw/a%2Fb", ("a", "b")),
        ("/W142hJk/raw/a+b", ("a+b",)),
        ("/W142hJk/raw/a//b/", ("a", "", "b", "")),
        ("/W142hJk/raw/%252e", ("%2e",)),
        ("/W142hJk/raw/a%3Fb", ("a?b",)),
        ("/W142hJk/raw/a%5Cb", ("a\\b",)),
    ],
)
def test_a_path_is_decoded_once_and_kept_as_it_is(target: str, segments: tuple[str, ...]) -> None:
    assert parse(target).path.segments == segments


_NAME = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8)


@given(st.lists(_NAME))
def test_the_path_of_a_client_url_is_the_path_that_was_meant(names: list[str]) -> None:
    text = "/" + "/".join(names)
    if {".", ".."} & set(names) or text.startswith("//") or text == "/":
        return
    path = FilePath.parse(text)
    raw = b"/W142hJk/raw" + url_path(path).encode()
    request = parse_request(raw, b"", max_url_bytes=100_000, max_pairs=1)
    assert request.path == path


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/", ErrorCode.CHECK_PATH),
        ("/W142hJk", ErrorCode.CHECK_PATH),
        ("/favicon.ico", ErrorCode.CHECK_PATH),
        ("*", ErrorCode.CHECK_PATH),
        ("/W142hJ0/raw/x", ErrorCode.ACCOUNT_NOT_FOUND),
        ("/W142hJk%2Fraw/raw/x", ErrorCode.ACCOUNT_NOT_FOUND),
        ("/W142hJk/raw", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/a/../b", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/a/%2e%2e/b", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/a%2F..%2Fb", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/a%00b", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/a%C2%80b", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/a%b", ErrorCode.INVALID_PATH_ENCODING),
        ("/W142hJk/raw/a%", ErrorCode.INVALID_PATH_ENCODING),
        ("/W142hJk/raw/%ff", ErrorCode.INVALID_PATH_ENCODING),
        ("/W142hJk/raw/%ED%A0%80", ErrorCode.INVALID_PATH_ENCODING),
        ("/W142hJk/raw/x?path=/a/../b", ErrorCode.INVALID_PATH),
        ("/W142hJk/raw/x?path=a", ErrorCode.INVALID_PATH),
    ],
)
def test_what_is_not_of_the_grammar_is_refused(target: str, code: ErrorCode) -> None:
    assert refused(target).code is code


def test_a_target_at_the_limit_passes_and_one_past_it_does_not() -> None:
    head = "/W142hJk/raw/x?zz="
    assert parse(head + "y" * (1000 - len(head))).path.name == "x"
    assert refused(head + "y" * (1001 - len(head))).code is ErrorCode.URL_TOO_LONG
    assert refused(head + "y" * 100_000).code is ErrorCode.URL_TOO_LONG


def test_two_hundred_pairs_pass_and_one_more_does_not() -> None:
    assert len(parse("/W142hJk/raw/x?" + "&".join(["a"] * 200)).pairs) == 200
    assert refused("/W142hJk/raw/x?" + "&".join(["a"] * 201)).code is ErrorCode.INVALID_PARAMETER


def test_a_bang_starts_the_query_and_a_later_question_mark_adds_to_it() -> None:
    request = parse("/W142hJk/video/a.mp4!f=x&h=1?meta-u=1")
    assert request.path.text == "/a.mp4"
    assert request.pairs == (("f", "x"), ("h", "1"), ("meta-u", "1"))


def test_a_bang_inside_a_query_is_data() -> None:
    assert parse("/W142hJk/image/a?text=a!b%20c+d").pairs == (("text", "a!b c+d"),)


def test_pairs_keep_order_and_repetition_and_lose_empty_ones() -> None:
    pairs = parse("/W142hJk/image/a?file=1&&file=2&h&=v&x=a=b").pairs
    assert pairs == (("file", "1"), ("file", "2"), ("h", ""), ("", "v"), ("x", "a=b"))


@pytest.mark.parametrize("name", ["cache-ttl", "cache_ttl"])
def test_every_spelling_of_a_lifetime_is_read(name: str) -> None:
    assert parse(f"/W142hJk/raw/x?{name}=100").cache_ttl == 100


@pytest.mark.parametrize("name", ["version", "v", "_version", "_v"])
def test_every_spelling_of_version_counts(name: str) -> None:
    assert parse(f"/W142hJk/raw/x?{name}=42").is_versioned


@pytest.mark.parametrize(
    ("query", "cacheable", "download"),
    [
        ("", True, False),
        ("cache=false", False, False),
        ("_cache=FALSE", False, False),
        ("cache=undefined&download=null", True, False),
        ("_download=true", True, True),
        ("download=false", True, False),
    ],
)
def test_flags(query: str, cacheable: bool, download: bool) -> None:
    request = parse(f"/W142hJk/raw/x?{query}")
    assert (request.is_cacheable, request.is_download) == (cacheable, download)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("cache-ttl=abc", "cache-ttl"),
        ("cache_ttl=-1", "cache-ttl"),
        ("cache-ttl=", "cache-ttl"),
        ("cache-ttl=1_0", "cache-ttl"),
        ("cache-ttl=%D9%A1", "cache-ttl"),
        ("cache-ttl-404=nan", "cache-ttl-404"),
        ("cache=yes", "cache"),
        ("download=file.txt", "download"),
        ("path=/a&path=/b", "path"),
    ],
)
def test_a_bad_value_names_its_parameter(query: str, parameter: str) -> None:
    error = refused(f"/W142hJk/raw/x?{query}")
    assert error.code is ErrorCode.INVALID_PARAMETER
    assert error.details is not None
    assert error.details["parameter"] == parameter


def test_lifetimes_are_whole_seconds_of_at_most_a_year() -> None:
    assert parse("/W142hJk/raw/x?cache-ttl=9.9").cache_ttl == 9
    assert parse("/W142hJk/raw/x?cache-ttl=99999999999").cache_ttl == MAX_TTL_SECONDS


def test_the_parameter_path_replaces_the_path_of_the_url() -> None:
    request = parse("/W142hJk/raw/x.jpg?path=/private/y.jpg")
    assert (request.path.text, request.url_path.text) == ("/private/y.jpg", "/x.jpg")


def test_nothing_may_stand_beside_an_encrypted_query() -> None:
    assert parse("/W142hJk/raw/x?enc=1.k.iv.ct").has_secure_parameters
    assert refused("/W142hJk/raw/x?enc=1.k.iv.ct&w=1").code is ErrorCode.INVALID_PARAMETER


def test_a_decrypted_query_replaces_everything_the_clear_one_said() -> None:
    outer = parse("/W142hJk/image/x.jpg?enc=1.k.iv.ct")
    request = outer.with_decrypted_query(b"w=800&exp=inf&path=/private/p.jpg", max_pairs=200)
    assert request.pairs == (("w", "800"), ("exp", "inf"), ("path", "/private/p.jpg"))
    assert request.path.text == "/private/p.jpg"
    assert request.enc is None
    assert request.has_secure_parameters


def test_a_signature_is_seen_however_its_name_is_spelled() -> None:
    assert parse("/W142hJk/raw/x?%73ig=1").has_secure_parameters


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_make_it_fail_otherwise_than_by_a_refusal(path: bytes, query: bytes) -> None:
    status = 200
    try:
        parse_request(b"/W142hJk/raw/" + path, query, max_url_bytes=1000, max_pairs=200)
    except BytewardError as error:
        status = error.status
    assert status in {200, 400, 414}

"""`exp` is seconds, milliseconds or `inf`, and holds to the second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.identity.url_expiry import (
    UrlExpiry,
    check_expiry,
    check_lifetime,
    parse_expiry,
    read_expiry,
)
from byteward.identity.url_target import RawPair

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("text", "expires_at"),
    [
        ("0", 0.0),
        ("1800000000", NOW),
        ("99999999999", 99_999_999_999.0),
        ("100000000000", 100_000_000.0),
        ("1800000000500", NOW + 0.5),
        ("9999999999999999", 9_999_999_999_999.999),
        ("inf", None),
    ],
)
def test_it_is_read(text: str, expires_at: float | None) -> None:
    assert parse_expiry(text) == UrlExpiry(expires_at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-1",
        "+1",
        "1.5",
        "1e9",
        "INF",
        "infinity",
        " 1",
        "1\n",
        "1_0",
        "\u0661",
        "1" * 17,
    ],
)
def test_other_texts_are_400(text: str) -> None:
    with pytest.raises(BytewardError) as refused:
        parse_expiry(text)
    assert refused.value.code is ErrorCode.INVALID_PARAMETER
    assert refused.value.details is not None
    assert refused.value.details["parameter"] == "exp"


def test_a_pair_is_decoded_and_may_stand_once() -> None:
    assert read_expiry([RawPair(b"exp=%31800000000")]) == UrlExpiry(NOW)
    for pairs in ([RawPair(b"exp=1")] * 2, [RawPair(b"exp=%ff")], [RawPair(b"exp")]):
        with pytest.raises(BytewardError) as refused:
            read_expiry(pairs)
        assert refused.value.status == 400


def test_a_url_ends_at_the_second_it_names() -> None:
    check_expiry(UrlExpiry(NOW), NOW - 0.001)
    check_expiry(UrlExpiry(None), NOW)
    with pytest.raises(BytewardError) as refused:
        check_expiry(UrlExpiry(NOW), NOW)
    assert refused.value.code is ErrorCode.URL_EXPIRED


def test_the_operator_may_cap_the_lifetime() -> None:
    check_lifetime(UrlExpiry(None), NOW, None)
    check_lifetime(UrlExpiry(NOW + 60), NOW, 60)
    for expiry in (UrlExpiry(NOW + 61), UrlExpiry(None)):
        with pytest.raises(BytewardError) as refused:
            check_lifetime(expiry, NOW, 60)
        assert refused.value.code is ErrorCode.EXP_TOO_FAR


@given(st.text(max_size=20))
def test_any_text_is_read_or_400(text: str) -> None:
    status = 400
    try:
        parse_expiry(text)
    except BytewardError as refused:
        status = refused.status
    assert status == 400

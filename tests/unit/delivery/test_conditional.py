"""Preconditions in the order of RFC 9110 §13.2.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.delivery.conditional import Outcome, evaluate, range_is_current
from byteward.delivery.http_date import format_http_date, parse_http_date

MODIFIED = 1735787045
SAME = b"Thu, 02 Jan 2025 03:04:05 GMT"
EARLIER = b"Thu, 02 Jan 2025 03:04:04 GMT"
PROCEED, NOT_MODIFIED, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.FAILED


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, PROCEED),
        ({b"if-none-match": b'"e1"'}, NOT_MODIFIED),
        ({b"if-none-match": b'W/"e1"'}, NOT_MODIFIED),
        ({b"if-none-match": b'"zzz", "e1"'}, NOT_MODIFIED),
        ({b"if-none-match": b"*"}, NOT_MODIFIED),
        ({b"if-none-match": b'"zzz"'}, PROCEED),
        ({b"if-none-match": b"e1"}, PROCEED),
        ({b"if-modified-since": SAME}, NOT_MODIFIED),
        ({b"if-modified-since": EARLIER}, PROCEED),
        ({b"if-modified-since": b"yesterday"}, PROCEED),
        ({b"if-none-match": b'"zzz"', b"if-modified-since": SAME}, PROCEED),
        ({b"if-match": b'"zzz"'}, FAILED),
        ({b"if-match": b'W/"e1"'}, FAILED),
        ({b"if-match": b'"e1"'}, PROCEED),
        ({b"if-match": b"*"}, PROCEED),
        ({b"if-match": b'"zzz"', b"if-none-match": b'"e1"'}, FAILED),
        ({b"if-match": b'"e1"', b"if-unmodified-since": EARLIER}, PROCEED),
        ({b"if-unmodified-since": EARLIER}, FAILED),
        ({b"if-unmodified-since": SAME}, PROCEED),
        ({b"if-unmodified-since": SAME, b"if-none-match": b'"e1"'}, NOT_MODIFIED),
    ],
)
def test_outcome(headers: dict[bytes, bytes], expected: Outcome) -> None:
    assert evaluate(headers, etag='"e1"', modified_at=MODIFIED) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, True),
        (b'"e1"', True),
        (b'"old"', False),
        (b'W/"e1"', False),
        (SAME, True),
        (EARLIER, False),
        (b"soon", False),
    ],
)
def test_if_range(value: bytes | None, expected: bool) -> None:
    headers = {} if value is None else {b"if-range": value}
    assert range_is_current(headers, etag='"e1"', modified_at=MODIFIED) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_all_three_forms_of_a_date_are_read(text: str) -> None:
    assert parse_http_date(text) == 784111777


@pytest.mark.parametrize(
    "text", ["", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "0", "Sun, 06 Nov"]
)
def test_what_is_no_date_is_ignored(text: str) -> None:
    assert parse_http_date(text) is None


@given(st.integers(0, 4102444800))
def test_a_written_date_is_read_back(seconds: int) -> None:
    assert parse_http_date(format_http_date(seconds)) == seconds


@given(st.binary(max_size=80))
def test_no_header_makes_it_fail(value: bytes) -> None:
    for name in (b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"):
        assert evaluate({name: value}, etag='"e1"', modified_at=MODIFIED) in Outcome
    assert range_is_current({b"if-range": value}, etag='"e1"', modified_at=1) in {True, False}

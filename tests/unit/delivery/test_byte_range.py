"""The Range header against RFC 9110 §14."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.delivery.byte_range import parse_range
from byteward.errors import BytewardError, ErrorCode


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"bytes=0-12", "bytes 0-12/1000"),
        (b"bytes=0-0", "bytes 0-0/1000"),
        (b"bytes=-10", "bytes 990-999/1000"),
        (b"bytes=990-", "bytes 990-999/1000"),
        (b"bytes=0-99999", "bytes 0-999/1000"),
        (b"bytes=-99999", "bytes 0-999/1000"),
        (b"Bytes=5-6", "bytes 5-6/1000"),
        (b" bytes=5-6\t", "bytes 5-6/1000"),
    ],
)
def test_one_range_is_served(header: bytes, expected: str) -> None:
    span = parse_range(header, 1000)
    assert span is not None
    assert span.content_range == expected


@pytest.mark.parametrize(
    "header",
    [
        b"lines=1-2",
        b"bytes=0-1,3-4",
        b"bytes=0-1,",
        b"bytes=2-1",
        b"bytes=-",
        b"bytes=",
        b"bytes",
        b"",
        b"bytes=+1-2",
        b"bytes=1_0-20",
        b"bytes= 1-2",
        b"bytes=1 -2",
        b"bytes=0x1-2",
        "bytes=\u0661-\u0662".encode(),
        b"bytes=" + b"1" * 20 + b"-",
        b"bytes=0-" + b"," * 5000,
    ],
)
def test_several_ranges_other_units_and_bad_syntax_mean_the_whole_body(header: bytes) -> None:
    assert parse_range(header, 1000) is None


@pytest.mark.parametrize("header", [b"bytes=1000-", b"bytes=2000-3000", b"bytes=-0"])
def test_a_range_behind_the_end_is_416_and_tells_the_length(header: bytes) -> None:
    with pytest.raises(BytewardError) as caught:
        parse_range(header, 1000)
    assert caught.value.code is ErrorCode.RANGE_NOT_SATISFIABLE
    assert caught.value.headers == {"content-range": "bytes */1000"}


def test_the_end_of_an_empty_body_is_the_empty_body() -> None:
    assert parse_range(b"bytes=-5", 0) is None


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_served_range_lies_inside_the_body(first: int, last: int, size: int) -> None:
    for header in (b"bytes=%d-%d" % (first, last), b"bytes=%d-" % first, b"bytes=-%d" % last):
        try:
            span = parse_range(header, size)
        except BytewardError:
            continue
        assert span is None or 0 <= span.start < span.end <= size
        assert span is None or span.length == span.end - span.start

"""What a request must be before anything looks at it."""

from __future__ import annotations

import pytest

from byteward.config import HttpSettings
from byteward.errors import BytewardError, ErrorCode
from byteward.http.request_checks import check_headers

HOST = (b"host", b"cdn.example")
LIMITS = HttpSettings()


def check(*lines: tuple[bytes, bytes], version: str = "1.1") -> dict[bytes, bytes]:
    return check_headers(list(lines), LIMITS, version)


@pytest.mark.parametrize(
    "host", [b"a.example", b"localhost:8080", b"127.0.0.1:80", b"[::1]:8081", b"my_host"]
)
def test_a_host_of_the_grammar_passes(host: bytes) -> None:
    assert check((b"host", host))[b"host"] == host


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [(b"host", b"")],
        [(b"host", b"a b")],
        [(b"host", b"a/b")],
        [(b"host", b"a@b")],
        [(b"host", b"a:99999999")],
        [(b"host", b"a,b")],
        [HOST, HOST],
        [HOST, (b"content-length", b"1"), (b"content-length", b"1")],
        [HOST, (b"content-length", b"+1")],
        [HOST, (b"content-length", b"1_0")],
        [HOST, (b"content-length", b"1, 1")],
        [HOST, (b"content-length", b"")],
        [HOST, (b"content-length", b"9" * 20)],
        [HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
        [HOST, (b"transfer-encoding", b"gzip, chunked")],
        [HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
    ],
)
def test_bad_framing_is_refused_and_closes(lines: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BytewardError) as caught:
        check(*lines)
    assert caught.value.code is ErrorCode.INVALID_REQUEST
    assert caught.value.headers == {"connection": "close"}


def test_http_1_0_needs_no_host() -> None:
    assert check((b"host", b""), version="1") == {b"host": b""}


def test_chunked_is_a_transfer_coding_in_any_case() -> None:
    assert b"transfer-encoding" in check(HOST, (b"transfer-encoding", b"Chunked"))


_ROOM = LIMITS.max_header_bytes - sum(map(len, HOST))


@pytest.mark.parametrize(
    ("passing", "failing"),
    [
        ([(b"x%d" % n, b"") for n in range(99)], [(b"x%d" % n, b"") for n in range(100)]),
        ([(b"x", b"y" * 16383)], [(b"x", b"y" * 16384)]),
        (
            [(b"a", b"y" * 16000), (b"b", b"y" * 16000), (b"c", b"y" * (_ROOM - 32003))],
            [(b"a", b"y" * 16000), (b"b", b"y" * 16000), (b"c", b"y" * (_ROOM - 32002))],
        ),
        (
            [(b"a", b"y" * 8000)] * 4 + [(b"b", b"y" * (_ROOM - 32005))],
            [(b"a", b"y" * 8000)] * 4 + [(b"b", b"y" * (_ROOM - 32004))],
        ),
    ],
)
def test_limits_hold_at_the_limit_and_one_past_it(
    passing: list[tuple[bytes, bytes]], failing: list[tuple[bytes, bytes]]
) -> None:
    check(HOST, *passing)
    with pytest.raises(BytewardError) as caught:
        check(HOST, *failing)
    assert caught.value.code is ErrorCode.HEADERS_TOO_LARGE


def test_repeated_entity_tag_lists_are_one_list() -> None:
    headers = check(HOST, (b"if-none-match", b'"a"'), (b"if-none-match", b'"b"'))
    assert headers[b"if-none-match"] == b'"a", "b"'


@pytest.mark.parametrize("at_most", [None, 100, 20_000, 40_000, 1_000_000])
def test_a_known_bound_changes_nothing_about_what_is_too_large(at_most: int | None) -> None:
    fits = [HOST, *((b"x%d" % n, b"y" * 4000) for n in range(at_most // 5000 if at_most else 0))]
    size = sum(len(name) + len(value) for name, value in fits)
    if size <= LIMITS.max_header_bytes:
        assert len(check_headers(fits, LIMITS, "1.1", at_most)) == len(fits)
        return
    with pytest.raises(BytewardError) as caught:
        check_headers(fits, LIMITS, "1.1", at_most)
    assert caught.value.code is ErrorCode.HEADERS_TOO_LARGE


def test_a_long_line_is_refused_also_below_the_total() -> None:
    with pytest.raises(BytewardError):
        check_headers([HOST, (b"x", b"y" * 20_000)], LIMITS, "1.1", 20_100)

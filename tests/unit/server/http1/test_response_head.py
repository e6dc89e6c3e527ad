"""What an application may say about its response, and how it goes out."""

from __future__ import annotations

import pytest

from byteward.server.http1.response_head import (
    BadResponseError,
    ResponseHead,
    date_line,
    has_no_content,
    may_have_body,
    status_line,
)


def test_lines_go_out_as_they_are_and_those_of_the_connection_do_not() -> None:
    head = ResponseHead(
        200,
        [
            (b"content-length", b"3"),
            (b"Transfer-Encoding", b"chunked"),
            (b"connection", b"close"),
            (b"date", b"never"),
            (b"x-a", b"b"),
        ],
    )
    assert head.block == b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx-a: b\r\n"
    assert (head.length, head.closes) == (3, True)


@pytest.mark.parametrize(
    "line",
    [
        (b"x-a", b"b\r\nx-b: c"),
        (b"x-a", b"b\n"),
        (b"x-a", b"b\x00"),
        (b"x a", b"b"),
        (b"x-a: b\r\nx-b", b"c"),
        (b"", b"b"),
        (b"content-length", b"-1"),
        (b"content-length", b"1, 1"),
    ],
)
def test_a_line_that_could_start_another_one_is_not_sent(line: tuple[bytes, bytes]) -> None:
    with pytest.raises(BadResponseError):
        ResponseHead(200, [line])


def test_two_lengths_are_not_sent() -> None:
    with pytest.raises(BadResponseError):
        ResponseHead(200, [(b"content-length", b"1"), (b"content-length", b"1")])


def test_a_204_has_no_length() -> None:
    assert ResponseHead(204, [(b"content-length", b"0")]).block == b"HTTP/1.1 204 No Content\r\n"


def test_statuses_and_dates() -> None:
    assert status_line(299) == b"HTTP/1.1 299 Unknown\r\n"
    assert date_line(784111777) == b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


@pytest.mark.parametrize(
    ("method", "status", "is_possible"),
    [("GET", 200, True), ("HEAD", 200, False), ("GET", 204, False), ("GET", 304, False)],
)
def test_which_responses_have_bodies(method: str, status: int, is_possible: bool) -> None:
    assert may_have_body(method, status) is is_possible
    assert has_no_content(status) is (status in {204, 304})

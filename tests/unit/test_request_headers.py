"""Request headers: what is worked out of their lines once."""

from __future__ import annotations

import pytest

from byteward.request_headers import RequestHeaders

IDENTIFYING = (b"authorization", b"authorization-token", b"cookie", b"origin", b"referer")
TOKEN = (b"authorization", b"Bearer x")


def test_values_are_found_by_name_and_lines_keep_their_order() -> None:
    headers = RequestHeaders([(b"b", b"1"), (b"a", b"2")])
    assert headers[b"a"] == b"2"
    assert headers.lines == ((b"b", b"1"), (b"a", b"2"))
    assert not headers.is_repeating


def test_of_a_repeated_name_the_last_value_is_found() -> None:
    headers = RequestHeaders([(b"a", b"1"), (b"a", b"2")])
    assert headers[b"a"] == b"2"
    assert headers.is_repeating


@pytest.mark.parametrize("name", IDENTIFYING)
def test_only_what_can_be_a_credential_counts_as_one(name: bytes) -> None:
    headers = RequestHeaders([(name, b"a")])
    assert headers.has_credential is (name not in {b"origin", b"referer"})
    assert (headers.identity is not None) is headers.has_credential


def test_whatever_authentication_reads_is_in_the_identity() -> None:
    every: list[list[tuple[bytes, bytes]]] = [
        [TOKEN],
        [(b"authorization", b"Bearer y")],
        [(b"authorization-token", b"Bearer x")],
        [(b"cookie", b"Bearer x")],
        [TOKEN, (b"authorization-token", b"a")],
        [TOKEN, (b"cookie", b"a")],
        [TOKEN, (b"origin", b"a")],
        [TOKEN, (b"referer", b"a")],
        [TOKEN, (b"origin", b"a"), (b"referer", b"a")],
        [TOKEN, (b"origin", b"")],
        [TOKEN, (b"origin", b"a\ra")],
    ]
    identities = [RequestHeaders(lines).identity for lines in every]
    assert None not in identities
    assert len(set(identities)) == len(every)


def test_nothing_else_is_in_the_identity() -> None:
    other = RequestHeaders([(b"accept", b"a"), TOKEN, (b"host", b"h")])
    assert other.identity == RequestHeaders([TOKEN]).identity


@pytest.mark.parametrize(
    "lines",
    [
        [TOKEN, TOKEN],
        [TOKEN, (b"authorization", b"Bearer y")],
        [TOKEN, (b"accept", b"a"), (b"accept", b"b")],
        [(b"cookie", b"a\nb")],
        [(b"origin", b"\n"), TOKEN],
    ],
)
def test_where_a_digest_would_not_tell_all_there_is_none(lines: list[tuple[bytes, bytes]]) -> None:
    headers = RequestHeaders(lines)
    assert headers.has_credential
    assert headers.identity is None


def test_the_identity_does_not_show_the_credential() -> None:
    assert b"Bearer" not in (RequestHeaders([TOKEN]).identity or b"Bearer")

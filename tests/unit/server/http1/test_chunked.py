"""Chunked bodies: however they are cut, the same bytes; whatever is malformed, refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.server.http1.chunked import (
    MAX_SIZE_LINE_BYTES,
    MAX_TRAILER_BYTES,
    BadChunkError,
    ChunkedDecoder,
)

BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
NEXT = b"GET / HTTP/1.1\r\n"


def encode(pieces: Sequence[bytes], extension: bytes = b"", trailers: bytes = b"") -> bytes:
    chunks = b"".join(b"%X%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces)
    return chunks + b"0" + extension + b"\r\n" + trailers + b"\r\n"


def decode(parts: Sequence[bytes]) -> tuple[bytes, bytes, bool]:
    decoder = ChunkedDecoder()
    body = rest = b""
    for part in parts:
        if decoder.is_complete:
            rest += part
            continue
        pieces, rest = decoder.feed(part)
        body += b"".join(pieces)
    return body, rest, decoder.is_complete


@given(
    pieces=BODIES,
    extension=st.sampled_from([b"", b";a", b' ; a="b;c"', b"\t;x=1"]),
    trailers=st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: b\r\nC:\r\n"]),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_a_body_is_the_same_wherever_it_is_cut(
    pieces: Sequence[bytes], extension: bytes, trailers: bytes, cuts: Sequence[int]
) -> None:
    data = encode(pieces, extension, trailers) + NEXT
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(edges)]
    assert decode(parts) == (b"".join(pieces), NEXT, True)
    single = [data[at : at + 1] for at in range(len(data))]
    assert decode(single) == (b"".join(pieces), NEXT, True)


@given(pieces=BODIES, size=st.integers(0, 300))
def test_a_cut_body_is_never_complete(pieces: Sequence[bytes], size: int) -> None:
    data = encode(pieces)
    body, rest, is_complete = decode([data[: min(size, len(data) - 1)]])
    assert not is_complete
    assert rest == b""
    assert b"".join(pieces).startswith(body)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\na\r\n",
        b"+1\r\na\r\n",
        b"0x1\r\na\r\n",
        b"1_0\r\n",
        b" 1\r\na\r\n",
        b"1 \r\na\r\n",
        b"1a b\r\n",
        b"f" * 16 + b"\r\n",
        b"1\na\n0\n\n",
        b"1\ra\r",
        b"1\r\nab\r\n",
        b"1\r\na\n",
        b"1\r\na\r\r\n",
        b"1;a\nb\r\na\r\n",
        b"1;a\rb\r\na\r\n",
        b"1;\x00\r\na\r\n",
        b"1;" + b"a" * MAX_SIZE_LINE_BYTES,
        b"0\r\nno colon\r\n\r\n",
        b"0\r\nX : y\r\n\r\n",
        b"0\r\n X: y\r\n\r\n",
        b"0\r\nX: y\nz\r\n\r\n",
        b"0\r\n" + b"X: " + b"y" * MAX_TRAILER_BYTES,
        b"0\r\n" + b"X: yyyy\r\n" * 1200,
        b"0\r\n\n",
    ],
)
def test_a_malformed_body_is_refused_whole_or_in_single_bytes(data: bytes) -> None:
    with pytest.raises(BadChunkError):
        decode([data])
    with pytest.raises(BadChunkError):
        decode([data[at : at + 1] for at in range(len(data))])


@given(data=st.binary(max_size=60))
def test_bytes_of_any_kind_are_decoded_or_refused(data: bytes) -> None:
    try:
        _, rest, is_complete = decode([data])
    except BadChunkError:
        return
    assert not is_complete or re.match(rb"[0-9a-fA-F]", data)
    assert data.endswith(rest)

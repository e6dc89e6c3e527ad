"""Content codings are undone in bounded pieces, and nothing that is not whole passes for whole."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.outbound.decoding import (
    PIECE_BYTES,
    Coding,
    DecodingError,
    Inflater,
    parse_coding,
)


def bare_deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


def decoded(coding: Coding, raw: bytes, cuts: list[int] | None = None) -> bytes:
    inflater = Inflater(coding)
    ends = sorted({min(cut, len(raw)) for cut in cuts or []} | {0, len(raw)})
    pieces = [raw[start:end] for start, end in itertools.pairwise(ends)]
    found = b"".join(each for piece in pieces for each in inflater.feed(piece))
    inflater.finish()
    return found


ENCODERS: Mapping[str, tuple[Coding, Callable[[bytes], bytes]]] = {
    "gzip": (Coding.GZIP, gzip.compress),
    "two members": (
        Coding.GZIP,
        lambda d: gzip.compress(d[:3], mtime=0) + gzip.compress(d[3:], mtime=0),
    ),
    "deflate": (Coding.DEFLATE, zlib.compress),
    "bare deflate": (Coding.DEFLATE, bare_deflate),
}


@given(
    st.sampled_from(sorted(ENCODERS)),
    st.binary(max_size=300),
    st.integers(1, 400),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_what_was_coded_comes_back_wherever_it_is_cut(
    name: str, data: bytes, times: int, cuts: list[int]
) -> None:
    coding, encode = ENCODERS[name]
    assert decoded(coding, encode(data * times), cuts) == data * times


@given(st.sampled_from(sorted(ENCODERS)), st.binary(min_size=1, max_size=300), st.data())
def test_a_coded_body_that_is_cut_off_is_refused(
    name: str, body: bytes, data: st.DataObject
) -> None:
    coding, encode = ENCODERS[name]
    raw = encode(body)
    # Between two gzip members, the first one is a whole body.
    end = data.draw(st.integers(1, len(raw) - 1))
    if name == "two members" and end == len(gzip.compress(body[:3], mtime=0)):
        return
    with pytest.raises(DecodingError):
        decoded(coding, raw[:end])


@pytest.mark.parametrize("coding", Coding)
def test_a_bomb_comes_in_bounded_pieces(coding: Coding) -> None:
    encode = gzip.compress if coding is Coding.GZIP else zlib.compress
    bomb = encode(bytes(20_000_000))
    assert len(bomb) < 30_000
    sizes = [len(piece) for piece in Inflater(coding).feed(bomb)]
    assert sum(sizes) == 20_000_000
    assert max(sizes) == PIECE_BYTES


@pytest.mark.parametrize(
    ("coding", "raw"),
    [
        (Coding.GZIP, b"plain text"),
        (Coding.GZIP, gzip.compress(b"x", mtime=0) + b"tail"),
        (Coding.DEFLATE, zlib.compress(b"x") + b"tail"),
        (Coding.DEFLATE, b"\xff\xff\xff\xff"),
        (Coding.GZIP, gzip.compress(b"x", mtime=0)[:-8] + bytes(8)),
    ],
)
def test_bytes_of_another_coding_are_refused(coding: Coding, raw: bytes) -> None:
    with pytest.raises(DecodingError):
        decoded(coding, raw)


def test_an_empty_body_is_empty_in_every_coding() -> None:
    assert {decoded(coding, b"") for coding in Coding} == {b""}


@pytest.mark.parametrize("text", [None, "", "identity", " Identity "])
def test_no_coding_is_none(text: str | None) -> None:
    assert parse_coding(text) is None


def test_the_codings_that_are_understood() -> None:
    assert [parse_coding(text) for text in ("gzip", "X-GZIP", "deflate")] == [
        Coding.GZIP,
        Coding.GZIP,
        Coding.DEFLATE,
    ]


@pytest.mark.parametrize("text", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "*"])
def test_other_codings_are_refused(text: str) -> None:
    with pytest.raises(DecodingError):
        parse_coding(text)

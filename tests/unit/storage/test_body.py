from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.storage import body as body_module
from byteward.storage.body import blocks_of
from byteward.storage.port import Body


def _refuse() -> BytewardError:
    return BytewardError(ErrorCode.FILE_TOO_LARGE, "too large")


async def _iterate(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _blocks(body: Body, limit: int | None = None) -> list[bytes]:
    async def collect() -> list[bytes]:
        return [bytes(block) async for block in blocks_of(body, limit, _refuse)]

    return asyncio.run(collect())


@given(st.lists(st.binary(max_size=25), max_size=12))
def test_blocks_are_whole_but_the_last_and_lose_nothing(pieces: list[bytes]) -> None:
    with mock.patch.object(body_module, "BLOCK_BYTES", 10):
        blocks = _blocks(_iterate(pieces))
    assert b"".join(blocks) == b"".join(pieces)
    assert all(len(block) == 10 for block in blocks[:-1])
    assert all(1 <= len(block) <= 10 for block in blocks[-1:])


def test_bytes_are_cut_like_a_stream() -> None:
    with mock.patch.object(body_module, "BLOCK_BYTES", 4):
        assert _blocks(b"0123456789") == [b"0123", b"4567", b"89"]


def test_an_empty_body_has_no_block() -> None:
    assert _blocks(b"") == []


@pytest.mark.parametrize(("limit", "is_refused"), [(9, True), (10, False), (11, False)])
def test_one_byte_over_the_limit_is_refused(limit: int, *, is_refused: bool) -> None:
    if not is_refused:
        assert _blocks(_iterate([b"01234", b"56789"]), limit) == [b"0123456789"]
        return
    with pytest.raises(BytewardError) as caught:
        _blocks(_iterate([b"01234", b"56789"]), limit)
    assert caught.value.code == ErrorCode.FILE_TOO_LARGE


def test_nothing_is_read_past_the_limit() -> None:
    read: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 10

    with pytest.raises(BytewardError):
        _blocks(endless(), 25)
    assert len(read) == 3

"""A request body cut into blocks while it arrives (pure but for the body itself)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable

from byteward.errors import BytewardError
from byteward.storage.file_system import Buffer
from byteward.storage.port import BLOCK_BYTES, Body


async def blocks_of(
    body: Body, limit: int | None, refuse: Callable[[], BytewardError]
) -> AsyncGenerator[Buffer, None]:
    """Yield blocks of `BLOCK_BYTES`, the last one shorter; each is the receiver's to keep.

    Raises:
        BytewardError: what `refuse` makes, as soon as more than `limit` bytes have come.
    """
    taken = 0
    pending = bytearray()
    async with contextlib.aclosing(_pieces_of(body)) as pieces:
        async for piece in pieces:
            taken += len(piece)
            if limit is not None and taken > limit:
                raise refuse()
            rest = memoryview(piece)
            while len(pending) + len(rest) >= BLOCK_BYTES:
                room = BLOCK_BYTES - len(pending)
                pending += rest[:room]
                rest = rest[room:]
                yield pending
                pending = bytearray()
            pending += rest
    if pending:
        yield pending


async def _pieces_of(body: Body) -> AsyncGenerator[bytes, None]:
    if isinstance(body, bytes):
        yield body
        return
    async for piece in body:
        yield piece

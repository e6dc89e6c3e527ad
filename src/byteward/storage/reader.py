"""Verified reading of one object, a block ahead of whoever sends it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import weakref
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Self

from byteward.errors import BytewardError, ErrorCode
from byteward.storage.digests import block_matches
from byteward.storage.file_system import FileSystem
from byteward.storage.port import BLOCK_BYTES


class CorruptBlockError(BytewardError):
    """A block of the object is not what was stored."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.STORAGE_ERROR, "the stored bytes of the file are damaged")


def read_block(files: FileSystem, file: int, index: int, block_digests: bytes | None) -> bytes:
    """Read block `index` whole and compare it with its digest; None: do not compare.

    Raises:
        CorruptBlockError: it differs, or the file ends before it.
        BytewardError: `storage_error` when the system cannot read it.
    """
    offset = index * BLOCK_BYTES
    try:
        block = files.read_at(file, BLOCK_BYTES, offset)
        while 0 < len(block) < BLOCK_BYTES:
            more = files.read_at(file, BLOCK_BYTES - len(block), offset + len(block))
            if not more:
                break
            block += more
    except OSError as error:
        raise unreadable() from error
    # SECURITY: compared before a byte of it is handed out, so damage is an error and never wrong
    # bytes under a success.
    if not block or (block_digests is not None and not block_matches(block, index, block_digests)):
        raise CorruptBlockError
    return block


def unreadable() -> BytewardError:
    """`storage_error` for bytes that the system cannot read."""
    return BytewardError(ErrorCode.STORAGE_ERROR, "the stored bytes of the file cannot be read")


class BlockReader:
    """Pieces of an open file from `start` up to, not including, `end`.

    Args:
        first_block: the verified block that holds `start`.
        block_digests: None: blocks are not compared.
        on_corrupt: called in the event loop when a block does not match.
    """

    def __init__(
        self,
        files: FileSystem,
        executor: Executor,
        file: int,
        *,
        start: int,
        end: int,
        first_block: bytes,
        block_digests: bytes | None,
        on_corrupt: Callable[[], None],
    ) -> None:
        self._files = files
        self._executor = executor
        self._file = file
        self._position = start
        self._end = end
        self._block_digests = block_digests
        self._on_corrupt = on_corrupt
        self._ahead: concurrent.futures.Future[bytes] | None = concurrent.futures.Future()
        self._ahead.set_result(first_block)
        # A reader that was dropped without `aclose` must not keep its descriptor.
        self._close = weakref.finalize(self, _close_file, files, file)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._position >= self._end or not self._close.alive:
            await self.aclose()
            raise StopAsyncIteration
        block = await self._next_block()
        block_start = self._position // BLOCK_BYTES * BLOCK_BYTES
        first = self._position - block_start
        piece = block[first : self._end - block_start]
        self._position += len(piece)
        if not piece:
            raise CorruptBlockError
        self._read_ahead()
        return piece

    async def aclose(self) -> None:
        """Release the file once no thread reads from it."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and not ahead.cancel():
            with contextlib.suppress(BytewardError):
                await asyncio.shield(asyncio.wrap_future(ahead))
        self._close()

    async def _next_block(self) -> bytes:
        if self._ahead is None:
            self._read_ahead()
        ahead = self._ahead
        if ahead is None:
            raise StopAsyncIteration
        try:
            block = ahead.result() if ahead.done() else await asyncio.wrap_future(ahead)
        except CorruptBlockError:
            self._on_corrupt()
            raise
        self._ahead = None
        return block

    def _read_ahead(self) -> None:
        if self._position < self._end:
            self._ahead = self._executor.submit(
                read_block,
                self._files,
                self._file,
                self._position // BLOCK_BYTES,
                self._block_digests,
            )


def _close_file(files: FileSystem, file: int) -> None:
    with contextlib.suppress(OSError):
        files.close(file)

"""Stored bytes onto the connection: from memory, in verified pieces, or as a file.

Three ways, in this order. Small objects are read whole, verified before the first header, and kept
in memory. Larger ones are streamed in pieces of at most one block, each verified before it is sent;
a bad block breaks the connection, so that no short or wrong body looks complete. Where the operator
has switched verification off, a whole file may be handed to the server's file-sending extension.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from byteward.delivery.asgi import BODY, PATHSEND, START, Scope, Send, send_response
from byteward.delivery.byte_range import ByteRange
from byteward.delivery.memory_cache import MemoryCache
from byteward.delivery.representation import Representation
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine
from byteward.storage.port import ObjectReader


class ObjectBytes(Protocol):
    """Where bodies are read from: the part of `ObjectStore` that delivery needs."""

    async def read_whole(self, object_id: str, size_bytes: int, block_digests: bytes) -> bytes:
        """A small object, whole."""
        ...

    async def read(
        self, object_id: str, start: int, end: int, block_digests: bytes
    ) -> ObjectReader:
        """A part of an object."""
        ...

    def path_of(self, object_id: str) -> str | None:
        """Its file, for the server's file-sending extension."""
        ...


class BodySender:
    """Sends representations of one worker.

    Args:
        store: where objects are.
        cache: small objects.
        verify_reads: pieces are verified, so files must pass through this process.
        write_stall_seconds: longest wait for a client that takes nothing.
    """

    def __init__(
        self,
        store: ObjectBytes,
        cache: MemoryCache,
        *,
        verify_reads: bool,
        write_stall_seconds: float,
    ) -> None:
        self._store = store
        self._cache = cache
        self._verify_reads = verify_reads
        self._write_stall_seconds = write_stall_seconds

    def in_memory(self, found: Representation, span: ByteRange | None) -> bytes | None:
        """The bytes to send, if they are at hand.

        Args:
            found: what to send; the caller was authorised for it on this very request.
            span: which part; None for all.
        """
        body = self._cache.get(found.file.object_id)
        if body is None or span is None:
            return body
        return body[span.start : span.end]

    async def send(
        self,
        scope: Scope,
        send: Send,
        status: int,
        lines: list[HeaderLine],
        found: Representation,
        span: ByteRange | None,
    ) -> None:
        """Send a 200 or 206 whose body is not in memory.

        Args:
            scope: of the request; says whether the server can send files by itself.
            send: of the request.
            status: 200, or 206 when `span` is given.
            lines: complete response headers.
            found: what to send.
            span: which part; None for all.

        Raises:
            ObjectMissingError: there is no such object; nothing was sent.
            BytewardError: `storage_error` for bytes that do not verify, `request_timeout` for a
                client that stalls. When something was sent before, the connection must be broken.
        """
        file = found.file
        if found.size_bytes <= max(self._cache.max_object_bytes, 1):
            body = await self._read_small(found)
            part = body if span is None else body[span.start : span.end]
            await send_response(send, status, lines, part)
            return
        path = None if span or self._verify_reads else self._path(scope, file.object_id)
        if path is not None:
            await send({"type": START, "status": status, "headers": lines})
            await send({"type": PATHSEND, "path": path})
            return
        await self._stream(send, status, lines, found, span)

    def _path(self, scope: Scope, object_id: str) -> str | None:
        extensions = scope.get("extensions") or {}
        return self._store.path_of(object_id) if PATHSEND in extensions else None

    async def _read_small(self, found: Representation) -> bytes:
        file = found.file
        body = await self._store.read_whole(file.object_id, found.size_bytes, file.block_digests)
        self._cache.put(file.object_id, body)
        return body

    async def _stream(
        self,
        send: Send,
        status: int,
        lines: list[HeaderLine],
        found: Representation,
        span: ByteRange | None,
    ) -> None:
        file = found.file
        start, end = (0, found.size_bytes) if span is None else (span.start, span.end)
        reader = await self._store.read(file.object_id, start, end, file.block_digests)
        try:
            await send({"type": START, "status": status, "headers": lines})
            await self._send_pieces(send, reader)
        finally:
            await reader.aclose()

    async def _send_pieces(self, send: Send, reader: ObjectReader) -> None:
        async for piece in reader:
            try:
                async with asyncio.timeout(self._write_stall_seconds):
                    await send({"type": BODY, "body": piece, "more_body": True})
            except TimeoutError:
                raise BytewardError(
                    ErrorCode.REQUEST_TIMEOUT, "the client took no bytes for too long"
                ) from None
        await send({"type": BODY, "body": b"", "more_body": False})

"""A worker's side of the transform process: a few connections, one request at a time on each."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.admission import RETRY_AFTER
from byteward.transform.cache import CachedResult
from byteward.transform.wire import (
    MAX_LINE,
    SOCKET_NAME,
    TransformReply,
    TransformRequest,
    read_message,
    write_message,
)

_IDLE_CONNECTIONS: Final = 16
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class TransformClient:
    """Asks the transform process for results.

    Args:
        folder: where its socket lies.
    """

    def __init__(self, folder: Path) -> None:
        # Socket addresses are short, folders are not: the descriptor's name is short.
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._idle: list[Connection] = []

    async def result(self, request: TransformRequest) -> CachedResult:
        """A result that is not there yet.

        INVARIANT: nothing is begun before the loop's next turn. Whoever looks whether a reply is
        there at once drops this when it has to be waited for, and asks again.

        Raises:
            BytewardError: what went wrong; `overloaded` when the process is not there.
        """
        await asyncio.sleep(0)
        try:
            reply = await self._asked(request)
        except (OSError, ValueError) as error:
            raise BytewardError(
                ErrorCode.OVERLOADED,
                "transformations are not available at the moment, try again",
                headers=RETRY_AFTER,
            ) from error
        if reply.header is None:
            headers = {"retry-after": reply.retry_after} if reply.retry_after else None
            raise BytewardError(
                ErrorCode(reply.code), reply.message, details=reply.details, headers=headers
            )
        return CachedResult(reply.header, Path(reply.file), reply.body_at)

    async def _asked(self, request: TransformRequest) -> TransformReply:
        connection = self._idle.pop() if self._idle else await self._connected()
        try:
            reply = await self._exchange(connection, request)
            if reply is None:
                # It was closed while it was idle: the process was started anew.
                connection = await self._connected()
                reply = await self._exchange(connection, request)
        except BaseException:
            await _end(connection[1])
            raise
        if reply is None:
            await _end(connection[1])
            raise ConnectionResetError
        if len(self._idle) < _IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            await _end(connection[1])
        return reply

    async def _connected(self) -> Connection:
        path = f"/proc/self/fd/{self._folder}/{SOCKET_NAME}"
        return await asyncio.open_unix_connection(path, limit=MAX_LINE)

    @staticmethod
    async def _exchange(connection: Connection, request: TransformRequest) -> TransformReply | None:
        reader, writer = connection
        with contextlib.suppress(ConnectionError):
            await write_message(writer, request)
            return await read_message(reader, TransformReply)
        await _end(writer)
        return None

    async def close(self) -> None:
        """Release every connection."""
        for _, writer in self._idle:
            await _end(writer)
        self._idle.clear()
        os.close(self._folder)


async def _end(writer: asyncio.StreamWriter) -> None:
    """Close a connection; why it ended is of no interest, but unasked the loop would report it."""
    writer.close()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await writer.wait_closed()

"""A file onto a socket without passing through this process (sendfile(2))."""

from __future__ import annotations

import asyncio
import os
from typing import Final

PIECE_BYTES: Final = 1_048_576
"""Longest time of one call on the event loop: reading this much from the disk."""


async def send_file(loop: asyncio.AbstractEventLoop, socket_fd: int, path: str, size: int) -> None:
    """Send the first `size` bytes of a file.

    Args:
        loop: the running loop.
        socket_fd: a non-blocking connected socket with nothing queued before it.
        path: the file.
        size: how many bytes.

    Raises:
        OSError: of the file or of the connection; a file that is shorter is one too.
    """
    # The loop watches the connection's own descriptor already; another one may be watched as well.
    watched = os.dup(socket_fd)
    try:
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            at = 0
            while at < size:
                at += await _send_piece(loop, watched, source, at, min(PIECE_BYTES, size - at))
        finally:
            os.close(source)
    finally:
        os.close(watched)


async def _send_piece(
    loop: asyncio.AbstractEventLoop, watched: int, source: int, at: int, count: int
) -> int:
    while True:
        try:
            sent = os.sendfile(watched, source, at, count)
        except BlockingIOError:
            await _until_writable(loop, watched)
            continue
        if sent == 0:
            message = "the file is shorter than it was"
            raise OSError(message)
        return sent


async def _until_writable(loop: asyncio.AbstractEventLoop, watched: int) -> None:
    ready = loop.create_future()
    loop.add_writer(watched, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_writer(watched)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)

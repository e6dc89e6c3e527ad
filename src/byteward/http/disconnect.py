"""Work that is worth doing only while the client waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from byteward.delivery.asgi import Receive
from byteward.errors import BytewardError, ErrorCode

T = TypeVar("T")


# Any: what a coroutine yields to its event loop and gets back concerns nobody.
async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do `work`; cancel it, and wait until it has cleaned up, when the client goes away.

    Args:
        receive: of the request; its body has been read to the end.
        work: what to do.

    Raises:
        BytewardError: the client went away; nobody reads the answer.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise BytewardError(ErrorCode.INVALID_REQUEST, "the client went away")
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return

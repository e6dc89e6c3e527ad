"""The shapes of an ASGI application; the standard leaves its messages as dictionaries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from byteward.header_lines import HeaderLine

Scope = MutableMapping[str, Any]  # Any: the ASGI specification gives each key a type of its own
Message = MutableMapping[str, Any]  # Any: as above
Receive = Callable[[], Awaitable[Mapping[str, Any]]]  # Any: as above
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

START: Final = "http.response.start"
BODY: Final = "http.response.body"
PATHSEND: Final = "http.response.pathsend"


async def send_response(send: Send, status: int, headers: list[HeaderLine], body: bytes) -> None:
    """Send a whole response; `headers` must carry its Content-Length where one is due."""
    await send({"type": START, "status": status, "headers": headers})
    await send({"type": BODY, "body": body})

"""The smallest client that drives an ASGI application in-process, message by message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from byteward.delivery.asgi import AsgiApp, Message

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    # Any: tests index into the body as deep as they like.
    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """`error.code`, or the empty text."""
        return str(self.json.get("error", {}).get("code", "")) if self.body else ""


@dataclass(slots=True)
class Body:
    """A request body in pieces; `is_cut_off` ends it with a disconnect instead of its end.

    A client that sent all of it stays until it has its answer, or until `leaves` is set.
    """

    pieces: Iterable[bytes] = ()
    is_cut_off: bool = False
    after_each: Callable[[], Awaitable[None]] | None = None
    read: list[int] = field(default_factory=list)
    leaves: asyncio.Event = field(default_factory=asyncio.Event)

    async def messages(self) -> AsyncIterator[Message]:
        for piece in self.pieces:
            self.read.append(len(piece))
            yield {"type": "http.request", "body": piece, "more_body": True}
            if self.after_each is not None:
                await self.after_each()
        if not self.is_cut_off:
            yield {"type": "http.request", "body": b"", "more_body": False}
            await self.leaves.wait()
        while True:
            yield {"type": "http.disconnect"}


async def send_request(
    app: AsgiApp,
    method: str,
    target: str,
    *,
    headers: Headers | None = None,
    body: bytes | Body = b"",
    client: str = "127.0.0.1",
) -> Response:
    """Send one request; `target` is the raw path with its query."""
    sent: list[Message] = []
    lines = {"host": "api.example.test", **(headers or {})}
    if isinstance(body, bytes):
        if body:
            lines.setdefault("content-length", str(len(body)))
        body = Body([body] if body else [])
    messages = body.messages()

    async def receive() -> Message:
        return await anext(messages)

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            body.leaves.set()
        await asyncio.sleep(0)

    await app(_scope(method, target, lines, client), receive, send)
    return _response(sent)


def _scope(method: str, target: str, headers: Headers, client: str) -> Message:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode("utf-8")) for k, v in headers.items()],
        "client": (client, 50000),
        "server": ("127.0.0.1", 8080),
    }


def _response(sent: list[Message]) -> Response:
    start = next(message for message in sent if message["type"] == "http.response.start")
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    headers = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
    return Response(start["status"], headers, body)

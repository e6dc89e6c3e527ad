"""A small application on one worker of our HTTP server: `python http1_program.py JSON-LIMITS`.

Prints the port once it serves. Routes are what the tests of the server need.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Sequence
from typing import Final

from byteward.delivery.asgi import BODY, PATHSEND, START, Receive, Scope, Send
from byteward.header_lines import HeaderLine
from byteward.http.at_once import AtOnceAnswer
from byteward.server.http1.served import Limits
from byteward.server.http1.worker import run_worker
from byteward.telemetry.log import configure_logging

PIECE: Final = bytes(65536)
PIECES: Final = 300
FILE: Final = "http1-file"


class Application:
    """Plain ASGI; `at_once` answers `/now` without it."""

    def __init__(self) -> None:
        self.produced = 0
        self.gone = 0
        self.go = asyncio.Event()

    def at_once(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        headers: Sequence[HeaderLine],
        _version: str,
        _head_bytes: int,
        peer_ip: str,
        batch: int,
    ) -> AtOnceAnswer | None:
        if raw_path != b"/now":
            return None
        if query == b"crash":
            raise ValueError(peer_ip)
        body = query if query != b"big" else bytes(1_000_000)
        size = b"content-length: %d\r\nx-headers: %d\r\n" % (len(body), len(headers))
        assert batch
        return 200, size, b"" if method == "HEAD" else body, query == b"close"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        route = getattr(self, scope["raw_path"].decode()[1:].replace("-", "_"), self.echo)
        await route(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("stopped", flush=True)  # noqa: T201 - read by the test
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, send: Send, body: bytes, status: int = 200) -> None:
        await send({"type": START, "status": status, "headers": []})
        await send({"type": BODY, "body": body})

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone += 1
                return
            body += message["body"]
            if not message["more_body"]:
                break
        text = f"{scope['method']} {scope['path']}?{scope['query_string'].decode()} "
        await self.answer(send, text.encode() + body)

    async def early(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.answer(send, b"no", 413)

    async def stream(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": START, "status": 200, "headers": []})
        try:
            for _ in range(PIECES):
                await send({"type": BODY, "body": PIECE, "more_body": True})
                self.produced += 1
            await send({"type": BODY, "body": b""})
        except OSError:
            self.gone += 1
            raise

    async def counts(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.answer(send, json.dumps([self.produced, self.gone]).encode())

    async def file(self, scope: Scope, _receive: Receive, send: Send) -> None:
        size = scope["query_string"]
        await send({"type": START, "status": 200, "headers": [(b"content-length", size)]})
        await send({"type": PATHSEND, "path": FILE})

    async def short(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": START, "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": BODY, "body": b"abc", "more_body": True})

    async def long(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": START, "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": BODY, "body": b"abc"})

    async def crash(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError

    async def split(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": START, "status": 200, "headers": [(b"x-a", b"b\r\nx-b: c")]})
        await send({"type": BODY, "body": b""})

    async def empty(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.answer(send, b"never sent", 204)

    async def unmodified(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.answer(send, b"never sent", 304)

    async def wait(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await self.go.wait()
        await self.answer(send, b"waited")

    async def linger(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone += 1

    async def release(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.go.set()
        await self.answer(send, b"released")


def main() -> None:
    """Serve until SIGTERM."""
    configure_logging(log_format="json", level="error", max_field_bytes=512)
    limits = {"header_seconds": 60, "keepalive_seconds": 60, "write_stall_seconds": 60}
    given = {**limits, "max_connections": 200, "linger_seconds": 1.0, **json.loads(sys.argv[1])}
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    port = listening.getsockname()[1]
    run_worker(
        Application(),
        listening,
        Limits(**given),
        backlog=256,
        grace_seconds=3,
        on_ready=lambda: print(port, flush=True),  # noqa: T201 - read by the test
    )


if __name__ == "__main__":
    main()

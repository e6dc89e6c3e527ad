"""Clients of the tests' own for buckets, and a web server that folders can show."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from byteward.config import OutboundSettings
from byteward.outbound.address import IpAddress
from byteward.outbound.fetch import OutboundClient
from byteward.outbound.model import Method
from byteward.outbound.url import parse_url
from byteward.storage.external.port import Content
from byteward.storage.external.s3 import S3Store
from byteward.storage.external.s3_requests import Bucket, bucket_request
from byteward.storage.external.sigv4 import SigningKey
from tests.s3_server import ACCESS_KEY, REGION, SECRET_KEY, s3_server

T = TypeVar("T")


async def no_names(host: str) -> tuple[IpAddress, ...]:
    """Resolves nothing: tests speak to addresses."""
    raise OSError(host)


def open_client() -> OutboundClient:
    """A client that may reach loopback."""
    return OutboundClient(OutboundSettings(allow_private=True), no_names)


def content_of(data: bytes, mime: str = "text/plain") -> Content:
    """Bytes to store."""

    async def read(start: int, end: int) -> bytes:
        return data[start:end]

    return Content(len(data), mime, read)


@dataclass(frozen=True, slots=True)
class TestBucket:
    """A fresh bucket on the tests' S3 server, looked at past the server under test."""

    __test__ = False

    name: str
    endpoint: str
    store: S3Store

    def layer(self, *, prefix: str = "p/", absolute: bool = False) -> dict[str, object]:
        """The bucket as a storage layer, with its credentials."""
        return {
            "type": "GenericS3",
            "bucket": {
                "bucketName": self.name,
                "bucketRegion": REGION,
                "bucketEndpoint": self.endpoint,
                "forcePathStyle": True,
                "objectKeyPrefix": prefix,
                "unsupportedOperations": [],
            },
            "credentials": {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY},
            "useAbsolutePaths": absolute,
        }

    def put(self, key: str, data: bytes, mime: str = "text/plain") -> None:
        """Store an object."""
        run(self.store.put(key, content_of(data, mime)))

    def get(self, key: str) -> bytes | None:
        """An object's bytes."""

        async def read() -> bytes | None:
            async with self.store.get(key) as answer:
                if answer is None:
                    return None
                return b"".join([piece async for piece in answer.body])

        return run(read())

    def delete(self, key: str) -> None:
        """Remove an object."""
        run(self.store.delete(key))

    def keys(self) -> list[str]:
        """Every object's name."""
        page = run(self.store.list_after("", "", 1000))
        return [each.key for each in page.entries]


def run(awaitable: Awaitable[T]) -> T:
    """Run to the end."""

    async def wrapped() -> T:
        return await awaitable

    return asyncio.run(wrapped())


def new_bucket() -> TestBucket:
    """A bucket that nobody else uses."""
    server = s3_server()
    name = server.new_bucket_name()
    bucket = Bucket(
        parse_url(server.endpoint), f"/{name}", SigningKey(ACCESS_KEY, SECRET_KEY, REGION)
    )
    client = open_client()

    async def make() -> int:
        async with client.open(bucket_request(bucket, Method.PUT, "", time.time())) as answer:
            return answer.status

    assert run(make()) == 200
    return TestBucket(name, server.endpoint, S3Store(client, bucket, time.time))


@dataclass(slots=True)
class WebOrigin:
    """A web server for tests; requests are kept for later.

    Attributes:
        url: of its root, with a slash at the end.
        files: body, and headers besides Content-Length, by request target.
        requests: method, target and headers of each request, in order.
    """

    url: str
    files: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def serve(self, target: str, body: bytes, *, status: int = 200, **headers: str) -> None:
        """Answer this target so from now on; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.files[target] = (status, named, body)


@contextmanager
def web_origin() -> Iterator[WebOrigin]:
    """A web server on a port of its own, with ranges."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            origin.requests.append((self.command, self.path, headers))
            status, more, body = origin.files.get(self.path, (404, {}, b"no such page"))
            span = headers.get("range")
            if span is not None and status == 200:
                first, _, last = span.removeprefix("bytes=").partition("-")
                start = int(first) if first else len(body) - int(last)
                end = int(last) + 1 if first and last else len(body)
                more = {**more, "content-range": f"bytes {start}-{end - 1}/{len(body)}"}
                status, body = 206, body[start:end]
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            if "X-No-Length" not in more:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        do_HEAD = do_GET  # noqa: N815 - the names are the library's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    origin = WebOrigin(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

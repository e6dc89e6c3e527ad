"""`/openapi.json` and `/docs`: the reference of both planes, made of the declared operations.

Each is built when it is first asked for, once for each worker, and is the same for everybody: no
credential is needed and no secret is in it. The page loads nothing but its own style and script.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Final

from byteward import __version__, strict_json
from byteward.delivery import conditional
from byteward.delivery.asgi import Scope, Send, send_response
from byteward.delivery.conditional import Outcome
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line
from byteward.http.encodings import takes_gzip
from byteward.http.public_urls import ResponseUrls
from byteward.openapi.document import build_document
from byteward.openapi.operation import (
    Access,
    AnyOperation,
    Described,
    FileContent,
    Operation,
    Tag,
)
from byteward.openapi.page import render_page
from byteward.openapi.schemas import Schema
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

DOCUMENT: Final = "/openapi.json"
PAGE: Final = "/docs"
STYLE: Final = "/docs/reference.css"
SCRIPT: Final = "/docs/reference.js"
PATHS: Final = frozenset({DOCUMENT, PAGE, STYLE, SCRIPT})

MAX_AGE_SECONDS: Final = 300

_READS: Final = frozenset({"GET", "HEAD"})
# SECURITY: nothing but the two files beside the page runs or is loaded, and nothing frames it.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_PAGE_HEADERS: Final[tuple[HeaderLine, ...]] = (
    header_line("content-security-policy", _POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)

GET_OPEN_API: Final = Operation(
    id="GetOpenApi",
    tag=Tag.REFERENCE,
    method="GET",
    path=DOCUMENT,
    query=None,
    body=None,
    answer=FileContent("The document.", "application/json"),
    access=Access.PUBLIC,
    more_answers={304: "The caller's copy is current."},
    text="Get this reference as an OpenAPI 3.1 document.",
)

OPERATIONS: Final[tuple[AnyOperation, ...]] = (GET_OPEN_API,)


@dataclass(frozen=True, slots=True)
class _Content:
    """One of the four, with what a cache needs."""

    media_type: bytes
    plain: bytes
    packed: bytes
    etag: str
    more: tuple[HeaderLine, ...]


class Reference:
    """Answers with the document, the page and what the page needs.

    Args:
        operations: of both planes; asked when the document is built.
        urls: the public bases.
    """

    def __init__(self, operations: Callable[[], Sequence[Described]], urls: ResponseUrls) -> None:
        self._operations = operations
        self._urls = urls
        self._contents: dict[str, _Content] = {}

    @cached_property
    def document(self) -> Schema:
        """The OpenAPI document."""
        return build_document(
            self._operations(), version=__version__, api_url=self._urls.api, cdn_url=self._urls.cdn
        )

    async def __call__(self, path: str, scope: Scope, send: Send) -> None:
        """Answer a request for one of `PATHS`, or raise the `BytewardError` that answers it."""
        if scope["method"] not in _READS:
            raise BytewardError(
                ErrorCode.METHOD_NOT_ALLOWED,
                "this route takes GET, HEAD",
                headers={"allow": "GET, HEAD, OPTIONS"},
            )
        content = self._contents.get(path)
        if content is None:
            content = self._contents[path] = self._make(path)
        context: RequestContext = scope[SCOPE_KEY]
        context.vary = "Accept-Encoding"
        is_packed = takes_gzip(context.headers)
        etag = f'"{content.etag}-gzip"' if is_packed else f'"{content.etag}"'
        validators = [
            header_line("etag", etag),
            header_line("cache-control", f"public, max-age={MAX_AGE_SECONDS}"),
        ]
        if _is_current(context.headers, etag):
            await send_response(send, 304, validators, b"")
            return
        body = content.packed if is_packed else content.plain
        lines = [
            (b"content-type", content.media_type),
            header_line("content-length", str(len(body))),
            *([(b"content-encoding", b"gzip")] if is_packed else []),
            *validators,
            *content.more,
        ]
        await send_response(send, 200, lines, b"" if scope["method"] == "HEAD" else body)

    def _make(self, path: str) -> _Content:
        match path:
            case "/openapi.json":
                return _content(b"application/json; charset=utf-8", self._json())
            case "/docs":
                prefix = "/".join(["", *self._urls.api.split("/")[3:]])
                page = render_page(self.document, assets=f"{prefix}{PAGE}", json_path=DOCUMENT)
                return _content(b"text/html; charset=utf-8", page.encode(), _PAGE_HEADERS)
            case "/docs/reference.css":
                return _content(b"text/css; charset=utf-8", _static("reference.css"))
            case _:
                return _content(b"text/javascript; charset=utf-8", _static("reference.js"))

    def _json(self) -> bytes:
        return strict_json.dumps(self.document)


def _static(name: str) -> bytes:
    return resources.files("byteward.openapi").joinpath("static", name).read_bytes()


def _content(media_type: bytes, plain: bytes, more: tuple[HeaderLine, ...] = ()) -> _Content:
    etag = hashlib.sha256(plain).hexdigest()[:32]
    return _Content(media_type, plain, gzip.compress(plain, mtime=0), etag, more)


def _is_current(headers: Mapping[bytes, bytes], etag: str) -> bool:
    if b"if-none-match" not in headers:
        return False
    return conditional.evaluate(headers, etag=etag, modified_at=0) is Outcome.NOT_MODIFIED

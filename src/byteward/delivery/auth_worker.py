"""`GET /api/v1/auth-sw.js`: the service worker that authenticates a browser's own file requests.

An application imports it into a root script of its own, because a browser takes a worker from the
page's origin only. It is the same for everybody and holds no secret.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Final

from byteward.delivery import conditional
from byteward.delivery.asgi import Scope, Send, send_response
from byteward.delivery.conditional import Outcome
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

PATH: Final = b"/api/v1/auth-sw.js"
MAX_AGE_SECONDS: Final = 3600
"""How long browsers may run an old copy: a check for a new worker reads imports from the cache."""


class AuthWorkerScript:
    """Answers with the script, which is read once from the package."""

    def __init__(self) -> None:
        self._body = (
            resources.files("byteward.delivery").joinpath("static", "auth-sw.js").read_bytes()
        )
        self._etag = f'"{hashlib.sha256(self._body).hexdigest()[:32]}"'
        self._validators: list[HeaderLine] = [
            header_line("etag", self._etag),
            header_line("cache-control", f"public, max-age={MAX_AGE_SECONDS}"),
        ]

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Answer one request, or raise the `BytewardError` that answers it."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise BytewardError(
                ErrorCode.METHOD_NOT_ALLOWED,
                "use one of: GET, HEAD, OPTIONS",
                headers={"allow": "GET, HEAD, OPTIONS"},
            )
        if self._is_known_to(scope[SCOPE_KEY]):
            await send_response(send, 304, self._validators, b"")
            return
        lines = [
            (b"content-type", b"text/javascript; charset=utf-8"),
            header_line("content-length", str(len(self._body))),
            *self._validators,
        ]
        await send_response(send, 200, lines, b"" if scope["method"] == "HEAD" else self._body)

    def _is_known_to(self, context: RequestContext) -> bool:
        """Whether the caller's If-None-Match names this script; it has no date to compare."""
        headers = context.headers
        if b"if-none-match" not in headers:
            return False
        judged = conditional.evaluate(headers, etag=self._etag, modified_at=0)
        return judged is Outcome.NOT_MODIFIED

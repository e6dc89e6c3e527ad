"""The dashboard's pages: one document for every address below `/dashboard`, and its assets.

They are built from `dashboard/` at set-up and lie in the package. Read once for each worker, and
kept packed: they are small, and the same for everybody.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from byteward.delivery.asgi import Scope, Send, send_response
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line
from byteward.http.encodings import takes_gzip
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

ROOT: Final = "/dashboard"
ASSETS: Final = "/dashboard/assets/"
DOCUMENT: Final = "/dashboard/index.html"

_READS: Final = frozenset({"GET", "HEAD"})
_TYPES: Final[Mapping[str, bytes]] = {
    "html": b"text/html; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "svg": b"image/svg+xml",
    "png": b"image/png",
    "woff2": b"font/woff2",
}
_PACKED: Final = frozenset({"html", "js", "css", "svg"})


@dataclass(frozen=True, slots=True)
class Page:
    """One file of the build."""

    media_type: bytes
    plain: bytes
    packed: bytes | None
    etag: str


class DashboardPages:
    """Answers with the document or an asset.

    Args:
        cdn_url: where thumbnails and previews come from; the only other origin of the policy.
    """

    def __init__(self, cdn_url: str) -> None:
        self._protection = protection(cdn_url)
        self._pages: Mapping[str, Page] | None = None

    async def __call__(self, path: str, scope: Scope, send: Send) -> None:
        """Answer a request below `ROOT`, or raise the `BytewardError` that answers it."""
        if scope["method"] not in _READS:
            raise BytewardError(
                ErrorCode.METHOD_NOT_ALLOWED,
                "this route takes GET, HEAD",
                headers={"allow": "GET, HEAD, OPTIONS"},
            )
        if self._pages is None:
            self._pages = read_pages()
        is_asset = path.startswith(ASSETS)
        page = self._pages.get(path if is_asset else DOCUMENT)
        if page is None:
            raise _not_built() if not is_asset else _no_asset(path)
        context: RequestContext = scope[SCOPE_KEY]
        await self._send(page, context, scope["method"], send, is_asset=is_asset)

    async def _send(
        self, page: Page, context: RequestContext, method: str, send: Send, *, is_asset: bool
    ) -> None:
        is_packed = page.packed is not None and takes_gzip(context.headers)
        etag = f'"{page.etag}{"-gzip" if is_packed else ""}"'
        # An asset's name has the hash of its contents; the document names the assets.
        kept = "public, max-age=31536000, immutable" if is_asset else "no-cache"
        lines = [
            header_line("etag", etag),
            header_line("cache-control", kept),
            (b"vary", b"Accept-Encoding"),
            *self._protection,
        ]
        context.own_headers = ()
        if context.headers.get(b"if-none-match") == etag.encode():
            await send_response(send, 304, lines, b"")
            return
        body = page.packed if is_packed and page.packed is not None else page.plain
        lines += [
            (b"content-type", page.media_type),
            header_line("content-length", str(len(body))),
            *([(b"content-encoding", b"gzip")] if is_packed else []),
        ]
        await send_response(send, 200, lines, b"" if method == "HEAD" else body)


def protection(cdn_url: str) -> tuple[HeaderLine, ...]:
    """Headers that keep other people's scripts and frames out of the dashboard.

    SECURITY: user content is never on this origin. Previews are images and media from the CDN's,
    or `blob:` URLs of inert types in elements that cannot run them.
    """
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src 'self' data: blob: {cdn_url}; media-src blob: {cdn_url}; font-src 'self'; "
        f"connect-src 'self' {cdn_url}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    return (
        header_line("content-security-policy", policy),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-frame-options", b"DENY"),
    )


def read_pages() -> Mapping[str, Page]:
    """Every file of the build by the path that asks for it; none before it was built."""
    root = resources.files("byteward.http.dashboard").joinpath("static")
    found: dict[str, Page] = {}
    if root.is_dir():
        _collect(root, ROOT, found)
    return found


def _collect(folder: Traversable, prefix: str, found: dict[str, Page]) -> None:
    for each in folder.iterdir():
        path = f"{prefix}/{each.name}"
        if each.is_dir():
            _collect(each, path, found)
            continue
        kind = each.name.rpartition(".")[2]
        if kind in _TYPES:
            plain = each.read_bytes()
            packed = gzip.compress(plain, mtime=0) if kind in _PACKED else None
            found[path] = Page(_TYPES[kind], plain, packed, hashlib.sha256(plain).hexdigest()[:32])


def _not_built() -> BytewardError:
    return BytewardError(
        ErrorCode.CHECK_PATH, "the dashboard was not built into this checkout: run `make setup`"
    )


def _no_asset(path: str) -> BytewardError:
    return BytewardError(
        ErrorCode.CHECK_PATH, "no such asset: reload the page", details={"path": path}
    )

"""The read path of the CDN plane, top to bottom: parse, authorise, look up, condition, send.

A plain ASGI application. Failures are raised as `BytewardError`; the edge around it
(`http/edge.py`) turns them into responses and adds what every response carries.

INVARIANT: authority is decided on every request before any look-up, cache, 304 or range.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Final

from byteward.clock import Clock
from byteward.config import DeliverySettings
from byteward.delivery import cache_policy, conditional
from byteward.delivery.asgi import Receive, Scope, Send, send_response
from byteward.delivery.auth_worker import PATH as AUTH_WORKER_PATH
from byteward.delivery.auth_worker import AuthWorkerScript
from byteward.delivery.authorise import Authorised, Authoriser
from byteward.delivery.body import BodySender
from byteward.delivery.byte_range import ByteRange, parse_range
from byteward.delivery.cache_policy import Lifetimes
from byteward.delivery.conditional import Outcome
from byteward.delivery.disposition import content_headers
from byteward.delivery.file_cache import FileCache
from byteward.delivery.representation import Representation
from byteward.delivery.request import RAW, DeliveryRequest, parse_request
from byteward.delivery.session_endpoint import PREFIX as SESSION_PREFIX
from byteward.delivery.session_endpoint import SessionEndpoint, account_of
from byteward.errors import BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line
from byteward.permissions.facts import Facts
from byteward.storage.port import ObjectMissingError
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

PARSED_TARGETS: Final = 4096
"""Targets remembered with their parse, of at most `delivery.max_url_bytes` each."""

_READS: Final = frozenset({"GET", "HEAD"})


class DeliveryApp:
    """Everything under `{cdnUrl}`.

    Args:
        facts: accounts; refreshed once for each request, before anything else is read.
        authoriser: who may read what.
        files: look-ups by path.
        bodies: sends stored bytes.
        sessions: `/api/v1/access_tokens/…`.
        auth_worker: `/api/v1/auth-sw.js`.
        settings: the `delivery` section.
        max_query_pairs: most pairs in a query.
        clock: Unix seconds.
        is_single_origin: both planes share one listener.
    """

    def __init__(
        self,
        *,
        facts: Facts,
        authoriser: Authoriser,
        files: FileCache,
        bodies: BodySender,
        sessions: SessionEndpoint,
        auth_worker: AuthWorkerScript,
        settings: DeliverySettings,
        max_query_pairs: int,
        clock: Clock,
        is_single_origin: bool = False,
    ) -> None:
        self._facts = facts
        self._authoriser = authoriser
        self._files = files
        self._bodies = bodies
        self._sessions = sessions
        self._auth_worker = auth_worker
        self._settings = settings
        self._clock = clock
        self._is_single_origin = is_single_origin
        parse = partial(
            parse_request, max_url_bytes=settings.max_url_bytes, max_pairs=max_query_pairs
        )
        self._parse = lru_cache(PARSED_TARGETS)(parse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or raise the `BytewardError` that answers it."""
        method, raw_path = scope["method"], scope["raw_path"]
        if raw_path.startswith(SESSION_PREFIX):
            await self._sessions(scope, receive, send)
        elif raw_path == AUTH_WORKER_PATH:
            await self._auth_worker(scope, send)
        elif method in _READS:
            await self._read(scope, send)
        elif method == "POST" and raw_path.split(b"/", 3)[2:3] == [b"save"]:
            await self._save(scope)
        else:
            raise method_not_allowed("GET, HEAD, OPTIONS")

    async def origins_of(self, raw_path: bytes) -> tuple[str, ...]:
        """The `browserOrigins` of the account that a path names; empty when it names none."""
        if raw_path.startswith(SESSION_PREFIX):
            account_id = account_of(raw_path)
        else:
            account_id = raw_path[1:9].partition(b"/")[0].decode("latin-1")
        self._facts.refresh()
        account = None if account_id is None else await self._facts.account(account_id)
        return () if account is None else account.settings.browser_origins

    async def _read(self, scope: Scope, send: Send) -> None:
        context: RequestContext = scope[SCOPE_KEY]
        request = self._parse(scope["raw_path"], scope["query_string"])
        if context.headers.get(b"service-worker") == b"script":
            # SECURITY: a stored script must never become a worker that sees other requests.
            raise BytewardError(
                ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
                "stored files are not served as service workers",
            )
        version = self._facts.refresh()
        lifetimes = await self._enter_account(request.account_id, context)
        may = await self._authoriser.authorise(
            request, raw_target(scope), scope["headers"], context, version
        )
        request = may.request
        context.is_cookie_only = may.is_cookie_only
        context.vary = cache_policy.vary(may.authority)
        if request.slug != RAW:
            raise _no_transformation()
        if may.url_expires_at is not None or may.credential_expires_at is not None:
            lifetimes = _bounded(lifetimes, may, self._clock())
        found = await self._files.find(request.account_id, request.path, version)
        if found is None:
            raise _missing(may, lifetimes)
        cache_control = cache_policy.file_cache_control(
            request, may.authority, lifetimes, self._settings
        )
        try:
            await self._answer(scope, send, request, found, cache_control)
        except ObjectMissingError:
            # Replaced and collected between the look-up and the read: the row names another by now.
            newer = await self._files.reread(request.account_id, request.path, version)
            if newer is None:
                raise _missing(may, lifetimes) from None
            await self._answer(scope, send, request, newer, cache_control)

    async def _enter_account(self, account_id: str, context: RequestContext) -> Lifetimes:
        account = await self._facts.account(account_id)
        if account is None:
            raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "no such account, check the URL")
        settings = account.settings
        context.browser_origins = settings.browser_origins
        return Lifetimes(settings.cache_ttl, settings.cache_ttl404)

    async def _answer(
        self,
        scope: Scope,
        send: Send,
        request: DeliveryRequest,
        found: Representation,
        cache_control: str,
    ) -> None:
        """Judge conditions and range, then send what they ask for."""
        headers = scope[SCOPE_KEY].headers
        cache_line = (b"cache-control", cache_control.encode("ascii"))
        span: ByteRange | None = None
        if not conditional.CONDITIONAL_HEADERS.isdisjoint(headers):
            outcome = conditional.evaluate(headers, etag=found.etag, modified_at=found.modified_at)
            if outcome is Outcome.NOT_MODIFIED:
                await send_response(send, 304, [*found.validators, cache_line], b"")
                return
            if outcome is Outcome.FAILED:
                raise BytewardError(
                    ErrorCode.PRECONDITION_FAILED, "the file is another version now"
                )
        if (
            b"range" in headers
            and scope["method"] == "GET"
            and conditional.range_is_current(
                headers, etag=found.etag, modified_at=found.modified_at
            )
        ):
            span = parse_range(headers[b"range"], found.size_bytes)
        lines = [*self._lines(request, found, span), cache_line]
        status = 200 if span is None else 206
        if scope["method"] == "HEAD":
            await send_response(send, status, lines, b"")
            return
        await self._bodies.send(scope, send, status, lines, found, span)

    def _lines(
        self, request: DeliveryRequest, found: Representation, span: ByteRange | None
    ) -> tuple[HeaderLine, ...]:
        """The lines of a 200 or 206 that do not depend on who asks."""
        if span is None and not request.is_download:
            return found.whole
        content = found.content
        if request.is_download:
            content = tuple(
                content_headers(
                    found.file.details.mime,
                    request.url_path.name,
                    is_download=True,
                    dangerous_types=self._settings.dangerous_types,
                    is_single_origin=self._is_single_origin,
                )
            )
        length = found.size_bytes if span is None else span.length
        lines = (*content, header_line("content-length", str(length)), *found.validators)
        if span is not None:
            lines += (header_line("content-range", span.content_range),)
        return (*lines, (b"accept-ranges", b"bytes"))

    async def _save(self, scope: Scope) -> None:
        """Transformations that are stored as new files; authority first, existence after it."""
        context: RequestContext = scope[SCOPE_KEY]
        _, account, _, *rest = scope["raw_path"].split(b"/", 3)
        source = b"/".join([b"", account, *rest])
        request = self._parse(source, scope["query_string"])
        self._facts.refresh()
        await self._enter_account(request.account_id, context)
        await self._authoriser.require_saving(request, scope["headers"], context)
        raise _no_transformation()


def raw_target(scope: Scope) -> bytes:
    """The request target as received."""
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def method_not_allowed(allow: str) -> BytewardError:
    """405 with the methods that the route takes."""
    return BytewardError(
        ErrorCode.METHOD_NOT_ALLOWED, f"use one of: {allow}", headers={"allow": allow}
    )


def _no_transformation() -> BytewardError:
    return BytewardError(
        ErrorCode.TRANSFORMATION_NOT_FOUND, "no such transformation or preset, check the URL"
    )


def _missing(may: Authorised, lifetimes: Lifetimes) -> BytewardError:
    request = may.request
    return BytewardError(
        ErrorCode.FILE_NOT_FOUND,
        "no file at this path",
        details={"filePath": request.path.text},
        headers={
            "cache-control": cache_policy.missing_cache_control(request, may.authority, lifetimes)
        },
    )


def _bounded(lifetimes: Lifetimes, may: Authorised, now: float) -> Lifetimes:
    """The account's lifetimes, bounded by the ends of the URL and of the credential."""
    url, credential = may.url_expires_at, may.credential_expires_at
    return Lifetimes(
        lifetimes.account_ttl,
        lifetimes.account_ttl_404,
        url=None if url is None else url - now,
        credential=None if credential is None else credential - now,
    )

"""The read path of the CDN plane, top to bottom: parse, authorise, look up, condition, send.

A plain ASGI application. Failures are raised as `BytewardError`; the edge around it
(`http/edge.py`) turns them into responses and adds what every response carries.

INVARIANT: authority is decided on every request before any look-up, cache, 304 or range.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from byteward.accounts.model import AccountSettings
from byteward.clock import Clock
from byteward.config import DeliverySettings
from byteward.delivery import cache_policy, conditional
from byteward.delivery.asgi import AsgiApp, Receive, Scope, Send, send_response
from byteward.delivery.auth_worker import PATH as AUTH_WORKER_PATH
from byteward.delivery.auth_worker import AuthWorkerScript
from byteward.delivery.authorise import Authorised, Authoriser
from byteward.delivery.body import BodySender
from byteward.delivery.byte_range import ByteRange, parse_range
from byteward.delivery.cache_policy import Lifetimes
from byteward.delivery.conditional import Outcome
from byteward.delivery.disposition import content_headers
from byteward.delivery.external import ExternalDelivery, ExternalRequest
from byteward.delivery.file_cache import FileCache
from byteward.delivery.meter import UsageMeter
from byteward.delivery.representation import Representation
from byteward.delivery.request import RAW, DeliveryRequest, parse_request
from byteward.delivery.results import Results, external_source
from byteward.delivery.session_endpoint import PREFIX as SESSION_PREFIX
from byteward.delivery.session_endpoint import SessionEndpoint, account_of
from byteward.errors import BytewardError, ErrorCode
from byteward.files.layer_resolution import ExternalPlace, levels_of, place_of
from byteward.header_lines import HeaderBlock, HeaderLine, header_line
from byteward.paths import FilePath
from byteward.permissions.facts import Facts
from byteward.storage.port import ObjectMissingError
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext

PARSED_TARGETS: Final = 4096
"""Targets remembered with their parse, of at most `delivery.max_url_bytes` each."""

_READS: Final = frozenset({"GET", "HEAD"})
_OWN_ROUTES: Final = (SESSION_PREFIX, AUTH_WORKER_PATH)


class Permit(Struct, frozen=True):
    """What a caller may have, and for how long it may be kept.

    Attributes:
        may: the decision.
        lifetimes: bounds of the answer's Cache-Control.
        version: the database's change stamp, taken before anything about it was read.
        path: where this server keeps the file.
    """

    may: Authorised
    lifetimes: Lifetimes
    version: int
    path: FilePath


class Elsewhere(Struct, frozen=True):
    """A file that an account keeps in a store of its own."""

    permit: Permit
    place: ExternalPlace


class Reply(Struct, frozen=True):
    """An answer that needs nothing any more but bytes.

    Attributes:
        status: 200, 206 or 304.
        blocks: header lines, those of CORS and of the plane aside.
        body: what to send; None when it has to be read from the store.
        permit: the decision behind it.
        found: the file's present version.
        span: which part of it; None for all.
    """

    status: int
    blocks: tuple[HeaderBlock, HeaderBlock]
    body: bytes | None
    permit: Permit
    found: Representation
    span: ByteRange | None = None


class DeliveryApp:
    """Everything under `{cdnUrl}`.

    Args:
        facts: accounts; refreshed once for each request, before anything else is read.
        authoriser: who may read what.
        files: look-ups by path.
        bodies: sends stored bytes.
        results: makes transformed files.
        result_bodies: sends those.
        external: answers for files in stores of accounts.
        meter: counts answers for the statistics of the day.
        sessions: `/api/v1/access_tokens/…`.
        auth_worker: `/api/v1/auth-sw.js`.
        saving: `/{accountId}/save/…`.
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
        results: Results,
        result_bodies: BodySender,
        external: ExternalDelivery,
        meter: UsageMeter,
        sessions: SessionEndpoint,
        auth_worker: AuthWorkerScript,
        saving: AsgiApp,
        settings: DeliverySettings,
        max_query_pairs: int,
        clock: Clock,
        is_single_origin: bool = False,
    ) -> None:
        self._facts = facts
        self._authoriser = authoriser
        self._files = files
        self._bodies = bodies
        self._results = results
        self._result_bodies = result_bodies
        self._external = external
        self._meter = meter
        self._sessions = sessions
        self._auth_worker = auth_worker
        self._saving = saving
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
            await self._saving(scope, receive, send)
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
        reply = await self._reply(
            scope["method"],
            scope["raw_path"],
            scope["query_string"],
            context,
        )
        if isinstance(reply, Elsewhere):
            asked = self._external_request(reply)
            await self._external.answer(scope["method"], context.headers, send, asked)
            return
        self._count(reply, is_head=scope["method"] == "HEAD")
        try:
            await self._send(scope, send, reply)
        except ObjectMissingError:
            # Replaced and collected between the look-up and the read: the row names another by now.
            await self._send(scope, send, await self._renewed(scope, context, reply))

    async def _renewed(self, scope: Scope, context: RequestContext, reply: Reply) -> Reply:
        """The reply once more, after the bytes that it names turned out to be gone."""
        request, permit = reply.permit.may.request, reply.permit
        newer = await self._files.reread(request.account_id, permit.path, permit.version)
        if newer is None:
            raise _missing(permit)
        if reply.found.is_result:
            self._results.forget(reply.found)
            wanted = await self._results.wanted(request.account_id, request.slug, request.pairs)
            accept = context.headers.get(b"accept", b"").decode("latin-1")
            newer = await self._results.find(permit.may, wanted, newer, accept, permit.version)
        return self._judge(scope["method"], context.headers, permit, newer)

    def reply_at_once(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        context: RequestContext,
        batch: int,
    ) -> Reply | None:
        """The reply to a request for a file, if nothing has to be waited for.

        None: the request has to come through ASGI, where it is decided anew by the same code.

        Args:
            method: as written.
            raw_path: the target up to the first `?`.
            query: what follows it.
            context: of the request.
            batch: see `Facts.refresh_for`.

        Raises:
            BytewardError: what answers the request.
        """
        if method not in _READS or raw_path.startswith(_OWN_ROUTES):
            return None
        deciding = self._reply(method, raw_path, query, context, batch)
        try:
            deciding.send(None)
        except StopIteration as done:
            reply: Reply | Elsewhere = done.value
            if isinstance(reply, Elsewhere) or reply.body is None:
                return None
            self._count(reply)
            return reply
        deciding.close()
        return None

    async def _reply(
        self,
        method: str,
        raw_path: bytes,
        query: bytes,
        context: RequestContext,
        batch: int | None = None,
    ) -> Reply | Elsewhere:
        """Everything about a GET or HEAD but the reading of stored bytes."""
        request = self._parse(raw_path, query)
        if context.headers.get(b"service-worker") == b"script":
            # SECURITY: a stored script must never become a worker that sees other requests.
            raise BytewardError(
                ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
                "stored files are not served as service workers",
            )
        facts = self._facts
        version = facts.refresh() if batch is None else facts.refresh_for(batch)
        account = await facts.account(request.account_id)
        if account is None:
            raise no_account()
        context.browser_origins = account.settings.browser_origins
        target = raw_path + b"?" + query if query else raw_path
        may = await self._authoriser.authorise(request, target, context)
        request = may.request
        context.is_cookie_only = may.is_cookie_only
        context.vary = cache_policy.vary(may.authority)
        wanted = None
        if request.slug != RAW:
            wanted = await self._results.wanted(request.account_id, request.slug, request.pairs)
            if wanted.params.output.is_negotiated:
                context.vary = cache_policy.vary_on_accept(may.authority)
        path, place = request.path, None
        layers = await facts.storage_layers(request.account_id)
        if layers:  # most accounts have none, and this is on every request
            place = place_of(levels_of(layers), path.segments)
            path = FilePath(place.segments)
        permit = Permit(may, _lifetimes(account.settings, may, self._clock), version, path)
        if isinstance(place, ExternalPlace):
            if wanted is not None:
                raise external_source()
            return Elsewhere(permit, place)
        found = await self._files.find(request.account_id, path, version)
        if found is None:
            raise _missing(permit)
        if wanted is not None:
            accept = context.headers.get(b"accept", b"").decode("latin-1")
            found = await self._results.find(may, wanted, found, accept, version)
        return self._judge(method, context.headers, permit, found)

    def _judge(
        self, method: str, headers: Mapping[bytes, bytes], permit: Permit, found: Representation
    ) -> Reply:
        """Judge conditions and range."""
        request = permit.may.request
        caching = _caching_block(self._cache_control(permit, found.file.expires_at))
        if not conditional.CONDITIONAL_HEADERS.isdisjoint(headers):
            outcome = conditional.evaluate(headers, etag=found.etag, modified_at=found.modified_at)
            if outcome is Outcome.NOT_MODIFIED:
                return Reply(304, (found.unmodified, caching), b"", permit, found)
            if outcome is Outcome.FAILED:
                raise BytewardError(
                    ErrorCode.PRECONDITION_FAILED, "the file is another version now"
                )
        span: ByteRange | None = None
        if (
            b"range" in headers
            and method == "GET"
            and conditional.range_is_current(
                headers, etag=found.etag, modified_at=found.modified_at
            )
        ):
            span = parse_range(headers[b"range"], found.size_bytes)
        content = found.whole
        if span is not None or request.is_download:
            content = HeaderBlock(self._lines(request, found, span))
        body = b"" if method == "HEAD" else self._bodies_of(found).in_memory(found, span)
        status = 200 if span is None else 206
        return Reply(status, (content, caching), body, permit, found, span)

    def _cache_control(self, permit: Permit, expires_at: int | None) -> str:
        """The header for a file that expires then (Unix milliseconds), or never."""
        lifetimes = permit.lifetimes
        if expires_at is not None:
            lifetimes = replace(lifetimes, file=expires_at / 1000 - self._clock())
        return cache_policy.file_cache_control(
            permit.may.request, permit.may.authority, lifetimes, self._settings
        )

    def _external_request(self, found: Elsewhere) -> ExternalRequest:
        permit = found.permit

        def cache_control(expires_at: int | None) -> HeaderLine:
            return header_line("cache-control", self._cache_control(permit, expires_at))

        return ExternalRequest(permit.may.request, found.place, cache_control, _missing(permit))

    async def _send(self, scope: Scope, send: Send, reply: Reply) -> None:
        lines = [line for block in reply.blocks for line in block.lines]
        if reply.body is not None:
            await send_response(send, reply.status, lines, reply.body)
        else:
            bodies = self._bodies_of(reply.found)
            await bodies.send(scope, send, reply.status, lines, reply.found, reply.span)

    def _count(self, reply: Reply, *, is_head: bool = False) -> None:
        """Count the answer for the statistics of the day."""
        may, body = reply.permit.may, reply.body
        if body is not None or is_head:
            size = 0 if body is None else len(body)
        else:
            size = reply.found.size_bytes if reply.span is None else reply.span.length
        key = may.principal.key
        key_id = None if key is None else key.key_id
        self._meter.count_answer(may.request.account_id, key_id, size)

    def _bodies_of(self, found: Representation) -> BodySender:
        return self._result_bodies if found.is_result else self._bodies

    def _lines(
        self, request: DeliveryRequest, found: Representation, span: ByteRange | None
    ) -> tuple[HeaderLine, ...]:
        """The lines of a 206 or of a download that do not depend on who asks."""
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


def method_not_allowed(allow: str) -> BytewardError:
    """405 with the methods that the route takes."""
    return BytewardError(
        ErrorCode.METHOD_NOT_ALLOWED, f"use one of: {allow}", headers={"allow": allow}
    )


def no_account() -> BytewardError:
    """404 for an account that is not here."""
    return BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "no such account, check the URL")


def _missing(permit: Permit) -> BytewardError:
    may = permit.may
    caching = cache_policy.missing_cache_control(may.request, may.authority, permit.lifetimes)
    return BytewardError(
        ErrorCode.FILE_NOT_FOUND,
        "no file at this path",
        details={"filePath": may.request.path.text},
        headers={"cache-control": caching},
    )


def _lifetimes(settings: AccountSettings, may: Authorised, clock: Clock) -> Lifetimes:
    """The account's lifetimes, bounded by the ends of the URL and of the credential."""
    url, credential = may.url_expires_at, may.credential_expires_at
    if url is None and credential is None:
        return _account_lifetimes(settings.cache_ttl, settings.cache_ttl404)
    now = clock()
    return Lifetimes(
        settings.cache_ttl,
        settings.cache_ttl404,
        url=None if url is None else url - now,
        credential=None if credential is None else credential - now,
    )


@lru_cache(maxsize=256)
def _account_lifetimes(ttl: int, ttl_404: int) -> Lifetimes:
    return Lifetimes(ttl, ttl_404)


@lru_cache(maxsize=1024)
def _caching_block(cache_control: str) -> HeaderBlock:
    return HeaderBlock([(b"cache-control", cache_control.encode("ascii"))])

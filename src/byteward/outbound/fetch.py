"""Requests to servers that somebody else names; the only module that makes them.

Each hop of a request starts at the beginning: the URL is read, its name is resolved once, every
address is judged, and the connection goes to a judged address while TLS and `Host` keep the name.
Nothing of the environment has a say: no proxies, no netrc, no cookies, no stored credentials.
"""

from __future__ import annotations

import asyncio
import io
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import aiohttp
from yarl import URL

from byteward.config import OutboundSettings
from byteward.outbound.address import IpAddress
from byteward.outbound.body import RATE_WINDOW_SECONDS, Pace, read_body
from byteward.outbound.connection import PinnedConnector
from byteward.outbound.decoding import Coding, DecodingError, parse_coding
from byteward.outbound.model import (
    Failure,
    Method,
    OutboundError,
    OutboundRequest,
    ResponseHeaders,
)
from byteward.outbound.policy import OutboundPolicy, RefusedError
from byteward.outbound.resolve import Resolve
from byteward.outbound.url import OutboundUrl, Scheme, UrlError, resolve_reference
from byteward.telemetry.log import get_logger

USER_AGENT: Final = "Byteward"
CROSSING_HEADERS: Final = frozenset(
    {"accept", "if-modified-since", "if-none-match", "if-range", "range"}
)
"""Headers of a request that go along to another origin: they say nothing about who asks."""

_LOG: Final = get_logger()
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_LINE_BYTES: Final = 8190
_MAX_LINES: Final = 128
_LENGTH: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_STATUSES: Final = range(200, 600)


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """An answer whose body was not read yet.

    Attributes:
        url: that gave it, after redirects.
        status: 200 to 599.
        headers: as they came.
    """

    url: OutboundUrl
    status: int
    headers: ResponseHeaders
    _stream: aiohttp.StreamReader
    _coding: Coding | None
    _pace: Pace

    @property
    def declared_bytes(self) -> int | None:
        """Length of the body, if it is known: it was announced and is not coded."""
        length = self.headers.first("content-length")
        if self._coding is not None or length is None or not _LENGTH.fullmatch(length):
            return None
        return int(length)

    def body(self, *, max_bytes: int | None) -> AsyncIterator[bytes]:
        """The decoded body, once.

        Raises:
            OutboundError: as `body.read_body`; `too_large` at once when its length says so.
        """
        if max_bytes is not None and (self.declared_bytes or 0) > max_bytes:
            raise OutboundError(Failure.TOO_LARGE, f"announces more than {max_bytes} bytes")
        return read_body(self._stream, self._coding, self._pace, max_bytes=max_bytes)


class OutboundClient:
    """Makes requests under the operator's policy.

    Args:
        settings: the `outbound` section.
        resolve: names to addresses.
        tls: for https; None: the system's certificate authorities.
        rate_window_seconds: over which the least rate of a body is measured.

    Raises:
        OperatorError: the settings cannot be used.
    """

    def __init__(
        self,
        settings: OutboundSettings,
        resolve: Resolve,
        *,
        tls: ssl.SSLContext | None = None,
        rate_window_seconds: float = RATE_WINDOW_SECONDS,
    ) -> None:
        self._settings = settings
        self._policy = OutboundPolicy.of(settings)
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()
        self._rate_window_seconds = rate_window_seconds

    @property
    def policy(self) -> OutboundPolicy:
        """What decides about destinations."""
        return self._policy

    @asynccontextmanager
    async def open(self, request: OutboundRequest) -> AsyncIterator[OutboundResponse]:
        """Send a request, follow redirects, and give the answer while the block lasts.

        Raises:
            OutboundError: there is no answer. A status of 400 and more is one.
        """
        deadline = None
        if request.total_seconds is not None:
            deadline = asyncio.get_running_loop().time() + request.total_seconds
        for _ in range(self._settings.max_redirects + 1):
            exchange = _Exchange()
            try:
                response = await self._answer(request, exchange, deadline)
                url = _redirected(request.url, response) if request.follows_redirects else None
                if url is None:
                    yield response
                    return
                request = _moved(request, url)
            except OutboundError as error:
                _log(request.url, error)
                raise
            finally:
                await exchange.close()
        too_many = OutboundError(Failure.REDIRECTS, "too many redirects")
        _log(request.url, too_many)
        raise too_many

    async def _answer(
        self, request: OutboundRequest, exchange: _Exchange, deadline: float | None
    ) -> OutboundResponse:
        try:
            async with asyncio.timeout_at(deadline):
                answer = await self._exchange(request, exchange)
        except TimeoutError as error:
            raise OutboundError(Failure.TIMEOUT, _described(error)) from None
        except (RefusedError, aiohttp.ClientError, OSError, ValueError) as error:
            raise OutboundError(Failure.UNREACHABLE, _described(error)) from None
        return self._checked(request, answer, deadline)

    async def _exchange(
        self, request: OutboundRequest, exchange: _Exchange
    ) -> aiohttp.ClientResponse:
        """One hop, up to the headers of its answer."""
        url, settings = request.url, self._settings
        destinations = self._policy.destinations(url, await self._addresses(url))
        first_byte_seconds = request.first_byte_seconds or settings.first_byte_seconds
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(settings.connect_seconds) as patience:
            connector = PinnedConnector(
                url,
                destinations,
                self._tls,
                lambda: patience.reschedule(loop.time() + first_byte_seconds),
            )
            exchange.session = _session(connector)
            exchange.response = await exchange.session.request(
                request.method.value,
                URL(url.text, encoded=True),
                headers=_headers(request),
                data=None if request.body is None else io.BytesIO(request.body),
                allow_redirects=False,
            )
        return exchange.response

    async def _addresses(self, url: OutboundUrl) -> tuple[IpAddress, ...]:
        if url.address is not None:
            return (url.address,)
        async with asyncio.timeout(self._settings.resolve_seconds):
            return tuple(await self._resolve(url.host))

    def _checked(
        self, request: OutboundRequest, answer: aiohttp.ClientResponse, deadline: float | None
    ) -> OutboundResponse:
        headers = ResponseHeaders(answer.raw_headers)
        if headers.size_bytes > self._settings.max_header_bytes:
            raise OutboundError(Failure.UNREACHABLE, "the headers are too large")
        if answer.status not in _STATUSES:
            raise OutboundError(Failure.UNREACHABLE, f"the answer has status {answer.status}")
        try:
            coding = parse_coding(headers.first("content-encoding"))
        except DecodingError as error:
            raise OutboundError(Failure.UNREACHABLE, str(error)) from None
        if request.method is Method.HEAD:
            coding = None
        pace = Pace(
            deadline=deadline,
            min_bytes_per_second=self._settings.min_bytes_per_second,
            window_seconds=self._rate_window_seconds,
        )
        return OutboundResponse(request.url, answer.status, headers, answer.content, coding, pace)


class _Exchange:
    """What one hop holds open."""

    def __init__(self) -> None:
        self.session: aiohttp.ClientSession | None = None
        self.response: aiohttp.ClientResponse | None = None

    async def close(self) -> None:
        """Let go of the connection, whatever is still to come on it."""
        if self.response is not None:
            self.response.close()
        if self.session is not None:
            await self.session.close()


def _session(connector: PinnedConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),  # each phase is timed here
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_LINE_BYTES,
        max_headers=_MAX_LINES,
    )


def _headers(request: OutboundRequest) -> list[tuple[str, str]]:
    fixed = [("User-Agent", USER_AGENT), ("Accept-Encoding", "identity")]
    if not any(name.lower() == "accept" for name, _ in request.headers):
        fixed.append(("Accept", "*/*"))
    return [*fixed, *request.headers]


def _redirected(base: OutboundUrl, response: OutboundResponse) -> OutboundUrl | None:
    """Where an answer sends us; None when it is the answer."""
    if response.status not in _REDIRECTS:
        return None
    location = response.headers.first("location")
    if location is None:
        return None
    try:
        url = resolve_reference(base, location)
    except UrlError as error:
        raise OutboundError(Failure.REDIRECTS, f"a bad Location: {error}") from None
    if base.scheme is Scheme.HTTPS and url.scheme is Scheme.HTTP:
        raise OutboundError(Failure.REDIRECTS, "from https to http")
    return url


def _moved(request: OutboundRequest, url: OutboundUrl) -> OutboundRequest:
    """The request for the next hop; another origin gets no credentials (RFC 9110 §15.4)."""
    headers = request.headers
    if url.origin != request.url.origin:
        headers = tuple(line for line in headers if line[0].lower() in CROSSING_HEADERS)
    return replace(request, url=url, headers=headers)


def _described(error: Exception) -> str:
    """What to log about an exception: never its text when a URL may stand in it."""
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"{type(error).__name__}: {error.certificate_error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__


def _log(url: OutboundUrl, error: OutboundError) -> None:
    # Without path and query: they may be somebody's secret.
    _LOG.info(
        "outbound.failed",
        scheme=url.scheme.value,
        host=url.host,
        port=url.port,
        failure=error.failure.value,
        detail=error.detail,
    )

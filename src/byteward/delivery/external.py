"""Files of accounts' own stores onto the connection: one request to the store for each answer.

The caller was allowed before any of this runs. Conditions are judged here, on what the store says,
as they are for files of ours; the range goes along to the store, which may answer with the whole.
Nothing is kept: the next request asks the store again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from byteward.config import DeliverySettings
from byteward.delivery import conditional
from byteward.delivery.asgi import BODY, START, Send, send_response
from byteward.delivery.byte_range import parse_range
from byteward.delivery.conditional import Outcome
from byteward.delivery.disposition import content_headers
from byteward.delivery.http_date import format_http_date
from byteward.delivery.request import DeliveryRequest
from byteward.errors import BytewardError, ErrorCode
from byteward.files.external_files import ExternalFile, ExternalFiles
from byteward.files.layer_resolution import ExternalPlace
from byteward.header_lines import HeaderLine, header_line
from byteward.storage.external.port import ExternalAnswer

_ONE_RANGE: Final = re.compile(rb"bytes=(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})")
_DATES: Final = frozenset({b"if-modified-since", b"if-unmodified-since"})
_NEVER: Final = 0

Headers = Mapping[bytes, bytes]
"""Request headers by lower-case name."""


@dataclass(frozen=True, slots=True)
class ExternalRequest:
    """An allowed request for a file that is kept elsewhere.

    Attributes:
        request: what is asked for.
        place: where the file is.
        cache_control: makes the header, given when the file expires (Unix milliseconds or None).
        missing: the answer when there is no such file.
    """

    request: DeliveryRequest
    place: ExternalPlace
    cache_control: Callable[[int | None], HeaderLine]
    missing: BytewardError


class ExternalDelivery:
    """Answers requests for files in stores of accounts.

    Args:
        files: reads them.
        settings: the `delivery` section.
        is_single_origin: both planes share one listener.
        write_stall_seconds: longest wait for a client that takes nothing.
    """

    def __init__(
        self,
        files: ExternalFiles,
        settings: DeliverySettings,
        *,
        is_single_origin: bool,
        write_stall_seconds: float,
    ) -> None:
        self._files = files
        self._settings = settings
        self._is_single_origin = is_single_origin
        self._write_stall_seconds = write_stall_seconds

    async def answer(
        self, method: str, headers: Headers, send: Send, asked: ExternalRequest
    ) -> None:
        """Answer a GET or HEAD.

        Raises:
            BytewardError: 404, 412, 416, `origin_error`, `origin_timeout`. When something was sent
                before, the connection must be broken.
        """
        account_id, pairs = asked.request.account_id, asked.request.pairs
        if method == "HEAD":
            found = await self._files.find(account_id, asked.place, pairs)
            if found is None:
                raise asked.missing
            if not await self._is_settled(headers, send, asked, found):
                await send_response(send, 200, self._lines(asked, found, None), b"")
            return
        range_line = await self._range_line(headers, asked)
        async with self._files.reading(
            account_id, asked.place, range_line=range_line, pairs=pairs
        ) as opened:
            if opened is None:
                raise asked.missing
            await self._send(headers, send, asked, *opened)

    async def _range_line(self, headers: Headers, asked: ExternalRequest) -> str | None:
        """The range to ask the store for, unless If-Range says that it is out of date."""
        line = headers.get(b"range", b"").strip(b" \t")
        if not _ONE_RANGE.fullmatch(line):
            return None
        if b"if-range" in headers:
            request = asked.request
            found = await self._files.find(request.account_id, asked.place, request.pairs)
            if found is None or not conditional.range_is_current(
                headers, etag=_strong(found), modified_at=_seconds(found)
            ):
                return None
        return line.decode("ascii")

    async def _send(
        self,
        headers: Headers,
        send: Send,
        asked: ExternalRequest,
        found: ExternalFile,
        answer: ExternalAnswer,
    ) -> None:
        if answer.is_unsatisfiable:
            size = found.object.size_bytes
            raise BytewardError(
                ErrorCode.RANGE_NOT_SATISFIABLE,
                "the range begins behind the last byte",
                headers={} if size is None else {"content-range": f"bytes */{size}"},
            )
        if await self._is_settled(headers, send, asked, found):
            return
        if answer.span is not None:
            _check_span(headers, found, answer.span)
        status = 200 if answer.span is None else 206
        lines = self._lines(asked, found, answer.span)
        await send({"type": START, "status": status, "headers": lines})
        await self._send_pieces(send, answer.body)

    async def _is_settled(
        self, headers: Headers, send: Send, asked: ExternalRequest, found: ExternalFile
    ) -> bool:
        """Judge conditions; True when a 304 was all that there is to say."""
        if conditional.CONDITIONAL_HEADERS.isdisjoint(headers):
            return False
        if found.object.modified_at_ms is None:
            headers = {name: value for name, value in headers.items() if name not in _DATES}
        strong = _strong(found)
        outcome = conditional.evaluate(headers, etag=strong, modified_at=_seconds(found))
        if outcome is Outcome.FAILED:
            raise BytewardError(ErrorCode.PRECONDITION_FAILED, "the file is another version now")
        if found.object.is_weak and b"if-none-match" in headers:
            # Weak comparison suffices here (RFC 9110 §13.1.2), and only here.
            own = {b"if-none-match": headers[b"if-none-match"]}
            outcome = conditional.evaluate(own, etag=f'"{found.object.etag}"', modified_at=0)
        if outcome is not Outcome.NOT_MODIFIED:
            return False
        lines = [*_validators(found), self._caching(asked, found)]
        await send_response(send, 304, lines, b"")
        return True

    def _lines(
        self, asked: ExternalRequest, found: ExternalFile, span: tuple[int, int] | None
    ) -> list[HeaderLine]:
        request, size = asked.request, found.object.size_bytes
        lines = content_headers(
            found.mime,
            request.url_path.name,
            is_download=request.is_download,
            dangerous_types=self._settings.dangerous_types,
            is_single_origin=self._is_single_origin,
        )
        if span is not None:
            start, end = span
            whole = "*" if size is None else str(size)
            lines.append(header_line("content-length", str(end - start)))
            lines.append(header_line("content-range", f"bytes {start}-{end - 1}/{whole}"))
        elif size is not None:
            lines.append(header_line("content-length", str(size)))
        if size is not None:
            lines.append((b"accept-ranges", b"bytes"))
        return [*lines, *_validators(found), self._caching(asked, found)]

    def _caching(self, asked: ExternalRequest, found: ExternalFile) -> HeaderLine:
        return asked.cache_control(None if found.row is None else found.row.expires_at)

    async def _send_pieces(self, send: Send, body: AsyncIterator[bytes]) -> None:
        async for piece in body:
            try:
                async with asyncio.timeout(self._write_stall_seconds):
                    await send({"type": BODY, "body": piece, "more_body": True})
            except TimeoutError:
                raise BytewardError(
                    ErrorCode.REQUEST_TIMEOUT, "the client took no bytes for too long"
                ) from None
        await send({"type": BODY, "body": b"", "more_body": False})


def _strong(found: ExternalFile) -> str:
    """The entity tag for strong comparison; without one, a text that no header can contain."""
    seen = found.object
    return "" if seen.etag is None or seen.is_weak else f'"{seen.etag}"'


def _seconds(found: ExternalFile) -> int:
    modified = found.object.modified_at_ms
    return _NEVER if modified is None else modified // 1000


def _validators(found: ExternalFile) -> list[HeaderLine]:
    seen, lines = found.object, []
    if seen.etag is not None:
        prefix = "W/" if seen.is_weak else ""
        lines.append(header_line("etag", f'{prefix}"{seen.etag}"'))
    if seen.modified_at_ms is not None:
        lines.append(header_line("last-modified", format_http_date(seen.modified_at_ms // 1000)))
    return lines


def _check_span(headers: Headers, found: ExternalFile, span: tuple[int, int]) -> None:
    """Refuse a part that is not the one that was asked for."""
    size = found.object.size_bytes
    expected = None if size is None else parse_range(headers.get(b"range", b""), size)
    if expected is not None and (expected.start, expected.end) != span:
        raise BytewardError(
            ErrorCode.ORIGIN_ERROR, "the store behind this folder answered with another range"
        )

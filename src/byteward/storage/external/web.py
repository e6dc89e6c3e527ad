"""Web servers that a folder shows: objects are URLs.

Redirects are followed under the outbound policy; nothing of the client's request goes along but
what the URL says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from byteward.outbound.fetch import OutboundClient
from byteward.outbound.model import Method, OutboundRequest
from byteward.outbound.url import UrlError, parse_url
from byteward.storage.external.exchange import (
    MISSING,
    OK,
    get_answer,
    head_answer,
    is_coded_part,
    opened,
)
from byteward.storage.external.port import ExternalAnswer, ExternalObject

MAX_BYTES: Final = 5 * 1024**3
"""Largest file that is passed on."""
FIRST_BYTE_SECONDS: Final = 30.0


class WebStore:
    """Whatever a URL names.

    Args:
        client: makes the requests.
    """

    def __init__(self, client: OutboundClient) -> None:
        self._client = client

    async def head(self, key: str) -> ExternalObject | None:
        """See `ReadableStore.head`; a server that takes no HEAD is asked with GET."""
        request = _request(key, Method.HEAD)
        if request is None:
            return None
        async with opened(self._client, request) as response:
            if response.status in {OK} | MISSING:
                return head_answer(response, MISSING)
        async with self.get(key) as answer:
            return None if answer is None else answer.object

    @asynccontextmanager
    async def get(
        self, key: str, range_line: str | None = None
    ) -> AsyncIterator[ExternalAnswer | None]:
        """See `ReadableStore.get`."""
        lines = () if range_line is None else (("range", range_line),)
        request = _request(key, Method.GET, lines)
        if request is None:
            yield None
            return
        async with opened(self._client, request) as response:
            if not is_coded_part(response):
                yield get_answer(response, MISSING, max_bytes=MAX_BYTES)
                return
        async with self.get(key) as answer:
            yield answer


def _request(
    url: str, method: Method, headers: tuple[tuple[str, str], ...] = ()
) -> OutboundRequest | None:
    """The request; None when the text is no URL that anything could be behind."""
    try:
        parsed = parse_url(url)
    except UrlError:
        return None
    return OutboundRequest(
        url=parsed, method=method, headers=headers, first_byte_seconds=FIRST_BYTE_SECONDS
    )

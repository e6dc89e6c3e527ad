"""Containers of Azure Blob Storage, read with a shared access signature.

The signature is part of every URL, so URLs never appear in logs or messages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from byteward.outbound.fetch import OutboundClient
from byteward.outbound.model import Method, OutboundRequest
from byteward.outbound.url import OutboundUrl
from byteward.storage.external.exchange import (
    FORBIDDEN,
    MISSING,
    get_answer,
    head_answer,
    is_coded_part,
    opened,
)
from byteward.storage.external.port import ExternalAnswer, ExternalObject
from byteward.storage.external.sigv4 import encode_path

API_VERSION: Final = "2021-12-02"
_NOT_SHOWN: Final = MISSING | {FORBIDDEN}


@dataclass(frozen=True, slots=True)
class Container:
    """A container and what opens it.

    Attributes:
        endpoint: the storage account's server.
        path_prefix: `/container`.
        sas_token: a query without its question mark; empty for a public container.
    """

    endpoint: OutboundUrl
    path_prefix: str
    sas_token: str = field(repr=False)


class AzureStore:
    """One container, read-only.

    Args:
        client: makes the requests.
        container: where.
    """

    def __init__(self, client: OutboundClient, container: Container) -> None:
        self._client = client
        self._container = container

    async def head(self, key: str) -> ExternalObject | None:
        """See `ReadableStore.head`."""
        async with opened(self._client, self._request(Method.HEAD, key)) as response:
            return head_answer(response, _NOT_SHOWN)

    @asynccontextmanager
    async def get(
        self, key: str, range_line: str | None = None
    ) -> AsyncIterator[ExternalAnswer | None]:
        """See `ReadableStore.get`; Azure knows no ranges from the end, and answers the whole."""
        lines = () if range_line is None else (("range", range_line),)
        async with opened(self._client, self._request(Method.GET, key, lines)) as response:
            if not is_coded_part(response):
                yield get_answer(response, _NOT_SHOWN)
                return
        async with self.get(key) as answer:
            yield answer

    def _request(
        self, method: Method, key: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> OutboundRequest:
        container = self._container
        target = encode_path(f"{container.path_prefix}/{key}")
        if container.sas_token:
            target += f"?{container.sas_token}"
        return OutboundRequest(
            url=replace(container.endpoint, target=target),
            method=method,
            headers=(("x-ms-version", API_VERSION), *headers),
            follows_redirects=False,
        )

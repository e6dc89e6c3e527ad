"""Requests to an account's store and what their answers mean, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from byteward.outbound.fetch import OutboundClient, OutboundResponse
from byteward.outbound.model import OutboundRequest
from byteward.storage.external.answers import (
    length_of,
    object_of,
    span_of,
    unsatisfied_length,
)
from byteward.storage.external.failures import damaged, outbound_failures, refused
from byteward.storage.external.port import ExternalAnswer, ExternalObject

OK: Final = 200
PARTIAL: Final = 206
FORBIDDEN: Final = 403
UNSATISFIABLE: Final = 416
MISSING: Final = frozenset({404, 410})
_IDENTITY: Final = frozenset({None, "", "identity"})


@asynccontextmanager
async def opened(
    client: OutboundClient, request: OutboundRequest
) -> AsyncIterator[OutboundResponse]:
    """An answer while the block lasts, failures of its body included.

    Raises:
        BytewardError: `origin_error`, `origin_timeout`.
    """
    with outbound_failures():
        async with client.open(request) as response:
            yield response


def head_answer(response: OutboundResponse, missing: frozenset[int]) -> ExternalObject | None:
    """What the answer to a HEAD says; `missing` are statuses that mean "no such object".

    Raises:
        BytewardError: `origin_error`, `origin_timeout`.
    """
    if response.status in missing:
        return None
    if response.status != OK:
        raise refused(response.status)
    return object_of(response.headers, length_of(response.headers))


def get_answer(
    response: OutboundResponse, missing: frozenset[int], *, max_bytes: int | None = None
) -> ExternalAnswer | None:
    """The same for a GET.

    Raises:
        BytewardError: `origin_error`, `origin_timeout`.
    """
    status = response.status
    if status in missing:
        return None
    body = response.body(max_bytes=max_bytes)
    if status == OK:
        whole = object_of(response.headers, response.declared_bytes)
        return ExternalAnswer(whole, None, is_unsatisfiable=False, body=body)
    if status == UNSATISFIABLE:
        whole = object_of(response.headers, unsatisfied_length(response.headers))
        return ExternalAnswer(whole, None, is_unsatisfiable=True, body=body)
    if status != PARTIAL:
        raise refused(status)
    found = span_of(response.headers)
    length = length_of(response.headers)
    if found is None or (length is not None and length != found[0][1] - found[0][0]):
        raise damaged("a part that is not the one announced")
    part = object_of(response.headers, found[1])
    return ExternalAnswer(part, found[0], is_unsatisfiable=False, body=body)


def is_coded_part(response: OutboundResponse) -> bool:
    """Whether a part was cut out of compressed bytes, which nobody can unpack."""
    coding = response.headers.first("content-encoding")
    return response.status == PARTIAL and coding not in _IDENTITY


async def read_small(response: OutboundResponse, max_bytes: int) -> bytes:
    """The body of an answer that is not a file.

    Raises:
        OutboundError: it is longer.
    """
    return b"".join([piece async for piece in response.body(max_bytes=max_bytes)])

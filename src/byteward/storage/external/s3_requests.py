"""Signed requests to a bucket (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from byteward.outbound.model import Method, OutboundRequest
from byteward.outbound.url import OutboundUrl
from byteward.storage.external.sigv4 import (
    EMPTY_SHA256,
    SigningKey,
    UnsignedRequest,
    encode_path,
    encode_query,
    sign,
)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, where it is and who we are there.

    Attributes:
        endpoint: the server, as judged by the outbound policy on every request; with a bucket in
            its host name when `path_prefix` is empty.
        path_prefix: `/bucket`, or "" when the host names it.
        key: signs.
    """

    endpoint: OutboundUrl
    path_prefix: str
    key: SigningKey


def bucket_request(
    bucket: Bucket,
    method: Method,
    object_key: str,
    now: float,
    *,
    query: Pairs = (),
    headers: Pairs = (),
    body: bytes | None = None,
    first_byte_seconds: float | None = None,
) -> OutboundRequest:
    """A request for one object, or with an empty `object_key` for the bucket.

    Args:
        bucket: where.
        method: of the request.
        object_key: name of the object.
        now: Unix seconds; stores refuse clocks that are minutes off.
        query: not encoded.
        headers: to send and sign, names in lower case.
        body: to send.
        first_byte_seconds: see `OutboundRequest`.
    """
    path = encode_path(f"{bucket.path_prefix}/{object_key}")
    signed = sign(
        bucket.key,
        UnsignedRequest(
            method=method.value,
            host=bucket.endpoint.authority,
            path=path,
            query=query,
            headers=headers,
            sha256=EMPTY_SHA256 if body is None else hashlib.sha256(body).hexdigest(),
        ),
        now,
    )
    target = f"{path}?{encode_query(query)}" if query else path
    return OutboundRequest(
        url=replace(bucket.endpoint, target=target),
        method=method,
        headers=signed,
        body=body,
        first_byte_seconds=first_byte_seconds,
        # A redirect means another region: following it would sign for the wrong one.
        follows_redirects=False,
    )

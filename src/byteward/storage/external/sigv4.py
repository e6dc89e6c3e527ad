"""Signatures of requests to stores that speak S3: AWS Signature Version 4 in headers (pure).

The canonical request is method, path, query, headers and the SHA-256 of the body; the path is
percent-encoded once, as S3 has it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

ALGORITHM: Final = "AWS4-HMAC-SHA256"
EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()

_UNRESERVED: Final = "-_.~"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Who signs, and for where."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str
    service: str = "s3"


@dataclass(frozen=True, slots=True)
class UnsignedRequest:
    """What is signed.

    Attributes:
        method: upper case.
        host: as it is sent in `Host`.
        path: percent-encoded.
        query: pairs, not encoded.
        headers: further headers to sign, names in lower case.
        sha256: of the body, in hex.
    """

    method: str
    host: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Sequence[tuple[str, str]] = ()
    sha256: str = EMPTY_SHA256


def encode_path(text: str) -> str:
    """Percent-encode a path; slashes stay."""
    return quote(text, safe="/" + _UNRESERVED)


def encode_query(pairs: Sequence[tuple[str, str]]) -> str:
    """A query in canonical form: encoded and sorted."""
    encoded = [
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in pairs
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def sign(key: SigningKey, request: UnsignedRequest, now: float) -> tuple[tuple[str, str], ...]:
    """All headers to send besides `Host`, the signature among them.

    Args:
        key: who signs.
        request: what.
        now: Unix seconds.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    lines = (
        *request.headers,
        ("x-amz-content-sha256", request.sha256),
        ("x-amz-date", stamp),
    )
    signed = sorted((*lines, ("host", request.host)))
    names = ";".join(name for name, _ in signed)
    canonical = "\n".join(
        (
            request.method,
            request.path,
            encode_query(request.query),
            *(f"{name}:{' '.join(value.split())}" for name, value in signed),
            "",
            names,
            request.sha256,
        )
    )
    scope = f"{stamp[:8]}/{key.region}/{key.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    signature = hmac.new(_derived(key, stamp[:8]), text.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"{ALGORITHM} Credential={key.access_key}/{scope},"
        f"SignedHeaders={names},Signature={signature}"
    )
    return (*lines, ("authorization", authorization))


def _derived(key: SigningKey, day: str) -> bytes:
    derived = ("AWS4" + key.secret_key).encode()
    for part in (day, key.region, key.service, "aws4_request"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return derived

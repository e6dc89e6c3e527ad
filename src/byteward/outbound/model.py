"""What an outbound request is, and how it can fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from byteward.outbound.url import OutboundUrl


class Method(StrEnum):
    """What is asked of the other end; the last three are for stores of accounts only."""

    GET = "GET"
    HEAD = "HEAD"
    PUT = "PUT"
    POST = "POST"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One request.

    Attributes:
        url: where to, as `url.parse_url` reads it.
        method: redirects keep it.
        headers: names and values besides those that every request has. On a redirect to another
            origin only those of `fetch.CROSSING_HEADERS` go along.
        total_seconds: until the last byte of the body, redirects included; None: as long as the
            least rate is kept.
        first_byte_seconds: wait for the headers, the sending of `body` included; None: as the
            operator set it.
        body: sent with the request; None: none.
        follows_redirects: False: an answer that redirects is the answer.
    """

    url: OutboundUrl
    method: Method = Method.GET
    headers: tuple[tuple[str, str], ...] = ()
    total_seconds: float | None = None
    first_byte_seconds: float | None = None
    body: bytes | None = None
    follows_redirects: bool = True


class Failure(StrEnum):
    """All that is ever said outward about a failed request.

    SECURITY: a caller chooses the URL, so a more precise answer would map the operator's network
    for it. Names, addresses, refusals, broken answers and TLS are all `unreachable`.
    """

    STATUS = "status"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    REDIRECTS = "redirects"
    UNREACHABLE = "unreachable"


class OutboundError(Exception):
    """A request failed.

    Args:
        failure: which way; may be told to the caller.
        detail: why; for the log only.
        status: what the other end answered, for `Failure.STATUS`.
    """

    def __init__(self, failure: Failure, detail: str, *, status: int | None = None) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail
        self.status = status


class ResponseHeaders:
    """Headers of an answer, as they came.

    Args:
        lines: names and values.
    """

    def __init__(self, lines: Sequence[tuple[bytes, bytes]]) -> None:
        self._lines = tuple((name.lower(), value) for name, value in lines)

    def first(self, name: str) -> str | None:
        """The first value of a header (lower-case name), read as Latin-1."""
        wanted = name.encode("ascii")
        found = next((value for line, value in self._lines if line == wanted), None)
        return None if found is None else found.decode("latin-1").strip(" \t")

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire, without the status line."""
        return sum(len(name) + len(value) + 4 for name, value in self._lines)

"""Preconditions of a GET or HEAD (pure; RFC 9110 §13).

The order is the RFC's (§13.2.2): If-Match, else If-Unmodified-Since; then If-None-Match, else
If-Modified-Since; then If-Range. Times count in whole seconds. Malformed dates are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from byteward.delivery.http_date import parse_http_date

CONDITIONAL_HEADERS: Final = frozenset(
    {b"if-match", b"if-unmodified-since", b"if-none-match", b"if-modified-since"}
)
_ENTITY_TAG: Final = re.compile(r'(W/)?("[^"\x00-\x20\x7f]*")')


class Outcome(StrEnum):
    """What the preconditions say about a request."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not_modified"
    FAILED = "failed"


def evaluate(headers: Mapping[bytes, bytes], *, etag: str, modified_at: int) -> Outcome:
    """Judge the preconditions.

    Args:
        headers: request headers by lower-case name.
        etag: the strong entity tag with its quotes.
        modified_at: Last-Modified in Unix seconds.
    """
    if (match := headers.get(b"if-match")) is not None:
        if not _lists(match, etag, is_weak_allowed=False):
            return Outcome.FAILED
    elif (date := _date(headers, b"if-unmodified-since")) is not None and modified_at > date:
        return Outcome.FAILED
    if (none_match := headers.get(b"if-none-match")) is not None:
        if _lists(none_match, etag, is_weak_allowed=True):
            return Outcome.NOT_MODIFIED
    elif (date := _date(headers, b"if-modified-since")) is not None and modified_at <= date:
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def range_is_current(headers: Mapping[bytes, bytes], *, etag: str, modified_at: int) -> bool:
    """Whether If-Range (if any) still names this representation; else the whole body is due."""
    value = headers.get(b"if-range")
    if value is None:
        return True
    text = value.decode("latin-1").strip(" \t")
    if text.startswith(('"', "W/")):
        # Strong comparison: a weak tag never matches (RFC 9110 §13.1.5).
        return text == etag
    return parse_http_date(text) == modified_at


def _lists(header: bytes, etag: str, *, is_weak_allowed: bool) -> bool:
    """Whether an If-Match or If-None-Match value names the tag; `*` names every one."""
    text = header.decode("latin-1").strip(" \t")
    if text == "*":
        return True
    return any(
        tag == etag and (is_weak_allowed or not weak) for weak, tag in _ENTITY_TAG.findall(text)
    )


def _date(headers: Mapping[bytes, bytes], name: bytes) -> int | None:
    value = headers.get(name)
    return None if value is None else parse_http_date(value.decode("latin-1").strip(" \t"))

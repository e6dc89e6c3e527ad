"""What the headers of an answer say about an object (pure)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from byteward.outbound.model import ResponseHeaders
from byteward.storage.external.port import ExternalObject

_LENGTH: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_CONTENT_RANGE: Final = re.compile(r"bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)", re.ASCII)
_UNSATISFIED: Final = re.compile(r"bytes \*/([0-9]{1,19})", re.ASCII)
_ENTITY_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]{1,255})"')
_MIME: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:[ \t]*;[\x20-\x7e]*)?")
_MAX_MIME: Final = 255


def object_of(headers: ResponseHeaders, size_bytes: int | None) -> ExternalObject:
    """The object behind an answer; what the headers say wrongly counts as not said."""
    tag = _ENTITY_TAG.fullmatch(headers.first("etag") or "")
    return ExternalObject(
        size_bytes=size_bytes,
        etag=None if tag is None else tag[2],
        is_weak=tag is not None and tag[1] is not None,
        modified_at_ms=date_ms(headers.first("last-modified")),
        mime=_mime(headers.first("content-type")),
    )


def length_of(headers: ResponseHeaders) -> int | None:
    """`Content-Length`, if there is one."""
    length = headers.first("content-length")
    return None if length is None or not _LENGTH.fullmatch(length) else int(length)


def span_of(headers: ResponseHeaders) -> tuple[tuple[int, int], int | None] | None:
    """`Content-Range` of a 206: start and end (not included), and the whole length if told."""
    match = _CONTENT_RANGE.fullmatch(headers.first("content-range") or "")
    if match is None:
        return None
    start, end = int(match[1]), int(match[2]) + 1
    whole = None if match[3] == "*" else int(match[3])
    if start >= end or (whole is not None and end > whole):
        return None
    return (start, end), whole


def unsatisfied_length(headers: ResponseHeaders) -> int | None:
    """The whole length that a 416 tells."""
    match = _UNSATISFIED.fullmatch(headers.first("content-range") or "")
    return None if match is None else int(match[1])


def date_ms(text: str | None) -> int | None:
    """A date of HTTP in Unix milliseconds; None when it is none, or before 1970."""
    try:
        moment = parsedate_to_datetime(text or "")
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return _milliseconds(moment)


def iso_ms(text: str | None) -> int | None:
    """The same for a date of ISO 8601, as listings have it."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if moment.tzinfo is None else _milliseconds(moment)


def _milliseconds(moment: datetime) -> int | None:
    milliseconds = int(moment.timestamp() * 1000)
    return milliseconds if milliseconds >= 0 else None


def _mime(text: str | None) -> str | None:
    if text is None or len(text) > _MAX_MIME or not _MIME.fullmatch(text):
        return None
    return text

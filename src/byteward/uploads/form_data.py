"""Reading `multipart/form-data` (RFC 7578) piece by piece, within limits.

The parser of the `multipart` distribution finds the boundaries; the limits that it does not have
(bytes before the first and after the last part, header bytes of a whole part, length of the
boundary) are kept here. Nothing is buffered but one part's headers and a possible boundary.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from multipart import (  # type: ignore[import-untyped] # the distribution ships no types
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from byteward.errors import BytewardError, ErrorCode

MAX_BOUNDARY: Final = 70
MAX_HEADER_LINES: Final = 16

# RFC 2046 §5.1.1: bchars; a space may not end it.
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormLimits:
    """What one form may have.

    Attributes:
        max_parts: files.
        max_header_bytes: all header lines of one part together.
        max_preamble_bytes: before the first boundary; also the most after the last one.
    """

    max_parts: int
    max_header_bytes: int
    max_preamble_bytes: int


@dataclass(frozen=True, slots=True)
class FormPart:
    """The headers of one part.

    Attributes:
        field_name: of the form field; empty when the form names none.
        file_name: the last component of the name that the client sent, if it sent one.
        content_type: as sent, if it was.
    """

    field_name: str
    file_name: str | None
    content_type: str | None


class EndOfPart:
    """The bytes of the current part are over."""


FormEvent = FormPart | bytes | EndOfPart


class FormDataParser:
    """Turns chunks of a request body into the headers, bytes and end of each part in turn."""

    def __init__(self, boundary: str, limits: FormLimits) -> None:
        self._limits = limits
        self._outside_bytes = 0
        self._is_in_part = False
        self._parser = PushMultipartParser(
            boundary,
            max_header_size=limits.max_header_bytes,
            max_header_count=MAX_HEADER_LINES,
            max_segment_count=limits.max_parts,
        )

    def feed(self, chunk: bytes) -> Iterator[FormEvent]:
        """Read the next chunk of the body.

        Raises:
            BytewardError: `invalid_request` for a malformed form, `payload_too_large` past a limit.
        """
        is_silent = not self._is_in_part
        try:
            for event in self._parser.parse(chunk) if chunk else ():
                is_silent = False
                yield self._event(event)
        except MultipartError as error:
            raise _refusal(error) from None
        if is_silent:
            self._count_outside(len(chunk))

    def close(self) -> None:
        """Say that the body is over.

        Raises:
            BytewardError: `invalid_request` when the form was not.
        """
        try:
            self._parser.close()
        except MultipartError as error:
            raise _refusal(error) from None

    def _event(self, event: MultipartSegment | bytes | None) -> FormEvent:
        if event is None:
            self._is_in_part = False
            return EndOfPart()
        if isinstance(event, bytes):
            return event
        self._is_in_part = True
        self._outside_bytes = 0
        self._check_headers(event)
        name = _base_name(event.filename)
        return FormPart(event.name or "", name, event.header("Content-Type"))

    def _check_headers(self, segment: MultipartSegment) -> None:
        size = sum(len(name) + len(value.encode()) + 4 for name, value in segment.headerlist)
        if size > self._limits.max_header_bytes:
            raise _too_large(f"a part has {size} bytes of headers")

    def _count_outside(self, size: int) -> None:
        """Bound what belongs to no part: text around the parts, or headers without an end."""
        self._outside_bytes += size
        if self._outside_bytes > self._limits.max_preamble_bytes:
            raise _too_large("too many bytes stand outside of the form's parts")


def boundary_of(content_type: str) -> str:
    """The boundary that the request's content type names.

    Raises:
        BytewardError: `unsupported_media_type` for any other type, `invalid_request` without a
            boundary of 1 to 70 of the characters that RFC 2046 allows.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != "multipart/form-data":
        raise BytewardError(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE, "this operation takes `multipart/form-data` only"
        )
    boundary: str = options.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise BytewardError(
            ErrorCode.INVALID_REQUEST, f"the form's boundary is not 1 to {MAX_BOUNDARY} characters"
        )
    return boundary


def _base_name(file_name: str | None) -> str | None:
    """What follows the last slash or backslash: some clients send the whole path."""
    if file_name is None:
        return None
    return re.split(r"[/\\]", file_name)[-1] or None


def _refusal(error: MultipartError) -> BytewardError:
    if isinstance(error, ParserLimitReached):
        return _too_large(f"{error}")
    return BytewardError(ErrorCode.INVALID_REQUEST, f"the form cannot be read: {error}")


def _too_large(what: str) -> BytewardError:
    return BytewardError(ErrorCode.PAYLOAD_TOO_LARGE, f"the form is past a limit: {what}")

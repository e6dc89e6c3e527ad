"""A stored file as something to send: its row, and the header lines that never change (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from byteward.config import DeliverySettings
from byteward.delivery.disposition import content_headers
from byteward.delivery.http_date import format_http_date
from byteward.files.store import StoredFile
from byteward.header_lines import HeaderBlock, HeaderLine, header_line


@dataclass(frozen=True, slots=True)
class Representation:
    """One version of one file.

    Attributes:
        file: the row.
        etag: the strong entity tag, quoted.
        modified_at: Unix seconds.
        validators: ETag and Last-Modified.
        content: type and protection, for an answer that is not a download.
        whole: every fixed line of a 200 without a download.
        unmodified: every fixed line of a 304.
    """

    file: StoredFile
    etag: str
    modified_at: int
    validators: tuple[HeaderLine, ...]
    content: tuple[HeaderLine, ...]
    whole: HeaderBlock
    unmodified: HeaderBlock

    @property
    def is_result(self) -> bool:
        """Whether the bytes are those of a transformation, which have no digest."""
        return not self.file.sha256

    @property
    def size_bytes(self) -> int:
        """Length of the whole body."""
        return self.file.details.size_bytes


def with_lines(found: Representation, lines: Sequence[HeaderLine]) -> Representation:
    """The same with further lines beside its content."""
    return replace(
        found,
        content=(*found.content, *lines),
        whole=HeaderBlock([*found.whole.lines, *lines]),
    )


def represent(
    file: StoredFile, settings: DeliverySettings, *, is_single_origin: bool
) -> Representation:
    """Work out once what every answer about this version repeats."""
    details = file.details
    etag = f'"{details.etag or file.sha256.hex()[:32]}"'
    modified_at = details.modified_at // 1000
    validators = (
        header_line("etag", etag),
        header_line("last-modified", format_http_date(modified_at)),
    )
    content = tuple(
        content_headers(
            details.mime,
            details.path.name,
            is_download=False,
            dangerous_types=settings.dangerous_types,
            is_single_origin=is_single_origin,
        )
    )
    length = header_line("content-length", str(details.size_bytes))
    whole = HeaderBlock([*content, length, (b"accept-ranges", b"bytes"), *validators])
    return Representation(
        file, etag, modified_at, validators, content, whole, HeaderBlock(validators)
    )

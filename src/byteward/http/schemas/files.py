"""Bodies and queries of the file operations."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

PathText = Annotated[str, Meta(min_length=1, max_length=512, pattern="^/.*$")]
"""An absolute path; its segments are looked at by whoever parses it."""


class FilePathQuery(Struct, frozen=True, rename="camel"):
    """One file.

    Attributes:
        file_path: absolute path of the file.
    """

    file_path: PathText


class FileDetails(Struct, frozen=True, rename="camel"):
    """A file; every field is always there.

    Attributes:
        account_id: the account that the file is in.
        etag: changes whenever the content changes; null until an upload is complete.
        file_path: absolute path.
        file_url: where the file's own bytes are delivered.
        last_modified: when the content was last written, in Unix milliseconds.
        metadata: the uploader's own JSON object.
        mime: media type.
        original_file_name: name on the uploader's device, if it was told.
        size: bytes.
        tags: in the order in which they were given.
    """

    account_id: str
    etag: str | None
    file_path: str
    file_url: str
    last_modified: int
    metadata: dict[str, Any]  # Any: the uploader's own JSON
    mime: str
    original_file_name: str | None
    size: int
    tags: list[str]

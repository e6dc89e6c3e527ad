"""Bodies of the file operations."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class FileDetails(Struct, frozen=True, rename="camel"):
    """A file; every field is always there. `etag` is null until an upload is complete."""

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

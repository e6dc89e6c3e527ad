"""What a stored file says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from byteward.paths import FilePath


@dataclass(frozen=True, slots=True)
class FileDetails:
    """A file, or the file that an upload is going to make.

    Attributes:
        account_id: its account.
        path: its path.
        etag: changes with the contents; MD5 in hex, or `<md5 of part md5s>-<parts>`. None until the
            upload is complete.
        size_bytes: length of the contents.
        mime: media type as declared.
        original_file_name: what the uploader called it.
        tags: in order, each once.
        metadata: JSON object as compact text.
        modified_at: Unix milliseconds of the last write of the contents.
    """

    account_id: str
    path: FilePath
    etag: str | None
    size_bytes: int
    mime: str
    original_file_name: str | None
    tags: tuple[str, ...]
    metadata: str
    modified_at: int

"""Bodies of the operations that copy and move files, and delete many."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from byteward.bulk import copy_files, delete_files
from byteward.http.schemas.files import PathText
from byteward.http.schemas.uploads import Tag

# Any: the uploader's own JSON; its size is checked with a code of its own.
_Members = Annotated[dict[str, Any], Meta(description="Members of the metadata.")]


class MetadataChange(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What becomes of the metadata.

    Attributes:
        merge: true: members are added to the source's, in place of those of the same name.
            Otherwise they replace the source's as a whole.
        value: the members.
    """

    merge: bool = False
    value: _Members = {}


class TagsChange(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What becomes of the tags.

    Attributes:
        merge: true: tags are added to the source's. Otherwise they replace them.
        value: the tags.
    """

    merge: bool = False
    value: list[Tag] = []


class CopyFileRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One copy. Source and destination may be the same, which changes metadata and tags.

    Attributes:
        source: absolute path of the file.
        destination: absolute path of the copy; a file that is there is replaced.
        metadata: left out, it is as at the source.
        tags: left out, they are as at the source.
    """

    source: PathText
    destination: PathText
    metadata: MetadataChange | None = None
    tags: TagsChange | None = None


class CopyFileResponse(Struct, frozen=True, rename="camel"):
    """What happened.

    Attributes:
        status: one word.
    """

    status: Literal["Copied"]


class CopyFileBatchRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Copies, made one after the other.

    Attributes:
        files: the copies.
    """

    files: Annotated[list[CopyFileRequest], Meta(min_length=1, max_length=copy_files.MAX_FILES)]


class DeleteFileBatchRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Files to delete.

    Attributes:
        files: their absolute paths.
    """

    files: Annotated[list[PathText], Meta(min_length=1, max_length=delete_files.MAX_FILES)]


class MoveFileRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One move.

    Attributes:
        source: absolute path of the file.
        destination: its new absolute path; a file that is there is replaced.
    """

    source: PathText
    destination: PathText


class MoveResponse(Struct, frozen=True, rename="camel"):
    """What happened.

    Attributes:
        status: one word.
    """

    status: Literal["Moved"]

"""Bodies of the upload operations."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from byteward.http.schemas.files import FileDetails
from byteward.uploads.state import Protocol

PATH_LENGTH = 512
NAME_PATTERN = "^[^/]*$"

PathText = Annotated[str, Meta(max_length=PATH_LENGTH)]
FileName = Annotated[str, Meta(max_length=PATH_LENGTH, pattern=NAME_PATTERN)]
OriginalFileName = Annotated[str, Meta(min_length=1, max_length=255, pattern="^.+$")]
MimeText = Annotated[str, Meta(min_length=3, max_length=255)]
Tag = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9\.,/=_+-]*$")]


class DynamicFilePath(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A path made of templates; what is left out comes from the API key."""

    folder_path: PathText | None = None
    file_name: FileName | None = None
    file_name_fallback: FileName | None = None
    file_name_variables_enabled: bool = True
    folder_path_variables_enabled: bool = True


class BeginMultipartUploadRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the file is and where it goes; its bytes come in parts."""

    size: Annotated[int, Meta(ge=0)]
    mime: MimeText | None = None
    original_file_name: OriginalFileName | None = None
    path: DynamicFilePath | PathText | None = None
    protocol: Protocol = Protocol.V1_0
    metadata: Any = None  # Any JSON arrives; that it is an object is checked with its own code
    tags: list[Tag] = []


class CompleteUploadPartRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The ETag header that the part's PUT answered."""

    etag: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^\S*$")]


class BasicUploadResponse(Struct, frozen=True, rename="camel"):
    """A file that was stored."""

    account_id: str
    etag: str
    file_path: str
    file_url: str


class FormDataFile(Struct, frozen=True, rename="camel"):
    """A file of a form that was stored."""

    account_id: str
    etag: str
    file_path: str
    file_url: str
    form_data_field_name: str


class FileError(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why a file of a form was refused."""

    code: str
    message: str
    timestamp: str
    details: Any = None  # Any: each code has details of its own


class FormDataError(Struct, frozen=True, rename="camel"):
    """A file of a form that was refused."""

    form_data_field_name: str
    error: FileError


class FormDataUploadResponse(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of a form's files. `error` repeats the first one when none was stored."""

    files: list[FormDataFile]
    errors: list[FormDataError]
    error: FileError | None = None


class UploadRange(Struct, frozen=True, rename="camel"):
    """Bytes of a part; both ends belong to it."""

    inclusive_start: int
    inclusive_end: int


class UploadPart(Struct, frozen=True, rename="camel"):
    """Where the bytes of one part go."""

    upload_id: str
    upload_part_index: int
    upload_url: str
    range: UploadRange


class UploadParts(Struct, frozen=True, rename="camel"):
    """How many parts there are, and the first of them."""

    count: int
    first: UploadPart


class BeginMultipartUploadResponse(Struct, frozen=True, rename="camel"):
    """The file that the upload is going to make, final but for its etag."""

    file: FileDetails
    upload_id: str
    upload_parts: UploadParts


class CompleteUploadPartResponse(Struct, frozen=True, rename="camel", omit_defaults=True):
    """`Completed`, with the file's etag, for the part that finished the upload."""

    status: str
    etag: str | None = None


class ListUploadPartsResponse(Struct, frozen=True, rename="camel"):
    """Indexes of the parts that were not completed."""

    remaining_upload_parts: list[int]

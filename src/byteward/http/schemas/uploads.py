"""Bodies and queries of the upload operations."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from byteward.files.metadata import MAX_BYTES as MAX_METADATA_BYTES
from byteward.http.schemas.files import FileDetails
from byteward.outbound.url import MAX_BYTES as MAX_URL_BYTES
from byteward.uploads.state import Protocol

PATH_LENGTH = 512
NAME_PATTERN = "^[^/]*$"

PathText = Annotated[str, Meta(max_length=PATH_LENGTH)]
FileName = Annotated[str, Meta(max_length=PATH_LENGTH, pattern=NAME_PATTERN)]
OriginalFileName = Annotated[str, Meta(min_length=1, max_length=255, pattern="^.+$")]
MimeText = Annotated[str, Meta(min_length=3, max_length=255)]
Tag = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9\.,/=_+-]*$")]
# Any JSON arrives; that it is a small object is checked with a code of its own.
Metadata = Annotated[
    Any,
    Meta(
        description=f"An object of the uploader's own, of at most {MAX_METADATA_BYTES} bytes.",
        extra_json_schema={"type": ["object", "null"]},
    ),
]


class UploadQuery(Struct, frozen=True, rename="camel"):
    """Where the files of a request go, and what is said of them.

    Attributes:
        file_path: the absolute path; braces are literal. Excludes `fileName` and `folderPath`.
        folder_path: the folder, with path variables; what is left out comes from the API key.
        file_name: the name, with path variables; what is left out comes from the API key.
        file_name_fallback: the name to take when `fileName` is taken; with path variables.
        file_name_variables_enabled: `false`: braces in the names are literal.
        folder_path_variables_enabled: `false`: braces in the folder are literal.
        original_file_name: the name on the uploader's device.
        tag: may be repeated, 25 times at most.
    """

    file_path: Annotated[str, Meta(max_length=PATH_LENGTH, pattern="^(/.*)?$")] | None = None
    folder_path: PathText | None = None
    file_name: FileName | None = None
    file_name_fallback: FileName | None = None
    file_name_variables_enabled: bool = True
    folder_path_variables_enabled: bool = True
    original_file_name: OriginalFileName | None = None
    tag: list[Tag] = []


class PartQuery(Struct, frozen=True):
    """The proof in the URL of a part.

    Attributes:
        exp: when the URL ends, in Unix seconds.
        sig: the server's signature.
    """

    exp: str = ""
    sig: str = ""


class DynamicFilePath(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A path made of templates; what is left out comes from the API key.

    Attributes:
        folder_path: absolute, or relative to the API key's folder; with path variables.
        file_name: with path variables.
        file_name_fallback: the name to take when `fileName` is taken; with path variables.
        file_name_variables_enabled: `false`: braces in the names are literal.
        folder_path_variables_enabled: `false`: braces in the folder are literal.
    """

    folder_path: PathText | None = None
    file_name: FileName | None = None
    file_name_fallback: FileName | None = None
    file_name_variables_enabled: bool = True
    folder_path_variables_enabled: bool = True


class BeginMultipartUploadRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the file is and where it goes; its bytes come in parts.

    Attributes:
        size: bytes of the whole file.
        mime: media type; `application/octet-stream` when left out.
        original_file_name: the name on the uploader's device.
        path: a path without variables, or templates.
        protocol: `1.1` makes the file appear with the last completion only, whatever its size.
        tags: 25 at most.
    """

    size: Annotated[int, Meta(ge=0)]
    mime: MimeText | None = None
    original_file_name: OriginalFileName | None = None
    path: DynamicFilePath | PathText | None = None
    protocol: Protocol = Protocol.V1_0
    metadata: Metadata = None
    tags: list[Tag] = []


class UploadFromUrlRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where the server finds the file, and where it goes.

    Attributes:
        url: of http or https.
        mime: media type; that of the source's answer when left out.
        original_file_name: that of the source's Content-Disposition when left out.
        path: a path without variables, or templates.
        tags: 25 at most.
        timeout: milliseconds for all of it.
    """

    url: Annotated[str, Meta(min_length=1, max_length=MAX_URL_BYTES)]
    mime: MimeText | None = None
    original_file_name: OriginalFileName | None = None
    path: DynamicFilePath | PathText | None = None
    metadata: Metadata = None
    tags: list[Tag] = []
    timeout: Annotated[int, Meta(ge=1, le=30000)] = 30000


class CompleteUploadPartRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the part's PUT answered.

    Attributes:
        etag: its ETag header, with or without the quotes.
    """

    etag: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^\S*$")]


class BasicUploadResponse(Struct, frozen=True, rename="camel"):
    """A file that was stored.

    Attributes:
        account_id: the account that the file is in.
        etag: changes whenever the content changes.
        file_path: absolute path.
        file_url: where the file's own bytes are delivered.
    """

    account_id: str
    etag: str
    file_path: str
    file_url: str


class FormDataFile(Struct, frozen=True, rename="camel"):
    """A file of a form that was stored.

    Attributes:
        account_id: the account that the file is in.
        etag: changes whenever the content changes.
        file_path: absolute path.
        file_url: where the file's own bytes are delivered.
        form_data_field_name: name of the form's part.
    """

    account_id: str
    etag: str
    file_path: str
    file_url: str
    form_data_field_name: str


class FileError(Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why a file of a form was refused.

    Attributes:
        code: which failure.
        message: what happened and what to do, for people.
        timestamp: when, as ISO 8601 in UTC with milliseconds.
        details: for programs.
    """

    code: str
    message: str
    timestamp: str
    details: Any = None  # Any: each code has details of its own


class FormDataError(Struct, frozen=True, rename="camel"):
    """A file of a form that was refused.

    Attributes:
        form_data_field_name: name of the form's part.
        error: why.
    """

    form_data_field_name: str
    error: FileError


class FormDataUploadResponse(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of a form's files.

    Attributes:
        files: those that were stored.
        errors: those that were refused.
        error: the first refusal, when nothing was stored.
    """

    files: list[FormDataFile]
    errors: list[FormDataError]
    error: FileError | None = None


class UploadRange(Struct, frozen=True, rename="camel"):
    """Bytes of a part; both ends belong to it.

    Attributes:
        inclusive_start: the first byte, counted from 0.
        inclusive_end: the last one; -1 for the only part of an empty file.
    """

    inclusive_start: int
    inclusive_end: int


class UploadPart(Struct, frozen=True, rename="camel"):
    """Where the bytes of one part go.

    Attributes:
        upload_id: the upload.
        upload_part_index: the part, counted from 0.
        upload_url: the part's bytes are PUT here, with a Content-Length and no credential.
        range: which bytes of the file.
    """

    upload_id: str
    upload_part_index: int
    upload_url: str
    range: UploadRange


class UploadParts(Struct, frozen=True, rename="camel"):
    """How many parts there are, and the first of them.

    Attributes:
        count: of parts, at least 1.
        first: the part of index 0.
    """

    count: int
    first: UploadPart


class BeginMultipartUploadResponse(Struct, frozen=True, rename="camel"):
    """The upload that has begun.

    Attributes:
        file: what the upload is going to make, final but for its etag.
        upload_id: the upload.
        upload_parts: where the bytes go.
    """

    file: FileDetails
    upload_id: str
    upload_parts: UploadParts


class CompleteUploadPartResponse(Struct, frozen=True, rename="camel", omit_defaults=True):
    """How the upload stands.

    Attributes:
        status: `Pending`, or `Completed` for the part that finished the upload.
        etag: of the file, once it is there.
    """

    status: str
    etag: str | None = None


class ListUploadPartsResponse(Struct, frozen=True, rename="camel"):
    """What is left to do.

    Attributes:
        remaining_upload_parts: indexes of the parts that were not completed, in order.
    """

    remaining_upload_parts: list[int]

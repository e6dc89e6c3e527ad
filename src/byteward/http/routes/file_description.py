"""What the request says about the file that it brings: from a query, or from a JSON body."""

from __future__ import annotations

from typing import Final

from byteward.errors import BytewardError, ErrorCode
from byteward.files import mime as media_types
from byteward.files.metadata import EMPTY, encode_metadata, parse_metadata_header
from byteward.files.resolution import DynamicPath, PathDefinition
from byteward.http.schemas import uploads as schemas
from byteward.http.validation import Problems
from byteward.openapi.operation import STORES, WRITING
from byteward.telemetry.request_context import RequestContext
from byteward.uploads.model import NewFile

UPLOADING: Final = (
    ErrorCode.INVALID_PATH,
    ErrorCode.INVALID_PATH_VARIABLE,
    ErrorCode.INVALID_METADATA,
    ErrorCode.TOO_MANY_TAGS,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.TAG_NOT_PERMITTED,
    ErrorCode.PATH_TAKEN,
    ErrorCode.FILE_TOO_LARGE,
    ErrorCode.RATE_LIMIT_EXCEEDED,
    ErrorCode.READ_ONLY_STORAGE,
    *STORES,
    *WRITING,
)
"""What any new file can be refused with."""


def from_request(
    query: schemas.UploadQuery, context: RequestContext, *, content_type: bytes | None
) -> NewFile:
    """The description of uploads whose body is bytes: query and headers.

    Args:
        query: of the request.
        context: of the request.
        content_type: the header that types the file; None when there is no such header.

    Raises:
        BytewardError: `invalid_request`, `conflicting_parameters`, `invalid_metadata`.
    """
    definition = _definition(query)
    mime = _header_mime(content_type)
    raw_metadata = context.headers.get(b"x-upload-metadata")
    metadata = EMPTY if raw_metadata is None else parse_metadata_header(raw_metadata)
    return NewFile(definition, mime, query.original_file_name, tuple(query.tag), metadata)


def from_body(body: schemas.BeginMultipartUploadRequest | schemas.UploadFromUrlRequest) -> NewFile:
    """The description in a validated JSON body.

    Raises:
        BytewardError: `invalid_request`, `invalid_metadata`.
    """
    mime: str | None = media_types.OCTET_STREAM
    if body.mime is not None:
        mime = media_types.parse_mime(body.mime)
    if mime is None:
        problems = Problems()
        problems.add("body.mime", f"Not match in '{media_types.PATTERN}'", body.mime)
        problems.raise_any()
    return NewFile(
        definition=definition_of(body.path),
        mime=mime or media_types.OCTET_STREAM,
        original_file_name=body.original_file_name,
        tags=tuple(body.tags),
        metadata=EMPTY if body.metadata is None else encode_metadata(body.metadata),
    )


def definition_of(path: schemas.DynamicFilePath | str | None) -> PathDefinition:
    """Where a file goes, by a validated JSON body."""
    if path is None:
        return DynamicPath()
    if isinstance(path, str):
        return path
    return DynamicPath(
        folder_path=path.folder_path,
        file_name=path.file_name,
        file_name_fallback=path.file_name_fallback,
        file_name_variables_enabled=path.file_name_variables_enabled,
        folder_path_variables_enabled=path.folder_path_variables_enabled,
    )


def _definition(query: schemas.UploadQuery) -> PathDefinition:
    if query.file_path and (query.file_name is not None or query.folder_path is not None):
        raise _conflict("`filePath` excludes `fileName` and `folderPath`", "filePath", "fileName")
    if query.file_name_fallback is not None and query.file_name is None:
        raise _conflict("`fileNameFallback` needs `fileName`", "fileNameFallback", "fileName")
    return query.file_path or DynamicPath(
        folder_path=query.folder_path,
        file_name=query.file_name,
        file_name_fallback=query.file_name_fallback,
        file_name_variables_enabled=query.file_name_variables_enabled,
        folder_path_variables_enabled=query.folder_path_variables_enabled,
    )


def _conflict(message: str, *parameters: str) -> BytewardError:
    details = {"parameters": list(parameters)}
    return BytewardError(ErrorCode.CONFLICTING_PARAMETERS, message, details=details)


def _header_mime(content_type: bytes | None) -> str:
    if content_type is None:
        return media_types.OCTET_STREAM
    text = content_type.decode("latin-1")
    mime = media_types.parse_mime(text)
    if mime is None:
        problems = Problems()
        problems.add("header.content-type", f"Not match in '{media_types.PATTERN}'", text)
        problems.raise_any()
    return mime or media_types.OCTET_STREAM

"""What the request says about the file that it brings: from a query, or from a JSON body."""

from __future__ import annotations

from byteward.errors import BytewardError, ErrorCode
from byteward.files import mime as media_types
from byteward.files import tags as tag_rules
from byteward.files.metadata import EMPTY, encode_metadata, parse_metadata_header
from byteward.files.resolution import DynamicPath, PathDefinition
from byteward.http.query import Query
from byteward.http.schemas import uploads as schemas
from byteward.http.validation import Problems
from byteward.telemetry.request_context import RequestContext
from byteward.uploads.model import NewFile

_ORIGINAL_NAME_LENGTH = 255


def from_request(query: Query, context: RequestContext, *, content_type: bytes | None) -> NewFile:
    """The description of uploads whose body is bytes: query and headers.

    Args:
        query: decoded.
        context: of the request.
        content_type: the header that types the file; None when there is no such header.

    Raises:
        BytewardError: `invalid_request`, `conflicting_parameters`, `invalid_metadata`.
    """
    problems = Problems()
    definition = _definition(query, problems)
    original_name = query.one("originalFileName", problems)
    if original_name is not None:
        problems.check_text(
            "query.originalFileName",
            original_name,
            min_length=1,
            max_length=_ORIGINAL_NAME_LENGTH,
            pattern="^.+$",
        )
    named = query.all("tag")
    for tag in named:
        _check_tag(tag, problems)
    mime = _header_mime(content_type, problems)
    problems.raise_any()
    raw_metadata = context.headers.get(b"x-upload-metadata")
    metadata = EMPTY if raw_metadata is None else parse_metadata_header(raw_metadata)
    return NewFile(definition, mime, original_name, named, metadata)


def from_body(body: schemas.BeginMultipartUploadRequest) -> NewFile:
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
        definition=_from_wire(body.path),
        mime=mime or media_types.OCTET_STREAM,
        original_file_name=body.original_file_name,
        tags=tuple(body.tags),
        metadata=EMPTY if body.metadata is None else encode_metadata(body.metadata),
    )


def _from_wire(path: schemas.DynamicFilePath | str | None) -> PathDefinition:
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


def _definition(query: Query, problems: Problems) -> PathDefinition:
    file_path = query.one("filePath", problems)
    folder_path = query.one("folderPath", problems)
    name, fallback = query.one("fileName", problems), query.one("fileNameFallback", problems)
    for parameter, value, pattern in (
        ("filePath", file_path, "^(/.*)?$"),
        ("folderPath", folder_path, None),
        ("fileName", name, schemas.NAME_PATTERN),
        ("fileNameFallback", fallback, schemas.NAME_PATTERN),
    ):
        if value is not None:
            problems.check_text(
                f"query.{parameter}", value, max_length=schemas.PATH_LENGTH, pattern=pattern
            )
    dynamic = DynamicPath(
        folder_path=folder_path,
        file_name=name,
        file_name_fallback=fallback,
        file_name_variables_enabled=query.flag("fileNameVariablesEnabled", problems, default=True),
        folder_path_variables_enabled=query.flag(
            "folderPathVariablesEnabled", problems, default=True
        ),
    )
    if file_path and (name is not None or folder_path is not None):
        raise _conflict("`filePath` excludes `fileName` and `folderPath`", "filePath", "fileName")
    if fallback is not None and name is None:
        raise _conflict("`fileNameFallback` needs `fileName`", "fileNameFallback", "fileName")
    return file_path or dynamic


def _conflict(message: str, *parameters: str) -> BytewardError:
    details = {"parameters": list(parameters)}
    return BytewardError(ErrorCode.CONFLICTING_PARAMETERS, message, details=details)


def _check_tag(tag: str, problems: Problems) -> None:
    problems.check_text(
        "query.tag",
        tag,
        min_length=tag_rules.MIN_LENGTH,
        max_length=tag_rules.MAX_LENGTH,
        pattern=tag_rules.PATTERN,
    )


def _header_mime(content_type: bytes | None, problems: Problems) -> str:
    if content_type is None:
        return media_types.OCTET_STREAM
    text = content_type.decode("latin-1")
    mime = media_types.parse_mime(text)
    if mime is None:
        problems.add("header.content-type", f"Not match in '{media_types.PATTERN}'", text)
    return mime or media_types.OCTET_STREAM

"""The operations whose body is file content: plain ASGI handlers beside the JSON operations.

Bytes flow from the socket into the store as they come, so nothing here may buffer a body.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from byteward.delivery.asgi import Receive, Scope, Send, send_response
from byteward.errors import CATALOGUE, BytewardError, ErrorCode
from byteward.header_lines import HeaderLine, header_line
from byteward.http.json_body import refuse_encoding
from byteward.http.routes import wire
from byteward.http.routes.file_description import UPLOADING, from_request
from byteward.http.schemas import examples
from byteward.http.schemas import uploads as schemas
from byteward.http.services import ApiServices
from byteward.http.validation import Problems
from byteward.openapi.operation import (
    STORES,
    WRITING,
    Access,
    AnyOperation,
    Described,
    FileContent,
    FilesOfForm,
    Header,
    Operation,
    Tag,
    described,
)
from byteward.telemetry.request_context import SCOPE_KEY, RequestContext
from byteward.uploads.basic import upload_body
from byteward.uploads.form import upload_form
from byteward.uploads.form_data import FormDataParser, boundary_of
from byteward.uploads.multipart import PartAddress
from byteward.uploads.part_token import PartToken

FileBodyHandler = Callable[[ApiServices, Scope, Receive, Send, Mapping[str, str]], Awaitable[None]]
"""Answers one request; the mapping holds the parameters of the path."""

_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_NO_STORE: Final = (b"cache-control", b"no-store")

_UPLOADS: Final = "/v2/accounts/{accountId}/uploads"
_METADATA: Final = Header(
    "X-Upload-Metadata", "Metadata: a JSON object of at most 2 KB.", '{"album": "summer"}'
)

BASIC_UPLOAD: Final = Operation(
    id="BasicUpload",
    tag=Tag.UPLOADS,
    method="POST",
    path=f"{_UPLOADS}/binary",
    query=schemas.UploadQuery(file_path=examples.CAT),
    body=FileContent("The file. Its Content-Type becomes the type of the file."),
    answer=examples.STORED,
    headers=(_METADATA,),
    refusals=(*UPLOADING, ErrorCode.CONFLICTING_PARAMETERS),
)


async def basic_upload(
    services: ApiServices, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
) -> None:
    """Upload a file in one request. The body is the file."""
    caller = await services.caller(scope, path["accountId"])
    context: RequestContext = scope[SCOPE_KEY]
    body = services.body(scope, receive)
    content_type = context.headers.get(b"content-type")
    try:
        query = services.query(scope).read(schemas.UploadQuery)
        file = from_request(query, context, content_type=content_type)
        admission = await services.publication.admit(caller, file, body.declared_bytes)
        details = await upload_body(services.publication, admission, body.chunks())
    except BytewardError as error:
        raise await body.refuse(error) from None
    await _send_json(send, 200, wire.basic_upload(details, services.urls))


FORM_DATA_UPLOAD: Final = Operation(
    id="FormDataUpload",
    tag=Tag.UPLOADS,
    method="POST",
    path=f"{_UPLOADS}/form_data",
    query=schemas.UploadQuery(folder_path="/photos"),
    body=FilesOfForm("Each part is a file, whatever its name."),
    answer=schemas.FormDataUploadResponse(
        files=[
            schemas.FormDataFile(
                account_id=examples.ACCOUNT,
                etag=examples.ETAG,
                file_path=examples.CAT,
                file_url=examples.CAT_URL,
                form_data_field_name="file",
            )
        ],
        errors=[],
    ),
    is_refused_alike=True,
    headers=(_METADATA,),
    refusals=(
        *UPLOADING,
        ErrorCode.CONFLICTING_PARAMETERS,
        ErrorCode.PAYLOAD_TOO_LARGE,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    ),
)


async def form_upload(
    services: ApiServices, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
) -> None:
    """Upload the files of a form. Each file stands for itself.

    `files` lists what was stored, `errors` what was refused. When nothing was stored, the status
    is that of the first refusal, which is repeated in `error`.
    """
    caller = await services.caller(scope, path["accountId"])
    context: RequestContext = scope[SCOPE_KEY]
    body = services.body(scope, receive)
    try:
        refuse_encoding(context.headers)
        query = services.query(scope).read(schemas.UploadQuery)
        file = from_request(query, context, content_type=None)
        boundary = boundary_of(context.headers.get(b"content-type", b"").decode("latin-1"))
        parser = FormDataParser(boundary, services.form_limits)
        outcome = await upload_form(services.publication, caller, file, body.chunks(), parser)
    except BytewardError as error:
        raise await body.refuse(error) from None
    answer = wire.form_upload(outcome, services.urls, services.clock())
    if outcome.stored:
        await _send_json(send, 200, answer)
        return
    code = outcome.refused[0].error.code
    await _send_json(send, CATALOGUE[code].status, answer, header_line("x-error-code", code.value))


UPLOAD_PART_CONTENT: Final = Operation(
    id="UploadPartContent",
    tag=Tag.UPLOADS,
    method="PUT",
    path=f"{_UPLOADS}/{{uploadId}}/parts/{{uploadPartIndex}}/content",
    query=schemas.PartQuery(exp="1716752658", sig="9f86d081884c7d65"),
    body=FileContent("Exactly the bytes of the part's `range`.", "application/octet-stream"),
    answer=None,
    access=Access.IN_REQUEST,
    answer_headers=(
        Header("ETag", "For CompleteUploadPart.", f'"{examples.ETAG}"', is_required=True),
    ),
    refusals=(
        *STORES,
        *WRITING,
        ErrorCode.READ_ONLY_STORAGE,
        ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED,
        ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED,
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID,
        ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED,
        ErrorCode.INVALID_UPLOAD_PART,
        ErrorCode.LENGTH_REQUIRED,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
        ErrorCode.UPLOAD_NOT_FOUND,
        ErrorCode.UPLOAD_PART_NOT_FOUND,
        ErrorCode.PATH_TAKEN,
        ErrorCode.QUOTA_EXCEEDED,
        ErrorCode.FILE_TOO_LARGE,
    ),
)


async def part_upload(
    services: ApiServices, scope: Scope, receive: Receive, send: Send, path: Mapping[str, str]
) -> None:
    """Send the bytes of a part to its `uploadUrl`. The URL is the credential.

    The answer's ETag header goes to CompleteUploadPart. May be repeated until that.
    """
    context = await services.enter_account(scope, path["accountId"])
    body = services.body(scope, receive)
    try:
        refuse_encoding(context.headers)
        address = _part_address(services, scope, path)
        upload = await services.multipart.admit_part(address, body.declared_bytes)
        etag = await services.multipart.put_part(address, upload, body.chunks())
    except BytewardError as error:
        raise await body.refuse(error) from None
    lines = [header_line("etag", f'"{etag}"'), (b"content-length", b"0"), _NO_STORE]
    await send_response(send, 200, lines, b"")


def _part_address(services: ApiServices, scope: Scope, path: Mapping[str, str]) -> PartAddress:
    query = services.query(scope).read(schemas.PartQuery)
    index = part_index(path["uploadPartIndex"])
    token = PartToken(query.exp, query.sig)
    return PartAddress(path["accountId"], path["uploadId"], index, token)


def part_index(text: str) -> int:
    """The index of a part in a path.

    Raises:
        BytewardError: `invalid_request`.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        problems = Problems()
        problems.add("path.uploadPartIndex", "invalid integer number", text)
        problems.raise_any()
    return int(text)


async def _send_json(send: Send, status: int, value: msgspec.Struct, *more: HeaderLine) -> None:
    body = msgspec.json.encode(value)
    lines: list[HeaderLine] = [_JSON, header_line("content-length", str(len(body))), _NO_STORE]
    await send_response(send, status, [*lines, *more], body)


FILE_BODIES: Final[Sequence[tuple[AnyOperation, FileBodyHandler]]] = (
    (BASIC_UPLOAD, basic_upload),
    (FORM_DATA_UPLOAD, form_upload),
    (UPLOAD_PART_CONTENT, part_upload),
)
"""What is answered here; each operation has a path of its own."""


def described_file_bodies() -> Iterable[Described]:
    """The operations, with the texts of their docstrings."""
    return (described(operation, handler.__doc__) for operation, handler in FILE_BODIES)


def method_not_allowed(allowed: str) -> BytewardError:
    """405 with the methods that the route does take."""
    return BytewardError(
        ErrorCode.METHOD_NOT_ALLOWED,
        f"this route takes {allowed}",
        headers={"allow": f"{allowed}, OPTIONS"},
    )

"""Uploads in parts: the JSON operations. Their bytes go to `file_bodies.part_upload`."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from byteward.errors import ErrorCode
from byteward.http.routes import wire
from byteward.http.routes.file_bodies import part_index
from byteward.http.routes.file_description import UPLOADING, from_body
from byteward.http.routes.parsing import body_as, caller_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas import uploads as schemas
from byteward.http.services import ApiRequest
from byteward.openapi.operation import Operation, Tag
from byteward.uploads.state import Protocol

_PREFIX: Final = "/v2/accounts/{accountId}/uploads"
_PARTS: Final = f"{_PREFIX}/{{uploadId}}/parts"
_PART: Final = f"{_PARTS}/{{uploadPartIndex}}"

_FIRST_PART: Final = schemas.UploadPart(
    upload_id=examples.UPLOAD,
    upload_part_index=0,
    upload_url=(
        f"https://api.example.com/v2/accounts/{examples.ACCOUNT}/uploads/{examples.UPLOAD}"
        "/parts/0/content?exp=1716752658&sig=9f86d081884c7d65"
    ),
    range=schemas.UploadRange(0, 43181),
)

BEGIN_MULTIPART_UPLOAD: Final = Operation(
    id="BeginMultipartUpload",
    tag=Tag.UPLOADS,
    method="POST",
    path=_PREFIX,
    query=None,
    body=schemas.BeginMultipartUploadRequest(
        size=43182,
        mime="image/jpeg",
        original_file_name="IMG_0042.jpg",
        path=schemas.DynamicFilePath(folder_path="/photos", file_name="cat{ORIGINAL_FILE_EXT}"),
        protocol=Protocol.V1_1,
        tags=["pets"],
    ),
    answer=schemas.BeginMultipartUploadResponse(
        file=replace(examples.FILE, etag=None),
        upload_id=examples.UPLOAD,
        upload_parts=schemas.UploadParts(1, _FIRST_PART),
    ),
    refusals=UPLOADING,
)


@handles(BEGIN_MULTIPART_UPLOAD)
async def begin_multipart_upload(request: ApiRequest) -> schemas.BeginMultipartUploadResponse:
    """Begin an upload in parts: settle path, type, tags and size, get the first part's URL.

    The bytes of each part go to its `uploadUrl`, the ETag of that answer to CompleteUploadPart.
    """
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, BEGIN_MULTIPART_UPLOAD)
    begun = await services.multipart.begin(caller, from_body(body), body.size, body.protocol)
    return wire.begun_upload(begun, services.urls)


GET_UPLOAD_PART: Final = Operation(
    id="GetUploadPart",
    tag=Tag.UPLOADS,
    method="GET",
    path=_PART,
    query=None,
    body=None,
    answer=_FIRST_PART,
    refusals=(
        ErrorCode.UPLOAD_NOT_FOUND,
        ErrorCode.UPLOAD_PART_NOT_FOUND,
        ErrorCode.ACCOUNT_NOT_FOUND,
    ),
)


@handles(GET_UPLOAD_PART)
async def get_upload_part(request: ApiRequest) -> schemas.UploadPart:
    """Get the URL that the bytes of a part go to. May be repeated."""
    services = services_of(request)
    caller = await caller_of(request)
    index = part_index(request.path_params["uploadPartIndex"])
    ticket = await services.multipart.get_part(caller, request.path_params["uploadId"], index)
    return wire.upload_part(ticket, services.urls)


COMPLETE_UPLOAD_PART: Final = Operation(
    id="CompleteUploadPart",
    tag=Tag.UPLOADS,
    method="PUT",
    path=_PART,
    query=None,
    body=schemas.CompleteUploadPartRequest(f'"{examples.ETAG}"'),
    answer=schemas.CompleteUploadPartResponse("Completed", examples.ETAG),
    refusals=(
        *UPLOADING,
        ErrorCode.INVALID_UPLOAD_PART,
        ErrorCode.UPLOAD_NOT_FOUND,
        ErrorCode.UPLOAD_PART_NOT_FOUND,
    ),
)


@handles(COMPLETE_UPLOAD_PART)
async def complete_upload_part(request: ApiRequest) -> schemas.CompleteUploadPartResponse:
    """Complete a part whose bytes were sent. The last completion makes the file.

    May be repeated, also once the upload is complete.
    """
    services = services_of(request)
    caller = await caller_of(request)
    index = part_index(request.path_params["uploadPartIndex"])
    body = await body_as(request, COMPLETE_UPLOAD_PART)
    etag = await services.multipart.complete_part(
        caller, request.path_params["uploadId"], index, body.etag
    )
    status = "Pending" if etag is None else "Completed"
    return schemas.CompleteUploadPartResponse(status, etag)


LIST_UPLOAD_PARTS: Final = Operation(
    id="ListUploadParts",
    tag=Tag.UPLOADS,
    method="GET",
    path=_PARTS,
    query=None,
    body=None,
    answer=schemas.ListUploadPartsResponse([1, 2]),
    refusals=(ErrorCode.UPLOAD_NOT_FOUND, ErrorCode.ACCOUNT_NOT_FOUND),
)


@handles(LIST_UPLOAD_PARTS)
async def list_upload_parts(request: ApiRequest) -> schemas.ListUploadPartsResponse:
    """List the parts that were not completed, for a client that resumes."""
    services = services_of(request)
    caller = await caller_of(request)
    indexes = await services.multipart.list_remaining(caller, request.path_params["uploadId"])
    return schemas.ListUploadPartsResponse(list(indexes))


HANDLERS: Final = (
    begin_multipart_upload,
    get_upload_part,
    complete_upload_part,
    list_upload_parts,
)

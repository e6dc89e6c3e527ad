"""Uploads in parts: the JSON operations. Their bytes go to `file_bodies.part_upload`."""

from __future__ import annotations

from typing import Final

from litestar import get, post, put

from byteward.http.routes import wire
from byteward.http.routes.file_bodies import part_index
from byteward.http.routes.file_description import from_body
from byteward.http.routes.parsing import JSON, caller_of, json_as, services_of
from byteward.http.schemas import uploads as schemas
from byteward.http.services import ApiRequest

_PREFIX: Final = "/v2/accounts/{account_id:str}/uploads"
_PART: Final = f"{_PREFIX}/{{upload_id:str}}/parts/{{index:str}}"


@post(
    _PREFIX,
    status_code=200,
    operation_id="BeginMultipartUpload",
    tags=["UploadApi"],
    media_type=JSON,
)
async def begin_multipart_upload(request: ApiRequest) -> schemas.BeginMultipartUploadResponse:
    """Settle path, type, tags and size of a file, and get the URL of its first part."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await json_as(request, schemas.BeginMultipartUploadRequest)
    begun = await services.multipart.begin(caller, from_body(body), body.size, body.protocol)
    return wire.begun_upload(begun, services.urls)


@get(_PART, operation_id="GetUploadPart", tags=["UploadApi"], media_type=JSON)
async def get_upload_part(request: ApiRequest) -> schemas.UploadPart:
    """Get the URL of a part, also again."""
    services = services_of(request)
    caller = await caller_of(request)
    index = part_index(request.path_params["index"])
    ticket = await services.multipart.get_part(caller, request.path_params["upload_id"], index)
    return wire.upload_part(ticket, services.urls)


@put(_PART, operation_id="CompleteUploadPart", tags=["UploadApi"], media_type=JSON)
async def complete_upload_part(request: ApiRequest) -> schemas.CompleteUploadPartResponse:
    """Accept a part whose bytes were sent; the last one makes the file."""
    services = services_of(request)
    caller = await caller_of(request)
    index = part_index(request.path_params["index"])
    body = await json_as(request, schemas.CompleteUploadPartRequest)
    etag = await services.multipart.complete_part(
        caller, request.path_params["upload_id"], index, body.etag
    )
    status = "Pending" if etag is None else "Completed"
    return schemas.CompleteUploadPartResponse(status, etag)


@get(
    f"{_PREFIX}/{{upload_id:str}}/parts",
    operation_id="ListUploadParts",
    tags=["UploadApi"],
    media_type=JSON,
)
async def list_upload_parts(request: ApiRequest) -> schemas.ListUploadPartsResponse:
    """Which parts were not completed, for a client that resumes."""
    services = services_of(request)
    caller = await caller_of(request)
    indexes = await services.multipart.list_remaining(caller, request.path_params["upload_id"])
    return schemas.ListUploadPartsResponse(list(indexes))


HANDLERS: Final = (
    begin_multipart_upload,
    get_upload_part,
    complete_upload_part,
    list_upload_parts,
)

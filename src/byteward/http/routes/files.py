"""Single files: details and deletion."""

from __future__ import annotations

from typing import Final

from byteward.errors import ErrorCode
from byteward.http.routes import wire
from byteward.http.routes.parsing import caller_of, query_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas import files as schemas
from byteward.http.services import ApiRequest
from byteward.openapi.operation import STORES, WRITING, Operation, Tag
from byteward.paths import FilePath

_PREFIX: Final = "/v2/accounts/{accountId}/files"

GET_FILE_DETAILS: Final = Operation(
    id="GetFileDetails",
    tag=Tag.FILES,
    method="GET",
    path=f"{_PREFIX}/details",
    query=schemas.FilePathQuery(examples.CAT),
    body=None,
    answer=examples.FILE,
    refusals=(ErrorCode.INVALID_PATH, ErrorCode.FILE_NOT_FOUND, *STORES),
)


@handles(GET_FILE_DETAILS)
async def get_file_details(request: ApiRequest) -> schemas.FileDetails:
    """Get what is stored about a file. A caller without the right learns nothing about it."""
    services = services_of(request)
    caller = await caller_of(request)
    path = FilePath.parse(query_as(request, GET_FILE_DETAILS).file_path)
    details = await services.files.details(caller, path)
    return wire.file_details(details, services.urls)


DELETE_FILE: Final = Operation(
    id="DeleteFile",
    tag=Tag.FILES,
    method="DELETE",
    path=_PREFIX,
    query=schemas.FilePathQuery(examples.CAT),
    body=None,
    answer=None,
    status=204,
    refusals=(ErrorCode.INVALID_PATH, ErrorCode.READ_ONLY_STORAGE, *STORES, *WRITING),
)


@handles(DELETE_FILE)
async def delete_file(request: ApiRequest) -> None:
    """Delete a file. One that is not there counts as deleted."""
    services = services_of(request)
    caller = await caller_of(request)
    path = FilePath.parse(query_as(request, DELETE_FILE).file_path)
    await services.files.delete(caller, path)


HANDLERS: Final = (get_file_details, delete_file)

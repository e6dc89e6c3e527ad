"""Single files: details and deletion."""

from __future__ import annotations

from typing import Final

from litestar import delete, get

from byteward.http.routes import wire
from byteward.http.routes.parsing import JSON, caller_of, query_of, required_path, services_of
from byteward.http.schemas import files as schemas
from byteward.http.services import ApiRequest
from byteward.paths import FilePath

_PREFIX: Final = "/v2/accounts/{account_id:str}/files"


@get(f"{_PREFIX}/details", operation_id="GetFileDetails", tags=["FileApi"], media_type=JSON)
async def get_file_details(request: ApiRequest) -> schemas.FileDetails:
    """What is stored about a file."""
    services = services_of(request)
    caller = await caller_of(request)
    path = FilePath.parse(required_path(query_of(request), "filePath"))
    details = await services.files.details(caller, path)
    return wire.file_details(details, services.urls)


@delete(_PREFIX, operation_id="DeleteFile", tags=["FileApi"])
async def delete_file(request: ApiRequest) -> None:
    """Delete a file; one that is not there counts as deleted."""
    services = services_of(request)
    caller = await caller_of(request)
    path = FilePath.parse(required_path(query_of(request), "filePath"))
    await services.files.delete(caller, path)


HANDLERS: Final = (get_file_details, delete_file)

"""Copying, moving and deleting folders."""

from __future__ import annotations

from typing import Final

from byteward.bulk import copy_folders, delete_folders
from byteward.bulk.copy_folders import FolderToCopy
from byteward.bulk.delete_folders import FolderToDelete
from byteward.errors import ErrorCode
from byteward.http.routes import wire
from byteward.http.routes.file_batches import changes
from byteward.http.routes.parsing import body_as, caller_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas import folder_batches as schemas
from byteward.http.schemas.file_batches import MoveResponse
from byteward.http.schemas.jobs import AsyncResponse
from byteward.http.services import ApiRequest
from byteward.openapi.operation import WRITING, Operation, Tag
from byteward.paths import FolderPath

_PATH: Final = "/v2/accounts/{accountId}/folders"
_COPY: Final = schemas.CopyFolderRequest("/photos", "/archive/photos")
_DELETE: Final = schemas.DeleteFolderRequest("/photos")
_JOB: Final = (ErrorCode.INVALID_PATH, ErrorCode.RATE_LIMIT_EXCEEDED, *WRITING)
_COPYING: Final = (ErrorCode.CONFLICTING_PARAMETERS, ErrorCode.TAG_NOT_PERMITTED, *_JOB)


COPY_FOLDER: Final = Operation(
    id="CopyFolder",
    tag=Tag.FOLDERS,
    method="POST",
    path=f"{_PATH}/copy",
    query=None,
    body=_COPY,
    answer=examples.accepted(copy_folders.JOB_TYPE),
    refusals=_COPYING,
)


@handles(COPY_FOLDER)
async def copy_folder(request: ApiRequest) -> AsyncResponse:
    """Copy what is in a folder into another one, by a job.

    What is at the destination stays, except files of the same path.
    """
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, COPY_FOLDER, is_authority=True)
    job = await services.bulk.copy_folders(caller, [_copy(body)])
    return wire.async_response(job, services.urls)


COPY_FOLDER_BATCH: Final = Operation(
    id="CopyFolderBatch",
    tag=Tag.FOLDERS,
    method="POST",
    path=f"{_PATH}/copy/batch",
    query=None,
    body=schemas.CopyFolderBatchRequest([_COPY]),
    answer=examples.accepted(copy_folders.JOB_TYPE),
    refusals=_COPYING,
)


@handles(COPY_FOLDER_BATCH)
async def copy_folder_batch(request: ApiRequest) -> AsyncResponse:
    """Copy folders one after the other, by a job."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, COPY_FOLDER_BATCH, is_authority=True)
    job = await services.bulk.copy_folders(caller, [_copy(each) for each in body.folders])
    return wire.async_response(job, services.urls)


DELETE_FOLDER: Final = Operation(
    id="DeleteFolder",
    tag=Tag.FOLDERS,
    method="DELETE",
    path=_PATH,
    query=None,
    body=_DELETE,
    answer=examples.accepted(delete_folders.JOB_TYPE),
    refusals=_JOB,
)


@handles(DELETE_FOLDER)
async def delete_folder(request: ApiRequest) -> AsyncResponse:
    """Delete a folder with what is in it, by a job.

    Files go first and settings last. Files of a folder that sets its own storage stay there.
    """
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, DELETE_FOLDER, is_authority=True)
    job = await services.bulk.delete_folders(caller, [_delete(body)])
    return wire.async_response(job, services.urls)


DELETE_FOLDER_BATCH: Final = Operation(
    id="DeleteFolderBatch",
    tag=Tag.FOLDERS,
    method="DELETE",
    path=f"{_PATH}/batch",
    query=None,
    body=schemas.DeleteFolderBatchRequest([_DELETE]),
    answer=examples.accepted(delete_folders.JOB_TYPE),
    refusals=_JOB,
)


@handles(DELETE_FOLDER_BATCH)
async def delete_folder_batch(request: ApiRequest) -> AsyncResponse:
    """Delete folders one after the other, by a job."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, DELETE_FOLDER_BATCH, is_authority=True)
    job = await services.bulk.delete_folders(caller, [_delete(each) for each in body.folders])
    return wire.async_response(job, services.urls)


MOVE_FOLDER: Final = Operation(
    id="MoveFolder",
    tag=Tag.FOLDERS,
    method="POST",
    path=f"{_PATH}/move",
    query=None,
    body=schemas.MoveFolderRequest("/photos", "/archive/photos"),
    answer=MoveResponse("Moved"),
    is_extension=True,
    refusals=(
        ErrorCode.INVALID_PATH,
        ErrorCode.FILE_NOT_FOUND,
        ErrorCode.PATH_TAKEN,
        *WRITING,
    ),
)


@handles(MOVE_FOLDER)
async def move_folder(request: ApiRequest) -> MoveResponse:
    """Give a folder another path with everything in it, at once.

    Needs the rights to copy and to delete whatever may be in it, files or not.
    """
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, MOVE_FOLDER, is_authority=True)
    source, destination = FolderPath.parse(body.source), FolderPath.parse(body.destination)
    await services.moves.move_folder(caller, source, destination)
    return MoveResponse("Moved")


def _copy(body: schemas.CopyFolderRequest) -> FolderToCopy:
    return FolderToCopy(
        source=FolderPath.parse(body.source).text,
        destination=FolderPath.parse(body.destination).text,
        copy_files=body.copy_files,
        copy_virtual_folders=body.copy_virtual_folders,
        copy_overridden_storage=body.copy_overridden_storage,
        recursive=body.recursive,
        changes=changes(body.metadata, body.tags),
    )


def _delete(body: schemas.DeleteFolderRequest) -> FolderToDelete:
    return FolderToDelete(
        folder_path=FolderPath.parse(body.folder_path).text,
        delete_files=body.delete_files,
        delete_virtual_folders=body.delete_virtual_folders,
        recursive=body.recursive,
    )


HANDLERS: Final = (
    copy_folder,
    copy_folder_batch,
    delete_folder,
    delete_folder_batch,
    move_folder,
)

"""Copying and moving files, and deleting many."""

from __future__ import annotations

from typing import Final

from byteward.bulk import copy_files, delete_files
from byteward.errors import ErrorCode
from byteward.files.copy_rules import Changes, MetadataChange, TagsChange
from byteward.files.copying import CopyFile
from byteward.http.routes import wire
from byteward.http.routes.parsing import body_as, caller_of, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas import examples
from byteward.http.schemas import file_batches as schemas
from byteward.http.schemas.jobs import AsyncResponse
from byteward.http.services import ApiRequest
from byteward.openapi.operation import STORES, WRITING, Operation, Tag
from byteward.paths import FilePath

_PREFIX: Final = "/v2/accounts/{accountId}/files"
_COPY: Final = schemas.CopyFileRequest(
    examples.CAT, "/archive/cat.jpg", tags=schemas.TagsChange(merge=True, value=["archived"])
)
_COPYING: Final = (
    ErrorCode.INVALID_METADATA,
    ErrorCode.INVALID_PATH,
    ErrorCode.TOO_MANY_TAGS,
    ErrorCode.READ_ONLY_STORAGE,
    ErrorCode.TAG_NOT_PERMITTED,
)

COPY_FILE: Final = Operation(
    id="CopyFile",
    tag=Tag.FILES,
    method="POST",
    path=f"{_PREFIX}/copy",
    query=None,
    body=_COPY,
    answer=schemas.CopyFileResponse("Copied"),
    refusals=(
        *_COPYING,
        ErrorCode.FILE_NOT_FOUND,
        ErrorCode.QUOTA_EXCEEDED,
        ErrorCode.FILE_TOO_LARGE,
        *STORES,
        *WRITING,
    ),
)


@handles(COPY_FILE)
async def copy_file(request: ApiRequest) -> schemas.CopyFileResponse:
    """Copy a file with its metadata and tags. Readers see the old file or the whole copy."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, COPY_FILE)
    await services.file_copies.copy(caller, _copy(body))
    return schemas.CopyFileResponse("Copied")


COPY_FILE_BATCH: Final = Operation(
    id="CopyFileBatch",
    tag=Tag.FILES,
    method="POST",
    path=f"{_PREFIX}/copy/batch",
    query=None,
    body=schemas.CopyFileBatchRequest([_COPY]),
    answer=examples.accepted(copy_files.JOB_TYPE),
    refusals=(*_COPYING, ErrorCode.RATE_LIMIT_EXCEEDED, *WRITING),
)


@handles(COPY_FILE_BATCH)
async def copy_file_batch(request: ApiRequest) -> AsyncResponse:
    """Copy files one after the other, by a job. Files that are not there are skipped."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, COPY_FILE_BATCH)
    job = await services.bulk.copy_files(caller, [_copy(each) for each in body.files])
    return wire.async_response(job, services.urls)


DELETE_FILE_BATCH: Final = Operation(
    id="DeleteFileBatch",
    tag=Tag.FILES,
    method="DELETE",
    path=f"{_PREFIX}/batch",
    query=None,
    body=schemas.DeleteFileBatchRequest([examples.CAT]),
    answer=examples.accepted(delete_files.JOB_TYPE),
    refusals=(ErrorCode.INVALID_PATH, ErrorCode.RATE_LIMIT_EXCEEDED, *WRITING),
)


@handles(DELETE_FILE_BATCH)
async def delete_file_batch(request: ApiRequest) -> AsyncResponse:
    """Delete files, by a job. Files that are not there count as deleted."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, DELETE_FILE_BATCH)
    job = await services.bulk.delete_files(caller, [FilePath.parse(each) for each in body.files])
    return wire.async_response(job, services.urls)


MOVE_FILE: Final = Operation(
    id="MoveFile",
    tag=Tag.FILES,
    method="POST",
    path=f"{_PREFIX}/move",
    query=None,
    body=schemas.MoveFileRequest(examples.CAT, "/archive/cat.jpg"),
    answer=schemas.MoveResponse("Moved"),
    is_extension=True,
    refusals=(
        ErrorCode.INVALID_PATH,
        ErrorCode.READ_ONLY_STORAGE,
        ErrorCode.FILE_NOT_FOUND,
        *WRITING,
    ),
)


@handles(MOVE_FILE)
async def move_file(request: ApiRequest) -> schemas.MoveResponse:
    """Give a file another path. Readers see it at the old path or at the new one.

    Needs what copying it and then deleting it would need.
    """
    services = services_of(request)
    caller = await caller_of(request)
    body = await body_as(request, MOVE_FILE)
    source, destination = FilePath.parse(body.source), FilePath.parse(body.destination)
    await services.moves.move_file(caller, source, destination)
    return schemas.MoveResponse("Moved")


def changes(metadata: schemas.MetadataChange | None, tags: schemas.TagsChange | None) -> Changes:
    """What a request changes of the copies."""
    return Changes(
        None if metadata is None else MetadataChange(metadata.merge, metadata.value),
        None if tags is None else TagsChange(tags.merge, tuple(tags.value)),
    )


def _copy(body: schemas.CopyFileRequest) -> CopyFile:
    return CopyFile(
        FilePath.parse(body.source),
        FilePath.parse(body.destination),
        changes(body.metadata, body.tags),
    )


HANDLERS: Final = (copy_file, copy_file_batch, delete_file_batch, move_file)

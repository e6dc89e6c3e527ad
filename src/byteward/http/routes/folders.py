"""Folders: making them, their settings, their details."""

from __future__ import annotations

from typing import Final

from litestar import get, put
from msgspec import UNSET

from byteward.access.policy import PolicyError, parse_public_permissions
from byteward.access.public import PublicEntries
from byteward.errors import BytewardError, ErrorCode
from byteward.files.folder_settings import SettingsUpdate, StorageLayer, Write
from byteward.files.folders import FolderChange
from byteward.http.routes import wire
from byteward.http.routes.parsing import (
    JSON,
    caller_of,
    json_as,
    query_of,
    required_path,
    services_of,
)
from byteward.http.schemas import folders as schemas
from byteward.http.services import ApiRequest
from byteward.http.validation import Problems
from byteward.paths import FolderPath

_PATH: Final = "/v2/accounts/{account_id:str}/folders"
_WHERE: Final = "body.folderSettings"


@put(_PATH, operation_id="PutFolder", tags=["FolderApi"], media_type=JSON)
async def put_folder(request: ApiRequest) -> schemas.FolderDetails:
    """Make a folder that stays when it is empty, or change its settings."""
    services = services_of(request)
    caller = await caller_of(request)
    body = await json_as(request, schemas.PutFolderRequest, is_authority=True)
    details = await services.folders.put(caller, folder_change(body))
    return wire.folder_details(details)


@get(_PATH, operation_id="GetFolderDetails", tags=["FolderApi"], media_type=JSON)
async def get_folder_details(request: ApiRequest) -> schemas.FolderDetails:
    """A folder's own settings and those that it has from above."""
    services = services_of(request)
    caller = await caller_of(request)
    folder = FolderPath.parse(required_path(query_of(request), "folderPath"))
    details = await services.folders.details(caller, folder)
    return wire.folder_details(details)


def folder_change(body: schemas.PutFolderRequest) -> FolderChange:
    """The change that a validated body asks for.

    Raises:
        BytewardError: `invalid_path` for a trailing slash without `allowUnnamedFolder`,
            `invalid_request` for a value beside `set: false` and for malformed permissions.
    """
    folder = FolderPath.parse(body.folder_path)
    if folder.segments and not folder.segments[-1] and not body.allow_unnamed_folder:
        raise BytewardError(
            ErrorCode.INVALID_PATH,
            "invalid path: a folder path that ends in `/` names a folder without a name; "
            "set `allowUnnamedFolder` if that is what you mean",
            details={"path": body.folder_path, "reason": "trailing slash"},
        )
    problems = Problems()
    update = _update(body.folder_settings or schemas.FolderSettingsUpdate(), problems)
    problems.raise_any()
    return FolderChange(folder, update)


def _update(wire_update: schemas.FolderSettingsUpdate, problems: Problems) -> SettingsUpdate:
    description = public = layer = None
    if (given := wire_update.description) is not None:
        _check_unset(given.set, given.value, "description", problems)
        value = None if given.value is UNSET else given.value
        description = Write(value) if given.set else None
    if (given_public := wire_update.public_permissions) is not None:
        _check_unset(given_public.set, given_public.value, "publicPermissions", problems)
        entries = None if given_public.value is UNSET else _entries(given_public.value, problems)
        public = Write(entries) if given_public.set else None
    if (given_layer := wire_update.storage_layer) is not None:
        _check_unset(given_layer.set, given_layer.value, "storageLayer", problems)
        kept = None if given_layer.value is UNSET else StorageLayer.INTERNAL
        layer = Write(kept) if given_layer.set else None
    return SettingsUpdate(description, public, layer)


def _check_unset(is_set: bool, value: object, field: str, problems: Problems) -> None:  # noqa: FBT001 - the wire's own flag
    if not is_set and value is not UNSET:
        problems.add(
            f"{_WHERE}.{field}.value",
            '"value" is an excess property and therefore is not allowed',
        )


def _entries(value: object, problems: Problems) -> PublicEntries | None:
    try:
        return parse_public_permissions(value, where=f"{_WHERE}.publicPermissions.value")
    except PolicyError as error:
        problems.add(error.where, error.message)
        return None


HANDLERS: Final = (put_folder, get_folder_details)
